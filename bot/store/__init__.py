"""The only part that speaks SQL: tables, one module of queries for each, and the transactions made of them."""

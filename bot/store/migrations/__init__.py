"""How the database came to be, step by step; a step that was released is never changed again."""

"""The slash commands: each parses, asks the work or the reports, and answers."""

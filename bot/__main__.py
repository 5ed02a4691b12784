"""`python -m bot` is `showreel`."""

from bot.cli import app

app()

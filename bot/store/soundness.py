"""Whether SQLite's file is sound inside."""

import sqlite3
from contextlib import closing
from pathlib import Path

from bot.store.causes import is_damage

_BUSY = 5.0
"""Seconds to wait for another process's lock."""


def is_sound(file: Path) -> bool:
    """Whether SQLite finds no damage in a file; reads every page of it, and changes none."""
    address = f"{file.absolute().as_uri()}?mode=rw"  # never makes a database where there is none
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=_BUSY)) as connection:
            return bool(connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))
    except sqlite3.Error as error:
        if is_damage(error):
            return False
        raise

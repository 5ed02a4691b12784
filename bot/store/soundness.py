"""Whether SQLite's file is sound inside."""

import sqlite3
from contextlib import closing
from pathlib import Path

from bot.store.causes import is_damage

_BUSY = 5.0
"""Seconds to wait for another process's lock."""


_MOST = 1000
"""Complaints that are read of a file."""

_ABOUT_ROWS = "NULL value in "
"""How a complaint begins that is about a row rather than about pages."""


def is_sound(file: Path) -> bool:
    """Whether SQLite finds no damage in a file; reads every page of it, and changes none.

    A row that breaks a rule of its table is no damage: reconciliation finds it, and a backup may hold it.
    """
    address = f"{file.absolute().as_uri()}?mode=rw"  # never makes a database where there is none
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=_BUSY)) as connection:
            connection.execute("PRAGMA ignore_check_constraints = ON")
            said = [line for (line,) in connection.execute(f"PRAGMA quick_check({_MOST})")]
            return all(line == "ok" or line.startswith(_ABOUT_ROWS) for line in said)
    except sqlite3.Error as error:
        if is_damage(error):
            return False
        raise

"""Why a database can't be used, in one sentence, and whether that may pass."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, OperationalError

from bot.store.errors import DatabaseAwayError, DatabaseDamagedError, DatabaseUnusableError

Error = OSError | sqlite3.Error | DBAPIError
"""What the disk, SQLite's own module and SQLAlchemy raise."""

_FULL = {errno.ENOSPC, errno.EDQUOT}
_PASSING = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}
"""An input or output error is among them: a full disk shows as one where a file can't grow."""


def unusable(what: str, error: Error) -> DatabaseUnusableError:
    """What to raise for an error: of a kind of its own where the cause may pass, and where the file is damaged."""
    if is_damage(error):
        return damaged(what)
    kind = DatabaseAwayError if _may_pass(error) else DatabaseUnusableError
    return kind(f"{what} can't be used: {_in_words(error)}.")


def damaged(what: str) -> DatabaseDamagedError:
    """What to raise where a file is not sound."""
    return DatabaseDamagedError(f"{what} is damaged inside: restore a backup.")


def is_damage(error: Error) -> bool:
    """Whether SQLite came upon something in its file that can't be."""
    return _sqlite_code(error) == sqlite3.SQLITE_CORRUPT


@contextmanager
def naming_faults(what: str) -> Iterator[None]:
    """Turn what the database fails at into DatabaseAwayError or DatabaseDamagedError, and leave mistakes of ours."""
    try:
        yield
    except (sqlite3.Error, DBAPIError) as error:
        fault = unusable(what, error)
        if isinstance(fault, DatabaseAwayError | DatabaseDamagedError):
            raise fault from error
        raise


def _may_pass(error: Error) -> bool:
    if isinstance(error, OSError):
        return error.errno in _FULL
    code = _sqlite_code(error)
    if code is not None:
        return code in _PASSING
    return isinstance(error, OperationalError)  # a server that can't be reached tells no code of its reason


def _sqlite_code(error: Error) -> int | None:
    """SQLite's own code without its details; None where the error isn't SQLite's."""
    code: int | None = getattr(_cause(error), "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def _cause(error: Error) -> BaseException | None:
    return error.orig if isinstance(error, DBAPIError) else error


def _in_words(error: Error) -> str:
    if isinstance(error, OSError):
        return str(error.strerror)
    return str(_cause(error)).strip().partition("\n")[0].rstrip(".")

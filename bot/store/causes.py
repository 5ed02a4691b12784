"""Why a database can't be used, in one sentence, and whether that may pass."""

import errno
import sqlite3

from sqlalchemy.exc import DBAPIError, OperationalError

from bot.store.errors import DatabaseAwayError, DatabaseUnusableError

_FULL = {errno.ENOSPC, errno.EDQUOT}
_PASSING = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}
"""An input or output error is among them: a full disk shows as one where a file can't grow."""


def unusable(what: str, error: OSError | sqlite3.Error | DBAPIError) -> DatabaseUnusableError:
    """What to raise for an error: DatabaseAwayError where its cause may pass, else DatabaseUnusableError itself."""
    kind = DatabaseAwayError if _may_pass(error) else DatabaseUnusableError
    return kind(f"{what} can't be used: {_in_words(error)}.")


def _may_pass(error: OSError | sqlite3.Error | DBAPIError) -> bool:
    if isinstance(error, OSError):
        return error.errno in _FULL
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF in _PASSING  # the rest is a detail
    return isinstance(error, OperationalError)  # a server that can't be reached tells no code of its reason


def _in_words(error: OSError | sqlite3.Error | DBAPIError) -> str:
    if isinstance(error, OSError):
        return str(error.strerror)
    cause = error.orig if isinstance(error, DBAPIError) else error
    return str(cause).strip().partition("\n")[0].rstrip(".")

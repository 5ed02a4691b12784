"""A copy of SQLite's database as it is at one instant, taken while the bot goes on writing."""

import asyncio
import os
import sqlite3
from contextlib import closing
from pathlib import Path

from bot.store import engines
from bot.store.errors import StoreError
from bot.store.soundness import is_sound

_BUSY = 5.0
"""Seconds to wait for another process's lock."""


class BackupRefusedError(StoreError):
    """Nothing was copied, since it was asked for in a way that can't be; the message is one sentence."""


class BackupFailedError(StoreError):
    """The copy could not be written whole, or is as damaged as its original; none is left behind.

    The message is one sentence.
    """


async def back_up(address: str, target: Path) -> int:
    """Copy the database at an address into a new file, readable by its owner alone; returns its size in bytes.

    Raises BackupRefusedError for an existing file, a database that isn't there and PostgreSQL, else BackupFailedError.
    """
    url = engines.parsed(address)
    if not engines.is_sqlite(url):
        raise BackupRefusedError("A PostgreSQL database is backed up with PostgreSQL's own tool: use pg_dump.")
    return await asyncio.to_thread(_copy, Path(url.database or ""), target)


def _copy(source: Path, target: Path) -> int:
    """Write beside the target, so that no half copy ever stands under its name; both names are taken first."""
    if not source.is_file():
        raise BackupRefusedError(f"There is no database {source} to back up.")
    part = target.with_name(f"{target.name}.part")
    _reserve(target)
    try:
        _reserve(part)
    except BackupRefusedError:
        target.unlink()
        raise
    try:
        _write(source, part, target)
    except BackupFailedError:
        part.unlink(missing_ok=True)
        target.unlink(missing_ok=True)
        raise
    return target.stat().st_size


def _write(source: Path, part: Path, target: Path) -> None:
    try:
        _copy_pages(source, part)
        _require_sound(part, source)
        _sync(part)
        part.replace(target)
        _sync(target.absolute().parent)
    except (sqlite3.Error, OSError) as error:
        cause = error.strerror if isinstance(error, OSError) else error
        raise BackupFailedError(f"The backup {target} could not be written: {cause}.") from error


def _reserve(target: Path) -> None:
    try:
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError as error:
        raise BackupRefusedError(f"The file {target} is there already, and is not overwritten.") from error
    except OSError as error:
        raise BackupRefusedError(f"The file {target} can't be made: {error.strerror}.") from error


def _copy_pages(source: Path, part: Path) -> None:
    """All pages in one step: one view of the database, which in WAL mode holds up no writer and is held up by none."""
    address = f"{source.absolute().as_uri()}?mode=rw"  # never makes a database where there is none
    with (
        closing(sqlite3.connect(address, uri=True, timeout=_BUSY)) as database,
        closing(sqlite3.connect(part, timeout=_BUSY)) as copy,
    ):
        database.backup(copy)


def _require_sound(part: Path, source: Path) -> None:
    """A copy takes damage along, and must not stand where somebody will look for a backup."""
    if not is_sound(part):
        raise BackupFailedError(
            f"The database {source} is damaged inside, so no backup was made: restore an earlier one."
        )


def _sync(path: Path) -> None:
    """See that a file, or a folder's names, outlive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""The open database: every read and every write is one transaction, run by a function of its connection."""

import asyncio
import os
import sqlite3
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import AbstractContextManager, AsyncExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import text
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.change import StoreAwayError
from bot.store import engines, schema
from bot.store.causes import damaged, naming_faults
from bot.store.errors import DatabaseClosedError, DatabaseUnusableError
from bot.store.soundness import is_sound

Result = TypeVar("Result")
Work = Callable[[AsyncConnection], Awaitable[Result]]

_CLOCK = text("SELECT clock_timestamp()")
_TRY_WRITING = text("UPDATE alembic_version SET version_num = version_num")
"""Changes nothing; SQLite would begin even an IMMEDIATE transaction on a file that it may only read."""


@contextmanager
def telling_away() -> Iterator[None]:
    """Turn what is the database's fault, and may pass, into StoreAwayError."""
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        raise StoreAwayError(str(error.orig)) from error


class Database:
    """One database at an address as users write it: "sqlite:///FILE" or "postgresql://USER@HOST/NAME".

    With SQLite one connection writes, one transaction after another, while others read without waiting for it.
    """

    def __init__(self, url: str) -> None:
        self._url = engines.parsed(url)
        self._writer = engines.writer_of(self._url)
        self._reader = engines.reader_of(self._url) if engines.is_sqlite(self._url) else self._writer
        self._turn = asyncio.Semaphore(1 if engines.is_sqlite(self._url) else engines.CONNECTIONS)
        self._running: set[asyncio.Task[Any]] = set()
        self._is_closed = False
        self._identity: tuple[int, int] | None = None

    @property
    def folder(self) -> Path | None:
        """The data folder that one process has to lock for itself, None with PostgreSQL."""
        return engines.data_folder(self._url)

    async def open(self, *, owner: bool = True) -> None:
        """Connect, and see that the database is of this version and, for its owner, can be written.

        Anybody else is held up neither by a lock on it nor by a full disk. Raises DatabaseUnusableError, or one of its
        kinds, with a sentence for the operator.
        """
        self._is_closed = False
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self.close)
            engine = self._writer if owner else self._reader
            async with engines.opening(self._url), engine.begin() as connection:
                await connection.run_sync(schema.require_current)
                if owner:
                    await connection.execute(_TRY_WRITING)
            self._identity = engines.identity_of(self._url)
            stack.pop_all()

    async def inspect(self) -> None:
        """See that SQLite's file may be written, without trying, and that no page of it is damaged, reading all.

        Raises DatabaseUnusableError or its kind DatabaseDamagedError. PostgreSQL sees to its files itself.
        """
        if self.folder is None:
            return
        file = Path(self._url.database or "")
        if not all(os.access(path, os.W_OK) for path in (file, self.folder)):
            raise DatabaseUnusableError(f"The database {file} can't be used: it or its folder can only be read.")
        if not await asyncio.to_thread(is_sound, file):
            raise damaged(f"The database {file}")

    def naming_faults(self) -> AbstractContextManager[None]:
        """What turns the database's own faults inside into DatabaseAwayError or DatabaseDamagedError."""
        return naming_faults(f"The database {engines.shown_of(self._url)}")

    async def clock_gap(self, now: datetime) -> timedelta:
        """How far this machine's clock is from that of the database, whose processes share leases; none with SQLite."""
        if self.folder is not None:
            return timedelta(0)
        stated: datetime = await self.read(lambda connection: connection.scalar(_CLOCK))
        return abs(stated - now)

    async def close(self) -> None:
        """Wait for the transactions under way, then close every connection; whoever comes later is turned away."""
        self._is_closed = True
        await asyncio.gather(*self._running, return_exceptions=True)
        await self._writer.dispose()
        await self._reader.dispose()

    async def read(self, work: Work[Result]) -> Result:
        """Run `work` on one consistent view of what is stored."""
        return await self._uncut(self._read(work))

    async def write(self, work: Work[Result]) -> Result:
        """Run `work` in one transaction, undone where it raises.

        A caller that is cancelled meanwhile doesn't cut it short: it is written whole or not at all.
        """
        return await self._uncut(self._write(work))

    async def _uncut(self, transaction: Coroutine[Any, Any, Result]) -> Result:
        """Let a transaction come to its end though its caller is cancelled: no connection is left half-way."""
        if self._is_closed:
            transaction.close()
            raise DatabaseClosedError("the database is closed")
        task = asyncio.create_task(transaction)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    def _require_file(self) -> None:
        """Raise what a database that is away raises, while another file stands at the address of SQLite's, or none.

        SQLite would go on in the file that it has open: nobody would find again what is accepted there.
        """
        if self._identity is not None and engines.identity_of(self._url) != self._identity:
            cause = sqlite3.OperationalError("the file that was opened is gone, or another one stands in its place")
            raise OperationalError(None, None, cause)

    async def _read(self, work: Work[Result]) -> Result:
        self._require_file()
        async with self._reader.begin() as connection:
            return await work(connection)

    async def _write(self, work: Work[Result]) -> Result:
        async with self._turn:
            self._require_file()
            async with self._writer.begin() as connection:
                return await work(connection)

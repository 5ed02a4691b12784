"""How a database address becomes engines: what is set on every connection, and how a transaction begins."""

import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

from sqlalchemy import URL, Connection, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from bot.store.causes import unusable
from bot.store.errors import DatabaseUnusableError

_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+psycopg"}
_BUSY = 5  # seconds that SQLite waits for another process's lock
_IDLE = 30  # seconds until PostgreSQL ends the transaction of a frozen process, so that its locks hold up nobody
_READERS = 4
_PASSWORDS = ("password", "sslpassword")  # PostgreSQL takes them among the parameters of an address as well
_DURABLE = ("journal_mode = WAL", "synchronous = FULL")
CONNECTIONS = 8
"""With PostgreSQL, for reads and writes together."""


def parsed(address: str) -> URL:
    """The address as the user wrote it, with the driver we use; raises DatabaseUnusableError for one we can't use."""
    try:
        url = make_url(address)
    except (ArgumentError, ValueError) as error:  # the latter for a port that is no number
        raise DatabaseUnusableError(
            "The database's address can't be read: write sqlite:///FILE or postgresql://USER@HOST/NAME."
        ) from error
    if url.drivername not in _DRIVERS:
        raise DatabaseUnusableError(
            f"Databases of the kind {url.drivername} are not supported: use sqlite or postgresql."
        )
    if url.drivername == "sqlite" and (url.database in {None, "", ":memory:"} or url.query):
        # with ?uri=true the file would be another one than the one whose folder is locked
        raise DatabaseUnusableError("The database's address names no file alone: write sqlite:///FILE.")
    return url.set(drivername=_DRIVERS[url.drivername])


def is_sqlite(url: URL) -> bool:
    """Whether the database is a file of ours."""
    return url.get_backend_name() == "sqlite"


def data_folder(url: URL) -> Path | None:
    """The folder that the database's file lies in, wherever symbolic links lead; None with PostgreSQL.

    There SQLite has the file's companions as well.
    """
    return Path(os.path.realpath(url.database or "")).parent if is_sqlite(url) else None


def identity_of(url: URL) -> tuple[int, int] | None:
    """Which file stands at the address, however it is called; None where there is none, and with PostgreSQL."""
    if not is_sqlite(url):
        return None
    try:
        found = Path(url.database or "").stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def shown_of(url: URL) -> str:
    """The database as people may read of it: its file, or its address without passwords."""
    if is_sqlite(url):
        return str(url.database)
    shown = url.set(drivername=url.get_backend_name()).difference_update_query(_PASSWORDS)
    return shown.render_as_string()


def migrator_of(url: URL) -> AsyncEngine:
    """The engine for migrations: on SQLite a table that others refer to can be made anew only without foreign keys."""
    return (
        _sqlite_engine(url, 1, "BEGIN IMMEDIATE", (*_DURABLE, "foreign_keys = OFF"))
        if is_sqlite(url)
        else writer_of(url)
    )


def writer_of(url: URL) -> AsyncEngine:
    """The engine for writes; with PostgreSQL it serves reads as well."""
    if not is_sqlite(url):
        return _postgresql_engine(url)
    erasing = "secure_delete = ON"  # what a member has erased is overwritten
    return _sqlite_engine(url, 1, "BEGIN IMMEDIATE", (*_DURABLE, "foreign_keys = ON", erasing))


def reader_of(url: URL) -> AsyncEngine:
    """An engine on SQLite's file that can't write, and that the writer doesn't hold up."""
    return _sqlite_engine(url, _READERS, "BEGIN", ("query_only = ON",))


@asynccontextmanager
async def opening(url: URL) -> AsyncIterator[None]:
    """Make the data folder (its parent has to exist) and turn what goes wrong inside into DatabaseUnusableError."""
    shown = shown_of(url)
    try:
        folder = data_folder(url)
        if folder is not None:
            folder.mkdir(exist_ok=True)
            _try_file(url)
        yield
    except OSError as error:
        raise unusable(f"The folder of the database {shown}", error) from error
    except (DBAPIError, sqlite3.Error) as error:
        raise unusable(f"The database {shown}", error) from error


def _try_file(url: URL) -> None:
    """Open and read the file once without aiosqlite, whose thread may outlive the loop where it can't be opened."""
    with closing(sqlite3.connect(url.database or "", timeout=_BUSY)) as connection:
        connection.execute("PRAGMA schema_version")


def _postgresql_engine(url: URL) -> AsyncEngine:
    engine = create_async_engine(url, pool_size=CONNECTIONS, max_overflow=0, pool_pre_ping=True, hide_parameters=True)

    def prepare(connection: PoolProxiedConnection, _entry: ConnectionPoolEntry) -> None:
        with closing(connection.cursor()) as cursor:
            cursor.execute(f"SET idle_in_transaction_session_timeout = '{_IDLE}s'")
        connection.commit()  # else they would be undone with the first transaction

    event.listen(engine.sync_engine, "connect", prepare)
    return engine


def _sqlite_engine(url: URL, size: int, begin: str, pragmas: tuple[str, ...]) -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=size,
        max_overflow=0,
        hide_parameters=True,  # prompts and tokens are among them, and errors are logged
        pool_reset_on_return=None,  # every transaction of ours is ended by its block
        connect_args={"isolation_level": None, "timeout": _BUSY},  # the driver begins nothing by itself
    )

    def prepare(connection: PoolProxiedConnection, _entry: ConnectionPoolEntry) -> None:
        try:
            connection.driver_connection.text_factory = _text  # type: ignore[union-attr]  # aiosqlite's own connection
            cursor = connection.cursor()
            for pragma in pragmas:
                cursor.execute(f"PRAGMA {pragma}")
            cursor.close()
        except BaseException:
            connection.close()  # the pool doesn't know it yet, and its thread would outlive the loop
            raise

    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine.sync_engine, "connect", prepare)
    event.listen(engine.sync_engine, "begin", start)
    return engine


def _text(stored: bytes) -> str | bytes:
    """Text as it is stored; bytes that are none are handed on: an error would hide every row that is read along."""
    try:
        return stored.decode()
    except UnicodeDecodeError:
        return stored

"""Bringing a database up to this version of the bot."""

from collections import Counter
from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, select, text

from bot.store import engines
from bot.store.errors import DatabaseUnusableError, NewerDatabaseError, OutdatedDatabaseError
from bot.store.tables import metadata

_log = structlog.get_logger(__name__)

_BROKEN_REFERENCES = text("PRAGMA foreign_key_check")
_MIGRATING = text("SELECT pg_advisory_xact_lock(7305808869231650)")
"""A number of our own: the processes that share a PostgreSQL database migrate it one after another."""


async def migrate(address: str, revision: str = "head") -> str:
    """Migrate a database, a new one from nothing, in one transaction; returns its revision.

    Raises NewerDatabaseError, and changes nothing, for one that a later version wrote, and DatabaseUnusableError where
    it can't be opened or migrated. One that is of this version already is left alone.
    """
    url = engines.parsed(address)
    engine = engines.migrator_of(url)
    try:
        async with engines.opening(url), engine.begin() as connection:
            return await connection.run_sync(_upgrade, revision)
    finally:
        await engine.dispose()


def require_current(connection: Connection) -> None:
    """Raise NewerDatabaseError or OutdatedDatabaseError unless the database is exactly of this version.

    What the database itself raises where a table or a column of it is gone is handed on.
    """
    scripts = ScriptDirectory.from_config(_config())
    if _known_revision(connection, scripts) != scripts.get_current_head():
        raise OutdatedDatabaseError("The database is not migrated to this version of the bot: run `showreel migrate`.")
    for table in metadata.sorted_tables:
        connection.execute(select(table).limit(0))


def _upgrade(connection: Connection, revision: str) -> str:
    if connection.dialect.name == "postgresql":
        connection.execute(_MIGRATING)
    config = _config()
    scripts = ScriptDirectory.from_config(config)
    head = str(scripts.get_current_head())
    known = _known_revision(connection, scripts)
    if known == head:
        _walk_through(connection)
        return head
    broken_before = _broken_references(connection)
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
    broken = _broken_references(connection) - broken_before
    if broken:
        table, _ = min(broken)
        raise DatabaseUnusableError(f"The database can't be migrated: table {table} refers to rows that are gone.")
    _log.info("database_migrated", before=known or "nothing", after=_known_revision(connection, scripts))
    return head


def _walk_through(connection: Connection) -> None:
    """Walk along the rows of a SQLite file, so that a damaged table ends the start instead of some command.

    It reads neither indexes nor what is too long for a row's own page: `showreel check` does.
    """
    if connection.dialect.name == "sqlite":
        for table in metadata.sorted_tables:
            connection.exec_driver_sql(f"SELECT count(*) FROM {table.name} NOT INDEXED")  # noqa: S608 - our own words


def _broken_references(connection: Connection) -> Counter[tuple[str, str]]:
    """How many references from one table to another lead nowhere; PostgreSQL lets none come to be.

    A table that is made anew may number its rows anew, so they are counted rather than named.
    """
    if connection.dialect.name != "sqlite":
        return Counter()
    return Counter((table, parent) for table, _, parent, _ in connection.execute(_BROKEN_REFERENCES))


def _known_revision(connection: Connection, scripts: ScriptDirectory) -> str | None:
    heads = MigrationContext.configure(connection).get_current_heads()
    if len(heads) > 1:
        raise DatabaseUnusableError(
            f"The database says that it is of several versions at once ({', '.join(sorted(heads))}): restore a backup."
        )
    revision = next(iter(heads), None)
    if revision not in {None, *(script.revision for script in scripts.walk_revisions())}:
        raise NewerDatabaseError(
            f"The database is of a later version of the bot (revision {revision}): update the bot, or restore a backup."
        )
    return revision


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config

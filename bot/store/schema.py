"""Bringing a database up to this version of the bot."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from bot.store import engines
from bot.store.errors import DatabaseUnusableError, NewerDatabaseError, OutdatedDatabaseError

_BROKEN_REFERENCES = text("PRAGMA foreign_key_check")
_MIGRATING = text("SELECT pg_advisory_xact_lock(7305808869231650)")
"""A number of our own: the processes that share a PostgreSQL database migrate it one after another."""


async def migrate(address: str, revision: str = "head") -> str:
    """Migrate a database, a new one from nothing, in one transaction; returns its revision.

    Raises NewerDatabaseError, and changes nothing, for one that a later version wrote, and DatabaseUnusableError where
    it can't be opened.
    """
    url = engines.parsed(address)
    engine = engines.migrator_of(url)
    try:
        async with engines.opening(url), engine.begin() as connection:
            return await connection.run_sync(_upgrade, revision)
    finally:
        await engine.dispose()


def require_current(connection: Connection) -> None:
    """Raise NewerDatabaseError or OutdatedDatabaseError unless the database is exactly of this version."""
    scripts = ScriptDirectory.from_config(_config())
    if _known_revision(connection, scripts) != scripts.get_current_head():
        raise OutdatedDatabaseError("The database is not migrated to this version of the bot: run `showreel migrate`.")


def _upgrade(connection: Connection, revision: str) -> str:
    if connection.dialect.name == "postgresql":
        connection.execute(_MIGRATING)
    config = _config()
    scripts = ScriptDirectory.from_config(config)
    _known_revision(connection, scripts)
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
    _require_sound_references(connection)
    return str(scripts.get_current_head())


def _require_sound_references(connection: Connection) -> None:
    """Undo a migration on SQLite that left a row referring to nothing; PostgreSQL checks every one by itself."""
    if connection.dialect.name == "sqlite" and (broken := connection.execute(_BROKEN_REFERENCES).first()):
        raise DatabaseUnusableError(f"The database can't be migrated: table {broken[0]} refers to rows that are gone.")


def _known_revision(connection: Connection, scripts: ScriptDirectory) -> str | None:
    revision = MigrationContext.configure(connection).get_current_revision()
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

"""Migrating: from nothing, from older versions, and never from later ones; no damage goes unnoticed."""

import asyncio
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, create_engine, event, insert, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.generation import Generation, State
from bot.domain.ledger import Amounts
from bot.store import rows
from bot.store.database import Database
from bot.store.errors import (
    DatabaseDamagedError,
    DatabaseUnusableError,
    NewerDatabaseError,
    OutdatedDatabaseError,
)
from bot.store.schema import migrate
from bot.store.store import Store
from bot.store.tables import generations, metadata
from tests.store.samples import NOW, REQUEST, origin

HEAD = "0006"
MEMBER = "INSERT INTO members (key, user_id) VALUES ('k', 7)"
AUDIT = "INSERT INTO audit (at, action, actor_key) VALUES (1, 'a', 'k')"


async def test_migrations_lead_to_the_tables_as_they_are_declared(empty_url: str) -> None:
    def differences(connection: AsyncConnection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})  # type: ignore[arg-type]
        return list(compare_metadata(context, metadata))

    assert await migrate(empty_url) == HEAD
    database = Database(empty_url)
    found = await database.read(lambda connection: connection.run_sync(differences))  # type: ignore[arg-type]
    await database.close()
    assert found == []


def test_migrations_write_sqlite_the_very_tables_that_are_declared(tmp_path: Path) -> None:
    asyncio.run(migrate(f"sqlite:///{tmp_path}/migrated.db"))
    declared = create_engine(f"sqlite:///{tmp_path}/declared.db")
    metadata.create_all(declared)
    declared.dispose()
    assert words_of(tmp_path / "migrated.db") == words_of(tmp_path / "declared.db")


def words_of(path: Path) -> dict[str, object]:
    """Every column, reference, constraint and index; added columns stand elsewhere in the words of a table."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(
            "SELECT name, type, sql FROM sqlite_schema "
            "WHERE sql IS NOT NULL AND type <> 'trigger' AND name <> 'alembic_version'"
        ).fetchall()
        found: dict[str, object] = {}
        for name, kind, sql in rows:
            if kind == "index":
                found[name] = " ".join(sql.split())
                continue
            columns = connection.execute(f"PRAGMA table_xinfo({name})").fetchall()
            references = connection.execute(f"PRAGMA foreign_key_list({name})").fetchall()
            constraints = re.findall(r"CONSTRAINT \"?(\w+)\"? (?:CHECK|UNIQUE|PRIMARY KEY) .*", sql)
            found[name] = (
                sorted(column[1:6] for column in columns),
                sorted(reference[2:] for reference in references),
                sorted(constraints),
            )
    return found


async def test_a_database_of_the_first_version_keeps_what_is_in_it(empty_url: str) -> None:
    await migrate(empty_url, "0001")
    database = Database(empty_url)
    await database.write(lambda connection: connection.execute(text(MEMBER)))
    await database.write(lambda connection: connection.execute(text(AUDIT)))
    await migrate(empty_url)
    await database.open()
    members = await database.read(lambda connection: connection.execute(text("SELECT key, user_id, name FROM members")))
    audit = await database.read(lambda connection: connection.execute(text("SELECT actor_key, subject FROM audit")))
    assert (members.all(), audit.all()) == ([("k", 7, None)], [("k", None)])
    with pytest.raises(DBAPIError, match="only ever added to"):
        await database.write(lambda connection: connection.execute(text("DELETE FROM audit")))
    await database.close()


async def test_a_generation_of_an_earlier_version_knows_no_channel_above_its_thread(empty_url: str) -> None:
    before = Generation(
        id="g1",
        member_key="k",
        request=REQUEST,
        origin=origin(),
        amounts=Amounts(seconds=8),
        state=State.ACCEPTED,
        provider="tokenlab",
        accepted_at=NOW,
        state_at=NOW,
        due_at=NOW,
    )
    columns = rows.columns(before)
    del columns["parent_id"]
    await migrate(empty_url, "0005")
    database = Database(empty_url)
    await database.write(lambda connection: connection.execute(text(MEMBER)))
    await database.write(lambda connection: connection.execute(insert(generations).values(columns)))
    await migrate(empty_url)
    await database.open()
    assert await Store(database).generations.get("g1") == before
    await database.close()


@pytest.fixture
def parted(tmp_path: Path) -> Path:
    """A database of an earlier revision, in which a row refers to one that is gone."""
    path = tmp_path / "showreel.db"
    asyncio.run(migrate(f"sqlite:///{path}", "0004"))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:  # which checks no reference
        for statement in (MEMBER, AUDIT, "DELETE FROM members"):
            connection.execute(statement)
    return path


async def test_a_row_that_lost_what_it_refers_to_keeps_nobody_from_migrating(parted: Path) -> None:
    url = f"sqlite:///{parted}"
    assert [await migrate(url), await migrate(url)] == [HEAD, HEAD]


async def test_a_migration_that_takes_away_what_rows_refer_to_is_undone(parted: Path) -> None:
    def take_away(connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        if "ledger_whole_numbers" in statement:
            connection.exec_driver_sql("DELETE FROM members")

    with closing(sqlite3.connect(parted, isolation_level=None)) as connection:
        for statement in ("INSERT INTO members (key, user_id) VALUES ('l', 8)", AUDIT.replace("'k'", "'l'")):
            connection.execute(statement)
        event.listen(Engine, "after_cursor_execute", take_away)
        try:
            with pytest.raises(DatabaseUnusableError, match="table audit refers to rows that are gone"):
                await migrate(f"sqlite:///{parted}")
        finally:
            event.remove(Engine, "after_cursor_execute", take_away)
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("0004",)]
        assert connection.execute("SELECT key FROM members").fetchall() == [("l",)]


@pytest.mark.parametrize("table", sorted(metadata.tables))
async def test_a_damaged_file_is_refused_though_nothing_is_to_be_migrated(
    migrated_file: Path, tmp_path: Path, table: str
) -> None:
    path = tmp_path / "showreel.db"
    shutil.copy(migrated_file, path)
    with closing(sqlite3.connect(path)) as connection:
        ((size,),) = connection.execute("PRAGMA page_size")
        query = "SELECT rootpage FROM sqlite_schema WHERE type = 'table' AND name = ?"
        ((page,),) = connection.execute(query, (table,))
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    with pytest.raises(DatabaseDamagedError, match="is damaged inside: restore a backup"):
        await migrate(f"sqlite:///{path}")


async def test_migrating_again_changes_nothing(url: str) -> None:
    assert await migrate(url) == HEAD


@pytest.mark.parametrize("empty_url", ["postgresql"], indirect=True)
async def test_several_processes_may_migrate_at_once(empty_url: str) -> None:
    assert await asyncio.gather(*(migrate(empty_url) for _ in range(3))) == [HEAD] * 3


async def test_a_database_of_a_later_version_is_refused(empty_url: str) -> None:
    await migrate(empty_url)
    database = Database(empty_url)
    await database.write(lambda connection: connection.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    with pytest.raises(NewerDatabaseError, match="later version of the bot"):
        await database.open()
    with pytest.raises(NewerDatabaseError, match="9999"):
        await migrate(empty_url)


async def test_a_database_that_is_not_migrated_is_refused(empty_url: str) -> None:
    with pytest.raises(OutdatedDatabaseError, match="showreel migrate"):
        await Database(empty_url).open()


@pytest.mark.parametrize(
    "statement", ["DROP TABLE snapshots", "ALTER TABLE generations DROP COLUMN warnings", "DROP TABLE word_rules"]
)
async def test_a_database_that_lacks_a_part_of_its_version_is_refused(empty_url: str, statement: str) -> None:
    await migrate(empty_url)
    database = Database(empty_url)
    await database.write(lambda connection: connection.execute(text(statement)))
    await database.close()
    with pytest.raises(DatabaseUnusableError, match="can't be used: "):
        await database.open(owner=False)


async def test_a_database_that_says_it_is_of_two_versions_is_refused(empty_url: str) -> None:
    await migrate(empty_url)
    database = Database(empty_url)
    await database.write(lambda connection: connection.execute(text("INSERT INTO alembic_version VALUES ('0003')")))
    await database.close()
    for opening in (migrate(empty_url), database.open()):
        with pytest.raises(DatabaseUnusableError, match=rf"of several versions at once \(0003, {HEAD}\)"):
            await opening

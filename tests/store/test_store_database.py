"""Opening a database: how connections are set, and what is refused with which words."""

import asyncio
import errno
import fcntl
import os
import shutil
import sqlite3
import stat
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.change import Change
from bot.domain.ledger import hold
from bot.store import engines
from bot.store.database import Database
from bot.store.errors import (
    DatabaseAwayError,
    DatabaseClosedError,
    DatabaseDamagedError,
    DatabaseUnusableError,
    DataFolderTakenError,
    OutdatedDatabaseError,
)
from bot.store.lock import DataFolderLock
from bot.store.schema import migrate
from bot.store.store import Store
from tests import disks
from tests.store.samples import accepted

on_sqlite = pytest.mark.parametrize("url", ["sqlite"], indirect=True)


async def pragmas(connection: AsyncConnection) -> dict[str, object]:
    names = ("journal_mode", "synchronous", "busy_timeout", "foreign_keys", "query_only")
    return {name: (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar_one() for name in names}


@on_sqlite
async def test_sqlite_writes_are_durable_and_checked(database: Database) -> None:
    expected = {"journal_mode": "wal", "synchronous": 2, "busy_timeout": 5_000, "foreign_keys": 1, "query_only": 0}
    assert await database.write(pragmas) == expected


@on_sqlite
async def test_sqlite_readers_cannot_write(database: Database) -> None:
    found = await database.read(pragmas)
    assert (found["query_only"], found["busy_timeout"]) == (1, 5_000)


async def test_a_reader_is_not_held_up_by_a_writer(store: Store, database: Database) -> None:
    reading_done = asyncio.Event()
    writing = asyncio.Event()

    async def write_slowly(connection: AsyncConnection) -> None:
        await connection.execute(text("UPDATE members SET user_id = 1"))
        writing.set()
        await reading_done.wait()

    generation = await accepted(store)
    writer = asyncio.create_task(database.write(write_slowly))
    await writing.wait()
    assert await store.generations.get(generation.id) == generation
    reading_done.set()
    await writer


async def test_a_write_that_raises_is_undone(store: Store, database: Database) -> None:
    async def fail(connection: AsyncConnection) -> None:
        await connection.execute(text("UPDATE generations SET attempt = 9"))
        raise LookupError

    generation = await accepted(store)
    with pytest.raises(LookupError):
        await database.write(fail)
    assert await store.generations.get(generation.id) == generation


async def test_closing_waits_for_what_is_being_written(url: str) -> None:
    database = Database(url)
    await database.open()
    began = asyncio.Event()
    event.listen(database._writer.sync_engine, "begin", lambda _connection: began.set())
    writing = asyncio.create_task(accepted(Store(database)))
    await began.wait()
    await database.close()
    generation = await writing
    await database.open()
    assert await Store(database).generations.get(generation.id) == generation
    await database.close()


async def test_a_closed_database_does_not_open_again_by_itself(url: str) -> None:
    database = Database(url)
    await database.open()
    await database.close()
    for use in (database.read, database.write):
        with pytest.raises(DatabaseClosedError):
            await use(lambda connection: connection.execute(text("SELECT 1")))


async def test_whoever_only_reads_opens_it_while_another_process_writes(url: str, database: Database) -> None:
    reader = Database(url)

    async def read_beside(connection: AsyncConnection) -> int:
        await connection.execute(text("UPDATE alembic_version SET version_num = version_num"))
        await reader.open(owner=False)
        return await reader.read(lambda other: other.scalar(text("SELECT count(*) FROM members")))

    assert await database.write(read_beside) == 0
    await reader.close()


async def test_whoever_only_reads_is_told_of_another_version_as_well(empty_url: str) -> None:
    await migrate(empty_url, "0001")
    with pytest.raises(OutdatedDatabaseError, match="showreel migrate"):
        await Database(empty_url).open(owner=False)


async def test_the_data_folder_is_made_where_it_is_missing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/data/showreel.db"
    await migrate(url)
    assert Database(url).folder == tmp_path / "data"
    assert (tmp_path / "data" / "showreel.db").exists()


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("no/such/showreel.db", "The folder of the database .* can't be used: No such file or directory"),
        ("file/showreel.db", "The folder of the database .* can't be used"),
        ("folder", "can't be used: unable to open database file"),
        ("file", "can't be used: file is not a database"),
    ],
)
async def test_a_path_that_cannot_be_a_database_is_refused(tmp_path: Path, path: str, words: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("dear diary, " * 1_000)
    for opening in (migrate(f"sqlite:///{tmp_path}/{path}"), Database(f"sqlite:///{tmp_path}/{path}").open()):
        with pytest.raises(DatabaseUnusableError, match=words) as caught:
            await opening
        assert not isinstance(caught.value, DatabaseAwayError)


@on_sqlite
async def test_a_file_that_another_process_locks_is_away(url: str) -> None:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseAwayError, match="can't be used: database is locked"):
            await Database(url).open()


@on_sqlite
async def test_a_file_on_a_full_disk_is_away(url: str, tmp_path: Path) -> None:
    with disks.small_disk(tmp_path / "disk", "1m") as disk:
        shutil.copy(url.removeprefix("sqlite:///"), disk)
        disks.fill(disk)
        with pytest.raises(DatabaseAwayError, match="can't be used"):
            await Database(f"sqlite:///{disk}/showreel.db").open()
        with pytest.raises(DatabaseAwayError, match="can't be used"):
            await migrate(f"sqlite:///{disk}/another.db")


async def test_a_sound_database_is_found_so(database: Database) -> None:
    await database.inspect()


@on_sqlite
async def test_damage_inside_is_found_and_named(url: str) -> None:
    disks.damage(Path(url.removeprefix("sqlite:///")), "members")
    database = Database(url)
    await database.open(owner=False)
    with pytest.raises(DatabaseDamagedError, match=r"damaged inside: restore a backup\.$"):
        await database.inspect()
    with pytest.raises(DatabaseDamagedError, match=r"damaged inside: restore a backup\.$"), database.naming_faults():
        await database.read(lambda connection: connection.execute(text("SELECT * FROM members")))
    await database.close()


async def test_a_mistake_of_ours_is_no_fault_of_the_database(database: Database) -> None:
    with pytest.raises(DBAPIError), database.naming_faults():
        await database.read(lambda connection: connection.execute(text("SELECT nothing FROM members")))


@pytest.mark.parametrize(
    "address",
    [
        "nonsense",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:showreel.db?uri=true",
        "sqlite:///showreel.db?timeout=1",
        "mysql://user@host/db",
        "postgresql://user@host:port/db",
    ],
)
def test_an_address_that_we_cannot_use_is_refused(address: str) -> None:
    with pytest.raises(DatabaseUnusableError, match=r"^[A-Z].*\.$"):
        Database(address)


async def test_a_server_that_is_not_there_is_named_without_the_password() -> None:
    with pytest.raises(DatabaseAwayError, match=r"postgresql://user:\*\*\*@127\.0\.0\.1:1/db") as caught:
        await Database("postgresql://user:secret@127.0.0.1:1/db").open()
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("name", ["password", "sslpassword"])
def test_no_password_among_the_parameters_of_an_address_is_shown(name: str) -> None:
    shown = engines.shown_of(engines.parsed(f"postgresql://user@host/db?{name}=secret&application_name=showreel"))
    assert shown == "postgresql://user@host/db?application_name=showreel"


@pytest.mark.parametrize(
    ("address", "driver"),
    [("sqlite:///data/showreel.db", "sqlite+aiosqlite"), ("postgresql://user@host/db", "postgresql+psycopg")],
)
def test_addresses_are_written_without_a_driver(address: str, driver: str) -> None:
    assert engines.parsed(address).drivername == driver


def test_a_relative_path_is_relative_to_where_the_bot_was_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert Database("sqlite:///data/showreel.db").folder == tmp_path / "data"
    assert Database("postgresql://user@host/db").folder is None


def test_the_data_folder_is_where_symbolic_links_lead(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "showreel.db").touch()
    (tmp_path / "folder").symlink_to(tmp_path / "data")
    (tmp_path / "file.db").symlink_to("data/showreel.db")
    (tmp_path / "next.db").symlink_to("data/next.db")
    for path in ("folder/showreel.db", "file.db", "next.db"):
        assert Database(f"sqlite:///{tmp_path}/{path}").folder == tmp_path / "data"


async def test_a_symbolic_link_to_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "loop.db").symlink_to("loop.db")
    with pytest.raises(DatabaseUnusableError, match="unable to open database file"):
        await Database(f"sqlite:///{tmp_path}/loop.db").open()


@on_sqlite
@pytest.mark.parametrize("is_replaced", [False, True])
async def test_a_file_that_somebody_took_away_is_away_until_it_is_back(
    store: Store, url: str, *, is_replaced: bool
) -> None:
    generation = await accepted(store)
    file = url.removeprefix("sqlite:///")
    shutil.move(file, f"{file}.aside")
    if is_replaced:
        shutil.copy(f"{file}.aside", file)
    with pytest.raises(OperationalError, match="the file that was opened is gone, or another one stands in its place"):
        await accepted(store)
    with pytest.raises(OperationalError):
        await store.generations.get(generation.id)
    shutil.move(f"{file}.aside", file)
    assert await store.generations.get(generation.id) == generation
    await accepted(store)


@on_sqlite
async def test_nothing_that_waited_for_its_turn_is_written_into_a_file_that_went_meanwhile(
    database: Database, store: Store, tmp_path: Path
) -> None:
    file, goes_on = tmp_path / "showreel.db", asyncio.Event()
    under_way = asyncio.create_task(database.write(lambda _connection: goes_on.wait()))
    waiting = asyncio.create_task(accepted(store))
    await asyncio.sleep(0.1)  # until both have begun
    shutil.move(file, f"{file}.aside")
    goes_on.set()
    await under_way
    with pytest.raises(OperationalError, match="the file that was opened is gone"):
        await waiting


def test_a_data_folder_is_one_processs(tmp_path: Path) -> None:
    with DataFolderLock(tmp_path), pytest.raises(DataFolderTakenError, match="stop it first"):
        DataFolderLock(tmp_path).acquire()
    with DataFolderLock(tmp_path) as lock:
        lock.release()


def test_a_data_folder_stays_one_processs_where_the_lock_file_is_removed(tmp_path: Path) -> None:
    with DataFolderLock(tmp_path):
        (tmp_path / "showreel.lock").unlink()
        with pytest.raises(DataFolderTakenError, match="stop it first"):
            DataFolderLock(tmp_path).acquire()
    with DataFolderLock(tmp_path):
        assert (tmp_path / "showreel.lock").exists()


def test_a_data_folder_whose_file_system_locks_no_folders_is_locked_by_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = fcntl.flock

    def flock(descriptor: int, operation: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        locked(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    with DataFolderLock(tmp_path), pytest.raises(DataFolderTakenError, match="stop it first"):
        DataFolderLock(tmp_path).acquire()


def test_a_data_folder_that_is_missing_is_made_with_its_parents(tmp_path: Path) -> None:
    with DataFolderLock(tmp_path / "a" / "b"):
        assert (tmp_path / "a" / "b").is_dir()


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DatabaseUnusableError, match="/file/a can't be used: Not a directory"):
        DataFolderLock(tmp_path / "file" / "a").acquire()


async def test_an_error_of_the_database_names_no_values(store: Store) -> None:
    held = await accepted(store)
    again = hold(held.id, held.amounts, held.accepted_at)
    with pytest.raises(IntegrityError) as raised:
        await store.generations.save(Change(before=held, after=held, entries=(again,)))
    assert held.member_key not in str(raised.value)


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
async def test_a_frozen_process_does_not_keep_its_locks(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert engines._IDLE == 30
    monkeypatch.setattr(engines, "_IDLE", 1)
    frozen, other = Database(url), Database(url)
    await frozen.open()
    await other.open()
    locked, thawed = asyncio.Event(), asyncio.Event()

    async def lock(connection: AsyncConnection) -> None:
        await connection.execute(text("LOCK TABLE generations IN ACCESS EXCLUSIVE MODE"))
        locked.set()
        await thawed.wait()
        await connection.execute(text("SELECT 1"))

    holding = asyncio.create_task(frozen.write(lock))
    await locked.wait()
    async with asyncio.timeout(20):
        await other.write(lambda connection: connection.execute(text("DELETE FROM generations")))
    thawed.set()
    with pytest.raises(DBAPIError):
        await holding
    await frozen.close()
    await other.close()


async def test_the_gap_between_the_clocks_of_machine_and_database_is_known(database: Database) -> None:
    now = datetime.now(UTC)
    assert await database.clock_gap(now) < timedelta(seconds=10)
    on_a_server = database.folder is None
    assert (await database.clock_gap(now - timedelta(hours=1)) > timedelta(minutes=59)) is on_a_server

"""`showreel backup`: a whole copy beside a running bot, or one sentence and nothing left behind."""

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from bot.app.opening import now
from bot.store.backup import BackupFailedError, BackupRefusedError, back_up
from bot.store.database import Database
from bot.store.schema import migrate
from bot.store.store import Store
from bot.work.reconciling import Reconciler
from tests.cli.test_cli_commands import _showreel as showreel
from tests.disks import damage
from tests.stage import Stage

POSTGRES = {"url": "postgresql://showreel@127.0.0.1:1/showreel"}


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def names(folder: Path, prefix: str) -> list[str]:
    return sorted(path.name for path in folder.glob(f"{prefix}*"))


async def test_a_backup_beside_a_running_bot_is_whole_and_serves_as_a_database(stage: Stage) -> None:
    await stage.start()
    await stage.ada.run("video text", channel=stage.channel, options={"prompt": "a cat"})
    await stage.until(stage.videos)
    copy = stage.folder / "copy.db"
    code, output = await showreel("backup", str(copy), "--config", str(stage.folder / "config.toml"))
    assert code == 0, output
    assert f"The backup is {copy} ({copy.stat().st_size} bytes)." in output
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert rows(copy, "PRAGMA integrity_check") == [("ok",)]
    assert rows(copy, "SELECT state FROM generations") == [("succeeded",)]
    assert rows(copy, "SELECT kind FROM ledger ORDER BY id") == [("hold",), ("release",), ("charge",)]
    database = Database(f"sqlite:///{copy}")
    await database.open()
    assert await Reconciler(Store(database).reconciling, now).findings() == []
    await database.close()


async def test_a_transaction_under_way_is_neither_waited_for_nor_copied(tmp_path: Path) -> None:
    source, copy = tmp_path / "showreel.db", tmp_path / "copy.db"
    await migrate(f"sqlite:///{source}")
    with closing(sqlite3.connect(source, isolation_level=None)) as writer:
        writer.execute("INSERT INTO members (key, user_id) VALUES ('m1', 1)")
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("INSERT INTO members (key, user_id) VALUES ('m2', 2)")
        assert await back_up(f"sqlite:///{source}", copy) == copy.stat().st_size
        writer.execute("COMMIT")
    assert rows(copy, "SELECT key FROM members") == [("m1",)]
    assert names(tmp_path, "copy") == ["copy.db"]


async def test_an_existing_file_is_not_overwritten(stage: Stage) -> None:
    config = stage.configure(database={"url": f"sqlite:///{stage.folder}/showreel.db"})
    await migrate(f"sqlite:///{stage.folder}/showreel.db")
    copy = stage.folder / "copy.db"
    copy.write_text("precious")
    code, output = await showreel("backup", str(copy), "--config", str(config))
    assert (code, output) == (2, f"The file {copy} is there already, and is not overwritten.\n")
    assert copy.read_text() == "precious"


async def test_nor_is_one_where_the_half_copy_goes_meanwhile(tmp_path: Path) -> None:
    source, copy, half = tmp_path / "showreel.db", tmp_path / "copy.db", tmp_path / "copy.db.part"
    await migrate(f"sqlite:///{source}")
    half.write_text("precious")
    with pytest.raises(BackupRefusedError, match=rf"^The file {half} is there already, and is not overwritten\.$"):
        await back_up(f"sqlite:///{source}", copy)
    assert half.read_text() == "precious"
    assert names(tmp_path, "copy") == [half.name]


async def test_without_a_database_there_is_nothing_to_back_up(tmp_path: Path) -> None:
    source, copy = tmp_path / "none" / "showreel.db", tmp_path / "copy.db"
    with pytest.raises(BackupRefusedError, match=rf"^There is no database {source} to back up\.$"):
        await back_up(f"sqlite:///{source}", copy)
    assert names(tmp_path, "") == []


async def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    source, copy = tmp_path / "showreel.db", tmp_path / "none" / "copy.db"
    await migrate(f"sqlite:///{source}")
    with pytest.raises(BackupRefusedError, match=rf"^The file {copy} can't be made: No such file or directory\.$"):
        await back_up(f"sqlite:///{source}", copy)


async def test_with_postgresql_it_points_to_pg_dump(stage: Stage) -> None:
    config = stage.configure(database=POSTGRES)
    code, output = await showreel("backup", str(stage.folder / "copy.db"), "--config", str(config))
    assert (code, output) == (2, "A PostgreSQL database is backed up with PostgreSQL's own tool: use pg_dump.\n")


async def test_what_is_no_database_leaves_no_copy_behind(tmp_path: Path) -> None:
    source, copy = tmp_path / "showreel.db", tmp_path / "copy.db"
    source.write_bytes(os.urandom(8_192))
    with pytest.raises(BackupFailedError, match=r"could not be written: .*not a database\.$"):
        await back_up(f"sqlite:///{source}", copy)
    assert names(tmp_path, "copy") == []


async def test_a_damaged_database_leaves_nothing_that_could_be_taken_for_a_backup(stage: Stage) -> None:
    source, copy = stage.folder / "showreel.db", stage.folder / "copy.db"
    await migrate(f"sqlite:///{source}")
    damage(source, "generations")
    config = stage.configure(database={"url": f"sqlite:///{source}"})
    code, output = await showreel("backup", str(copy), "--config", str(config))
    sentence = f"The database {source} is damaged inside, so no backup was made: restore an earlier one.\n"
    assert (code, output) == (1, sentence)
    assert names(stage.folder, "copy") == []


async def test_a_row_that_breaks_a_rule_of_its_table_keeps_nobody_from_a_backup(tmp_path: Path) -> None:
    source, copy = tmp_path / "showreel.db", tmp_path / "copy.db"
    await migrate(f"sqlite:///{source}")
    with closing(sqlite3.connect(source, isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute("INSERT INTO limits VALUES (1, 'member', 0, 'generations', 'day', -1)")
        connection.execute("PRAGMA ignore_check_constraints = OFF")
        assert connection.execute("PRAGMA quick_check").fetchall() == [("CHECK constraint failed in limits",)]
    assert await back_up(f"sqlite:///{source}", copy) == copy.stat().st_size
    database = Database(f"sqlite:///{source}")
    await database.open()
    await database.inspect()
    await database.close()

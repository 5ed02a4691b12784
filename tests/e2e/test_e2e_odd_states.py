"""Odd states of what is stored: named in plain words, in nobody's way, and survived."""

import asyncio
import shutil
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest

from bot.store.schema import migrate
from tests import disks
from tests.cli.test_cli_commands import _showreel as showreel
from tests.stage import Stage

LOCKED_FOR = 2.0

UNPRIVILEGED = """
import ctypes, os, sys
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE = 24, 1
if os.geteuid() == 0 and ctypes.CDLL(None, use_errno=True).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE) != 0:
    sys.exit(os.strerror(ctypes.get_errno()))
os.execv(sys.executable, [sys.executable, "-m", "bot", *sys.argv[1:]])
"""
"""The bot as somebody to whom permissions apply, which they don't to root (capabilities(7): DAC_OVERRIDE)."""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with disks.small_disk(tmp_path / "disk", "3m") as folder:
        yield folder


def _execute(database: Path, *statements: str) -> None:
    with closing(sqlite3.connect(database, timeout=10, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def _rows(database: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return connection.execute(query).fetchall()


def _lock(database: Path, locked: threading.Event, seconds: float = LOCKED_FOR) -> None:
    """Hold the write lock as another process would."""
    with closing(sqlite3.connect(database, timeout=10, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        locked.set()
        time.sleep(seconds)
        connection.execute("ROLLBACK")


async def _refusal(stage: Stage, code: int = 2) -> str:
    await stage.launch()
    assert await stage.gone() == code
    assert "Traceback" not in stage.log
    return stage.log.strip().splitlines()[-1]


async def _unprivileged(*arguments: str) -> tuple[int, str]:
    return await showreel(*arguments, program=(sys.executable, "-c", UNPRIVILEGED))


async def _migrated(stage: Stage) -> None:
    stage.database.parent.mkdir()
    await migrate(f"sqlite:///{stage.database}")


async def _ask(stage: Stage, prompt: str) -> None:
    await stage.ada.run("video text", channel=stage.channel, options={"prompt": prompt})


async def _interrupted(stage: Stage) -> None:
    """One generation that is followed when the bot ends."""
    await stage.start()
    await _ask(stage, "[slow] a cat")
    await stage.until(lambda: stage.provider.submissions)
    await stage.end()


async def test_an_unreadable_row_is_put_aside_reported_and_in_nobodys_way(stage: Stage) -> None:
    await _interrupted(stage)
    _execute(stage.database, "UPDATE generations SET request = '{garbage'")
    ((spoilt,),) = _rows(stage.database, "SELECT id FROM generations")
    await stage.start()
    await stage.until(lambda: "generation_unreadable" in stage.log)
    await _ask(stage, "a dog")
    await stage.until(stage.videos)
    await stage.ada.run("usage", channel=stage.channel, options={})
    code, output = await showreel("check", "--config", str(stage.folder / "config.toml"))
    assert code == 1
    line = f"wrong  generations: 1 generation can't be read and was put aside: see docs/operate.md ({spoilt})"
    assert line in output
    assert "ok     ledger: " in output
    assert "garbage" not in output
    assert await stage.end() == 0
    assert _rows(stage.database, "SELECT due_at FROM generations WHERE request = '{garbage'") == [(None,)]


async def test_a_row_whose_due_time_is_no_instant_is_put_aside_and_slows_nothing(stage: Stage) -> None:
    await stage.start()
    await _ask(stage, "a cat")
    await stage.until(stage.videos)
    await stage.end()
    _execute(stage.database, "UPDATE generations SET due_at = 'garbage', lease_until = NULL")
    ((spoilt,),) = _rows(stage.database, "SELECT id FROM generations")
    config = ("--config", str(stage.folder / "config.toml"))
    code, output = await showreel("check", *config)
    assert code == 1
    line = f"wrong  generations: 1 generation can't be read and was put aside: see docs/operate.md ({spoilt})"
    assert line in output
    await stage.start()
    await _ask(stage, "a dog")
    await stage.until(lambda: len(stage.videos()) == 2)
    await stage.until(lambda: _rows(stage.database, "SELECT id FROM generations WHERE due_at IS NOT NULL") == [])
    assert await stage.end() == 0
    assert "generation_unreadable" in stage.log
    assert "turn_failed" not in stage.log
    code, output = await showreel("check", *config)
    assert "ok     generations: " in output


async def test_a_finished_row_of_an_unknown_operation_hides_nothing_and_ends_nothing(stage: Stage) -> None:
    await stage.start()
    await _ask(stage, "a cat")
    await stage.until(stage.videos)
    await stage.end()
    _execute(stage.database, "UPDATE generations SET operation = 'dancing'")
    await stage.start()
    await _ask(stage, "a dog")
    await stage.until(lambda: len(stage.videos()) == 2)
    assert "history_not_read" not in stage.log
    assert await stage.end() == 0


async def test_what_stands_still_is_noted_by_check_and_mended_by_the_next_start(stage: Stage) -> None:
    await _interrupted(stage)
    _execute(stage.database, "UPDATE generations SET due_at = NULL, lease_until = NULL")
    code, output = await showreel("check", "--config", str(stage.folder / "config.toml"))
    assert code == 0, output
    assert "note   generations: 1 generation stands still: the running bot goes on with it within the hour" in output
    await stage.start()
    await stage.until(stage.videos)
    assert "finding_mended" in stage.log
    assert len(stage.provider.submissions) == 1


async def test_what_a_clock_that_was_hours_ahead_put_off_goes_on_at_the_next_start(stage: Stage) -> None:
    await _interrupted(stage)
    _execute(stage.database, "UPDATE generations SET due_at = due_at + 12 * 3600 * 1000000")
    await stage.start()
    await stage.until(stage.videos)
    assert len(stage.provider.submissions) == 1


async def test_an_open_hold_is_noted_by_check_and_released_by_the_next_start(stage: Stage) -> None:
    await _interrupted(stage)
    _execute(stage.database, "UPDATE generations SET state = 'failed', told = 'failed', due_at = NULL")
    code, output = await showreel("check", "--config", str(stage.folder / "config.toml"))
    assert code == 0, output
    assert "note   ledger: 1 hold is open though its generation ended" in output
    await stage.start()
    await stage.until(lambda: "finding_mended" in stage.log)
    assert await stage.end() == 0
    assert _rows(stage.database, "SELECT kind FROM ledger ORDER BY id") == [("hold",), ("release",)]
    assert _rows(stage.database, "SELECT action FROM audit") == [("settle_missing",)]


async def test_a_generation_that_somebody_deleted_is_named_by_check_and_keeps_nothing_from_starting(
    stage: Stage,
) -> None:
    await stage.start()
    await _ask(stage, "a cat")
    await stage.until(stage.videos)
    await stage.end()
    ((gone,),) = _rows(stage.database, "SELECT id FROM generations")
    _execute(stage.database, "DELETE FROM generations")
    code, output = await showreel("check", "--config", str(stage.folder / "config.toml"))
    assert code == 1
    line = f"1 generation is gone, though the ledger has entries of it: see docs/operate.md ({gone})"
    assert f"wrong  ledger: {line}" in output
    await stage.start()
    await _ask(stage, "a dog")
    await stage.until(lambda: len(stage.videos()) == 2)
    await stage.ada.run("usage", channel=stage.channel, options={})
    assert "finding_needs_person" in stage.log
    assert await stage.end() == 0
    assert "Traceback" not in stage.log
    assert _rows(stage.database, f"SELECT count(*) FROM ledger WHERE generation_id = '{gone}'") == [(3,)]  # noqa: S608 - our own words


async def test_a_database_of_a_later_version_is_refused_in_one_sentence(stage: Stage) -> None:
    await _migrated(stage)
    _execute(stage.database, "UPDATE alembic_version SET version_num = '9999'")
    assert "is of a later version of the bot (revision 9999)" in await _refusal(stage)
    code, output = await showreel("check", "--config", str(stage.configure()))
    assert code == 1
    assert "wrong  database: The database is of a later version of the bot" in output
    assert "wrong  ledger: can't be looked at without the database" in output


async def test_a_file_that_is_no_database_is_refused_in_one_sentence(stage: Stage) -> None:
    stage.database.parent.mkdir()
    stage.database.write_bytes(b"no database at all " * 500)
    assert await _refusal(stage) == f"The database {stage.database} can't be used: file is not a database."


async def test_a_folder_in_the_database_s_place_is_named_by_check_report_and_run(stage: Stage) -> None:
    stage.database.mkdir(parents=True)
    sentence = f"The database {stage.database} can't be used: unable to open database file."
    code, output = await showreel("check", "--config", str(stage.configure()))
    assert code == 1
    assert f"wrong  database: {sentence}" in output.splitlines()
    assert await showreel("report", "--config", str(stage.configure())) == (2, f"{sentence}\n")
    assert await _refusal(stage) == sentence


async def test_a_file_that_is_damaged_inside_is_named_by_check_report_and_run(stage: Stage) -> None:
    await _migrated(stage)
    disks.damage(stage.database, "generations", "ledger")
    sentence = f"The database {stage.database} is damaged inside: restore a backup."
    code, output = await showreel("check", "--config", str(stage.configure()))
    assert code == 1
    for part in ("database", "ledger", "generations"):
        assert f"wrong  {part}: {sentence}" in output.splitlines()
    assert "ok     provider: " in output
    assert await showreel("report", "--config", str(stage.configure())) == (1, f"{sentence}\n")
    assert await _refusal(stage) == sentence


async def test_check_names_damage_that_nothing_else_came_upon(stage: Stage) -> None:
    await _migrated(stage)
    disks.damage(stage.database, "snapshots")
    code, output = await showreel("check", "--config", str(stage.configure()))
    assert code == 1
    assert f"wrong  database: The database {stage.database} is damaged inside: restore a backup." in output
    assert "ok     generations: " in output


async def test_while_the_data_folder_is_away_nothing_is_accepted_and_all_goes_on_when_it_is_back(
    stage: Stage, unused_tcp_port: int
) -> None:
    await stage.start(server={"port": unused_tcp_port})
    await _ask(stage, "[slow] a cat")
    await stage.until(lambda: stage.provider.submissions and "discord_ready" in stage.log)
    aside = stage.database.parent.rename(stage.folder / "aside")
    await _ask(stage, "a dog")
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{unused_tcp_port}/readyz") as page:
        assert (page.status, await page.text()) == (503, "the database can't be used (OperationalError)")
    assert "the file that was opened is gone, or another one stands in its place" in stage.log
    shutil.rmtree(stage.database.parent, ignore_errors=True)
    aside.rename(stage.database.parent)
    await stage.until(stage.videos)
    assert _rows(stage.database, "SELECT count(*) FROM generations") == [(1,)]
    assert len(stage.provider.submissions) == 1
    assert await stage.end() == 0


async def test_a_data_folder_that_is_missing_is_made_with_its_parents(stage: Stage) -> None:
    database = stage.folder / "a" / "b" / "showreel.db"
    await stage.start(database={"url": f"sqlite:///{database}"})
    assert database.is_file()


async def test_a_database_that_is_read_only_is_refused_in_one_sentence(stage: Stage) -> None:
    stage.program = (sys.executable, "-c", UNPRIVILEGED)
    await _migrated(stage)
    stage.database.chmod(0o400)
    assert str(stage.database) in await _refusal(stage)
    code, output = await _unprivileged("check", "--config", str(stage.configure()))
    assert code == 1
    assert f"wrong  database: The database {stage.database} can't be used: it or its folder can only be read." in output
    code, output = await _unprivileged("report", "--config", str(stage.configure()))
    assert code == 0, output


async def test_a_folder_that_is_read_only_is_refused_in_one_sentence(stage: Stage) -> None:
    stage.program = (sys.executable, "-c", UNPRIVILEGED)
    stage.database.parent.mkdir(mode=0o500)
    assert str(stage.database.parent) in await _refusal(stage)


async def test_a_database_that_another_process_locks_for_a_while_is_waited_for(stage: Stage) -> None:
    await stage.start()
    locked = threading.Event()
    other = threading.Thread(target=_lock, args=(stage.database, locked))
    other.start()
    assert await asyncio.to_thread(locked.wait, 15)
    try:
        await _ask(stage, "a cat")
        await stage.until(stage.videos)
    finally:
        other.join()
    assert _rows(stage.database, "SELECT kind FROM ledger ORDER BY id") == [("hold",), ("release",), ("charge",)]
    assert "Traceback" not in stage.log
    assert await stage.end() == 0


async def test_a_request_to_a_database_that_is_locked_for_long_is_made_with_its_card_or_not_at_all(
    stage: Stage,
) -> None:
    await stage.start()
    locked = threading.Event()
    other = threading.Thread(target=_lock, args=(stage.database, locked, 8.0))
    other.start()
    assert await asyncio.to_thread(locked.wait, 15)
    try:
        asked = await stage.ada.run("video text", channel=stage.channel, options={"prompt": "a cat"})
        assert asked.error == "no response"
    finally:
        other.join()
    await _ask(stage, "a dog")
    await stage.until(lambda: not _rows(stage.database, "SELECT 1 FROM generations WHERE due_at IS NOT NULL"))
    made = len(_rows(stage.database, "SELECT 1 FROM generations"))
    cards = [message for message in stage.channel.messages if message.embeds]
    assert made in {1, 2}
    assert (len(cards), len(stage.videos()), len(stage.provider.submissions)) == (made, made, made)
    assert len(_rows(stage.database, "SELECT 1 FROM ledger WHERE kind = 'charge'")) == made


async def test_a_start_waits_for_a_database_that_is_locked(stage: Stage) -> None:
    await _migrated(stage)
    locked = threading.Event()
    other = threading.Thread(target=_lock, args=(stage.database, locked))
    other.start()
    assert await asyncio.to_thread(locked.wait, 15)
    try:
        await stage.start()
    finally:
        other.join()


@pytest.mark.parametrize("command", ["check", "report"])
async def test_while_another_process_writes_check_and_report_work(stage: Stage, command: str) -> None:
    await _migrated(stage)
    with closing(sqlite3.connect(stage.database, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        code, output = await showreel(command, "--config", str(stage.configure()))
    assert code == 0, output
    assert "wrong" not in output


async def test_beside_a_bot_whose_disk_is_full_check_and_report_work(stage: Stage, disk: Path) -> None:
    files = str(stage.folder / "files")
    await stage.start(database={"url": f"sqlite:///{disk}/showreel.db"}, media={"folder": files})
    await _ask(stage, "a cat")
    await stage.until(stage.videos)
    disks.fill(disk)
    for command in ("check", "report"):
        code, output = await showreel(command, "--config", str(stage.folder / "config.toml"))
        assert code == 0, output
        assert "wrong" not in output


async def test_a_start_on_a_database_that_stays_locked_ends_with_code_1(stage: Stage) -> None:
    await _migrated(stage)
    with closing(sqlite3.connect(stage.database, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        assert await _refusal(stage, 1) == f"The database {stage.database} can't be used: database is locked."


async def test_a_start_on_a_full_disk_ends_with_code_1(stage: Stage, disk: Path) -> None:
    stage.sections["database"] = {"url": f"sqlite:///{disk}/showreel.db"}
    disks.fill(disk)
    assert await _refusal(stage, 1) == f"The database {disk}/showreel.db can't be used: database or disk is full."


async def test_a_start_without_its_database_server_ends_with_code_1(stage: Stage) -> None:
    stage.sections["database"] = {"url": "postgresql://user:secret@127.0.0.1:1/db"}
    last = await _refusal(stage, 1)
    assert last.startswith("The database postgresql://user:***@127.0.0.1:1/db can't be used: ")
    assert "secret" not in stage.log


async def test_a_lock_that_ends_while_check_runs_makes_no_part_contradict_another(stage: Stage) -> None:
    await _migrated(stage)
    with closing(sqlite3.connect(stage.database, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("BEGIN EXCLUSIVE")
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "check", "--config", str(stage.configure())), stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        while not (line := (await process.stdout.readline()).decode()).startswith("wrong"):
            assert line.startswith("note   configuration")
    assert line == f"wrong  database: The database {stage.database} can't be used: database is locked.\n"
    rest = (await process.stdout.read()).decode()
    for part in ("ledger", "generations"):
        assert f"wrong  {part}: can't be looked at without the database" in rest
    assert await process.wait() == 1

"""A worker that hangs for good ends its process, so that a supervisor can start it anew; one that fails does not."""

import asyncio
import sys
from collections.abc import Iterator

import aiohttp
import psycopg
import pytest

from tests.stage import Stage
from tests.store.cluster import binaries, running_cluster

IMPATIENT = """
from datetime import timedelta
from bot import app as root, health
root.STOP_WITHIN, root.CLOSE_WITHIN = timedelta(seconds=1), timedelta(seconds=3)
health.LOOK_EVERY, health.STALLED_AFTER, health.STUCK_AFTER = (timedelta(seconds=it) for it in (0.2, 2, 4))
from bot.cli import app
app()
"""
"""The bot as it is, but for the patience of its watchdog."""


BLOCKED = IMPATIENT.replace(
    "from bot.cli",
    """import asyncio, time
async def block(parts):
    await asyncio.sleep(2)
    time.sleep(60)
root._keep_history = block
from bot.cli""",
)
"""The same, with a mistake that blocks the event loop."""


LATE = """
from datetime import timedelta
from bot.app import opening as root
now = root.now
root.now = lambda: now() - timedelta(minutes=2)
from bot.cli import app
app()
"""
"""The bot on a machine whose clock is late."""


DRIFTING = """
from datetime import timedelta
from bot.app import opening as root
now, gaps = root.now, iter([timedelta(0)])
root.now = lambda: now() - next(gaps, timedelta(minutes=2))
root.CLOCKS_EVERY = timedelta(seconds=0.2)
from bot.cli import app
app()
"""
"""The bot on a machine that is paused from outside after the start, and so counts nothing of that."""


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """The address of an empty database."""
    programs = binaries()
    if programs is None:
        pytest.skip("PostgreSQL is not installed (no initdb on PATH or in /usr/lib/postgresql)")
    with running_cluster(programs) as address:
        yield address % "postgres"


async def test_a_worker_that_hangs_ends_the_process_with_code_1(
    stage: Stage, postgres: str, unused_tcp_port: int
) -> None:
    stage.program = (sys.executable, "-c", IMPATIENT)
    await stage.start(
        database={"url": postgres},
        server={"port": unused_tcp_port},
        media={"folder": str(stage.folder / "files")},
    )
    async with await psycopg.AsyncConnection.connect(postgres) as connection:
        await connection.execute("LOCK TABLE generations IN ACCESS EXCLUSIVE MODE")
        async with aiohttp.ClientSession() as session:
            await _until(session, unused_tcp_port, 503, "has not turned", page="healthz")
        assert await stage.gone() == 1
    assert "worker_stalled" in stage.log
    assert "has not turned" in stage.log


async def test_a_loop_that_is_blocked_ends_the_process_with_code_1(stage: Stage) -> None:
    stage.program = (sys.executable, "-c", BLOCKED)
    await stage.start()
    assert await stage.gone() == 1
    assert "loop_blocked" in stage.log
    assert "time.sleep(60)" in stage.log or "in block" in stage.log


async def test_a_database_that_goes_away_is_waited_for_and_readiness_says_so(
    stage: Stage, postgres: str, unused_tcp_port: int
) -> None:
    stage.program = (sys.executable, "-c", IMPATIENT)
    await stage.start(
        database={"url": postgres},
        server={"port": unused_tcp_port},
        media={"folder": str(stage.folder / "files")},
    )
    async with await psycopg.AsyncConnection.connect(postgres, autocommit=True) as connection:
        await connection.execute("ALTER TABLE generations RENAME TO hidden")
        async with aiohttp.ClientSession() as session:
            await _until(session, unused_tcp_port, 503, "the database can't be used (ProgrammingError)")
            await _until(session, unused_tcp_port, 503, "failed for")
            await asyncio.sleep(1)  # the watchdog looks every 0.2 s
            await connection.execute("ALTER TABLE hidden RENAME TO generations")
            await _until(session, unused_tcp_port, 200, "ok")
    assert "worker_failing" in stage.log
    assert stage.process is not None
    assert stage.process.returncode is None


async def _until(session: aiohttp.ClientSession, port: int, status: int, words: str, page: str = "readyz") -> None:
    """Ask for a page until it is as told."""
    for _ in range(400):
        async with session.get(f"http://127.0.0.1:{port}/{page}") as response:
            if response.status == status and words in await response.text():
                return
        await asyncio.sleep(0.05)
    pytest.fail(f"/{page} never answered {status}: {words}")


async def test_a_machine_whose_clock_is_not_the_databases_does_not_start(stage: Stage, postgres: str) -> None:
    stage.program = (sys.executable, "-c", LATE)
    await stage.launch(database={"url": postgres}, media={"folder": str(stage.folder / "files")})
    assert await stage.gone() == 1
    assert "The clocks of this machine and of the database are 120 s apart" in stage.log


async def test_a_process_whose_time_is_the_databases_no_more_ends_with_code_1(stage: Stage, postgres: str) -> None:
    stage.program = (sys.executable, "-c", DRIFTING)
    await stage.launch(database={"url": postgres}, media={"folder": str(stage.folder / "files")})
    assert await stage.gone() == 1
    assert "clocks_apart" in stage.log
    assert "ClocksApartError" in stage.log

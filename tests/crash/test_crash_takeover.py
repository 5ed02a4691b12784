"""A process frozen past its lease is replaced by another one, and changes nothing when it comes back."""

import asyncio
import os
import random
import signal
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests.crash.crowd import Crowd, quiet
from tests.crash.verdict import PROPERTY, Verdict, examine
from tests.stage import READY_WITHIN, Stage
from tests.store.cluster import binaries, running_cluster

LEASE = 2.0
"""Seconds; the shortest that leaves a busy machine time for a step."""

Heard = Mapping[str, Any]

INSTANTS: dict[str, tuple[str, Callable[[Heard], bool]]] = {
    "submission": ("submission", lambda _facts: True),
    "thread": ("thread_created", lambda _facts: True),
    "upload": ("message_posted", lambda facts: bool(facts["files"])),
}
"""What a simulator hears when the process is frozen: it has done what it was asked for, and has not answered."""

POLL = "poll"
"""The same with the first poll, of which no simulator tells: frozen before the process can read the answer."""


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """The address of an empty database."""
    programs = binaries()
    if programs is None:
        pytest.skip("PostgreSQL is not installed (no initdb on PATH or in /usr/lib/postgresql)")
    with running_cluster(programs) as address:
        yield address


@pytest.fixture
async def shared(stage: Stage, postgres: str, request: pytest.FixtureRequest) -> Stage:
    """A stage whose processes share a database of its own."""
    name = f"shared_{request.node.callspec.params['instant']}"
    await _create(postgres, name)
    stage.sections["database"] = {"url": postgres % name}
    stage.sections["worker"] = {"lease": LEASE}
    stage.sections["media"] = {"folder": str(stage.folder / "files")}
    return stage


async def _create(address: str, name: str) -> None:
    async with await psycopg.AsyncConnection.connect(address % "postgres", autocommit=True) as connection:
        await connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))


def _freezes(stage: Stage, kind: str, wanted: Callable[[Heard], bool]) -> asyncio.Event:
    """Freeze the first process once, when a simulator hears something; the event says that it is frozen."""
    frozen = asyncio.Event()

    def listen(heard: str, facts: dict[str, Any]) -> None:
        if heard == kind and wanted(facts) and not frozen.is_set() and stage.process is not None:
            stage.process.send_signal(signal.SIGSTOP)
            frozen.set()

    stage.discord.on_event = stage.provider.on_event = listen
    return frozen


async def _freeze_at_poll(stage: Stage) -> asyncio.Event:
    """Freeze the process at the instant when the provider was asked how the only task is doing."""
    frozen = asyncio.Event()
    async with asyncio.timeout(READY_WITHIN):
        while not any(task.polls for task in stage.provider.tasks.values()):  # noqa: ASYNC110 - no event tells of it
            await asyncio.sleep(0)
    assert stage.process is not None
    stage.process.send_signal(signal.SIGSTOP)
    frozen.set()
    return frozen


async def _lease_lost(stage: Stage) -> None:
    """Wait until the first process has noticed that it was replaced."""
    log = stage.folder / "run-1.log"
    async with asyncio.timeout(READY_WITHIN):
        while "lease_lost" not in log.read_text():  # noqa: ASYNC110 - a file of another process
            await asyncio.sleep(0.05)


async def _taken_over(stage: Stage, frozen: asyncio.Event, *, is_told: bool) -> Verdict:
    """Let the lease of the frozen process pass, let another one finish its work, and wake it up again.

    `is_told`: it has something to write then, and so is told that its lease is lost.
    """
    await asyncio.wait_for(frozen.wait(), READY_WITHIN)
    first = stage.process
    assert first is not None
    try:
        await asyncio.sleep(LEASE)
        await stage.launch(media={"folder": str(stage.folder / "others")})
        await quiet(stage)
        before = examine(stage, kills=0)
        first.send_signal(signal.SIGCONT)
        if is_told:
            await _lease_lost(stage)
        await asyncio.sleep(LEASE / 2)  # long enough for all that it may still want to do
        after = examine(stage, kills=1)
    finally:
        first.kill()
        await first.wait()
    assert asdict(after) | {"kills": 0} == asdict(before)
    return after


@pytest.mark.parametrize(
    "instant", [*INSTANTS, POLL] if os.environ.get("SHOWREEL_TEST_CRASH") else ["submission", POLL]
)
async def test_frozen_past_its_lease(
    shared: Stage, instant: str, record_property: Callable[[str, object], None]
) -> None:
    crowd = Crowd(stage=shared, rng=random.Random(instant))
    crowd.gather(1)
    await shared.start()
    frozen = None if instant == POLL else _freezes(shared, *INSTANTS[instant])
    crowd.ask("")
    frozen = frozen or await _freeze_at_poll(shared)
    verdict = await _taken_over(shared, frozen, is_told=instant != POLL)  # a task under way is only put off, in silence
    await crowd.turn_away()
    record_property(PROPERTY, asdict(verdict))
    assert verdict.differences == [], verdict.table()
    assert verdict.submissions == 1
    assert verdict.videos == (0 if instant == "submission" else 1)  # its answer was lost, so it is unconfirmed
    assert await shared.end() == 0

"""Kills at random instants with dozens of generations under way, from seeds that are printed."""

import asyncio
import os
import random
from collections.abc import Callable
from dataclasses import asdict

import pytest

from tests.crash.crowd import Crowd, quiet
from tests.crash.verdict import OPEN, PROPERTY, examine, rows_of
from tests.stage import READY_WITHIN, Stage

KILLS = int(os.environ.get("SHOWREEL_TEST_KILLS", "5"))
"""In all; at most 20 in one run."""

KILLS_A_RUN = 20
DOZENS = 24
"""Under way at the first kill; the others find what is left of them, and what came since."""

SEED = int(os.environ.get("SHOWREEL_TEST_SEED", "20261120"))
RUNS = [(SEED + run, min(KILLS_A_RUN, KILLS - run * KILLS_A_RUN)) for run in range(-(-KILLS // KILLS_A_RUN))]


@pytest.mark.parametrize(("seed", "kills"), RUNS)
async def test_killed_at_random_times_with_dozens_under_way(
    stage: Stage, seed: int, kills: int, record_property: Callable[[str, object], None]
) -> None:
    rng = random.Random(seed)
    stage.provider.pace = 4.0  # so that tasks outlive several kills
    stage.sections["limits"] = {"generations_per_day": 0, "concurrent": 0}
    crowd = Crowd(stage=stage, rng=rng)
    crowd.gather(8)
    most_open = 0
    for number in range(kills):
        await stage.start()
        if number == 0:
            await _come_in_dozens(crowd)
        for _ in range(rng.randrange(1, 8)):
            _ask(crowd)
        if rng.random() < 0.5:
            crowd.cancel()
        await asyncio.sleep(rng.uniform(0.0, 1.2))
        most_open = max(most_open, len(rows_of(stage, OPEN)))
        assert stage.process is not None
        stage.process.kill()
        await stage.process.wait()
        await crowd.turn_away()
    await stage.start()
    await quiet(stage)
    verdict = examine(stage, kills, most_open)
    record_property(PROPERTY, asdict(verdict))
    assert verdict.differences == []
    assert verdict.most_open >= DOZENS


async def _come_in_dozens(crowd: Crowd) -> None:
    """Let dozens be asked for, and wait until they are under way."""
    for _ in range(DOZENS + 6):
        _ask(crowd)
    async with asyncio.timeout(READY_WITHIN):
        while len(rows_of(crowd.stage, OPEN)) < DOZENS:  # noqa: ASYNC110 - what changes is the database of another process
            await asyncio.sleep(0.02)


def _ask(crowd: Crowd) -> None:
    crowd.ask(with_picture=crowd.rng.random() < 0.3, is_cancellable=crowd.rng.random() < 0.3)

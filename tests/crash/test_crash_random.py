"""Kills at random instants with dozens of generations under way, from seeds that are printed."""

import asyncio
import os
import random
from collections.abc import Callable
from dataclasses import asdict

import pytest

from tests.crash.crowd import Crowd, quiet
from tests.crash.verdict import OPEN, PROPERTY, examine, rows_of
from tests.stage import Stage

KILLS = int(os.environ.get("SHOWREEL_TEST_KILLS", "5"))
"""In all; at most 20 in one run."""

KILLS_A_RUN = 20
SEED = int(os.environ.get("SHOWREEL_TEST_SEED", "20261120"))
RUNS = [(SEED + run, min(KILLS_A_RUN, KILLS - run * KILLS_A_RUN)) for run in range(-(-KILLS // KILLS_A_RUN))]


@pytest.mark.parametrize(("seed", "kills"), RUNS)
async def test_killed_at_random_times_with_dozens_under_way(
    stage: Stage, seed: int, kills: int, record_property: Callable[[str, object], None]
) -> None:
    rng = random.Random(seed)
    stage.provider.pace = 1.5  # so that tasks outlive a few kills, and dozens come to be under way
    stage.sections["limits"] = {"generations_per_day": 0, "concurrent": 0}
    crowd = Crowd(stage=stage, rng=rng)
    crowd.gather(8)
    most_open = 0
    for _ in range(kills):
        await stage.start()
        for _ in range(rng.randrange(1, 8)):
            crowd.ask(with_picture=rng.random() < 0.3)
        if rng.random() < 0.3:
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
    assert verdict.most_open >= min(kills, 10) // 2  # most runs have dozens; kills may come before anything is accepted

"""The pace of polls: its bounds, and what it saves against asking every five seconds."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from statistics import fmean, median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.request import Operation
from bot.work.pace import LEAST_KNOWN, Pace
from bot.work.policy import Policy

MODEL = "veo3.1-fast"
KEY = (MODEL, Operation.TEXT)
SPANS = st.floats(0.0, 200_000.0)
HISTORIES = st.lists(st.floats(0.1, 4_000.0), max_size=60).map(lambda seconds: tuple(sorted(seconds)))
POLICIES = st.builds(
    lambda floor, longest, deadline: Policy(
        poll_interval=timedelta(seconds=floor),
        poll_interval_longest=timedelta(seconds=longest),
        deadline=timedelta(seconds=deadline),
    ),
    st.floats(1, 60),
    st.floats(1, 300),
    st.floats(60, 4_000),
)
Spreads = tuple[tuple[float, float], ...]

USUAL = ((40, 0.10), (75, 0.12), (120, 0.15), (180, 0.15), (300, 0.15), (420, 0.12))
"""Median seconds and spread (of the logarithm) of models whose videos take much the same time each."""

UNSTEADY = ((45, 0.15), (70, 0.20), (90, 0.25), (120, 0.30), (180, 0.20), (240, 0.35), (400, 0.25))
"""The same of models that take now long, now short."""


def pause_of(pace: Pace, elapsed: float) -> float:
    return pace.pause(*KEY, timedelta(seconds=elapsed)).total_seconds()


def learned(history: tuple[float, ...], policy: Policy | None = None) -> Pace:
    return Pace(policy or Policy(), {KEY: history}, random.Random(1))


@given(POLICIES, HISTORIES, SPANS)
def test_no_pause_is_under_the_floor_nor_over_the_longest(
    policy: Policy, history: tuple[float, ...], elapsed: float
) -> None:
    pause = pause_of(learned(history, policy), elapsed)
    if timedelta(seconds=elapsed) >= policy.deadline:
        slow = policy.slow_poll_interval.total_seconds()
        assert slow <= pause <= slow * 1.1
    else:
        floor = policy.poll_interval.total_seconds()
        assert floor * 0.999 <= pause <= max(floor, policy.poll_interval_longest.total_seconds()) * 1.1


@given(st.floats(0.1, 3_600), st.integers(0, 10_000), st.floats(1, 7_200))
def test_a_pause_after_failures_grows_up_to_the_longest(first: float, failures: int, longest: float) -> None:
    retry = learned(()).retry(timedelta(seconds=first), failures, timedelta(seconds=longest)).total_seconds()
    assert retry <= longest * 1.1001
    assert retry >= min(first, longest) * 0.999


def test_without_history_the_first_polls_come_at_the_floor() -> None:
    pace = learned((100.0,) * (LEAST_KNOWN - 1))
    assert pace.median(*KEY) is None
    assert pause_of(pace, 0) == pytest.approx(5, rel=0.1)
    assert pause_of(pace, 600) == pytest.approx(30, rel=0.1)


def test_with_history_a_task_is_asked_for_seldom_until_it_may_be_done() -> None:
    pace = learned(tuple(float(seconds) for seconds in range(100, 200)))
    assert pace.median(*KEY) == timedelta(seconds=150)
    assert pause_of(pace, 0) == pytest.approx(30, rel=0.1)
    assert pause_of(pace, 90) == pytest.approx(9.5, rel=0.1)
    assert pause_of(pace, 130) == pytest.approx(5, rel=0.1)
    assert pause_of(pace, 500) == pytest.approx(30, rel=0.1)


def test_a_gap_in_what_is_usual_is_slept_through() -> None:
    pace = learned((60.0, 61.0, 62.0, 63.0, 64.0) * 10 + (300.0, 301.0, 302.0, 303.0, 304.0) * 10)
    assert pause_of(pace, 62) == pytest.approx(5, rel=0.1)
    assert pause_of(pace, 150) > 20


@dataclass(frozen=True, slots=True)
class Tried:
    """What following tasks came to: calls per task, and seconds until each end was noticed."""

    calls: float
    delays: list[float]

    @property
    def late(self) -> float:
        """The 95th percentile of the delays."""
        return sorted(self.delays)[int(len(self.delays) * 0.95)]


def tried(durations: list[float], pause: Callable[[float], float]) -> Tried:
    calls, delays = 0, []
    for duration in durations:
        at = 0.0
        while at < duration:
            at += pause(at)
            calls += 1
        delays.append(at - duration)
    return Tried(calls / len(durations), delays)


def paced(durations: list[float], history: list[float]) -> Tried:
    pace = learned(tuple(sorted(history)))
    return tried(durations, lambda at: pause_of(pace, at))


def compared(spreads: Spreads, known: int) -> tuple[Tried, Tried]:
    """The pace, which learned from what it noticed itself, and a poll every five seconds, on the same tasks."""
    rng = random.Random(4)
    ours, theirs = [], []
    for middle, spread in spreads:
        history: list[float] = []
        for _ in range(3):
            durations = [rng.lognormvariate(math.log(middle), spread) for _ in range(known)]
            delays = paced(durations, history).delays
            history = [duration + delay for duration, delay in zip(durations, delays, strict=True)]
        durations = [rng.lognormvariate(math.log(middle), spread) for _ in range(400)]
        ours.append(paced(durations, history))
        theirs.append(tried(durations, lambda _: 5.0))
    return joined(ours), joined(theirs)


def joined(each: list[Tried]) -> Tried:
    return Tried(fmean(one.calls for one in each), [delay for one in each for delay in one.delays])


def test_steady_models_take_a_third_of_the_calls_at_about_the_same_delay() -> None:
    ours, theirs = compared(USUAL, known=100)
    assert ours.calls / theirs.calls <= 1 / 3
    assert median(ours.delays) <= median(theirs.delays) * 1.15
    assert ours.late <= 6


def test_unsteady_models_take_under_half_of_the_calls_at_little_more_delay() -> None:
    ours, theirs = compared(UNSTEADY, known=100)
    assert ours.calls / theirs.calls <= 0.43
    assert median(ours.delays) <= median(theirs.delays) * 1.25


def test_a_short_history_helps_already() -> None:
    ours, theirs = compared(USUAL, known=10)
    assert ours.calls / theirs.calls <= 0.4
    assert median(ours.delays) <= median(theirs.delays) * 1.3

"""The clock of the program, on a machine whose own clock is set forward and back."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.generation import State
from bot.work.clock import JUMP, SLEW, WRITTEN, SteadyClock, _counted
from sandbox.provider import Outcome
from tests.work.conftest import OpenStage
from tests.work.stage import START, Clock

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


@dataclass(slots=True)
class Machine:
    """A machine's two clocks, and ours on it."""

    time_of_day: datetime = START
    counted: float = 100.0
    clock: SteadyClock = field(init=False)

    def __post_init__(self) -> None:
        self.clock = SteadyClock(lambda: self.time_of_day, lambda: self.counted)

    def pass_by(self, span: timedelta) -> datetime:
        """Let time pass; returns what our clock shows then."""
        self.time_of_day += span
        self.counted += span.total_seconds()
        return self.clock()


class JumpingClock(Clock):
    """The program's clock on a machine whose own clock jumps; time goes on when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.jump = timedelta(0)
        self.steady = SteadyClock(lambda: self.time + self.jump, self._counted)

    def now(self) -> datetime:
        return self.steady()

    def _counted(self) -> float:
        return (self.time - START).total_seconds()


def test_it_shows_the_time_of_day() -> None:
    machine = Machine()
    assert machine.pass_by(HOUR) == START + HOUR


def test_a_clock_that_is_set_back_stretches_no_span() -> None:
    machine = Machine()
    before = machine.clock()
    with structlog.testing.capture_logs() as logs:
        machine.time_of_day -= 5 * HOUR
        assert machine.pass_by(SECOND) - before == SECOND
        assert machine.pass_by(HOUR) - before == HOUR + SECOND
    assert [(line["event"], line["by"]) for line in logs] == [("clock_set_back", "5:00:00")]


def test_a_clock_that_was_set_back_and_forth_is_followed_again() -> None:
    machine = Machine()
    machine.time_of_day -= HOUR
    machine.pass_by(SECOND)
    machine.time_of_day += HOUR + SECOND
    machine.pass_by(SECOND)
    assert machine.pass_by(HOUR) == machine.time_of_day


def test_a_clock_that_is_set_forward_ends_no_span_early() -> None:
    machine = Machine()
    before = machine.clock()
    with structlog.testing.capture_logs() as logs:
        machine.time_of_day += 51 * HOUR
        assert machine.pass_by(SECOND) - before == SECOND
        assert machine.pass_by(HOUR) - before == HOUR + SECOND
    assert [(line["event"], line["by"]) for line in logs] == [("clock_set_forward", "2 days, 3:00:00")]


def test_each_further_jump_is_logged_once_the_clock_was_right_again() -> None:
    machine = Machine()
    with structlog.testing.capture_logs() as logs:
        for jump in (HOUR, -HOUR, -HOUR):
            machine.time_of_day += jump
            machine.pass_by(SECOND)
            machine.pass_by(SECOND)
    assert [line["event"] for line in logs] == ["clock_set_forward", "clock_set_back"]


def test_a_machine_that_slept_has_not_jumped() -> None:
    machine = Machine()
    with structlog.testing.capture_logs() as logs:
        assert machine.pass_by(51 * HOUR) == START + 51 * HOUR
    assert logs == []


def test_a_machine_that_had_not_been_told_the_time_is_followed_when_it_is() -> None:
    machine = Machine(time_of_day=datetime(1970, 1, 1, tzinfo=UTC))
    machine.pass_by(SECOND)
    with structlog.testing.capture_logs() as logs:
        machine.time_of_day = START
        assert machine.pass_by(SECOND) == START + SECOND
        machine.time_of_day += HOUR
        assert machine.pass_by(SECOND) == START + 2 * SECOND
    assert [line["event"] for line in logs] == ["clock_set_right", "clock_set_forward"]


async def test_a_clock_that_is_set_forward_expires_nothing_that_runs(open_stage: OpenStage) -> None:
    clock = JumpingClock()
    stage = await open_stage(clock=clock)
    stage.simulated.plan(Outcome.STUCK, times=3)
    running = [await stage.follow(await stage.ask(), State.RUNNING) for _ in range(3)]
    stage.simulated.plan(Outcome.CUT)
    undecided = await stage.follow(await stage.ask(), State.UNCONFIRMED)
    clock.jump = 4 * 24 * HOUR
    for _ in range(20):
        await stage.hop()
    assert stage.clock.now() - START < stage.policy.deadline
    assert [(await stage.read(one)).state for one in (*running, undecided)] == 3 * [State.RUNNING] + [State.UNCONFIRMED]
    assert stage.delivery.slow == []


def test_drift_is_followed_slowly_and_in_silence() -> None:
    machine = Machine()
    with structlog.testing.capture_logs() as logs:
        machine.time_of_day += JUMP / 2
        assert machine.pass_by(100 * SECOND) == START + 101 * SECOND
        for _ in range(100):
            machine.time_of_day -= JUMP / 2
            assert machine.pass_by(HOUR) == machine.time_of_day
    assert logs == []


def test_on_linux_it_counts_while_the_machine_sleeps() -> None:
    if hasattr(time, "CLOCK_BOOTTIME"):
        assert _counted() == pytest.approx(time.clock_gettime(time.CLOCK_BOOTTIME), abs=1)
    assert abs(SteadyClock()() - datetime.now(UTC)) < SECOND


jumps = st.integers(-(10**9), 10**9).map(lambda milliseconds: timedelta(milliseconds=milliseconds))
spans = st.integers(0, 10**7).map(lambda milliseconds: timedelta(milliseconds=milliseconds))


@given(st.lists(st.tuples(jumps, spans)))
def test_whatever_the_machine_shows_a_span_is_measured_within_a_hundredth(
    happenings: list[tuple[timedelta, timedelta]],
) -> None:
    machine = Machine()
    assert machine.time_of_day > WRITTEN
    shown = machine.clock()
    for jump, span in happenings:
        machine.time_of_day += jump
        after = machine.pass_by(span)
        assert abs(after - shown - span) <= span / SLEW
        shown = after

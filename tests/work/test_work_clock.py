"""The clock of the program, on a machine whose own clock is set forward and back."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import structlog
from hypothesis import given
from hypothesis import strategies as st

from bot.work.clock import JUMP, SteadyClock

START = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


@dataclass(slots=True)
class Machine:
    """A machine's two clocks, and ours on it."""

    time_of_day: datetime = START
    monotonic: float = 100.0
    clock: SteadyClock = field(init=False)

    def __post_init__(self) -> None:
        self.clock = SteadyClock(lambda: self.time_of_day, lambda: self.monotonic)

    def pass_by(self, span: timedelta) -> datetime:
        """Let time pass; returns what our clock shows then."""
        self.time_of_day += span
        self.monotonic += span.total_seconds()
        return self.clock()


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
    machine.time_of_day += HOUR
    assert machine.pass_by(SECOND) == START + 2 * SECOND


def test_a_clock_that_is_set_forward_is_followed() -> None:
    machine = Machine()
    with structlog.testing.capture_logs() as logs:
        machine.time_of_day += HOUR
        assert machine.pass_by(SECOND) == START + HOUR + SECOND
    assert [(line["event"], line["by"]) for line in logs] == [("clock_set_forward", "1:00:00")]


def test_drift_is_followed_in_silence() -> None:
    machine = Machine()
    with structlog.testing.capture_logs() as logs:
        for _ in range(100):
            machine.time_of_day += JUMP / 2
            assert machine.pass_by(HOUR) == machine.time_of_day
    assert logs == []


jumps = st.integers(-(10**9), 10**9).map(lambda milliseconds: timedelta(milliseconds=milliseconds))
spans = st.integers(0, 10**7).map(lambda milliseconds: timedelta(milliseconds=milliseconds))


@given(st.lists(st.tuples(jumps, spans)))
def test_it_never_goes_back_and_never_stands_still_for_longer_than_drift(
    happenings: list[tuple[timedelta, timedelta]],
) -> None:
    machine = Machine()
    shown = machine.clock()
    for jump, span in happenings:
        machine.time_of_day += jump
        after = machine.pass_by(span)
        assert after >= shown
        assert after - shown >= span - JUMP
        shown = after

"""The clock of the whole program: it shows the time of day, and goes on evenly while the process lives."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog

log = structlog.get_logger(__name__)

JUMP = timedelta(seconds=30)
"""How far the machine's clock may be from ours before that counts as a jump; less is drift, which is followed."""

SLEW = 100
"""Drift is followed by one second in so many: enough for any clock, too little to matter to a deadline."""

WRITTEN = datetime(2026, 1, 1, tzinfo=UTC)
"""No process has run before: a machine that shows an earlier time has not been told the time yet."""

_COUNTER = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Linux has one that goes on while the machine sleeps; elsewhere the common one may."""


def _time_of_day() -> datetime:
    return datetime.now(UTC)


def _counted() -> float:
    return time.clock_gettime(_COUNTER)


class SteadyClock:
    """Aware UTC instants that began at the machine's time of day and go on by what really passes.

    Leases, deadlines and pauses are spans between its readings. A machine's clock that is set forward would end all
    that is under way, one that is set back would stretch it, so neither is followed: a jump is logged once, and the
    next start begins at the machine's time of day again (docs/decisions/0012-the-clock-goes-on-evenly.md).
    """

    def __init__(
        self,
        time_of_day: Callable[[], datetime] = _time_of_day,
        counted: Callable[[], float] = _counted,
    ) -> None:
        self._time_of_day = time_of_day
        self._counted = counted
        self._passed = timedelta(seconds=counted())
        self._origin = time_of_day() - self._passed
        self._is_apart = False

    def __call__(self) -> datetime:
        """Now; never before an instant that it showed earlier."""
        passed = timedelta(seconds=self._counted())
        since, self._passed = passed - self._passed, passed
        self._origin += self._correction(self._time_of_day() - (self._origin + passed), since)
        return self._origin + passed

    def _correction(self, gap: timedelta, since: timedelta) -> timedelta:
        """How far to follow the machine's clock, which is ahead by `gap`, for the time since the last reading."""
        was_apart, self._is_apart = self._is_apart, abs(gap) > JUMP
        if not self._is_apart:
            most = since / SLEW
            return max(-most, min(gap, most))
        if gap > JUMP and self._origin + self._passed < WRITTEN:
            log.warning("clock_set_right", by=str(gap))
            self._is_apart = False
            return gap
        if not was_apart:
            log.warning("clock_set_forward" if gap > JUMP else "clock_set_back", by=str(abs(gap)))
        return timedelta(0)

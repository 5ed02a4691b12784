"""The clock of the whole program: it shows the time of day, and never jumps back while the process lives."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog

log = structlog.get_logger(__name__)

JUMP = timedelta(seconds=30)
"""How far the machine's clock may be from ours before that counts as a jump; less is drift, which is followed."""


def _time_of_day() -> datetime:
    return datetime.now(UTC)


class SteadyClock:
    """Aware UTC instants that follow the machine's clock, but never go back.

    Leases, deadlines and pauses are spans between its readings. A machine's clock that is set back would stretch them
    by as much, so they are measured on by the monotonic clock then; one that is set forward (or a machine that slept)
    is followed, as that time may really have passed. Either is logged.
    """

    def __init__(
        self,
        time_of_day: Callable[[], datetime] = _time_of_day,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._time_of_day = time_of_day
        self._monotonic = monotonic
        self._shown = self._begun = time_of_day()
        self._begun_at = monotonic()
        self._is_ahead = False

    def __call__(self) -> datetime:
        """Now; never before an instant that it showed earlier."""
        stated = self._time_of_day()
        expected = self._begun + timedelta(seconds=self._monotonic() - self._begun_at)
        if stated >= expected - JUMP:
            if stated > expected + JUMP:
                log.warning("clock_set_forward", by=str(stated - expected))
            self._begin(stated)
        elif not self._is_ahead:
            log.warning("clock_set_back", by=str(expected - stated))
            self._is_ahead = True
        if self._is_ahead:
            stated = expected
        self._shown = max(self._shown, stated)
        return self._shown

    def _begin(self, stated: datetime) -> None:
        """Measure on from here: the machine's clock is where it is expected, or ahead of it."""
        self._begun, self._begun_at, self._is_ahead = stated, self._monotonic(), False

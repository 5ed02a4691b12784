"""Simulated time: the real clock plus what a test has advanced it by, and ids that carry it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH_MS = 1_420_070_400_000
"""The first millisecond of 2015, from which Discord counts its snowflakes."""


class Clock:
    """Tells the simulated time."""

    def __init__(self) -> None:
        self._offset = timedelta()

    def now(self) -> datetime:
        """Return the simulated time in UTC."""
        return datetime.now(UTC) + self._offset

    def advance(self, by: timedelta) -> None:
        """Let time pass at once; it never goes back."""
        if by < timedelta():
            raise ValueError("simulated time never goes back")
        self._offset += by


class Snowflakes:
    """Hands out ids as Discord does: milliseconds in the upper bits, strictly rising."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0

    def next(self) -> int:
        """Return an id that was never given before."""
        milliseconds = int(self._clock.now().timestamp() * 1000) - _EPOCH_MS
        self._last = max(self._last + 1, milliseconds << 22)
        return self._last


def iso(moment: datetime) -> str:
    """Write a moment the way Discord's payloads do."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")

"""The account's calls per minute, shared by everything that asks the provider (provider contract, section 10)."""

import time
from collections.abc import Callable
from datetime import timedelta

BURST = timedelta(seconds=5)
"""How much unused budget is saved up."""

ONE = 0.999
"""Of a call that counts as a whole one: who comes back at the right moment must not fail by rounding."""


class CallBudget:
    """A token bucket: `take` grants a call or says how long to wait for one.

    Whoever has to wait is given a moment of its own, so that thousands who wait don't all ask again and again. Half of
    what is saved up is kept for urgent calls, and they queue among themselves alone: never behind polls, which may have
    been given moments that are minutes ahead.
    """

    def __init__(self, calls_per_minute: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._rate = calls_per_minute / 60
        self._most = max(1.0, self._rate * BURST.total_seconds())
        self._kept = (self._most - 1) / 2
        self._left = self._most
        self._monotonic = monotonic
        self._at = monotonic()
        self._promised = dict.fromkeys((True, False), self._at)

    def take(self, *, urgent: bool = False) -> timedelta:
        """Zero where the call may be made now, else after how long to ask again."""
        now = self._monotonic()
        self._left = min(self._most, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left >= (ONE if urgent else ONE + self._kept):
            self._left -= 1
            return timedelta(0)
        self._promised[urgent] = max(now, self._promised[urgent]) + 1 / self._rate
        return timedelta(seconds=self._promised[urgent] - now)

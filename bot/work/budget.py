"""The account's calls per minute, shared by everything that asks the provider (provider contract, section 10)."""

import time
from collections.abc import Callable
from datetime import timedelta

BURST = timedelta(seconds=5)
"""How much unused budget is saved up."""


class CallBudget:
    """A token bucket: `take` grants a call or says how long to wait for one."""

    def __init__(self, calls_per_minute: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._rate = calls_per_minute / 60
        self._most = max(1.0, self._rate * BURST.total_seconds())
        self._left = self._most
        self._monotonic = monotonic
        self._at = monotonic()

    def take(self) -> timedelta:
        """Zero where the call may be made now, else after how long to ask again."""
        now = self._monotonic()
        self._left = min(self._most, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left >= 1:
            self._left -= 1
            return timedelta(0)
        return timedelta(seconds=(1 - self._left) / self._rate)

"""When to ask for a task again: seldom while it is surely not done, often around the time that it usually takes."""

import random
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeAlias

from bot.domain.request import Operation
from bot.work.policy import Policy

Usual: TypeAlias = tuple[float, ...]
"""Sorted seconds that finished generations of one model and operation took."""

LEAST_KNOWN = 5
"""With fewer finished generations than this, nothing is usual yet."""


@dataclass(slots=True)
class Pace:
    """Chooses the pause before the next poll from the durations seen so far."""

    policy: Policy
    usual: Mapping[tuple[str, Operation], Usual] = field(default_factory=dict)
    rng: random.Random = field(default_factory=random.Random)

    def median(self, model: str, operation: Operation) -> timedelta | None:
        """How long this usually takes from submission to success, None while too little is known."""
        seen = self._seen(model, operation)
        return timedelta(seconds=seen[len(seen) // 2]) if seen else None

    def pause(self, model: str, operation: Operation, elapsed: timedelta) -> timedelta:
        """The pause before the next poll of a task that the provider has had for `elapsed`."""
        if elapsed >= self.policy.deadline:
            return self._jittered(self.policy.slow_poll_interval)
        seen = self._seen(model, operation)
        seconds = self._by_history(seen, elapsed.total_seconds()) if seen else self._by_age(elapsed.total_seconds())
        floor, longest = self.policy.poll_interval.total_seconds(), self.policy.poll_interval_longest.total_seconds()
        return self._jittered(timedelta(seconds=min(max(seconds, floor), max(longest, floor))))

    def retry(self, pause: timedelta, failures: int, longest: timedelta) -> timedelta:
        """A pause that doubles with each failure, with jitter, up to `longest`."""
        return self._jittered(min(pause * 2 ** min(failures, 20), longest))

    def _seen(self, model: str, operation: Operation) -> Usual:
        seen = self.usual.get((model, operation), ())
        return seen if len(seen) >= LEAST_KNOWN else ()

    def _by_age(self, elapsed: float) -> float:
        return elapsed / 6

    def _by_history(self, seen: Usual, elapsed: float) -> float:
        """Wait for the quickest one seen; then a tenth of the middle half's spread; past all of them, by age."""
        quickest = seen[len(seen) // 20]
        if elapsed < quickest:
            return quickest - elapsed
        if bisect_left(seen, elapsed) < len(seen):
            spread = seen[(len(seen) * 3) // 4] - seen[len(seen) // 4]
            return spread / 10
        return (elapsed - seen[-1]) / 2

    def _jittered(self, pause: timedelta) -> timedelta:
        return pause * self.rng.uniform(1.0, 1.1)

"""When to ask for a task again: seldom while it is surely not done, often around the time that it usually takes."""

import random
from bisect import bisect_right
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

WORTH = 1 / 25
"""A poll is worth its call where it finds the task ended with at least this chance."""


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
        return self._jittered(min(pause * 2 ** min(failures, 20), longest), 1.1)

    def _seen(self, model: str, operation: Operation) -> Usual:
        seen = self.usual.get((model, operation), ())
        return seen if len(seen) >= LEAST_KNOWN else ()

    def _by_age(self, elapsed: float) -> float:
        return elapsed / 6

    def _by_history(self, seen: Usual, elapsed: float) -> float:
        """Wait for the quickest seen; then until a poll is worth its call, going by those that took about as long.

        Past all of them, by age. What was seen is when an end was noticed, so the quickest is looked for a bit earlier.
        """
        quickest = seen[len(seen) // 50] - self.policy.poll_interval.total_seconds() / 2
        if elapsed < quickest:
            return quickest - elapsed
        ended = bisect_right(seen, elapsed)
        if ended == len(seen):
            return (elapsed - seen[-1]) / 2
        around = max(2, len(seen) // 10)
        first, last = max(0, ended - around), min(len(seen) - 1, ended + around)
        apart = (seen[last] - seen[first]) / (last - first)
        return WORTH * (len(seen) - ended) * apart

    def _jittered(self, pause: timedelta, most: float = 1.02) -> timedelta:
        return pause * self.rng.uniform(1.0, most)

"""When the provider does not answer: one probe at a time instead of every generation's own polls."""

import random
from datetime import datetime, timedelta

import structlog

log = structlog.get_logger(__name__)

ROW = 5
"""So many calls in a row without an answer are an outage; fewer are bad luck."""

FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=2)
"""Between two probes; what each one costs at most is one call."""

LONGEST_WAIT = timedelta(minutes=10)
"""What a Retry-After is obeyed for at most: beyond it, one more question costs less than not knowing."""

PROBE_TIME = timedelta(seconds=15)
"""How long the others wait for the answer to a probe before they look again."""

SPREAD = timedelta(seconds=10)
"""Over how long those that waited come back."""

NOW = timedelta(0)


class Outage:
    """Counts unanswered calls over all generations, and holds calls while there is no use in them.

    Whoever may call has to say afterwards whether there was an answer. A probe of which nobody says so is forgotten
    when the next one is due.
    """

    def __init__(self, rng: random.Random | None = None) -> None:
        self._rng = rng or random.Random()  # noqa: S311 - jitter is no secret
        self._in_row = 0
        self._began: datetime | None = None
        self._held_until: datetime | None = None
        self._pause = FIRST_PAUSE
        self._probing = False

    @property
    def began(self) -> datetime | None:
        """Since when the provider gives no usable answer; None while it does."""
        return self._began

    def take(self, now: datetime) -> timedelta:
        """Zero where the call may be made now, else after how long to ask again; each is told a moment of its own."""
        if self._held_until is not None and now < self._held_until:
            wait = self._held_until - now
            return (min(wait, PROBE_TIME) if self._probing else wait) + self._rng.random() * SPREAD
        if self._began is not None:
            self._probing = True
            self._held_until = now + max(self._pause, PROBE_TIME)
        return NOW

    def answered(self, now: datetime) -> None:
        """A call was answered, whatever the answer: an outage is over."""
        if self._began is not None:
            log.info("provider_back", after=str(now - self._began))
            self._held_until = None
        self._in_row, self._began, self._pause, self._probing = 0, None, FIRST_PAUSE, False

    def unanswered(self, now: datetime, retry_after: timedelta | None = None) -> None:
        """A call had no usable answer; `retry_after` is what the provider asked for with it, and holds every call."""
        self._in_row += 1
        if self._began is None and self._in_row >= ROW:
            self._began = now
            log.warning("provider_away", unanswered=self._in_row)
            self._hold(now + self._pause)
        elif self._probing:
            self._pause = min(self._pause * 2, LONGEST_PAUSE)
            self._held_until, self._probing = now + self._pause, False
        if retry_after is not None:
            self._hold(now + min(retry_after, LONGEST_WAIT))

    def _hold(self, until: datetime) -> None:
        self._held_until = until if self._held_until is None else max(until, self._held_until)

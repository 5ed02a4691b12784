"""When the provider does not answer, or asks for a pause: nobody calls then but one probe at a time."""

import random
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar

import structlog

from bot.providers.errors import Busy, ProviderError

log = structlog.get_logger(__name__)

Answer = TypeVar("Answer")

ROW = 5
"""So many calls in a row without an answer are an outage; fewer are bad luck."""

FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=2)
"""Between two probes; what each one costs at most is one call."""

LONGEST_HOLD = timedelta(hours=1)
"""What a Retry-After is obeyed for at most: beyond it, one more question costs less than not knowing."""

PROBE_TIME = timedelta(seconds=15)
"""How long the others wait for the answer to a probe before they look again."""

SPREAD = timedelta(seconds=10)
"""Over how long those that waited come back."""

NOW = timedelta(0)


class Outage:
    """Counts unanswered calls over all generations, and holds calls while there is no use in them.

    `calls` says in the log which calls those are. A probe of which nothing is heard is forgotten after `probe_time`.

    Two things hold calls, and neither ends the other: a pause that the provider asked for, which nothing shortens, and
    an outage, which one answer ends. Whoever may call has to say afterwards whether there was an answer. A probe of
    which nobody says so is forgotten when the next one is due.
    """

    def __init__(
        self, rng: random.Random | None = None, *, calls: str = "all", probe_time: timedelta = PROBE_TIME
    ) -> None:
        self._calls = calls
        self._probe_time = probe_time
        self._rng = rng or random.Random()  # noqa: S311 - jitter is no secret
        self._in_row = 0
        self._began: datetime | None = None
        self._held_until: datetime | None = None
        self._probe_at: datetime | None = None
        self._pause = FIRST_PAUSE
        self._probing = False

    @property
    def began(self) -> datetime | None:
        """Since when the provider gives no usable answer; None while it does."""
        return self._began

    @property
    def is_in_doubt(self) -> bool:
        """Whether the last call had no usable answer, be it an outage yet or not."""
        return self._in_row > 0

    def held(self, now: datetime) -> timedelta:
        """For how long the provider has asked not to be called at all."""
        return NOW if self._held_until is None else max(NOW, self._held_until - now)

    def take(self, now: datetime, *, as_probe: bool = False) -> timedelta:
        """Zero where the call may be made now, else after how long to ask again; each is told a moment of its own.

        `as_probe`: one that is made only to learn whether there is an answer, one at a time even where no outage is
        known yet.
        """
        held = self.held(now)
        if held:
            return held + self._spread()
        if self._began is None and not as_probe:
            return NOW
        if self._probe_at is not None and now < self._probe_at:
            wait = self._probe_at - now
            return (min(wait, self._probe_time) if self._probing else wait) + self._spread()
        self._probing = True
        self._probe_at = now + max(self._pause, self._probe_time)
        return NOW

    def answered(self, now: datetime) -> None:
        """A call was answered, whatever the answer: an outage is over."""
        if self._began is not None:
            log.info("provider_back", calls=self._calls, after=str(now - self._began))
        self._in_row, self._began, self._probe_at = 0, None, None
        self._pause, self._probing = FIRST_PAUSE, False

    def unanswered(self, now: datetime, retry_after: timedelta | None = None) -> None:
        """A call had no usable answer; `retry_after` is what the provider asked for with it."""
        self._in_row += 1
        if self._probing:
            self._pause = min(self._pause * 2, LONGEST_PAUSE)
            self._probe_at, self._probing = now + self._pause, False
        if self._began is None and self._in_row >= ROW:
            self._began, self._probe_at = now, now + self._pause
            log.warning("provider_away", calls=self._calls, unanswered=self._in_row)
        self.hold(now, retry_after)

    def hold(self, now: datetime, retry_after: timedelta | None) -> None:
        """The provider asked for a pause, if it did: every call waits for as long, an hour at the most."""
        if retry_after is None:
            return
        until = now + min(retry_after, LONGEST_HOLD)
        self._held_until = until if self._held_until is None else max(until, self._held_until)

    async def outside_holds(self, clock: Callable[[], datetime], ask: Callable[[], Awaitable[Answer]]) -> Answer:
        """Make a call that serves no generation, unless the provider asked for a pause: then it counts as Busy.

        It neither begins nor ends an outage.
        """
        held = self.held(clock())
        if held:
            raise Busy("not asked: it wants a pause", retry_after=held)
        try:
            return await ask()
        except ProviderError as error:
            self.hold(clock(), error.retry_after)
            raise

    def _spread(self) -> timedelta:
        return self._rng.random() * SPREAD

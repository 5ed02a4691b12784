"""What a member may know and erase of what is stored of them, and what is erased by itself in time."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from bot.domain.holdings import Holdings

log = structlog.get_logger(__name__)

BATCH = 200
"""Generations that one transaction erases: others wait for the writer meanwhile."""

EVERY = timedelta(hours=1)

LONGEST_WINDOW = timedelta(days=32)
"""Longer than the longest window of a limit, which is a month."""


class PrivacyStore(Protocol):
    """What is stored of members, and its erasure; every method is one transaction."""

    async def holdings(self, user_id: int) -> Holdings:
        """What is stored of a member."""
        ...

    async def forget(self, user_id: int, now: datetime) -> str | None:
        """Note that a member asked to be forgotten; returns their key, None for somebody who isn't known."""
        ...

    async def erase_of(self, user_id: int, now: datetime, count: int) -> int:
        """Erase up to `count` generations of a member that are over, and have their cards cleared; returns how many."""
        ...

    async def erase_before(self, cutoff: datetime, now: datetime, count: int) -> int:
        """Erase up to `count` generations that ended before `cutoff`, and all prompts refused before it."""
        ...

    async def erase_forgotten(self, accepted_before: datetime, now: datetime, count: int) -> int:
        """The same for members who asked to be forgotten, as well as the prompts that were refused them later."""
        ...

    async def drop_forgotten(self, held_before: datetime) -> int:
        """Part the keys of members who asked to be forgotten from their user ids, for good; returns how many."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What is stored of a member, and until when at the latest what has its prompt still; None: nothing, or for ever.

    What is under way counts from its end.
    """

    holdings: Holdings
    kept_until: datetime | None


class Privacy:
    """What members may do about what is stored of them; each about themselves only.

    `retention` is how long prompts, files and addresses are kept after a generation's end; None: until asked.
    """

    def __init__(self, store: PrivacyStore, clock: Callable[[], datetime], retention: timedelta | None) -> None:
        self._store = store
        self._clock = clock
        self._retention = retention

    async def show(self, user_id: int) -> Stored:
        """What is stored of the member."""
        holdings = await self._store.holdings(user_id)
        end = holdings.newest_end
        kept_until = None if end is None or self._retention is None else end + self._retention
        return Stored(holdings=holdings, kept_until=kept_until)

    async def delete(self, user_id: int) -> int:
        """Erase what the member wrote and attached, and their name; returns how many generations were erased now.

        Those under way, or not told yet, are erased once they are over. Figures stay, under a key. That the key is the
        member's own is forgotten when the limits no longer need to know it: at the earliest a month after the last
        request. Who goes on using the bot puts that off, and what is asked for after this wish is kept as anybody's,
        though no longer than that month. A block is never erased.
        """
        now = self._clock()
        key = await self._store.forget(user_id, now)
        if key is None:
            return 0
        log.info("member_forgotten", member=key)
        erased = 0
        while count := await self._store.erase_of(user_id, now, BATCH):
            erased += count
        return erased


class Retention:
    """Erases, time and again, what is no longer to be kept."""

    def __init__(self, store: PrivacyStore, clock: Callable[[], datetime], retention: timedelta | None) -> None:
        self._store = store
        self._clock = clock
        self._retention = retention

    async def erase(self) -> int:
        """Erase all that is due now; returns how many generations were."""
        now, erased = self._clock(), 0
        recent = now - LONGEST_WINDOW
        while count := await self._store.erase_forgotten(recent, now, BATCH):
            erased += count
        if self._retention is not None:
            while count := await self._store.erase_before(now - self._retention, now, BATCH):
                erased += count
        dropped = await self._store.drop_forgotten(recent)
        if erased or dropped:
            log.info("content_erased", generations=erased, members=dropped)
        return erased

    async def run(self) -> None:
        """Erase at once and then every hour, until cancelled."""
        while True:
            try:
                await self.erase()
            except Exception:  # the edge of the loop: the next round may do better, and nothing waits for this one
                log.exception("retention_tripped")
            await asyncio.sleep(EVERY.total_seconds())

"""What is told to guilds by itself: scheduled reports, budgets that run out, and the audit in its log channel.

Each is told once, whatever dies in between: it is taken under a lease before it is posted and noted as told afterwards,
and a try that never reported back is followed by a look whether its message stands there.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import partial
from itertools import pairwise
from typing import Protocol

import structlog

from bot.domain.announcements import FOR_EVER, Announcement, Attempt, BudgetLevel
from bot.domain.guild import Schedule
from bot.domain.limits import Allowance, Window
from bot.domain.moderating import LogLine, Mirror
from bot.domain.zones import zone_named
from bot.work.protocols import DeliveryDelayedError

log = structlog.get_logger(__name__)

LOOK_EVERY = timedelta(seconds=15)
BUDGETS_EVERY = timedelta(minutes=2)
LEASE = timedelta(minutes=6)
WITHIN = timedelta(minutes=5)
"""For one announcement, drawing and uploading included; less than the lease."""

PAUSE = timedelta(minutes=1)
PAUSE_LONGEST = timedelta(hours=6)
MOST_TRIES = 20
CAUGHT_UP = 7
"""Periods that a report is made up for after the bot was away."""

LINES = 10
"""Lines of the audit in one message."""

AUDIT = "audit"


class PlaceGoneError(Exception):
    """The channel is gone, or lets us post no more."""


class Announcer(Protocol):
    """How a guild is told. Methods raise DeliveryDelayedError where later helps, else PlaceGoneError."""

    async def report(self, schedule: Schedule, start: datetime, end: datetime, attempt: Attempt) -> None:
        """Post the report of a period, [start, end)."""
        ...

    async def budget(self, channel_id: int, allowance: Allowance, level: BudgetLevel, attempt: Attempt) -> None:
        """Post that a budget of the guild has come to a level."""
        ...

    async def audit(self, mirror: Mirror, lines: Sequence[LogLine], attempt: Attempt) -> None:
        """Post lines of the audit."""
        ...


class AnnouncementStore(Protocol):
    """Which announcements are told; every method is one transaction."""

    async def begin(self, announcement: Announcement, now: datetime, lease: timedelta) -> Attempt | None:
        """Take an announcement to tell it; None where it is told, or somebody else is at it."""
        ...

    async def told(self, attempt: Attempt, now: datetime) -> None:
        """Note that it is told: nobody begins it again."""
        ...

    async def put_off(self, attempt: Attempt, until: datetime) -> None:
        """Let it be tried again from then on, with a look whether it stands there already."""
        ...

    async def rest(self, attempt: Attempt, until: datetime) -> None:
        """End a try that did all there was to do for now, of something that goes on."""
        ...

    async def untold(self, wanted: Sequence[Announcement]) -> list[Announcement]:
        """Those that are not told yet, in the order given."""
        ...

    async def noted(self, wanted: Sequence[Announcement]) -> list[Announcement]:
        """Those that are to be told, as was noted when something happened, and are not told yet."""
        ...

    async def skip(self, passed: Sequence[Announcement], now: datetime) -> None:
        """Note announcements as told that nobody need be told of any more."""
        ...


class GuildFacts(Protocol):
    """What is read of guilds."""

    async def all_schedules(self) -> list[Schedule]:
        """The schedules of all guilds."""
        ...

    async def mirrors(self) -> list[Mirror]:
        """The guilds that have a log channel."""
        ...

    async def records_after(self, guild_id: int, last_id: int, count: int = LINES) -> list[LogLine]:
        """The next lines of a guild's audit, oldest first."""
        ...

    async def set_mirrored(self, guild_id: int, last_id: int) -> None:
        """Note the last line that the log channel has got."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What `Announcing` works with; `budgets` gives a guild's limits on money with what is used of them."""

    store: AnnouncementStore
    guilds: GuildFacts
    budgets: Callable[[int, datetime], Awaitable[list[Allowance]]]
    announcer: Announcer
    zone: tzinfo
    clock: Callable[[], datetime]


class Announcing:
    """Looks again and again for what is to be told."""

    def __init__(self, told: Told) -> None:
        self._told = told
        self._budgets_at = told.clock()

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                await self.look()
            except Exception:  # the edge of the loop: a database that fails for a moment must not end what is told
                log.exception("announcing_tripped")
            await asyncio.sleep(LOOK_EVERY.total_seconds())

    async def look(self) -> None:
        """Tell all that is due now."""
        await self.reports()
        mirrors = await self._told.guilds.mirrors()
        if self._told.clock() >= self._budgets_at:
            await self.budgets(mirrors)
            self._budgets_at = self._told.clock() + BUDGETS_EVERY
        for mirror in mirrors:
            if mirror.is_behind:
                await _guarded(mirror.guild_id, self.mirror(mirror))

    async def reports(self) -> None:
        """Send the reports of periods that are over."""
        periods: dict[Announcement, tuple[Schedule, datetime, datetime]] = {}
        now = self._told.clock()
        for schedule in await self._told.guilds.all_schedules():
            zone = zone_named(schedule.time_zone, self._told.zone)
            for start, end in ended(schedule.every, now, zone, since=schedule.set_at):
                name = f"report-{schedule.every.value}"
                announcement = Announcement.of_period(schedule.guild_id, name, start, zone)
                periods[announcement] = (schedule, start, end)
        for announcement in await self._told.store.untold(list(periods)):
            post = partial(self._told.announcer.report, *periods[announcement])
            await _guarded(announcement.guild_id, self._tell(announcement, post))

    async def budgets(self, mirrors: Sequence[Mirror]) -> None:
        """Tell the log channels of guilds whose budgets run out, once at each level."""
        for mirror in mirrors:
            if mirror.has_budget:
                await _guarded(mirror.guild_id, self._budgets(mirror))

    async def mirror(self, mirror: Mirror) -> None:
        """Post what is new in the audit to the guild's log channel."""
        lines = await self._told.guilds.records_after(mirror.guild_id, mirror.last_id, LINES)
        if not lines:
            return
        store, now = self._told.store, self._told.clock()
        name = f"{AUDIT}-{mirror.channel_id}"  # so that a channel that is set anew doesn't wait for the old one
        turn = Announcement(guild_id=mirror.guild_id, name=name, period_start=FOR_EVER)
        attempt = await store.begin(turn, now, LEASE)
        if attempt is None or not await self._posted(self._told.announcer.audit(mirror, lines, attempt), attempt):
            return
        await self._told.guilds.set_mirrored(mirror.guild_id, lines[-1].id)
        await store.rest(attempt, self._told.clock())

    async def _budgets(self, mirror: Mirror) -> None:
        """Tell the worst level of each budget that is not told yet; lesser ones need no telling then."""
        now, zone = self._told.clock(), zone_named(mirror.time_zone, self._told.zone)
        for allowance in await self._told.budgets(mirror.guild_id, now):
            limit = allowance.limit
            names = {level: Announcement.of_budget(mirror.guild_id, limit, level, now, zone) for level in BudgetLevel}
            untold = await self._untold(allowance, names)
            if untold:
                await self._told.store.skip([names[level] for level in untold[:-1]], now)
                post = partial(self._told.announcer.budget, mirror.channel_id, allowance, untold[-1])
                await self._tell(names[untold[-1]], post)

    async def _untold(self, allowance: Allowance, names: Mapping[BudgetLevel, Announcement]) -> list[BudgetLevel]:
        """The levels that a budget has come to, and of which nobody was told."""
        store = self._told.store
        reached = [name for level, name in names.items() if level.is_reached(allowance)]
        untold = {*await store.untold(reached), *await store.noted([names[BudgetLevel.SHORT]])}
        return [level for level, name in names.items() if name in untold]

    async def _tell(self, announcement: Announcement, post: Callable[[Attempt], Awaitable[None]]) -> None:
        store = self._told.store
        attempt = await store.begin(announcement, self._told.clock(), LEASE)
        if attempt is None:
            return
        if attempt.failures >= MOST_TRIES:
            log.error("announcement_given_up", guild=announcement.guild_id, what=announcement.name)
            await store.told(attempt, self._told.clock())
        elif await self._posted(post(attempt), attempt):
            await store.told(attempt, self._told.clock())
            log.info("announcement_told", guild=announcement.guild_id, what=announcement.name)

    async def _posted(self, posting: Awaitable[None], attempt: Attempt) -> bool:
        """Whether it is posted; else it is put off, ever longer."""
        guild, what = attempt.announcement.guild_id, attempt.announcement.name
        try:
            async with asyncio.timeout(WITHIN.total_seconds()):
                await posting
        except (DeliveryDelayedError, PlaceGoneError, TimeoutError) as error:
            log.warning("announcement_delayed", guild=guild, what=what, error=str(error), failures=attempt.failures + 1)
        except Exception:  # the edge of one announcement: what trips it is tried again, and holds up no other
            log.exception("announcement_tripped", guild=guild, what=what, failures=attempt.failures + 1)
        else:
            return True
        pause = min(PAUSE * 2 ** min(attempt.failures, 10), PAUSE_LONGEST)
        await self._told.store.put_off(attempt, self._told.clock() + pause)
        return False


async def _guarded(guild_id: int, telling: Awaitable[None]) -> None:
    try:
        await telling
    except Exception:  # the edge of one guild's announcements: its trouble must not keep the others waiting
        log.exception("announcing_tripped", guild=guild_id)


def ended(every: Window, now: datetime, zone: tzinfo, *, since: datetime) -> list[tuple[datetime, datetime]]:
    """The latest periods that are over, [start, end), oldest first; none that ended at or before `since`."""
    bounds = [every.start(now, zone)]
    while len(bounds) <= CAUGHT_UP and bounds[-1] > since:
        bounds.append(every.start(bounds[-1] - timedelta(microseconds=1), zone))
    return list(pairwise(reversed(bounds)))

"""What has been used of a limit, counted from the ledger and from what is under way."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import assert_never

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.generation import CONCURRENT_STATES
from bot.domain.ledger import Amounts, Entry
from bot.domain.ledger import used as used_by
from bot.domain.limits import Allowance, Limit, Measure, Scope, Window
from bot.store import ledger
from bot.store.limits import Ground
from bot.store.tables import OPEN, generations
from bot.store.tables import ledger as entries
from bot.store.totals import Counted, Span, Totals, is_in, plus

_LONGEST_COOLDOWN = timedelta(days=36_500)
"""A longer one would end at no date that there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """A member in a guild, or in direct messages where that is None."""

    member_key: str
    guild_id: int | None


class Usage:
    """What has been used as one transaction sees it: each figure is read once, and carried on by what is `added`.

    `totals` are those of this database: what they remember is read before the transaction writes anything.
    """

    def __init__(self, connection: AsyncConnection, totals: Totals) -> None:
        self._connection = connection
        self._totals = totals
        self._last_id: int | None = None
        self._amounts: dict[tuple[Counted, Span], Amounts] = {}
        self._under_way: dict[Counted, int] = {}
        self._last_holds: dict[Counted, datetime | None] = {}

    async def allowances(self, limits: Iterable[Limit], who: Who, now: datetime, ground: Ground) -> list[Allowance]:
        """What `who` has used of each limit."""
        return [await self.allowance(limit, who, now, ground) for limit in limits]

    async def allowance(self, limit: Limit, who: Who, now: datetime, ground: Ground) -> Allowance:
        """What `who` has used of a limit, its windows beginning as they do there.

        Of a cool-down the seconds since the last acceptance are used, so that the remaining ones are left to wait.
        """
        match limit.measure:
            case Measure.CONCURRENT:
                used = await self._number_under_way(_counted(limit.scope, who))
                return Allowance(limit=limit, used=used, resets_at=None)
            case Measure.COOLDOWN:
                return _cooldown(limit, await self._last_hold(_counted(limit.scope, who)), now)
            case Measure.GENERATIONS | Measure.SECONDS | Measure.MICROS:
                zone = ground.zone_of(limit.scope)
                used = taken(await self.amounts(limit.scope, who, limit.window, now, zone), limit.measure)
                ends = None if limit.window is None else limit.window.end(now, zone)
                return Allowance(limit=limit, used=used, resets_at=ends)
            case _:
                assert_never(limit.measure)

    async def amounts(self, scope: Scope, who: Who, window: Window | None, now: datetime, zone: tzinfo) -> Amounts:
        """What was used in the window that `now` is in, or ever where that is None."""
        counted = _counted(scope, who)
        span = None if window is None else (window.start(now, zone), window.end(now, zone))
        if (counted, span) not in self._amounts:
            self._amounts[counted, span] = await self._total(counted, span)
        return self._amounts[counted, span]

    def added(self, who: Who, held: Amounts, at: datetime) -> None:
        """Count a generation that is accepted in the same transaction, and may not be written yet."""
        touched = _touched(who)
        self._count(touched, held, at)
        for counted in touched & self._under_way.keys():
            self._under_way[counted] += 1
        for counted in touched & self._last_holds.keys():
            self._last_holds[counted] = max(at, self._last_holds[counted] or at)

    def released(self, who: Who, releases: Iterable[Entry]) -> None:
        """Count what is released of an unconfirmed generation in the same transaction, and may not be written yet."""
        for entry in releases:
            self._count(_touched(who), used_by([entry]), entry.held_at)

    def _count(self, touched: set[Counted], amounts: Amounts, held_at: datetime) -> None:
        for (counted, span), before in self._amounts.items():
            if counted in touched and is_in(span, held_at):
                self._amounts[counted, span] = plus(before, amounts)

    async def _total(self, counted: Counted, span: Span) -> Amounts:
        if not self._totals.covers(self._connection, counted):
            return await self._summed(counted, span)
        if self._last_id is None:
            self._last_id = await self._totals.catch_up(self._connection)
        found = self._totals.find(counted, span, self._last_id)
        if found is None:
            found = await self._summed(counted, span)
            self._totals.remember(counted, span, found, self._last_id)
        return found

    async def _summed(self, counted: Counted, span: Span) -> Amounts:
        within = [] if span is None else [entries.c.held_at >= span[0], entries.c.held_at < span[1]]
        return await ledger.used(self._connection, *counted.rows(entries), *within)

    async def _number_under_way(self, counted: Counted) -> int:
        if counted not in self._under_way:
            states = generations.c.state.in_([state.value for state in CONCURRENT_STATES])
            chosen = counted.rows(generations)
            query = select(func.count()).select_from(generations).where(OPEN, states, *chosen)
            self._under_way[counted] = int((await self._connection.execute(query)).scalar_one())
        return self._under_way[counted]

    async def _last_hold(self, counted: Counted) -> datetime | None:
        if counted not in self._last_holds:
            self._last_holds[counted] = await ledger.last_hold(self._connection, *counted.rows(entries))
        return self._last_holds[counted]


def taken(used: Amounts, measure: Measure) -> int:
    """One measure of amounts; an unknown price counts as nothing."""
    match measure:
        case Measure.GENERATIONS | Measure.CONCURRENT:
            return used.generations
        case Measure.SECONDS:
            return used.seconds
        case Measure.MICROS:
            return used.micros or 0
        case Measure.COOLDOWN:
            return 0
        case _:
            assert_never(measure)


def _touched(who: Who) -> set[Counted]:
    """Whose figures change with those of `who`."""
    return {_counted(scope, who) for scope in (Scope.BOT, Scope.GUILD, Scope.MEMBER)}


def _counted(scope: Scope, who: Who) -> Counted:
    match scope:
        case Scope.BOT:
            return Counted(Scope.BOT)
        case Scope.GUILD:
            return Counted(Scope.GUILD, who.guild_id)
        case Scope.MEMBER | Scope.ROLE:
            return Counted(Scope.MEMBER, who.guild_id, who.member_key)
        case _:
            assert_never(scope)


def _cooldown(limit: Limit, last: datetime | None, now: datetime) -> Allowance:
    ends = None if last is None else last + min(timedelta(seconds=limit.amount), _LONGEST_COOLDOWN)
    if last is None or ends is None or ends <= now:
        return Allowance(limit=limit, used=limit.amount, resets_at=None)
    return Allowance(limit=limit, used=int((now - last).total_seconds()), resets_at=ends)

"""What has been used of a limit, counted from the ledger and from what is under way."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import TypeAlias, assert_never

from sqlalchemy import ColumnElement, Table, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.generation import CONCURRENT_STATES
from bot.domain.ledger import Amounts
from bot.domain.limits import Allowance, Limit, Measure, Scope, Window
from bot.store import ledger
from bot.store.generations import in_guild
from bot.store.limits import Ground
from bot.store.tables import OPEN, generations
from bot.store.tables import ledger as entries

_LONGEST_COOLDOWN = timedelta(days=36_500)
"""A longer one would end at no date that there is."""

_Span: TypeAlias = tuple[datetime, datetime] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """A member in a guild, or in direct messages where that is None."""

    member_key: str
    guild_id: int | None


@dataclass(frozen=True, slots=True)
class _Counted:
    """Whose entries a limit counts: a member's in a guild, all of a guild, or simply all."""

    scope: Scope
    guild_id: int | None = None
    member_key: str = ""

    def rows(self, table: Table) -> list[ColumnElement[bool]]:
        """What chooses them in a table."""
        match self.scope:
            case Scope.BOT:
                return []
            case Scope.GUILD:
                return [in_guild(table.c.guild_id, self.guild_id)]
            case Scope.MEMBER | Scope.ROLE:
                return [table.c.member_key == self.member_key, in_guild(table.c.guild_id, self.guild_id)]
            case _:
                assert_never(self.scope)


class Usage:
    """What has been used as one transaction sees it: each figure is read once, and carried on by what is `added`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._amounts: dict[tuple[_Counted, _Span], Amounts] = {}
        self._under_way: dict[_Counted, int] = {}
        self._last_holds: dict[_Counted, datetime | None] = {}

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
            within = [] if span is None else [entries.c.held_at >= span[0], entries.c.held_at < span[1]]
            found = await ledger.used(self._connection, *counted.rows(entries), *within)
            self._amounts[counted, span] = found
        return self._amounts[counted, span]

    def added(self, who: Who, held: Amounts, at: datetime) -> None:
        """Count a generation that is accepted in the same transaction, and may not be written yet."""
        touched = {_counted(scope, who) for scope in (Scope.BOT, Scope.GUILD, Scope.MEMBER)}
        for (counted, span), before in self._amounts.items():
            if counted in touched and (span is None or span[0] <= at < span[1]):
                self._amounts[counted, span] = _sum(before, held)
        for counted in touched & self._under_way.keys():
            self._under_way[counted] += 1
        for counted in touched & self._last_holds.keys():
            self._last_holds[counted] = max(at, self._last_holds[counted] or at)

    async def _number_under_way(self, counted: _Counted) -> int:
        if counted not in self._under_way:
            states = generations.c.state.in_([state.value for state in CONCURRENT_STATES])
            chosen = counted.rows(generations)
            query = select(func.count()).select_from(generations).where(OPEN, states, *chosen)
            self._under_way[counted] = int((await self._connection.execute(query)).scalar_one())
        return self._under_way[counted]

    async def _last_hold(self, counted: _Counted) -> datetime | None:
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


def _counted(scope: Scope, who: Who) -> _Counted:
    match scope:
        case Scope.BOT:
            return _Counted(Scope.BOT)
        case Scope.GUILD:
            return _Counted(Scope.GUILD, who.guild_id)
        case Scope.MEMBER | Scope.ROLE:
            return _Counted(Scope.MEMBER, who.guild_id, who.member_key)
        case _:
            assert_never(scope)


def _cooldown(limit: Limit, last: datetime | None, now: datetime) -> Allowance:
    ends = None if last is None else last + min(timedelta(seconds=limit.amount), _LONGEST_COOLDOWN)
    if last is None or ends is None or ends <= now:
        return Allowance(limit=limit, used=limit.amount, resets_at=None)
    return Allowance(limit=limit, used=int((now - last).total_seconds()), resets_at=ends)


def _sum(one: Amounts, other: Amounts) -> Amounts:
    return Amounts(
        generations=one.generations + other.generations,
        seconds=one.seconds + other.seconds,
        micros=(one.micros or 0) + (other.micros or 0),
    )

"""What has been used of a limit, counted from the ledger and from what is under way."""

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import assert_never

from sqlalchemy import ColumnElement, Table, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.generation import CONCURRENT_STATES
from bot.domain.ledger import Amounts
from bot.domain.limits import Allowance, Limit, Measure, Scope, Window
from bot.store import ledger
from bot.store.generations import in_guild
from bot.store.tables import OPEN, generations
from bot.store.tables import ledger as entries


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """A member in a guild, or in direct messages where that is None."""

    member_key: str
    guild_id: int | None


async def allowance(connection: AsyncConnection, limit: Limit, who: Who, now: datetime, zone: tzinfo) -> Allowance:
    """What `who` has used of a limit, windows counted in `zone`.

    Of a cool-down the seconds since the last acceptance are used, so that the remaining ones are left to wait.
    """
    match limit.measure:
        case Measure.CONCURRENT:
            return Allowance(limit=limit, used=await _under_way(connection, limit.scope, who), resets_at=None)
        case Measure.COOLDOWN:
            return await _cooldown(connection, limit, who, now)
        case Measure.GENERATIONS | Measure.SECONDS | Measure.MICROS:
            used = await amounts(connection, limit.scope, who, limit.window, now, zone)
            ends = None if limit.window is None else limit.window.end(now, zone)
            return Allowance(limit=limit, used=taken(used, limit.measure), resets_at=ends)
        case _:
            assert_never(limit.measure)


async def amounts(
    connection: AsyncConnection, scope: Scope, who: Who, window: Window | None, now: datetime, zone: tzinfo
) -> Amounts:
    """What was used in the window that `now` is in, or ever where that is None."""
    which = _of(entries, scope, who)
    if window is not None:
        which += [entries.c.held_at >= window.start(now, zone), entries.c.held_at < window.end(now, zone)]
    return await ledger.used(connection, *which)


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


async def _under_way(connection: AsyncConnection, scope: Scope, who: Who) -> int:
    states = generations.c.state.in_([state.value for state in CONCURRENT_STATES])
    query = select(func.count()).select_from(generations).where(OPEN, states, *_of(generations, scope, who))
    return int((await connection.execute(query)).scalar_one())


async def _cooldown(connection: AsyncConnection, limit: Limit, who: Who, now: datetime) -> Allowance:
    last = await ledger.last_hold(connection, *_of(entries, limit.scope, who))
    ends = None if last is None else last + timedelta(seconds=limit.amount)
    if last is None or ends is None or ends <= now:
        return Allowance(limit=limit, used=limit.amount, resets_at=None)
    return Allowance(limit=limit, used=int((now - last).total_seconds()), resets_at=ends)


def _of(table: Table, scope: Scope, who: Who) -> list[ColumnElement[bool]]:
    match scope:
        case Scope.BOT:
            return []
        case Scope.GUILD:
            return [in_guild(table.c.guild_id, who.guild_id)]
        case Scope.MEMBER | Scope.ROLE:
            return [table.c.member_key == who.member_key, in_guild(table.c.guild_id, who.guild_id)]
        case _:
            assert_never(scope)

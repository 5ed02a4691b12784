"""Queries of `limits`: what people set in a guild, and the owner for the whole bot; where their windows begin."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog
from sqlalchemy import ColumnElement, RowMapping, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.guild import BOT
from bot.domain.limits import Limit, Measure, Scope, Window
from bot.store.tables import guilds
from bot.store.tables import limits as table

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What counts in one guild, or in direct messages: the limits that were set, with those of the whole bot.

    Windows begin in the guild's own `zone`, but those of the bot's limits in `bot_zone`: they are the same for all.
    `paused_at` and `bot_paused_at`: since when nothing is accepted there, or anywhere.
    """

    limits: tuple[Limit, ...]
    zone: tzinfo
    bot_zone: tzinfo
    paused_at: datetime | None = None
    bot_paused_at: datetime | None = None

    def zone_of(self, scope: Scope) -> tzinfo:
        """Where the windows of limits with this scope begin."""
        return self.bot_zone if scope is Scope.BOT else self.zone


async def grounds(
    connection: AsyncConnection, guild_ids: Collection[int | None], zone: tzinfo
) -> dict[int | None, Ground]:
    """What counts in each of these guilds (None: in direct messages); `zone` is the configuration's."""
    named = {guild_id for guild_id in guild_ids if guild_id is not None}
    stored = await _stored(connection, named | {BOT})
    set_here = await _settings(connection, named | {BOT})
    bot_paused_at = set_here[BOT]["paused_at"] if BOT in set_here else None
    found: dict[int | None, Ground] = {}
    for guild_id in guild_ids:
        own = set_here.get(guild_id) if guild_id else None
        found[guild_id] = Ground(
            limits=(*stored[BOT], *stored[guild_id]) if guild_id else tuple(stored[BOT]),
            zone=(_zone_of(own) if own else None) or zone,
            bot_zone=zone,
            paused_at=own["paused_at"] if own else None,
            bot_paused_at=bot_paused_at,
        )
    return found


async def ground_of(connection: AsyncConnection, guild_id: int | None, zone: tzinfo) -> Ground:
    """What counts in one guild, or in direct messages."""
    return (await grounds(connection, [guild_id], zone))[guild_id]


async def of_guild(connection: AsyncConnection, guild_id: int) -> list[Limit]:
    """What was set in a guild, and for the whole bot; given `BOT`, only the latter."""
    stored = await _stored(connection, {guild_id, BOT})
    return [*stored[BOT], *(stored[guild_id] if guild_id != BOT else ())]


async def put(connection: AsyncConnection, guild_id: int, limit: Limit) -> int | None:
    """Set a limit; returns the amount before, None where there was none."""
    before = await _amount(connection, guild_id, limit)
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = insert(table).values(**_key(guild_id, limit), amount=limit.amount)
    await connection.execute(
        statement.on_conflict_do_update(index_elements=list(table.primary_key), set_={"amount": limit.amount})
    )
    return before


async def remove(connection: AsyncConnection, guild_id: int, limit: Limit) -> int | None:
    """Take a limit away, whatever its amount; returns the amount before, None where there was none."""
    before = await _amount(connection, guild_id, limit)
    await connection.execute(delete(table).where(*_is(guild_id, limit)))
    return before


async def _stored(connection: AsyncConnection, guild_ids: Collection[int]) -> dict[int, list[Limit]]:
    query = select(table).where(table.c.guild_id.in_(guild_ids)).order_by(*table.primary_key)
    found: dict[int, list[Limit]] = defaultdict(list)
    for row in (await connection.execute(query)).mappings():
        found[row["guild_id"]].append(_limit_of(row))
    return found


async def _settings(connection: AsyncConnection, guild_ids: Collection[int]) -> dict[int, RowMapping]:
    """Time zone and pause by guild, of those where anything was set."""
    query = select(guilds.c.guild_id, guilds.c.time_zone, guilds.c.paused_at).where(guilds.c.guild_id.in_(guild_ids))
    return {row["guild_id"]: row for row in (await connection.execute(query)).mappings()}


def _zone_of(row: RowMapping) -> tzinfo | None:
    """A guild's own time zone, where it has one."""
    if row["time_zone"] is None:
        return None
    try:
        return ZoneInfo(row["time_zone"])
    except (ZoneInfoNotFoundError, ValueError):  # this machine's list of zones may be another one's
        _log.warning("time_zone_unknown", guild=row["guild_id"], time_zone=row["time_zone"])
        return None


async def _amount(connection: AsyncConnection, guild_id: int, limit: Limit) -> int | None:
    query = select(table.c.amount).where(*_is(guild_id, limit)).with_for_update()
    found: int | None = (await connection.execute(query)).scalar()
    return found


def _is(guild_id: int, limit: Limit) -> list[ColumnElement[bool]]:
    return [table.c[name] == value for name, value in _key(guild_id, limit).items()]


def _key(guild_id: int, limit: Limit) -> dict[str, object]:
    return {
        "guild_id": guild_id,
        "scope": limit.scope.value,
        "scope_id": limit.scope_id,
        "measure": limit.measure.value,
        "window": limit.window.value if limit.window else "",
    }


def _limit_of(row: RowMapping) -> Limit:
    return Limit(
        scope=Scope(row["scope"]),
        scope_id=row["scope_id"],
        measure=Measure(row["measure"]),
        window=Window(row["window"]) if row["window"] else None,
        amount=row["amount"],
    )

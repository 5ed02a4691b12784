"""Queries over all guilds, for the owner's overview."""

from datetime import datetime, tzinfo

from sqlalchemy import case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.generation import State
from bot.domain.ledger import EntryKind
from bot.domain.limits import Window
from bot.domain.overview import Overview, Spend, Waiting
from bot.store import generations
from bot.store.database import Database
from bot.store.tables import OPEN
from bot.store.tables import generations as table
from bot.store.tables import ledger as entries

_SHOWN = 20
"""Old holds that are named; one deserves a look, hundreds are an outage."""


class Overviews:
    """How the whole bot is doing; days begin in `zone`."""

    def __init__(self, database: Database, zone: tzinfo) -> None:
        self._database = database
        self._zone = zone

    async def look(self, now: datetime, held_before: datetime) -> Overview:
        """All of it at one instant; holds count as old that were entered before `held_before`."""
        day_start = Window.DAY.start(now, self._zone)

        async def work(connection: AsyncConnection) -> Overview:
            return Overview(
                queue=await generations.counts(connection),
                oldest_running=await _oldest_running(connection),
                day_start=day_start,
                spend=await _spend(connection, day_start),
                old_holds=await _old_holds(connection, held_before),
                old_hold_count=await _old_hold_count(connection, held_before),
            )

        return await self._database.read(work)


async def _oldest_running(connection: AsyncConnection) -> Waiting | None:
    since = func.coalesce(table.c.submitted_at, table.c.accepted_at, type_=table.c.accepted_at.type)
    query = select(table.c.id, table.c.guild_id, since.label("since")).where(OPEN, table.c.state == State.RUNNING.value)
    row = (await connection.execute(query.order_by(since).limit(1))).first()
    if row is None:
        return None
    return Waiting(generation_id=row.id, guild_id=row.guild_id, state=State.RUNNING, since=row.since)


async def _old_holds(connection: AsyncConnection, before: datetime) -> tuple[Waiting, ...]:
    query = (
        select(table.c.id, table.c.guild_id, table.c.state, table.c.accepted_at)
        .where(OPEN, table.c.accepted_at < before)
        .order_by(table.c.accepted_at)
        .limit(_SHOWN)
    )
    return tuple(
        Waiting(generation_id=row.id, guild_id=row.guild_id, state=State(row.state), since=row.accepted_at)
        for row in await connection.execute(query)
    )


async def _old_hold_count(connection: AsyncConnection, before: datetime) -> int:
    query = select(func.count()).select_from(table).where(OPEN, table.c.accepted_at < before)
    return int((await connection.execute(query)).scalar_one())


async def _spend(connection: AsyncConnection, since: datetime) -> Spend:
    """Charges less refunds; each counts for the day of its hold, as in the limits."""
    is_refund = entries.c.releases == EntryKind.CHARGE.value
    sign = case((is_refund, -1), else_=1)
    known = case((entries.c.micros.is_not(None), sign), else_=0)
    sums = (func.coalesce(func.sum(part), 0) for part in (sign * entries.c.micros, known, sign - known))
    query = select(*sums).where(entries.c.held_at >= since, or_(entries.c.kind == EntryKind.CHARGE.value, is_refund))
    micros, known_count, unknown = (await connection.execute(query)).one()
    return Spend(micros=int(micros), known=int(known_count), unknown=int(unknown))

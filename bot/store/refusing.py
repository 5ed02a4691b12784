"""Queries of `refusals`: prompts that were refused, for the moderators of their guild."""

from datetime import timedelta

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.moderating import Refusal, RefusedPrompt
from bot.store import members
from bot.store.rows import storable
from bot.store.tables import members as members_table
from bot.store.tables import refusals as table

HOURLY = 20
"""Refusals of one member that are recorded within an hour: who goes on trying fills no disk and hides nobody else."""

_HOUR = timedelta(hours=1)


async def refuse(connection: AsyncConnection, refusal: Refusal) -> bool:
    """Record a refused prompt; False where the member had HOURLY of them recorded within the hour before it."""
    key = await members.known(connection, refusal.user_id)
    await _take_turn(connection, key)
    recent = (table.c.member_key == key, table.c.at > refusal.at - _HOUR)
    if (await connection.execute(select(func.count()).select_from(table).where(*recent))).scalar_one() >= HOURLY:
        return False
    values = {
        "at": refusal.at,
        "guild_id": refusal.guild_id,
        "channel_id": 0 if refusal.guild_id is None else refusal.channel_id,  # that of direct messages is one person's
        "member_key": key,
        "rule": storable(refusal.rule),
        "prompt": storable(refusal.prompt),
    }
    await connection.execute(insert(table).values(values))
    return True


async def refusals_of(
    connection: AsyncConnection, guild_id: int, count: int, before_id: int | None
) -> list[RefusedPrompt]:
    """The latest refused prompts of a guild, newest first; only those that were recorded before one of them."""
    columns = (table.c.id, table.c.at, table.c.channel_id, table.c.member_key, table.c.rule, table.c.prompt)
    query = (
        select(*columns, members_table.c.user_id)
        .join_from(table, members_table, members_table.c.key == table.c.member_key)
        .where(table.c.guild_id == guild_id)
        .order_by(table.c.id.desc())
        .limit(count)
    )
    if before_id is not None:
        query = query.where(table.c.id < before_id)
    return [RefusedPrompt(**row) for row in (await connection.execute(query)).mappings()]


async def _take_turn(connection: AsyncConnection, key: str) -> None:
    """Let no other transaction count this member's refusals meanwhile (SQLite has but one writer anyway)."""
    await connection.execute(
        select(members_table.c.key).where(members_table.c.key == key).with_for_update(key_share=True)
    )

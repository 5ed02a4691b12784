"""Queries of members' histories: their own generations, page by page."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.generation import Generation, State
from bot.store import rows
from bot.store.generations import in_guild
from bot.store.tables import generations as table


async def of_requester(
    connection: AsyncConnection, user_id: int, guild_id: int | None, states: Collection[State], within: range
) -> list[Generation]:
    """A member's generations of these states in a guild (or in direct messages), newest first: those at `within`."""
    query = (
        select(table)
        .where(
            table.c.requester_id == user_id,
            in_guild(table.c.guild_id, guild_id),
            table.c.state.in_([state.value for state in states]),
        )
        .order_by(table.c.accepted_at.desc())
        .offset(within.start)
        .limit(len(within))
    )
    return rows.readable((await connection.execute(query)).mappings())

"""Queries of `blocks` for many members at once."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.guild import Block
from bot.store.tables import blocks as table


async def among(
    connection: AsyncConnection, guild_ids: Collection[int], user_ids: Collection[int]
) -> dict[tuple[int | None, int], Block]:
    """The blocks of these members in these guilds, by guild and user id; some may be over."""
    query = select(table).where(table.c.guild_id.in_(guild_ids), table.c.user_id.in_(user_ids))
    return {
        (row.guild_id, row.user_id): Block(user_id=row.user_id, blocked_at=row.blocked_at, until=row.until, why=row.why)
        for row in await connection.execute(query)
    }

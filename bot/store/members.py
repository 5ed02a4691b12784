"""Queries of `members`: the only place where a member's key and Discord's user id stand side by side."""

import secrets

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.tables import members as table


def new_key() -> str:
    """A key that says nothing of whose it is."""
    return secrets.token_hex(16)


async def key_of(connection: AsyncConnection, user_id: int) -> str | None:
    """A member's key, None for one who never made anything."""
    found: str | None = (await connection.execute(select(table.c.key).where(table.c.user_id == user_id))).scalar()
    return found


async def known(connection: AsyncConnection, user_id: int) -> str:
    """A member's key, a new one for one who is not known yet."""
    key = await key_of(connection, user_id)
    if key is None:
        key = new_key()
        await add(connection, key, user_id)
    return key


async def add(connection: AsyncConnection, key: str, user_id: int) -> None:
    """Write a new member."""
    await connection.execute(insert(table), {"key": key, "user_id": user_id})

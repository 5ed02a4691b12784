"""Queries of `members`: the only place where a member's key and Discord's user id stand side by side."""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.tables import members as table


@dataclass(frozen=True, slots=True)
class Known:
    """A member's key, and the name of the account that Discord showed last."""

    key: str
    name: str | None


def new_key() -> str:
    """A key that says nothing of whose it is."""
    return secrets.token_hex(16)


async def key_of(connection: AsyncConnection, user_id: int) -> str | None:
    """A member's key, None for one who never made anything."""
    found: str | None = (await connection.execute(select(table.c.key).where(table.c.user_id == user_id))).scalar()
    return found


async def find(connection: AsyncConnection, user_ids: Collection[int]) -> dict[int, Known]:
    """What is known of members by their user ids; those who never made anything are left out."""
    query = select(table.c.user_id, table.c.key, table.c.name).where(table.c.user_id.in_(user_ids))
    return {row.user_id: Known(row.key, row.name) for row in await connection.execute(query)}


async def known(connection: AsyncConnection, user_id: int) -> str:
    """A member's key, a new one for one who is not known yet; where others write that one meanwhile, theirs."""
    key = await key_of(connection, user_id)
    if key is not None:
        return key
    new = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    values = {"key": new_key(), "user_id": user_id}
    await connection.execute(new(table).values(values).on_conflict_do_nothing(index_elements=[table.c.user_id]))
    found: str = (await connection.execute(select(table.c.key).where(table.c.user_id == user_id))).scalar_one()
    return found


async def add(connection: AsyncConnection, new: Mapping[int, Known]) -> None:
    """Write new members by their user ids; in that order, so that no two transactions wait for one another."""
    if new:
        rows = [{"key": known.key, "user_id": user_id, "name": known.name} for user_id, known in sorted(new.items())]
        await connection.execute(insert(table), rows)


async def rename(connection: AsyncConnection, key: str, name: str) -> None:
    """Write the name that Discord shows for a member's account now; never that of one who asked to be forgotten."""
    await connection.execute(update(table).where(table.c.key == key, table.c.forget_since.is_(None)).values(name=name))

"""Queries of `snapshots`."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.tables import snapshots as table


async def load(connection: AsyncConnection, name: str) -> tuple[str, datetime] | None:
    """A document with the time when it was stored."""
    query = select(table.c.document, table.c.stored_at).where(table.c.name == name)
    row = (await connection.execute(query)).first()
    return None if row is None else (row.document, row.stored_at)


async def keep(connection: AsyncConnection, name: str, document: str, now: datetime) -> None:
    """Store a document in place of the former one."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    values = {"document": document, "stored_at": now}
    statement = insert(table).values(name=name, **values)
    await connection.execute(statement.on_conflict_do_update(index_elements=[table.c.name], set_=values))

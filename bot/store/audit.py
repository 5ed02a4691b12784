"""Queries of `audit`; there is none that changes or removes a record."""

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.change import AuditRecord
from bot.store.tables import audit as table


async def add(connection: AsyncConnection, records: Sequence[AuditRecord]) -> None:
    """Write records."""
    if records:
        await connection.execute(insert(table), [asdict(record) for record in records])

"""Queries of `ledger`; there is none that changes or removes an entry."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, RowMapping, case, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.generation import Generation
from bot.domain.ledger import Amounts, Entry, EntryKind
from bot.store.tables import ledger as table

_COLUMNS = tuple((column.name, column.type.python_type, column.nullable) for column in table.columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counting:
    """What an entry adds to the sums that it belongs to; less than nothing where it gives back."""

    id: int
    guild_id: int | None
    held_at: datetime
    used: Amounts


async def add(connection: AsyncConnection, entries: Sequence[tuple[Generation, Entry]]) -> None:
    """Write entries, each with the generation that it belongs to."""
    if entries:
        await connection.execute(insert(table), [_columns(generation, entry) for generation, entry in entries])


async def hold_of(connection: AsyncConnection, generation_id: str) -> Entry | None:
    """The generation's hold."""
    query = select(table).where(table.c.generation_id == generation_id, table.c.kind == EntryKind.HOLD.value)
    row = (await connection.execute(query)).mappings().first()
    return None if row is None else _entry_of(row)


async def entries_of(connection: AsyncConnection, generation_id: str) -> list[Entry]:
    """All entries of a generation, in their order."""
    query = select(table).where(table.c.generation_id == generation_id).order_by(table.c.id)
    return [_entry_of(row) for row in (await connection.execute(query)).mappings()]


async def spoilt_holds(connection: AsyncConnection, *which: ColumnElement[bool]) -> list[RowMapping]:
    """The holds among the entries chosen that no release could close, since the ledger takes none of their values."""
    query = select(table).where(table.c.kind == EntryKind.HOLD.value, *which)
    return [row for row in (await connection.execute(query)).mappings() if not _is_sound(row)]


async def used(connection: AsyncConnection, *which: ColumnElement[bool]) -> Amounts:
    """Held + charged - refunded of the entries chosen; unknown prices count as nothing in micros."""
    sign = case((table.c.kind == EntryKind.RELEASE.value, -1), else_=1)
    amounts = (table.c.generations, table.c.seconds, table.c.micros)
    query = select(*(func.coalesce(func.sum(sign * amount), 0) for amount in amounts)).where(*which)
    generations, seconds, micros = (await connection.execute(query)).one()
    return Amounts(generations=int(generations), seconds=int(seconds), micros=int(micros))


async def last_id(connection: AsyncConnection) -> int:
    """The number of the last entry, 0 where there is none."""
    return int((await connection.execute(select(func.coalesce(func.max(table.c.id), 0)))).scalar_one())


async def after(connection: AsyncConnection, entry_id: int, count: int) -> list[Counting]:
    """The next entries after one, in their order, at most so many."""
    amounts = (table.c.generations, table.c.seconds, table.c.micros)
    query = select(table.c.id, table.c.guild_id, table.c.held_at, table.c.kind, *amounts)
    rows = await connection.execute(query.where(table.c.id > entry_id).order_by(table.c.id).limit(count))
    return [_counting_of(row) for row in rows.mappings()]


async def last_hold(connection: AsyncConnection, *which: ColumnElement[bool]) -> datetime | None:
    """When the latest of the generations chosen was accepted."""
    query = select(table.c.held_at).where(*which).order_by(table.c.held_at.desc()).limit(1)
    found: datetime | None = (await connection.execute(query)).scalar()
    return found


def _columns(generation: Generation, entry: Entry) -> dict[str, object]:
    origin = generation.origin
    return {
        "generation_id": entry.generation_id,
        "kind": entry.kind.value,
        "releases": "" if entry.releases is None else entry.releases.value,
        "generations": entry.amounts.generations,
        "seconds": entry.amounts.seconds,
        "micros": entry.amounts.micros,
        "at": entry.at,
        "held_at": entry.held_at,
        "member_key": generation.member_key,
        "guild_id": origin.guild_id,
        "channel_id": 0 if origin.guild_id is None else origin.channel_id,  # that of direct messages is one person's
        "model": generation.request.model,
        "operation": generation.request.operation.value,
    }


def _counting_of(row: RowMapping) -> Counting:
    sign = -1 if row["kind"] == EntryKind.RELEASE.value else 1
    added = Amounts(
        generations=sign * row["generations"], seconds=sign * row["seconds"], micros=sign * (row["micros"] or 0)
    )
    return Counting(id=row["id"], guild_id=row["guild_id"], held_at=row["held_at"], used=added)


def _entry_of(row: RowMapping) -> Entry:
    return Entry(
        generation_id=row["generation_id"],
        kind=EntryKind(row["kind"]),
        amounts=Amounts(generations=row["generations"], seconds=row["seconds"], micros=row["micros"]),
        at=row["at"],
        held_at=row["held_at"],
        releases=EntryKind(row["releases"]) if row["releases"] else None,
    )


def _is_sound(row: RowMapping) -> bool:
    """Whether each value is of its column's kind, and none is less than nothing: SQLite keeps anything."""
    is_typed = all(
        isinstance(row[name], kind) or (may_be_empty and row[name] is None) for name, kind, may_be_empty in _COLUMNS
    )
    return is_typed and all(row[name] is None or row[name] >= 0 for name in ("generations", "seconds", "micros"))

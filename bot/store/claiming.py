"""Claiming: due rows are taken by the kind of their steps, each kind in the order of its own index."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import CTE, Select, select, union_all, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.change import Room
from bot.domain.generation import Generation, StepKind
from bot.store import rows
from bot.store.generations import is_free
from bot.store.tables import DUE
from bot.store.tables import generations as table


@dataclass(frozen=True, slots=True)
class _Due:
    """Which rows may be claimed."""

    now: datetime
    but_not: Collection[str]

    def of(self, kind: StepKind, count: int) -> CTE:
        """Up to `count` of one kind, longest due first."""
        return (
            select(table.c.id, table.c.due_at)
            .where(DUE[kind], table.c.due_at <= self.now, is_free(self.now), table.c.id.not_in(self.but_not))
            .order_by(table.c.due_at)
            .limit(count)
            .with_for_update(skip_locked=True)
            .cte(f"due_{kind}")
        )


async def claim(
    connection: AsyncConnection, now: datetime, lease: timedelta, room: Room, but_not: Collection[str] = ()
) -> list[Generation]:
    """Take due rows that nobody holds as far as there is room, longest due first, under a new lease token each.

    A row that can't be read back is logged and made due no more, so that it doesn't stand in the way of the others.
    """
    due = _Due(now, but_not)
    waiting = _longest_due(
        due.of(StepKind.SUBMISSION, room.waiting), due.of(StepKind.DELIVERY, room.deliveries), room.waiting
    )
    chosen = _longest_due(due.of(StepKind.POLL, room.steps), waiting.cte("waiting"), room.steps).subquery()
    statement = (
        update(table)
        .where(table.c.id.in_(select(chosen.c.id)))
        .values(lease_token=table.c.lease_token + 1, lease_until=now + lease)
        .returning(table)
    )
    taken = (await connection.execute(statement)).mappings().all()
    claimed = sorted(rows.readable(taken), key=lambda generation: generation.due_at or now)
    unreadable = {row["id"] for row in taken} - {generation.id for generation in claimed}
    if unreadable:
        await connection.execute(update(table).where(table.c.id.in_(unreadable)).values(due_at=None, lease_until=None))
    return claimed


async def next_due(connection: AsyncConnection, kinds: Collection[StepKind]) -> datetime | None:
    """When the next row of these kinds without a lease is due; what is no instant is left to be put aside."""
    firsts = [
        select(table.c.due_at)
        .where(DUE[kind], table.c.lease_until.is_(None))
        .order_by(table.c.due_at)
        .limit(1)
        .subquery()
        for kind in kinds
    ]
    if not firsts:
        return None
    found = (await connection.execute(union_all(*(select(first.c.due_at) for first in firsts)))).scalars()
    return min((due_at for due_at in found if isinstance(due_at, datetime)), default=None)


async def release_leases(connection: AsyncConnection) -> int:
    """End every lease of a row that is due some time; returns how many."""
    released = 0
    for is_due in DUE.values():
        statement = update(table).where(is_due, table.c.lease_until.is_not(None)).values(lease_until=None)
        released += (await connection.execute(statement)).rowcount
    return released


def _longest_due(one: CTE, other: CTE, count: int) -> Select[tuple[str, datetime]]:
    both = union_all(select(one.c.id, one.c.due_at), select(other.c.id, other.c.due_at)).subquery()
    return select(both.c.id, both.c.due_at).order_by(both.c.due_at).limit(count)

"""Queries for the rows of reports: one for each generation, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Label, RowMapping, Select, case, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.figures import Outcome, UsageRow
from bot.domain.generation import State
from bot.domain.ledger import EntryKind
from bot.store.tables import generations, members
from bot.store.tables import ledger as entries

_ENDED_WITHOUT = {State.CANCELLED.value: Outcome.CANCELLED, State.EXPIRED.value: Outcome.EXPIRED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """So many rows after one, as they were at the entry `upto` of the ledger."""

    upto: int
    after: UsageRow | None
    count: int


def shown_id() -> Label[int | None]:
    """A member's user id as reports show it: no more once they asked to be forgotten."""
    return case((members.c.forget_since.is_(None), members.c.user_id)).label("user_id")


def shown_name() -> Label[str | None]:
    """A member's name as reports show it: no more once they asked to be forgotten."""
    return case((members.c.forget_since.is_(None), members.c.name)).label("name")


async def page(connection: AsyncConnection, which: Sequence[ColumnElement[bool]], wanted: Page) -> list[UsageRow]:
    """Generations whose holds fulfil all of `which`, in the order of their acceptance."""
    query = _query(wanted.upto).where(entries.c.kind == EntryKind.HOLD.value, *which)
    if wanted.after is not None:
        at, last = wanted.after.accepted_at, wanted.after.generation_id
        query = query.where(entries.c.held_at >= at, or_(entries.c.held_at > at, entries.c.generation_id > last))
    query = query.order_by(entries.c.held_at, entries.c.generation_id).limit(wanted.count)
    return [_row(row) for row in (await connection.execute(query)).mappings()]


def _query(upto: int) -> Select[Any]:
    charge, release, refund = entries.alias("charge"), entries.alias("release"), entries.alias("refund")
    columns = (
        *(entries.c[name] for name in ("generation_id", "held_at", "guild_id", "channel_id", "model", "operation")),
        *(shown_id(), shown_name(), generations.c.state),
        *(charge.c.at.label("charged_at"), charge.c.seconds, charge.c.micros),
        *(release.c.id.label("release"), refund.c.id.label("refund")),
    )
    joined = entries.outerjoin(charge, _is_of(charge, upto, EntryKind.CHARGE))
    joined = joined.outerjoin(release, _is_of(release, upto, EntryKind.RELEASE, EntryKind.HOLD))
    joined = joined.outerjoin(refund, _is_of(refund, upto, EntryKind.RELEASE, EntryKind.CHARGE))
    joined = joined.outerjoin(generations, generations.c.id == entries.c.generation_id)
    return select(*columns).select_from(joined.outerjoin(members, members.c.key == entries.c.member_key))


def _is_of(other: FromClause, upto: int, kind: EntryKind, releases: EntryKind | None = None) -> ColumnElement[bool]:
    """Whether another entry is the one of this kind of the same generation, and was written by then."""
    is_same = (other.c.generation_id == entries.c.generation_id) & (other.c.id <= upto)
    return is_same & (other.c.kind == kind.value) & (other.c.releases == (releases.value if releases else ""))


def _row(row: RowMapping) -> UsageRow:
    charged_at: datetime | None = row["charged_at"]
    outcome = _outcome(row)
    is_kept = outcome is Outcome.SUCCEEDED
    return UsageRow(
        generation_id=row["generation_id"],
        accepted_at=row["held_at"],
        member_id=row["user_id"],
        member_name=row["name"],
        guild_id=row["guild_id"],
        channel_id=row["channel_id"],
        model=row["model"],
        operation=row["operation"],
        outcome=outcome,
        seconds=row["seconds"] if is_kept else 0,
        micros=row["micros"] if is_kept else 0,
        took=None if charged_at is None else charged_at - row["held_at"],
    )


def _outcome(row: RowMapping) -> Outcome:
    """By the ledger; the state only tells apart what the ledger doesn't, as it may have moved on since."""
    if row["charged_at"] is not None:
        return Outcome.SUCCEEDED if row["refund"] is None else Outcome.REFUNDED
    if row["release"] is None:
        return Outcome.UNCONFIRMED if row["state"] == State.UNCONFIRMED.value else Outcome.OPEN
    return _ENDED_WITHOUT.get(row["state"], Outcome.FAILED)

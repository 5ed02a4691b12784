"""Queries of `generations`: each is a function of a connection, inside somebody's transaction."""

import contextlib
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, case, func, insert, literal, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.generation import Generation, MessageRef, Reason, State
from bot.domain.request import Operation
from bot.store import rows
from bot.store.instants import Instant
from bot.store.tables import FINISHED, OPEN
from bot.store.tables import generations as table

_USUAL_OF = 200
"""So many of the latest tell what is usual."""

_CANCELLABLE = (State.ACCEPTED, State.SUBMITTING, State.RUNNING)


def in_guild(column: ColumnElement[int | None], guild_id: int | None) -> ColumnElement[bool]:
    """Whether a row is of a guild, or of direct messages where that is None; in words that both databases index."""
    return column.is_(None) if guild_id is None else column == guild_id


def is_free(now: datetime) -> ColumnElement[bool]:
    """Whether nobody holds a row."""
    return or_(table.c.lease_until.is_(None), table.c.lease_until <= now)


async def add(connection: AsyncConnection, *new: Generation) -> None:
    """Write new generations, claimed by nobody."""
    await connection.execute(insert(table), [rows.columns(generation) for generation in new])


async def get(connection: AsyncConnection, generation_id: str) -> Generation | None:
    """One generation."""
    return await _one(connection, select(table).where(table.c.id == generation_id))


async def find(connection: AsyncConnection, reference: str) -> Generation | None:
    """One generation by its id, else the latest one by the provider's task id."""
    query = select(table).where(table.c.task_id == reference).order_by(table.c.accepted_at.desc()).limit(1)
    return await get(connection, reference) or await _one(connection, query)


async def of_interactions(connection: AsyncConnection, interaction_ids: Collection[int]) -> dict[int, Generation]:
    """The generations that these interactions led to already."""
    query = select(table).where(table.c.interaction_id.in_(interaction_ids))
    found = rows.readable((await connection.execute(query)).mappings())
    return {generation.origin.interaction_id: generation for generation in found}


async def locked(connection: AsyncConnection, ids: Collection[str]) -> dict[str, Generation]:
    """These generations by id, unchangeable by others until the transaction ends."""
    query = select(table).where(table.c.id.in_(ids)).order_by(table.c.id).with_for_update()
    found = rows.readable((await connection.execute(query)).mappings())
    return {generation.id: generation for generation in found}


async def write(connection: AsyncConnection, changed: Mapping[str, Mapping[str, object]]) -> None:
    """Write the changed columns of generations that are locked, by id."""
    alike: dict[tuple[str, ...], list[dict[str, object]]] = defaultdict(list)
    for generation_id, columns in changed.items():
        if columns:
            alike[tuple(sorted(columns))].append({**columns, "row_id": generation_id})
    for parameters in alike.values():
        await connection.execute(update(table).where(table.c.id == bindparam("row_id")), parameters)


async def claim_one(
    connection: AsyncConnection, generation_id: str, state: State, now: datetime, lease: timedelta
) -> Generation | None:
    """Take one row in `state`, due or not, under a new lease token; None where it isn't, or somebody holds it."""
    statement = (
        update(table)
        .where(table.c.id == generation_id, table.c.state == state.value, is_free(now))
        .values(lease_token=table.c.lease_token + 1, lease_until=now + lease)
        .returning(table)
    )
    row = (await connection.execute(statement)).mappings().first()
    return None if row is None else rows.generation_of(row)


async def defer(connection: AsyncConnection, generations: Sequence[Generation]) -> None:
    """Write when claimed rows are next due, with the figures of the poll, and end their leases.

    Rows that others claimed or moved on meanwhile stay as they are. A row that was to be cancelled meanwhile stays due.
    """
    is_unwoken = table.c.cancel_requested.is_not_distinct_from(bindparam("row_cancel"))
    statement = (
        update(table)
        .where(
            table.c.id == bindparam("row_id"),
            table.c.state == bindparam("row_state"),
            table.c.lease_token == bindparam("row_token"),
        )
        .values(
            due_at=case((is_unwoken, bindparam("row_due", type_=Instant())), else_=table.c.due_at),
            polled_at=bindparam("row_polled"),
            poll_failures=bindparam("row_failures"),
            progress=bindparam("row_progress"),
            lease_until=None,
        )
    )
    ordered = sorted(generations, key=lambda generation: generation.id)
    await connection.execute(statement, [_deferral(generation) for generation in ordered])


async def extend_lease(connection: AsyncConnection, generation: Generation, until: datetime) -> bool:
    """Hold a claimed row for longer; False where it is no longer ours."""
    statement = (
        update(table)
        .where(
            table.c.id == generation.id,
            table.c.lease_token == generation.lease_token,
            table.c.lease_until.is_not(None),
        )
        .values(lease_until=until)
    )
    return (await connection.execute(statement)).rowcount == 1


async def attach_card(
    connection: AsyncConnection, generation_id: str, card: MessageRef, now: datetime
) -> Generation | None:
    """Store the card where none is stored; an accepted row that nobody holds becomes due at once."""
    waits = (table.c.state == State.ACCEPTED.value) & is_free(now)
    statement = (
        update(table)
        .where(table.c.id == generation_id, table.c.card_message_id.is_(None))
        .values(
            card_channel_id=card.channel_id,
            card_message_id=card.message_id,
            due_at=case((waits, literal(now, Instant())), else_=table.c.due_at),
        )
    )
    await connection.execute(statement)
    return await get(connection, generation_id)


async def request_cancel(
    connection: AsyncConnection, generation_id: str, reason: Reason, now: datetime
) -> Generation | None:
    """Note the first wish to cancel what is under way, and make it due; returns the row as it is then."""
    statement = (
        update(table)
        .where(table.c.id == generation_id, table.c.state.in_([state.value for state in _CANCELLABLE]))
        .values(cancel_requested=func.coalesce(table.c.cancel_requested, reason.value), due_at=now)
    )
    await connection.execute(statement)
    return await get(connection, generation_id)


async def of_requester(connection: AsyncConnection, user_id: int, guild_id: int | None, count: int) -> list[Generation]:
    """A member's latest generations in a guild (or in direct messages), newest first."""
    query = (
        select(table)
        .where(table.c.requester_id == user_id, in_guild(table.c.guild_id, guild_id))
        .order_by(table.c.accepted_at.desc())
        .limit(count)
    )
    return rows.readable((await connection.execute(query)).mappings())


async def usual_durations(
    connection: AsyncConnection, since: datetime
) -> dict[tuple[str, Operation], tuple[float, ...]]:
    """Sorted seconds from submission to success per model and operation, of the latest finished since `since`.

    However many there are, it reads only so many of each.
    """
    found: dict[tuple[str, Operation], tuple[float, ...]] = {}
    pair = await _finished_after(connection, ("", ""))
    while pair is not None:
        seconds = await _latest_durations(connection, pair, since)
        with contextlib.suppress(ValueError):  # a damaged row is found by reconciliation
            if seconds:
                found[pair[0], Operation(pair[1])] = tuple(sorted(seconds))
        pair = await _finished_after(connection, pair)
    return found


async def counts(connection: AsyncConnection) -> dict[State, int]:
    """How many generations are in each state that is not an end."""
    query = select(table.c.state, func.count().label("number")).where(OPEN).group_by(table.c.state)
    found = {row.state: int(row.number) for row in await connection.execute(query)}
    return {state: found.get(state.value, 0) for state in State if not state.is_end}


async def _finished_after(connection: AsyncConnection, pair: tuple[str, str]) -> tuple[str, str] | None:
    """The next model and operation, in their order, with which anything was finished."""
    both = tuple_(table.c.model, table.c.operation)
    query = (
        select(table.c.model, table.c.operation)
        .where(FINISHED, both > tuple_(*map(literal, pair)))
        .order_by(table.c.model, table.c.operation)
        .limit(1)
    )
    row = (await connection.execute(query)).first()
    return None if row is None else (row.model, row.operation)


async def _latest_durations(connection: AsyncConnection, pair: tuple[str, str], since: datetime) -> list[float]:
    query = (
        select(table.c.submitted_at, table.c.state_at)
        .where(FINISHED, table.c.model == pair[0], table.c.operation == pair[1], table.c.state_at >= since)
        .where(table.c.submitted_at.is_not(None))
        .order_by(table.c.state_at.desc())
        .limit(_USUAL_OF)
    )
    seconds = []
    for row in await connection.execute(query):
        with contextlib.suppress(TypeError):  # a damaged row must not hide what the others say
            seconds.append((row.state_at - row.submitted_at).total_seconds())
    return seconds


async def _one(connection: AsyncConnection, query: Select[Any]) -> Generation | None:
    row = (await connection.execute(query)).mappings().first()
    return None if row is None else rows.generation_of(row)


def _deferral(generation: Generation) -> dict[str, object]:
    return {
        "row_id": generation.id,
        "row_state": generation.state.value,
        "row_token": generation.lease_token,
        "row_cancel": generation.cancel_requested and generation.cancel_requested.value,
        "row_due": generation.due_at,
        "row_polled": generation.polled_at,
        "row_failures": generation.poll_failures,
        "row_progress": generation.progress,
    }

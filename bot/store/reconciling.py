"""Queries that look for generations which are not as they should be, and what brings them back on their way.

They read much: they are for once an hour, not for a step.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, RowMapping, Subquery, case, false, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.change import MEMBER, AuditRecord
from bot.domain.findings import Finding, FindingKind
from bot.domain.generation import State
from bot.domain.ledger import Entry, EntryKind, missing
from bot.store import audit, generations, ledger, rows
from bot.store.errors import UnreadableRowError
from bot.store.instants import LATEST
from bot.store.tables import FINISHED, OPEN, members
from bot.store.tables import generations as table
from bot.store.tables import ledger as entries

_log = structlog.get_logger(__name__)

LONGEST_PAUSE = timedelta(hours=2)
"""No step is put off for longer, but for what Discord asks and by a budget that is too small: those are only looked at
sooner. A pause that the provider asks for is obeyed for an hour at most, a step that tripped rests as long, and with
the budget of calls at its default thousands of polls have their moments within minutes."""

LONGEST_GRACE = timedelta(days=32)
"""The same for unconfirmed ones that were told, whose grace is at most 31 days."""

LONGEST_LEASE = timedelta(hours=2)
"""No lease is longer: it is an hour at most."""

_ENDS = tuple(state.value for state in State if state.is_end)

_IS_NEVER_DUE = table.c.due_at > LATEST
"""What stands there is no instant; no claim comes across it, as across one that is too early to be one."""


async def of_ledger(connection: AsyncConnection) -> list[Finding]:
    """Ended generations whose settlement is not complete, generations without a hold, and entries without a generation.

    All walk along the ledger's narrow index of generations, and look up only those that are in question.
    """
    lacking = _lacking_entries()
    in_question = (
        select(table.c.id, table.c.state_at, lacking.c.is_open)
        .join(lacking, lacking.c.generation_id == table.c.id)
        .where(or_(lacking.c.is_open & table.c.state.in_(_ENDS), ~lacking.c.is_open & FINISHED))
    )
    other = table.alias()
    has_hold = (entries.c.generation_id == other.c.id) & (entries.c.kind == EntryKind.HOLD.value)
    unheld = select(other.c.id).where(~select(entries.c.generation_id).where(has_hold).exists())
    without_hold = select(table.c.id, table.c.state_at, false().label("is_open")).where(table.c.id.in_(unheld))
    found = [row for query in (in_question, without_hold) for row in await connection.execute(query)]
    findings = [
        Finding(
            kind=FindingKind.OPEN_HOLD if row.is_open else FindingKind.UNSETTLED,
            generation_id=row.id,
            since=row.state_at,
        )
        for row in found
    ]
    return _sorted([*findings, *await _orphaned(connection)])


async def of_progress(connection: AsyncConnection, now: datetime, undecided_since: datetime) -> list[Finding]:
    """Generations that nothing will move on, and those that are unconfirmed since before `undecided_since`."""
    undecided = select(table.c.id, table.c.state_at).where(
        OPEN,
        table.c.state == State.UNCONFIRMED.value,
        table.c.state_at < undecided_since,
        table.c.due_at.is_not(None),
    )
    forgotten = select(table).where(or_(_is_left_alone(now) & _has_to_go_on(), _IS_NEVER_DUE))
    found = [
        Finding(kind=FindingKind.UNDECIDED, generation_id=row.id, since=row.state_at)
        for row in await connection.execute(undecided)
    ]
    found += [
        Finding(kind=_kind_of(row), generation_id=row["id"], since=row["state_at"])
        for row in (await connection.execute(forgotten)).mappings()
    ]
    known = {finding.generation_id for finding in found if finding.kind is FindingKind.QUARANTINED}
    hopeless = [finding for finding in await _hopeless(connection) if finding.generation_id not in known]
    ids = {finding.generation_id for finding in hopeless}
    return _sorted([*hopeless, *(finding for finding in found if finding.generation_id not in ids)])


async def wake(connection: AsyncConnection, generation_id: str, now: datetime) -> bool:
    """Make a generation due that nothing would move on; False where it is no longer so."""
    statement = (
        update(table)
        .where(table.c.id == generation_id, _is_left_alone(now), _has_to_go_on())
        .values(due_at=now, lease_until=None, lease_token=table.c.lease_token + 1)
    )
    return (await connection.execute(statement)).rowcount == 1


async def put_aside(connection: AsyncConnection, generation_id: str) -> bool:
    """Take away what is no instant from when a generation is due; False where no such thing stands there."""
    statement = update(table).where(table.c.id == generation_id, _IS_NEVER_DUE).values(due_at=None)
    return (await connection.execute(statement)).rowcount == 1


async def settle(connection: AsyncConnection, generation_id: str, now: datetime) -> tuple[Entry, ...]:
    """Write what the settlement of an ended generation lacks, with a record; returns the entries written."""
    generation = (await generations.locked(connection, [generation_id])).get(generation_id)
    if generation is None or not generation.state.is_end:
        return ()
    real = generation.amounts if generation.state is State.SUCCEEDED else None
    lacking = missing(await ledger.entries_of(connection, generation_id), real, now)
    if not lacking:
        return ()
    record = AuditRecord(
        at=now,
        action="settle_missing",
        guild_id=generation.origin.guild_id,
        generation_id=generation_id,
        subject=f"{MEMBER}{generation.member_key}",
        after=", ".join(entry.kind for entry in lacking),
        why=f"{generation.state}, but its settlement was not complete",
    )
    await ledger.add(connection, [(generation, entry) for entry in lacking])
    await audit.add(connection, [record])
    return lacking


def _lacking_entries() -> Subquery:
    """Generations with an open hold or without a charge: those under way, those that failed, and what is wrong."""
    is_release = (entries.c.kind == EntryKind.RELEASE.value) & (entries.c.releases == EntryKind.HOLD.value)
    holds, releases, charges = (
        func.sum(case((which, 1), else_=0))
        for which in (entries.c.kind == EntryKind.HOLD.value, is_release, entries.c.kind == EntryKind.CHARGE.value)
    )
    return (
        select(entries.c.generation_id, (holds > releases).label("is_open"))
        .group_by(entries.c.generation_id)
        .having(or_(holds > releases, (holds > 0) & (charges == 0)))
        .subquery()
    )


async def _orphaned(connection: AsyncConnection) -> list[Finding]:
    """Entries without a generation: SQLite's own program checks no reference where somebody deletes one with it."""
    is_there = select(table.c.id).where(table.c.id == entries.c.generation_id).exists()
    held_at = func.min(entries.c.held_at).label("held_at")
    query = select(entries.c.generation_id, held_at).where(~is_there).group_by(entries.c.generation_id)
    return [
        Finding(kind=FindingKind.ORPHANED, generation_id=row.generation_id, since=row.held_at)
        for row in await connection.execute(query)
    ]


async def _hopeless(connection: AsyncConnection) -> list[Finding]:
    """Those under way that no step can end, since the ledger would refuse their settlement.

    Their member is gone, their amounts or their hold's are none, or they are settled already.
    """
    is_known = select(members.c.key).where(members.c.key == table.c.member_key).exists()
    other = entries.alias()
    is_settled = select(other.c.id).where(other.c.generation_id == table.c.id, other.c.kind != EntryKind.HOLD.value)
    is_less = or_(table.c.generations < 0, table.c.seconds < 0, table.c.micros < 0)
    query = select(table.c.id, table.c.state_at).where(OPEN, or_(~is_known, is_settled.exists(), is_less))
    since = {row.id: row.state_at for row in await connection.execute(query)}
    spoilt = await ledger.spoilt_holds(connection, entries.c.generation_id.in_(select(table.c.id).where(OPEN)))
    since |= {row["generation_id"]: row["at"] for row in spoilt}
    return [Finding(kind=FindingKind.QUARANTINED, generation_id=id_, since=at) for id_, at in since.items()]


def _is_left_alone(now: datetime) -> ColumnElement[bool]:
    """Whether no step will come by: nothing is due, or what is due or leased is so only in a far future.

    No step puts a row off for so long: a clock that was ahead for a while, and is right again, leaves such instants.
    """
    has_grace = (table.c.state == State.UNCONFIRMED.value) & table.c.told.is_not_distinct_from(table.c.state)
    is_far_off = or_(
        table.c.due_at > now + LONGEST_GRACE,
        (table.c.due_at > now + LONGEST_PAUSE) & ~has_grace,
    )
    return or_(
        table.c.lease_until > now + LONGEST_LEASE,
        generations.is_free(now) & or_(table.c.due_at.is_(None), is_far_off),
    )


def _has_to_go_on() -> ColumnElement[bool]:
    """It has not ended, or the end was not told; a state that no version knows counts as not told."""
    return or_(OPEN, table.c.told.is_distinct_from(table.c.state))


def _kind_of(row: RowMapping) -> FindingKind:
    try:
        state = rows.generation_of(row).state
    except UnreadableRowError as error:
        _log.warning("generation_unreadable", generation=error.generation_id, cause=error.cause)
        return FindingKind.QUARANTINED
    return FindingKind.UNTOLD if state.is_end else FindingKind.STUCK


def _sorted(findings: Iterable[Finding]) -> list[Finding]:
    """By generation; here, as the database would walk the whole table in that order."""
    return sorted(findings, key=lambda finding: finding.generation_id)

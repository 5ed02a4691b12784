"""Queries of reports: one for each way to group them, all reading the guild's index of the ledger alone.

An entry of `bot.reports.definitions` names its query.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import groupby
from typing import Any, TypeAlias

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Label,
    RowMapping,
    case,
    func,
    literal,
    null,
    select,
    text,
    type_coerce,
    union_all,
)
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.days import Day, days_of
from bot.domain.errors import Rejection, ReportBusy
from bot.domain.figures import PERCENTILES, Chosen, Figures, Group, Grouped, Measured, UsageRow, rank
from bot.domain.ledger import EntryKind
from bot.store import usage_rows
from bot.store.database import Database
from bot.store.generations import in_guild
from bot.store.tables import ledger as entries
from bot.store.tables import members

_DAY = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)
_NAMES_AT_ONCE = 500
_OTHERS = ("is_total", "count", "key")
_NOT_FOR_LONG = text("SET LOCAL lock_timeout = '3s'")  # writers wait behind it: better no report than none of them
_HOLD_WRITERS_BACK = text("LOCK TABLE ledger IN SHARE MODE")
_LOCK_NOT_AVAILABLE = "55P03"  # PostgreSQL's documentation, appendix A


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The entries that a report is about, those that fulfil all of `which`, and how many groups are wanted at most."""

    connection: AsyncConnection
    chosen: Chosen
    which: tuple[ColumnElement[bool], ...]
    most: int | None

    async def grouped(self, key: ColumnElement[Any]) -> Grouped:
        """The figures of the entries that share a key; it has to be the same for all entries of a generation."""
        rows = (await self.connection.execute(self._query(key))).mappings().all()
        groups = (Group(key=str(row["key"]), figures=_figures_of(row)) for row in rows if not row["is_total"])
        (total,) = (row for row in rows if row["is_total"])
        return Grouped(groups=tuple(groups), count=total["count"], totals=_figures_of(total))

    def _query(self, key: ColumnElement[Any]) -> CompoundSelect[Any]:
        """The largest groups and, from the same groups in the same pass, what all of them add up to."""
        sums = _sums()
        every = select(key.label("key"), *sums).where(*self.which).group_by(key).cte("every")
        micros = every.c.charged_micros - every.c.refunded_micros
        largest = select(literal(value=False).label("is_total"), literal(1).label("count"), every)
        largest = largest.order_by(every.c.held.desc(), micros.desc(), every.c.key).limit(self.most)
        added = (func.coalesce(func.sum(every.c[each.name]), 0) for each in sums)
        total = select(literal(value=True), func.count(), null(), *added).select_from(every)
        return union_all(select(largest.subquery()), total)


Query: TypeAlias = Callable[[Found], Awaitable[Grouped]]

QUERIES: dict[str, Query] = {}
"""Every query by its name."""


def report_query(query: Query) -> Query:
    """Make a query known under its own name."""
    QUERIES[query.__name__] = query
    return query


@report_query
async def by_member(found: Found) -> Grouped:
    """A row for each member, with the name that is known of them."""
    grouped = await found.grouped(entries.c.member_key)
    known: dict[str, tuple[int | None, str | None]] = {}
    for start in range(0, len(grouped.groups), _NAMES_AT_ONCE):
        keys = [group.key for group in grouped.groups[start : start + _NAMES_AT_ONCE]]
        query = select(members.c.key, usage_rows.shown_id(), usage_rows.shown_name()).where(members.c.key.in_(keys))
        known |= {key: (user_id, name) for key, user_id, name in await found.connection.execute(query)}
    named = (
        replace(group, user_id=known[group.key][0], name=known[group.key][1]) if group.key in known else group
        for group in grouped.groups
    )
    return replace(grouped, groups=tuple(named))


@report_query
async def by_model(found: Found) -> Grouped:
    """A row for each model."""
    return await found.grouped(entries.c.model)


@report_query
async def by_operation(found: Found) -> Grouped:
    """A row for each operation."""
    return await found.grouped(entries.c.operation)


@report_query
async def by_channel(found: Found) -> Grouped:
    """A row for each channel."""
    return await found.grouped(entries.c.channel_id)


@report_query
async def by_day(found: Found) -> Grouped:
    """A row for each day on which something was asked for, by its date; none is left out."""
    days = days_of(found.chosen.start, found.chosen.end, found.chosen.zone)
    grouped = await replace(found, most=None).grouped(_day_number(days))
    dated = (replace(group, key=days[int(group.key)].date.isoformat()) for group in grouped.groups)
    return replace(grouped, groups=tuple(dated))


class Reports:
    """What moderators read of the ledger."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def measure(self, query: str, chosen: Chosen, most: int | None) -> Measured:
        """Run a query by its name, for so many groups at most (None: all), all of it over the same entries.

        Raises Rejection(ReportBusy) where somebody writes for so long that rows could not be made to agree.
        """
        upto = await self._database.read(_settled_entry if chosen.with_rows else _last_entry)

        async def work(connection: AsyncConnection) -> Measured:
            which = await _which(connection, chosen, upto)
            found = Found(connection=connection, chosen=chosen, which=which, most=most)
            grouped = await QUERIES[query](found)
            return Measured(grouped=grouped, times=await _times(found, grouped.totals), upto=upto)

        return await self._database.read(work)

    async def rows(self, chosen: Chosen, upto: int, after: UsageRow | None, count: int) -> list[UsageRow]:
        """The next generations after one, in the order of their acceptance, as they were at an entry of the ledger."""

        async def work(connection: AsyncConnection) -> list[UsageRow]:
            which = await _which(connection, chosen, upto)
            return await usage_rows.page(connection, which, usage_rows.Page(upto=upto, after=after, count=count))

        return await self._database.read(work)


async def _settled_entry(connection: AsyncConnection) -> int:
    """The last entry: whatever is committed from now on comes after it.

    PostgreSQL gives out ids before they are committed: there the transactions under way are waited for.
    """
    if connection.dialect.name == "postgresql":
        await connection.execute(_NOT_FOR_LONG)
        try:
            await connection.execute(_HOLD_WRITERS_BACK)
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
                raise Rejection(ReportBusy()) from error
            raise
    return await _last_entry(connection)


async def _last_entry(connection: AsyncConnection) -> int:
    return int((await connection.execute(select(func.coalesce(func.max(entries.c.id), 0)))).scalar_one())


async def _which(connection: AsyncConnection, chosen: Chosen, upto: int) -> tuple[ColumnElement[bool], ...]:
    which = [entries.c.held_at >= chosen.start, entries.c.held_at < chosen.end, entries.c.id <= upto]
    if not chosen.all_guilds:
        which.append(in_guild(entries.c.guild_id, chosen.guild_id))
    if chosen.member_id is not None:
        which.append(entries.c.member_key == (await _key_of(connection, chosen) or ""))
    if chosen.model is not None:
        which.append(entries.c.model == chosen.model)
    if chosen.operation is not None:
        which.append(entries.c.operation == chosen.operation.value)
    if chosen.channel_id is not None:
        which.append(entries.c.channel_id == chosen.channel_id)
    return tuple(which)


async def _key_of(connection: AsyncConnection, chosen: Chosen) -> str | None:
    """The chosen member's key; of one who asked to be forgotten only for their own report."""
    keys = select(members.c.key).where(members.c.user_id == chosen.member_id)
    if not chosen.is_own:
        keys = keys.where(members.c.forget_since.is_(None))
    found: str | None = (await connection.execute(keys)).scalar()
    return found


def _sums() -> list[Label[int]]:
    """What a group's figures are made of: sums over its entries of each kind."""
    kinds = {
        "held": entries.c.kind == EntryKind.HOLD.value,
        "released": entries.c.releases == EntryKind.HOLD.value,
        "charged": entries.c.kind == EntryKind.CHARGE.value,
        "refunded": entries.c.releases == EntryKind.CHARGE.value,
    }
    counts = [func.count().filter(which).label(kind) for kind, which in kinds.items()]
    amounts = [
        func.coalesce(added.filter(kinds[kind]), 0).label(f"{kind}_{name}")
        for kind in ("charged", "refunded")
        for name, added in (
            ("seconds", func.sum(entries.c.seconds)),
            ("micros", func.sum(entries.c.micros)),
            ("priced", func.count(entries.c.micros)),
        )
    ]
    return [*counts, *amounts]


def _figures_of(row: RowMapping) -> Figures:
    sums = {name: int(total) for name, total in row.items() if name not in _OTHERS}
    charged, refunded = sums["charged"], sums["refunded"]
    return Figures(
        requested=sums["held"],
        succeeded=charged - refunded,
        refunded=refunded,
        failed=sums["released"] - charged,
        open=sums["held"] - sums["released"],
        seconds=sums["charged_seconds"] - sums["refunded_seconds"],
        micros=sums["charged_micros"] - sums["refunded_micros"],
        unpriced=(charged - sums["charged_priced"]) - (refunded - sums["refunded_priced"]),
    )


async def _times(found: Found, totals: Figures) -> dict[int, timedelta]:
    """Of all charges, refunded or not."""
    places = {percentile: rank(percentile, totals.succeeded + totals.refunded) for percentile in PERCENTILES}
    took = type_coerce(entries.c.at - entries.c.held_at, BigInteger)
    place = (func.row_number().over(order_by=took) - 1).label("place")
    charges = select(took.label("took"), place).where(*found.which, entries.c.kind == EntryKind.CHARGE.value).subquery()
    query = select(charges.c.place, charges.c.took).where(charges.c.place.in_(set(places.values())))
    times = {row.place: timedelta(microseconds=int(row.took)) for row in await found.connection.execute(query)}
    return {percentile: times[place] for percentile, place in places.items() if place in times}


def _day_number(days: Sequence[Day]) -> ColumnElement[int]:
    """Which of the days an entry's hold is in, from 0: by division, but for days that are longer or shorter."""
    branches: list[tuple[ColumnElement[bool], ColumnElement[int]]] = []
    for is_plain, alike in groupby(enumerate(days), lambda each: each[1].length == _DAY):
        run = list(alike)
        number, first = run[0]
        if is_plain:
            past = type_coerce(entries.c.held_at - first.start, BigInteger)
            branches.append((entries.c.held_at < run[-1][1].end, number + past // (_DAY // _MICROSECOND)))
        else:
            branches += [(entries.c.held_at < day.end, literal(number)) for number, day in run]
    return case(*branches, else_=len(days) - 1)

"""Making reports: the figures of a period, and all of its rows."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Protocol

from bot.domain.days import days_of
from bot.domain.figures import Chosen, Figures, Group, Measured, UsageRow
from bot.domain.request import Operation
from bot.reports.definitions import DEFINITIONS, Definition
from bot.reports.periods import Period, Span, span_of

TOP = 10
"""Rows that an embed or a picture shows."""

PAGE = 1_000
"""Rows that are read at once."""


class ReportStore(Protocol):
    """What reports need of the store."""

    async def measure(self, query: str, chosen: Chosen, most: int | None) -> Measured:
        """Run a query by its name, for so many groups at most (None: all), all of it over the same entries."""
        ...

    async def rows(self, chosen: Chosen, upto: int, after: UsageRow | None, count: int) -> list[UsageRow]:
        """The next generations after one, in the order of their acceptance, as they were at an entry of the ledger."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a report is asked for.

    `by`: the name of its definition. `first` and `last`: the ISO dates of a custom period. `guild_id` None means direct
    messages; with `all_guilds` it isn't looked at. The others are filters: `member_id` is Discord's user id, and
    `is_own` says that this member asks for themselves. `most` is how many groups are wanted at most, None for all; of
    days all are, always. Without `with_rows` the report's rows are not read afterwards, and whoever writes isn't held
    up for them to agree.
    """

    period: Period = Period.DAYS_30
    by: str = "member"
    zone: tzinfo = UTC
    first: str = ""
    last: str = ""
    guild_id: int | None = None
    all_guilds: bool = False
    member_id: int | None = None
    is_own: bool = False
    model: str | None = None
    operation: Operation | None = None
    channel_id: int | None = None
    most: int | None = TOP
    with_rows: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """The rows of a report that it doesn't show: how many there are, and what they add up to."""

    count: int
    figures: Figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report as it was at the entry `upto` of the ledger.

    `groups` come in the order of their requests, days in that of the calendar (those without a request as well); with
    the `rest`, those that were not wanted, their figures add up to `totals`. `median` and `percentile_95` are of the
    time from acceptance to success, None without any.
    """

    definition: Definition
    chosen: Chosen
    span: Span
    totals: Figures
    groups: tuple[Group, ...]
    rest: Rest
    median: timedelta | None
    percentile_95: timedelta | None
    upto: int

    @property
    def is_empty(self) -> bool:
        """Whether nothing was asked for in the period."""
        return self.totals.requested == 0

    def top(self, count: int = TOP) -> tuple[Group, ...]:
        """Rows with the most requests, those that have any."""
        asked_for = (group for group in self.groups if group.figures.requested)
        return tuple(sorted(asked_for, key=_most_first)[:count])


class Reports:
    """Makes reports from what is stored."""

    def __init__(self, store: ReportStore, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock

    async def usage(self, asked: Asked) -> Report:
        """The figures that were asked for; raises KeyError for `by`.

        Raises Rejection for a custom period that can't be, and where they can't be read for now (ReportBusy).
        """
        definition = DEFINITIONS[asked.by]
        span = span_of(asked.period, self._clock(), asked.zone, asked.first, asked.last)
        chosen = _chosen(asked, span)
        measured = await self._store.measure(definition.query, chosen, asked.most)
        grouped = measured.grouped
        groups = _days(chosen, grouped.groups) if definition.is_by_day else sorted(grouped.groups, key=_most_first)
        shown = sum((group.figures for group in groups), start=Figures())
        return Report(
            definition=definition,
            chosen=chosen,
            span=span,
            totals=grouped.totals,
            groups=tuple(groups),
            rest=Rest(count=grouped.count - len(grouped.groups), figures=grouped.totals - shown),
            median=measured.times.get(50),
            percentile_95=measured.times.get(95),
            upto=measured.upto,
        )

    async def rows(self, report: Report) -> AsyncIterator[list[UsageRow]]:
        """Every generation of a report, as it was then, page by page."""
        after: UsageRow | None = None
        while page := await self._store.rows(report.chosen, report.upto, after, PAGE):
            yield page
            after = page[-1]


def _chosen(asked: Asked, span: Span) -> Chosen:
    return Chosen(
        start=span.start,
        end=span.end,
        zone=asked.zone,
        guild_id=asked.guild_id,
        all_guilds=asked.all_guilds,
        member_id=asked.member_id,
        is_own=asked.is_own,
        model=asked.model,
        operation=asked.operation,
        channel_id=asked.channel_id,
        with_rows=asked.with_rows,
    )


def _days(chosen: Chosen, groups: Sequence[Group]) -> list[Group]:
    """Every day of the period, those on which nothing was asked for as well."""
    found = {group.key: group for group in groups}
    dates = [day.date.isoformat() for day in days_of(chosen.start, chosen.end, chosen.zone)]
    return [found.get(date) or Group(key=date, figures=Figures()) for date in dates]


def _most_first(group: Group) -> tuple[int, int, str]:
    return -group.figures.requested, -group.figures.micros, group.key

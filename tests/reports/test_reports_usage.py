"""Reports agree with themselves: totals, groups, picture and rows."""

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, timedelta
from decimal import Decimal
from itertools import count
from math import ceil
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.errors import Rejection
from bot.domain.figures import Figures, Outcome
from bot.domain.request import Operation
from bot.reports.chart import PARTS, picture_of
from bot.reports.definitions import DEFINITIONS
from bot.reports.periods import Period
from bot.reports.rows import csv_of
from bot.reports.usage import Asked, Report, Reports
from bot.store.database import Database
from tests.reports.samples import FIRST_MEMBER, GUILD, NOW, Life, write

BERLIN = ZoneInfo("Europe/Berlin")

_guilds = count(100_000)

lives = st.builds(
    Life,
    outcome=st.sampled_from(Outcome),
    at=st.timedeltas(timedelta(), timedelta(days=34)).map(lambda ago: NOW - ago),
    took=st.timedeltas(timedelta(seconds=1), timedelta(days=3)),
    member=st.integers(0, 14),
    model=st.sampled_from(["veo3.1-fast", "kling-3.0"]),
    operation=st.sampled_from([Operation.TEXT, Operation.IMAGE]),
    channel_id=st.sampled_from([8_001, 8_002]),
    seconds=st.integers(0, 60),
    micros=st.none() | st.integers(0, 10**9),
)
asked_for = st.builds(
    Asked,
    by=st.sampled_from(list(DEFINITIONS)),
    period=st.sampled_from([Period.DAYS_30, Period.DAYS_7, Period.LAST_MONTH]),
    zone=st.sampled_from([UTC, BERLIN]),
    model=st.sampled_from([None, "veo3.1-fast"]),
    operation=st.sampled_from([None, Operation.IMAGE]),
    channel_id=st.sampled_from([None, 8_002]),
    member_id=st.sampled_from([None, None, FIRST_MEMBER]),
    most=st.sampled_from([None, 1, 10]),
)


async def rows_of(reports: Reports, report: Report) -> list[dict[str, str]]:
    pieces = [piece async for piece in csv_of(reports, report)]
    return list(csv.DictReader(io.StringIO(b"".join(pieces).decode("utf-8-sig"), newline="")))


def figures_of(rows: Sequence[dict[str, str]]) -> Figures:
    """What anybody finds who sums the file up."""
    outcomes = [row["outcome"] for row in rows]
    return Figures(
        requested=len(rows),
        succeeded=outcomes.count("succeeded"),
        refunded=outcomes.count("refunded"),
        failed=sum(outcomes.count(outcome) for outcome in ("failed", "cancelled", "expired")),
        open=outcomes.count("open") + outcomes.count("unconfirmed"),
        seconds=sum(int(row["seconds"]) for row in rows),
        micros=int(sum(Decimal(row["price"]) for row in rows if row["price"]) * 1_000_000),
        unpriced=[row["price"] for row in rows].count(""),
    )


def percentile(rows: Sequence[dict[str, str]], of: int) -> timedelta | None:
    times = sorted(timedelta(seconds=float(row["seconds_to_video"])) for row in rows if row["seconds_to_video"])
    return times[ceil(of * len(times) / 100) - 1] if times else None


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=st.lists(lives, max_size=40), asked=asked_for)
async def test_totals_agree_everywhere(database: Database, reports: Reports, made: list[Life], asked: Asked) -> None:
    guild = next(_guilds)
    await write(database, *(replace(life, guild_id=guild) for life in made))
    report = await reports.usage(replace(asked, guild_id=guild))
    rows = await rows_of(reports, report)
    assert report.totals == figures_of(rows)
    assert report.totals == sum((group.figures for group in report.groups), start=report.rest.figures)
    assert (report.median, report.percentile_95) == (percentile(rows, 50), percentile(rows, 95))
    picture = picture_of(report)
    for number, part in enumerate(picture.parts):
        figure = next(figure for figure, name, _colour in PARTS if name == part.name)
        assert sum(bar.amounts[number] for bar in picture.bars) == getattr(report.totals, figure)
    assert sum(sum(bar.amounts) for bar in picture.bars) == report.totals.requested


async def test_days_without_a_generation_are_there_as_well(database: Database, reports: Reports) -> None:
    await write(database, Life(at=NOW - timedelta(days=3)))
    report = await reports.usage(Asked(guild_id=GUILD, by="day", period=Period.DAYS_7))
    assert [group.key for group in report.groups] == [f"2026-03-{day}" for day in range(25, 32)]
    assert [group.figures.requested for group in report.groups] == [0, 0, 0, 1, 0, 0, 0]
    assert [group.key for group in report.top()] == ["2026-03-28"]


async def test_groups_come_with_the_most_requests_first_and_the_rest_is_added_up(
    database: Database, reports: Reports
) -> None:
    await write(database, *(Life(member=number) for number in range(4) for _ in range(number + 1)))
    report = await reports.usage(Asked(guild_id=GUILD, most=3))
    assert [group.key for group in report.groups] == ["m3", "m2", "m1"]
    assert (report.rest.count, report.rest.figures.requested) == (1, 1)


async def test_the_success_rate_counts_what_ended(database: Database, reports: Reports) -> None:
    await write(database, *(Life(outcome=outcome) for outcome in Outcome))
    report = await reports.usage(Asked(guild_id=GUILD))
    assert report.totals.success_rate == 2 / 5
    assert Figures(requested=2, open=2).success_rate is None


async def test_an_empty_report_is_one(reports: Reports) -> None:
    report = await reports.usage(Asked(guild_id=GUILD))
    assert report.is_empty
    assert (report.groups, report.median, report.percentile_95) == ((), None, None)
    assert await rows_of(reports, report) == []


async def test_a_custom_period_that_can_not_be_is_rejected(reports: Reports) -> None:
    with pytest.raises(Rejection):
        await reports.usage(Asked(guild_id=GUILD, period=Period.CUSTOM, first="soon", last="later"))


async def test_what_happens_after_a_report_is_not_in_its_file(database: Database, reports: Reports) -> None:
    await write(database, Life(), Life(outcome=Outcome.OPEN))
    report = await reports.usage(Asked(guild_id=GUILD))
    await write(database, Life(), Life(outcome=Outcome.FAILED))
    assert figures_of(await rows_of(reports, report)) == report.totals

"""Reports as they are posted: the embed, the picture in it, and the file of rows."""

import csv
import gzip
import io
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from shutil import copy
from typing import Any
from zoneinfo import ZoneInfo

import discord
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bench.report_pictures import FIRST_MEMBER, GUILD, NOW, made_up, store_all
from bot.chat import report_parts as report_parts_module
from bot.chat.postman import ROOM_FOR_FORM
from bot.chat.report_cards import Attached, report_embed
from bot.chat.report_parts import CHART_WIDTH, ReportParts, ReportTools, report_parts, scheduled_parts
from bot.domain.errors import PeriodReversed, Rejection
from bot.domain.figures import Chosen, Figures, Group
from bot.domain.guild import GuildSettings, Schedule
from bot.domain.limits import Window
from bot.domain.request import Operation
from bot.reports.chart import Charts
from bot.reports.definitions import DEFINITIONS
from bot.reports.periods import Period, Span, span_of
from bot.reports.usage import Asked, Report, Reports, Rest
from bot.store.database import Database
from bot.store.reports import Reports as StoredReports
from tests.contracts.discord_openapi.check import violations

BERLIN = ZoneInfo("Europe/Berlin")
MEGABYTE = 1_048_576
NOTHING_DRAWN = Charts(within=timedelta(0))
MONTH = Asked(guild_id=GUILD, zone=BERLIN, period=Period.THIS_MONTH)


class Zones:
    """The settings of guilds, with time zones alone."""

    def __init__(self, **zones: str) -> None:
        self._zones = zones

    async def settings(self, guild_id: int) -> GuildSettings:
        return GuildSettings(guild_id=guild_id, time_zone=self._zones.get(f"guild_{guild_id}"))


@pytest.fixture
async def reports(migrated: Path, tmp_path: Path) -> AsyncIterator[Reports]:
    """The reports of a community that made 640 requests in a month."""
    copy(migrated, tmp_path / "showreel.db")
    database = Database(f"sqlite:///{tmp_path / 'showreel.db'}")
    await database.open()
    await database.write(lambda connection: store_all(connection, list(made_up(Random(3)))))
    yield Reports(StoredReports(database), lambda: NOW)
    await database.close()


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder where temporary files are made."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def no_disk(temporary: Path) -> None:
    """There is no place for temporary files."""
    temporary.rmdir()


def tools(reports: Reports, charts: Charts = NOTHING_DRAWN, **zones: str) -> ReportTools:
    return ReportTools(reports=reports, charts=charts, guilds=Zones(**zones), zone=UTC)


def fields(embed: discord.Embed) -> dict[str, str]:
    """The fields of an embed that Discord takes."""
    assert violations("POST", "/channels/1/messages", {"embeds": [embed.to_dict()]}) == []
    return {str(field.name): str(field.value) for field in embed.fields}


def contents(parts: ReportParts) -> dict[str, bytes]:
    """The files by name, read and closed."""
    read = {file.filename: file.fp.read() for file in parts.files}
    parts.close()
    return read


def rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def _must_not_compress(_path: Path) -> tuple[Path, int]:
    raise AssertionError("this can't help")


def report(*groups: Group, by: str = "member", **facts: Any) -> Report:
    """A report made up of rows."""
    span = span_of(Period.CUSTOM, NOW, UTC, "2026-03-01", "2026-03-31")
    totals = sum((group.figures for group in groups), start=Figures())
    made = Report(
        definition=DEFINITIONS[by],
        chosen=Chosen(start=span.start, end=span.end, zone=UTC, guild_id=GUILD),
        span=span,
        totals=totals,
        groups=groups,
        rest=Rest(count=0, figures=Figures()),
        median=timedelta(seconds=75),
        percentile_95=timedelta(minutes=4),
        upto=1,
    )
    return replace(made, **facts)


def group(key: str, requested: int = 1, **facts: Any) -> Group:
    figures = {"requested": requested, "succeeded": requested, "seconds": 8 * requested, "micros": 400_000 * requested}
    return Group(key=key, figures=Figures(**figures), **facts)


async def test_embed_picture_and_file_agree(reports: Reports) -> None:
    parts = await report_parts(tools(reports, Charts()), MONTH, 10 * MEGABYTE)
    said = fields(parts.embed)
    files = contents(parts)
    assert list(files) == ["chart.png", "showreel-2026-03-01_2026-03-31.csv"]
    assert parts.embed.image.url == "attachment://chart.png"
    assert parts.embed.footer.text == "Picture: chart.png · Every video: showreel-2026-03-01_2026-03-31.csv"
    with Image.open(io.BytesIO(files["chart.png"])) as picture:
        picture.load()
        assert (picture.format, picture.width) == ("PNG", CHART_WIDTH)
    found = rows(files["showreel-2026-03-01_2026-03-31.csv"])
    made = [row for row in found if row["outcome"] == "succeeded"]
    assert said["Asked for"] == f"{len(found):,}"
    assert said["Seconds of video"] == f"{sum(int(row['seconds']) for row in found):,}"
    assert said["Spend"] == f"${sum(float(row['price'] or 0) for row in made):,.2f}"
    assert said["Of unknown price"] == str(sum(not row["price"] for row in made))
    assert f"{len(made)} made" in str(parts.embed.description)


async def test_the_period_is_told_in_days_and_in_the_readers_own_time(reports: Reports) -> None:
    parts = await report_parts(tools(reports), MONTH, 10 * MEGABYTE)
    parts.close()
    start, end = datetime(2026, 3, 1, tzinfo=BERLIN), datetime(2026, 4, 1, tzinfo=BERLIN)
    line = str(parts.embed.description).splitlines()[0]
    days = "**2026-03-01 – 2026-03-31** (Europe/Berlin)"  # noqa: RUF001 - as days are written everywhere
    assert line == f"{days}: from <t:{start.timestamp():.0f}:f> to <t:{end.timestamp():.0f}:f>"


async def test_without_a_picture_the_report_goes_out_and_says_so(reports: Reports) -> None:
    parts = await report_parts(tools(reports), MONTH, 10 * MEGABYTE)
    assert list(contents(parts)) == ["showreel-2026-03-01_2026-03-31.csv"]
    assert parts.embed.image.url is None
    assert "The picture could not be drawn this time" in str(parts.embed.description)
    assert int(fields(parts.embed)["Asked for"]) > 0
    assert "Picture" not in str(parts.embed.footer.text)


async def test_a_file_that_is_too_large_is_compressed_and_that_is_said(reports: Reports) -> None:
    whole = contents(await report_parts(tools(reports), MONTH, 10 * MEGABYTE)).popitem()[1]
    parts = await report_parts(tools(reports), MONTH, len(whole))
    ((name, data),) = contents(parts).items()
    assert name == "showreel-2026-03-01_2026-03-31.csv.gz"
    assert gzip.decompress(data) == whole
    assert "it is compressed (gzip)" in str(parts.embed.description)
    assert parts.embed.footer.text == f"Every video: {name}"


async def test_a_file_that_is_too_large_even_compressed_is_left_out_and_that_is_said(reports: Reports) -> None:
    parts = await report_parts(tools(reports), MONTH, 1000)
    assert parts.files == ()
    assert "too large for this server, even compressed" in str(parts.embed.description)
    assert parts.embed.footer.text is None


async def test_a_file_that_no_compression_makes_small_enough_is_not_even_written(
    reports: Reports, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_parts_module, "_zipped", _must_not_compress)
    parts = await report_parts(tools(reports), MONTH, ROOM_FOR_FORM + 1000)
    assert parts.files == ()
    assert "too large for this server, even compressed. Choose fewer days." in str(parts.embed.description)


async def test_of_a_public_report_the_file_of_rows_is_apart(reports: Reports) -> None:
    parts = await report_parts(tools(reports), MONTH, 10 * MEGABYTE, is_public=True)
    assert parts.files == ()
    assert parts.embed.footer.text is None
    assert [file.filename for file in parts.apart] == ["showreel-2026-03-01_2026-03-31.csv"]
    parts.close()
    assert all(file.fp.closed for file in parts.apart)


async def test_what_is_said_of_the_file_of_a_public_report_is_apart_as_well(reports: Reports) -> None:
    parts = await report_parts(tools(reports), MONTH, 1000, is_public=True)
    assert parts.apart == ()
    assert "too large" not in str(parts.embed.description)
    assert parts.remark.startswith("The file of all videos is too large for this server")


async def test_no_disk_for_the_file_is_no_reason_for_no_report(reports: Reports, no_disk: None) -> None:
    parts = await report_parts(tools(reports, Charts()), MONTH, 10 * MEGABYTE)
    assert parts.files == ()
    assert int(fields(parts.embed)["Asked for"]) > 0
    assert "The picture could not be drawn this time" in str(parts.embed.description)
    assert "The file of all videos could not be written" in str(parts.embed.description)


async def test_nothing_is_left_on_the_disk(reports: Reports, temporary: Path) -> None:
    parts = await report_parts(tools(reports), MONTH, 10 * MEGABYTE)
    assert not any(os.scandir(temporary))
    assert len(contents(parts)) == 1


async def test_an_unfit_period_is_a_rejection(reports: Reports) -> None:
    asked = Asked(guild_id=GUILD, period=Period.CUSTOM, first="2026-03-02", last="2026-03-01")
    with pytest.raises(Rejection) as raised:
        await report_parts(tools(reports), asked, 10 * MEGABYTE)
    assert isinstance(raised.value.problem, PeriodReversed)


@pytest.mark.parametrize(
    ("every", "start", "name", "title"),
    [
        (Window.DAY, datetime(2026, 3, 29, tzinfo=BERLIN), "2026-03-29_2026-03-29", "The report of the day"),
        (Window.WEEK, datetime(2026, 3, 23, tzinfo=BERLIN), "2026-03-23_2026-03-29", "The report of the week"),
        (Window.MONTH, datetime(2026, 3, 1, tzinfo=BERLIN), "2026-03-01_2026-03-31", "The report of the month"),
    ],
)
async def test_a_scheduled_report_is_about_the_days_of_its_period(
    reports: Reports, every: Window, start: datetime, name: str, title: str
) -> None:
    schedule = Schedule(guild_id=GUILD, channel_id=1, every=every, set_at=NOW)
    period = (every.start(start, BERLIN), every.end(start, BERLIN))
    zoned = tools(reports, NOTHING_DRAWN, **{f"guild_{GUILD}": "Europe/Berlin"})
    parts = await scheduled_parts(zoned, schedule, period, 10 * MEGABYTE)
    assert list(contents(parts)) == [f"showreel-{name}.csv"]
    assert parts.embed.title == title


async def test_other_filters_are_named_and_hold(reports: Reports) -> None:
    asked = replace(MONTH, member_id=FIRST_MEMBER, model="veo3.1-fast", operation=Operation.TEXT, by="day")
    parts = await report_parts(tools(reports), asked, 10 * MEGABYTE)
    line = str(parts.embed.description).splitlines()[1]
    assert line == f"Only: <@{FIRST_MEMBER}> · veo3.1-fast · Text to video"
    (data,) = contents(parts).values()
    assert {(row["member_id"], row["model"]) for row in rows(data)} == {(str(FIRST_MEMBER), "veo3.1-fast")}


async def test_a_zone_that_is_not_known_any_more_is_the_configurations(reports: Reports) -> None:
    known = tools(reports, guild_1="Europe/Berlin", guild_2="Mars/Olympus")
    assert await known.zone_of(1) == BERLIN
    assert [await known.zone_of(guild_id) for guild_id in (2, 3, None)] == [UTC, UTC, UTC]


def test_members_are_links_and_those_forgotten_are_former_members() -> None:
    embed = report_embed(report(group("m1", 1200, user_id=7, name="*ada*"), group("m2", 2)))
    assert fields(embed)["Member"].splitlines() == [
        "1. <@7> · 1,200 asked for · 100 % made · 9,600 s · $480.00",
        "2. former member · 2 asked for · 100 % made · 16 s · $0.80",
    ]


def test_channels_are_links_and_operations_have_their_names() -> None:
    assert fields(report_embed(report(group("77"), by="channel")))["Channel"].startswith("1. <#77> · ")
    assert fields(report_embed(report(group("0"), by="channel")))["Channel"].startswith("1. direct messages · ")
    said = fields(report_embed(report(group("start-end-to-video"), by="operation")))
    assert said["Operation"].startswith("1. Start and end frames · ")


def test_a_row_is_called_as_its_report_has_it() -> None:
    halves = replace(DEFINITIONS["day"], name="half", row="Half", label=lambda group: f"half *{group.key}*")
    said = fields(report_embed(report(group("1"), definition=halves)))
    assert said["Half"].startswith("1. half \\*1\\* · ")


def test_another_report_of_members_links_them_as_well() -> None:
    guests = replace(DEFINITIONS["member"], name="guest", row="Guest")
    said = fields(report_embed(report(group("m1", user_id=7, name="ada"), definition=guests)))
    assert said["Guest"].startswith("1. <@7> · ")


def test_a_name_from_outside_is_plain_text() -> None:
    said = fields(report_embed(report(group("a**b**\n[x](https://example.com)\u202e"), by="model")))["Model"]
    assert said.startswith("1. a\\*\\*b\\*\\* \\[x\\](https://example.com) · ")


def test_only_ten_rows_are_shown_and_the_others_counted() -> None:
    many = [group(f"m{number}", 100 - number, user_id=number + 1) for number in range(10)]
    embed = report_embed(report(*many, rest=Rest(count=1990, figures=Figures(requested=5000))))
    (name,) = [name for name in fields(embed) if name.startswith("Member")]
    assert name == "Member: the first 10 of 2,000"
    assert len(fields(embed)[name].splitlines()) == 10


def test_of_days_those_with_the_most_requests_are_shown() -> None:
    days = [Group(key=f"2026-03-{day:02}", figures=Figures(requested=day % 3)) for day in range(1, 7)]
    said = fields(report_embed(report(*days, by="day")))["Day"].splitlines()
    places = [f"{place}. 2026-03-0{day}" for place, day in enumerate((2, 5, 1, 4), start=1)]
    assert [line.split(" · ")[0] for line in said] == places


def test_the_headline_has_every_figure() -> None:
    totals = Figures(requested=2000, succeeded=1500, refunded=20, failed=400, open=80, seconds=12_000, micros=7_654_321)
    embed = report_embed(report(totals=replace(totals, unpriced=3)))
    assert list(fields(embed).items())[:7] == [
        ("Asked for", "2,000"),
        ("Success rate", "79 %"),
        ("Seconds of video", "12,000"),
        ("Spend", "$7.65"),
        ("Of unknown price", "3"),
        ("Time to video, median", "1 min 15 s"),
        ("Time to video, 95th percentile", "4 min 0 s"),
    ]
    last = str(embed.description).splitlines()[-1]
    assert last == "1,500 made · 400 not made · 20 refunded · 80 under way"


def test_an_empty_report_says_so() -> None:
    embed = report_embed(report(median=None, percentile_95=None))
    assert str(embed.description).endswith("Nobody asked for a video in this time.")
    assert fields(embed)["Time to video, median"] == "–"  # noqa: RUF001 - a dash


numbers = st.integers(0, 10**13)
figures = st.builds(
    Figures, **dict.fromkeys(("requested", "succeeded", "failed", "open", "seconds", "micros", "unpriced"), numbers)
)
names = st.one_of(st.text(max_size=300), st.text("*_`~|\\>#[]()", max_size=300), st.sampled_from(list(Operation)))
groups = st.builds(Group, key=names, figures=figures, user_id=st.none() | st.integers(1, 2**63 - 1), name=names)


def spans() -> Iterator[Span]:
    for first, last in (("2026-03-01", "2026-03-01"), ("2025-03-01", "2026-02-28")):
        yield span_of(Period.CUSTOM, NOW, BERLIN, first, last)


@given(
    rows=st.lists(groups, max_size=12),
    by=st.sampled_from(list(DEFINITIONS)),
    span=st.sampled_from(list(spans())),
    count=numbers,
    model=st.none() | names,
    title=st.text(max_size=400),
)
def test_discord_takes_every_embed(
    rows: list[Group], by: str, span: Span, count: int, model: str | None, title: str
) -> None:
    chosen = Chosen(start=span.start, end=span.end, zone=BERLIN, model=model, member_id=2**63 - 1, channel_id=2**63 - 1)
    found = report(*rows, by=by, span=span, chosen=chosen, rest=Rest(count=count, figures=Figures()))
    attached = Attached(chart="chart.png", rows="showreel.csv.gz", remarks=("Something long is said. " * 8,) * 2)
    embed = report_embed(found, attached, title)
    assert len(embed) <= 6000
    fields(embed)

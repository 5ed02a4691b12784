"""A report as it is posted: the embed, the picture that it shows, and the file of all its rows."""

import asyncio
import gzip
import io
import shutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import discord
import structlog

from bot.chat.parts import BYTES_PER_MESSAGE
from bot.chat.postman import ROOM_FOR_FORM
from bot.chat.report_cards import Attached, report_embed
from bot.domain.guild import Schedule
from bot.domain.limits import Window
from bot.i18n import N_, _
from bot.reports.chart import PHONE, SMALL, ChartFailedError, Charts
from bot.reports.periods import Period
from bot.reports.rows import write_csv
from bot.reports.usage import Asked, Report, Reports
from bot.work.actors import SettingsStore

log = structlog.get_logger(__name__)

CHART = "chart.png"

CHART_WIDTH, SMALL_CHART_WIDTH = PHONE, SMALL
"""Pixels: narrow, so that letters stay readable where an embed's picture is shown small, as on a phone."""

CHART_WITHIN = timedelta(minutes=2)
"""For one picture, waiting for the others before it included."""

ROWS_WITHIN = timedelta(minutes=2)
"""For the file of rows; with the picture it stays under the five minutes that an announcement has."""

MOST_COMPRESSED = 20
"""Times that a file of rows is smaller once it is compressed, and more than any is: most become a fifth to a tenth."""

Draw: TypeAlias = Callable[[Report, int, str], Awaitable[bytes]]
"""Draws a report's chart, so wide and with a title; raises ChartFailedError."""

TITLES: Mapping[Window, str] = MappingProxyType(
    {
        Window.DAY: N_("The report of the day"),
        Window.WEEK: N_("The report of the week"),
        Window.MONTH: N_("The report of the month"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportTools:
    """What reports are put together with; `zone` is that of guilds without one of their own."""

    reports: Reports
    charts: Charts
    guilds: SettingsStore
    zone: tzinfo

    async def zone_of(self, guild_id: int | None) -> tzinfo:
        """The time zone of a guild, or (None) of direct messages."""
        name = None if guild_id is None else (await self.guilds.settings(guild_id)).time_zone
        if name is None:
            return self.zone
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):  # of another version of the zones' database
            log.warning("time_zone_unknown", guild=guild_id, time_zone=name)
            return self.zone


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportParts:
    """One message, and what is not for everyone who can read it: the files `apart`, with the `remark` on them.

    All files are open, and gone from the disk: whoever posts them closes them.
    """

    embed: discord.Embed
    files: tuple[discord.File, ...] = ()
    apart: tuple[discord.File, ...] = ()
    remark: str = ""

    def close(self) -> None:
        """Close the files."""
        for file in (*self.files, *self.apart):
            file.close()


async def report_parts(
    tools: ReportTools, asked: Asked, limit: int, title: str = "", *, is_public: bool = False
) -> ReportParts:
    """Make a report, with files of so many bytes at most; raises Rejection as `Reports.usage` does.

    Whatever can't be drawn, or is too large, is left out, and the embed says so. Of a public one the file of rows,
    which has everyone's ids, is apart.
    """
    report = await tools.reports.usage(asked)
    room = min(limit, BYTES_PER_MESSAGE) - ROOM_FOR_FORM
    chart = await chart_of(tools.charts.chart_of, report, CHART_WIDTH, title)
    rows, remark = await _rows(tools.reports, report, room - len(chart or b""))
    picture = (picture_file(chart),) if chart else ()
    remarks = () if chart else (_("The picture could not be drawn this time; the figures are complete without it."),)
    shown = Attached(chart=CHART if chart else None, remarks=remarks)
    if is_public:
        return ReportParts(embed=report_embed(report, shown, title), files=picture, apart=rows, remark=remark)
    attached = replace(shown, rows=rows[0].filename if rows else None, remarks=(*remarks, *filter(None, [remark])))
    return ReportParts(embed=report_embed(report, attached, title), files=(*picture, *rows))


async def scheduled_parts(
    tools: ReportTools, schedule: Schedule, period: tuple[datetime, datetime], limit: int
) -> ReportParts:
    """The report of a schedule's period, [start, end) at midnights of the guild's time zone."""
    start, end = period
    zone = await tools.zone_of(schedule.guild_id)
    asked = Asked(
        period=Period.CUSTOM,
        zone=zone,
        first=start.astimezone(zone).date().isoformat(),
        last=(end - timedelta(microseconds=1)).astimezone(zone).date().isoformat(),
        guild_id=schedule.guild_id,
    )
    return await report_parts(tools, asked, limit, _(TITLES[schedule.every]))


async def chart_of(draw: Draw, report: Report, width: int, title: str = "") -> bytes | None:
    """A report's chart as a PNG; None where it could not be drawn, which is written down."""
    try:
        async with asyncio.timeout(CHART_WITHIN.total_seconds()):
            return await draw(report, width, title)
    except (ChartFailedError, OSError) as error:  # a TimeoutError and a full disk are OSErrors
        log.warning("chart_not_drawn", report=report.definition.name, error=str(error) or type(error).__name__)
        return None


def picture_file(chart: bytes) -> discord.File:
    """A chart as the file that an embed shows."""
    return discord.File(io.BytesIO(chart), filename=CHART)


async def _rows(reports: Reports, report: Report, room: int) -> tuple[tuple[discord.File, ...], str]:
    """The file of rows, or none, compressed where it has to be; and what is to be said of it."""
    try:
        with TemporaryDirectory(prefix="showreel-report-") as folder:
            path = Path(folder) / f"showreel-{report.span.first}_{report.span.last}.csv"
            async with asyncio.timeout(ROWS_WITHIN.total_seconds()):
                return await _written(reports, report, path, room)
    except OSError as error:  # a TimeoutError is one
        log.warning("rows_not_written", error=str(error) or type(error).__name__)
        return (), _("The file of all videos could not be written. Choose fewer days, or try again later.")


async def _written(reports: Reports, report: Report, path: Path, room: int) -> tuple[tuple[discord.File, ...], str]:
    most = MOST_COMPRESSED * room
    size = await write_csv(reports, report, path, most)
    if size <= room:
        return (await asyncio.to_thread(discord.File, path),), ""
    if size <= most:
        path, size = await asyncio.to_thread(_zipped, path)
    if size > room:
        return (), _("The file of all videos is too large for this server, even compressed. Choose fewer days.")
    remark = _("The file of all videos was too large for this server, so it is compressed (gzip).")
    return (await asyncio.to_thread(discord.File, path),), remark


def _zipped(path: Path) -> tuple[Path, int]:
    """The file compressed, beside it, and its size."""
    zipped = path.with_name(f"{path.name}.gz")
    with path.open("rb") as file, gzip.open(zipped, "wb") as target:
        shutil.copyfileobj(file, target)
    return zipped, zipped.stat().st_size

"""`showreel report`: the usage of a guild, or of all, as tables or as CSV."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import tzinfo
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from bot.app.opening import StartError, now, opened_store
from bot.chat import problems
from bot.domain.errors import Rejection
from bot.domain.figures import Figures
from bot.domain.request import Operation
from bot.domain.zones import zone_named
from bot.i18n import N_, _
from bot.reports import labels
from bot.reports.definitions import DEFINITIONS
from bot.reports.periods import Period
from bot.reports.rows import csv_of
from bot.reports.usage import Asked, Report, Reports
from bot.settings import Settings


def known(name: str) -> str:
    """The name of a report, as it was typed; raises BadParameter where there is none."""
    if name not in DEFINITIONS:
        raise typer.BadParameter(_("{name} is none of {names}", name=name, names=", ".join(DEFINITIONS)))
    return name


GuildOption = Annotated[int | None, typer.Option(help=N_("Discord's id of the server; else all servers together."))]
PeriodOption = Annotated[Period, typer.Option(help=N_("Which days; --from and --to choose any others."))]
FromOption = Annotated[str, typer.Option("--from", help=N_("The first day, as 2026-03-01."))]
ToOption = Annotated[str, typer.Option("--to", help=N_("The last day, as 2026-03-31; else the first day alone."))]
MemberOption = Annotated[int | None, typer.Option(help=N_("Only this member's videos, by Discord's id."))]
ModelOption = Annotated[str | None, typer.Option(help=N_("Only videos of this model."))]
OperationOption = Annotated[Operation | None, typer.Option(help=N_("Only videos of this kind."))]
ChannelOption = Annotated[int | None, typer.Option(help=N_("Only videos asked for in this channel, by Discord's id."))]
ByOption = Annotated[str, typer.Option(parser=known, metavar="|".join(DEFINITIONS), help=N_("What a row is about."))]
CsvOption = Annotated[bool, typer.Option("--csv", help=N_("Write every generation as CSV instead."))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What was typed."""

    guild: int | None
    period: Period
    first: str
    last: str
    by: str
    member: int | None
    model: str | None
    operation: Operation | None
    channel: int | None
    csv: bool


async def show(settings: Settings, wanted: Wanted, console: Console) -> None:
    """Print the report, also beside a running bot; raises StartError for what is to be mended."""
    async with opened_store(settings, owner=False) as store:
        reports = Reports(store.reports, now)
        zone = None if wanted.guild is None else (await store.guilds.settings(wanted.guild)).time_zone
        report = await _report(reports, wanted, zone_named(zone, ZoneInfo(settings.limits.time_zone)))
        if not wanted.csv:
            _print(report, console)
            return
        async for piece in csv_of(reports, report):
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()


async def _report(reports: Reports, wanted: Wanted, zone: tzinfo) -> Report:
    is_custom = bool(wanted.first or wanted.last) or wanted.period is Period.CUSTOM
    asked = Asked(
        period=Period.CUSTOM if is_custom else wanted.period,
        by=wanted.by,
        zone=zone,
        first=wanted.first,
        last=wanted.last or wanted.first,
        guild_id=wanted.guild,
        all_guilds=wanted.guild is None,
        member_id=wanted.member,
        model=wanted.model,
        operation=wanted.operation,
        channel_id=wanted.channel,
        most=None,
        with_rows=wanted.csv,
    )
    try:
        return await reports.usage(asked)
    except Rejection as rejection:
        raise StartError(problems.problem(rejection.problem)) from rejection


def _print(report: Report, console: Console) -> None:
    chosen = report.chosen
    where = _("all servers") if chosen.all_guilds else _("server {id}", id=chosen.guild_id)
    console.print(f"{_(report.definition.title)}: {report.span} ({chosen.zone}), {where}", highlight=False)
    filters = list(_filters(report))
    if filters:
        console.print(_("Only: {filters}", filters=" · ".join(filters)), markup=False, highlight=False)
    console.print()
    console.print(_headline(report))
    console.print()
    if report.is_empty:
        console.print(_("Nobody asked for a video in this time."))
    else:
        console.print(_groups(report))


def _filters(report: Report) -> Iterator[str]:
    chosen = report.chosen
    if chosen.member_id is not None:
        yield _("member {id}", id=chosen.member_id)
    if chosen.model is not None:
        yield labels.plain(chosen.model)
    if chosen.operation is not None:
        yield chosen.operation
    if chosen.channel_id is not None:
        yield _("channel {id}", id=chosen.channel_id)


def _headline(report: Report) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    totals = report.totals
    for name, figure in (
        (_("Asked for"), f"{totals.requested:,}"),
        (_("Success rate"), labels.share(totals.success_rate)),
        (_("Seconds of video"), f"{totals.seconds:,}"),
        (_("Spend"), labels.dollars(totals.micros)),
        (_("Of unknown price"), f"{totals.unpriced:,}"),
        (_("Time to video, median"), labels.length(report.median)),
        (_("Time to video, 95th percentile"), labels.length(report.percentile_95)),
    ):
        table.add_row(name, figure)
    return table


def _groups(report: Report) -> Table:
    headings = (_("Asked for"), _("Made"), _("Not made"), _("Refunded"), _("Under way"), _("Seconds"), _("Spend"))
    figures = (
        Column(heading, footer=total, justify="right", no_wrap=True)
        for heading, total in zip(headings, _cells(report.totals), strict=True)
    )
    rows = Column(_(report.definition.row), footer=_("All"))
    table = Table(rows, *figures, box=None, pad_edge=False, header_style="bold", show_footer=True)
    for group in report.groups:
        table.add_row(Text(report.definition.label(group)), *_cells(group.figures))
    return table


def _cells(figures: Figures) -> tuple[str, ...]:
    counts = (figures.requested, figures.succeeded, figures.failed, figures.refunded, figures.open, figures.seconds)
    return (*(f"{count:,}" for count in counts), labels.spend(figures))

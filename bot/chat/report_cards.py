"""A report as an embed: the figures first, then the rows with the most requests."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import discord

from bot.chat import texts
from bot.domain.figures import Figures, Group
from bot.domain.request import Operation
from bot.i18n import N_, _, n_
from bot.reports import labels
from bot.reports.usage import TOP, Report

TITLE_MOST, FIELD_MOST, FOOTER_MOST = 256, 1024, 2048
"""Characters, by Discord's bounds on embeds; all that is in one stays under its 6,000 as well."""

NAME_SHOWN = 40
"""Characters of a name in a row; with them escaped, ten rows mostly fit into a field."""

OUTCOMES: Mapping[str, str] = MappingProxyType(
    {
        "succeeded": N_("{count} made"),
        "failed": N_("{count} not made"),
        "refunded": N_("{count} refunded"),
        "open": N_("{count} under way"),
    }
)
"""The figures that the requests of a period add up from, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """What goes out with an embed: the names of its picture and of its file of rows, and what is to be said of them."""

    chart: str | None = None
    rows: str | None = None
    remarks: tuple[str, ...] = ()


NOTHING = Attached()


def report_embed(report: Report, attached: Attached = NOTHING, title: str = "") -> discord.Embed:
    """A report within Discord's bounds; members and channels are links in it, nobody is pinged."""
    embed = discord.Embed(
        title=clipped(title or _(report.definition.title), TITLE_MOST),
        description="\n".join([*_about(report), *attached.remarks]),
        colour=discord.Colour.blurple(),
    )
    for name, figure in _headline(report):
        embed.add_field(name=name, value=figure)
    if not report.is_empty:
        embed.add_field(name=_rows_name(report), value=_rows(report), inline=False)
    if attached.chart:
        embed.set_image(url=f"attachment://{attached.chart}")
    footer = _footer(attached)
    if footer:
        embed.set_footer(text=clipped(footer, FOOTER_MOST))
    return embed


def period_line(report: Report) -> str:
    """The days of a report with their zone, and the instants that they begin and end at, in the reader's time."""
    days = f"**{report.span}** ({texts.plain(str(report.chosen.zone))})"
    start, end = texts.instant(report.span.start, "f"), texts.instant(report.span.end, "f")
    return _("{days}: from {start} to {end}", days=days, start=start, end=end)


def sums(figures: Figures) -> str:
    """Requests, seconds and spend on a line."""
    return " · ".join(
        (
            n_("{count:,} asked for", "{count:,} asked for", figures.requested),
            _("{share} made", share=labels.share(figures.success_rate)),
            _("{seconds} s", seconds=count(figures.seconds)),
            labels.spend(figures),
        )
    )


def count(number: int) -> str:
    """A number of things, with its thousands told apart."""
    return f"{number:,}"


def clipped(text: str, most: int) -> str:
    """A text of so many characters at most."""
    return text if len(text) <= most else text[: most - 1] + "…"


def fitting(lines: Iterable[str], most: int) -> str:
    """As many whole lines, from the first one on, as fit into so many characters."""
    kept: list[str] = []
    for line in lines:
        if sum(map(len, kept)) + len(kept) + len(line) > most:
            break
        kept.append(line)
    return "\n".join(kept)


def _about(report: Report) -> Iterator[str]:
    yield period_line(report)
    filters = list(_filters(report))
    if filters:
        yield _("Only: {filters}", filters=" · ".join(filters))
    if report.is_empty:
        yield _("Nobody asked for a video in this time.")
        return
    found = ((text, getattr(report.totals, name)) for name, text in OUTCOMES.items())
    yield " · ".join(_(text, count=count(number)) for text, number in found if number)


def _filters(report: Report) -> Iterator[str]:
    chosen = report.chosen
    if chosen.member_id is not None:
        yield f"<@{chosen.member_id}>"
    if chosen.model is not None:
        yield _name(chosen.model)
    if chosen.operation is not None:
        yield texts.operation_name(chosen.operation)
    if chosen.channel_id is not None:
        yield f"<#{chosen.channel_id}>"


def _headline(report: Report) -> tuple[tuple[str, str], ...]:
    totals = report.totals
    return (
        (_("Asked for"), count(totals.requested)),
        (_("Success rate"), labels.share(totals.success_rate)),
        (_("Seconds of video"), count(totals.seconds)),
        (_("Spend"), labels.dollars(totals.micros)),
        (_("Of unknown price"), count(totals.unpriced)),
        (_("Time to video, median"), labels.length(report.median)),
        (_("Time to video, 95th percentile"), labels.length(report.percentile_95)),
    )


def _rows_name(report: Report) -> str:
    row = _(report.definition.row)
    total, shown = _asked_for(report), len(report.top())
    if total <= shown:
        return row
    return _("{row}: the first {shown} of {total}", row=row, shown=shown, total=count(total))


def _asked_for(report: Report) -> int:
    """How many rows have any request."""
    return report.rest.count + sum(group.figures.requested > 0 for group in report.groups)


def _rows(report: Report) -> str:
    lines = (
        f"{place}. {_label(report, group)} · {sums(group.figures)}"
        for place, group in enumerate(report.top(TOP), start=1)
    )
    return fitting(lines, FIELD_MOST)


def _label(report: Report, group: Group) -> str:
    label = report.definition.label
    in_discord = _IN_DISCORD.get(label)
    return _name(label(group)) if in_discord is None else in_discord(group)


def _footer(attached: Attached) -> str:
    parts = []
    if attached.chart:
        parts.append(_("Picture: {name}", name=attached.chart))
    if attached.rows:
        parts.append(_("Every video: {name}", name=attached.rows))
    return " · ".join(parts)


def _name(text: str) -> str:
    """A name from outside on one line, clipped, with nothing in it that Discord would format."""
    return texts.plain(clipped(labels.plain(text), NAME_SHOWN)) or labels.NONE


def _of_member(group: Group) -> str:
    return _("former member") if group.user_id is None else f"<@{group.user_id}>"


def _of_channel(group: Group) -> str:
    return f"<#{group.key}>" if group.key.isdecimal() and int(group.key) else labels.channel(group)


def _of_operation(group: Group) -> str:
    return texts.operation_name(Operation(group.key)) if group.key in set(Operation) else _name(group.key)


_IN_DISCORD: Mapping[Callable[[Group], str], Callable[[Group], str]] = MappingProxyType(
    {labels.member: _of_member, labels.channel: _of_channel, labels.operation: _of_operation}
)
"""What stands here in place of a label: links, and names in the reader's language; any other label stands as it is."""

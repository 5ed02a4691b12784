"""A report as a picture: what is in it, and having it drawn in a process of its own.

The drawing library takes more memory and time to load than the whole bot, so it never comes into the bot's process.
"""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Sequence
from datetime import timedelta
from tempfile import TemporaryDirectory

from bot.domain.figures import Figures, Group
from bot.i18n import N_, _, n_
from bot.media.probing import environment
from bot.reports import labels
from bot.reports.picture import WIDTHS, Bar, Part, Picture, Shape
from bot.reports.turns import Turns
from bot.reports.usage import TOP, Report, Rest

DESKTOP, PHONE, SMALL = 1200, 700, 480
"""Usual widths in pixels."""

FONTS = (
    "DejaVu Sans",  # comes with the drawing library
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
    "Droid Sans Fallback",
    "NanumGothic",
    "Noto Sans Arabic",
    "Noto Sans Hebrew",
    "Noto Sans Devanagari",
    "Noto Sans Thai",
    "Noto Emoji",
    "Symbola",
    "Unifont",
)
"""Families that are drawn with where they are installed, the first that has a character."""

PARTS = (
    ("succeeded", N_("made"), "#5bb8f5"),
    ("failed", N_("not made"), "#f58463"),
    ("refunded", N_("refunded"), "#c9a3f2"),
    ("open", N_("under way"), "#b5bac1"),
)
"""What a bar consists of: the figure, its name, its colour."""

DRAWINGS_AT_ONCE = 1
OWN_WAITING_MOST = 5
"""Own charts of members that wait until one more can be drawn."""

DRAW_WITHIN = timedelta(seconds=30)
"""Well above the drawing's own bound on processor time: passing it means that the machine is busy."""


class ChartFailedError(Exception):
    """A picture could not be drawn; the report is as good without."""


def picture_of(report: Report, width: int = DESKTOP, title: str = "", fonts: Sequence[str] = FONTS) -> Picture:
    """What a report's chart shows, in the language spoken here; its bars add up to the report's totals."""
    if width not in WIDTHS:
        raise ValueError(f"not a width for a picture: {width}")
    shown = [part for part in PARTS if getattr(report.totals, part[0])]
    definition = report.definition
    return Picture(
        width=width,
        shape=Shape.COLUMNS if definition.is_by_day else Shape.BARS,
        title=title or _(definition.title),
        lines=(_about(report), _in_figures(report)),
        unit=_("videos asked for"),
        parts=tuple(Part(name=_(name), colour=colour) for _figure, name, colour in shown),
        bars=() if report.is_empty else tuple(_bars(report, [figure for figure, _name, _colour in shown])),
        empty=_("Nobody asked for a video in this time."),
        fonts=tuple(fonts),
    )


class Charts:
    """Draws pictures, one at a time, each in a process of its own.

    Members' own charts have a queue among themselves, of which only the first waits beside reports: however many
    members ask, a report waits for one of them at most.
    """

    def __init__(self, within: timedelta = DRAW_WITHIN) -> None:
        self._within = within
        self._slots = asyncio.Semaphore(DRAWINGS_AT_ONCE)
        self._own = Turns(at_once=1, waiting_most=OWN_WAITING_MOST)

    async def chart_of(self, report: Report, width: int = DESKTOP, title: str = "") -> bytes:
        """A report's chart as a PNG; raises ChartFailedError."""
        return await self.draw(picture_of(report, width, title))

    async def own_chart_of(self, report: Report, width: int = SMALL, title: str = "") -> bytes:
        """The chart of one member's report as a PNG, one at a time for each member.

        Raises ChartFailedError, and NoTurnError at once where the member's last one isn't drawn yet, or too many wait.
        """
        async with self._own.turn(report.chosen.member_id):
            return await self.chart_of(report, width, title)

    async def draw(self, picture: Picture) -> bytes:
        """A picture as a PNG; raises ChartFailedError."""
        async with self._slots:
            with TemporaryDirectory(prefix="showreel-chart-") as folder:
                try:
                    async with asyncio.timeout(self._within.total_seconds()):
                        drawn, code = await _run(picture, folder)
                except TimeoutError as error:
                    raise ChartFailedError("the picture was not drawn in time") from error
                except OSError as error:
                    raise ChartFailedError("the drawing could not be started") from error
        if code != 0 or not drawn:
            raise ChartFailedError(f"the drawing ended with {code}")
        return drawn


async def _run(picture: Picture, folder: str) -> tuple[bytes, int]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-B", "-P", "-m", "bot.reports.draw"),
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        env={**environment(), "MPLCONFIGDIR": folder, "OPENBLAS_NUM_THREADS": "1", "TMPDIR": folder, "HOME": folder},
    )
    try:
        drawn, _nothing = await process.communicate(picture.to_json().encode())
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
    assert process.returncode is not None  # noqa: S101 - it has ended
    return drawn, process.returncode


def _bars(report: Report, figures: Sequence[str]) -> list[Bar]:
    if report.definition.is_by_day:
        return [_bar(report, group, figures, group.key[5:]) for group in report.groups]
    rest = _rest(report)
    bars = [_bar(report, group, figures, report.definition.label(group)) for group in report.groups[:TOP]]
    if rest.count:
        label = n_("{count} more", "{count} more", rest.count)
        bars.append(Bar(label=label, instead=label, amounts=_amounts(rest.figures, figures), figures=_at(rest.figures)))
    return bars


def _rest(report: Report) -> Rest:
    """All that has no bar of its own."""
    hidden = report.groups[TOP:]
    figures = sum((group.figures for group in hidden), start=report.rest.figures)
    return Rest(count=report.rest.count + len(hidden), figures=figures)


def _bar(report: Report, group: Group, figures: Sequence[str], label: str) -> Bar:
    instead = labels.member_id(group) if report.definition.label is labels.member else labels.NONE
    amounts = _amounts(group.figures, figures)
    written = f"{group.figures.requested:,}" if report.definition.is_by_day else _at(group.figures)
    return Bar(label=label, instead=instead, amounts=amounts, figures=written)


def _amounts(of: Figures, figures: Sequence[str]) -> tuple[int, ...]:
    return tuple(getattr(of, figure) for figure in figures)


def _at(figures: Figures) -> str:
    return f"{figures.requested:,} · {labels.spend_in_short(figures)}"


def _about(report: Report) -> str:
    chosen = report.chosen
    filters = [chosen.model, chosen.operation, chosen.channel_id and labels.channel_id(chosen.channel_id)]
    return " · ".join([f"{report.span} ({chosen.zone})", *(str(each) for each in filters if each)])


def _in_figures(report: Report) -> str:
    totals = report.totals
    asked = n_("{count} asked for", "{count} asked for", totals.requested)
    made = _("{share} made", share=labels.share(totals.success_rate))
    return " · ".join((asked, made, labels.spend(totals)))

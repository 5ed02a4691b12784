"""Pictures: what they say, that nothing overlaps, and that drawing them is kept apart from the bot."""

import asyncio
import io
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import combinations
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from matplotlib.font_manager import fontManager
from PIL import Image

from bot.domain.figures import Outcome
from bot.reports import chart, layout
from bot.reports.canvas import BACKGROUND, FAINT, INK, Canvas, Fonts, Ink, Side
from bot.reports.chart import DESKTOP, FONTS, PARTS, PHONE, SMALL, ChartFailedError, Charts, picture_of
from bot.reports.definitions import DEFINITIONS
from bot.reports.picture import Bar, Part, Picture, Shape
from bot.reports.sizes import marks_of
from bot.reports.turns import NoTurnError, UnderWayError
from bot.reports.usage import Asked, Reports
from bot.store.database import Database
from tests.reports.samples import GUILD, NOW, Life, write

WIDTHS = (DESKTOP, PHONE, SMALL)
INSTALLED = {entry.name for entry in fontManager.ttflist}
NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=60) | st.sampled_from(
    ["$x_1$", "王小明" * 20, "إيمان", "🦊🥑👩‍🚀👍🏽", "a\u0301" * 30, "\u202eabc", "김민준", "W" * 200, ""]
)
bars = st.builds(
    Bar,
    label=NAMES,
    instead=st.just("member …1234"),
    amounts=st.tuples(st.integers(0, 10**6), st.integers(0, 50), st.integers(0, 3)),
    figures=st.sampled_from(["1", "123,456 · $1,234.56 + ?", "0 · $0.00"]),
)
pictures = st.builds(
    Picture,
    width=st.sampled_from(WIDTHS),
    shape=st.just(Shape.BARS),
    title=NAMES,
    lines=st.tuples(NAMES, NAMES),
    unit=st.just("videos asked for"),
    parts=st.just(tuple(Part(name=name, colour=colour) for _figure, name, colour in PARTS[:3])),
    bars=st.lists(bars, max_size=11).map(tuple),
    empty=st.just("Nobody asked for a video in this time."),
    fonts=st.sampled_from([(), FONTS]),
)


def sample(shape: Shape = Shape.BARS, count: int = 3, least: int = 0, **facts: Any) -> Picture:
    drawn = [
        Bar(label=f"03-{number:02}", instead="-", amounts=(least + number, 2), figures=f"{least + number + 2:,}")
        for number in range(count)
    ]
    picture = Picture(
        width=PHONE,
        shape=shape,
        title="Videos",
        lines=("March", "9 asked for"),
        unit="videos",
        parts=(Part(name="made", colour="#5bb8f5"), Part(name="not made", colour="#f58463")),
        bars=tuple(drawn),
        empty="Nothing",
        fonts=FONTS,
    )
    return replace(picture, **facts)


@dataclass(frozen=True)
class Written:
    """A text and the box that it takes."""

    text: str
    left: float
    right: float
    top: float
    bottom: float

    def overlaps(self, other: "Written") -> bool:
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        return across > 1 and down > 1


class Noting(Canvas):
    """A canvas that notes what is written where."""

    written: list[Written]

    def text(self, at: tuple[float, float], text: str, ink: Ink, side: Side = Side.LEFT) -> None:
        width = self.length(text, ink)
        left = at[0] - {Side.LEFT: 0.0, Side.CENTRE: width / 2, Side.RIGHT: width}[side]
        shown = self._fonts.drawable(text)
        if shown:
            self.written.append(Written(shown, left, left + width, at[1] - 0.4 * ink.size, at[1] + 0.4 * ink.size))
        super().text(at, text, ink, side)


def written_of(picture: Picture, monkeypatch: pytest.MonkeyPatch) -> Sequence[Written]:
    Noting.written = []
    monkeypatch.setattr(layout, "Canvas", Noting)
    layout.draw(picture)
    return Noting.written


@settings(max_examples=15, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(picture=pictures)
def test_nothing_overlaps_and_nothing_sticks_out(picture: Picture, monkeypatch: pytest.MonkeyPatch) -> None:
    written = written_of(picture, monkeypatch)
    for one, other in combinations(written, 2):
        assert not one.overlaps(other), (one, other)
    for each in written:
        assert each.left >= -1, each
        assert each.right <= picture.width + 1, each


@pytest.mark.parametrize("least", [0, 5_000_000])
@pytest.mark.parametrize("count", [1, 7, 31, 366])
@pytest.mark.parametrize("width", WIDTHS)
def test_days_have_as_many_labels_as_there_is_room_for(
    count: int, width: int, least: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = written_of(sample(Shape.COLUMNS, count, least, width=width), monkeypatch)
    assert f"03-{count - 1:02}" in [each.text for each in written]
    for one, other in combinations(written, 2):
        assert not one.overlaps(other), (one, other)
    for each in written:
        assert each.left >= -1, each
        assert each.right <= width + 1, each


@pytest.mark.parametrize("shape", Shape)
@pytest.mark.parametrize("width", WIDTHS)
def test_a_picture_is_a_png_of_its_width(shape: Shape, width: int) -> None:
    with Image.open(io.BytesIO(layout.draw(sample(shape, 12, width=width)))) as image:
        assert (image.format, image.width) == ("PNG", width)
        assert image.convert("RGB").getpixel((1, 1)) == tuple(bytes.fromhex(BACKGROUND[1:]))


def test_without_a_bar_a_plain_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    written = written_of(sample(count=0), monkeypatch)
    assert [each.text for each in written] == ["Videos", "March", "9 asked for", "Nothing"]


def test_a_dollar_is_a_dollar(monkeypatch: pytest.MonkeyPatch) -> None:
    costly = Bar(label="$a_1^2$ and $\\frac", instead="-", amounts=(1, 1), figures="2 · $1.20 of $2.40")
    assert costly.label in [each.text for each in written_of(sample(bars=(costly,)), monkeypatch)]


@pytest.mark.parametrize("fonts", [(), FONTS, ("No Such Font", "DejaVu Sans")])
def test_only_what_the_fonts_can_draw_is_drawn(fonts: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> None:
    hard = Bar(label="\U000e0001\ue000\U0001fae0", instead="member …1234", amounts=(1, 1), figures="2")
    assert "member …1234" in [each.text for each in written_of(sample(bars=(hard,), fonts=fonts), monkeypatch)]


def test_without_a_font_for_chinese_the_rest_of_a_name_is_left() -> None:
    assert Fonts(()).drawable("王 ada 小明") == "ada"


@pytest.mark.skipif("Noto Sans CJK SC" not in INSTALLED, reason="fonts-noto-cjk is not installed")
def test_with_a_font_for_them_chinese_and_korean_are_drawn() -> None:
    assert Fonts(FONTS).drawable("王小明 김민준 さくら") == "王小明 김민준 さくら"


@pytest.mark.skipif("Symbola" not in INSTALLED, reason="fonts-symbola is not installed")
def test_an_emoji_is_drawn_without_what_only_changes_it() -> None:
    assert Fonts(FONTS).drawable("👍🏽❤\ufe0f") == "👍❤"


def _luminance(colour: str) -> float:
    """The relative luminance of WCAG 2."""
    parts = [part / 255 for part in bytes.fromhex(colour[1:])]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(
    ("colour", "least"), [(INK, 7.0), (FAINT, 4.5), *((colour, 3.0) for _figure, _name, colour in PARTS)]
)
def test_every_colour_stands_out_from_the_dark_theme(colour: str, least: float) -> None:
    assert (_luminance(colour) + 0.05) / (_luminance(BACKGROUND) + 0.05) >= least


@given(st.integers(1, 10**9))
def test_marks_are_few_round_and_reach_the_largest_bar(most: int) -> None:
    marks = marks_of(sample(bars=(Bar(label="", instead="", amounts=(most, 0), figures=""),)))
    assert 2 <= len(marks) <= 6
    assert marks[-2] < most <= marks[-1]
    assert str(marks[1]).strip("0") in {"1", "2", "5"}


def test_a_picture_comes_through_as_text() -> None:
    assert Picture.from_json(sample().to_json()) == sample()


async def test_a_report_says_its_period_its_figures_and_its_rows(database: Database, reports: Reports) -> None:
    await write(
        database,
        *(Life(member=number) for number in range(12)),
        Life(outcome=Outcome.OPEN),
        Life(outcome=Outcome.FAILED, micros=None),
        Life(member=3, micros=None),
    )
    picture = picture_of(await reports.usage(Asked(guild_id=GUILD, model="veo3.1-fast")))
    assert picture.title == "Videos by member"
    assert picture.lines == (
        "2026-03-02 – 2026-03-31 (UTC) · veo3.1-fast",  # noqa: RUF001 - a span is written with a dash
        "15 asked for · 93 % made · $4.80 + 1 unpriced",
    )
    assert [part.name for part in picture.parts] == ["made", "not made", "under way"]
    assert [(bar.label, bar.amounts, bar.figures) for bar in (picture.bars[0], picture.bars[1], picture.bars[-1])] == [
        ("ada", (1, 1, 1), "3 · $0.40"),
        ("王小明", (2, 0, 0), "2 · $0.40 + ?"),
        ("2 more", (2, 0, 0), "2 · $0.80"),
    ]


@pytest.mark.parametrize("by", list(DEFINITIONS))
async def test_every_report_has_its_picture(database: Database, reports: Reports, by: str) -> None:
    await write(database, Life(), Life(member=2, at=NOW - timedelta(days=2)))
    drawn = layout.draw(picture_of(await reports.usage(Asked(guild_id=GUILD, by=by)), SMALL))
    assert drawn.startswith(b"\x89PNG")


async def test_the_drawing_is_done_in_a_process_of_its_own(database: Database, reports: Reports) -> None:
    await write(database, Life())
    drawn = await Charts().chart_of(await reports.usage(Asked(guild_id=GUILD)), SMALL, title="Yours")
    with Image.open(io.BytesIO(drawn)) as image:
        assert image.width == SMALL


class Held:
    """Drawings that each last until they are let go, told apart by their titles."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self._go_on = asyncio.Semaphore(0)
        self._ended = asyncio.Semaphore(0)

    async def let_one_go(self) -> None:
        """Let the one that is being drawn end; whoever is next has begun afterwards."""
        self._go_on.release()
        await self._ended.acquire()
        await settled()

    async def draw(self, picture: Picture, _folder: str) -> tuple[bytes, int]:
        """Stand for the process that draws."""
        self.begun.append(picture.title)
        await self._go_on.acquire()
        self._ended.release()
        return b"drawn", 0


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Held:
    """Nothing is drawn but by being let go."""
    drawings = Held()
    monkeypatch.setattr(chart, "_run", drawings.draw)
    return drawings


async def settled() -> None:
    """Let every task go as far as it gets by itself."""
    for _turn in range(10):
        await asyncio.sleep(0)


async def test_a_report_is_drawn_before_the_members_own_charts_that_wait(held: Held, reports: Reports) -> None:
    charts, report = Charts(), await reports.usage(Asked(guild_id=GUILD))
    own = [await reports.usage(Asked(guild_id=GUILD, member_id=number)) for number in range(3)]
    async with asyncio.TaskGroup() as tasks:
        for number, one in enumerate(own):
            tasks.create_task(charts.own_chart_of(one, SMALL, f"own {number}"))
        await settled()
        tasks.create_task(charts.chart_of(report, SMALL, "report"))
        await settled()
        for _drawing in range(4):
            await held.let_one_go()
    assert held.begun == ["own 0", "report", "own 1", "own 2"]


async def test_a_member_has_one_own_chart_drawn_at_a_time(held: Held, reports: Reports) -> None:
    charts, own = Charts(), await reports.usage(Asked(guild_id=GUILD, member_id=1))
    first = asyncio.create_task(charts.own_chart_of(own, SMALL))
    await settled()
    with pytest.raises(UnderWayError):
        await charts.own_chart_of(own, SMALL)
    await held.let_one_go()
    assert await first == b"drawn"
    second = asyncio.create_task(charts.own_chart_of(own, SMALL))
    await settled()
    await held.let_one_go()
    assert await second == b"drawn"


async def test_no_more_than_five_own_charts_wait(held: Held, reports: Reports) -> None:
    charts = Charts()
    own = [await reports.usage(Asked(guild_id=GUILD, member_id=number)) for number in range(7)]
    async with asyncio.TaskGroup() as tasks:
        for one in own[:6]:
            tasks.create_task(charts.own_chart_of(one, SMALL))
        await settled()
        with pytest.raises(NoTurnError):
            await charts.own_chart_of(own[6], SMALL)
        for _drawing in range(6):
            await held.let_one_go()
    assert len(held.begun) == 6


async def test_a_width_that_can_not_be_is_a_mistake(reports: Reports) -> None:
    report = await reports.usage(Asked(guild_id=GUILD))
    with pytest.raises(ValueError, match="width"):
        picture_of(report, 20_000)


async def test_a_drawing_that_takes_too_long_is_given_up() -> None:
    with pytest.raises(ChartFailedError, match="in time"):
        await Charts(within=timedelta(milliseconds=1)).draw(sample())


async def test_a_drawing_that_fails_says_so() -> None:
    broken = sample(parts=(Part(name="made", colour="no colour"), Part(name="not made", colour="#f58463")))
    with pytest.raises(ChartFailedError, match="ended with 1"):
        await Charts().draw(broken)


async def test_the_drawing_sees_none_of_the_bots_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, dict[str, str]] = {}
    start = asyncio.create_subprocess_exec

    async def noting(*arguments: Any, **options: Any) -> Any:
        seen.update(options)
        return await start(*arguments, **options)

    monkeypatch.setenv("SHOWREEL_DISCORD__TOKEN", "secret")
    monkeypatch.setattr(asyncio, "create_subprocess_exec", noting)
    await Charts().draw(sample(width=SMALL))
    assert "secret" not in seen["env"].values()
    assert not os.path.exists(seen["env"]["MPLCONFIGDIR"])  # noqa: ASYNC240, PTH110 - one look


async def test_the_bot_itself_never_loads_the_drawing_library() -> None:
    code = "import sys, bot.cli, bot.reports.chart, bot.reports.rows; sys.exit('matplotlib' in sys.modules)"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
    assert await process.wait() == 0

"""Lying bars, one beneath the other; in a narrow picture their labels stand above them."""

from collections.abc import Sequence

from bot.reports.canvas import BACKGROUND, LINE, Canvas, Side
from bot.reports.picture import Bar, Picture
from bot.reports.sizes import Area, Sizes, marks_of

_ROW_NARROW, _ROW_WIDE = 80, 54
_LABELS = 330  # pixels for labels beside bars


def height(picture: Picture, sizes: Sizes) -> float:
    """How much room the bars take."""
    return _row(sizes) * len(picture.bars)


def draw(canvas: Canvas, picture: Picture, sizes: Sizes) -> None:
    """Draw all bars with their scale."""
    area = _area(canvas, picture, sizes)
    most = max(1, *(sum(bar.amounts) for bar in picture.bars))
    marks = [(mark, mark / most) for mark in marks_of(picture) if mark <= most]
    _draw_scale(canvas, picture, area, marks)
    for number, bar in enumerate(picture.bars):
        row = Area(area.left, area.top + number * _row(sizes), area.width, _row(sizes))
        strip = _draw_narrow(canvas, bar, row, sizes) if sizes.is_narrow else _draw_label(canvas, bar, row, sizes)
        _draw_marks(canvas, strip, marks)
        end = _draw_parts(canvas, picture, bar, strip, most)
        if not sizes.is_narrow:
            _draw_figures(canvas, bar, (end + sizes.px(14), strip), sizes)


def _area(canvas: Canvas, picture: Picture, sizes: Sizes) -> Area:
    left, right = sizes.margin, sizes.margin
    if not sizes.is_narrow:
        left += sizes.px(_LABELS)
        right += max(canvas.length(bar.figures, sizes.label) for bar in picture.bars) + sizes.px(14)
    return Area(left, sizes.head, canvas.width - left - right, height(picture, sizes))


def _row(sizes: Sizes) -> float:
    return sizes.px(_ROW_NARROW if sizes.is_narrow else _ROW_WIDE)


def _draw_scale(canvas: Canvas, picture: Picture, area: Area, marks: Sequence[tuple[int, float]]) -> None:
    sizes = Sizes.of(picture)
    for mark, share in marks:
        number = f"{mark:,}"
        half = canvas.length(number, sizes.mark) / 2
        x = min(max(area.left + area.width * share, sizes.margin + half), canvas.width - sizes.margin - half)
        canvas.text((x, area.bottom + sizes.px(20)), number, sizes.mark, Side.CENTRE)
    canvas.text((area.left + area.width / 2, area.bottom + sizes.px(54)), picture.unit, sizes.mark, Side.CENTRE)


def _draw_marks(canvas: Canvas, strip: Area, marks: Sequence[tuple[int, float]]) -> None:
    for _mark, share in marks:
        canvas.box((strip.left + strip.width * share - 1, strip.top), (2, strip.height), LINE)


def _draw_narrow(canvas: Canvas, bar: Bar, row: Area, sizes: Sizes) -> Area:
    """Write label and figures on a line; returns the strip beneath it."""
    middle = row.top + sizes.px(26)
    room = row.width - canvas.length(bar.figures, sizes.label) - sizes.px(24)
    canvas.text((row.left, middle), canvas.fitted(_label(canvas, bar), sizes.label, room), sizes.label)
    canvas.text((row.right, middle), bar.figures, sizes.label, Side.RIGHT)
    return Area(row.left, row.top + sizes.px(46), row.width, sizes.px(24))


def _draw_label(canvas: Canvas, bar: Bar, row: Area, sizes: Sizes) -> Area:
    """Write the label to the left; returns the strip beside it."""
    label = canvas.fitted(_label(canvas, bar), sizes.label, sizes.px(_LABELS - 16))
    canvas.text((row.left - sizes.px(16), row.top + row.height / 2), label, sizes.label, Side.RIGHT)
    return Area(row.left, row.top + sizes.px(10), row.width, row.height - sizes.px(20))


def _draw_parts(canvas: Canvas, picture: Picture, bar: Bar, strip: Area, most: int) -> float:
    """Draw the bar itself; returns where it ends."""
    x = strip.left
    for part, amount in zip(picture.parts, bar.amounts, strict=True):
        length = strip.width * amount / most
        canvas.box((x, strip.top), (length, strip.height), part.colour)
        x += length
    return x


def _draw_figures(canvas: Canvas, bar: Bar, place: tuple[float, Area], sizes: Sizes) -> None:
    """Write the figures at the end of the bar, over the marks there."""
    x, strip = place
    canvas.box((x - 4, strip.top), (canvas.length(bar.figures, sizes.label) + 8, strip.height), BACKGROUND)
    canvas.text((x, strip.top + strip.height / 2), bar.figures, sizes.label)


def _label(canvas: Canvas, bar: Bar) -> str:
    return bar.label if canvas.is_drawable(bar.label) else bar.instead

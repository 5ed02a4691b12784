"""Standing columns, side by side, with as many labels and figures as there is room for."""

from dataclasses import replace
from math import ceil

from bot.reports.canvas import BACKGROUND, INK, LINE, Canvas, Side
from bot.reports.picture import Bar, Picture
from bot.reports.sizes import Area, Sizes, marks_of

_HEIGHT = 380
_GAP = 0.22  # of a column's room


def height(sizes: Sizes) -> float:
    """How much room the columns take."""
    return sizes.px(_HEIGHT)


def draw(canvas: Canvas, picture: Picture, sizes: Sizes) -> None:
    """Draw all columns with their scale."""
    marks = marks_of(picture)
    left = sizes.margin + max(canvas.length(f"{mark:,}", sizes.mark) for mark in marks) + sizes.px(14)
    top = sizes.head + sizes.px(44)
    area = Area(left, top, canvas.width - sizes.margin - left, height(sizes) - sizes.px(44))
    canvas.text((sizes.margin, sizes.head), picture.unit, sizes.mark)
    for mark in marks:
        y = area.bottom - area.height * mark / marks[-1]
        canvas.box((area.left, y - 1), (area.width, 2), LINE)
        canvas.text((area.left - sizes.px(14), y), f"{mark:,}", sizes.mark, Side.RIGHT)
    room = area.width / len(picture.bars)
    for number, bar in enumerate(picture.bars):
        _draw_parts(canvas, picture, bar, Area(area.left + number * room, area.top, room, area.height), marks[-1])
    _draw_labels(canvas, picture, area, sizes)
    _draw_figures(canvas, picture, area, marks[-1])


def _draw_parts(canvas: Canvas, picture: Picture, bar: Bar, place: Area, most: int) -> None:
    y = place.bottom
    for part, amount in zip(picture.parts, bar.amounts, strict=True):
        length = place.height * amount / most
        y -= length
        canvas.box((place.left + place.width * _GAP / 2, y), (place.width * (1 - _GAP), length), part.colour)


def _draw_labels(canvas: Canvas, picture: Picture, area: Area, sizes: Sizes) -> None:
    """Every label, or every second, third ... one, so that none touches the next; the last day's always."""
    room = area.width / len(picture.bars)
    widest = max(canvas.length(bar.label, sizes.mark) for bar in picture.bars)
    apart = widest + sizes.px(18)
    every = max(1, ceil(apart / room))
    x_before = canvas.width + widest
    for number in range(len(picture.bars) - 1, -1, -every):
        x = area.left + (number + 0.5) * room
        x = min(max(x, area.left + widest / 2), canvas.width - sizes.margin / 2 - widest / 2)
        if x_before - x >= apart:
            canvas.text((x, area.bottom + sizes.px(26)), picture.bars[number].label, sizes.mark, Side.CENTRE)
            x_before = x


def _draw_figures(canvas: Canvas, picture: Picture, area: Area, most: int) -> None:
    """The figures above their columns, where all of them fit; else above the highest alone."""
    sizes = Sizes.of(picture)
    ink = replace(sizes.mark, colour=INK)
    room = area.width / len(picture.bars)
    totals = [sum(bar.amounts) for bar in picture.bars]
    all_fit = max(canvas.length(bar.figures, ink) for bar in picture.bars) + sizes.px(6) <= room
    highest = totals.index(max(totals))
    for number, (bar, total) in enumerate(zip(picture.bars, totals, strict=True)):
        if total and (all_fit or number == highest):
            size = (canvas.length(bar.figures, ink), 0.9 * ink.size)
            x = min(max(area.left + (number + 0.5) * room, area.left + size[0] / 2), canvas.width - size[0] / 2)
            place = (x, area.bottom - area.height * total / most - sizes.px(18))
            canvas.box((place[0] - size[0] / 2, place[1] - size[1] / 2), size, BACKGROUND)
            canvas.text(place, bar.figures, ink, Side.CENTRE)

"""Where everything of a picture goes: a head with title, lines and legend, and beneath it bars or columns."""

from dataclasses import replace

from bot.reports import bars, columns
from bot.reports.canvas import Canvas, Fonts, Ink
from bot.reports.picture import Picture, Shape
from bot.reports.sizes import Sizes

_SMALLER = 0.75
"""How much smaller a line that is too long may become before it is cut off."""


def draw(picture: Picture) -> bytes:
    """A picture as a PNG."""
    sizes = Sizes.of(picture)
    canvas = Canvas(picture.width, _height(picture, sizes), Fonts(picture.fonts))
    _draw_line(canvas, picture.title, sizes.px(48), sizes.title, sizes)
    for number, line in enumerate(picture.lines):
        _draw_line(canvas, line, sizes.px(98 + 38 * number), sizes.line, sizes)
    if not picture.bars:
        _draw_line(canvas, picture.empty, sizes.head - sizes.px(24), sizes.label, sizes)
        return canvas.png()
    _draw_legend(canvas, picture, sizes)
    if picture.shape is Shape.COLUMNS:
        columns.draw(canvas, picture, sizes)
    else:
        bars.draw(canvas, picture, sizes)
    return canvas.png()


def _height(picture: Picture, sizes: Sizes) -> int:
    if not picture.bars:
        return round(sizes.head + sizes.px(20))
    body = columns.height(sizes) if picture.shape is Shape.COLUMNS else bars.height(picture, sizes)
    return round(sizes.head + body + sizes.foot)


def _draw_line(canvas: Canvas, text: str, y: float, ink: Ink, sizes: Sizes) -> None:
    """One line over the whole width, in smaller letters where it is too long, and cut off where even that is."""
    room = canvas.width - 2 * sizes.margin
    length = canvas.length(text, ink)
    fitting = ink if length <= room else replace(ink, size=max(_SMALLER, room / length * 0.99) * ink.size)
    canvas.text((sizes.margin, y), canvas.fitted(text, fitting, room), fitting)


def _draw_legend(canvas: Canvas, picture: Picture, sizes: Sizes) -> None:
    x, y, side = sizes.margin, sizes.px(180), sizes.px(22)
    for part in picture.parts:
        canvas.box((x, y - side / 2), (side, side), part.colour)
        canvas.text((x + 1.4 * side, y), part.name, sizes.mark)
        x += 2.8 * side + canvas.length(part.name, sizes.mark)

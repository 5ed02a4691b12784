"""A surface to draw on, measured in pixels from the top left; the only module that knows matplotlib."""

import io
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font
from matplotlib.patches import Rectangle

BACKGROUND, INK, FAINT, LINE = "#313338", "#f2f3f5", "#b5bac1", "#4e5058"
"""Discord's dark theme."""

_POINTS = 72  # to the inch: a pixel is a point
_ALWAYS_THERE = "DejaVu Sans"
_MODIFIERS = range(0x1F3FB, 0x1F400)  # skin tones of the emoji before them
_SELECTORS = range(0xFE00, 0xFE10)  # variations of the character before them


class Side(StrEnum):
    """Which side of a text its place is."""

    LEFT = "left"
    RIGHT = "right"
    CENTRE = "center"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ink:
    """How a text looks; the size in pixels."""

    size: float
    colour: str = INK
    bold: bool = False


class Fonts:
    """Those of the wanted font families that are installed; the one that the library brings along always is."""

    def __init__(self, wanted: Sequence[str]) -> None:
        installed = {entry.name for entry in fontManager.ttflist}
        families = [family for family in wanted if family in installed and family != _ALWAYS_THERE]
        self.families = [_ALWAYS_THERE, *families]
        self._faces = [get_font(findfont(FontProperties(family=family))) for family in self.families]

    def drawable(self, text: str) -> str:
        """What of a text there are characters for; what only changes others is left out."""
        return " ".join("".join(char for char in text if self._has(char)).split())

    def properties(self, ink: Ink) -> FontProperties:
        """The library's own description of such a text."""
        return FontProperties(family=self.families, size=ink.size, weight="bold" if ink.bold else "normal")

    def _has(self, char: str) -> bool:
        code = ord(char)
        if code in _MODIFIERS or code in _SELECTORS or unicodedata.category(char).startswith("C"):
            return False
        return any(face.get_char_index(code) for face in self._faces)


class Canvas:
    """A dark surface of a size in pixels."""

    def __init__(self, width: float, height: float, fonts: Fonts) -> None:
        self.width = width
        self._height = height
        self._fonts = fonts
        self._figure = Figure(figsize=(width / _POINTS, height / _POINTS), dpi=_POINTS, facecolor=BACKGROUND)
        self._canvas = FigureCanvasAgg(self._figure)

    def text(self, at: tuple[float, float], text: str, ink: Ink, side: Side = Side.LEFT) -> None:
        """Write a text around the middle line at a place; what can't be drawn is left out."""
        x, y = at
        self._figure.text(
            x / self.width,
            1 - y / self._height,
            self._fonts.drawable(text),
            color=ink.colour,
            fontproperties=self._fonts.properties(ink),
            horizontalalignment=side.value,
            verticalalignment="center_baseline",
            parse_math=False,  # a dollar is a dollar
        )

    def box(self, at: tuple[float, float], size: tuple[float, float], colour: str) -> None:
        """Fill a box, given its top left corner."""
        (x, y), (width, height) = at, size
        corner = (x / self.width, 1 - (y + height) / self._height)
        self._figure.add_artist(
            Rectangle(corner, width / self.width, height / self._height, facecolor=colour, linewidth=0)
        )

    def length(self, text: str, ink: Ink) -> float:
        """How wide a text would be."""
        renderer = self._canvas.get_renderer()  # type: ignore[no-untyped-call]  # the library lacks the annotation
        width, _height, _descent = renderer.get_text_width_height_descent(
            self._fonts.drawable(text), self._fonts.properties(ink), ismath=False
        )
        return float(width)

    def fitted(self, text: str, ink: Ink, most: float) -> str:
        """A text that is at most so wide: its end is cut off where it has to be."""
        shown = self._fonts.drawable(text)
        if self.length(shown, ink) <= most:
            return shown
        short, long = 0, len(shown)
        while short < long:
            middle = (short + long + 1) // 2
            if self.length(_cut(shown, middle), ink) <= most:
                short = middle
            else:
                long = middle - 1
        return _cut(shown, short)

    def is_drawable(self, text: str) -> bool:
        """Whether anything of a text can be drawn."""
        return bool(self._fonts.drawable(text))

    def png(self) -> bytes:
        """What was drawn."""
        file = io.BytesIO()
        self._figure.savefig(file, format="png", metadata={"Software": None}, pil_kwargs={"optimize": True})
        return file.getvalue()


def _cut(text: str, length: int) -> str:
    return text[:length].rstrip() + "…"

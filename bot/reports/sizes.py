"""The sizes of a picture's pieces, in pixels, and the scale of its bars."""

import math
from dataclasses import dataclass
from typing import Self

from bot.reports.canvas import FAINT, Ink
from bot.reports.picture import Picture

_FULL = 700  # from this many pixels on letters have their full size
_SMALLEST = 0.72
_NARROW = 900  # below this many pixels the labels of bars stand above them
_MARKS = 4


@dataclass(frozen=True, slots=True)
class Sizes:
    """Sizes in pixels, smaller in a small picture."""

    scale: float
    is_narrow: bool

    @classmethod
    def of(cls, picture: Picture) -> Self:
        """Those of a picture."""
        return cls(min(1.0, max(_SMALLEST, picture.width / _FULL)), picture.width < _NARROW)

    def px(self, pixels: float) -> float:
        """So many pixels, or fewer."""
        return pixels * self.scale

    @property
    def margin(self) -> float:
        """What is left free at each side."""
        return self.px(32)

    @property
    def head(self) -> float:
        """Down to where the bars begin."""
        return self.px(220)

    @property
    def foot(self) -> float:
        """From where the bars end."""
        return self.px(80)

    @property
    def title(self) -> Ink:
        """How the title looks."""
        return Ink(size=self.px(36), bold=True)

    @property
    def line(self) -> Ink:
        """How the lines beneath the title look."""
        return Ink(size=self.px(26), colour=FAINT)

    @property
    def label(self) -> Ink:
        """How a bar's label and figures look."""
        return Ink(size=self.px(26))

    @property
    def mark(self) -> Ink:
        """How the numbers of the scale look."""
        return Ink(size=self.px(23), colour=FAINT)


@dataclass(frozen=True, slots=True)
class Area:
    """Where the bars themselves are."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Where it ends."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """Where it ends below."""
        return self.top + self.height


def marks_of(picture: Picture) -> tuple[int, ...]:
    """Round numbers, a few of them, from 0 up to at least the largest bar."""
    most = max(1, *(sum(bar.amounts) for bar in picture.bars))
    step = 1
    while step * _MARKS < most:
        magnitude = 10 ** int(math.log10(step))
        step = {1: 2, 2: 5, 5: 10}[step // magnitude] * magnitude
    return tuple(range(0, step * math.ceil(most / step) + 1, step))

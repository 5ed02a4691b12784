"""What a chart shows, ready to be drawn: all words and figures are written, all that is left is where they go."""

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Self

WIDTHS = range(400, 2001)
"""Pixels that a picture may be wide."""


class Shape(StrEnum):
    """Lying bars, one beneath the other, or standing columns, side by side."""

    BARS = "bars"
    COLUMNS = "columns"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One colour of the bars, and what it means."""

    name: str
    colour: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar: how much of each part, and the figures written at it.

    `instead` is written where nothing of the label can be drawn with the fonts at hand.
    """

    label: str
    instead: str
    amounts: tuple[int, ...]
    figures: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A chart of so many pixels' width; its height follows.

    `lines` stand beneath the title; `empty` in place of the bars where there are none. `fonts` are names of families,
    most wanted first: those that aren't installed are passed over.
    """

    width: int
    shape: Shape
    title: str
    lines: tuple[str, ...]
    unit: str
    parts: tuple[Part, ...]
    bars: tuple[Bar, ...]
    empty: str
    fonts: tuple[str, ...]

    def to_json(self) -> str:
        """As text, for the program that draws it."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """From such a text."""
        facts = json.loads(text)
        bars = tuple(Bar(**{**bar, "amounts": tuple(bar["amounts"])}) for bar in facts["bars"])
        parts = tuple(Part(**part) for part in facts["parts"])
        plain = {"shape": Shape(facts["shape"]), "lines": tuple(facts["lines"]), "fonts": tuple(facts["fonts"])}
        return cls(**{**facts, **plain, "bars": bars, "parts": parts})

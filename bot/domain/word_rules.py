"""Word rules: what a guild's moderators don't want to read in a prompt."""

from dataclasses import dataclass
from enum import StrEnum


class RuleKind(StrEnum):
    """How a word rule reads its text."""

    WORD = "word"  # a word or a phrase, found whole however it is written
    PATTERN = "pattern"  # a regular expression in RE2's syntax


@dataclass(frozen=True, slots=True)
class WordRule:
    """One rule; `id` is its row."""

    id: int
    kind: RuleKind
    text: str

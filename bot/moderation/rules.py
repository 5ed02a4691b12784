"""Word rules at work: which rule of a guild, if any, a prompt breaks."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import assert_never

import structlog

from bot.domain.errors import BadRule, Rejection, RuleFault
from bot.domain.word_rules import RuleKind, WordRule
from bot.moderation.folding import edged, readings
from bot.moderation.patterns import PatternError, PatternSet, PatternTooLargeError, check_pattern

MOST_CHARACTERS = 200
"""The longest text of a rule."""

KEPT = 32
"""Lists of rules that are kept ready; those of the guilds that asked last."""

_log = structlog.get_logger(__name__)


class WordRules:
    """The rules of one guild, ready to be held against prompts; cheap to make again from the same rules.

    A word or phrase is found whole, whatever its case and disguise (see `folding`), and as a part of other writing in
    scripts without spaces. A pattern is found anywhere, in the text as typed and as folded. A stored rule that can't
    be read (any more) is left out with a line in the log.
    """

    def __init__(self, rules: Sequence[WordRule]) -> None:
        self._rules = tuple(rules)
        self._ready = _ready(self._rules)

    def match(self, text: str) -> WordRule | None:
        """The first rule, in the order given, that the text breaks."""
        first = self._ready.first(text)
        return None if first is None else self._rules[first]


async def first_match(rules: Sequence[WordRule], text: str) -> WordRule | None:
    """The first rule that a text breaks, found beside the event loop: many patterns may take a while together."""
    return await asyncio.to_thread(_first_match, tuple(rules), text) if rules else None


def check(kind: RuleKind, text: str) -> None:
    """Raise Rejection with a BadRule where this can't be the text of a rule."""
    if not _essence(kind, text):
        raise Rejection(BadRule(RuleFault.EMPTY))
    if len(text) > MOST_CHARACTERS:
        raise Rejection(BadRule(RuleFault.TOO_LONG, str(len(text)), str(MOST_CHARACTERS)))
    if kind is RuleKind.PATTERN:
        _check_pattern(text)


def _first_match(rules: Sequence[WordRule], text: str) -> WordRule | None:
    return WordRules(rules).match(text)


def _check_pattern(text: str) -> None:
    try:
        found = check_pattern(text)
    except PatternTooLargeError as error:
        raise Rejection(BadRule(RuleFault.TOO_LARGE)) from error
    except PatternError as error:
        raise Rejection(BadRule(RuleFault.NOT_A_PATTERN, str(error))) from error
    if found.hits(""):
        raise Rejection(BadRule(RuleFault.FITS_EMPTY))


def _essence(kind: RuleKind, text: str) -> str:
    """What is searched for; empty where there is nothing to search for."""
    match kind:
        case RuleKind.WORD:
            return edged(readings(text)[0])
        case RuleKind.PATTERN:
            return text if text.strip() else ""
        case _:
            assert_never(kind)


@dataclass(frozen=True, slots=True)
class _Part:
    """Rules that are searched for together, by their places among all."""

    places: tuple[int, ...]
    searched: PatternSet

    def hits(self, text: str) -> Iterator[int]:
        return (self.places[hit] for hit in self.searched.hits(text))


@dataclass(frozen=True, slots=True)
class _Ready:
    """The rules of one list, compiled; mostly one part each."""

    words: tuple[_Part, ...]
    patterns: tuple[_Part, ...]

    def first(self, text: str) -> int | None:
        folded = readings(text)
        places = [place for form in folded for part in self.words for place in part.hits(edged(form))]
        forms = dict.fromkeys((text, *folded)) if self.patterns else ()
        places += [place for form in forms for part in self.patterns for place in part.hits(form)]
        return min(places, default=None)


@lru_cache(maxsize=KEPT)
def _ready(rules: tuple[WordRule, ...]) -> _Ready:
    return _Ready(words=tuple(_parts(rules, RuleKind.WORD)), patterns=tuple(_parts(rules, RuleKind.PATTERN)))


def _parts(rules: Sequence[WordRule], kind: RuleKind) -> Iterator[_Part]:
    texts = {place: _essence(kind, rule.text) for place, rule in enumerate(rules) if rule.kind is kind}
    for place in [place for place, text in texts.items() if not text]:
        _log.error("word_rule_unusable", rule=rules[place].id, error="empty")
        del texts[place]
    yield from _halved(rules, texts, literal=kind is RuleKind.WORD)


def _halved(rules: Sequence[WordRule], texts: dict[int, str], *, literal: bool) -> Iterator[_Part]:
    """One part for all, or, where they don't fit together or one is no pattern, parts for both halves."""
    if not texts:
        return
    try:
        yield _Part(tuple(texts), PatternSet(list(texts.values()), literal=literal))
    except PatternError as error:
        places = list(texts)
        if len(places) == 1:
            _log.error("word_rule_unusable", rule=rules[places[0]].id, error=str(error))
            return
        for half in (places[: len(places) // 2], places[len(places) // 2 :]):
            yield from _halved(rules, {place: texts[place] for place in half}, literal=literal)

"""Which prompts break which word rules, however they are written."""

import random
import unicodedata
from collections.abc import Sequence

import pytest
import structlog
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.domain.errors import BadRule, Rejection, RuleFault
from bot.domain.word_rules import RuleKind, WordRule
from bot.moderation.rules import WordRules, check

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def rules(kind: RuleKind, *texts: str) -> WordRules:
    return WordRules([WordRule(number, kind, text) for number, text in enumerate(texts, start=1)])


def is_stopped(word: str, text: str) -> bool:
    return rules(RuleKind.WORD, word).match(text) is not None


def fits(pattern: str, text: str) -> bool:
    return rules(RuleKind.PATTERN, pattern).match(text) is not None


def fault(kind: RuleKind, text: str) -> BadRule:
    with pytest.raises(Rejection) as caught:
        check(kind, text)
    assert isinstance(caught.value.problem, BadRule)
    return caught.value.problem


@pytest.mark.parametrize("text", ["bad", "a bad cat", "BAD!", "(bad)", "very-bad-cat", "_bad_", "bad's", "そのbadです"])
def test_a_word_is_found_whole(text: str) -> None:
    assert is_stopped("bad", text)


@pytest.mark.parametrize("text", ["", "badge", "embad", "bad1", "b a d", "ba", "bád"])
def test_a_part_of_a_word_is_not_the_word(text: str) -> None:
    assert not is_stopped("bad", text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("\uff22\uff41\uff44", id="full width"),
        pytest.param("\U0001d41b\U0001d41a\U0001d41d", id="mathematical bold"),
        pytest.param("\u24d1\u24d0\u24d3", id="in circles"),
        pytest.param("b\u200ba\u200cd", id="zero-width space and non-joiner"),
        pytest.param("b\u00ada\u2060d", id="soft hyphen and word joiner"),
        pytest.param("b\ufe0fa\U000e0100d", id="variation selectors"),
        pytest.param("b\u3164a\u115fd", id="Hangul fillers"),
        pytest.param("b\u202ea\u2066d", id="direction marks"),
        pytest.param("b\U000e0061a\U000e0062d", id="tags"),
        pytest.param("b\x00a\x7fd", id="controls"),
        pytest.param("b\ud800ad", id="half of a character"),
        pytest.param("b\u0336a\u0336d\u0336", id="struck through"),
        pytest.param("b\u0301a\u0308d\u0327", id="accents apart"),
        pytest.param("b\u0347a\u0359\u0300\u036fd\u1ab0\u20dd", id="piled-up marks"),
        pytest.param("ba\u200b\u0301d", id="an accent behind something unseen"),
        pytest.param("bA\u0335D", id="case and mark"),
    ],
)
def test_a_disguised_word_is_found(text: str) -> None:
    assert is_stopped("bad", f"a {text} cat")


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("Straße", "eine STRASSE"),
        ("\ufb01sh", "a FISH"),
        ("İstanbul", "in istanbul"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος!"),
        ("việt", unicodedata.normalize("NFD", "việt")),
        ("việt", "viê\u0323t"),
        (unicodedata.normalize("NFD", "müll"), "Müll"),
        ("мой", unicodedata.normalize("NFD", "МОЙ")),
        ("❤️", "I ❤ you"),
        ("c++", "write C++!"),
        ("\u0643\u062a\u0627\u0628", "\u0643\u0640\u0640\u062a\u064e\u0627\u0628"),  # stretched, with a vowel mark
    ],
)
def test_spellings_of_one_word_are_one_word(word: str, text: str) -> None:
    assert is_stopped(word, text)


@pytest.mark.parametrize(("word", "text"), [("ano", "un año"), ("कम", "कमी"), ("мои", "мой"), ("schon", "schön")])
def test_another_letter_makes_another_word(word: str, text: str) -> None:
    assert not is_stopped(word, text)


@pytest.mark.parametrize("text", ["a very  bad\n\tcat", "very\u3000bad", "very\u00a0\u2009bad", "ⓥⓔⓡⓨ bad"])
def test_a_phrase_is_found_whatever_its_spaces(text: str) -> None:
    assert is_stopped("very bad", text)
    assert is_stopped(" very  bad ", text)


def test_a_phrase_is_found_whole() -> None:
    assert not is_stopped("very bad", "every bad cat")
    assert not is_stopped("very bad", "very badly")


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("血腥", "一个血腥的场面"),
        ("ﾁ", "ナチス"),
        ("나쁜", "아주나쁜말을"),
        ("เลว", "คนเลวมาก"),
        ("悪いcat", "とても悪いcatです"),
    ],
)
def test_writing_without_spaces_is_searched_in_parts(word: str, text: str) -> None:
    assert is_stopped(word, text)


def test_the_first_rule_in_the_order_given_is_named() -> None:
    ordered = [
        WordRule(7, RuleKind.WORD, "cat"),
        WordRule(3, RuleKind.PATTERN, "c.t"),
        WordRule(5, RuleKind.WORD, "bad"),
    ]
    assert WordRules(ordered).match("a bad cat") == ordered[0]
    assert WordRules(ordered[::-1]).match("a bad cat") == ordered[2]
    assert WordRules(ordered[1:]).match("a bad cat") == ordered[1]
    assert WordRules(ordered).match("a good dog") is None


def test_without_rules_nothing_is_stopped() -> None:
    assert WordRules([]).match("anything") is None


@given(word=st.text(min_size=1, max_size=60), before=st.text(max_size=20), after=st.text(max_size=20))
def test_a_word_is_always_found_between_spaces(word: str, before: str, after: str) -> None:
    try:
        check(RuleKind.WORD, word)
    except Rejection:
        assume(False)  # noqa: FBT003 - Hypothesis' own signature
    assert is_stopped(word, f" {word} ")
    assert is_stopped(word, f"{before} {word} {after}")


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"\bb[a4]d\b", "a B4D cat"),
        (r"b+a+d+", "BBBAAADDD"),
        (r"\pL{3}\s+жук", "мой  ЖУК"),
        (r"^a cat$", "a cat"),
        (r"bad", "b\u0336a\u200bd"),
        (r"straße", "STRAßE"),
        (r"\x{200b}", "a\u200bcat"),
        (r"\n\n", "a\n\ncat"),
        (r"b?d", "d\ud800"),
    ],
)
def test_a_pattern_is_found_in_the_text_as_typed_and_as_folded(pattern: str, text: str) -> None:
    check(RuleKind.PATTERN, pattern)
    assert fits(pattern, text)


def test_a_pattern_that_is_not_there_is_not_found() -> None:
    assert not fits(r"\bbad\b", "badge")


@pytest.mark.parametrize("pattern", [r"(a+)+$", r"(a|aa)+$", r"(a|a?)+b", r"(.*a){20}b", r"([a-z]+)*!"])
def test_a_catastrophic_pattern_ends(pattern: str) -> None:
    assert not fits(pattern + "#", "a" * 50_000 + "X")
    assert fits(r"(a+)+$", "a" * 50_000)


@pytest.mark.parametrize("kind", RuleKind)
@pytest.mark.parametrize("text", ["", " ", "\n\t"])
def test_an_empty_rule_is_refused(kind: RuleKind, text: str) -> None:
    assert fault(kind, text) == BadRule(RuleFault.EMPTY)


@pytest.mark.parametrize("text", ["\u200b", "\u0336", "\ufe0f \u00ad", "\ud800"])
def test_a_word_of_nothing_that_can_be_seen_is_refused(text: str) -> None:
    assert fault(RuleKind.WORD, text) == BadRule(RuleFault.EMPTY)


@pytest.mark.parametrize("kind", RuleKind)
def test_a_rule_has_at_most_200_characters(kind: RuleKind) -> None:
    check(kind, "ä" * 200)
    assert fault(kind, "ä" * 201) == BadRule(RuleFault.TOO_LONG, "201", "200")


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("(a", "missing ): (a"),
        ("a**", "bad repetition operator: **"),
        ("(?=a)", "invalid perl operator: (?="),
        (r"(a)\1", r"invalid escape sequence: \1"),
        ("a{2000}", "invalid repetition size: {2000}"),
        ("ä[", "missing ]: ["),
        ("\ud800", "half of a character"),
    ],
)
def test_what_is_no_pattern_is_refused_in_the_engines_words(
    pattern: str, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert fault(RuleKind.PATTERN, pattern) == BadRule(RuleFault.NOT_A_PATTERN, said)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("pattern", [r"(\pL{1,50}){1,20}", r"\pL{100}", r"(.{1,30}){1,30}"])
def test_a_pattern_that_needs_much_memory_is_refused(pattern: str) -> None:
    assert fault(RuleKind.PATTERN, pattern) == BadRule(RuleFault.TOO_LARGE)


@pytest.mark.parametrize("pattern", ["a*", "(cat)?", "^", "a|"])
def test_a_pattern_that_fits_everything_is_refused(pattern: str) -> None:
    assert fault(RuleKind.PATTERN, pattern) == BadRule(RuleFault.FITS_EMPTY)


def test_a_stored_rule_that_can_t_be_read_is_left_out_and_logged() -> None:
    stored = [
        WordRule(1, RuleKind.PATTERN, "(a"),
        WordRule(2, RuleKind.PATTERN, "c.t"),
        WordRule(3, RuleKind.WORD, "\u200b"),
        WordRule(4, RuleKind.WORD, "bad"),
    ]
    with structlog.testing.capture_logs() as lines:
        ready = WordRules(stored)
    assert ready.match("a cat") == stored[1]
    assert ready.match("a bad dog") == stored[3]
    assert ready.match("a dog") is None
    assert [(line["event"], line["rule"], line["log_level"]) for line in lines] == [
        ("word_rule_unusable", 3, "error"),
        ("word_rule_unusable", 1, "error"),
    ]


def _made_up(count: int) -> Sequence[str]:
    chance = random.Random(7)
    return ["".join(chance.choices(LETTERS, k=chance.randint(4, 12))) for _ in range(count)]


def test_each_of_500_words_is_found() -> None:
    words = _made_up(500)
    ready = rules(RuleKind.WORD, *words)
    for number, word in enumerate(words, start=1):
        found = ready.match(f"a {word.upper()} cat")
        assert found is not None
        assert found.id == number
    assert ready.match("a quiet harbour, " * 120) is None


def test_patterns_that_don_t_fit_into_one_set_are_all_found() -> None:
    words = _made_up(60)
    ready = rules(RuleKind.PATTERN, *(rf"{word}[^\pL]{{0,3}}#" for word in words), *(rf"\pL\pN{n}x" for n in range(60)))
    assert len(ready._ready.patterns) > 1
    for number, word in enumerate(words, start=1):
        found = ready.match(f"{word} #")
        assert found is not None
        assert found.id == number


def test_the_same_rules_are_compiled_once() -> None:
    first, second = (rules(RuleKind.WORD, "one", "two") for _ in range(2))
    assert first._ready is second._ready
    assert first._ready is not rules(RuleKind.WORD, "two", "one")._ready

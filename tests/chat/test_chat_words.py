"""There are words for everything that can happen, and none of them are the provider's."""

from dataclasses import fields
from datetime import timedelta

import pytest

from bot.chat import problems, texts
from bot.domain import errors
from bot.domain.errors import BadFile, FileFault, Problem, RuleFault
from bot.domain.generation import Reason, State
from bot.domain.limits import Limit, LimitFault, Measure, Scope, Window
from bot.domain.request import InputRole, MediaKind, Operation, Options
from tests.chat.samples import NOW, WILD, generation
from tests.chat.sentences import PROBLEMS, SECRET

KINDS = {
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, Problem) and kind is not Problem
}


@pytest.mark.parametrize(("problem", "sentence"), PROBLEMS, ids=lambda it: type(it).__name__)
def test_a_problem_is_told_in_a_sentence(problem: Problem, sentence: str) -> None:
    assert problems.problem(problem) == sentence


def test_every_problem_has_its_sentence() -> None:
    assert {type(problem) for problem, _sentence in PROBLEMS} == KINDS


def test_every_fault_of_a_file_has_its_sentence() -> None:
    assert {problem.fault for problem, _sentence in PROBLEMS if isinstance(problem, BadFile)} == set(FileFault)


def test_every_fault_of_a_rule_has_its_sentence() -> None:
    assert {problem.fault for problem, _sentence in PROBLEMS if isinstance(problem, errors.BadRule)} == set(RuleFault)


def test_every_fault_of_a_limit_has_its_sentence() -> None:
    told = {problem.fault for problem, _sentence in PROBLEMS if isinstance(problem, errors.LimitUnfit)}
    assert told == set(LimitFault)


def test_every_measure_of_a_limit_has_its_sentence() -> None:
    told = {problem.limit.measure for problem, _sentence in PROBLEMS if isinstance(problem, errors.LimitReached)}
    assert told == set(Measure)


@pytest.mark.parametrize(
    "problem",
    [
        errors.UnknownModel(WILD * 60, ()),
        errors.ValueNotTaken("m", "resolution", WILD * 60, ("720p",)),
        errors.GenerationUnknown(WILD * 60),
        BadFile(WILD * 60, MediaKind.IMAGE, FileFault.WRONG_FORMAT, WILD * 60, "PNG"),
        BadFile(WILD * 60, MediaKind.IMAGE, FileFault.TOO_LARGE, "2", "1"),
        errors.BadRule(RuleFault.NOT_A_PATTERN, WILD * 60),
    ],
    ids=lambda it: type(it).__name__,
)
def test_what_a_member_typed_is_repeated_in_part_only(problem: Problem) -> None:
    sentence = problems.problem(problem)
    assert len(sentence) < 700
    assert r"\*\*bold\*\*" in sentence
    assert "…" in sentence


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_its_sentence_and_none_is_the_providers(reason: Reason) -> None:
    sentence = problems.reason(generation(state=State.FAILED, reason=reason, detail=SECRET))
    assert sentence.endswith(".")
    assert SECRET not in sentence


def test_a_generation_without_a_reason_has_no_sentence() -> None:
    assert problems.reason(generation()) == ""


@pytest.mark.parametrize("state", State)
def test_every_state_has_a_name(state: State) -> None:
    assert texts.state_name(state)


@pytest.mark.parametrize("operation", Operation)
def test_every_operation_has_a_name(operation: Operation) -> None:
    assert texts.operation_name(operation)


@pytest.mark.parametrize("option", [field.name for field in fields(Options)])
def test_every_option_has_a_name(option: str) -> None:
    assert texts.option_name(option)


def test_every_role_and_kind_has_a_name() -> None:
    assert set(texts.ROLES) == set(InputRole)
    assert set(texts.KINDS) == set(MediaKind)


@pytest.mark.parametrize("scope", Scope)
@pytest.mark.parametrize("measure", Measure)
@pytest.mark.parametrize("window", [None, *Window])
def test_every_limit_has_a_name(scope: Scope, measure: Measure, window: Window | None) -> None:
    assert " for " in texts.limit_name(Limit(scope=scope, measure=measure, amount=2, window=window))


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (timedelta(0), "1 second"),
        (timedelta(seconds=89), "89 seconds"),
        (timedelta(seconds=90), "2 minutes"),
        (timedelta(minutes=89), "89 minutes"),
        (timedelta(minutes=90), "2 hours"),
        (timedelta(hours=48), "48 hours"),
    ],
)
def test_a_length_of_time_is_told_roughly(length: timedelta, said: str) -> None:
    assert texts.span(length) == said


def test_an_instant_is_told_in_everybodys_own_time_zone() -> None:
    assert texts.instant(NOW) == f"<t:{int(NOW.timestamp())}:R>"
    assert texts.instant(NOW, "f") == f"<t:{int(NOW.timestamp())}:f>"


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("[a](b) [Click](https://evil.example)", r"\[a\](b) \[Click\](https://evil.example)"),
        ("https://a.example/*b* <@5> <#6> <t:1:R>", r"https://a.example/\*b\* \<@5\> \<#6\> \<t:1:R\>"),
        ("# head\n -# small\n> quoted", "\\# head\n \\-# small\n\\> quoted"),
        (r"\*`||_~", r"\\\*\`\|\|\_\~"),
        ("plain words, 3 - 2 # 1", "plain words, 3 - 2 # 1"),
    ],
)
def test_text_from_people_shows_as_they_typed_it(typed: str, shown: str) -> None:
    assert texts.plain(typed) == shown

"""Lengths of time as people type them."""

from datetime import timedelta

import pytest

from bot.chat.spans import USUAL, span_of, suggested
from bot.domain.errors import Rejection, SpanUnreadable


@pytest.mark.parametrize(
    ("typed", "length"),
    [
        ("30m", timedelta(minutes=30)),
        ("2h", timedelta(hours=2)),
        ("7d", timedelta(days=7)),
        ("4w", timedelta(weeks=4)),
        (" 1D 12 H ", timedelta(days=1, hours=12)),
        ("1w2d3h4m", timedelta(weeks=1, days=2, hours=3, minutes=4)),
        ("0m", timedelta(0)),
        ("999999w", timedelta(weeks=999_999)),
    ],
)
def test_a_length_of_time_is_read(typed: str, length: timedelta) -> None:
    assert span_of(typed) == length


@pytest.mark.parametrize(
    "typed", ["", " ", "7", "d", "1.5h", "-1h", "1h 1d", "1h1h", "2 fortnights", "9999999w", "٣h", "1" * 6000]
)
def test_what_is_no_length_of_time_is_refused(typed: str) -> None:
    with pytest.raises(Rejection) as rejected:
        span_of(typed)
    assert rejected.value.problem == SpanUnreadable(typed)


@pytest.mark.parametrize("typed", ["", "3", "90m", "1d 12h", "1W"])
def test_everything_suggested_can_be_read(typed: str) -> None:
    found = suggested(typed)
    assert found
    for choice in found:
        assert span_of(choice.value) > timedelta(0)


def test_suggestions_are_in_words() -> None:
    assert [choice.value for choice in suggested("")] == list(USUAL)
    assert [choice.name for choice in suggested("1d 12h")] == ["1 day, 12 hours"]
    assert [choice.name for choice in suggested("1")] == ["1 minute", "1 hour", "1 day", "1 week"]
    assert suggested("soon") == []
    assert suggested("1" * 100) == []

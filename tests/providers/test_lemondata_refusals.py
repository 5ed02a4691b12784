"""Which error an HTTP answer is, for submissions and for questions."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.generation import Reason
from bot.providers.errors import Busy, ProviderError, Refused, Unsure
from bot.providers.lemondata.refusals import of_question, of_submission
from bot.providers.lemondata.wire import Answer

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def answer(status: int, body: Any = None, **headers: str) -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, raw)


def envelope(code: str, message: str = "no") -> dict[str, Any]:
    return {"error": {"message": message, "type": code}}


def wait(body: Any = None, **headers: str) -> timedelta | None:
    error = of_submission(answer(429, body, **headers), NOW)
    assert isinstance(error, Busy)
    return error.retry_after


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520, 524, 300, 301, 302, 303])
@pytest.mark.parametrize("body", [b"<html>", b"", b'{"error":{"message":"no","type":"server_error"}}'])
def test_a_submission_with_any_other_answer_is_unsure(status: int, body: bytes) -> None:
    assert isinstance(of_submission(answer(status, body), NOW), Unsure)


@pytest.mark.parametrize("status", [307, 308])
def test_a_submission_that_is_asked_for_elsewhere_was_not_taken(status: int) -> None:
    error = of_submission(answer(status, b"<html>"), NOW)
    assert isinstance(error, Refused)
    assert (error.reason, error.closes_door) == (Reason.UNAVAILABLE, False)


@pytest.mark.parametrize("word", ["all_channels_failed", "model_unavailable", "delivery_tier_unavailable"])
@pytest.mark.parametrize("place", ["code", "type"])
def test_a_model_that_is_down_refuses_a_submission(word: str, place: str) -> None:
    error = of_submission(answer(503, {"error": {"message": "no", place: word}}), NOW)
    assert isinstance(error, Refused)
    assert (error.reason, error.closes_door) == (Reason.UNAVAILABLE, False)


@pytest.mark.parametrize("body", [{"error": "all_channels_failed"}, {"type": "all_channels_failed"}])
def test_a_503_without_the_api_s_own_envelope_is_unsure(body: object) -> None:
    assert isinstance(of_submission(answer(503, body), NOW), Unsure)


def test_other_server_errors_stay_unsure_even_where_they_name_channels() -> None:
    assert isinstance(of_submission(answer(502, envelope("all_channels_failed")), NOW), Unsure)


@pytest.mark.parametrize("status", [400, 404, 409, 413, 418, 422])
@pytest.mark.parametrize("body", [b"<html>", b'{"error":{"message":"no","type":"invalid_request_error"}}'])
def test_a_4xx_refuses_a_submission(status: int, body: bytes) -> None:
    error = of_submission(answer(status, body), NOW)
    assert isinstance(error, Refused)
    assert (error.reason, error.closes_door, error.status) == (Reason.REFUSED, False, status)


@pytest.mark.parametrize("status", [400, 403, 422, 200])
def test_a_refusal_over_content_is_told_as_one(status: int) -> None:
    error = of_submission(answer(status, envelope("invalid_request_error", "violates our content policy")), NOW)
    assert isinstance(error, Refused)
    assert (error.reason, error.closes_door) == (Reason.POLICY, False)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, b"<html>"),
        (401, envelope("invalid_request_error")),
        (402, envelope("insufficient_quota")),
        (402, b""),
        (403, envelope("permission_error")),
        (400, envelope("insufficient_balance")),
    ],
)
def test_a_refused_account_closes_the_door(status: int, body: Any) -> None:
    for error in (of_submission(answer(status, body), NOW), of_question(answer(status, body), NOW)):
        assert isinstance(error, Refused)
        assert (error.reason, error.closes_door) == (Reason.DOOR_CLOSED, True)


@pytest.mark.parametrize("body", [b"<html>blocked</html>", envelope("model_not_allowed"), envelope("task_not_owned")])
def test_a_403_about_one_request_closes_nothing(body: Any) -> None:
    error = of_submission(answer(403, body), NOW)
    assert isinstance(error, Refused)
    assert not error.closes_door


def test_the_header_beats_the_body_in_how_long_to_wait() -> None:
    assert wait({"error": {"message": "no", "retry_after": 9}}, retry_after="8") == timedelta(seconds=8)


def test_the_wait_may_be_a_date() -> None:
    assert wait(retry_after=format_datetime(NOW + timedelta(seconds=90), usegmt=True)) == timedelta(seconds=90)


@pytest.mark.parametrize(
    "header", ["-3", "soon", "nan", "inf", "1e9", "", "٣", format_datetime(NOW - timedelta(1), usegmt=True)]
)
def test_a_wait_that_is_garbage_or_past_gives_way_to_the_body(header: str) -> None:
    assert wait({"error": {"message": "no", "retry_after": 9}}, retry_after=header) == timedelta(seconds=9)


@pytest.mark.parametrize("figure", [-1, "soon", None, float("inf"), [3], True])
def test_a_wait_in_the_body_may_be_garbage_too(figure: object) -> None:
    assert wait({"error": {"message": "no", "retry_after": figure}}) is None


def test_no_wait_is_longer_than_a_day() -> None:
    assert wait(retry_after="999999999") == timedelta(days=1)
    assert wait(retry_after="99999999999999999999.5") == timedelta(days=1)
    assert wait(retry_after="Fri, 31 Dec 9999 23:59:59 GMT") == timedelta(days=1)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_an_answer_that_leaves_a_submission_unsure_may_ask_for_a_pause(status: int) -> None:
    error = of_submission(answer(status, b"<html>", retry_after="5"), NOW)
    assert isinstance(error, Unsure)
    assert error.retry_after == timedelta(seconds=5)


@pytest.mark.parametrize("status", [500, 502, 504])
def test_an_answer_that_leaves_a_question_unsure_may_ask_for_a_pause(status: int) -> None:
    error = of_question(answer(status, envelope("server_error"), retry_after="5"), NOW)
    assert isinstance(error, Unsure)
    assert error.retry_after == timedelta(seconds=5)


@pytest.mark.parametrize("status", [429, 503])
def test_a_question_may_be_asked_again_later(status: int) -> None:
    error = of_question(answer(status, b"<html>", retry_after="5"), NOW)
    assert isinstance(error, Busy)
    assert error.retry_after == timedelta(seconds=5)


@pytest.mark.parametrize("status", [200, 302, 408, 500, 502, 504])
def test_a_question_without_a_usable_answer_is_unsure(status: int) -> None:
    assert isinstance(of_question(answer(status, b"<html>"), NOW), Unsure)


@pytest.mark.parametrize("status", [400, 403, 404, 405, 410])
def test_a_page_says_nothing_of_the_task_that_was_asked_for(status: int) -> None:
    assert isinstance(of_question(answer(status, b"<html>"), NOW), Unsure)
    assert isinstance(of_question(answer(status, envelope("no")), NOW), Refused)


@pytest.mark.parametrize(("status", "code"), [(404, "not_found_error"), (400, "async_task_not_found")])
def test_an_unknown_task_is_known_by_its_code_or_a_404(status: int, code: str) -> None:
    error = of_question(answer(status, envelope(code)), NOW)
    assert isinstance(error, Refused)
    assert error.is_unknown_task
    assert error.reason is Reason.TASK_LOST


def test_no_message_shows_the_key() -> None:
    error = of_submission(
        answer(400, envelope("no", "what is weird-key-1 and Authorization: Bearer x?")), NOW, "weird-key-1"
    )
    assert error.message == "400 no what is [key] and [key]"


@given(
    status=st.integers(100, 599),
    body=st.binary(max_size=40)
    | st.builds(
        lambda error: json.dumps({"error": error}).encode(),
        st.dictionaries(st.sampled_from(["code", "type", "message", "retry_after"]), st.text(max_size=9) | st.floats()),
    ),
    header=st.text(max_size=20),
)
def test_any_answer_is_one_of_the_errors(status: int, body: bytes, header: str) -> None:
    for error in (
        of_submission(answer(status, body, retry_after=header), NOW),
        of_question(answer(status, body, retry_after=header), NOW),
    ):
        assert isinstance(error, ProviderError)
        assert len(error.message) <= 500

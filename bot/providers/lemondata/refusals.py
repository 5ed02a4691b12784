"""Which of the four errors an HTTP answer is (provider contract, sections 6 and 16; for submissions, design 3.3)."""

import re
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TypeVar

from bot.domain.generation import Reason
from bot.providers.errors import Busy, ProviderError, Refused, Unsure
from bot.providers.lemondata.scrub import scrub
from bot.providers.lemondata.wire import Answer, Envelope, Fault, read_json

_Later = TypeVar("_Later", Busy, Unsure)

UNKNOWN_TASK = "async_task_not_found"
"""The code for a task that is not there (any more)."""

ABOUT_THE_TASK = frozenset({UNKNOWN_TASK, "task_not_owned"})
"""What only a working key is told of a task."""

_POLICY = re.compile(
    r"(?<!delivery[ _-])policy|policies|moderation|moderated|safety(?![ _-]?identifier)|(?<!case[ _-])sensitive"
    r"|nsfw|inappropriate|敏感|违规|違規|审核|審核",
    re.IGNORECASE,
)
_UNAVAILABLE = frozenset({"all_channels_failed", "model_unavailable", "delivery_tier_unavailable", "model_disabled"})
_PREPARING = "seedance_material_preparing"
_DOOR = frozenset(
    {"insufficient_balance", "insufficient_quota", "quota_exceeded", "invalid_api_key", "expired_api_key"}
)
_LIMITED = frozenset({"rate_limit_exceeded", "rate_limit_error", "rate_limited"})
ELSEWHERE = frozenset({307, 308})
"""Redirects that ask for the same request at another address, so that it was not taken here (RFC 9110, 15.4)."""

NOT_ABOUT_THE_TASK = ABOUT_THE_TASK | _LIMITED | _DOOR | {"server_error", "timeout_error"}
"""Errors in a 200 that leave open how the task is doing."""

_NOT_THE_KEY = frozenset({"task_not_owned", "model_not_allowed"})
_MOST_WAIT = timedelta(days=1)


def is_about_policy(fault: Fault) -> bool:
    """Whether a fault is about content rules: no code for it is published, so its words tell."""
    return any(_POLICY.search(text) for text in (fault.code, fault.type, fault.message) if text)


def of_submission(answer: Answer, now: datetime, secret: str = "") -> ProviderError:
    """The error of a create call whose answer is no task.

    Refused and Busy only where the request surely was not taken; everything else is Unsure.
    """
    envelope = Envelope.read(read_json(answer.body))
    message = _message(answer, envelope, secret)
    code = envelope.error.code or envelope.error.type
    is_error = envelope.error.is_stated
    if answer.status == 429:
        return _later(Busy, answer, envelope, now, message)
    if 400 <= answer.status < 500 or (answer.is_success and is_error):
        return _refused(answer, envelope, message)
    if answer.status in ELSEWHERE:
        return Refused(message, reason=Reason.UNAVAILABLE, status=answer.status)
    if answer.status == 503 and envelope.is_own and envelope.error.words & _UNAVAILABLE:
        return Refused(message, reason=Reason.UNAVAILABLE, status=answer.status, code=code)
    return _later(Unsure, answer, envelope, now, message)


def of_question(answer: Answer, now: datetime, secret: str = "") -> ProviderError:
    """The error of any other call: what may pass later is Busy or Unsure, the rest Refused.

    A page instead of the API's JSON says nothing of the task, whatever its status: a gateway that misroutes for five
    minutes must not end every generation. Only a 401 or 402 needs no words.
    """
    body = read_json(answer.body)
    envelope = Envelope.read(body)
    message = _message(answer, envelope, secret)
    code = envelope.error.code or envelope.error.type
    words = envelope.error.words
    if answer.status in {429, 503} or (answer.is_success and words & _LIMITED):
        return _later(Busy, answer, envelope, now, message)
    if answer.status == 408 or (body is None and answer.status not in {401, 402}):
        return _later(Unsure, answer, envelope, now, message)
    if answer.status == 404 or UNKNOWN_TASK in words:
        code = UNKNOWN_TASK if UNKNOWN_TASK in words else code
        return Refused(message, reason=Reason.TASK_LOST, status=answer.status, code=code)
    if answer.status == 403 and "task_not_owned" in words:
        return Refused(message, reason=Reason.TASK_LOST, status=answer.status, code=code)
    if 400 <= answer.status < 500:
        return _refused(answer, envelope, message)
    return _later(Unsure, answer, envelope, now, message)


def is_unknown(error: Refused | Unsure) -> bool:
    """Whether a question met a 404, the API's own or a gateway's, or the API's word for an unknown task."""
    return error.status == 404 or (isinstance(error, Refused) and error.is_unknown_task)


def retry_after(answer: Answer, fault: Fault, now: datetime) -> timedelta | None:
    """How long to wait: the header (seconds or an HTTP date) beats the body; garbage and the past are ignored."""
    header = answer.headers.get("retry-after", "").strip()
    for wait in (_from_seconds(header), _from_date(header, now), _from_seconds(str(fault.retry_after or ""))):
        if wait is not None:
            return wait
    return None


def _from_seconds(text: str) -> timedelta | None:
    if not re.fullmatch(r"\d{1,99}(\.\d{1,9})?", text, re.ASCII):
        return None
    return timedelta(seconds=min(float(text), _MOST_WAIT.total_seconds()))


def _from_date(text: str, now: datetime) -> timedelta | None:
    try:
        wait = parsedate_to_datetime(text) - now
    except (ValueError, TypeError, OverflowError):
        return None
    return min(wait, _MOST_WAIT) if wait > timedelta() else None


def _later(kind: type[_Later], answer: Answer, envelope: Envelope, now: datetime, message: str) -> _Later:
    """Whatever became of the call, a pause that is asked for with its answer is meant for the next one."""
    return kind(
        message,
        retry_after=retry_after(answer, envelope.error, now),
        status=answer.status,
        code=envelope.error.code or envelope.error.type,
    )


def _refused(answer: Answer, envelope: Envelope, message: str) -> Refused:
    closes_door = _closes_door(answer, envelope)
    return Refused(
        message,
        reason=Reason.DOOR_CLOSED if closes_door else _reason(envelope),
        status=answer.status,
        code=envelope.error.code or envelope.error.type,
        closes_door=closes_door,
    )


def _reason(envelope: Envelope) -> Reason:
    if envelope.error.words & _UNAVAILABLE or _PREPARING in envelope.error.words:
        return Reason.UNAVAILABLE
    return Reason.POLICY if is_about_policy(envelope.error) else Reason.REFUSED


def _closes_door(answer: Answer, envelope: Envelope) -> bool:
    """Whether the account or its key is refused, rather than this one request.

    A 403 without the API's own shape closes nothing: a filter before the API turns single requests down by their
    text, and no member's prompt may stop everybody.
    """
    words = envelope.error.words
    if answer.status in {401, 402} or words & _DOOR:
        return True
    return (
        answer.status == 403
        and envelope.is_own
        and not words & (_NOT_THE_KEY | _UNAVAILABLE)
        and not is_about_policy(envelope.error)
    )


def _message(answer: Answer, envelope: Envelope, secret: str) -> str:
    text = envelope.text or answer.body[:2000].decode(errors="replace") or "an empty answer"
    return scrub(f"{answer.status} {text}", secret)

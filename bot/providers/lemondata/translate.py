"""From our words to the API's and back; pure but for a log line about a status word that nobody knows."""

from collections.abc import Collection, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote, urlsplit

import structlog

from bot.domain.addresses import written
from bot.domain.generation import Reason
from bot.domain.request import InputRole, Operation, Options
from bot.providers.base import Phase, Submission, TaskRef, TaskStatus
from bot.providers.lemondata import refusals
from bot.providers.lemondata.lenient import as_text
from bot.providers.lemondata.scrub import scrub
from bot.providers.lemondata.wire import Fault, TaskAnswer

_log = structlog.get_logger(__name__)

OPTION_FIELDS: Mapping[str, str] = MappingProxyType({"sound": "output_audio", "role": "reference_image_type"})
"""Options that the API calls otherwise than we do."""

_WORDS: Mapping[str, Phase] = MappingProxyType(
    {
        "pending": Phase.QUEUED,
        "queued": Phase.QUEUED,
        "submitted": Phase.QUEUED,
        "processing": Phase.RUNNING,
        "running": Phase.RUNNING,
        "in_progress": Phase.RUNNING,
        "completed": Phase.DONE,
        "succeeded": Phase.DONE,
        "success": Phase.DONE,
        "failed": Phase.FAILED,
        "error": Phase.FAILED,
        "cancelled": Phase.CANCELLED,
        "canceled": Phase.CANCELLED,
        "expired": Phase.EXPIRED,
    }
)

_SINGLES: Mapping[InputRole, str] = MappingProxyType(
    {
        InputRole.IMAGE: "image_url",
        InputRole.START: "start_image",
        InputRole.END: "end_image",
        InputRole.VIDEO: "video_url",
        InputRole.AUDIO: "audio_url",
    }
)
_LISTS: Mapping[InputRole, str] = MappingProxyType(
    {
        InputRole.REFERENCE_IMAGE: "reference_images",
        InputRole.REFERENCE_VIDEO: "video_urls",
        InputRole.REFERENCE_AUDIO: "audio_urls",
    }
)

_LONGEST_ID = 512


def body_of(submission: Submission) -> dict[str, Any]:
    """The JSON body of a create call.

    Whatever was given is sent: what a model doesn't take was turned down or warned about before. Names are snake_case
    only, as an alias beside its field must be equal to it (provider contract, section 3.1).
    """
    request = submission.request
    body: dict[str, Any] = {"model": request.model, "operation": request.operation.value, "user": submission.user}
    if request.prompt:
        body["prompt"] = request.prompt
    body |= _inputs(submission)
    if request.operation is Operation.EXTENSION and request.source is not None:
        body["task_id"] = request.source.task_id
    return body | _options(request.options)


def status_of(answer: TaskAnswer, headers: Mapping[str, str], secret: str = "") -> TaskStatus:
    """What an answer says of its task (provider contract, section 16).

    `headers` tell what the body leaves out (section 3.3); `secret` is taken out of the detail.
    """
    given = {written(address): address for address in answer.addresses if _is_fetchable(address)}
    results = tuple(given)
    phase = _phase(answer, has_results=bool(results))
    reason, detail = _why(phase, answer.error, secret)
    if phase is Phase.DONE and not results:
        phase, reason, detail = Phase.FAILED, Reason.NO_OUTPUT, detail or "completed without a video"
    return TaskStatus(
        phase=phase,
        task=_task(answer, headers.get("x-task-id")),
        progress=answer.progress,
        results=results if phase is Phase.DONE else (),
        reason=reason,
        detail=detail,
        billing_transaction_id=answer.billing_transaction_id or as_text(headers.get("x-billing-transaction-id")),
        seconds=_seconds(answer, given.values()) if phase is Phase.DONE else None,
    )


def is_usable_id(task_id: str) -> bool:
    """Whether an id can be put into a path: the two dot names would climb out of it."""
    return bool(task_id) and task_id not in {".", ".."} and len(task_id) <= _LONGEST_ID


@lru_cache(maxsize=64)
def phase_of(word: str) -> Phase:
    """The phase behind a status word.

    An unknown word means that the task is still running; it is logged once, not with every poll.
    """
    phase = _WORDS.get(word.lower())
    if phase is None:
        _log.warning("unknown_status_word", word=scrub(word))
    return phase or Phase.RUNNING


def _inputs(submission: Submission) -> dict[str, Any]:
    """The inputs under the names that the API has for them (provider contract, section 3.2)."""
    fields: dict[str, Any] = {}
    for item, url in zip(submission.request.inputs, submission.input_urls, strict=True):
        if item.role in _LISTS:
            fields.setdefault(_LISTS[item.role], []).append(url)
        elif item.role is InputRole.IMAGE and url.startswith("data:"):
            fields["image"] = url
        else:
            fields[_SINGLES[item.role]] = url
    return fields


def _options(options: Options) -> dict[str, Any]:
    fields = {OPTION_FIELDS.get(name, name): value for name, value in options.given().items()}
    if "extend_times" in fields:
        fields["extend_times"] = str(fields["extend_times"])
    return fields


def _task(answer: TaskAnswer, header: str | None) -> TaskRef | None:
    """The task that an answer names: by its id, by the end of its poll_url, else by its header."""
    end = unquote(_path(answer.poll_url).rpartition("/")[2])
    for task_id in (answer.id, answer.task_id, end, as_text(header)):
        if task_id and is_usable_id(task_id):
            return TaskRef(task_id=task_id, poll_url=answer.poll_url)
    return None


def _path(address: str | None) -> str:
    try:
        return urlsplit(address or "").path
    except ValueError:
        return ""


def _phase(answer: TaskAnswer, *, has_results: bool) -> Phase:
    if answer.status is None:
        if answer.is_cancelled:
            return Phase.CANCELLED
        if answer.error.is_stated:
            return Phase.FAILED
        return Phase.DONE if has_results else Phase.QUEUED
    phase = phase_of(answer.status)
    return Phase.CANCELLED if phase is Phase.FAILED and answer.is_cancelled else phase


def _why(phase: Phase, fault: Fault, secret: str) -> tuple[Reason | None, str | None]:
    words = " ".join(word for word in (fault.code, fault.message) if word)
    detail = scrub(words, secret) or None
    match phase:
        case Phase.FAILED:
            return Reason.POLICY if refusals.is_about_policy(fault) else Reason.PROVIDER_FAILED, detail
        case Phase.CANCELLED:
            return Reason.BY_PROVIDER, detail
        case Phase.EXPIRED:
            return Reason.EXPIRED, detail
        case _:
            return None, None


def _seconds(answer: TaskAnswer, addresses: Collection[str]) -> int | None:
    """The length of all results in whole seconds; None where that of one isn't stated."""
    lengths = [answer.lengths.get(address) for address in addresses]
    stated = [length for length in lengths if length is not None]
    return max(1, round(sum(stated))) if stated and len(stated) == len(lengths) else None


def _is_fetchable(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)

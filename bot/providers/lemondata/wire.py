"""What comes in, in the shapes of every era of the API (provider contract, sections 3.3, 4, 6 and 15)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import BeforeValidator

from bot.providers.lemondata.lenient import Flag, Items, Length, Lenient, Money, Percent, Text, as_mapping, as_text


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer; `headers` are looked up by lower-case names, a `body` over its bound is cut."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_success(self) -> bool:
        """Whether the status is any 2xx: not every era accepted with the same one."""
        return 200 <= self.status < 300


def read_json(body: bytes) -> Mapping[str, Any] | None:
    """The JSON object of a body; None where it is anything else."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _from_text(key: str) -> BeforeValidator:
    """Let a plain text stand for the object that holds nothing but it under `key`."""
    return BeforeValidator(lambda value: {key: value} if isinstance(value, str) else as_mapping(value))


class Video(Lenient):
    """One finished video: an object, or just its address."""

    url: Text = None
    video_url: Text = None
    duration: Length = None

    @classmethod
    def read(cls, item: object) -> Self:
        """Read one entry of a list of videos."""
        return cls.model_validate({"url": item} if isinstance(item, str) else as_mapping(item))


class Fault(Lenient):
    """What went wrong, from a text or an object."""

    message: Text = None
    type: Text = None
    code: Text = None
    param: Text = None
    retry_after: Money = None

    @property
    def is_stated(self) -> bool:
        """Whether anything was said at all."""
        return bool(self.message or self.type or self.code)

    @property
    def words(self) -> frozenset[str]:
        """Its code and its type: the same word moved between the two over time."""
        return frozenset(word.lower() for word in (self.code, self.type) if word)


class TaskAnswer(Lenient):
    """The answer of a create, a poll or a cancellation."""

    id: Text = None
    task_id: Text = None
    poll_url: Text = None
    status: Text = None
    progress: Percent = None
    video_url: Text = None
    video: Annotated[Video, _from_text("url")] = Video()
    videos: Items = ()
    content: Annotated[Video, _from_text("video_url")] = Video()
    error: Annotated[Fault, _from_text("message")] = Fault()
    cancelled: Flag = False
    cancellation_status: Text = None
    billing_transaction_id: Text = None

    @property
    def is_cancelled(self) -> bool:
        """Whether it says so outside of its status word."""
        return self.cancelled or (self.cancellation_status or "").lower() in {"cancelled", "canceled"}

    @property
    def names_task(self) -> bool:
        """Whether it says which task it is about."""
        return bool(self.id or self.task_id or self.poll_url)

    @property
    def says_something(self) -> bool:
        """Whether it looks like an answer about a task at all."""
        return bool(self.status or self.names_task or self.is_cancelled or self.error.is_stated or self.addresses)

    @property
    def addresses(self) -> tuple[str, ...]:
        """Every address of a finished video, as given, without repeats."""
        found = [self.video_url, self.content.video_url]
        for video in self._described:
            found += [video.url, video.video_url]
        return tuple(dict.fromkeys(address for address in found if address))

    @property
    def lengths(self) -> Mapping[str, Decimal]:
        """The lengths that are stated, in seconds, by address."""
        return {
            address: video.duration
            for video in self._described
            for address in (video.url, video.video_url)
            if address and video.duration is not None
        }

    @property
    def _described(self) -> tuple[Video, ...]:
        return (self.video, *(Video.read(item) for item in self.videos))


class Envelope(Lenient):
    """The API's error answer.

    `is_own`: it has the API's own shape, so it comes from the API and not from a gateway before it.
    """

    error: Annotated[Fault, _from_text("message")] = Fault()
    validation_errors: Items = ()
    is_own: bool = False

    @classmethod
    def read(cls, body: Mapping[str, Any] | None) -> Self:
        """Read the JSON object of an answer; None gives an envelope that says nothing."""
        error = (body or {}).get("error")
        is_own = isinstance(error, dict) and Fault.model_validate(error).is_stated
        return cls.model_validate({**(body or {}), "is_own": is_own})

    @property
    def text(self) -> str:
        """All its words in one line, unscrubbed."""
        problems = [
            f"{as_text(problem.get('field')) or '?'}: {as_text(problem.get('message')) or '?'}"
            for problem in map(as_mapping, self.validation_errors[:5])
        ]
        head = " ".join(word for word in (self.error.code or self.error.type, self.error.message) if word)
        return "; ".join(part for part in (head, *problems) if part)

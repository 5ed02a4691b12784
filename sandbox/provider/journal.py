"""What the provider saw: every submission and poll, and keys that went where they should not."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass(slots=True, kw_only=True)
class Submission:
    """One call that creates; `at` is the loop's time, `status` the HTTP status, None where no answer went out."""

    at: float
    headers: dict[str, str]
    body: dict[str, Any] = field(default_factory=dict)
    task_id: str | None = None
    status: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """One question after a task; `at` is the loop's time."""

    at: float
    task_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """An Authorization header that arrived at the foreign origin."""

    at: float
    task_id: str
    host: str


@dataclass(slots=True)
class Journal:
    """All of it, in the order of arrival; `requests` counts every request there was."""

    submissions: list[Submission] = field(default_factory=list)
    polls: list[Poll] = field(default_factory=list)
    leaks: list[Leak] = field(default_factory=list)
    requests: int = 0

    def submission(self, request: web.Request) -> Submission:
        """Enter a submission as it arrives; the rest is filled in while it is answered."""
        entry = Submission(at=_now(), headers=dict(request.headers))
        self.submissions.append(entry)
        return entry

    def poll(self, task_id: str) -> None:
        """Enter a poll."""
        self.polls.append(Poll(at=_now(), task_id=task_id))

    def leak(self, task_id: str, host: str) -> None:
        """Enter a key that was sent to the foreign origin."""
        self.leaks.append(Leak(at=_now(), task_id=task_id, host=host))


def _now() -> float:
    return asyncio.get_running_loop().time()

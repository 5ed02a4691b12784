"""What was asked of the simulated API, and the faults that are laid in its way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

CUT_BEFORE = "cut-before"
CUT_AFTER = "cut-after"
SLOW = "slow"
GLOBAL = "global-429"
PAGE = "page"
PAGE_AFTER = "page-after"
TORN_AFTER = "torn-after"

Outcome: TypeAlias = int | Literal["cut-before", "cut-after", "slow", "global-429", "page", "page-after", "torn-after"]
"""A status to answer with (429 is a route's limit, the global one has a name of its own); or where the connection
breaks, before the work is done or after; or only a delay; or a 403 with a page, as of a filter before Discord; or the
work is done, and the success comes as a page or with half of its JSON, as from a proxy."""


@dataclass(frozen=True, slots=True)
class RecordedFile:
    """A file of a multipart request, without its bytes."""

    field: str
    filename: str
    content_type: str | None
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedRequest:
    """One request to the API and its outcome; status 0 means that the connection was cut."""

    at: datetime
    method: str
    path: str
    route: str
    query: Mapping[str, str]
    body: Any
    files: tuple[RecordedFile, ...]
    authorization: str | None = field(repr=False)
    status: int


@dataclass(slots=True, kw_only=True)
class Fault:
    """What is to happen to the next requests of one method and route."""

    method: str
    route: str
    outcome: Outcome
    times: int = 1
    retry_after: float = 1.0
    delay: float = 0.0


class Faults:
    """The faults that wait for their request."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def __len__(self) -> int:
        return sum(fault.times for fault in self._waiting)

    def add(self, fault: Fault) -> None:
        """Lay a fault."""
        self._waiting.append(fault)

    def clear(self) -> None:
        """Take all faults away."""
        self._waiting.clear()

    def take(self, method: str, route: str) -> Fault | None:
        """Return the fault for a request, used up by one."""
        for fault in self._waiting:
            if fault.method == method and fault.route == route:
                fault.times -= 1
                if fault.times <= 0:
                    self._waiting.remove(fault)
                return fault
        return None

"""The record of one task, and the phases that it goes through."""

import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import uuid4

from sandbox.provider.offer import Operation
from sandbox.provider.orders import Order
from sandbox.provider.render import Clip
from sandbox.provider.script import Outcome


class Status(StrEnum):
    """Where a task stands, in the newest documents' words (and the vendor's own clients' for the last two)."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"

    @property
    def is_end(self) -> bool:
        """Whether nothing comes after it."""
        return self not in {Status.PENDING, Status.PROCESSING}


@dataclass(slots=True, kw_only=True, eq=False)
class Task:
    """One task: what was ordered, and what became of it; times `*_at` are of the loop's clock, durations seconds."""

    id: str
    order: Order
    body: dict[str, Any]
    outcome: Outcome
    accepted_at: float
    queued_for: float
    takes: float
    results: int = 1
    status: Status = Status.PENDING
    created: int = field(default_factory=lambda: int(time.time()))
    updated: int = field(default_factory=lambda: int(time.time()))
    error: str | dict[str, Any] | None = None
    clips: list[Clip] = field(default_factory=list)
    inputs: dict[str, list[bytes]] = field(default_factory=dict)
    polls: int = 0
    transaction: str = field(default_factory=lambda: f"c{uuid4().hex[:24]}")

    @property
    def videos(self) -> list[bytes]:
        """The bytes of each finished MP4."""
        return [clip.content for clip in self.clips]

    @property
    def operation(self) -> Operation:
        """The operation that was asked for, or read from the inputs."""
        return self.order.operation

    def enter(self, status: Status, error: str | dict[str, Any] | None = None) -> None:
        """Move on to another status."""
        self.status = status
        self.error = error
        self.updated = int(time.time())

    def progress(self, now: float) -> int:
        """Say how far it is, 0 to 100, at a time of the loop's clock."""
        if self.status.is_end:
            return 100
        if self.status is Status.PENDING:
            return 0
        return min(99, int(100 * (now - self.accepted_at) / self.takes)) if self.takes else 99

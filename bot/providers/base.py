"""What the work needs of a provider, whoever it is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from bot.domain.catalog import Model, Price
from bot.domain.generation import Reason
from bot.domain.ledger import Amounts
from bot.domain.request import Request


class Phase(StrEnum):
    """How a task is doing, whatever words the provider uses."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"

    @property
    def is_under_way(self) -> bool:
        """Whether the task has still to end."""
        return self in {Phase.QUEUED, Phase.RUNNING}


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A request as it is handed over.

    `input_urls` are https or data URLs in the order of the request's inputs; `user` is the member's stable pseudonym.
    """

    request: Request
    input_urls: tuple[str, ...]
    user: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRef:
    """A provider's task: its id where one is known, and the address to ask for it where one was given."""

    task_id: str
    poll_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskStatus:
    """What a provider says of a task.

    `task` is None only in answers to polls that don't repeat it. `progress` is in percent, None where the provider
    states none. `results` are http(s) URLs without repeats, as `written` has them. `reason` and `detail` (for the log)
    are set where it ended without them; a cancellation has the reason BY_PROVIDER, as only we know whether we asked for
    it. `seconds` is the length of all results together, where it is stated for each.
    """

    phase: Phase
    task: TaskRef | None = None
    progress: int | None = None
    results: tuple[str, ...] = ()
    reason: Reason | None = None
    detail: str | None = None
    billing_transaction_id: str | None = None
    seconds: int | None = None

    def charged(self, held: Amounts, micros_per_second: int | None) -> Amounts:
        """What a success is charged: what was held, but for the real length, and its price, where it is stated.

        No document gives a task's answer a figure in money: that is found by its billing_transaction_id alone.
        """
        if self.seconds is None:
            return held
        micros = held.micros if micros_per_second is None else micros_per_second * self.seconds
        return replace(held, seconds=self.seconds, micros=micros)


class Provider(Protocol):
    """One account at one base URL. Every method makes one call, tried once, or raises a ProviderError.

    Only a question that found nobody may be asked once more at another address.
    """

    @property
    def name(self) -> str:
        """The configured name, stored with each generation."""
        ...

    @property
    def result_origin(self) -> str:
        """The provider's own origin ("https://host:port"): results there may be fetched even from a private address."""
        ...

    async def submit(self, submission: Submission) -> TaskStatus:
        """Hand a request over; the answer's `task` is set, and its phase may already be an end.

        Unsure means that it may have been taken: never submit it again.
        """
        ...

    async def poll(self, task: TaskRef) -> TaskStatus:
        """Ask how a task is doing. Refused with `is_unknown_task` means that the provider knows it no more."""
        ...

    async def cancel(self, task: TaskRef) -> TaskStatus:
        """Ask to stop a task; Refused where it can't be stopped."""
        ...

    async def models(self) -> Sequence[Model]:
        """The video models on offer now."""
        ...

    async def prices(self) -> dict[str, Price]:
        """Published prices by model id."""
        ...

    async def check_key(self) -> None:
        """Make a harmless authenticated call; Refused with `closes_door` where the key is wrong or worn out."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...

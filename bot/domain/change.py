"""What is written in one transaction: an acceptance, or a change of a claimed generation with all that rides along."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain.generation import Generation, Origin, StepKind
from bot.domain.ledger import Amounts, Entry
from bot.domain.limits import Limit
from bot.domain.request import Request


class LeaseLostError(Exception):
    """The row was claimed by another worker, or changed under us: drop the step, touch nothing more."""


class StoreAwayError(Exception):
    """The database can't be reached, is locked or has no room: nothing was written, and later it may be."""


class TaskTakenError(Exception):
    """Another generation holds the provider's task already: nothing was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How many due rows a claim may take: `steps` in all, `waiting` other than polls, `deliveries` of these."""

    steps: int
    waiting: int
    deliveries: int

    @staticmethod
    def of(steps: int) -> "Room":
        """Room for so many, of whatever kinds."""
        return Room(steps=steps, waiting=steps, deliveries=steps)

    @property
    def kinds(self) -> tuple[StepKind, ...]:
        """The kinds of which a row may be taken."""
        counts = {
            StepKind.POLL: self.steps,
            StepKind.SUBMISSION: self.waiting,
            StepKind.DELIVERY: min(self.waiting, self.deliveries),
        }
        return tuple(kind for kind, count in counts.items() if min(count, self.steps) > 0)


MEMBER = "member:"
"""Before a member's key, where a line of the audit names the member that something was done to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """One line of the audit: who did what to what, and why; `actor_key` is None for the bot itself.

    `subject` is whom or what it was done to, apart from a generation: "member:KEY" (of a generation its requester),
    "role:ID" or "channel:ID".
    """

    at: datetime
    action: str
    guild_id: int | None = None
    actor_key: str | None = None
    generation_id: str | None = None
    subject: str | None = None
    before: str | None = None
    after: str | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One guarded write: the row as it was claimed, as it shall be, and what rides in the same transaction.

    `keeps_lease`: the worker goes on with the row; else the lease ends with the write.
    """

    before: Generation
    after: Generation
    entries: tuple[Entry, ...] = ()
    audit: tuple[AuditRecord, ...] = ()
    keeps_lease: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """What is needed to accept a generation: `id` is fresh, windows are those of `now`.

    `defaults` are the configuration's limits, next to those that are stored. `role_ids` are the requester's and `name`
    is what Discord shows for them, empty where it isn't known. `assumed_micros` is held where the price is unknown and
    a limit on money is in force; where it is None as well, the request is turned down. `micros_per_second` is kept for
    the charge, None for a price that isn't for seconds. `gives_up` is what becomes, in the same transaction, of the
    unconfirmed generation in whose place this one comes: what that held counts against no limit any more.
    """

    id: str
    request: Request
    origin: Origin
    amounts: Amounts
    provider: str
    now: datetime
    due_at: datetime
    defaults: tuple[Limit, ...] = ()
    role_ids: frozenset[int] = frozenset()
    name: str = ""
    assumed_micros: int | None = None
    micros_per_second: int | None = None
    warnings: tuple[str, ...] = ()
    gives_up: Change | None = None

"""What the work needs of its neighbours: a store of generations, and a way to reach people."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol, TypeAlias

from bot.domain.change import Acceptance, AuditRecord, Change, Room
from bot.domain.findings import Finding
from bot.domain.generation import Generation, MessageRef, Reason, State, StepKind
from bot.domain.ledger import Amounts, Entry
from bot.domain.limits import Allowance, Limit, Window
from bot.domain.request import Operation
from bot.media.files import ResultFile


class DeliveryDelayedError(Exception):
    """Discord could not be reached or asks to wait.

    The same step again later, after `retry_after` where it is known.
    """

    def __init__(self, message: str, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class GenerationStore(Protocol):
    """Generations and their ledger; every method is one transaction."""

    async def accept(self, acceptance: Acceptance) -> Generation:
        """Check pauses, blocks and limits, write the row and its hold.

        The same interaction twice gives the row that is there already. Raises Rejection(Paused, Blocked, LimitReached
        or PriceUnknown).
        """
        ...

    async def claim(
        self, now: datetime, lease: timedelta, room: Room | int, but_not: Collection[str] = ()
    ) -> list[Generation]:
        """Take due rows that nobody holds as far as there is room, longest due first, under a new lease token each.

        Those in `but_not` are left alone, even where their leases have run out.
        """
        ...

    async def save(self, change: Change) -> Generation:
        """Write what differs between `before` and `after`, the entries and the audit.

        Raises LeaseLostError, and writes nothing, where the row's state or lease token is no longer that of `before`,
        StoreAwayError where it may be written later, and TaskTakenError where it brings another generation's task.
        """
        ...

    async def claim_one(self, generation_id: str, state: State, now: datetime, lease: timedelta) -> Generation | None:
        """Take one row in `state`, due or not, under a new lease token; None where it isn't, or somebody holds it."""
        ...

    async def member_key(self, user_id: int) -> str:
        """A member's key, a new one for one who is not known yet."""
        ...

    async def defer(self, generations: Sequence[Generation]) -> None:
        """Write back many claimed rows in which only due_at and polling figures changed, ending their leases."""
        ...

    async def extend_lease(self, generation: Generation, until: datetime) -> bool:
        """Hold a claimed row for longer; False where it is no longer ours."""
        ...

    async def release_leases(self) -> int:
        """End every lease (after the former owner of the data folder is surely gone); returns how many."""
        ...

    async def attach_card(self, generation_id: str, card: MessageRef, now: datetime) -> Generation | None:
        """Store the posted card where none is stored yet and make the row due; None where the row is gone."""
        ...

    async def request_cancel(self, generation_id: str, reason: Reason, now: datetime) -> Generation:
        """Note the wish to cancel and make the row due; returns the row as it is then."""
        ...

    async def get(self, generation_id: str) -> Generation | None:
        """One generation."""
        ...

    async def find(self, reference: str) -> Generation | None:
        """One generation by its id or by the provider's task id."""
        ...

    async def hold_of(self, generation_id: str) -> Entry | None:
        """The generation's hold; raises StoreAwayError where it may be read later."""
        ...

    async def of_member(self, user_id: int, guild_id: int | None, count: int) -> list[Generation]:
        """A member's latest generations in a guild (or in direct messages), newest first."""
        ...

    async def allowances(
        self,
        user_id: int,
        guild_id: int | None,
        role_ids: Collection[int],
        defaults: Sequence[Limit],
        now: datetime,
    ) -> list[Allowance]:
        """What a member has used of each limit that is in force; `defaults` are the configuration's limits."""
        ...

    async def budget_use(self, guild_id: int, now: datetime) -> list[Allowance]:
        """What a guild has used of each limit on money that was set for it as a whole."""
        ...

    async def refund(self, generation_id: str, record: AuditRecord, now: datetime) -> Entry:
        """Give back all that a generation was charged, once, with a record of it; returns the entry.

        Raises Rejection(NothingToRelease or GenerationUnknown).
        """
        ...

    async def used_amounts(self, user_id: int, guild_id: int | None, window: Window, now: datetime) -> Amounts:
        """What a member has used in a window in all three measures; unknown prices count as nothing in micros."""
        ...

    async def usual_durations(self, since: datetime) -> dict[tuple[str, Operation], tuple[float, ...]]:
        """Sorted seconds from submission to success per model and operation, of the latest finished since `since`."""
        ...

    async def counts(self) -> dict[State, int]:
        """How many generations are in each state that is not an end."""
        ...

    async def next_due(self, kinds: Collection[StepKind] = tuple(StepKind)) -> datetime | None:
        """When the next row that nobody holds is due whose step is of one of these kinds."""
        ...


class ReconcilingStore(Protocol):
    """What is not as it should be, and what brings it back on its way; every method is one transaction."""

    async def of_ledger(self) -> list[Finding]:
        """Ended generations that are not settled, generations without a hold, and entries without a generation."""
        ...

    async def of_progress(self, now: datetime, undecided_since: datetime) -> list[Finding]:
        """Generations that nothing will move on, and those that are unconfirmed since before `undecided_since`."""
        ...

    async def wake(self, generation_id: str, now: datetime) -> bool:
        """Make a generation due that nothing would move on; False where it is no longer so."""
        ...

    async def put_aside(self, generation_id: str) -> bool:
        """Take away what is no instant from when a generation is due; False where no such thing stands there."""
        ...

    async def settle(self, generation_id: str, now: datetime) -> tuple[Entry, ...]:
        """Write what the settlement of an ended generation lacks, with a record; returns the entries written."""
        ...


class SnapshotStore(Protocol):
    """Small documents that the bot keeps for itself, such as the last live model list."""

    async def load(self, name: str) -> tuple[str, datetime] | None:
        """A document with the time when it was stored."""
        ...

    async def keep(self, name: str, document: str, now: datetime) -> None:
        """Store a document in place of the former one."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What is told about a generation's end: the videos that were fetched, and those that were not.

    `unfetched` are addresses that may be handed on; `unusable` counts results that were refused for what or where they
    are, so that their addresses are not.
    """

    files: tuple[ResultFile, ...] = ()
    unfetched: tuple[str, ...] = ()
    unusable: int = 0

    @property
    def is_useless(self) -> bool:
        """Whether there were results, and none of them can be handed on."""
        return bool(self.unusable and not self.files and not self.unfetched)


Check: TypeAlias = Callable[[], Awaitable[None]]
"""Asked right before something that no later write could take back; raises LeaseLostError where it must not be done."""


async def nothing_to_check() -> None:
    """The check of what may be done in any case."""


class Delivery(Protocol):
    """How a generation reaches its requester. Methods raise DeliveryDelayedError where later helps."""

    async def find_or_post_card(self, generation: Generation) -> MessageRef | None:
        """The card where the command's answer became one, else a new one; None where no card can be posted."""
        ...

    async def open_thread(self, generation: Generation) -> int | None:
        """Open the thread on the card, or find it; None where it may not be opened."""
        ...

    async def keep_inputs(self, generation: Generation, files: Sequence[Path]) -> tuple[int, ...]:
        """Re-post the inputs on the card; their attachment ids, or none where they could not be kept."""
        ...

    async def input_urls(self, generation: Generation) -> tuple[str, ...] | None:
        """Fresh signed URLs of the kept inputs, None where they are gone; raises DeliveryDelayedError."""
        ...

    async def show(self, generation: Generation, usual: timedelta | None, now: datetime) -> None:
        """Bring the card up to date; one that is gone or can't be edited any more is left."""
        ...

    async def upload_limit(self, generation: Generation) -> int:
        """Bytes that a file may have to be posted where this generation's notice goes."""
        ...

    async def tell(self, generation: Generation, notice: Notice, check: Check = nothing_to_check) -> MessageRef | None:
        """Tell the requester of the end, with the videos, asking `check` right before each post.

        None where no way was left.
        """
        ...

    async def tell_slow(self, generation: Generation, since: datetime) -> None:
        """Tell the requester that this takes longer than expected, unless that was told since then."""
        ...

    async def tell_owner(self, door_closed_by: str | None) -> None:
        """Tell the bot's owner that the provider's door closed (with what it answered) or, for None, opened again."""
        ...

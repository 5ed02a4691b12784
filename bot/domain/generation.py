"""The durable record of one request, from acceptance to settlement, and the arrows that it may take."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Self

from bot.domain.ledger import Amounts
from bot.domain.request import Request


class StepKind(StrEnum):
    """What a step is about, and so whom it may wait for."""

    SUBMISSION = "submission"  # Discord, the files of the request, the provider
    POLL = "poll"  # the provider alone
    DELIVERY = "delivery"  # the files of the result, Discord


class State(StrEnum):
    """Where a generation is in its life."""

    ACCEPTED = "accepted"  # counted and held; not yet handed to the provider
    SUBMITTING = "submitting"  # being handed over: from here on it is never handed over again by itself
    RUNNING = "running"  # the provider has it
    UNCONFIRMED = "unconfirmed"  # handed over without a usable answer: nobody knows
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"

    @property
    def is_end(self) -> bool:
        """Whether nothing follows."""
        return not ARROWS[self]

    @property
    def is_told(self) -> bool:
        """Whether the requester is told of it in a message of its own."""
        return self.is_end or self is State.UNCONFIRMED

    @property
    def step_kind(self) -> StepKind:
        """What the step of this state is about."""
        if self.is_told:
            return StepKind.DELIVERY
        return StepKind.SUBMISSION if self is State.ACCEPTED else StepKind.POLL


ARROWS: Mapping[State, frozenset[State]] = MappingProxyType(
    {
        State.ACCEPTED: frozenset({State.SUBMITTING, State.FAILED, State.CANCELLED}),
        State.SUBMITTING: frozenset(
            {State.ACCEPTED, State.RUNNING, State.SUCCEEDED, State.FAILED, State.UNCONFIRMED},
        ),
        State.RUNNING: frozenset({State.SUCCEEDED, State.FAILED, State.CANCELLED, State.EXPIRED}),
        State.UNCONFIRMED: frozenset({State.RUNNING, State.FAILED}),
        State.SUCCEEDED: frozenset(),
        State.FAILED: frozenset(),
        State.CANCELLED: frozenset(),
        State.EXPIRED: frozenset(),
    }
)
"""Every arrow there is."""

CONCURRENT_STATES = frozenset({State.ACCEPTED, State.SUBMITTING, State.RUNNING})
"""What counts against a limit on those under way at once."""


class Reason(StrEnum):
    """Why a generation ended other than with a video, why its outcome is not known, or why it waits."""

    BAD_INPUT = "bad_input"  # an attachment's content did not pass our check
    MODERATED = "moderated"  # the moderation endpoint spoke against the prompt
    WAITING = "waiting"  # not handed over yet, since the provider gives no usable answer or asked for a pause
    DISK_FULL = "disk_full"  # its files wait, since our own disk has no room for them
    UNMODERATED = "unmoderated"  # the moderation endpoint could not be asked in a few attempts
    REFUSED = "refused"  # the provider turned the request down
    POLICY = "policy"  # the provider's content rules
    UNAVAILABLE = "unavailable"  # the model or its channels are down for now
    BUSY = "busy"  # still refused for load after a few attempts
    UNREACHABLE = "unreachable"  # the provider could not be reached in a few attempts
    DOOR_CLOSED = "door_closed"  # the provider takes nothing from our account
    PROVIDER_FAILED = "provider_failed"  # the task failed there
    NO_OUTPUT = "no_output"  # the task completed without a video, or (a success) with nothing that is a usable one
    TASK_LOST = "task_lost"  # the provider knows the task no more
    EXPIRED = "expired"  # the provider let the task expire
    GIVEN_UP = "given_up"  # we stopped following it after the configured time
    BY_REQUESTER = "by_requester"
    BY_MODERATOR = "by_moderator"
    BY_PROVIDER = "by_provider"  # cancelled at the provider by somebody else
    ABANDONED = "abandoned"  # unconfirmed, and somebody decided not to wait for it
    NO_ANSWER = "no_answer"  # submitted, and no usable answer came back
    UNDECIDED = "undecided"  # unconfirmed until the grace was over


class ForbiddenArrowError(Exception):
    """A generation was about to take an arrow that isn't in the table: a mistake of the program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a request came from, as Discord's interaction stated it.

    `interaction_token` lets us read the first answer for 15 minutes; `upload_limit` is in bytes. `guild_id` is None in
    a direct message. `in_thread`: the command was used inside a thread or a direct message, so no thread is opened.
    `parent_id`: the channel of that thread, None for a private one, as not everybody in the channel may read it.
    """

    interaction_id: int
    interaction_token: str
    guild_id: int | None
    channel_id: int
    requester_id: int
    locale: str
    in_thread: bool
    upload_limit: int
    parent_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRef:
    """A Discord message: where, and which."""

    channel_id: int
    message_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """One generation as it is stored; times are aware UTC.

    `due_at`: when the next step is due, None when nothing is. `lease_token`: counts the claims; a write with an older
    token is refused. `kept_inputs`: Discord's attachment ids on the card, in the order of the request's inputs.
    `results`: the provider's URLs of the finished videos. `told`: the last state that the requester was told.
    `progress`: the provider's own figure in percent. `warnings`: names of options whose values the model may not take.
    `follows`: the unconfirmed generation in whose place it was submitted again. `erased_at`: since when its prompt, its
    files and its requester are no longer kept. `micros_per_second`: the price that it was accepted at, None where that
    isn't for seconds, or was unknown.
    """

    id: str
    member_key: str
    request: Request
    origin: Origin
    amounts: Amounts
    state: State
    provider: str
    accepted_at: datetime
    state_at: datetime
    due_at: datetime | None
    lease_token: int = 0
    attempt: int = 1
    reason: Reason | None = None
    detail: str | None = None
    task_id: str | None = None
    poll_url: str | None = None
    submitted_at: datetime | None = None
    polled_at: datetime | None = None
    poll_failures: int = 0
    progress: int | None = None
    results: tuple[str, ...] = ()
    billing_transaction_id: str | None = None
    cancel_requested: Reason | None = None
    card: MessageRef | None = None
    thread_id: int | None = None
    thread_refused: bool = False
    kept_inputs: tuple[int, ...] = ()
    inputs_checked: bool = False
    deadline_told: bool = False
    told: State | None = None
    told_as: MessageRef | None = None
    told_at: datetime | None = None
    telling_since: datetime | None = None
    telling_failures: int = 0
    warnings: tuple[str, ...] = ()
    follows: str | None = None
    erased_at: datetime | None = None
    micros_per_second: int | None = None

    def evolve(self, **changes: Any) -> Self:
        """A copy with other facts in the same state."""
        return replace(self, **changes)

    def move(self, state: State, at: datetime, **changes: Any) -> Self:
        """A copy that took the arrow to `state`, due at once.

        Raises ForbiddenArrowError where there is no such arrow.
        """
        if state not in ARROWS[self.state]:
            raise ForbiddenArrowError(f"{self.id}: {self.state} -> {state}")
        return replace(self, **{"state": state, "state_at": at, "due_at": at, **changes})

    @property
    def is_to_be_told(self) -> bool:
        """Whether the requester has still to be told of the present state."""
        return self.state.is_told and self.told is not self.state

    @property
    def age_basis(self) -> datetime:
        """Since when the provider has had it, or since acceptance."""
        return self.submitted_at or self.accepted_at

    def running_for(self, now: datetime) -> timedelta:
        """For how long the provider has had it."""
        return now - self.age_basis

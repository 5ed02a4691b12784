"""Why a request or an action is turned down: facts only, the words are found in `bot.chat`.

A `Rejection` is raised for anything that the member can understand and mend; it carries one `Problem`.
"""

import json
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from bot.domain.limits import Limit, LimitFault, Measure
from bot.domain.request import InputRole, MediaKind, Operation


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason for a rejection; subclasses carry its facts."""


class Rejection(Exception):  # noqa: N818 - it is an answer to the member, not an error of the program
    """A request or action was turned down for the stated problem; nothing was stored or charged."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(repr(problem))
        self.problem = problem


@dataclass(frozen=True, slots=True)
class UnknownModel(Problem):
    """No such model; `near` are ids that look alike."""

    model: str
    near: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ModelNotOffered(Problem):
    """The model is known but not offered, for the catalog's stated reason."""

    model: str
    reason: str


@dataclass(frozen=True, slots=True)
class ModelCannot(Problem):
    """The model can't do the operation; `able` are models that can."""

    model: str
    operation: Operation
    able: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NoModelFor(Problem):
    """No model on offer does the operation."""

    operation: Operation


@dataclass(frozen=True, slots=True)
class PromptMissing(Problem):
    """The operation needs a prompt."""

    operation: Operation


@dataclass(frozen=True, slots=True)
class PromptTooLong(Problem):
    """The prompt is longer than the model takes; both figures in characters."""

    model: str
    length: int
    most: int


@dataclass(frozen=True, slots=True)
class InputMissing(Problem):
    """The operation needs an input of this role."""

    operation: Operation
    role: InputRole


@dataclass(frozen=True, slots=True)
class TooManyInputs(Problem):
    """More inputs of one role than the model takes."""

    model: str
    role: InputRole
    count: int
    most: int


@dataclass(frozen=True, slots=True)
class SourceMissing(Problem):
    """An extension needs an earlier generation or a clip."""


@dataclass(frozen=True, slots=True)
class OptionOutOfRange(Problem):
    """A numeric option outside its published range."""

    option: str
    value: float
    least: float
    most: float


@dataclass(frozen=True, slots=True)
class OptionNotTaken(Problem):
    """The provider states that the model doesn't take this option."""

    model: str
    option: str


@dataclass(frozen=True, slots=True)
class ValueNotTaken(Problem):
    """The provider states which values the model takes, and this is none of them."""

    model: str
    option: str
    value: str
    allowed: tuple[str, ...]


class FileFault(StrEnum):
    """What is wrong with an attached file."""

    WRONG_KIND = "wrong_kind"
    WRONG_FORMAT = "wrong_format"
    EMPTY = "empty"
    TOO_LARGE = "too_large"
    TOO_SMALL_SIDES = "too_small_sides"
    TOO_LARGE_SIDES = "too_large_sides"
    UNREADABLE = "unreadable"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class BadFile(Problem):
    """An attachment that can't be used.

    `found` and `bound` are the fact and its bound in words of figures: bytes for sizes, pixels for sides, a type for
    kinds.
    """

    filename: str
    kind: MediaKind
    fault: FileFault
    found: str = ""
    bound: str = ""

    @classmethod
    def gone(cls) -> "BadFile":
        """An attachment that could not be fetched any more, whichever it was."""
        return cls(filename="", kind=MediaKind.IMAGE, fault=FileFault.GONE)

    def to_detail(self) -> str:
        """These facts as the text that a failed generation keeps as its detail."""
        return json.dumps(asdict(self))

    @classmethod
    def from_detail(cls, detail: str | None) -> "BadFile | None":
        """The facts of such a text; None where it is something else."""
        try:
            facts = json.loads(detail or "")
            return cls(**{**facts, "kind": MediaKind(facts["kind"]), "fault": FileFault(facts["fault"])})
        except (ValueError, TypeError, KeyError):
            return None


class RuleFault(StrEnum):
    """What is wrong with the text of a word rule."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    NOT_A_PATTERN = "not_a_pattern"
    TOO_LARGE = "too_large"
    FITS_EMPTY = "fits_empty"


@dataclass(frozen=True, slots=True)
class BadRule(Problem):
    """A text that can't be a word rule.

    `found` and `bound` are the length and its bound; of what is no pattern `found` is the engine's word for it.
    """

    fault: RuleFault
    found: str = ""
    bound: str = ""


@dataclass(frozen=True, slots=True)
class LimitReached(Problem):
    """A limit would be passed.

    `used` counts holds and charges of the window, `resets_at` is None where waiting for one to end helps. `wanted` is
    what the request would take, in the limit's measure.
    """

    limit: Limit
    used: int
    resets_at: datetime | None
    wanted: int

    @property
    def is_hopeless(self) -> bool:
        """Whether the request is larger than the whole limit, so that no waiting helps."""
        return self.limit.measure is not Measure.COOLDOWN and self.wanted > self.limit.amount


@dataclass(frozen=True, slots=True)
class DoorClosed(Problem):
    """The provider takes nothing from us at present (balance or key); the owner was told."""


@dataclass(frozen=True, slots=True)
class GenerationUnknown(Problem):
    """No such generation, or none that this member may see; `of_anybody`: none at all."""

    reference: str
    of_anybody: bool = False


@dataclass(frozen=True, slots=True)
class GenerationNotHere(Problem):
    """No such generation in the guild whose moderator asks for it."""

    reference: str


@dataclass(frozen=True, slots=True)
class NotCancellable(Problem):
    """The generation has ended, or the provider can't stop it any more."""

    reference: str
    ended: bool


@dataclass(frozen=True, slots=True)
class Undecided(Problem):
    """Nobody knows whether the provider took it, so it can't be cancelled, only given up."""

    reference: str


@dataclass(frozen=True, slots=True)
class NotUndecided(Problem):
    """There is nothing to decide about this generation (any more)."""

    reference: str


@dataclass(frozen=True, slots=True)
class StepUnderWay(Problem):
    """Something is being done with the generation, so that nothing can be decided about it at the moment."""


@dataclass(frozen=True, slots=True)
class ReleaseInstead(Problem):
    """Nobody knows whether the provider took it, so moderators can't cancel it, only release its hold."""

    reference: str


@dataclass(frozen=True, slots=True)
class NotYours(Problem):
    """Only the requester or a moderator of the guild may do this."""


@dataclass(frozen=True, slots=True)
class AskedElsewhere(Problem):
    """The generation was asked for in another place, and can be submitted again only there."""


@dataclass(frozen=True, slots=True)
class RequesterRefused(Problem):
    """What somebody else wants to have submitted again is turned down for its requester."""

    problem: Problem


@dataclass(frozen=True, slots=True)
class InputsAway(Problem):
    """Discord doesn't hand out the generation's inputs at the moment."""


@dataclass(frozen=True, slots=True)
class InputsGone(Problem):
    """The generation's inputs are nowhere to be had any more."""


@dataclass(frozen=True, slots=True)
class NotYourData(Problem):
    """What is stored of a member is erased by that member alone."""


@dataclass(frozen=True, slots=True)
class OwnerOnly(Problem):
    """Only the bot's owner may do this."""


@dataclass(frozen=True, slots=True)
class ModeratorOnly(Problem):
    """Only those who manage the server, or have its moderator role, may do this, and only inside it."""


@dataclass(frozen=True, slots=True)
class Blocked(Problem):
    """The member may make nothing here; `until` is None where there is no end."""

    until: datetime | None
    why: str | None


@dataclass(frozen=True, slots=True)
class Paused(Problem):
    """Nothing is accepted for now: here, or by the whole bot (`everywhere`)."""

    everywhere: bool


@dataclass(frozen=True, slots=True)
class WrongChannel(Problem):
    """Videos are made in these channels (or categories) only."""

    channel_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class AgeRestrictedOnly(Problem):
    """The model or operation may be used in age-restricted channels only."""


@dataclass(frozen=True, slots=True)
class ModelNotAllowed(Problem):
    """The member's roles don't allow the model; `allowed` are those that they do."""

    model: str
    allowed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PromptNotAllowed(Problem):
    """A word rule of the guild or the bot hits the prompt; which one is for moderators only."""


@dataclass(frozen=True, slots=True)
class PriceUnknown(Problem):
    """A limit on money applies, and nobody knows what the request would cost.

    `needs_length`: the model is priced by the second, so that a request which says its length has a price.
    """

    model: str
    needs_length: bool = False


@dataclass(frozen=True, slots=True)
class NothingToRelease(Problem):
    """Nothing was charged for the generation, or it was given back already."""

    reference: str


@dataclass(frozen=True, slots=True)
class TaskTaken(Problem):
    """Another generation holds this task already."""

    task_id: str


@dataclass(frozen=True, slots=True)
class TaskNotFound(Problem):
    """The provider knows no such task."""

    task_id: str


@dataclass(frozen=True, slots=True)
class ExtensionSourceUnfit(Problem):
    """The earlier generation has no finished task that could be extended."""

    reference: str


@dataclass(frozen=True, slots=True)
class FetchUnderWay(Problem):
    """Videos of this member are being fetched anew already; one such wish at a time."""


@dataclass(frozen=True, slots=True)
class ReportBusy(Problem):
    """No report can be made for now: others are written or made."""


@dataclass(frozen=True, slots=True)
class ReportUnderWay(Problem):
    """A report for this guild is being made already; one at a time."""


@dataclass(frozen=True, slots=True)
class DateUnreadable(Problem):
    """A day of a report that is no date, or one that no report can be about."""

    text: str


@dataclass(frozen=True, slots=True)
class PeriodReversed(Problem):
    """A report whose first day comes after its last one."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class PeriodTooLong(Problem):
    """A report over more days than one can be about."""

    days: int
    most: int


@dataclass(frozen=True, slots=True)
class NotOneself(Problem):
    """Nobody can do this to themselves."""


@dataclass(frozen=True, slots=True)
class WhyMissing(Problem):
    """This needs a reason, for the audit."""


@dataclass(frozen=True, slots=True)
class SpanUnreadable(Problem):
    """A length of time that can't be read."""

    text: str


@dataclass(frozen=True, slots=True)
class OneOfThese(Problem):
    """Of these options of a command, one is to be filled in and no other."""

    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SpanUnfit(Problem):
    """A length of time that is none, or longer than can be set."""

    most: timedelta


@dataclass(frozen=True, slots=True)
class LimitUnfit(Problem):
    """A limit that can't be set, for a fault of its own or as it isn't for those who want to set it."""

    fault: LimitFault


@dataclass(frozen=True, slots=True)
class TimeZoneUnknown(Problem):
    """No time zone has this name."""

    name: str


@dataclass(frozen=True, slots=True)
class FigureUnreadable(Problem):
    """A figure that can't be read, or isn't whole where it has to be."""

    text: str


@dataclass(frozen=True, slots=True)
class RoleUnfit(Problem):
    """The role of @everyone would make a moderator of each member."""


@dataclass(frozen=True, slots=True)
class ChannelElsewhere(Problem):
    """A channel that was chosen isn't one of the guild, or nothing says that it is."""


@dataclass(frozen=True, slots=True)
class ScheduleUnfit(Problem):
    """Reports come each day, week or month."""


@dataclass(frozen=True, slots=True)
class NotListed(Problem):
    """What was to be taken away isn't set here."""


@dataclass(frozen=True, slots=True)
class ListFull(Problem):
    """A list has as many entries as it can have."""

    most: int


@dataclass(frozen=True, slots=True)
class GuildNotServed(Problem):
    """This bot doesn't serve the guild, or not from where the command was used."""


@dataclass(frozen=True, slots=True)
class ShuttingDown(Problem):
    """The bot is stopping and takes no new requests."""

"""What may be used: limits, the windows that they count in, and what remains of them."""

from bisect import bisect_left
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import assert_never


class Scope(StrEnum):
    """Whom a limit binds."""

    BOT = "bot"
    GUILD = "guild"
    ROLE = "role"
    MEMBER = "member"


class Measure(StrEnum):
    """What a limit counts.

    Generations, seconds of video, micro-dollars, those under way at once, or a pause in seconds.
    """

    GENERATIONS = "generations"
    SECONDS = "seconds"
    MICROS = "micros"
    CONCURRENT = "concurrent"
    COOLDOWN = "cooldown"


class Window(StrEnum):
    """The calendar span that a limit counts in, in the guild's time zone."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"

    def start(self, now: datetime, zone: tzinfo) -> datetime:
        """The beginning of the window that `now` is in, weeks beginning on Monday; in UTC."""
        return self._local_start(now, zone).astimezone(UTC)

    def end(self, now: datetime, zone: tzinfo) -> datetime:
        """The first instant after the window that `now` is in; in UTC."""
        return self._local_end(now, zone).astimezone(UTC)

    def _local_start(self, now: datetime, zone: tzinfo) -> datetime:
        local = now.astimezone(zone)
        day = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)  # a midnight that comes twice: the first
        match self:
            case Window.HOUR:
                return _hour(now, zone)[0]
            case Window.DAY:
                return day
            case Window.WEEK:
                return day - timedelta(days=day.weekday())
            case Window.MONTH:
                return day.replace(day=1)
            case _:
                assert_never(self)

    def _local_end(self, now: datetime, zone: tzinfo) -> datetime:
        start = self._local_start(now, zone)  # adding days to it keeps to the clock on the wall
        match self:
            case Window.HOUR:
                return _hour(now, zone)[1]
            case Window.DAY:
                return start + timedelta(days=1)
            case Window.WEEK:
                return start + timedelta(days=7)
            case Window.MONTH:
                return (start + timedelta(days=32)).replace(day=1)
            case _:
                assert_never(self)


def _hour(now: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """The hour of the clock on the wall that `now` is in, [start, end) in UTC.

    Where the clock is set meanwhile, it begins or ends there: one that is set by half an hour makes shorter hours, but
    no two that share an instant.
    """
    local, utc = now.astimezone(zone), now.astimezone(UTC)
    start = utc - timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    end = start + timedelta(hours=1)
    return _clock_set(start, utc, zone) or start, _clock_set(utc, end - timedelta.resolution, zone) or end


def _clock_set(early: datetime, late: datetime, zone: tzinfo) -> datetime | None:
    """The first instant after `early` that has the offset from UTC that `late` has; None where both have the same."""

    def is_set(tick: int) -> bool:
        return (early + tick * timedelta.resolution).astimezone(zone).utcoffset() != before

    before, ticks = early.astimezone(zone).utcoffset(), (late - early) // timedelta.resolution
    if not is_set(ticks):
        return None
    return early + bisect_left(range(ticks), x=True, key=is_set) * timedelta.resolution


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """At most `amount` of `measure` for `scope` in each `window`; no window for what is under way at once.

    `scope_id`: the role's or the member's id; 0 for a guild, the bot, and every member. `is_default`: it comes from the
    configuration, not from people in Discord.
    """

    scope: Scope
    measure: Measure
    amount: int
    window: Window | None = None
    scope_id: int = 0
    is_default: bool = False

    @property
    def counts(self) -> tuple[Measure, Window | None]:
        """What it counts, and in which window."""
        return self.measure, self.window

    @property
    def is_budget(self) -> bool:
        """Whether it is the money of a guild as a whole, as its moderators have set it."""
        return self.scope is Scope.GUILD and self.measure is Measure.MICROS and not self.is_default

    def allows(self, used: int, wanted: int) -> bool:
        """Whether `wanted` more may be taken when `used` are held or charged."""
        return used + wanted <= self.amount


class LimitFault(StrEnum):
    """What is wrong with a limit that somebody wants to set."""

    NEGATIVE = "negative"
    TOO_LARGE = "too_large"
    NEEDS_WINDOW = "needs_window"
    TAKES_NO_WINDOW = "takes_no_window"
    WRONG_SCOPE = "wrong_scope"


LARGEST = 10**12
"""The largest amount of a limit: a million dollars, in micro-dollars."""


def fault_of(limit: Limit) -> LimitFault | None:
    """What is wrong with a limit, whoever sets it; None where nothing is."""
    takes_window = limit.measure not in {Measure.CONCURRENT, Measure.COOLDOWN}
    if limit.amount < 0:
        return LimitFault.NEGATIVE
    if limit.amount > LARGEST:
        return LimitFault.TOO_LARGE
    if takes_window and limit.window is None:
        return LimitFault.NEEDS_WINDOW
    if not takes_window and limit.window is not None:
        return LimitFault.TAKES_NO_WINDOW
    return None


def in_force(limits: Iterable[Limit], user_id: int, role_ids: Collection[int]) -> tuple[Limit, ...]:
    """The limits that a request of a member with these roles has to keep, out of all that were set here.

    Those of the bot and the guild all apply. Of those that count a member's own usage one applies for each thing that
    is counted: the member's personal one, else the most generous among the roles', else what every member here has.
    These come first, then the guild's, then the bot's.
    """
    shared: list[Limit] = []
    personal: dict[tuple[Measure, Window | None], Limit] = {}
    for limit in limits:
        if limit.scope in {Scope.BOT, Scope.GUILD}:
            shared.append(limit)
        elif _rank(limit, user_id, role_ids) is not None:
            rival = personal.get(limit.counts)
            if rival is None or _weight(limit, user_id, role_ids) > _weight(rival, user_id, role_ids):
                personal[limit.counts] = limit
    return (*personal.values(), *sorted(shared, key=lambda limit: limit.scope is Scope.BOT))


def _rank(limit: Limit, user_id: int, role_ids: Collection[int]) -> int | None:
    """How close a limit is to the member; None where it isn't theirs."""
    match limit.scope:
        case Scope.MEMBER if limit.scope_id == 0:
            return 0 if limit.is_default else 1
        case Scope.MEMBER:
            return 3 if limit.scope_id == user_id else None
        case Scope.ROLE:
            return 2 if limit.scope_id in role_ids else None
        case _:
            return None


def _weight(limit: Limit, user_id: int, role_ids: Collection[int]) -> tuple[int, int]:
    """The closer one weighs more, then the more generous one: a larger amount, or a shorter cool-down."""
    generosity = -limit.amount if limit.measure is Measure.COOLDOWN else limit.amount
    return _rank(limit, user_id, role_ids) or 0, generosity


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """One limit with what has been used of it: `used` = held + charged - refunded, in the limit's measure."""

    limit: Limit
    used: int
    resets_at: datetime | None

    @property
    def remaining(self) -> int:
        """What is left, never below zero."""
        return max(0, self.limit.amount - self.used)

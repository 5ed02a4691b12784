"""What is told to a guild once in each period: a report, a budget that runs out."""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from typing import assert_never

from bot.domain.limits import Allowance, Limit

FOR_EVER = datetime(2020, 1, 1, tzinfo=UTC)
"""When the period began of what has no end."""

LOW_AT = 80
"""Percent of a guild's budget."""


class BudgetLevel(StrEnum):
    """How far a guild's budget is gone, the later the worse; each is told once in the budget's window.

    Low at LOW_AT percent; short once it turned a request down, for which what was left was not enough; spent when
    nothing is left.
    """

    LOW = "80"
    SHORT = "short"
    SPENT = "100"

    def is_reached(self, allowance: Allowance) -> bool:
        """Whether what was used says so; it never says that a request was turned down."""
        match self:
            case BudgetLevel.LOW:
                return allowance.used * 100 >= LOW_AT * allowance.limit.amount
            case BudgetLevel.SHORT:
                return False
            case BudgetLevel.SPENT:
                return allowance.remaining == 0
            case _:
                assert_never(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """One of a kind: a guild is told `name` once for the period that begins at `period_start`."""

    guild_id: int
    name: str
    period_start: datetime

    @classmethod
    def of_period(cls, guild_id: int, name: str, start: datetime, zone: tzinfo) -> "Announcement":
        """One of the period that begins at `start`, told apart by the calendar: another time zone repeats none."""
        return cls(guild_id=guild_id, name=name, period_start=start.astimezone(zone).replace(tzinfo=UTC))

    @classmethod
    def of_budget(cls, guild_id: int, limit: Limit, level: BudgetLevel, now: datetime, zone: tzinfo) -> "Announcement":
        """That a guild's limit on money has come to a level in the window that `now` is in; another amount is new."""
        window = limit.window
        name = f"budget-{level.value}-{window.value if window else 'ever'}-{limit.amount}"
        return cls.of_period(guild_id, name, window.start(now, zone) if window else FOR_EVER, zone)

    @property
    def mark(self) -> str:
        """What its message can be recognised by."""
        return f"{self.name} · {self.period_start:%Y-%m-%dT%H:%MZ}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to tell it, under a lease: nobody else tries meanwhile.

    `failures`: tries that never reported back, so that the message may stand there already, some time since `begun_at`.
    """

    announcement: Announcement
    begun_at: datetime
    failures: int

    @property
    def mark(self) -> str:
        """What its message can be recognised by."""
        return self.announcement.mark

    @property
    def may_stand_there(self) -> bool:
        """Whether an earlier try may have posted it."""
        return self.failures > 0

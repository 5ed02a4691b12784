"""The figures of reports: what was asked for in a period, what became of it, and what it cost.

A generation belongs to the period of its hold. Money is integer micro-dollars; a charge without a price is counted as
such and adds nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from math import ceil

from bot.domain.request import Operation

PERCENTILES = (50, 95)
"""The percentiles of the time to video that a report states."""


class Outcome(StrEnum):
    """What became of a generation, as the ledger has it; the ways to end without a video as its state has them."""

    SUCCEEDED = "succeeded"
    REFUNDED = "refunded"  # it succeeded, and a moderator gave its charge back
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    OPEN = "open"
    UNCONFIRMED = "unconfirmed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which generations a report is about: those whose hold is in [start, end), and that pass every filter.

    `guild_id` None means direct messages; with `all_guilds` it isn't looked at. Days are those of `zone`. Nobody
    but themselves (`is_own`) finds a member by `member_id` who asked to be forgotten. `with_rows`: rows are read after
    the figures, and have to agree with them.
    """

    start: datetime
    end: datetime
    zone: tzinfo
    guild_id: int | None = None
    all_guilds: bool = False
    member_id: int | None = None
    is_own: bool = False
    model: str | None = None
    operation: Operation | None = None
    channel_id: int | None = None
    with_rows: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Counts of generations by what became of them, and what they used.

    `failed`: ended without a video, however. `seconds` and `micros`: charged and not refunded. `unpriced`: charges
    without a price that are not in `micros`.
    """

    requested: int = 0
    succeeded: int = 0
    refunded: int = 0
    failed: int = 0
    open: int = 0
    seconds: int = 0
    micros: int = 0
    unpriced: int = 0

    def __add__(self, other: "Figures") -> "Figures":
        return self._with(other, 1)

    def __sub__(self, other: "Figures") -> "Figures":
        return self._with(other, -1)

    @property
    def success_rate(self) -> float | None:
        """The share of those that ended which were made, given back or not; None where none ended."""
        made = self.succeeded + self.refunded
        return made / (made + self.failed) if made + self.failed else None

    def _with(self, other: "Figures", sign: int) -> "Figures":
        return Figures(
            **{field.name: getattr(self, field.name) + sign * getattr(other, field.name) for field in fields(self)}
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One row of a report: `key` is what its generations share.

    Only of members: `user_id` and the `name` that Discord showed last, None once they asked to be forgotten.
    """

    key: str
    figures: Figures
    user_id: int | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouped:
    """What a query found: the groups with the most requests, how many there are, and what all of them add up to."""

    groups: tuple[Group, ...]
    count: int
    totals: Figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The figures of a report, and the percentiles of the time from acceptance to success.

    `upto` is the last entry of the ledger that was looked at: what reads up to it later finds the same.
    """

    grouped: Grouped
    times: Mapping[int, timedelta]
    upto: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageRow:
    """One generation of a report; `seconds` and `micros` are what was charged and not refunded (None: unknown price).

    `guild_id` None means direct messages. `took`: from acceptance to success, also where that was refunded.
    """

    generation_id: str
    accepted_at: datetime
    member_id: int | None
    member_name: str | None
    guild_id: int | None
    channel_id: int
    model: str
    operation: str
    outcome: Outcome
    seconds: int
    micros: int | None
    took: timedelta | None


def rank(percentile: int, count: int) -> int:
    """The place, from 0, of a percentile among so many sorted values, by the nearest rank."""
    return max(0, ceil(percentile * count / 100) - 1)

"""What is told to a guild once in each period: a report, a budget that runs out."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """One of a kind: a guild is told `name` once for the period that begins at `period_start`."""

    guild_id: int
    name: str
    period_start: datetime

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

"""Calendar days in a time zone, as spans of instants: 24 hours long, but for those on which the clocks change."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day of the calendar, from its first instant up to the first of the next; both in UTC."""

    date: date
    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        """How long it lasts."""
        return self.end - self.start


def day_of(date_: date, zone: tzinfo) -> Day:
    """A day by its date."""
    return Day(date=date_, start=_midnight(date_, zone), end=_midnight(date_ + timedelta(days=1), zone))


def days_of(start: datetime, end: datetime, zone: tzinfo) -> tuple[Day, ...]:
    """The days that [start, end) touches, in order."""
    if start >= end:
        return ()
    first = start.astimezone(zone).date()
    last = (end - timedelta(microseconds=1)).astimezone(zone).date()
    return tuple(day_of(first + timedelta(days=number), zone) for number in range((last - first).days + 1))


def _midnight(date_: date, zone: tzinfo) -> datetime:
    """A midnight that comes twice is the first; one that the clocks skip is the instant when they skip it."""
    return datetime.combine(date_, time.min, zone).astimezone(UTC)

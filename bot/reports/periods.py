"""The periods that a report can be about, in the calendar of a time zone."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import assert_never

from bot.domain.days import day_of
from bot.domain.errors import DateUnreadable, PeriodReversed, PeriodTooLong, Rejection

DAYS_MOST = 366
_YEARS = range(2000, 2101)


class Period(StrEnum):
    """What a report can be asked for."""

    TODAY = "today"
    DAYS_7 = "7-days"
    DAYS_30 = "30-days"
    THIS_MONTH = "this-month"
    LAST_MONTH = "last-month"
    CUSTOM = "custom"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Whole days of a time zone, the last one included; in instants [start, end), in UTC."""

    first: date
    last: date
    start: datetime
    end: datetime

    def __str__(self) -> str:
        """The days as they are written everywhere (ISO 8601)."""
        return f"{self.first}" if self.first == self.last else f"{self.first} \N{EN DASH} {self.last}"


def span_of(period: Period, now: datetime, zone: tzinfo, first: str = "", last: str = "") -> Span:
    """The days of a period as it stands now, up to today; `first` and `last` are the dates of a custom one.

    Raises Rejection(DateUnreadable), Rejection(PeriodReversed) or Rejection(PeriodTooLong).
    """
    today = now.astimezone(zone).date()
    month = today.replace(day=1)
    match period:
        case Period.TODAY:
            return _span(today, today, zone)
        case Period.DAYS_7:
            return _span(today - timedelta(days=6), today, zone)
        case Period.DAYS_30:
            return _span(today - timedelta(days=29), today, zone)
        case Period.THIS_MONTH:
            return _span(month, today, zone)
        case Period.LAST_MONTH:
            before = month - timedelta(days=1)
            return _span(before.replace(day=1), before, zone)
        case Period.CUSTOM:
            return _custom(_date(first), _date(last), zone)
        case _:
            assert_never(period)


def _custom(first: date, last: date, zone: tzinfo) -> Span:
    if first > last:
        raise Rejection(PeriodReversed(first, last))
    days = (last - first).days + 1
    if days > DAYS_MOST:
        raise Rejection(PeriodTooLong(days, DAYS_MOST))
    return _span(first, last, zone)


def _span(first: date, last: date, zone: tzinfo) -> Span:
    return Span(first=first, last=last, start=day_of(first, zone).start, end=day_of(last, zone).end)


def _date(text: str) -> date:
    try:
        found = date.fromisoformat(text.strip())
    except ValueError as error:
        raise Rejection(DateUnreadable(text)) from error
    if found.year not in _YEARS:
        raise Rejection(DateUnreadable(text))
    return found

"""The periods of reports."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.days import day_of, days_of
from bot.domain.errors import DateUnreadable, PeriodReversed, PeriodTooLong, Problem, Rejection
from bot.reports.periods import Period, span_of

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 31, 22, 30, tzinfo=UTC)  # half an hour into April in Berlin
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns", "Pacific/Apia", "Asia/Beirut"])


@pytest.mark.parametrize(
    ("period", "days"),
    [
        (Period.TODAY, "2026-04-01"),
        (Period.DAYS_7, "2026-03-26 \N{EN DASH} 2026-04-01"),
        (Period.DAYS_30, "2026-03-03 \N{EN DASH} 2026-04-01"),
        (Period.THIS_MONTH, "2026-04-01"),
        (Period.LAST_MONTH, "2026-03-01 \N{EN DASH} 2026-03-31"),
    ],
)
def test_periods_are_whole_days_of_the_zone_up_to_today(period: Period, days: str) -> None:
    assert str(span_of(period, NOW, BERLIN)) == days


def test_a_span_is_half_open_from_midnight_to_midnight() -> None:
    span = span_of(Period.LAST_MONTH, NOW, BERLIN)
    assert span.start == datetime(2026, 2, 28, 23, tzinfo=UTC)
    assert span.end == datetime(2026, 3, 31, 22, tzinfo=UTC)


def test_the_last_month_of_january_is_december() -> None:
    assert str(span_of(Period.LAST_MONTH, datetime(2026, 1, 1, tzinfo=UTC), UTC)).startswith("2025-12-01")


def test_a_custom_period_includes_its_last_day() -> None:
    span = span_of(Period.CUSTOM, NOW, UTC, " 2024-02-29", "2024-02-29 ")
    assert (str(span), span.end - span.start) == ("2024-02-29", timedelta(days=1))


def test_a_leap_year_is_not_too_long() -> None:
    assert span_of(Period.CUSTOM, NOW, UTC, "2024-01-01", "2024-12-31").last == date(2024, 12, 31)


@pytest.mark.parametrize(
    ("first", "last", "problem"),
    [
        ("", "", DateUnreadable("")),
        ("yesterday", "2026-01-01", DateUnreadable("yesterday")),
        ("2026-01-01", "2026-02-30", DateUnreadable("2026-02-30")),
        ("1999-12-31", "2000-01-01", DateUnreadable("1999-12-31")),
        ("0001-01-01", "0001-01-02", DateUnreadable("0001-01-01")),
        ("9999-12-31", "9999-12-31", DateUnreadable("9999-12-31")),
        ("2026-01-02", "2026-01-01", PeriodReversed(date(2026, 1, 2), date(2026, 1, 1))),
        ("2025-01-01", "2026-01-02", PeriodTooLong(367, 366)),
    ],
)
def test_a_custom_period_that_can_not_be_is_rejected(first: str, last: str, problem: Problem) -> None:
    with pytest.raises(Rejection) as rejection:
        span_of(Period.CUSTOM, NOW, UTC, first, last)
    assert rejection.value.problem == problem


@given(start=st.dates(date(2000, 1, 1), date(2099, 12, 31)), count=st.integers(1, 400), name=ZONES)
def test_days_follow_each_other_without_a_gap(start: date, count: int, name: str) -> None:
    zone = ZoneInfo(name)
    first, last = day_of(start, zone), day_of(start + timedelta(days=count - 1), zone)
    days = days_of(first.start, last.end, zone)
    assert (days[0].start, days[-1].end) == (first.start, last.end)
    assert all(day.end == after.start for day, after in pairwise(days))
    assert sum((day.length for day in days), timedelta()) == last.end - first.start


def test_a_span_of_nothing_has_no_days() -> None:
    assert days_of(NOW, NOW, BERLIN) == ()

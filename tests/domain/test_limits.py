"""Windows in the clocks of the world, and what remains of a limit."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.limits import Allowance, Limit, Measure, Scope, Window, in_force

NEW_YORK = ZoneInfo("America/New_York")
ZONES = [
    "UTC",
    "America/New_York",  # 23 and 25 hours, in March and November
    "America/Havana",  # midnight itself comes twice
    "Asia/Beirut",  # a day begins at one o'clock
    "Asia/Kolkata",  # half an hour off
    "Australia/Lord_Howe",  # moves by half an hour
    "Pacific/Apia",  # left out a whole day in 2011
    "Pacific/Kiritimati",  # 14 hours ahead
]
DAILY = Limit(scope=Scope.MEMBER, measure=Measure.GENERATIONS, amount=3, window=Window.DAY)
ODD_CHANGES = [  # where the clock was set by other than whole hours, or not on the hour
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, 0, tzinfo=UTC)),  # back by half an hour, to 1:30
    ("Australia/Lord_Howe", datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),  # on by half an hour, to 2:30
    ("America/Caracas", datetime(2007, 12, 9, 7, 0, tzinfo=UTC)),
    ("America/Caracas", datetime(2016, 5, 1, 7, 0, tzinfo=UTC)),  # at half past two
    ("Asia/Pyongyang", datetime(2018, 5, 4, 15, 0, tzinfo=UTC)),  # at half past eleven at night
    ("Africa/Monrovia", datetime(1972, 1, 7, 0, 44, 30, tzinfo=UTC)),  # by 44 minutes and a half
]

instants = st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - made aware by `timezones`
zones = st.sampled_from(ZONES).map(ZoneInfo)
near = st.timedeltas(timedelta(hours=-3), timedelta(hours=3))
moments = st.one_of(
    st.tuples(instants, zones),
    st.tuples(st.sampled_from(ODD_CHANGES), near).map(lambda it: (it[0][1] + it[1], ZoneInfo(it[0][0]))),
)
"""An instant in a zone, often one around which the clock is set there."""


def local(zone: ZoneInfo, *parts: int, fold: int = 0) -> datetime:
    """An instant by the clock on the wall."""
    year, month, day, hour, minute = (*parts, 0, 0)[:5]
    return datetime(year, month, day, hour, minute, tzinfo=zone, fold=fold).astimezone(UTC)


@given(moments, st.sampled_from(list(Window)))
def test_an_instant_lies_in_its_window(moment: tuple[datetime, ZoneInfo], window: Window) -> None:
    now, zone = moment
    assert window.start(now, zone) <= now < window.end(now, zone)


@given(moments, st.sampled_from(list(Window)))
def test_windows_follow_each_other_without_gap_or_overlap(moment: tuple[datetime, ZoneInfo], window: Window) -> None:
    now, zone = moment
    start, end = window.start(now, zone), window.end(now, zone)
    assert window.start(end, zone) == end
    assert window.start(start, zone) == start
    assert window.end(end - timedelta(microseconds=1), zone) == end


@given(instants, st.sampled_from(["UTC", "America/New_York", "Asia/Kolkata"]).map(ZoneInfo))
def test_an_hour_is_an_hour_by_the_wall(now: datetime, zone: ZoneInfo) -> None:
    start = Window.HOUR.start(now, zone)
    assert start <= now < Window.HOUR.end(now, zone) == start + timedelta(hours=1)
    assert start.astimezone(zone).minute == 0


def test_an_hour_in_which_the_clock_is_set_ends_there() -> None:
    zone, change = ZoneInfo("Australia/Lord_Howe"), datetime(2026, 4, 4, 15, 0, tzinfo=UTC)
    before, after = change - timedelta(minutes=10), change + timedelta(minutes=10)
    assert (Window.HOUR.start(before, zone), Window.HOUR.end(before, zone)) == (change - timedelta(hours=1), change)
    assert (Window.HOUR.start(after, zone), Window.HOUR.end(after, zone)) == (change, change + timedelta(minutes=30))


@given(instants, zones, st.sampled_from(list(Window)))
def test_a_window_is_told_in_utc_whatever_the_zone_of_now(now: datetime, zone: ZoneInfo, window: Window) -> None:
    bounds = window.start(now, zone), window.end(now, zone)
    assert {bound.tzinfo for bound in bounds} == {UTC}
    assert (window.start(now.astimezone(zone), zone), window.end(now.astimezone(zone), zone)) == bounds


@pytest.mark.parametrize(
    ("day", "hours"), [((2026, 3, 8), 23), ((2026, 7, 1), 24), ((2026, 11, 1), 25)], ids=["spring", "summer", "autumn"]
)
def test_a_day_has_the_hours_that_the_clock_gives_it(day: tuple[int, int, int], hours: int) -> None:
    noon = local(NEW_YORK, *day, 12)
    assert Window.DAY.start(noon, NEW_YORK) == local(NEW_YORK, *day)
    assert Window.DAY.end(noon, NEW_YORK) - Window.DAY.start(noon, NEW_YORK) == timedelta(hours=hours)


def test_a_day_begins_at_its_first_midnight_where_there_are_two() -> None:
    havana = ZoneInfo("America/Havana")  # on 1 November 2026 one o'clock becomes midnight again
    second_half_past = local(havana, 2026, 11, 1, 0, 30, fold=1)
    assert Window.DAY.start(second_half_past, havana) == local(havana, 2026, 11, 1)
    assert Window.DAY.end(second_half_past, havana) - Window.DAY.start(second_half_past, havana) == timedelta(hours=25)


def test_a_day_without_midnight_begins_when_the_clock_is_set() -> None:
    beirut = ZoneInfo("Asia/Beirut")  # on 29 March 2026 midnight becomes one o'clock
    assert Window.DAY.start(local(beirut, 2026, 3, 29, 12), beirut) == local(beirut, 2026, 3, 29, 1)


def test_weeks_begin_on_monday_and_months_on_the_first() -> None:
    now = local(NEW_YORK, 2026, 3, 11, 9)
    assert Window.WEEK.start(now, NEW_YORK) == local(NEW_YORK, 2026, 3, 9)
    assert Window.WEEK.end(now, NEW_YORK) == local(NEW_YORK, 2026, 3, 16)
    assert Window.MONTH.start(now, NEW_YORK) == local(NEW_YORK, 2026, 3, 1)
    assert Window.MONTH.end(now, NEW_YORK) == local(NEW_YORK, 2026, 4, 1)


def test_december_is_followed_by_january() -> None:
    assert Window.MONTH.end(local(NEW_YORK, 2026, 12, 31, 23), NEW_YORK) == local(NEW_YORK, 2027, 1, 1)


@given(amount=st.integers(0, 100), used=st.integers(0, 100), wanted=st.integers(1, 10))
def test_a_limit_allows_exactly_what_remains(amount: int, used: int, wanted: int) -> None:
    limit = Limit(scope=Scope.MEMBER, measure=Measure.GENERATIONS, amount=amount, window=Window.DAY)
    remaining = Allowance(limit=limit, used=used, resets_at=None).remaining
    assert remaining >= 0
    assert limit.allows(used, wanted) == (wanted <= remaining)


def test_the_most_generous_role_counts_and_a_personal_limit_replaces_it() -> None:
    default = replace(DAILY, is_default=True)
    everyone, small, large = replace(DAILY, amount=4), of_role(1, 5), of_role(2, 7)
    personal = replace(DAILY, scope_id=9, amount=1)
    limits = (default, everyone, small, large, personal)
    assert in_force(limits, 9, {1, 2}) == (personal,)
    assert in_force(limits, 8, {1, 2}) == (large,)
    assert in_force(limits, 8, {1}) == (small,)
    assert in_force(limits, 8, {3}) == (everyone,)
    assert in_force((default,), 8, {1}) == (default,)


def test_the_shorter_cool_down_is_the_more_generous_one() -> None:
    slow, quick = of_role(1, 600, Measure.COOLDOWN), of_role(2, 60, Measure.COOLDOWN)
    assert in_force((slow, quick), 8, {1, 2}) == (quick,)


def test_limits_of_the_bot_and_the_guild_always_apply() -> None:
    bot = Limit(scope=Scope.BOT, measure=Measure.GENERATIONS, amount=9, window=Window.DAY)
    guild = replace(bot, scope=Scope.GUILD, amount=3)
    personal = replace(DAILY, scope_id=8, amount=100)
    assert in_force((bot, guild, DAILY, personal), 8, ()) == (personal, guild, bot)


def test_limits_that_count_something_else_stand_side_by_side() -> None:
    hourly = replace(DAILY, window=Window.HOUR)
    assert in_force((DAILY, hourly), 8, ()) == (DAILY, hourly)


def of_role(role_id: int, amount: int, measure: Measure = Measure.GENERATIONS) -> Limit:
    window = None if measure is Measure.COOLDOWN else Window.DAY
    return Limit(scope=Scope.ROLE, scope_id=role_id, measure=measure, amount=amount, window=window)

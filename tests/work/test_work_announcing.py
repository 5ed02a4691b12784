"""What is told to guilds by itself: once for each period, whatever dies in between."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.domain.announcements import Attempt, BudgetLevel
from bot.domain.guild import Schedule
from bot.domain.limits import Allowance, Limit, Measure, Scope, Window
from bot.domain.moderating import Action, Deed, LogLine, Mirror
from bot.store.store import Store
from bot.work.announcing import CAUGHT_UP, LEASE, LINES, MOST_TRIES, Announcing, PlaceGoneError, Told, ended
from bot.work.protocols import DeliveryDelayedError
from tests.work.stage import Stage

GUILD, CHANNEL, MODERATOR = 5, 50, 7
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  # a Monday
DAY = timedelta(days=1)
BUDGET = Limit(scope=Scope.GUILD, measure=Measure.MICROS, amount=1_000_000, window=Window.MONTH)


class Killed(BaseException):
    """The process dies here."""


@dataclass(slots=True)
class Board:
    """An announcer that writes down what it is asked to post, and fails as it is told."""

    posted: list[str] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    faults: list[BaseException] = field(default_factory=list)

    async def report(self, schedule: Schedule, start: datetime, end: datetime, attempt: Attempt) -> None:
        self._post(f"{schedule.every.value} {start:%m-%d} to {end:%m-%d}", attempt)

    async def budget(self, channel_id: int, allowance: Allowance, level: BudgetLevel, attempt: Attempt) -> None:
        self._post(f"{channel_id}: {level.value} % of {allowance.limit.amount}", attempt)

    async def audit(self, mirror: Mirror, lines: Sequence[LogLine], attempt: Attempt) -> None:
        self._post(f"{mirror.channel_id}: {', '.join(line.action for line in lines)}", attempt)

    def _post(self, text: str, attempt: Attempt) -> None:
        self.attempts.append(attempt)
        if self.faults:
            raise self.faults.pop(0)
        self.posted.append(text)


@dataclass(slots=True)
class Desk:
    """The announcing of a bot, on a real store, with a clock to drive."""

    store: Store
    time: datetime = NOW
    used: int = 0
    board: Board = field(default_factory=Board)

    @property
    def announcing(self) -> Announcing:
        """One that was started just now: nothing of what it does lives in memory."""
        return Announcing(
            Told(
                store=self.store.announcements,
                guilds=self.store.guilds,
                budgets=self._budgets,
                announcer=self.board,
                zone=UTC,
                clock=lambda: self.time,
            )
        )

    async def look(self, *, after: timedelta = timedelta(0)) -> None:
        self.time += after
        await self.announcing.look()

    async def schedule(self, every: Window, guild_id: int = GUILD) -> None:
        schedule = Schedule(guild_id=guild_id, channel_id=CHANNEL, every=every, set_at=self.time)
        await self.store.guilds.set_schedule(schedule, self.deed(Action.SET_SCHEDULE, guild_id))

    async def watch(self, channel_id: int = CHANNEL) -> None:
        """Set a budget and the log channel, and see the lines of the audit about it arrive there."""
        await self.store.guilds.set_limit(BUDGET, self.deed(Action.SET_LIMIT))
        await self.store.guilds.change_settings({"log_channel_id": channel_id}, self.deed())
        await self.look()
        self.board.posted.clear()

    async def move(self, zone: str, guild_id: int = GUILD) -> None:
        await self.store.guilds.change_settings({"time_zone": zone}, self.deed(guild_id=guild_id))

    def deed(self, action: Action = Action.CHANGE_SETTINGS, guild_id: int = GUILD) -> Deed:
        return Deed(at=self.time, action=action, guild_id=guild_id, actor_id=MODERATOR)

    async def _budgets(self, _guild_id: int, _now: datetime) -> list[Allowance]:
        return [Allowance(limit=BUDGET, used=self.used, resets_at=None)]


@pytest.fixture
def desk(stage: Stage) -> Desk:
    return Desk(stage.store)


async def test_a_report_is_sent_when_its_day_is_over_and_once(desk: Desk) -> None:
    await desk.schedule(Window.DAY)
    await desk.look()
    assert desk.board.posted == []
    for _ in range(3):
        await desk.look(after=timedelta(hours=13))
    assert desk.board.posted == ["day 03-02 to 03-03", "day 03-03 to 03-04"]


@pytest.mark.parametrize(
    ("every", "posted"),
    [(Window.WEEK, "week 03-02 to 03-09"), (Window.MONTH, "month 03-01 to 04-01")],
)
async def test_reports_of_weeks_and_months(desk: Desk, every: Window, posted: str) -> None:
    await desk.schedule(every)
    for _ in range(30):
        await desk.look(after=DAY)
    assert desk.board.posted[0] == posted


async def test_periods_that_ended_while_the_bot_was_away_are_made_up_for_in_order(desk: Desk) -> None:
    await desk.schedule(Window.DAY)
    await desk.look(after=3 * DAY)
    assert desk.board.posted == ["day 03-02 to 03-03", "day 03-03 to 03-04", "day 03-04 to 03-05"]


async def test_a_year_away_is_not_made_up_for_with_a_flood(desk: Desk) -> None:
    await desk.schedule(Window.DAY)
    await desk.look(after=365 * DAY)
    assert len(desk.board.posted) == CAUGHT_UP


async def test_days_are_those_of_the_guilds_time_zone(desk: Desk) -> None:
    await desk.move("Asia/Tokyo")
    await desk.schedule(Window.DAY)
    await desk.look(after=timedelta(hours=2, minutes=59))
    assert desk.board.posted == []
    await desk.look(after=timedelta(minutes=1))
    assert desk.board.posted == ["day 03-01 to 03-02"]  # the instants, in UTC


async def test_a_process_that_died_while_posting_is_followed_by_a_look(desk: Desk) -> None:
    await desk.schedule(Window.DAY)
    desk.board.faults.append(Killed())
    with pytest.raises(Killed):
        await desk.look(after=DAY)
    await desk.look(after=LEASE / 2)
    assert len(desk.board.attempts) == 1
    await desk.look(after=LEASE)
    assert [attempt.may_stand_there for attempt in desk.board.attempts] == [False, True]
    assert desk.board.attempts[0].mark == desk.board.attempts[1].mark
    assert desk.board.posted == ["day 03-02 to 03-03"]


@pytest.mark.parametrize(
    "fault", [DeliveryDelayedError("away"), PlaceGoneError("gone"), TimeoutError(), LookupError("a mistake of ours")]
)
async def test_a_report_that_can_t_be_sent_is_tried_ever_less_often_and_given_up(desk: Desk, fault: Exception) -> None:
    await desk.schedule(Window.MONTH)
    desk.board.faults = [fault] * 100
    await desk.look(after=30 * DAY)
    for _ in range(400):
        await desk.look(after=timedelta(hours=1))
    assert len(desk.board.attempts) == MOST_TRIES
    assert desk.board.posted == []


async def test_two_processes_send_one_report(desk: Desk) -> None:
    await desk.schedule(Window.DAY)
    desk.time += DAY
    first, second = desk.announcing, desk.announcing
    await asyncio.gather(first.reports(), second.reports())
    assert desk.board.posted == ["day 03-02 to 03-03"]


async def test_a_schedule_that_was_cleared_sends_nothing(desk: Desk) -> None:
    await desk.schedule(Window.DAY)
    await desk.store.guilds.clear_schedule(desk.deed(Action.CLEAR_SCHEDULE))
    await desk.look(after=3 * DAY)
    assert desk.board.posted == []


async def test_a_budget_is_warned_of_at_four_fifths_and_at_its_end_once_in_a_month(desk: Desk) -> None:
    await desk.watch()
    for used in (799_999, 800_000, 900_000, 1_000_000, 1_000_000):
        desk.used = used
        await desk.look(after=timedelta(hours=1))
    assert desk.board.posted == [f"{CHANNEL}: 80 % of 1000000", f"{CHANNEL}: 100 % of 1000000"]
    await desk.look(after=31 * DAY)
    assert desk.board.posted[2:] == [f"{CHANNEL}: 100 % of 1000000"]


async def test_without_a_log_channel_a_budget_is_warned_of_nowhere(desk: Desk) -> None:
    desk.used = 900_000
    await desk.look(after=DAY)
    assert desk.board.posted == []


async def test_the_audit_is_mirrored_in_order_and_once(desk: Desk) -> None:
    await desk.watch()
    for number in range(LINES + 2):
        await desk.store.guilds.allow_channel(number + 1, desk.deed(Action.ALLOW_CHANNEL))
    for _ in range(4):
        await desk.look()
    counts = [text.count("allow_channel") for text in desk.board.posted]
    assert counts == [LINES, 2]


async def test_lines_that_could_not_be_posted_are_posted_later_after_a_look(desk: Desk) -> None:
    await desk.watch()
    await desk.store.guilds.allow_channel(1, desk.deed(Action.ALLOW_CHANNEL))
    desk.board.faults.append(DeliveryDelayedError("away"))
    await desk.look()
    await desk.look()
    assert desk.board.posted == []
    await desk.look(after=timedelta(minutes=2))
    assert desk.board.posted == [f"{CHANNEL}: allow_channel"]
    assert desk.board.attempts[-1].may_stand_there


async def test_what_was_done_before_the_log_channel_was_set_is_not_mirrored(desk: Desk) -> None:
    for number in range(3):
        await desk.store.guilds.allow_channel(number + 1, desk.deed(Action.ALLOW_CHANNEL))
    await desk.store.guilds.change_settings({"log_channel_id": CHANNEL}, desk.deed())
    await desk.look()
    assert desk.board.posted == [f"{CHANNEL}: change_settings"]


def test_a_period_that_ended_before_the_schedule_was_set_is_none() -> None:
    zone = ZoneInfo("Europe/Berlin")
    midnight = Window.DAY.start(NOW, zone)
    assert ended(Window.DAY, NOW, zone, since=midnight) == []
    assert ended(Window.DAY, NOW, zone, since=midnight - timedelta(seconds=1)) == [(midnight - DAY, midnight)]


@pytest.mark.parametrize("every", [Window.DAY, Window.WEEK, Window.MONTH])
async def test_another_time_zone_repeats_no_report(desk: Desk, every: Window) -> None:
    await desk.schedule(every)
    for _ in range(70):
        await desk.look(after=DAY)
    told = len(desk.board.posted)
    await desk.move("Europe/Berlin")
    await desk.look()
    await desk.move("America/New_York")
    await desk.look()
    assert len(desk.board.posted) == told


async def test_a_guild_whose_time_zone_is_unknown_here_gets_its_report_and_keeps_no_other_waiting(desk: Desk) -> None:
    for guild_id in (GUILD, GUILD + 1):
        await desk.schedule(Window.DAY, guild_id)
    await desk.move("Europe/Gone")
    await desk.look(after=DAY)
    assert len(desk.board.posted) == 2


async def test_a_guild_whose_announcements_trip_keeps_no_other_waiting(desk: Desk) -> None:
    for guild_id in (GUILD, GUILD + 1):
        await desk.schedule(Window.DAY, guild_id)
    await desk.watch()
    await desk.store.guilds.allow_channel(1, desk.deed(Action.ALLOW_CHANNEL))
    desk.board.faults.append(LookupError("a mistake of ours"))
    await desk.look(after=DAY)
    assert desk.board.posted == ["day 03-02 to 03-03", f"{CHANNEL}: allow_channel"]


async def test_a_budget_that_was_used_up_is_not_told_of_again_at_four_fifths(desk: Desk) -> None:
    await desk.watch()
    for used in (1_000_000, 850_000):
        desk.used = used
        await desk.look(after=timedelta(hours=1))
    assert desk.board.posted == [f"{CHANNEL}: 100 % of 1000000"]


async def test_a_log_channel_that_is_set_anew_does_not_wait_for_the_old_one(desk: Desk) -> None:
    await desk.watch()
    await desk.store.guilds.allow_channel(1, desk.deed(Action.ALLOW_CHANNEL))
    desk.board.faults = [PlaceGoneError("gone")] * 5
    for _ in range(5):
        await desk.look(after=timedelta(hours=6))
    assert desk.board.posted == []
    await desk.store.guilds.change_settings({"log_channel_id": CHANNEL + 1}, desk.deed())
    await desk.look(after=timedelta(seconds=1))
    assert desk.board.posted == [f"{CHANNEL + 1}: allow_channel, change_settings"]

"""Announcements over the wire: posted once, in the guild's language, without a ping."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog

from bot.chat import log_lines, texts
from bot.chat.announcer import DiscordAnnouncer
from bot.chat.report_parts import ReportTools
from bot.domain.announcements import Announcement, Attempt, BudgetLevel
from bot.domain.errors import Rejection, ReportBusy
from bot.domain.figures import Chosen, Measured, UsageRow
from bot.domain.guild import Schedule
from bot.domain.limits import Allowance, Limit, Measure, Scope, Window
from bot.domain.moderating import Action, LogLine, Mirror
from bot.reports.chart import Charts
from bot.reports.usage import Reports, ReportStore
from bot.work.announcing import PlaceGoneError
from bot.work.protocols import DeliveryDelayedError
from sandbox.discord import Permission
from tests.chat.stage import Stage
from tests.chat.town import Town

MESSAGES = "/channels/{channel_id}/messages"
DAY = timedelta(days=1)
START = datetime(2026, 3, 1, tzinfo=UTC)
BUDGET = Limit(scope=Scope.GUILD, measure=Measure.MICROS, amount=50_000_000, window=Window.MONTH)


NOTHING_DRAWN = Charts(within=timedelta(0))


def announcer(stage: Stage, charts: Charts = NOTHING_DRAWN, store: ReportStore | None = None) -> DiscordAnnouncer:
    reports = Reports(store or stage.store.reports, lambda: START + timedelta(days=2))
    tools = ReportTools(reports=reports, charts=charts, guilds=stage.store.guilds, zone=UTC)
    return DiscordAnnouncer(stage.bot, tools)


class Busy:
    """A store that has no time for reports."""

    async def measure(self, _query: str, _chosen: Chosen, _most: int | None) -> Measured:
        raise Rejection(ReportBusy())

    async def rows(self, _chosen: Chosen, _upto: int, _after: UsageRow | None, _count: int) -> list[UsageRow]:
        raise Rejection(ReportBusy())


def attempt(town: Town, name: str = "report-day", failures: int = 0) -> Attempt:
    announcement = Announcement(guild_id=town.guild.id, name=name, period_start=START)
    return Attempt(announcement=announcement, begun_at=datetime.now(UTC), failures=failures)


def schedule(town: Town) -> Schedule:
    return Schedule(guild_id=town.guild.id, channel_id=town.channel.id, every=Window.DAY, set_at=START)


def line(number: int, **facts: Any) -> LogLine:
    plain = LogLine(id=number, at=START, action=Action.BLOCK.value, guild_id=1)
    return replace(plain, **facts)


def mirror(town: Town) -> Mirror:
    return Mirror(guild_id=town.guild.id, channel_id=town.channel.id, last_id=0)


async def test_a_report_is_posted_with_its_files_and_mark(connected: Stage, town: Town) -> None:
    await announcer(connected, Charts()).report(schedule(town), START, START + DAY, attempt(town))
    (message,) = town.channel.messages
    assert message.embeds[0]["title"] == "The report of the day"
    assert message.embeds[0]["footer"]["text"].endswith("\nreport-day · 2026-03-01T00:00Z")
    assert [one.filename for one in message.attachments] == ["chart.png", "showreel-2026-03-01_2026-03-01.csv"]


async def test_a_report_that_the_store_has_no_time_for_is_put_off(connected: Stage, town: Town) -> None:
    with pytest.raises(DeliveryDelayedError, match="ReportBusy"):
        await announcer(connected, store=Busy()).report(schedule(town), START, START + DAY, attempt(town))
    assert town.channel.messages == []


@pytest.mark.parametrize("fault", ["cut-before", "cut-after", 503])
async def test_a_post_without_an_answer_stands_once_in_the_end(connected: Stage, town: Town, fault: Any) -> None:
    sender, first = announcer(connected), attempt(town)
    town.discord.fail_next("POST", MESSAGES, fault)
    with pytest.raises(DeliveryDelayedError):
        await sender.report(schedule(town), START, START + DAY, first)
    town.discord.advance(timedelta(hours=3))
    again = Attempt(announcement=first.announcement, begun_at=first.begun_at, failures=1)
    await sender.report(schedule(town), START, START + DAY, again)
    assert len(town.channel.messages) == 1


async def test_a_retry_in_a_channel_that_may_not_be_read_leaves_a_line_in_the_log(connected: Stage, town: Town) -> None:
    town.guild.deny(town.channel, Permission.READ_MESSAGE_HISTORY)
    sender, first = announcer(connected), attempt(town)
    await sender.report(schedule(town), START, START + DAY, first)
    town.discord.advance(timedelta(hours=3))
    again = Attempt(announcement=first.announcement, begun_at=first.begun_at, failures=1)
    with structlog.testing.capture_logs() as logs:
        await sender.report(schedule(town), START, START + DAY, again)
    assert ("channel_not_searched", town.channel.id) in [(line["event"], line.get("channel")) for line in logs]
    assert len(town.channel.messages) == 2


async def test_with_a_clock_that_is_a_time_zone_ahead_of_discord_s_a_report_stands_once(
    connected: Stage, town: Town
) -> None:
    sender = announcer(connected)
    first = replace(attempt(town), begun_at=datetime.now(UTC) + timedelta(hours=14))
    town.discord.fail_next("POST", MESSAGES, "cut-after")
    with pytest.raises(DeliveryDelayedError):
        await sender.report(schedule(town), START, START + DAY, first)
    town.discord.advance(timedelta(hours=3))
    await sender.report(schedule(town), START, START + DAY, replace(first, failures=1))
    assert len(town.channel.messages) == 1


async def test_with_such_a_clock_lines_of_the_audit_stand_once(connected: Stage, town: Town) -> None:
    sender = announcer(connected)
    first = replace(attempt(town, "audit"), begun_at=datetime.now(UTC) + timedelta(hours=14))
    await sender.audit(mirror(town), [line(1), line(2)], first)
    town.discord.advance(timedelta(hours=1))
    await sender.audit(mirror(town), [line(1), line(2)], replace(first, failures=1))
    assert len(town.channel.messages) == 1


async def test_the_talk_before_what_is_found_is_not_read(connected: Stage, town: Town) -> None:
    sender, first = announcer(connected), attempt(town)
    for number in range(120):
        town.ada.send(town.channel, f"talk {number}")
    await sender.report(schedule(town), START, START + DAY, first)
    await sender.report(schedule(town), START, START + DAY, replace(first, failures=1))
    assert len(town.channel.messages) == 121
    assert len(town.discord.requests_to("GET", MESSAGES)) == 1


async def test_another_days_report_is_not_taken_for_this_one(connected: Stage, town: Town) -> None:
    sender, first = announcer(connected), attempt(town)
    await sender.report(schedule(town), START, START + DAY, first)
    tomorrow = Announcement(guild_id=town.guild.id, name="report-day", period_start=START + timedelta(days=1))
    again = Attempt(announcement=tomorrow, begun_at=first.begun_at, failures=3)
    await sender.report(schedule(town), START, START + DAY, again)
    assert len(town.channel.messages) == 2


async def test_a_channel_that_is_closed_to_us_is_told_apart(connected: Stage, town: Town) -> None:
    town.guild.deny(town.channel, Permission.SEND_MESSAGES)
    with pytest.raises(PlaceGoneError, match="403"):
        await announcer(connected).report(schedule(town), START, START + DAY, attempt(town))


async def test_a_guild_that_the_bot_has_left_is_told_apart(connected: Stage, town: Town) -> None:
    elsewhere = Schedule(guild_id=1, channel_id=2, every=Window.DAY, set_at=START)
    with pytest.raises(PlaceGoneError):
        await announcer(connected).report(elsewhere, START, START + DAY, attempt(town))


async def test_a_budget_is_told_in_dollars_with_what_to_do(connected: Stage, town: Town) -> None:
    allowance = Allowance(limit=BUDGET, used=41_000_000, resets_at=START + timedelta(days=31))
    await announcer(connected).budget(town.channel.id, allowance, BudgetLevel.LOW, attempt(town, "budget-80"))
    used_up = Allowance(limit=BUDGET, used=50_000_000, resets_at=START + timedelta(days=31))
    await announcer(connected).budget(town.channel.id, used_up, BudgetLevel.SPENT, attempt(town, "budget-100"))
    first, second = (message.embeds[0] for message in town.channel.messages)
    assert first["title"] == "80 % of the budget is used"
    assert first["description"].startswith("$41.00 of $50.00 a month for this server are used. It starts over <t:")
    assert second["title"] == "The budget is used up"
    assert "/mod limits" in second["description"]


async def test_lines_of_the_audit_name_people_and_ping_nobody(connected: Stage, town: Town) -> None:
    found = line(3, actor_key="k", actor_id=town.ada.id, why="@everyone *spam*", before="x", after=None)
    await announcer(connected).audit(mirror(town), [found], attempt(town, "audit"))
    (message,) = town.channel.messages
    assert f"<@{town.ada.id}> blocked a member" in message.embeds[0]["description"]
    assert "\\*spam\\*" in message.embeds[0]["description"]
    assert (message.mentions, message.mentions_everyone) == ([], False)


async def test_lines_that_an_earlier_try_posted_are_left_out(connected: Stage, town: Town) -> None:
    sender, first = announcer(connected), attempt(town, "audit")
    await sender.audit(mirror(town), [line(1), line(2)], first)
    town.discord.advance(timedelta(hours=1))
    again = Attempt(announcement=first.announcement, begun_at=first.begun_at, failures=1)
    await sender.audit(mirror(town), [line(1), line(2), line(3, why="new")], again)
    assert [message.embeds[0]["description"].count("\n") for message in town.channel.messages] == [1, 0]
    assert "new" in town.channel.messages[1].embeds[0]["description"]


def test_every_action_has_its_words() -> None:
    assert set(log_lines.ACTIONS) == set(Action)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"subject": "role:5"}, "<@&5>"),
        ({"subject": "channel:6"}, "<#6>"),
        ({"subject": "model:sora-2"}, "sora-2"),
        ({"subject": "member:k", "member_id": 9}, "<@9>"),
        ({"subject": "member:k"}, "a former member"),
        ({"actor_key": "k"}, "A former member"),
        ({}, "The bot"),
        ({"action": "of a later version"}, "of a later version"),
        ({"generation_id": "abcdefgh1234"}, "`abcdefgh1234`"),
    ],
)
def test_a_line_says_who_did_what_to_whom(facts: dict[str, Any], words: str) -> None:
    assert words in log_lines.line(line(1, **facts))


@pytest.mark.parametrize(
    ("action", "before", "after", "words"),
    [
        (Action.SET_LIMIT, None, "guild micros/month: 5000000", "nothing → $5.00 a month"),
        (
            Action.SET_LIMIT,
            "member generations/day: 3",
            "member generations/day: 4",
            "3 videos a day → 4 videos a day",
        ),
        (Action.CLEAR_LIMIT, "member cooldown: 30", None, "30 seconds between videos → nothing"),
        (Action.CHANGE_SETTINGS, None, "log_channel_id: 7", "nothing → <#7>"),
        (Action.CHANGE_SETTINGS, "moderator_role_id: 8", None, "<@&8> → nothing"),
        (Action.CHANGE_SETTINGS, None, "time_zone: Europe/Berlin", "→ time\\_zone: Europe/Berlin"),
        (Action.PAUSE, None, "paused_at: 2026-11-21T12:06:28+00:00", "→ paused since <t:1795262788:f>"),
        (Action.RESUME, "paused_at: 2026-11-21T12:06:28+00:00", None, "paused since <t:1795262788:f> →"),
        (Action.BLOCK, None, "until 2026-11-21T12:06:28+00:00: spam", "nothing → until <t:1795262788:f>"),
        (Action.UNBLOCK, "without end: spam", None, "without end: spam → nothing"),
        (
            Action.REFUND,
            "generations 1, seconds 8, micros 4000000",
            None,
            "1 video, 8 seconds of video, $4.00 → nothing",
        ),
        (
            Action.REFUND,
            "generations 1, seconds 1, micros unknown",
            None,
            "1 video, 1 second of video, price unknown →",
        ),
        (Action.REFUND, "charged", "given back", "charged → given back"),
        (Action.CHANGE_SETTINGS, None, "of another: version", "→ of another: version"),
        (Action.SET_LIMIT, None, "of another version", "→ of another version"),
        ("of a later version", None, "log_channel_id: 7", "→ log\\_channel\\_id: 7"),
    ],
)
def test_a_line_says_what_was_before_and_after(action: str, before: str, after: str, words: str) -> None:
    assert words in log_lines.line(line(1, action=action, before=before, after=after))


@pytest.mark.parametrize("text", ["2026-11-21", "until 2026-11-21", "guild micros/month: 5000000", "log_channel_id: 7"])
@pytest.mark.parametrize("action", [Action.ADD_RULE, Action.REMOVE_RULE])
def test_a_word_rule_is_shown_as_it_was_written_whatever_it_looks_like(action: Action, text: str) -> None:
    shown = log_lines.line(line(1, action=action, before=f"word: {text}", after=text))
    assert shown.endswith(f"word: {texts.word(text)} → {texts.word(text)}")


def test_ten_lines_fit_into_a_message() -> None:
    wild = line(1, why="w" * 5000, before="*" * 5000, after="_" * 5000, subject="model:" + "m" * 5000)
    assert len("\n".join([log_lines.line(wild)] * 10)) <= 4096

"""/mod report and /mod schedule, and the member's own days in /usage, over the wire."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Callable
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pytest
from discord import app_commands
from PIL import Image
from structlog.testing import capture_logs

from bot.chat import report_parts
from bot.chat.postman import ROOM_FOR_FORM
from bot.chat.report_parts import CHART_WIDTH, SMALL_CHART_WIDTH
from bot.domain.errors import Rejection, ReportBusy
from bot.domain.generation import Reason, State
from bot.domain.limits import Window
from bot.domain.moderating import LogFilter
from bot.reports import chart
from bot.reports.chart import Charts, picture_of
from bot.reports.definitions import DEFINITIONS, Definition
from bot.reports.picture import Picture
from bot.reports.usage import Asked, Reports
from cogs import mod_report
from sandbox.discord import InvalidCommand, Permission
from sandbox.discord.members import Member
from tests.chat.stage import Setting, Stage, now
from tests.chat.town import Town, connecting
from tests.cogs.conftest import Scene
from tests.cogs.samples import CATALOG


@pytest.fixture
async def connected(town: Town, migrated: Path, tmp_path: Path) -> AsyncIterator[Stage]:
    """The bot, connected to the gateway of the town; it draws no pictures."""
    setting = Setting(api_url=town.discord.api_url, gateway_url=town.discord.gateway_url)
    async with connecting(town, setting, migrated, tmp_path) as stage:
        yield stage


@pytest.fixture
async def drawing(town: Town, migrated: Path, tmp_path: Path) -> AsyncIterator[Stage]:
    """The same, drawing pictures."""
    setting = Setting(api_url=town.discord.api_url, gateway_url=town.discord.gateway_url, charts=Charts())
    async with connecting(town, setting, migrated, tmp_path) as stage:
        yield stage


class Slow:
    """Something that whoever calls it waits for, until it is let go; it notes what it was called with."""

    def __init__(self, answer: Callable[..., Any]) -> None:
        self.go_on = asyncio.Event()
        self.calls: list[tuple[Any, ...]] = []
        self._answer = answer

    async def __call__(self, *arguments: Any) -> Any:
        self.calls.append(arguments)
        await self.go_on.wait()
        return await self._answer(*arguments)


async def nothing_drawn(_picture: Picture, _folder: str) -> tuple[bytes, int]:
    """Stands for the process that draws."""
    return b"picture", 0


@pytest.fixture
def mia(town: Town) -> Member:
    """A moderator."""
    return town.guild.add_member("mia", roles=[town.guild.add_role("mods", Permission.MANAGE_GUILD)])


async def make(stage: Stage, town: Town, member: Member, state: State = State.SUCCEEDED, **options: Any) -> None:
    """A video that a member asked for, ended."""
    channel = options.pop("channel", town.channel)
    await member.run("video text", channel=channel, options={"prompt": "a cat", "duration": 8, **options})
    made = (await stage.all_of(member.id, town.guild.id))[0]
    if state is State.SUCCEEDED:
        await stage.finish(made)
    else:
        await stage.end(made.id, state, Reason.PROVIDER_FAILED)


async def answer(town: Town, member: Member, command: str, /, **options: Any) -> Any:
    """What became of the answer, once it is no longer awaited."""
    return await answered(town, await member.run(command, channel=town.channel, options=options))


async def answered(town: Town, result: Any) -> Any:
    """The same of a command that was run already."""
    await town.discord.wait_for(lambda: result.message is not None and not result.message.loading, timeout=60)
    return result


async def report(town: Town, mia: Member, /, **options: Any) -> Any:
    """The private answer to /mod report."""
    result = await answer(town, mia, "mod report", **options)
    assert (result.deferred, result.ephemeral, result.followups) == (True, True, [])
    return result.message


async def choices_of_by(stage: Stage) -> dict[str, str]:
    """What Discord offers for the option `by` of /mod report: the texts by their values."""
    (mod,) = [command for command in await stage.bot.tree.fetch_commands() if command.name == "mod"]
    (offered,) = [option for option in mod.options if option.name == "report"]
    assert isinstance(offered, app_commands.AppCommandGroup)
    (by,) = [option for option in offered.options if option.name == "by"]
    assert isinstance(by, app_commands.Argument)
    return {str(choice.value): choice.name for choice in by.choices}


def fields(message: Any) -> dict[str, str]:
    (embed,) = message.embeds
    return {field["name"]: field["value"] for field in embed["fields"]}


def rows(message: Any) -> list[dict[str, str]]:
    """The rows of the file."""
    (file,) = [one for one in message.attachments if one.filename.endswith(".csv")]
    return list(csv.DictReader(io.StringIO(file.data.decode("utf-8-sig"), newline="")))


def picture_width(message: Any) -> int:
    """The width of the picture that the embed shows."""
    (file,) = [one for one in message.attachments if one.filename == "chart.png"]
    assert message.embeds[0]["image"]["url"] == "attachment://chart.png"
    with Image.open(io.BytesIO(file.data)) as picture:
        picture.load()
        assert picture.format == "PNG"
        return picture.width


async def test_a_moderator_gets_embed_picture_and_file(drawing: Stage, town: Town, mia: Member) -> None:
    await make(drawing, town, town.ada)
    await make(drawing, town, town.ada, State.FAILED)
    await make(drawing, town, mia)
    message = await report(town, mia)
    said = fields(message)
    assert (said["Asked for"], said["Success rate"], said["Seconds of video"]) == ("3", "67 %", "16")
    assert said["Member"].startswith(f"1. <@{town.ada.id}> · 2 asked for · 50 % made · 8 s")
    assert picture_width(message) == CHART_WIDTH
    found = rows(message)
    assert sorted((row["member"], row["outcome"]) for row in found) == [
        ("Ada", "failed"),
        ("Ada", "succeeded"),
        ("Mia", "succeeded"),
    ]
    today = now().date()
    assert message.attachments[1].filename == f"showreel-{today - timedelta(days=29)}_{today}.csv"


@pytest.mark.parametrize("by", list(DEFINITIONS))
async def test_every_grouping_can_be_chosen(connected: Stage, town: Town, mia: Member, by: str) -> None:
    await make(connected, town, town.ada)
    message = await report(town, mia, by=by, period="today")
    row = {
        "member": f"<@{town.ada.id}>",
        "model": "veo3.1-fast",
        "operation": "Text to video",
        "channel": f"<#{town.channel.id}>",
        "day": now().date().isoformat(),
    }[by]
    assert fields(message)[by.capitalize()].startswith(f"1. {row} · 1 asked for")


async def test_a_report_that_was_added_as_the_page_says_is_offered_and_answered(
    followed: Definition, connected: Stage, town: Town, mia: Member
) -> None:
    assert (await choices_of_by(connected))[followed.name] == followed.choice
    await make(connected, town, town.ada)
    message = await report(town, mia, by=followed.name, period="today")
    assert message.embeds[0]["title"] == followed.title
    assert fields(message)[followed.row].startswith("1. veo3.1-fast: text-to-video · 1 asked for")


async def test_every_report_is_offered_and_no_other(connected: Stage) -> None:
    assert await choices_of_by(connected) == {name: each.choice for name, each in DEFINITIONS.items()}


async def test_filters_narrow_the_report(connected: Stage, town: Town, mia: Member) -> None:
    other = town.guild.add_text_channel("other")
    await make(connected, town, town.ada)
    await make(connected, town, mia, channel=other, model="kling-3.0-video")
    for filters in ({"member": mia}, {"model": "kling-3.0-video"}, {"channel": other}):
        assert [row["member"] for row in rows(await report(town, mia, period="today", **filters))] == ["Mia"]
    assert len(rows(await report(town, mia, operation="text-to-video"))) == 2
    nothing = await report(town, mia, operation="image-to-video")
    assert "Nobody asked for a video in this time." in nothing.embeds[0]["description"]


async def test_days_can_be_chosen(connected: Stage, town: Town, mia: Member) -> None:
    await make(connected, town, town.ada)
    today = now().date().isoformat()
    assert len(rows(await report(town, mia, **{"from": today}))) == 1
    past = await report(town, mia, period="custom", **{"from": "2026-01-01", "to": "2026-01-31"})
    assert rows(past) == []
    assert past.attachments[-1].filename == "showreel-2026-01-01_2026-01-31.csv"


async def test_a_member_who_asks_again_after_a_wish_to_be_forgotten_stays_a_former_one(
    connected: Stage, town: Town, mia: Member
) -> None:
    await make(connected, town, town.ada)
    await connected.store.privacy.forget(town.ada.id, now())
    await make(connected, town, town.ada)
    message = await report(town, mia)
    assert fields(message)["Member"].startswith("1. former member · 2 asked for")
    assert [(row["member_id"], row["member"]) for row in rows(message)] == [("", "")] * 2
    drawn = picture_of(await Reports(connected.store.reports, now).usage(Asked(guild_id=town.guild.id)))
    assert [bar.label for bar in drawn.bars] == ["former member"]
    narrowed = await report(town, mia, member=town.ada)
    assert "Nobody asked for a video in this time." in narrowed.embeds[0]["description"]
    assert rows(narrowed) == []
    own = (await answer(town, town.ada, "usage")).message
    assert fields(own)["Your last 30 days here"].startswith("2 asked for")


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        ("yesterday", "2026-01-31", "“yesterday” is not a day that a report can be about."),
        ("2026-02-01", "2026-01-31", "The first day (2026-02-01) comes after the last one (2026-01-31). Swap them."),
        ("2024-01-01", "2026-01-31", "A report can be about 366 days at most"),
    ],
)
async def test_days_that_cannot_be_are_explained(
    connected: Stage, town: Town, mia: Member, first: str, last: str, said: str
) -> None:
    message = await report(town, mia, **{"from": first, "to": last})
    assert message.content.startswith(said)
    assert message.embeds == []


async def test_a_public_report_is_a_message_of_its_own_without_the_file_of_everyones_ids(
    drawing: Stage, town: Town, mia: Member
) -> None:
    await make(drawing, town, town.ada)
    result = await answer(town, mia, "mod report", public=True)
    said = "Here it is, for everyone in this channel. The file of every video is for you alone."
    assert (result.ephemeral, result.message.content) == (True, said)
    assert [row["member_id"] for row in rows(result.message)] == [str(town.ada.id)]
    await town.discord.wait_for(lambda: result.followups, timeout=20)
    (message,) = result.followups
    assert not message.ephemeral
    assert message.mentions == []
    assert fields(message)["Asked for"] == "1"
    assert [file.filename for file in message.attachments] == ["chart.png"]


async def test_what_is_wrong_with_the_file_of_a_public_report_is_told_privately(
    connected: Stage, town: Town, mia: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_parts, "BYTES_PER_MESSAGE", ROOM_FOR_FORM)
    result = await answer(town, mia, "mod report", public=True)
    first, second = result.message.content.splitlines()
    assert first == "Here it is, for everyone in this channel."
    assert second.startswith("The file of all videos is too large for this server")
    await town.discord.wait_for(lambda: result.followups, timeout=20)
    assert "too large" not in result.followups[0].embeds[0]["description"]


async def test_a_guild_gets_one_report_at_a_time(
    connected: Stage, town: Town, mia: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow(connected.store.reports.measure)
    monkeypatch.setattr(connected.store.reports, "measure", slow)
    first = await mia.run("mod report", channel=town.channel)
    await town.discord.wait_for(lambda: slow.calls, timeout=5)
    second = await report(town, mia, public=True)
    assert second.content == (
        "A report for this server is being made already. Ask again once it is there, or in a few minutes."
    )
    slow.go_on.set()
    assert "Asked for" in fields((await answered(town, first)).message)
    assert len(slow.calls) == 1
    assert "Asked for" in fields(await report(town, mia))


def is_turned_down(result: Any) -> bool:
    content = result.message.content if result.message else ""
    return content.startswith("Too much is going on here for a report at the moment.")


async def test_while_many_guilds_wait_for_reports_another_is_turned_down(
    town: Town, mia: Member, migrated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mod_report, "REPORTS_AT_ONCE", 1)
    monkeypatch.setattr(mod_report, "WAITING_MOST", 1)
    moderated = [(mia, town.channel)]
    for name in ("Second", "Third"):
        guild = town.discord.add_guild(name)
        mods = guild.add_role("mods", Permission.MANAGE_GUILD)
        moderated.append((guild.add_member("bea", roles=[mods]), guild.add_text_channel("videos")))
    setting = Setting(api_url=town.discord.api_url, gateway_url=town.discord.gateway_url)
    async with connecting(town, setting, migrated, tmp_path) as stage:
        await town.discord.wait_for(lambda: len(stage.bot.guilds) == 3, timeout=5)
        slow = Slow(stage.store.reports.measure)
        monkeypatch.setattr(stage.store.reports, "measure", slow)
        results = [await moderator.run("mod report", channel=channel) for moderator, channel in moderated]
        turned_down = await town.discord.wait_for(
            lambda: [each for each in results if is_turned_down(each)], timeout=60
        )
        assert len(turned_down) == 1
        slow.go_on.set()
        for result in results:
            if result not in turned_down:
                assert "Asked for" in fields((await answered(town, result)).message)


async def test_a_report_that_the_store_has_no_time_for_is_answered(
    connected: Stage, town: Town, mia: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def busy(*_arguments: Any) -> None:
        raise Rejection(ReportBusy())

    monkeypatch.setattr(connected.store.reports, "measure", busy)
    assert (await report(town, mia)).content.endswith("Please try again in a minute.")


async def test_only_this_guild_is_reported_on(connected: Stage, town: Town, mia: Member) -> None:
    there = town.discord.add_guild("Elsewhere")
    await town.discord.wait_for(lambda: connected.bot.get_guild(there.id), timeout=5)
    bea, channel = there.add_member("bea"), there.add_text_channel("videos")
    await bea.run("video text", channel=channel, options={"prompt": "a dog"})
    await make(connected, town, town.ada)
    assert [row["member"] for row in rows(await report(town, mia))] == ["Ada"]


async def test_somebody_else_is_not_offered_it(connected: Stage, town: Town) -> None:
    with pytest.raises(InvalidCommand):
        await town.ada.run("mod report", channel=town.channel)


@pytest.mark.parametrize("command", ["mod report", "mod schedule show", "mod schedule clear"])
async def test_somebody_else_is_refused_whatever_discord_offers(scene: Scene, command: str) -> None:
    (offered,) = [one for one in await scene.stage.bot.tree.fetch_commands() if one.name == "mod"]
    scene.guild.set_command_permissions(offered, {scene.ada: True})
    result = await scene.run(command)
    assert result.response is not None
    assert result.ephemeral
    assert result.response.content == "Only the moderators of this server can do that, and only here."
    assert (result.response.embeds, result.response.attachments) == ([], [])


async def test_models_are_suggested_by_what_was_typed(town: Town, migrated: Path, tmp_path: Path, mia: Member) -> None:
    setting = Setting(api_url=town.discord.api_url, gateway_url=town.discord.gateway_url, catalog=CATALOG)
    async with connecting(town, setting, migrated, tmp_path):
        found = await mia.autocomplete("mod report", focused="model", channel=town.channel, options={"model": "ABLE"})
        assert [choice["value"] for choice in found] == ["able-1"]
        every = await mia.autocomplete("mod report", focused="model", channel=town.channel)
        assert len(every) == 25


async def test_a_schedule_is_set_shown_and_cleared(connected: Stage, town: Town, mia: Member) -> None:
    none = "No reports are sent by themselves. Begin with /mod schedule set."
    assert (await answer(town, mia, "mod schedule show")).message.content == none
    said = (await answer(town, mia, "mod schedule set", every="week", channel=town.channel)).message.content
    when = Window.WEEK.end(now(), UTC).timestamp()
    assert said == (
        f"A report goes to <#{town.channel.id}> every week; the next one comes on <t:{when:.0f}:F>, "
        "when the days of UTC change."
    )
    (schedule,) = await connected.store.guilds.all_schedules()
    assert (schedule.guild_id, schedule.channel_id, schedule.every) == (town.guild.id, town.channel.id, Window.WEEK)
    assert (await answer(town, mia, "mod schedule show")).message.content == said
    cleared = await answer(town, mia, "mod schedule clear")
    assert cleared.message.content == f"No more reports are sent to <#{town.channel.id}>."
    assert await connected.store.guilds.all_schedules() == []
    assert "isn't set here" in (await answer(town, mia, "mod schedule clear")).message.content


async def test_the_log_says_why_reports_were_scheduled_and_stopped(connected: Stage, town: Town, mia: Member) -> None:
    await answer(town, mia, "mod schedule set", every="week", channel=town.channel, reason="the board asks")
    await answer(town, mia, "mod schedule clear", reason="nobody reads them")
    lines = await connected.store.guilds.log(town.guild.id, LogFilter(), 10)
    assert [(line.action, line.why) for line in lines] == [
        ("clear_schedule", "nobody reads them"),
        ("set_schedule", "the board asks"),
    ]


async def test_no_schedule_is_set_where_the_bot_may_not_post(connected: Stage, town: Town, mia: Member) -> None:
    quiet = town.guild.add_text_channel("quiet")
    town.guild.deny(quiet, Permission.SEND_MESSAGES | Permission.ATTACH_FILES)
    await town.discord.wait_for(lambda: _may_not_post(connected, quiet.id), timeout=5)
    result = await answer(town, mia, "mod schedule set", every="day", channel=quiet)
    assert result.ephemeral
    first, last = result.message.content.splitlines()
    assert f"<#{quiet.id}>" in first
    assert "Send Messages" in first
    assert "Attach Files" in first
    assert last == "Nothing was changed: allow me what is missing there, then try again."
    assert await connected.store.guilds.all_schedules() == []


async def test_usage_has_the_members_own_days_as_a_small_picture(drawing: Stage, town: Town, mia: Member) -> None:
    await make(drawing, town, town.ada)
    await make(drawing, town, mia)
    await make(drawing, town, mia)
    result = await answer(town, town.ada, "usage")
    assert (result.deferred, result.ephemeral) == (True, True)
    said = fields(result.message)["Your last 30 days here"]
    assert said.startswith("1 asked for · 100 % made · 8 s · ")
    await town.discord.wait_for(lambda: result.message.attachments, timeout=60)
    assert fields(result.message)["Your last 30 days here"] == said
    assert picture_width(result.message) == SMALL_CHART_WIDTH


async def test_a_second_usage_while_the_first_is_drawn_goes_without_a_picture(
    drawing: Stage, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow(nothing_drawn)
    monkeypatch.setattr(chart, "_run", slow)
    await make(drawing, town, town.ada)
    first = await answer(town, town.ada, "usage")
    await town.discord.wait_for(lambda: slow.calls, timeout=5)
    with capture_logs() as logs:
        second = await answer(town, town.ada, "usage")
        await town.discord.wait_for(lambda: any(line["event"] == "own_chart_left_out" for line in logs), timeout=5)
    slow.go_on.set()
    await town.discord.wait_for(lambda: first.message.attachments, timeout=5)
    assert fields(second.message) == fields(first.message)
    assert (len(slow.calls), second.message.attachments) == (1, [])


async def test_usage_holds_no_writers_up(connected: Stage, town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    noted = Slow(connected.store.reports.measure)
    noted.go_on.set()
    monkeypatch.setattr(connected.store.reports, "measure", noted)
    await answer(town, town.ada, "usage")
    ((_query, chosen, _most),) = noted.calls
    assert not chosen.with_rows


async def test_usage_without_anything_made_has_no_picture(connected: Stage, town: Town, mia: Member) -> None:
    await make(connected, town, mia)
    message = (await answer(town, town.ada, "usage")).message
    assert fields(message)["Your last 30 days here"] == "Nothing asked for yet."
    assert message.attachments == []


def _may_not_post(stage: Stage, channel_id: int) -> bool:
    channel: Any = stage.bot.get_channel(channel_id)
    return channel is not None and not channel.permissions_for(channel.guild.me).send_messages

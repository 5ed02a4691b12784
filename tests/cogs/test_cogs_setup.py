"""/setup: its pages, what each control saves, and what it says is missing."""

import asyncio

import pytest

from bot.chat.setup_controls import Control, Page, control_id, page_id
from bot.chat.setup_view import NEVER, OWN_DEFAULT
from bot.domain.limits import Limit, Measure, Scope, Window
from sandbox.discord import InvalidCommand, Permission
from tests.cogs.desk import Desk

FACTS_OF_PAGES = {
    Page.CHANNELS: "Where videos may be made",
    Page.LOG: "What moderators change here",
    Page.REPORTS: "A report of usage",
    Page.MODEL: "The model that is taken",
    Page.LIMITS: "How much may be made",
    Page.ZONE: "begin at midnight here",
    Page.ROLE: "Who has this role",
}


async def test_the_overview_shows_the_defaults(desk: Desk) -> None:
    text = desk.text
    assert "Channels for videos: ✅ everywhere" in text
    assert "Log channel: none" in text
    assert "Reports: none" in text
    assert "Default model: veo3.1-fast (as the bot is configured)" in text
    assert "Limits: 10 videos a day for each member (as the bot is configured)" in text
    assert "Time zone: UTC (as the bot is configured)" in text
    assert "Moderator role: none" in text


async def test_the_pages_are_gone_through_and_back(desk: Desk) -> None:
    for page in list(Page)[1:]:
        await desk.mia.press(desk.message, page_id(page))
        assert FACTS_OF_PAGES[page] in desk.text
    with pytest.raises(InvalidCommand):
        await desk.mia.press(desk.message, page_id(Page.OVERVIEW))
    for page in reversed(list(Page)[:-1]):
        await desk.mia.press(desk.message, page_id(page))
    assert desk.text.startswith("Setup: Overview")
    await desk.turn(Page.ZONE)
    assert desk.text.startswith("Setup: Time zone")


async def test_channels_are_chosen_and_what_is_missing_in_them_is_named(desk: Desk) -> None:
    guild, fine = desk.town.guild, desk.town.channel
    lacking = guild.add_text_channel("lacking")
    guild.deny(lacking, Permission.ATTACH_FILES | Permission.CREATE_PUBLIC_THREADS)
    await desk.turn(Page.CHANNELS)
    await desk.choose(Control.ALLOWED, fine, lacking)
    assert set(await desk.moderation.channels(desk.actor)) == {fine.id, lacking.id}
    assert f"⚠️ <#{lacking.id}>: I lack Create Public Threads, Attach Files\n✅ <#{fine.id}>" in desk.text
    assert "press “Look again”" in desk.text
    chosen = desk.control(control_id(Control.ALLOWED))["default_values"]
    assert {int(one["id"]) for one in chosen} == {fine.id, lacking.id}


async def test_look_again_sees_what_was_given_meanwhile(desk: Desk) -> None:
    guild, channel = desk.town.guild, desk.town.channel
    guild.deny(channel, Permission.VIEW_CHANNEL)
    await desk.turn(Page.CHANNELS)
    await desk.choose(Control.ALLOWED, channel)
    assert f"⚠️ <#{channel.id}>: I lack View Channel\n" in f"{desk.text}\n"
    guild.allow(channel, Permission.VIEW_CHANNEL)
    for _ in range(50):  # the change comes over the gateway
        await desk.mia.press(desk.message, page_id(Page.CHANNELS))
        if f"✅ <#{channel.id}>" in desk.text:
            return
        await asyncio.sleep(0.02)
    pytest.fail(desk.text)


async def test_in_a_category_its_channels_are_looked_at(desk: Desk) -> None:
    guild = desk.town.guild
    category = guild.add_category("studio")
    lacking = guild.add_text_channel("inside", category=category)
    guild.add_text_channel("fine", category=category)
    guild.deny(lacking, Permission.EMBED_LINKS)
    await desk.turn(Page.CHANNELS)
    await desk.choose(Control.ALLOWED, category)
    assert await desk.moderation.channels(desk.actor) == [category.id]
    assert f"⚠️ <#{lacking.id}>: I lack Embed Links" in desk.text
    guild.allow(lacking, Permission.EMBED_LINKS)
    await desk.stage.bot.wait_for("guild_channel_update", timeout=5)
    await desk.mia.press(desk.message, page_id(Page.CHANNELS))
    assert f"✅ <#{category.id}>" in desk.text


async def test_where_videos_are_made_everywhere_only_what_the_bot_sees_is_looked_at(desk: Desk) -> None:
    guild = desk.town.guild
    hidden, lacking = guild.add_text_channel("hidden"), guild.add_text_channel("lacking")
    guild.deny(hidden, Permission.VIEW_CHANNEL)
    guild.deny(lacking, Permission.READ_MESSAGE_HISTORY)
    await desk.turn(Page.CHANNELS)
    assert f"everywhere\n⚠️ <#{lacking.id}>: I lack Read Message History" in desk.text
    assert str(hidden.id) not in desk.text


async def test_a_channel_taken_out_of_the_choice_is_no_longer_allowed(desk: Desk) -> None:
    other = desk.town.guild.add_text_channel("other")
    gone = 4242
    await desk.moderation.allow_channel(desk.actor, gone)
    await desk.turn(Page.CHANNELS)
    await desk.choose(Control.ALLOWED, desk.town.channel, other)
    await desk.choose(Control.ALLOWED, other)
    assert set(await desk.moderation.channels(desk.actor)) == {other.id, gone}
    assert f"⚠️ <#{gone}>: I lack View Channel" in desk.text
    await desk.mia.press(desk.message, control_id(Control.EVERYWHERE))
    assert await desk.moderation.channels(desk.actor) == []
    with pytest.raises(InvalidCommand):
        await desk.mia.press(desk.message, control_id(Control.EVERYWHERE))


async def test_the_log_channel_is_chosen_and_taken_away(desk: Desk) -> None:
    channel = desk.town.guild.add_text_channel("log")
    desk.town.guild.deny(channel, Permission.SEND_MESSAGES)
    await desk.turn(Page.LOG)
    await desk.choose(Control.LOG_CHANNEL, channel)
    assert (await desk.settings()).log_channel_id == channel.id
    assert f"⚠️ <#{channel.id}>: I lack Send Messages" in desk.text
    await desk.choose(Control.LOG_CHANNEL)
    assert (await desk.settings()).log_channel_id is None


async def test_reports_are_scheduled_to_the_log_channel_or_here_and_stopped(desk: Desk) -> None:
    log = desk.town.guild.add_text_channel("log")
    await desk.turn(Page.REPORTS)
    await desk.choose(Control.REPORT_EVERY, NEVER)
    await desk.choose(Control.REPORT_EVERY, Window.DAY.value)
    schedule = await desk.moderation.schedule(desk.actor)
    assert schedule is not None
    assert (schedule.every, schedule.channel_id) == (Window.DAY, desk.town.channel.id)
    await desk.choose(Control.REPORT_EVERY, NEVER)
    assert await desk.moderation.schedule(desk.actor) is None
    await desk.moderation.change_settings(desk.actor, log_channel_id=log.id)
    await desk.choose(Control.REPORT_EVERY, Window.MONTH.value)
    schedule = await desk.moderation.schedule(desk.actor)
    assert schedule is not None
    assert (schedule.every, schedule.channel_id) == (Window.MONTH, log.id)
    assert f"every month\n✅ <#{log.id}>" in desk.text


async def test_a_channel_for_reports_alone_means_every_week(desk: Desk) -> None:
    await desk.turn(Page.REPORTS)
    await desk.choose(Control.REPORT_CHANNEL, desk.town.channel)
    schedule = await desk.moderation.schedule(desk.actor)
    assert schedule is not None
    assert (schedule.every, schedule.channel_id) == (Window.WEEK, desk.town.channel.id)


async def test_the_default_model_is_chosen_typed_and_given_back(desk: Desk) -> None:
    await desk.turn(Page.MODEL)
    options = desk.control(control_id(Control.MODEL))["options"]
    assert len(options) <= 25
    assert [one["value"] for one in options if one.get("default")] == [OWN_DEFAULT]
    other = options[2]["value"]
    await desk.choose(Control.MODEL, other)
    assert (await desk.settings()).default_model == other
    await desk.choose(Control.MODEL, OWN_DEFAULT)
    assert (await desk.settings()).default_model is None
    last = list(desk.stage.feed.catalog.models)[-1]
    await desk.write(Control.MODEL_NAME, model=f" {last} ")
    assert (await desk.settings()).default_model == last
    shown = desk.control(control_id(Control.MODEL))["options"]
    assert [one["value"] for one in shown if one.get("default")] == [last]
    refused = await desk.write(Control.MODEL_NAME, model="veo3.1-fats")
    assert refused.message is not None
    assert refused.message is not desk.message
    assert refused.ephemeral
    assert refused.message.content.startswith("There is no model called “veo3.1-fats”. Did you mean")
    assert (await desk.settings()).default_model == last


async def test_limits_are_written_into_a_form_that_is_filled_in_with_them(desk: Desk) -> None:
    await desk.turn(Page.LIMITS)
    await desk.write(Control.LIMITS, per_day="3", at_once="1", dollars="$12.50")
    assert set(await desk.limits()) == {
        Limit(scope=Scope.MEMBER, measure=Measure.GENERATIONS, window=Window.DAY, amount=3),
        Limit(scope=Scope.MEMBER, measure=Measure.CONCURRENT, amount=1),
        Limit(scope=Scope.GUILD, measure=Measure.MICROS, window=Window.MONTH, amount=12_500_000),
    }
    assert "3 videos a day for each member" in desk.text
    assert "$12.50 a month for this server" in desk.text
    opened = await desk.mia.press(desk.message, control_id(Control.LIMITS))
    assert opened.modal is not None
    values = [label["component"].get("value") for label in opened.modal["components"]]
    assert values == ["3", "1", "12.5"]
    await desk.mia.submit(opened, {"per-day": "", "at-once": "", "dollars": ""})
    assert await desk.limits() == []


@pytest.mark.parametrize(
    "text", ["many", "2.5", "NaN", "sNaN", "1e99", "1e9999999", "1e-9999999", "-1", "9999999999999"]
)
async def test_a_figure_that_is_none_is_refused_and_nothing_is_saved(desk: Desk, text: str) -> None:
    await desk.turn(Page.LIMITS)
    refused = await desk.write(Control.LIMITS, dollars="5", per_day=text)
    assert refused.message is not None
    assert refused.ephemeral
    assert any(part in refused.message.content for part in ("is not a figure", "can't be below", "more than a limit"))
    assert await desk.limits() == []


@pytest.mark.parametrize(
    "text", ["1e-9999999", "$1e-999999999999999999", "-0.0000001", "1e9999999", "1e99999999999999999999"]
)
async def test_money_of_which_nothing_would_be_left_is_no_limit(desk: Desk, text: str) -> None:
    await desk.turn(Page.LIMITS)
    refused = await desk.write(Control.LIMITS, dollars=text)
    assert refused.message is not None
    assert "is not a figure" in refused.message.content
    assert await desk.limits() == []


async def test_no_money_at_all_is_a_limit(desk: Desk) -> None:
    await desk.turn(Page.LIMITS)
    await desk.write(Control.LIMITS, dollars="$0.00")
    assert len(await desk.limits()) == 1


async def test_a_time_zone_is_checked_and_a_near_one_suggested(desk: Desk) -> None:
    await desk.turn(Page.ZONE)
    refused = await desk.write(Control.ZONE, zone="Berlin")
    assert refused.message is not None
    assert refused.message.content == "There is no time zone called “Berlin”. Did you mean Europe/Berlin?"
    await desk.write(Control.ZONE, zone="europe/berlin ")
    assert (await desk.settings()).time_zone == "Europe/Berlin"
    assert "Europe/Berlin" in desk.text
    await desk.write(Control.ZONE, zone="")
    assert (await desk.settings()).time_zone is None


async def test_the_moderator_role_is_chosen_but_never_everyone(desk: Desk) -> None:
    guild = desk.town.guild
    mods = guild.add_role("mods")
    await desk.turn(Page.ROLE)
    assert "Server Settings > Integrations > " in desk.text
    refused = await desk.choose(Control.ROLE, guild.everyone)
    assert refused.message is not None
    assert refused.message.content.startswith("@everyone can't be the moderator role")
    await desk.choose(Control.ROLE, mods)
    assert (await desk.settings()).moderator_role_id == mods.id
    assert f"<@&{mods.id}>" in desk.text
    await desk.choose(Control.ROLE)
    assert (await desk.settings()).moderator_role_id is None


async def test_a_channel_and_a_role_that_are_gone_are_not_offered_as_chosen(desk: Desk) -> None:
    await desk.moderation.change_settings(desk.actor, log_channel_id=4242, moderator_role_id=4343)
    for page, control in ((Page.LOG, Control.LOG_CHANNEL), (Page.ROLE, Control.ROLE)):
        await desk.turn(page)
        assert not desk.control(control_id(control)).get("default_values")


async def test_of_a_guild_that_is_not_known_yet_nothing_is_claimed(desk: Desk) -> None:
    await desk.moderation.allow_channel(desk.actor, desk.town.channel.id)
    guild = desk.stage.bot.get_guild(desk.town.guild.id)
    assert guild is not None
    desk.stage.bot._connection._remove_guild(guild)
    for page in Page:
        await desk.turn(page)
        assert "I lack" not in desk.text
    await desk.turn(Page.CHANNELS)
    assert "I don't know this server's channels yet" in desk.text


async def test_every_change_is_in_the_log(desk: Desk) -> None:
    await desk.turn(Page.CHANNELS)
    await desk.choose(Control.ALLOWED, desk.town.channel)
    await desk.turn(Page.LIMITS)
    await desk.write(Control.LIMITS, per_day="3")
    await desk.turn(Page.ZONE)
    await desk.write(Control.ZONE, zone="Europe/Berlin")
    lines = await desk.moderation.log(desk.actor)
    assert {(line.action, line.actor_id) for line in lines} == {
        ("allow_channel", desk.mia.id),
        ("set_limit", desk.mia.id),
        ("change_settings", desk.mia.id),
    }

"""/setup: its pages, what each control saves, what it says is missing, and who may use it."""

import asyncio
from typing import Any

import pytest

from bot.chat.setup_controls import PAGES, Control, Page, control_id, page_id
from bot.chat.setup_view import NEVER, OWN_DEFAULT
from bot.domain.guild import GuildSettings
from bot.domain.limits import Limit, Measure, Scope, Window
from bot.work.actors import Actor
from bot.work.moderation import Moderation
from sandbox.discord import InvalidCommand, Permission, Result
from sandbox.discord.interactions import InteractionKind
from sandbox.discord.members import Member
from sandbox.discord.messages import Message
from tests.chat.stage import PER_DAY, Stage, now
from tests.chat.town import Town

FACTS_OF_PAGES = {
    Page.CHANNELS: "Where videos may be made",
    Page.LOG: "What moderators change here",
    Page.REPORTS: "A report of usage",
    Page.MODEL: "The model that is taken",
    Page.LIMITS: "How much may be made",
    Page.ZONE: "begin at midnight here",
    Page.ROLE: "Who has this role",
}


class Desk:
    """A moderator before the open setup, and what is stored."""

    def __init__(self, stage: Stage, town: Town, mia: Member, message: Message) -> None:
        self.stage = stage
        self.town = town
        self.mia = mia
        self.message = message
        self.moderation = Moderation(
            store=stage.store.guilds, catalog=lambda: stage.feed.catalog, defaults=(PER_DAY,), clock=now
        )
        self.actor = Actor(user_id=mia.id, guild_id=town.guild.id, is_moderator=True)

    @property
    def text(self) -> str:
        """All that the view says."""
        (embed,) = self.message.embeds
        fields = [f"{field['name']}: {field['value']}" for field in embed.get("fields", ())]
        return "\n".join([embed["title"], embed["description"], *fields])

    def control(self, custom_id: str) -> dict[str, Any]:
        """A control as it is shown."""
        return next(one for one in self.message.all_components() if one.get("custom_id") == custom_id)

    async def turn(self, page: Page) -> None:
        await self.mia.press(self.message, control_id(Control.GO), values=[page.value])

    async def choose(self, control: Control, *values: Any) -> Result:
        return await self.mia.press(self.message, control_id(control), values=list(values))

    async def write(self, control: Control, **fields: str) -> Result:
        opened = await self.mia.press(self.message, control_id(control))
        return await self.mia.submit(opened, {name.replace("_", "-"): text for name, text in fields.items()})

    async def settings(self) -> GuildSettings:
        return await self.moderation.settings(self.actor)

    async def limits(self) -> list[Limit]:
        return [limit for limit in await self.moderation.show_limits(self.actor) if not limit.is_default]


@pytest.fixture
async def desk(connected: Stage, town: Town) -> Desk:
    role = town.guild.add_role("managers", Permission.MANAGE_GUILD)
    mia = town.guild.add_member("mia", roles=[role])
    result = await mia.run("setup", channel=town.channel)
    assert result.ephemeral
    assert result.message is not None
    return Desk(connected, town, mia, result.message)


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


def _uses(town: Town) -> dict[Control, list[Any]]:
    """Every control, with what is chosen in it."""
    return {
        Control.GO: [Page.CHANNELS.value],
        Control.ALLOWED: [town.guild.add_text_channel("other")],
        Control.EVERYWHERE: [],
        Control.LOG_CHANNEL: [town.channel],
        Control.REPORT_EVERY: [Window.DAY.value],
        Control.REPORT_CHANNEL: [town.channel],
        Control.MODEL: [OWN_DEFAULT],
        Control.MODEL_NAME: [],
        Control.LIMITS: [],
        Control.ZONE: [],
        Control.ROLE: [town.guild.add_role("any")],
    }


async def test_nobody_else_can_use_any_control(desk: Desk) -> None:
    await desk.moderation.allow_channel(desk.actor, desk.town.channel.id)  # else not every button can be pressed
    uses = _uses(desk.town)
    for custom_id, page, values in (
        *((control_id(control), PAGES[control], uses[control]) for control in Control),
        *((page_id(page), page, []) for page in Page),
    ):
        await desk.turn(page)
        before = desk.text
        forged = await desk.town.ada.press(desk.message, custom_id, values=values)
        assert forged.message is not None, custom_id
        assert forged.message is not desk.message
        assert forged.modal is None
        assert forged.message.content == "Only the moderators of this server can do that, and only here."
        assert desk.text == before
    assert [line.action for line in await desk.moderation.log(desk.actor)] == ["allow_channel"]
    assert await desk.moderation.channels(desk.actor) == [desk.town.channel.id]


CHANNEL_MENUS = [
    (Page.CHANNELS, Control.ALLOWED),
    (Page.LOG, Control.LOG_CHANNEL),
    (Page.REPORTS, Control.REPORT_CHANNEL),
]


async def forge(desk: Desk, control: Control, value: str, resolved: dict[str, Any]) -> Result:
    """What no client sends: a choice that was not on offer, with what Discord states of it."""
    data = {"custom_id": control_id(control), "component_type": 8, "id": 1, "values": [value], "resolved": resolved}
    world = desk.town.discord.world
    opened = world.interactions.open(
        InteractionKind.COMPONENT, desk.mia.user, desk.town.channel, data, source=desk.message
    )
    await desk.town.discord.wait_for(lambda: opened.acknowledged_at is not None, timeout=5)
    return Result(opened)


async def saved(desk: Desk) -> tuple[object, ...]:
    settings, schedule = await desk.settings(), await desk.moderation.schedule(desk.actor)
    channels, log = await desk.moderation.channels(desk.actor), await desk.moderation.log(desk.actor)
    return settings.log_channel_id, schedule, channels, log


@pytest.mark.parametrize(("page", "control"), CHANNEL_MENUS)
@pytest.mark.parametrize("stated", ["with its server", "without its server", "not at all"])
async def test_a_channel_of_another_server_is_refused_in_every_menu(
    desk: Desk, page: Page, control: Control, stated: str
) -> None:
    other = desk.town.discord.add_guild("Elsewhere")
    elsewhere = other.add_text_channel("secrets")
    await desk.town.discord.wait_for(lambda: desk.stage.bot.get_channel(elsewhere.id) is not None, timeout=5)
    await desk.turn(page)
    before = desk.text
    partial = {"id": str(elsewhere.id), "type": 0, "name": "secrets", "permissions": "0"}
    named = {"with its server": {**partial, "guild_id": str(other.id)}, "without its server": partial}.get(stated)
    forged = await forge(desk, control, str(elsewhere.id), {"channels": {str(elsewhere.id): named}} if named else {})
    assert forged.ephemeral
    assert forged.message is not None
    assert forged.message.content == "That isn't a channel of this server, so nothing was changed."
    assert desk.text == before
    assert await saved(desk) == (None, None, [], [])


@pytest.mark.parametrize(("page", "control"), CHANNEL_MENUS)
async def test_what_is_no_channel_at_all_is_refused_in_every_menu(desk: Desk, page: Page, control: Control) -> None:
    await desk.turn(page)
    for value in ("nonsense", "9" * 5_000, str(desk.town.guild.id)):
        forged = await forge(desk, control, value, {})
        assert forged.message is not None
        assert forged.message.content == "That isn't a channel of this server, so nothing was changed."
    assert await saved(desk) == (None, None, [], [])


@pytest.mark.parametrize("states_guild", [True, False])
async def test_a_channel_that_is_hidden_from_the_bot_can_be_chosen(desk: Desk, *, states_guild: bool) -> None:
    partial = {"id": "4242", "type": 0, "name": "hidden", "permissions": "0"}
    if states_guild:
        partial["guild_id"] = str(desk.town.guild.id)
    await desk.turn(Page.LOG)
    await forge(desk, Control.LOG_CHANNEL, "4242", {"channels": {"4242": partial}})
    assert (await desk.settings()).log_channel_id == 4242


async def test_no_command_takes_a_channel_of_another_server(desk: Desk) -> None:
    elsewhere = desk.town.discord.add_guild("Elsewhere").add_text_channel("secrets")
    await desk.town.discord.wait_for(lambda: desk.stage.bot.get_channel(elsewhere.id) is not None, timeout=5)
    allowed = await desk.mia.run("mod channels allow", channel=desk.town.channel, options={"channel": elsewhere})
    assert allowed.ephemeral
    assert allowed.message is not None
    assert allowed.message.content == "That isn't a channel of this server, so nothing was changed."
    options = {"every": "day", "channel": elsewhere}
    scheduled = await desk.mia.run("mod schedule set", channel=desk.town.channel, options=options)
    assert scheduled.ephemeral
    assert await saved(desk) == (None, None, [], [])


async def test_a_form_opened_by_a_moderator_is_checked_again_when_it_is_sent(desk: Desk) -> None:
    await desk.turn(Page.LIMITS)
    opened = await desk.mia.press(desk.message, control_id(Control.LIMITS))
    desk.mia.roles.clear()
    refused = await desk.mia.submit(opened, {"per-day": "1000"})
    assert refused.message is not None
    assert refused.message.content.startswith("Only the moderators")
    assert await desk.limits() == []


async def test_those_with_the_moderator_role_may_use_it_until_they_lose_it(desk: Desk) -> None:
    mods = desk.town.guild.add_role("mods")
    bob = desk.town.guild.add_member("bob", roles=[mods])
    await desk.moderation.change_settings(desk.actor, moderator_role_id=mods.id)
    await desk.turn(Page.ZONE)
    opened = await bob.press(desk.message, control_id(Control.ZONE))
    await bob.submit(opened, {"zone": "Asia/Tokyo"})
    assert (await desk.settings()).time_zone == "Asia/Tokyo"
    bob.roles.clear()
    refused = await bob.press(desk.message, control_id(Control.ZONE))
    assert refused.modal is None


async def test_with_hundreds_of_channels_everything_still_fits(desk: Desk) -> None:
    guild = desk.town.guild
    channels = [guild.add_text_channel(f"lacking-{number}") for number in range(120)]
    for channel in channels:
        guild.deny(channel, Permission.ATTACH_FILES | Permission.READ_MESSAGE_HISTORY)
        await desk.moderation.allow_channel(desk.actor, channel.id)
    for page in Page:
        await desk.turn(page)
        assert desk.text.startswith("Setup: ")
    await desk.turn(Page.CHANNELS)
    assert " more" in desk.text
    await desk.choose(Control.ALLOWED, channels[0])
    assert len(await desk.moderation.channels(desk.actor)) == 96

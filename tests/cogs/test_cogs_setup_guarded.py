"""Who may use /setup, and what no client sends."""

from typing import Any

import pytest

from bot.chat.setup_controls import PAGES, Control, Page, control_id, page_id
from bot.chat.setup_view import OWN_DEFAULT
from bot.domain.limits import Window
from sandbox.discord import Permission, Result
from sandbox.discord.interactions import InteractionKind
from tests.chat.town import Town
from tests.cogs.desk import Desk


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

"""Select menus and forms, used by a member and answered by a real discord.py bot."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import discord
import pytest

from sandbox.discord import InvalidCommand, SimulatedDiscord
from sandbox.discord.channels import Channel
from sandbox.discord.guilds import Guild
from sandbox.discord.members import Member
from sandbox.discord.messages import Message
from tests.sandbox.discord.scripted import ScriptedBot

Asked = discord.Interaction[ScriptedBot]
Show = Callable[[discord.ui.Item[Any]], Awaitable[tuple[Message, list[Any]]]]


@pytest.fixture
def show(bot: ScriptedBot, ada: Member, channel: Channel) -> Show:
    """Shows a menu to ada; the list gets what the bot reads from each choice."""

    async def showing(menu: discord.ui.Item[Any]) -> tuple[Message, list[Any]]:
        seen: list[Any] = []
        view = discord.ui.View()
        view.add_item(menu)

        async def choose(interaction: discord.Interaction) -> None:
            seen.append(list(menu.values))  # type: ignore[attr-defined]  # every select menu has them
            await interaction.response.edit_message(content="chosen")

        menu.callback = choose  # type: ignore[method-assign]

        async def script(interaction: Asked, **_options: object) -> None:
            await interaction.response.send_message("choose", view=view)

        bot.script = script
        message = (await ada.run("video text", channel=channel, options={"prompt": "a cat"})).message
        assert message is not None
        return message, seen

    return showing


async def test_offered_texts_are_chosen_and_no_others(ada: Member, show: Show) -> None:
    options = [discord.SelectOption(label=name) for name in ("day", "week", "month")]
    message, seen = await show(discord.ui.Select(custom_id="every", options=options, max_values=2))
    await ada.press(message, "every", values=["week", "day"])
    assert seen == [["week", "day"]]
    for values in (["year"], [], ["day", "day"], ["day", "week", "month"]):
        with pytest.raises(InvalidCommand):
            await ada.press(message, "every", values=values)
    assert len(seen) == 1


async def test_channels_of_the_wanted_kinds_are_chosen_and_described(
    simulated: SimulatedDiscord, guild: Guild, channel: Channel, ada: Member, show: Show
) -> None:
    category = guild.add_category("studio")
    menu: discord.ui.ChannelSelect[Any] = discord.ui.ChannelSelect(
        custom_id="where", channel_types=[discord.ChannelType.text], min_values=0, max_values=5
    )
    message, seen = await show(menu)
    await ada.press(message, "where", values=[channel])
    await ada.press(message, "where", values=[])
    assert [[one.id for one in values] for values in seen] == [[channel.id], []]
    elsewhere = simulated.add_guild("Elsewhere").add_text_channel("videos")
    for value in (category, str(category.id), str(elsewhere.id), ada):
        with pytest.raises(InvalidCommand):
            await ada.press(message, "where", values=[value])


async def test_roles_and_members_are_chosen_by_id_too(guild: Guild, ada: Member, show: Show) -> None:
    mods = guild.add_role("mods")
    message, seen = await show(discord.ui.RoleSelect(custom_id="who"))
    await ada.press(message, "who", values=[str(mods.id)])
    message, members = await show(discord.ui.UserSelect(custom_id="member"))
    await ada.press(message, "member", values=[ada])
    assert [values[0].id for values in (*seen, *members)] == [mods.id, ada.id]
    assert isinstance(members[0][0], discord.Member)


@pytest.mark.parametrize(
    "menu",
    [
        discord.ui.Select(custom_id="x", options=[]),
        discord.ui.Select(custom_id="x", options=[discord.SelectOption(label="x" * 101, value="y")]),
        discord.ui.Select(custom_id="x", options=[discord.SelectOption(label=name, value="y") for name in "ab"]),
        discord.ui.RoleSelect(custom_id="x", max_values=26),
        discord.ui.RoleSelect(
            custom_id="x",
            default_values=[
                discord.SelectDefaultValue(id=one, type=discord.SelectDefaultValueType.role) for one in (1, 2)
            ],
        ),
    ],
    ids=["empty", "long", "twice", "many", "defaults"],
)
async def test_a_menu_that_discord_would_refuse_is_refused(
    bot: ScriptedBot, ada: Member, channel: Channel, menu: discord.ui.Item[Any]
) -> None:
    codes: list[int] = []

    async def script(interaction: Asked, **_options: object) -> None:
        view = discord.ui.View()
        view.add_item(menu)
        try:
            await interaction.response.send_message("choose", view=view)
        except discord.HTTPException as error:
            codes.append(error.code)
            await interaction.response.send_message("no")

    bot.script = script
    await ada.run("video text", channel=channel, options={"prompt": "a cat"})
    assert codes == [50035]


async def test_a_form_with_labels_is_filled_in_within_its_bounds(
    bot: ScriptedBot, ada: Member, channel: Channel
) -> None:
    sent: list[str] = []

    class Form(discord.ui.Modal, title="Limits"):
        amount: discord.ui.Label[Form] = discord.ui.Label(
            text="Videos a day",
            component=discord.ui.TextInput(custom_id="amount", default="7", required=False, max_length=3),
        )

        async def on_submit(self, interaction: discord.Interaction) -> None:
            assert isinstance(self.amount.component, discord.ui.TextInput)
            sent.append(self.amount.component.value)
            await interaction.response.send_message("thanks")

    async def script(interaction: Asked, **_options: object) -> None:
        await interaction.response.send_modal(Form())

    bot.script = script
    opened = await ada.run("video text", channel=channel, options={"prompt": "a cat"})
    with pytest.raises(InvalidCommand):
        await ada.submit(opened, {"amount": "1000"})
    await ada.submit(opened, {"amount": ""})
    opened = await ada.run("video text", channel=channel, options={"prompt": "a cat"})
    await ada.submit(opened, {})
    assert sent == ["", "7"]


async def test_a_form_that_discord_would_refuse_is_refused(bot: ScriptedBot, ada: Member, channel: Channel) -> None:
    codes: list[int] = []

    async def script(interaction: Asked, **_options: object) -> None:
        modal = discord.ui.Modal(title="Limits")
        modal.add_item(discord.ui.Label(text="x" * 46, component=discord.ui.TextInput(custom_id="amount")))
        try:
            await interaction.response.send_modal(modal)
        except discord.HTTPException as error:
            codes.append(error.code)
            await interaction.response.send_message("no")

    bot.script = script
    await ada.run("video text", channel=channel, options={"prompt": "a cat"})
    assert codes == [50035]

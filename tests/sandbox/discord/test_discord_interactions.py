"""Slash commands, autocomplete, buttons and forms, answered by a real discord.py bot."""

from __future__ import annotations

import asyncio
import io

import discord
import pytest

from sandbox.discord import InvalidCommand, Permission, SimulatedDiscord, Upload
from sandbox.discord.channels import Channel
from sandbox.discord.guilds import Guild
from sandbox.discord.members import Member
from tests.sandbox.discord.scripted import Rest, ScriptedBot

Asked = discord.Interaction[ScriptedBot]


async def test_a_direct_answer_tells_its_message_id(
    simulated: SimulatedDiscord, bot: ScriptedBot, ada: Member, channel: Channel
) -> None:
    ids: list[int | None] = []

    async def script(interaction: Asked, *, prompt: str, **_options: object) -> None:
        answer = await interaction.response.send_message(f"{prompt} for {interaction.user.mention}")
        ids.append(answer.message_id)

    bot.script = script
    result = await ada.run("video text", channel=channel, options={"prompt": "a cat", "duration": 3, "sound": True})
    assert result.message is not None
    assert result.error is None
    assert result.acknowledged_after is not None
    assert 0 < result.acknowledged_after < 3
    assert (result.ephemeral, result.deferred) == (False, False)
    assert result.message.content == f"a cat for <@{ada.id}>"
    assert result.message.mentions == [ada.id]
    assert result.message.author_id == simulated.bot_user_id
    await simulated.wait_for(lambda: ids == [channel.messages[0].id])


async def test_the_bot_learns_who_asked_where_and_with_what_rights(
    bot: ScriptedBot, guild: Guild, channel: Channel
) -> None:
    role = guild.add_role("mods", Permission.MANAGE_GUILD)
    mod = guild.add_member("mod", roles=[role], locale="de", nitro=True)
    asked: list[Asked] = []

    async def script(interaction: Asked, **_options: object) -> None:
        asked.append(interaction)
        await interaction.response.send_message("ok")

    bot.script = script
    await mod.run("video text", channel=channel, options={"prompt": "a cat"})
    interaction = asked[0]
    assert isinstance(interaction.user, discord.Member)
    assert [known.id for known in interaction.user.roles] == [guild.id, role.id]
    assert interaction.permissions.manage_guild
    assert interaction.app_permissions.attach_files
    assert not interaction.app_permissions.manage_messages
    assert interaction.locale is discord.Locale.german
    assert interaction.guild_locale is discord.Locale.american_english
    assert interaction.filesize_limit == 500 * 1024 * 1024
    assert interaction.context.guild
    assert interaction.is_guild_integration()
    assert interaction.channel_id == channel.id


async def test_an_attachment_is_read_from_the_cdn(
    bot: ScriptedBot, guild: Guild, ada: Member, channel: Channel, png: bytes
) -> None:
    seen: list[tuple[discord.Attachment, bytes, object, object]] = []

    async def script(
        interaction: Asked, *, image: discord.Attachment, who: object, where: object, **_options: object
    ) -> None:
        seen.append((image, await image.read(), who, where))
        await interaction.response.send_message("ok")

    bot.script = script
    options = {"image": Upload("my cat.png", png), "ratio": "16:9", "who": ada, "where": channel, "strength": 1}
    await ada.run("video image", channel=channel, options=options)
    attachment, data, who, where = seen[0]
    assert data == png
    assert (attachment.width, attachment.height, attachment.content_type) == (32, 18, "image/png")
    assert (attachment.filename, attachment.size, attachment.ephemeral) == ("my_cat.png", len(png), True)
    assert isinstance(who, discord.Member)
    assert isinstance(where, discord.TextChannel | discord.app_commands.AppCommandChannel)


async def test_a_videos_dimensions_can_be_stated(bot: ScriptedBot, ada: Member, channel: Channel) -> None:
    seen: list[discord.Attachment] = []

    async def script(interaction: Asked, *, image: discord.Attachment, **_options: object) -> None:
        seen.append(image)
        await interaction.response.send_message("ok")

    bot.script = script
    upload = Upload("clip.mp4", b"not really", width=640, height=360)
    await ada.run("video image", channel=channel, options={"image": upload})
    assert (seen[0].content_type, seen[0].width, seen[0].height) == ("video/mp4", 640, 360)


async def test_autocomplete_suggests_for_what_was_typed(bot: ScriptedBot, ada: Member, channel: Channel) -> None:
    choices = await ada.autocomplete(
        "video text", channel=channel, options={"prompt": "a cat", "model": "veo"}, focused="model"
    )
    assert choices == [{"name": "veo3 for a cat", "value": "veo-3"}]


async def test_a_deferred_answer_is_filled_in_later(
    simulated: SimulatedDiscord, bot: ScriptedBot, ada: Member, channel: Channel, png: bytes
) -> None:
    release = asyncio.Event()

    async def script(interaction: Asked, **_options: object) -> None:
        await interaction.response.defer()
        await release.wait()
        await interaction.edit_original_response(content="done")
        original = await interaction.original_response()
        await original.edit(attachments=[discord.File(io.BytesIO(png), "a.png")])
        await interaction.followup.send("and more", ephemeral=True)
        await interaction.delete_original_response()

    bot.script = script
    result = await ada.run("video text", channel=channel, options={"prompt": "a cat"})
    assert result.deferred
    card = result.message
    assert card is not None
    assert (card.loading, card.content) == (True, "")
    release.set()
    await simulated.wait_for(lambda: card.deleted)
    assert (card.loading, card.content, card.edits) == (False, "done", 1)
    assert card.attachments[0].data == png
    assert [(more.content, more.ephemeral) for more in result.followups] == [("and more", True)]


async def test_the_first_followup_replaces_the_thinking_message(
    simulated: SimulatedDiscord, bot: ScriptedBot, ada: Member, channel: Channel
) -> None:
    async def script(interaction: Asked, **_options: object) -> None:
        await interaction.response.defer(ephemeral=True)
        await interaction.followup.send("done")

    bot.script = script
    result = await ada.run("video text", channel=channel, options={"prompt": "a cat"})
    card = result.message
    assert card is not None
    await simulated.wait_for(lambda: card.content == "done")
    assert result.ephemeral
    assert len(channel.messages) == 1


async def test_an_ephemeral_answer_is_seen_by_nobody_else(
    bot: ScriptedBot, ada: Member, channel: Channel, rest: Rest
) -> None:
    async def script(interaction: Asked, **_options: object) -> None:
        await interaction.response.send_message("not today", ephemeral=True)

    bot.script = script
    result = await ada.run("video text", channel=channel, options={"prompt": "a cat"})
    assert result.ephemeral
    assert result.message is not None
    status, body = await rest("GET", f"/channels/{channel.id}/messages/{result.message.id}")
    assert (status, body["code"]) == (404, 10008)
    assert await rest("GET", f"/channels/{channel.id}/messages") == (200, [])


async def test_a_button_is_pressed_and_a_form_is_sent(
    simulated: SimulatedDiscord, bot: ScriptedBot, ada: Member, channel: Channel
) -> None:
    entered: list[str] = []

    class Form(discord.ui.Modal, title="Again"):
        prompt: discord.ui.TextInput[Form] = discord.ui.TextInput(label="Prompt", custom_id="prompt")

        async def on_submit(self, interaction: discord.Interaction) -> None:
            entered.append(self.prompt.value)
            await interaction.response.edit_message(content="submitted", view=None)

    class Controls(discord.ui.View):
        @discord.ui.button(label="Cancel", custom_id="cancel")
        async def cancel(self, interaction: discord.Interaction, _button: discord.ui.Button[Controls]) -> None:
            await interaction.response.edit_message(content="cancelled")

        @discord.ui.button(label="Again", custom_id="again")
        async def again(self, interaction: discord.Interaction, _button: discord.ui.Button[Controls]) -> None:
            await interaction.response.send_modal(Form())

    async def script(interaction: Asked, **_options: object) -> None:
        await interaction.response.send_message("card", view=Controls())

    bot.script = script
    card = (await ada.run("video text", channel=channel, options={"prompt": "a cat"})).message
    assert card is not None
    pressed = await ada.press(card, "cancel")
    assert pressed.message is card
    assert (card.content, card.edits) == ("cancelled", 1)
    opened = await ada.press(card, "again")
    assert opened.modal is not None
    sent = await ada.submit(opened, {"prompt": "a dog"})
    assert sent.error is None
    assert (entered, card.content) == (["a dog"], "submitted")
    with pytest.raises(InvalidCommand, match="nothing called"):
        await ada.press(card, "again")


async def test_a_command_in_the_direct_channel_has_no_guild(
    simulated: SimulatedDiscord, bot: ScriptedBot, ada: Member
) -> None:
    asked: list[Asked] = []

    async def script(interaction: Asked, **_options: object) -> None:
        asked.append(interaction)
        await interaction.response.send_message("ok")

    bot.script = script
    await ada.run("video text", options={"prompt": "a cat"})
    assert asked[0].guild is None
    assert asked[0].context.dm_channel
    assert [message.content for message in ada.direct_messages] == ["ok"]


async def test_a_guild_without_the_bot_has_no_commands(
    bot: ScriptedBot, guild: Guild, ada: Member, channel: Channel
) -> None:
    guild.remove_bot()
    with pytest.raises(InvalidCommand, match="no command"):
        await ada.run("video text", channel=channel, options={"prompt": "a cat"})


async def test_silence_is_no_response(
    simulated: SimulatedDiscord, bot: ScriptedBot, ada: Member, channel: Channel
) -> None:
    codes: list[int] = []

    async def script(interaction: Asked, **_options: object) -> None:
        simulated.advance(3.1)
        try:
            await interaction.response.send_message("too late")
        except discord.NotFound as error:
            codes.append(error.code)

    bot.script = script
    result = await ada.run("video text", channel=channel, options={"prompt": "a cat"})
    assert (result.error, result.message, result.acknowledged_after) == ("no response", None, None)
    await simulated.wait_for(lambda: codes == [10062])


async def test_a_second_answer_is_refused_and_an_old_token_is_dead(
    simulated: SimulatedDiscord, bot: ScriptedBot, ada: Member, channel: Channel, rest: Rest
) -> None:
    await ada.run("video text", channel=channel, options={"prompt": "a cat"})
    answered = next(request for request in simulated.requests if request.path.endswith("/callback"))
    status, body = await rest("POST", answered.path, {"type": 4, "data": {"content": "again"}}, authorization="")
    assert (status, body["code"]) == (400, 40060)
    token = answered.path.split("/")[3]
    original = f"/webhooks/{simulated.application_id}/{token}/messages/@original"
    assert (await rest("PATCH", original, {"content": "edited"}, authorization=""))[0] == 200
    simulated.advance(15 * 60)
    status, body = await rest("PATCH", original, {"content": "too late"}, authorization="")
    assert (status, body["code"]) == (401, 50027)
    assert channel.messages[0].content == "edited"


async def test_without_with_response_the_callback_answers_204(
    simulated: SimulatedDiscord, ada: Member, channel: Channel, rest: Rest
) -> None:
    command = {"name": "ping", "description": "answers"}
    await rest("POST", f"/applications/{simulated.application_id}/commands", command)
    running = asyncio.create_task(ada.run("ping", channel=channel))
    opened = await simulated.wait_for(lambda: list(simulated.world.interactions.all()))
    path = f"/interactions/{opened[0].id}/{opened[0].token}/callback"
    status, body = await rest("POST", path, {"type": 8, "data": {"choices": []}}, authorization="")
    assert (status, body["code"]) == (400, 50035)
    assert await rest("POST", path, {"type": 4, "data": {"content": "pong"}}, authorization="") == (204, None)
    assert (await running).message is channel.messages[0]


@pytest.mark.parametrize(
    ("command", "options", "reason"),
    [
        ("audio", {}, "no command"),
        ("video", {"prompt": "a cat"}, "only a group"),
        ("video song", {}, "no subcommand"),
        ("video text", {}, "required"),
        ("video text", {"prompt": "a cat", "size": 3}, "no option"),
        ("video text", {"prompt": "x"}, "2 to 50"),
        ("video text", {"prompt": "a cat", "duration": 11}, "from 1 to 10"),
        ("video text", {"prompt": "a cat", "duration": "3"}, "cannot be"),
        ("video text", {"prompt": "a cat", "sound": 1}, "cannot be"),
        ("video image", {"image": Upload("a.png", b""), "ratio": "1:1"}, "takes one of"),
        ("video image", {"image": "a.png"}, "cannot be"),
        ("video image", {"image": Upload("a.png", bytes(11 * 1024 * 1024))}, "too large"),
    ],
)
async def test_a_client_sends_only_what_the_command_allows(
    bot: ScriptedBot, ada: Member, channel: Channel, command: str, options: dict[str, object], reason: str
) -> None:
    with pytest.raises(InvalidCommand, match=reason):
        await ada.run(command, channel=channel, options=options)


async def test_a_command_can_be_hidden_by_permission_and_place(
    simulated: SimulatedDiscord, guild: Guild, ada: Member, channel: Channel, rest: Rest
) -> None:
    base = f"/applications/{simulated.application_id}/commands"
    await rest("POST", base, {"name": "mod", "description": "d", "default_member_permissions": "32", "contexts": [0]})
    await rest("POST", base, {"name": "adult", "description": "d", "nsfw": True})
    with pytest.raises(InvalidCommand, match="may not use /mod"):
        await ada.run("mod", channel=channel)
    with pytest.raises(InvalidCommand, match="cannot be used here"):
        await ada.run("mod")
    with pytest.raises(InvalidCommand, match="age-restricted"):
        await ada.run("adult", channel=channel)
    guild.deny(channel, Permission.USE_APPLICATION_COMMANDS, guild.everyone)
    with pytest.raises(InvalidCommand, match="may not use commands"):
        await ada.run("adult", channel=channel)
    assert (await simulated.owner.run("mod", channel=channel, timeout=0.01)).error == "no response"

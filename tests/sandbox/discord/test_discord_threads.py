"""Threads: starting, archiving, locking, and what is refused."""

from __future__ import annotations

import io
from typing import Any

import discord
import pytest

from sandbox.discord import Permission, SimulatedDiscord
from sandbox.discord.channels import Channel
from sandbox.discord.guilds import Guild
from sandbox.discord.members import Member
from tests.sandbox.discord.scripted import Rest, ScriptedBot


async def _start(rest: Rest, channel: Channel, name: str = "talk") -> tuple[int, Any]:
    _, message = await rest("POST", f"/channels/{channel.id}/messages", {"content": "card"})
    return await rest("POST", f"/channels/{channel.id}/messages/{message['id']}/threads", {"name": name})


async def test_a_thread_on_a_message_takes_its_id_and_gets_a_file(
    simulated: SimulatedDiscord, bot: ScriptedBot, ada: Member, channel: Channel
) -> None:
    async def script(interaction: discord.Interaction[ScriptedBot], **_options: object) -> None:
        answer = await interaction.response.send_message("card")
        assert isinstance(interaction.channel, discord.TextChannel)
        assert answer.message_id is not None
        thread = await interaction.channel.get_partial_message(answer.message_id).create_thread(name="a cat")
        mention = discord.AllowedMentions(users=[interaction.user])
        video = discord.File(io.BytesIO(b"video"), "cat.mp4")
        await thread.send(interaction.user.mention, file=video, allowed_mentions=mention)

    bot.script = script
    result = await ada.run("video text", channel=channel, options={"prompt": "a cat"})
    video = await simulated.wait_for(lambda: simulated.threads[0].messages[0])
    thread = simulated.threads[0]
    assert result.message is not None
    assert (thread.id, thread.starter_message_id) == (result.message.id, result.message.id)
    assert (thread.name, thread.parent, thread.owner_id) == ("a cat", channel, simulated.bot_user_id)
    assert result.message.thread is thread
    assert [(file.filename, file.data) for file in video.attachments] == [("cat.mp4", b"video")]
    assert video.mentions == [ada.id]
    assert ada.id in thread.member_ids
    cached = bot.get_channel(thread.id)
    assert isinstance(cached, discord.Thread)
    listed = [message async for message in cached.history()]
    assert [message.type for message in listed] == [
        discord.MessageType.default,
        discord.MessageType.thread_starter_message,
    ]
    assert {member.id for member in await cached.fetch_members()} == {ada.id, simulated.bot_user_id}


async def test_a_second_thread_on_a_message_is_160004(channel: Channel, rest: Rest) -> None:
    status, thread = await _start(rest, channel)
    assert status == 201
    status, body = await rest("POST", f"/channels/{channel.id}/messages/{thread['id']}/threads", {"name": "again"})
    assert (status, body["code"]) == (400, 160004)


async def test_a_thread_without_a_message_leaves_a_line_in_the_channel(
    simulated: SimulatedDiscord, bot: ScriptedBot, channel: Channel
) -> None:
    texts = bot.get_channel(channel.id)
    assert isinstance(texts, discord.TextChannel)
    await texts.create_thread(name="open", type=discord.ChannelType.public_thread)
    assert [message.type async for message in texts.history()] == [discord.MessageType.thread_created]
    assert channel.messages == []
    with pytest.raises(discord.Forbidden) as caught:
        await texts.create_thread(name="secret")
    assert caught.value.code == 50013
    assert [thread.name for thread in simulated.threads] == ["open"]


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "x", "auto_archive_duration": 61}, "auto_archive_duration"),
    ],
)
async def test_a_threads_name_and_duration_are_checked(
    channel: Channel, rest: Rest, body: dict[str, Any], where: str
) -> None:
    _, message = await rest("POST", f"/channels/{channel.id}/messages", {"content": "card"})
    status, answer = await rest("POST", f"/channels/{channel.id}/messages/{message['id']}/threads", body)
    assert (status, answer["code"]) == (400, 50035)
    assert where in answer["errors"]


async def test_starting_a_thread_needs_its_permission_and_a_text_channel(
    guild: Guild, channel: Channel, rest: Rest, ada: Member
) -> None:
    _, thread = await _start(rest, channel)
    _, inside = await rest("POST", f"/channels/{thread['id']}/messages", {"content": "x"})
    path = f"/channels/{thread['id']}/messages/{inside['id']}/threads"
    assert (await rest("POST", path, {"name": "nested"}))[1]["code"] == 50024
    guild.deny(channel, Permission.CREATE_PUBLIC_THREADS)
    assert (await _start(rest, channel))[1]["code"] == 50013
    path = f"/channels/{channel.id}/messages/1/threads"
    guild.allow(channel, Permission.CREATE_PUBLIC_THREADS)
    assert (await rest("POST", path, {"name": "x"}))[1]["code"] == 10008


async def test_sending_in_a_thread_has_a_permission_of_its_own(guild: Guild, channel: Channel, rest: Rest) -> None:
    _, thread = await _start(rest, channel)
    path = f"/channels/{thread['id']}/messages"
    guild.deny(channel, Permission.SEND_MESSAGES)
    assert (await rest("POST", path, {"content": "x"}))[0] == 200
    guild.deny(channel, Permission.SEND_MESSAGES_IN_THREADS)
    assert (await rest("POST", path, {"content": "x"}))[1]["code"] == 50013
    assert (await rest("POST", f"/channels/{thread['id']}/typing"))[1]["code"] == 50013


async def test_an_archived_thread_reopens_on_a_message_but_takes_no_edit(
    simulated: SimulatedDiscord, channel: Channel, rest: Rest
) -> None:
    _, started = await _start(rest, channel)
    path = f"/channels/{started['id']}/messages"
    _, message = await rest("POST", path, {"content": "x"})
    thread = simulated.threads[0]
    thread.archive()
    assert (await rest("PATCH", f"{path}/{message['id']}", {"content": "y"}))[1]["code"] == 50083
    _, listed = await rest("GET", f"/channels/{channel.id}/threads/archived/public")
    assert [one["id"] for one in listed["threads"]] == [started["id"]]
    assert (await rest("POST", path, {"content": "x"}))[0] == 200
    assert not thread.archived


async def test_somebody_elses_thread_can_be_opened_but_not_archived(
    simulated: SimulatedDiscord, guild: Guild, channel: Channel, rest: Rest
) -> None:
    _, started = await _start(rest, channel)
    thread, path = simulated.threads[0], f"/channels/{started['id']}"
    thread.owner_id = guild.add_member("bob").id
    thread.archive()
    guild.deny(channel, Permission.SEND_MESSAGES_IN_THREADS)
    assert (await rest("PATCH", path, {"archived": False}))[1]["code"] == 50013
    guild.allow(channel, Permission.SEND_MESSAGES_IN_THREADS)
    assert (await rest("PATCH", path, {"archived": False}))[0] == 200
    assert (await rest("PATCH", path, {"archived": True}))[1]["code"] == 50013


async def test_a_locked_thread_is_160005_for_all_but_moderators(
    simulated: SimulatedDiscord, guild: Guild, channel: Channel, rest: Rest
) -> None:
    _, started = await _start(rest, channel)
    simulated.threads[0].lock()
    path = f"/channels/{started['id']}"
    assert (await rest("POST", path + "/messages", {"content": "x"}))[1]["code"] == 160005
    assert (await rest("PATCH", path, {"archived": False}))[1]["code"] == 160005
    guild.allow(channel, Permission.MANAGE_THREADS)
    assert (await rest("POST", path + "/messages", {"content": "x"}))[0] == 200


async def test_the_bot_archives_its_own_thread_and_locks_only_as_a_moderator(
    simulated: SimulatedDiscord, guild: Guild, channel: Channel, rest: Rest
) -> None:
    _, started = await _start(rest, channel)
    path = f"/channels/{started['id']}"
    assert (await rest("PATCH", path, {"locked": True}))[1]["code"] == 50013
    status, changed = await rest("PATCH", path, {"archived": True, "name": "done"})
    assert (status, changed["thread_metadata"]["archived"], changed["name"]) == (200, True, "done")
    guild.allow(channel, Permission.MANAGE_THREADS)
    assert (await rest("PATCH", path, {"archived": False, "locked": True}))[0] == 200
    assert simulated.threads[0].locked
    assert (await rest("DELETE", path))[0] == 200
    assert simulated.threads == []
    assert (await rest("GET", path))[1]["code"] == 10003


async def test_the_number_of_active_threads_is_limited(guild: Guild, channel: Channel, rest: Rest) -> None:
    guild.active_thread_limit = 1
    assert (await _start(rest, channel))[0] == 201
    assert (await _start(rest, channel))[1]["code"] == 160006
    _, active = await rest("GET", f"/guilds/{guild.id}/threads/active")
    assert len(active["threads"]) == 1


async def test_members_join_and_leave_a_thread(ada: Member, channel: Channel, rest: Rest) -> None:
    _, started = await _start(rest, channel)
    path = f"/channels/{started['id']}/thread-members"
    assert (await rest("PUT", f"{path}/{ada.id}"))[0] == 204
    assert (await rest("GET", f"{path}/{ada.id}"))[1]["user_id"] == str(ada.id)
    assert (await rest("DELETE", f"{path}/{ada.id}"))[1]["code"] == 50013
    assert (await rest("DELETE", f"{path}/@me"))[0] == 204
    assert (await rest("GET", f"{path}/@me"))[1]["code"] == 10007
    assert (await rest("PUT", f"{path}/1"))[1]["code"] == 10007

"""Logging in, the gateway's life, and reconnecting."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from typing import Any

import aiohttp
import discord
import pytest
from discord.ext import commands

from sandbox.discord import SimulatedDiscord
from sandbox.discord.channels import Channel
from sandbox.discord.guilds import Guild
from sandbox.discord.members import Member
from tests.sandbox.discord.scripted import Rest, ScriptedBot, running


async def test_a_bot_logs_in_registers_its_commands_and_knows_its_guild(
    simulated: SimulatedDiscord, bot: ScriptedBot, guild: Guild, channel: Channel
) -> None:
    assert [command["name"] for command in simulated.commands] == ["video"]
    assert bot.user is not None
    assert bot.user.id == simulated.bot_user_id
    assert bot.application_id == simulated.application_id
    cached = bot.get_guild(guild.id)
    assert cached is not None
    assert cached.name == "Film Club"
    assert cached.me.guild_permissions.create_public_threads
    assert [known.id for known in cached.text_channels] == [channel.id]
    assert (await bot.application_info()).owner.id == simulated.owner.id


async def test_commands_can_be_registered_for_one_guild(
    simulated: SimulatedDiscord, bot: ScriptedBot, guild: Guild, ada: Member, channel: Channel
) -> None:
    target = discord.Object(guild.id)
    bot.tree.copy_global_to(guild=target)
    synced = await bot.tree.sync(guild=target)
    assert [command.guild_id for command in synced] == [guild.id]
    bot.tree.clear_commands(guild=None)
    await bot.tree.sync()
    assert [command["guild_id"] for command in simulated.commands] == [str(guild.id)]
    result = await ada.run("video text", channel=channel, options={"prompt": "a cat"})
    assert result.message is not None


async def test_a_sharded_bot_finds_the_gateway_by_itself(simulated: SimulatedDiscord, channel: Channel) -> None:
    sharded = commands.AutoShardedBot("!", intents=discord.Intents(guilds=True), guild_ready_timeout=0.1)
    async with running(sharded):
        await simulated.wait_for(sharded.is_ready)
        assert sharded.shard_count == 1
        assert sharded.get_channel(channel.id) is not None


@pytest.mark.parametrize("shard", [0, 1])
async def test_a_shard_hears_only_of_its_own_guilds(simulated: SimulatedDiscord, guild: Guild, shard: int) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(simulated.gateway_url) as socket:
        await socket.receive_json()
        await socket.send_json({"op": 2, "d": {"token": "sandbox-token", "intents": 1, "shard": [shard, 2]}})
        told = (await socket.receive_json())["d"]["guilds"]
        assert bool(told) == ((guild.id >> 22) % 2 == shard)


async def test_a_wrong_token_is_refused(simulated: SimulatedDiscord) -> None:
    bot = ScriptedBot()
    with pytest.raises(discord.LoginFailure):
        await bot.start("wrong")
    await bot.close()
    assert simulated.requests[0].status == 401
    assert simulated.requests[0].authorization == "Bot wrong"


async def test_a_bot_resumes_when_asked_to_reconnect(
    simulated: SimulatedDiscord, bot: ScriptedBot, guild: Guild
) -> None:
    simulated.gateway.ask_to_reconnect()
    added = guild.add_text_channel("made while away")
    await simulated.wait_for(lambda: bot.resumes == 1)
    await simulated.wait_for(lambda: bot.get_channel(added.id))
    assert simulated.gateway.identified == 1


async def test_a_bot_resumes_when_the_connection_drops(
    simulated: SimulatedDiscord, bot: ScriptedBot, ada: Member, channel: Channel
) -> None:
    await simulated.gateway.drop()
    await simulated.wait_for(lambda: bot.resumes == 1, timeout=15)
    assert (await ada.run("video text", channel=channel, options={"prompt": "a cat"})).message is not None


async def test_a_bot_identifies_anew_when_its_session_is_invalid(simulated: SimulatedDiscord, bot: ScriptedBot) -> None:
    simulated.gateway.invalidate()
    await simulated.wait_for(lambda: simulated.gateway.identified == 2)
    assert bot.resumes == 0


async def test_a_privileged_intent_is_refused(simulated: SimulatedDiscord) -> None:
    greedy = commands.Bot("!", intents=discord.Intents(guilds=True, members=True))
    with pytest.raises(discord.PrivilegedIntentsRequired):
        await greedy.start(simulated.token)
    await greedy.close()


async def test_a_bot_hears_of_threads_and_channels_and_of_leaving(
    simulated: SimulatedDiscord, bot: ScriptedBot, guild: Guild, channel: Channel, rest: Rest
) -> None:
    status, thread = await rest("POST", f"/channels/{channel.id}/threads", {"name": "talk", "type": 11})
    assert status == 201
    found = await simulated.wait_for(lambda: bot.get_channel(int(thread["id"])))
    assert isinstance(found, discord.Thread)
    simulated.threads[0].archive()
    await simulated.wait_for(lambda: bot.get_channel(int(thread["id"])) is None)
    channel.delete()
    await simulated.wait_for(lambda: bot.get_channel(channel.id) is None)
    guild.remove_bot()
    await simulated.wait_for(lambda: bot.get_guild(guild.id) is None)
    guild.invite_bot()
    await simulated.wait_for(lambda: bot.get_guild(guild.id))


async def _receive(socket: aiohttp.ClientWebSocketResponse, inflate: Callable[[bytes], bytes]) -> Any:
    return json.loads(inflate(await socket.receive_bytes()))


@pytest.mark.parametrize(
    ("intents", "heard"), [(1, ["CHANNEL_CREATE"]), (1 | 1 << 9, ["MESSAGE_CREATE", "CHANNEL_CREATE"])]
)
async def test_messages_are_told_only_with_their_intent(
    simulated: SimulatedDiscord, ada: Member, channel: Channel, guild: Guild, intents: int, heard: list[str]
) -> None:
    inflate = zlib.decompressobj().decompress
    url = simulated.gateway_url + "?v=10&encoding=json&compress=zlib-stream"
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        assert (await _receive(socket, inflate))["op"] == 10
        await socket.send_json({"op": 2, "d": {"token": "sandbox-token", "intents": intents, "properties": {}}})
        assert [(await _receive(socket, inflate))["t"] for _ in range(2)] == ["READY", "GUILD_CREATE"]
        ada.send(channel, "hello")
        guild.add_text_channel("more")
        events = [await _receive(socket, inflate) for _ in heard]
        assert [event["t"] for event in events] == heard
        if "MESSAGE_CREATE" in heard:
            assert events[0]["d"]["content"] == ""


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("no json", 4002),
        ('{"op": 99}', 4001),
        ('{"op": 3, "d": {}}', 4003),
        ('{"op": 2, "d": {"token": "wrong", "intents": 1}}', 4004),
        ('{"op": 2, "d": {"token": "sandbox-token", "intents": 1, "shard": [2, 2]}}', 4010),
        ('{"op": 2, "d": {"token": "sandbox-token"}}', 4013),
        ('{"op": 6, "d": {"token": "wrong", "session_id": "x", "seq": 1}}', 4004),
    ],
)
async def test_the_gateway_closes_with_discords_codes(simulated: SimulatedDiscord, frame: str, code: int) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(simulated.gateway_url) as socket:
        await socket.receive_json()
        await socket.send_str(frame)
        assert (await socket.receive()).data == code


async def test_a_silent_connection_is_closed(point_discord_py: object) -> None:
    async with (
        SimulatedDiscord(heartbeat_interval=0.05) as simulated,
        aiohttp.ClientSession() as session,
        session.ws_connect(simulated.gateway_url) as socket,
    ):
        await socket.receive_json()
        assert (await socket.receive()).data == 4009


async def test_a_refused_handshake_is_a_fault_of_the_method_ws(simulated: SimulatedDiscord) -> None:
    simulated.fail_next("WS", "/gateway", 502)
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(simulated.gateway_url)

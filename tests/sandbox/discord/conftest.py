"""A simulated Discord with one guild, a bot that has logged in, and a bare REST client."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Callable, Iterator

import aiohttp
import discord
import pytest
import yarl
from PIL import Image

from sandbox.discord import SimulatedDiscord
from sandbox.discord.channels import Channel
from sandbox.discord.guilds import Guild
from sandbox.discord.members import Member
from tests.sandbox.discord.scripted import Rest, ScriptedBot, running


@pytest.fixture
def point_discord_py() -> Iterator[Callable[[SimulatedDiscord], None]]:
    """Set the two class attributes that discord.py 2.7.1 takes its addresses from, and put them back."""
    base, gateway = discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY

    def point(simulated: SimulatedDiscord) -> None:
        discord.http.Route.BASE = simulated.api_url
        discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(simulated.gateway_url)

    yield point
    discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = base, gateway


@pytest.fixture
async def simulated(point_discord_py: Callable[[SimulatedDiscord], None]) -> AsyncIterator[SimulatedDiscord]:
    async with SimulatedDiscord() as started:
        point_discord_py(started)
        yield started


@pytest.fixture
def guild(simulated: SimulatedDiscord) -> Guild:
    return simulated.add_guild("Film Club")


@pytest.fixture
def channel(guild: Guild) -> Channel:
    return guild.add_text_channel("videos")


@pytest.fixture
def ada(guild: Guild) -> Member:
    return guild.add_member("ada")


@pytest.fixture
async def bot(simulated: SimulatedDiscord, channel: Channel) -> AsyncIterator[ScriptedBot]:
    scripted = ScriptedBot()
    async with running(scripted):
        await simulated.ready()
        await scripted.wait_until_ready()
        yield scripted


@pytest.fixture
async def rest(simulated: SimulatedDiscord) -> AsyncIterator[Rest]:
    async with aiohttp.ClientSession() as session:
        yield Rest(session, simulated)


@pytest.fixture
def png() -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (32, 18)).save(target, "PNG")
    return target.getvalue()

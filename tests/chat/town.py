"""The simulated Discord with a small community, and the bot logged in to it: fixtures, imported by the conftests."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.domain.generation import Generation
from bot.store.schema import migrate
from sandbox.discord import RecordedRequest, SimulatedDiscord
from sandbox.discord.channels import Channel
from sandbox.discord.guilds import Guild
from sandbox.discord.members import Member
from tests.chat import samples
from tests.chat.stage import Setting, Stage, joined
from tests.contracts.discord_openapi.check import rest_violations

_seen: set[tuple[str, str, str]] = set()
_OF_THE_CHECK = ("GET", "/users/@me/guilds")
"""Asked by `showreel check` alone; the excerpt of the specification holds what the running bot asks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """A guild with a channel and a member."""

    discord: SimulatedDiscord
    guild: Guild
    channel: Channel
    ada: Member

    def generation(self, **changes: Any) -> Generation:
        """A generation that ada asked for in the channel."""
        place = {"guild_id": self.guild.id, "channel_id": self.channel.id, "requester_id": self.ada.id}
        origin = samples.origin(**{**place, **changes.pop("origin", {})})
        return samples.generation(origin=origin, **changes)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "showreel.db"
    asyncio.run(migrate(f"sqlite:///{path}"))
    return path


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    """The town; what the bot asked of the API in it must fit Discord's specification."""
    async with SimulatedDiscord() as discord:
        guild = discord.add_guild("Film Club")
        yield Town(discord=discord, guild=guild, channel=guild.add_text_channel("videos"), ada=guild.add_member("ada"))
        assert rest_violations(_not_seen_before(discord.requests)) == []


def _not_seen_before(requests: Iterable[RecordedRequest]) -> list[RecordedRequest]:
    """Requests whose like was not checked yet in this run: every login registers the same commands."""
    fresh = {
        (request.method, request.route, json.dumps(request.body)): request
        for request in requests
        if (request.method, request.route) != _OF_THE_CHECK
    }
    new = [request for key, request in fresh.items() if key not in _seen]
    _seen.update(fresh)
    return new


@pytest.fixture
async def stage(town: Town, migrated: Path, tmp_path: Path) -> AsyncIterator[Stage]:
    """The bot, logged in to the REST API of the town but not connected to its gateway."""
    setting = Setting(api_url=town.discord.api_url, gateway_url=town.discord.gateway_url)
    async with joined(setting, migrated, tmp_path) as stage:
        await stage.bot.log_in(town.discord.token)
        yield stage


@pytest.fixture
async def connected(town: Town, migrated: Path, tmp_path: Path) -> AsyncIterator[Stage]:
    """The bot, connected to the gateway of the town."""
    setting = Setting(api_url=town.discord.api_url, gateway_url=town.discord.gateway_url)
    async with connecting(town, setting, migrated, tmp_path) as stage:
        yield stage


@asynccontextmanager
async def connecting(town: Town, setting: Setting, migrated: Path, folder: Path) -> AsyncIterator[Stage]:
    """The bot with a setting, connected for as long as the block lasts."""
    async with joined(setting, migrated, folder) as stage:
        await stage.bot.log_in(town.discord.token)
        task = asyncio.create_task(stage.bot.connect(), name="discord")
        await town.discord.ready()
        async with asyncio.timeout(10):
            await stage.bot.wait_until_ready()
        yield stage
        await stage.bot.close()
        await asyncio.gather(task, return_exceptions=True)

"""Logging in, registering commands, whom the bot serves, and the permissions that it needs."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import discord
import pytest
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.chat.client import DiscordUnreachableError, Served, TokenRefusedError
from bot.chat.endpoints import point_at
from bot.chat.permissions import NEEDED, Lacking, lacking_permissions, missing_from
from sandbox.discord import Permission, SimulatedDiscord
from tests.chat.stage import NOWHERE, Setting, Stage, joined
from tests.chat.town import Town

GLOBAL = "/applications/{application_id}/commands"
GUILDS = "/applications/{application_id}/guilds/{guild_id}/commands"
NAMES = {"video", "models", "usage", "cancel", "history", "show", "mod", "setup", "privacy", "owner"}


@asynccontextmanager
async def opened(discord_: SimulatedDiscord, migrated: Path, folder: Path, **changes: Any) -> AsyncIterator[Stage]:
    """A stage with another setting, not logged in."""
    setting = Setting(api_url=discord_.api_url, gateway_url=discord_.gateway_url, **changes)
    async with joined(setting, migrated, folder) as stage:
        yield stage


def names(commands: list[dict[str, Any]], guild_id: int | None = None) -> set[str]:
    """The names of what is registered in a guild, or everywhere."""
    wanted = None if guild_id is None else str(guild_id)
    return {command["name"] for command in commands if command.get("guild_id") == wanted}


async def test_commands_are_registered_everywhere(stage: Stage, town: Town) -> None:
    assert names(town.discord.commands) == NAMES
    assert stage.bot.synced.is_set()


@pytest.mark.parametrize("fault", ["page-after", "torn-after"])
async def test_a_spoilt_answer_to_the_login_is_discord_out_of_reach(
    town: Town, migrated: Path, tmp_path: Path, fault: Any
) -> None:
    town.discord.fail_next("GET", "/users/@me", fault)
    async with opened(town.discord, migrated, tmp_path) as stage:
        with pytest.raises(DiscordUnreachableError):
            await stage.bot.log_in(town.discord.token)


async def test_commands_are_registered_only_in_the_guilds_served(town: Town, migrated: Path, tmp_path: Path) -> None:
    other = town.discord.add_guild("Elsewhere")
    async with opened(town.discord, migrated, tmp_path, served=Served(guild_ids=(town.guild.id,))) as stage:
        await stage.bot.log_in(town.discord.token)
    assert names(town.discord.commands, town.guild.id) == NAMES
    assert names(town.discord.commands, other.id) == set()
    (private,) = [command for command in town.discord.commands if "guild_id" not in command]
    assert (private["name"], private["contexts"], private["integration_types"]) == ("privacy", [1], [0])
    assert [option["name"] for option in private["options"]] == ["show", "delete"]


async def test_commands_of_a_former_configuration_are_taken_back(
    stage: Stage, town: Town, migrated: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert names(town.discord.commands) == NAMES
    await stage.bot.close()
    folder = tmp_path_factory.mktemp("again")
    async with opened(town.discord, migrated, folder, served=Served(guild_ids=(town.guild.id,))) as again:
        await again.bot.log_in(town.discord.token)
    assert names(town.discord.commands) == {"privacy"}
    assert names(town.discord.commands, town.guild.id) == NAMES


async def test_a_guild_that_cannot_be_reached_does_not_stop_the_others(
    town: Town, migrated: Path, tmp_path: Path
) -> None:
    town.discord.fail_next("PUT", GUILDS, 403)
    other = town.discord.add_guild("Elsewhere")
    async with opened(town.discord, migrated, tmp_path, served=Served(guild_ids=(town.guild.id, other.id))) as stage:
        await stage.bot.log_in(town.discord.token)
    assert names(town.discord.commands, town.guild.id) == set()
    assert names(town.discord.commands, other.id) == NAMES


async def test_a_wrong_token_is_told_as_such(town: Town, migrated: Path, tmp_path: Path) -> None:
    async with opened(town.discord, migrated, tmp_path) as stage:
        with pytest.raises(TokenRefusedError):
            await stage.bot.log_in("another-token")


async def test_discord_being_away_is_told_as_such(migrated: Path, tmp_path: Path) -> None:
    async with joined(Setting(api_url=f"{NOWHERE}/api/v10"), migrated, tmp_path) as stage:
        with pytest.raises(DiscordUnreachableError):
            await stage.bot.log_in("sandbox-token")


@pytest.mark.parametrize("fault", [403, 429, 503, "cut-before"])
async def test_discord_failing_at_login_is_told_as_such(town: Town, migrated: Path, tmp_path: Path, fault: Any) -> None:
    town.discord.fail_next("PUT", GLOBAL, fault, times=2, retry_after=3600)  # aiohttp repeats a cut PUT once by itself
    async with opened(town.discord, migrated, tmp_path) as stage:
        with pytest.raises(DiscordUnreachableError):
            await stage.bot.log_in(town.discord.token)


async def test_the_configured_gateway_is_dialled(connected: Stage, town: Town) -> None:
    assert connected.bot.is_ready()
    assert town.discord.gateway.connected
    assert [guild.id for guild in connected.bot.guilds] == [town.guild.id]


async def test_without_a_configured_gateway_discord_is_asked(town: Town, migrated: Path, tmp_path: Path) -> None:
    async with joined(Setting(api_url=town.discord.api_url), migrated, tmp_path) as stage:
        await stage.bot.log_in(town.discord.token)
        task = asyncio.create_task(stage.bot.connect())
        await stage.bot.wait_until_ready()
        await stage.bot.close()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_no_privileged_intent_is_asked_for(stage: Stage) -> None:
    assert stage.bot.intents == discord.Intents(guilds=True)


async def test_members_and_messages_are_not_kept_in_memory(stage: Stage) -> None:
    assert stage.bot._connection.max_messages is None
    assert stage.bot._connection.member_cache_flags == discord.MemberCacheFlags.none()


def test_discord_py_is_pointed_at_a_base_and_a_gateway() -> None:
    base, gateway = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    try:
        point_at("http://proxy.example/api/v10/", "ws://gateway.example/")
        assert Route("GET", "/users/@me").url == "http://proxy.example/api/v10/users/@me"
        assert yarl.URL("ws://gateway.example/") == DiscordWebSocket.DEFAULT_GATEWAY
        point_at("http://proxy.example/api/v10", "")
        assert yarl.URL("ws://gateway.example/") == DiscordWebSocket.DEFAULT_GATEWAY
    finally:
        point_at(base, str(gateway))


@pytest.mark.parametrize(
    ("served", "guild_id", "is_served"),
    [
        (Served(), 1, True),
        (Served(), None, False),
        (Served(user_install=True), None, True),
        (Served(user_install=True), 1, True),
        (Served(guild_ids=(1, 2)), 2, True),
        (Served(guild_ids=(1, 2)), 3, False),
        (Served(guild_ids=(1, 2)), None, False),
    ],
)
def test_whom_the_bot_serves(served: Served, guild_id: int | None, *, is_served: bool) -> None:
    assert served.serves(guild_id) is is_served


async def test_lacking_permissions_are_named_by_guild(stage: Stage, town: Town) -> None:
    bare = town.discord.add_guild("Bare")
    for role in (bare.everyone, *bare.bot.roles):
        role.permissions &= ~(Permission.ATTACH_FILES | Permission.CREATE_PUBLIC_THREADS)
    assert await lacking_permissions(Route.BASE, town.discord.token) == (
        2,
        [Lacking(guild="Bare", permissions=("attach_files", "create_public_threads"))],
    )
    assert stage.bot.application is not None


async def test_permissions_can_only_be_asked_with_a_good_token(stage: Stage) -> None:
    with pytest.raises(TokenRefusedError):
        await lacking_permissions(Route.BASE, "another-token")
    with pytest.raises(DiscordUnreachableError):
        await lacking_permissions(f"{NOWHERE}/api/v10", "sandbox-token")
    assert not stage.bot.is_closed()


def test_an_administrator_lacks_nothing() -> None:
    assert missing_from(discord.Permissions(administrator=True)) == ()
    assert missing_from(NEEDED) == ()
    assert set(missing_from(discord.Permissions.none())) == {name for name, needed in NEEDED if needed}

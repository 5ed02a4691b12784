"""The fixtures of the tests over the wire, and a guild in SimCord: discord.py itself on a Discord in this process."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from discord import app_commands
from simcord import Env
from simcord.actors import MemberActor
from simcord.builders import ChannelHandle, GuildHandle
from simcord.results import InteractionResult

from bot.domain.errors import Rejection
from bot.domain.generation import Generation
from bot.domain.limits import Limit
from bot.store import limits
from tests.chat.stage import Setting, Stage, joined
from tests.chat.town import connected, migrated, stage, town
from tests.cogs.desk import desk
from tests.reports.howto import followed

__all__ = ["connected", "desk", "followed", "migrated", "stage", "town"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A guild with a channel and a member, and the bot in it."""

    env: Env
    stage: Stage
    guild: GuildHandle
    channel: ChannelHandle
    ada: MemberActor

    async def run(self, command: str, /, **options: Any) -> InteractionResult:
        """Ada runs a command in the channel."""
        return await self.ada.slash(self.channel, command, **options)

    async def typed(self, command: str, option: str, current: str, /, **filled: Any) -> list[Any]:
        """The values suggested to ada while she types."""
        choices = await self.ada.autocomplete(self.channel, command, option, current, **filled)
        return [choice["value"] for choice in choices]

    async def put(self, limit: Limit) -> None:
        """Set a limit of the guild, as its moderators do."""
        await self.stage.store.generations._database.write(lambda it: limits.put(it, self.guild.id, limit))

    async def stored(self) -> list[Generation]:
        """What is stored of ada in the guild, newest first."""
        return await self.stage.all_of(self.ada.id, self.guild.id)


@pytest.fixture
def setting(request: pytest.FixtureRequest) -> Setting:
    """The setting of the scene; tests that want another give it as an indirect parameter."""
    return getattr(request, "param", Setting())


@pytest.fixture
async def scene(setting: Setting, migrated: Path, tmp_path: Path) -> AsyncIterator[Scene]:
    """The scene; whatever a command raised in it must be a rejection."""
    async with joined(setting, migrated, tmp_path) as parts:
        env = Env(parts.bot, shard_count=1, check_errors=False)
        await env.start()
        guild = env.create_guild("Film Club", id=setting.guild_id)
        channel = guild.create_text_channel("videos")
        ada = guild.add_member(env.create_user("ada"))
        yield Scene(env=env, stage=parts, guild=guild, channel=channel, ada=ada)
        await env.shutdown()
        assert [error for error in env.errors if not _is_rejection(error)] == []


def _is_rejection(error: BaseException) -> bool:
    return isinstance(error, app_commands.CommandInvokeError) and isinstance(error.original, Rejection)

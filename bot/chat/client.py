"""The client: which guilds it serves, which languages it speaks, when it is ready."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeAlias

import aiohttp
import discord
import structlog
from discord import app_commands
from discord.ext import commands

from bot.chat.answers import GARBLED, require_json
from bot.chat.endpoints import point_at
from bot.chat.global_limit import LONGEST, GlobalLimit
from bot.chat.moderators import Moderators
from bot.chat.replies import answer_error, answer_failure, answer_nothing, answer_problem
from bot.chat.served import Served
from bot.chat.translator import CatalogTranslator
from bot.domain.errors import GuildNotServed, ModeratorOnly, OwnerOnly, Problem
from bot.i18n import speak

__all__ = ["CogMaker", "DiscordUnreachableError", "Served", "ShowreelClient", "TokenRefusedError", "login_faults"]

log = structlog.get_logger(__name__)


FIRST_SHARD = 0
GATEWAY_PAUSE = 5.0
GATEWAY_PAUSE_LONGEST = 60.0
"""Seconds between two questions for the gateway; the pause doubles."""

OF_MODERATORS = frozenset({"mod", "setup"})
OF_THE_OWNER = frozenset({"owner"})
"""Commands, with all below them, that are refused to everybody else before anything else is done."""

FOR_ONESELF = "privacy"
"""The command that is answered in direct messages always."""

_IN_DIRECT_MESSAGES = 1
"""Discord's number for an app's direct messages as the context of a command (Application Commands, contexts)."""


FAREWELL = 1.0
"""Seconds that answers under way are given before the connection is closed, and again until they have ended."""

_ANSWERING = ("CommandTree-invoker", "discord.py: on_interaction")
"""What discord.py calls the tasks that answer commands, buttons, menus and forms."""


class TokenRefusedError(Exception):
    """Discord does not accept the token."""


class DiscordUnreachableError(Exception):
    """Discord could not be reached, or answered with a failure of its own."""


@contextmanager
def login_faults() -> Iterator[None]:
    """Turn what goes wrong while logging in into one of the two errors above."""
    try:
        yield
    except discord.LoginFailure as error:
        raise TokenRefusedError from error
    except (discord.HTTPException, discord.RateLimited, aiohttp.ClientError, OSError, TimeoutError, *GARBLED) as error:
        raise DiscordUnreachableError(str(error)) from error


class ShowreelTree(app_commands.CommandTree["ShowreelClient"]):
    """Commands, checked against the guilds served, spoken in the member's language, errors answered in one place."""

    async def interaction_check(self, interaction: discord.Interaction["ShowreelClient"], /) -> bool:
        """Refuse what comes from elsewhere, or from others than a command is for, whatever Discord's client shows.

        Each interaction has a task, and so a context, of its own: the language set here lasts for all of it.
        """
        speak(interaction.locale.value)
        is_typing = interaction.type is discord.InteractionType.autocomplete
        try:
            found = await self._problem(interaction)
        except Exception as error:  # the edge of a command: any failure is answered and logged
            if is_typing:
                log.warning("autocomplete_failed", exc_info=error)
            else:
                await answer_failure(interaction, error, _root(interaction))
            return False
        if found is not None:
            await (answer_nothing(interaction) if is_typing else answer_problem(interaction, found))
        return found is None

    async def _problem(self, interaction: discord.Interaction["ShowreelClient"]) -> Problem | None:
        client, root = interaction.client, _root(interaction)
        if root == FOR_ONESELF:
            return None if client.served.answers_for_oneself(interaction) else GuildNotServed()
        if not client.served.serves_here(interaction):
            return GuildNotServed()
        if root in OF_MODERATORS:
            return None if (await client.moderators.actor(interaction)).is_moderator else ModeratorOnly()
        if root in OF_THE_OWNER:
            if not await client.is_owner(interaction.user):
                return OwnerOnly()
            return GuildNotServed() if interaction.guild_id is None else None
        return None

    async def on_error(
        self, interaction: discord.Interaction["ShowreelClient"], error: app_commands.AppCommandError, /
    ) -> None:
        """Answer it; a failed autocomplete has nobody to answer to."""
        if interaction.type is discord.InteractionType.autocomplete:
            log.warning("autocomplete_failed", exc_info=error)
            return
        await answer_error(interaction, error)


def _root(interaction: discord.Interaction[Any]) -> str:
    """The name of the command, without those below it."""
    data: Any = interaction.data or {}
    return str(data.get("name", "?"))


class ShowreelClient(commands.AutoShardedBot):
    """The connection to Discord. It asks for no privileged intent: interactions belong to none."""

    def __init__(
        self,
        *,
        served: Served,
        api_url: str,
        gateway_url: str,
        cogs: Sequence["CogMaker"],
        moderators: Moderators,
        clock: Callable[[], datetime] = discord.utils.utcnow,
        **options: Any,
    ) -> None:
        point_at(api_url, gateway_url)
        self.served = served
        self.moderators = moderators
        self.synced = asyncio.Event()
        self._gateway_url = gateway_url
        self._make_cogs = cogs
        self._away: dict[int, datetime] = {}
        self._clock = clock
        trace = GlobalLimit(lambda: self).trace
        trace.on_request_end.append(require_json)
        super().__init__(
            command_prefix=commands.when_mentioned,
            help_command=None,
            intents=discord.Intents(guilds=True),
            tree_cls=ShowreelTree,
            allowed_mentions=discord.AllowedMentions.none(),
            allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=served.user_install),
            allowed_installs=app_commands.AppInstallationType(guild=True, user=served.user_install),
            chunk_guilds_at_startup=False,
            member_cache_flags=discord.MemberCacheFlags.none(),
            max_messages=None,
            max_ratelimit_timeout=LONGEST,
            http_trace=trace,
            **options,
        )

    async def log_in(self, token: str) -> None:
        """Log in and register the commands; raises TokenRefusedError or DiscordUnreachableError."""
        with login_faults():
            await self.login(token)

    async def setup_hook(self) -> None:
        """Add the commands and register them, in the served guilds or everywhere."""
        await self.tree.set_translator(CatalogTranslator())
        for make in self._make_cogs:
            await self.add_cog(make(self))
        await self.register_commands()

    async def register_commands(self) -> None:
        """Write the commands to Discord, in place of what was registered."""
        if not self.served.guild_ids:
            registered = await self.tree.sync()
            log.info("commands_registered", count=len(registered))
        for guild_id in self.served.guild_ids:
            guild = discord.Object(guild_id)
            self.tree.copy_global_to(guild=guild)
            try:
                registered = await self.tree.sync(guild=guild)
            except discord.Forbidden:
                log.error("guild_not_reachable", guild=guild_id)  # noqa: TRY400 - the cause is in the event's name
                continue
            log.info("commands_registered", guild=guild_id, count=len(registered))
        if self.served.guild_ids:
            await self._register_for_direct_messages()
        self.synced.set()

    async def _register_for_direct_messages(self) -> None:
        """Write what is for direct messages, in place of the commands of a run without `guild_ids`.

        Commands of a guild aren't shown there; in guilds this one isn't shown, so that nobody sees two of it.
        """
        command, translator = self.tree.get_command(FOR_ONESELF), self.tree.translator
        if command is None or translator is None or self.application_id is None:
            raise RuntimeError("commands are registered once they are added, after logging in")
        payload = await command.get_translated_payload(self.tree, translator)
        payload["contexts"] = [_IN_DIRECT_MESSAGES]
        await self.http.bulk_upsert_global_commands(self.application_id, payload=[payload])

    async def close(self) -> None:
        """Let answers under way be given, for a moment; then close the connection."""
        if not self.is_closed():
            await _see_off([task for task in asyncio.all_tasks() if task.get_name() in _ANSWERING])
        await super().close()

    @property
    def away_since(self) -> datetime | None:
        """Since when a shard, the one that is longest away, has no gateway; None while all of them have one."""
        return min(self._away.values(), default=None)

    async def launch_shards(self) -> None:
        """Use the configured gateway as it is; discord.py dials its own default only for an explicit shard count.

        discord.py gives up where Discord can't say which gateway to use; here it is asked until it can.
        """
        self._away[FIRST_SHARD] = self._clock()
        pause = GATEWAY_PAUSE
        while not self.is_closed():
            try:
                if self._gateway_url:
                    shards, _url, _limits = await self.http.get_bot_gateway()
                    self.shard_count = shards
                await super().launch_shards()
            except (discord.GatewayNotFound, discord.RateLimited, aiohttp.ClientError, OSError, *GARBLED) as error:
                log.warning("gateway_unknown", error=str(error.__cause__ or error), pause=pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, GATEWAY_PAUSE_LONGEST)
            else:
                return

    async def on_shard_disconnect(self, shard_id: int) -> None:
        """Note since when it is away; a further failure to come back doesn't count anew."""
        self._away.setdefault(shard_id, self._clock())

    async def on_shard_connect(self, shard_id: int) -> None:
        """Note that a new session has begun."""
        self._away.pop(shard_id, None)

    async def on_shard_resumed(self, shard_id: int) -> None:
        """Note that the session goes on."""
        self._away.pop(shard_id, None)

    async def on_ready(self) -> None:
        """Say who we are, once the guilds are known."""
        log.info("discord_ready", user=str(self.user), guilds=len(self.guilds))


async def _see_off(answering: Sequence[asyncio.Task[Any]]) -> None:
    """Wait for tasks a little, then cut them: what they have begun, such as a process, is ended while the loop runs."""
    if answering:
        _, left = await asyncio.wait(answering, timeout=FAREWELL)
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=FAREWELL)


CogMaker: TypeAlias = Callable[[ShowreelClient], commands.Cog]

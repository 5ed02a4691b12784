"""/mod: the commands of moderators, joined from their parts; whatever Discord shows, rights are checked here."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import discord
from discord import app_commands
from discord.app_commands import locale_str
from discord.ext import commands

from bot.chat import spans, texts
from bot.chat.lists import listing, told
from bot.chat.moderators import FOR_GUILDS, IN_GUILDS, Moderators
from bot.chat.replies import whisper
from bot.domain.generation import State
from bot.domain.guild import Block
from bot.i18n import N_, _
from bot.work.interventions import Interventions
from bot.work.moderation import Moderation
from cogs.blocks import block_choices, one_of

Part: TypeAlias = app_commands.Group | app_commands.Command[Any, Any, Any]
"""A group of commands, or one command, that is added to /mod."""

Reason: TypeAlias = app_commands.Range[str, 1, 500]
Reference: TypeAlias = app_commands.Range[str, 1, 200]

PageNumber: TypeAlias = app_commands.Range[int, 1, 1_000]
"""A page of a list; one after the last is the last."""

WHICH_PAGE = N_("Which page of a long list")
WHY = N_("Why; kept in the log")


class Mod(commands.Cog):
    """Blocks, pauses and what concerns single videos; everything else are parts."""

    mod = app_commands.Group(
        name="mod",
        description=locale_str(N_("For the moderators of this server")),
        default_permissions=discord.Permissions(manage_guild=True),
        guild_only=True,
        allowed_contexts=IN_GUILDS,
        allowed_installs=FOR_GUILDS,
    )

    def __init__(
        self, moderators: Moderators, moderation: Moderation, interventions: Interventions, parts: Sequence[Part] = ()
    ) -> None:
        self._moderators = moderators
        self._moderation = moderation
        self._interventions = interventions
        for part in parts:
            self.mod.add_command(part)

    @mod.command(name="block", description=locale_str(N_("Let somebody make no videos here")))
    @app_commands.describe(
        member=locale_str(N_("Whom")),
        duration=locale_str(N_("How long, such as 2h or 7d; else without end")),
        reason=locale_str(N_("Why; they are told, and it is kept in the log")),
    )
    async def block(
        self,
        interaction: discord.Interaction,
        member: discord.User,
        duration: app_commands.Range[str, 1, 40] | None = None,
        reason: Reason | None = None,
    ) -> None:
        """Block a member, whether here or gone; an earlier block is replaced."""
        length = None if duration is None else spans.span_of(duration)
        actor = await self._moderators.actor(interaction)
        block = await self._moderation.block(actor, member.id, length, reason)
        await whisper(interaction, _blocked_sentence(block))

    @block.autocomplete("duration")
    async def _durations(self, _interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        return spans.suggested(current)

    @mod.command(name="unblock", description=locale_str(N_("Let somebody make videos here again")))
    @app_commands.describe(
        member=locale_str(N_("Whom")),
        listed=locale_str(N_("Or one from the list of those blocked")),
        reason=locale_str(WHY),
    )
    async def unblock(
        self,
        interaction: discord.Interaction,
        member: discord.User | None = None,
        listed: app_commands.Range[str, 1, 40] | None = None,
        reason: Reason | None = None,
    ) -> None:
        """End a block, also that of somebody who left."""
        actor = await self._moderators.actor(interaction)
        block = await self._moderation.unblock(actor, one_of(member, listed), reason)
        await whisper(interaction, _("<@{id}> can make videos here again.", id=block.user_id))

    @unblock.autocomplete("listed")
    async def _listed(self, interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        blocks = await self._moderation.blocked(await self._moderators.actor(interaction))
        return block_choices(blocks, current)

    @mod.command(name="blocked", description=locale_str(N_("Who can make no videos here")))
    @app_commands.describe(page=locale_str(WHICH_PAGE))
    async def blocked(self, interaction: discord.Interaction, page: PageNumber = 1) -> None:
        """List the blocks that hold now, latest first."""
        blocks = await self._moderation.blocked(await self._moderators.actor(interaction))
        lines = [_block_line(block) for block in blocks]
        await whisper(interaction, embed=listing(_("Blocked"), lines, _("Nobody is blocked here."), page))

    @mod.command(name="pause", description=locale_str(N_("Take no new videos here until resumed")))
    @app_commands.describe(reason=locale_str(WHY))
    async def pause(self, interaction: discord.Interaction, reason: Reason | None = None) -> None:
        """Accept nothing here until resumed."""
        settings = await self._moderation.pause(await self._moderators.actor(interaction), reason)
        since = texts.instant(settings.paused_at) if settings.paused_at else _("now")
        text = _("No new videos are taken here since {since}; those under way go on.", since=since)
        await whisper(interaction, text + " " + _("/mod resume ends that."))

    @mod.command(name="resume", description=locale_str(N_("Take new videos here again")))
    @app_commands.describe(reason=locale_str(WHY))
    async def resume(self, interaction: discord.Interaction, reason: Reason | None = None) -> None:
        """Accept again."""
        await self._moderation.resume(await self._moderators.actor(interaction), reason)
        await whisper(interaction, _("New videos are taken here."))

    @mod.command(name="cancel", description=locale_str(N_("Stop somebody's video")))
    @app_commands.describe(generation=locale_str(N_("Its id, from the foot of its card")), reason=locale_str(WHY))
    async def cancel(self, interaction: discord.Interaction, generation: Reference, reason: Reason) -> None:
        """Ask to stop it, and say how that went as far as it is known."""
        await interaction.response.defer(ephemeral=True)
        after = await self._interventions.cancel(await self._moderators.actor(interaction), generation, reason)
        if after.state is State.CANCELLED:
            await whisper(interaction, _("{generation} is cancelled and counts for nothing.", generation=after.id))
        else:
            text = _("I have asked for {generation} to be stopped; its card will tell.", generation=after.id)
            await whisper(interaction, text)

    @mod.command(name="release", description=locale_str(N_("Give back what a video was counted for")))
    @app_commands.describe(generation=locale_str(N_("Its id, from the foot of its card")), reason=locale_str(WHY))
    async def release(self, interaction: discord.Interaction, generation: Reference, reason: Reason) -> None:
        """Refund a finished one, or give up an unclear one."""
        await interaction.response.defer(ephemeral=True)
        after = await self._interventions.release(await self._moderators.actor(interaction), generation, reason)
        if after.state is State.SUCCEEDED:
            text = _("What {generation} took was given back; it no longer counts.", generation=after.id)
        else:
            text = _("{generation} is given up; it no longer counts.", generation=after.id)
        await whisper(interaction, text)


def _blocked_sentence(block: Block) -> str:
    text = _("<@{id}> can't make videos here any more.", id=block.user_id)
    if block.until is not None:
        text += " " + _("That ends {when}.", when=texts.instant(block.until, "F"))
    return text + " " + _("Reason: {why}", why=told(block.why, 500)) if block.why else text


def _block_line(block: Block) -> str:
    until = texts.instant(block.until) if block.until else _("without end")
    parts = [f"<@{block.user_id}>", _("since {when}", when=texts.instant(block.blocked_at, "d"))]
    parts.append(_("ends {when}", when=until) if block.until else until)
    return " · ".join([*parts, told(block.why)] if block.why else parts)

"""Private answers, and the one place that turns what a command raised into words."""

import secrets

import discord
import structlog
from discord import app_commands

from bot.chat.problems import problem
from bot.domain.errors import Rejection
from bot.i18n import _

log = structlog.get_logger(__name__)


async def whisper(
    interaction: discord.Interaction, text: str | None = None, *, embed: discord.Embed | None = None
) -> None:
    """Answer so that only the one who asked can see it."""
    nobody = discord.AllowedMentions.none()
    embeds = [] if embed is None else [embed]
    if interaction.response.is_done():
        await interaction.followup.send(text or "", embeds=embeds, ephemeral=True, allowed_mentions=nobody)
    else:
        await interaction.response.send_message(text, embeds=embeds, ephemeral=True, allowed_mentions=nobody)


async def answer_error(interaction: discord.Interaction, error: app_commands.AppCommandError) -> None:
    """A rejection becomes its sentence; anything else a reference that stands in the log."""
    cause = error.__cause__ if isinstance(error, app_commands.CommandInvokeError) else error
    command = interaction.command.qualified_name if interaction.command else "?"
    if isinstance(cause, Rejection):
        log.info("request_rejected", command=command, problem=type(cause.problem).__name__)
        await _try_to_whisper(interaction, problem(cause.problem))
        return
    if isinstance(error, app_commands.CheckFailure):
        return  # whoever refused it has answered
    if isinstance(cause, discord.HTTPException) and cause.code in {10062, 40060}:
        log.warning("interaction_gone", command=command, code=cause.code)
        return
    reference = secrets.token_hex(4)
    log.error("command_failed", command=command, reference=reference, exc_info=cause or error)
    text = _("Something went wrong here, reference {reference}. It was written down.", reference=reference)
    await _try_to_whisper(interaction, text)


async def _try_to_whisper(interaction: discord.Interaction, text: str) -> None:
    try:
        await whisper(interaction, text)
    except discord.HTTPException as error:
        log.warning("answer_not_sent", status=error.status, code=error.code)

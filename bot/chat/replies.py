"""Private answers, and the one place that turns what a command raised into words."""

import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import discord
import structlog
from discord import app_commands
from discord.utils import MISSING

from bot.chat import cards
from bot.chat.faults import discord_faults
from bot.chat.problems import problem
from bot.domain.errors import GuildNotServed, Problem, Rejection
from bot.domain.generation import Generation, MessageRef
from bot.i18n import _, speak, speaking
from bot.work.protocols import DeliveryDelayedError

log = structlog.get_logger(__name__)


async def whisper(
    interaction: discord.Interaction,
    text: str | None = None,
    *,
    embed: discord.Embed | None = None,
    view: discord.ui.View = MISSING,
) -> None:
    """Answer so that only the one who asked can see it."""
    nobody = discord.AllowedMentions.none()
    embeds = [] if embed is None else [embed]
    if interaction.response.is_done():
        await interaction.followup.send(text or "", embeds=embeds, view=view, ephemeral=True, allowed_mentions=nobody)
    else:
        await interaction.response.send_message(text, embeds=embeds, view=view, ephemeral=True, allowed_mentions=nobody)


async def answer_with_card(
    interaction: discord.Interaction,
    generation: Generation,
    card_posted: Callable[[Generation, MessageRef], Awaitable[None]],
) -> None:
    """Answer with the card, in its requester's language, and say where it is.

    Where it can't be sent, the worker finds or posts it by itself.
    """
    with speaking(generation.origin.locale):
        card_now = cards.card(generation)
    try:
        async with discord_faults("answer with card"):
            answer = await interaction.response.send_message(
                embed=card_now, allowed_mentions=discord.AllowedMentions.none()
            )
    except (discord.HTTPException, DeliveryDelayedError) as error:
        log.warning("card_not_answered", generation=generation.id, error=str(error))
        return
    if answer.message_id is not None:
        card = MessageRef(channel_id=generation.origin.channel_id, message_id=answer.message_id)
        await card_posted(generation, card)


async def answer_problem(interaction: discord.Interaction, found: Problem) -> None:
    """Say privately why something is turned down; an answer that doesn't get through is only logged."""
    await _try_to_whisper(interaction, problem(found))


async def answer_nothing(interaction: discord.Interaction[Any]) -> None:
    """Suggest nothing to somebody who types; an answer that doesn't get through is only logged."""
    try:
        async with discord_faults("answer"):
            await interaction.response.autocomplete([])
    except (discord.HTTPException, DeliveryDelayedError) as error:
        log.warning("answer_not_sent", error=str(error))


async def answer_error(interaction: discord.Interaction, error: app_commands.AppCommandError) -> None:
    """Answer what a command raised; a failed check was answered by whoever refused it."""
    cause = error.__cause__ if isinstance(error, app_commands.CommandInvokeError) else error
    if isinstance(error, app_commands.CheckFailure) and not isinstance(cause, Rejection):
        return
    await answer_failure(
        interaction, cause or error, interaction.command.qualified_name if interaction.command else "?"
    )


async def answer_press(
    interaction: discord.Interaction[Any], deed: Callable[[], Awaitable[None]], what: str, *, is_served: bool
) -> None:
    """Answer a control of ours that was pressed, chosen or sent, in the member's language, whatever comes of it."""
    speak(interaction.locale.value)
    if not is_served:
        await answer_problem(interaction, GuildNotServed())
        return
    try:
        await deed()
    except Exception as error:  # noqa: BLE001 - the edge of a command: any failure is answered and logged
        await answer_failure(interaction, error, what)


async def answer_failure(interaction: discord.Interaction, cause: BaseException, command: str) -> None:
    """A rejection becomes its sentence; anything else a reference that stands in the log."""
    if isinstance(cause, Rejection):
        log.info("request_rejected", command=command, problem=type(cause.problem).__name__)
        await answer_problem(interaction, cause.problem)
        return
    if isinstance(cause, discord.HTTPException) and cause.code in {10062, 40060}:
        log.warning("interaction_gone", command=command, code=cause.code)
        return
    reference = secrets.token_hex(4)
    log.error("command_failed", command=command, reference=reference, exc_info=cause)
    text = _("Something went wrong here, reference {reference}. It was written down.", reference=reference)
    await _try_to_whisper(interaction, text)


async def _try_to_whisper(interaction: discord.Interaction, text: str) -> None:
    try:
        async with discord_faults("answer"):
            await whisper(interaction, text)
    except (discord.HTTPException, discord.InteractionResponded, DeliveryDelayedError) as error:
        log.warning("answer_not_sent", error=str(error))

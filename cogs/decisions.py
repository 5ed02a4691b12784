"""The buttons about an unconfirmed generation, under its notice or in the private answer of /show."""

import contextlib
from functools import partial
from typing import Any

import discord
from discord.ext import commands

from bot.chat import cards, intake
from bot.chat.buttons import Decision, Pressed, pressed
from bot.chat.client import ShowreelClient
from bot.chat.replies import answer_press, answer_with_card
from bot.domain.errors import GuildNotServed, Rejection
from bot.domain.generation import Generation
from bot.work.decisions import Decisions
from bot.work.service import Service


class DecisionButtons(commands.Cog):
    """Takes decisions from buttons, whoever made the message and however long ago."""

    def __init__(self, bot: ShowreelClient, decisions: Decisions, service: Service) -> None:
        self._bot = bot
        self._decisions = decisions
        self._service = service

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Answer a press of one of our buttons; rights are checked by the decisions themselves.

        Where a guild's places refused the notice, it stands in a direct message: there the guild is what counts.
        """
        asked = pressed(interaction)
        if asked is not None:
            is_served = interaction.guild_id is None or self._bot.served.serves_here(interaction)
            await answer_press(
                interaction, partial(self._decide, interaction, asked), asked.decision, is_served=is_served
            )

    async def _decide(self, interaction: discord.Interaction[Any], asked: Pressed) -> None:
        if not self._bot.served.serves(await self._decisions.guild_of(asked.generation_id)):
            raise Rejection(GuildNotServed())
        actor = await self._bot.moderators.actor(interaction)
        if asked.decision is Decision.GIVE_UP:
            given_up = await self._decisions.give_up(asked.generation_id, actor)
            await interaction.response.edit_message(embeds=_refreshed(interaction, given_up), view=None)
            return
        origin, standing = intake.origin(interaction), intake.standing(interaction)
        new = await self._decisions.submit_again(asked.generation_id, actor, origin, standing)
        await answer_with_card(interaction, new, self._service.card_posted)
        if interaction.message is not None:
            with contextlib.suppress(discord.HTTPException):  # pressed again, a button finds nothing to decide
                await interaction.message.edit(view=None)


def _refreshed(interaction: discord.Interaction[Any], given_up: Generation) -> list[discord.Embed]:
    """What the message shows now: the private answer of /show has the card in it, a notice has not."""
    has_card = interaction.message is not None and interaction.message.embeds
    return [cards.card(given_up)] if has_card else []

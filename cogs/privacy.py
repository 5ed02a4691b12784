"""/privacy: what is stored of a member, and erasing it."""

from datetime import timedelta
from functools import partial
from typing import Any

import discord
from discord import app_commands
from discord.app_commands import locale_str
from discord.ext import commands

from bot.chat import privacy_page
from bot.chat.client import FOR_ONESELF, ShowreelClient
from bot.chat.replies import answer_press, whisper
from bot.domain.errors import NotYourData, Rejection
from bot.i18n import N_
from bot.work.privacy import Privacy


class PrivacyCommands(commands.Cog):
    """Each member's own data only; nobody else sees the answers."""

    privacy = app_commands.Group(
        name=FOR_ONESELF,
        description=locale_str(N_("What is stored of you, and erasing it")),
        allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True),
    )

    def __init__(self, bot: ShowreelClient, use: Privacy, retention: timedelta | None) -> None:
        self._bot = bot
        self._use = use
        self._retention = retention

    @privacy.command(name="show", description=locale_str(N_("What is stored of you, until when, and why")))
    async def show(self, interaction: discord.Interaction) -> None:
        """Show what is stored of whoever asks."""
        found = await self._use.show(interaction.user.id)
        await whisper(interaction, embed=privacy_page.stored(found, self._retention))

    @privacy.command(name="delete", description=locale_str(N_("Erase what is stored of you")))
    async def delete(self, interaction: discord.Interaction) -> None:
        """Ask whether it is meant."""
        found = await self._use.show(interaction.user.id)
        await interaction.response.send_message(
            embed=privacy_page.question(found), view=privacy_page.erase_button(interaction.user.id), ephemeral=True
        )

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Erase when the button is pressed, however old it is, by the one whom it was made for."""
        user_id = privacy_page.pressed_for(interaction)
        if user_id is not None:
            is_served = self._bot.served.answers_for_oneself(interaction)
            erase = partial(self._erase, interaction, user_id)
            await answer_press(interaction, erase, self.delete.qualified_name, is_served=is_served)

    async def _erase(self, interaction: discord.Interaction[Any], user_id: int) -> None:
        if interaction.user.id != user_id:
            raise Rejection(NotYourData())
        await interaction.response.defer()  # a long history is erased in many transactions
        count = await self._use.delete(user_id)
        after = (await self._use.show(user_id)).holdings
        await interaction.edit_original_response(embed=privacy_page.erased(count, after), view=None)

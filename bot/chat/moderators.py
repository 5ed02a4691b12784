"""Who is a moderator, by what Discord states in an interaction and by the guild's moderator role."""

from typing import Any

import discord
from discord import app_commands

from bot.chat import intake
from bot.work.actors import Actor, Rights

IN_GUILDS = app_commands.AppCommandContext(guild=True, dm_channel=False, private_channel=False)
"""Where the commands of moderators and the owner are: never in direct messages, whatever else is."""

FOR_GUILDS = app_commands.AppInstallationType(guild=True, user=False)


class Moderators:
    """Tells who acts, with their rights in the guild that an interaction comes from, and in no other."""

    def __init__(self, rights: Rights) -> None:
        self._rights = rights

    async def actor(self, interaction: discord.Interaction[Any]) -> Actor:
        """Who asks or presses.

        Moderators are those who may manage the server, and those with its moderator role; the role of @everyone makes
        nobody a moderator.
        """
        guild_id, granted = interaction.guild_id, interaction.permissions
        return await self._rights.actor(
            interaction.user.id,
            guild_id,
            intake.standing(interaction).role_ids - {guild_id},
            manages=granted.administrator or granted.manage_guild,
        )

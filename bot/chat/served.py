"""Whom the bot serves."""

from dataclasses import dataclass
from typing import Any

import discord


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Whom the bot serves: these guilds only, or every guild that invites it; and people on their own."""

    guild_ids: tuple[int, ...] = ()
    user_install: bool = False

    def serves(self, guild_id: int | None) -> bool:
        """Whether commands from there are answered; None is a direct message."""
        if guild_id is None:
            return self.user_install
        return not self.guild_ids or guild_id in self.guild_ids

    def serves_here(self, interaction: discord.Interaction[Any]) -> bool:
        """Whether an interaction is answered, whatever Discord's client shows.

        Not where somebody brought the bot along, as their personal app, to a guild that never invited it.
        """
        is_guild = interaction.guild_id is not None
        is_foreign = is_guild and interaction.is_user_integration() and not interaction.is_guild_integration()
        return self.serves(interaction.guild_id) and not is_foreign

    def answers_for_oneself(self, interaction: discord.Interaction[Any]) -> bool:
        """Whether somebody is told what is stored of them, and may erase it: in any direct message too.

        Who has left the guild, or was banned from it, has no other place to ask.
        """
        return interaction.guild_id is None or self.serves_here(interaction)

"""Whether the channels that an interaction names are of the guild that it comes from."""

from collections.abc import Iterable
from typing import Any

import discord

from bot.domain.errors import ChannelElsewhere, Rejection


def here(interaction: discord.Interaction[Any], values: Iterable[str]) -> list[int]:
    """The ids of the channels that were chosen. Raises Rejection(ChannelElsewhere) unless each is of the guild.

    The values come from a member's client; what each one names Discord itself states with the interaction
    ("resolved": partial channels, with `guild_id`), and that also of channels which are hidden from the bot.
    """
    found = list(values)
    if not all(_is_here(interaction, value) for value in found):
        raise Rejection(ChannelElsewhere())
    return [int(value) for value in found]


def _is_here(interaction: discord.Interaction[Any], value: str) -> bool:
    data: Any = interaction.data or {}
    stated = (data.get("resolved") or {}).get("channels", {}).get(value)
    if stated is None or interaction.guild is None:
        return False
    if stated.get("guild_id") is not None:
        return str(stated["guild_id"]) == str(interaction.guild.id)
    is_ours = interaction.guild.get_channel_or_thread(int(value)) is not None
    return is_ours or interaction.client.get_channel(int(value)) is None  # what is nowhere in memory is hidden from us

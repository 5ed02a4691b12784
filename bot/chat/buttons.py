"""Buttons whose state is their custom id, so that they outlive a restart."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import discord
from discord.ext import commands

from bot.domain.generation import Generation
from bot.i18n import N_, _
from bot.work.actors import Actor


class Decision(StrEnum):
    """What a button about an unconfirmed generation asks for."""

    GIVE_UP = "give-up"
    SUBMIT_AGAIN = "submit-again"


_LABELS = {Decision.GIVE_UP: N_("Give it up"), Decision.SUBMIT_AGAIN: N_("Submit again, may cost twice")}
_STYLES = {Decision.GIVE_UP: discord.ButtonStyle.secondary, Decision.SUBMIT_AGAIN: discord.ButtonStyle.danger}
_CUSTOM_ID = re.compile(rf"showreel:({'|'.join(Decision)}):([0-9a-z]+)")


@dataclass(frozen=True, slots=True)
class Pressed:
    """What a pressed button asks for, and of which generation."""

    decision: Decision
    generation_id: str


def undecided_view(generation: Generation, *, is_elsewhere: bool) -> discord.ui.View:
    """The two ways out of unconfirmed that its requester and moderators have.

    `is_elsewhere`: they stand outside of the guild where the generation was asked for, so that it can only be
    given up: submitted again, it would have no place for its card, and none of the guild's limits would hold.
    """
    view = discord.ui.View(timeout=None)
    for decision in (Decision.GIVE_UP,) if is_elsewhere else Decision:
        custom_id = f"showreel:{decision}:{generation.id}"
        view.add_item(discord.ui.Button(label=_(_LABELS[decision]), style=_STYLES[decision], custom_id=custom_id))
    view.stop()  # nothing waits for it in memory: the custom ids say it all
    return view


def pressed(interaction: discord.Interaction[Any]) -> Pressed | None:
    """The decision that an interaction is about; None for any other interaction."""
    if interaction.type is not discord.InteractionType.component:
        return None
    data: Any = interaction.data or {}
    match = _CUSTOM_ID.fullmatch(str(data.get("custom_id", "")))
    return Pressed(Decision(match[1]), match[2]) if match else None


async def owner_actor(interaction: discord.Interaction[Any], bot: commands.AutoShardedBot) -> Actor:
    """Who uses one of the owner's commands: whether this is the application's owner or in its team."""
    is_owner = await bot.is_owner(interaction.user)
    return Actor(user_id=interaction.user.id, guild_id=interaction.guild_id, is_owner=is_owner)

"""Looking at what the bot has posted in a place before, so that nothing is posted there twice."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import discord
import structlog
from discord.ext import commands

from bot.domain.generation import Generation

log = structlog.get_logger(__name__)

LOOK_BACK = 10_000
"""How many messages are read at most, a hundred in a call: a busy channel's talk of hours."""

CLOCKS_APART = timedelta(minutes=5)
"""How far our clock may be from Discord's, by which messages are dated."""


def by_discord(generation: Generation, instant: datetime) -> datetime:
    """An instant of this generation's life as Discord's clock had it, or somewhat earlier.

    Discord dated the interaction, so our clock was ahead by no more than what lies between that and the acceptance.
    """
    ahead = generation.accepted_at - discord.utils.snowflake_time(generation.origin.interaction_id)
    return instant - max(ahead, timedelta(0))


async def own_messages(
    bot: commands.AutoShardedBot, place: discord.abc.Messageable, since: datetime
) -> AsyncIterator[discord.Message]:
    """Our own messages since then, the newest first; those that lie too deep are left out, with a line in the log."""
    read = 0
    async for message in place.history(limit=LOOK_BACK, after=since - CLOCKS_APART, oldest_first=False):
        read += 1
        if bot.user is not None and message.author.id == bot.user.id:
            yield message
    if read >= LOOK_BACK:
        log.warning("looked_back_in_part", read=read, since=since.isoformat())

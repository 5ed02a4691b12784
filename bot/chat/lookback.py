"""Looking at what the bot has posted in a place before, so that nothing is posted there twice."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import discord
import structlog
from discord.ext import commands

from bot.domain.generation import Generation, MessageRef

log = structlog.get_logger(__name__)

Place = discord.PartialMessageable | discord.DMChannel
"""Where a message of ours can stand."""

LOOK_BACK = 10_000
"""How many messages are read at most, a hundred in a call: a busy channel's talk of hours."""

CLOCKS_APART = timedelta(minutes=5)
"""How far our clock may be from Discord's, by which messages are dated."""

UNKNOWN_MESSAGE = 10008
"""Discord's code for a message that is not there (any more)."""

NOT_ALLOWED = frozenset({50001, 50013})
"""Discord's codes for what the bot lacks a permission for."""


class UnreadError(Exception):
    """Messages have come to a place since then that the bot may not read; `last` is the latest."""

    def __init__(self, last: MessageRef) -> None:
        super().__init__(last)
        self.last = last


def by_discord(generation: Generation, instant: datetime) -> datetime:
    """An instant of this generation's life as Discord's clock had it, or somewhat earlier.

    Discord dated the interaction, so our clock was ahead by no more than what lies between that and the acceptance.
    """
    ahead = generation.accepted_at - discord.utils.snowflake_time(generation.origin.interaction_id)
    return instant - max(ahead, timedelta(0))


async def own_messages(bot: commands.AutoShardedBot, place: Place, since: datetime) -> AsyncIterator[discord.Message]:
    """Our own messages since then, the newest first; those that lie too deep are left out, with a line in the log.

    Raises UnreadError where nothing may be read and something came.
    """
    read = 0
    async for message in place.history(limit=LOOK_BACK, after=since - CLOCKS_APART, oldest_first=False):
        read += 1
        if bot.user is not None and message.author.id == bot.user.id:
            yield message
    if read >= LOOK_BACK:
        log.warning("looked_back_in_part", read=read, since=since.isoformat())
    if not read:
        await _require_nothing_unread(bot, place, since - CLOCKS_APART)


async def _require_nothing_unread(bot: commands.AutoShardedBot, place: Place, since: datetime) -> None:
    """Raises UnreadError where something came since then that the bot may not read.

    Where Read Message History is lacking, Discord refuses no list, but gives an empty one. What came last to a place is
    told without that permission: by an id that says when it was, and that stays where the message is deleted. A single
    message is refused, so that the two can be told apart, also before the gateway told of the guild. A thread's first
    line is by Discord, and is not counted as sent.
    """
    stated: Any = await bot.http.get_channel(place.id)
    last = int(stated.get("last_message_id") or 0)
    if stated.get("total_message_sent") == 0 or discord.utils.snowflake_time(last) < since:
        return
    try:
        await bot.http.get_message(place.id, last)
    except discord.HTTPException as error:
        if error.code in NOT_ALLOWED:
            raise UnreadError(MessageRef(channel_id=place.id, message_id=last)) from error
        if error.code != UNKNOWN_MESSAGE:
            raise

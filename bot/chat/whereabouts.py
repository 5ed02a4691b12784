"""Where the messages of a generation are, and whether they still stand."""

import discord
import structlog
from discord.ext import commands

from bot.chat.faults import discord_faults, is_gone
from bot.domain.generation import Generation, MessageRef
from bot.work.protocols import DeliveryDelayedError

log = structlog.get_logger(__name__)


def told_link(generation: Generation) -> str | None:
    """The address of the message that told of the present state; None where none did."""
    if generation.told is not generation.state or generation.told_as is None:
        return None
    return _link(generation, generation.told_as)


def card_link(generation: Generation) -> str | None:
    """The address of the card; None where there is none."""
    return None if generation.card is None else _link(generation, generation.card)


class Lookout:
    """Looks whether messages still stand."""

    def __init__(self, bot: commands.AutoShardedBot) -> None:
        self._bot = bot

    async def stands(self, generation: Generation) -> bool:
        """Whether the message that told of a generation is still there; where nobody can say now, it is."""
        place = generation.told_as
        if place is None:
            return False
        channel = self._bot.get_partial_messageable(place.channel_id, guild_id=_guild_of(generation, place))
        try:
            async with discord_faults("look for notice"):
                await channel.get_partial_message(place.message_id).fetch()
        except discord.HTTPException as error:
            return not is_gone(error)
        except DeliveryDelayedError as error:
            log.warning("notice_not_looked_for", generation=generation.id, error=str(error))
        return True


def _link(generation: Generation, place: MessageRef) -> str:
    guild_id = _guild_of(generation, place)
    return f"https://discord.com/channels/{guild_id or '@me'}/{place.channel_id}/{place.message_id}"


def _guild_of(generation: Generation, place: MessageRef) -> int | None:
    """The guild where a message is; the last place of the ladder is a direct message, even for one of a guild."""
    origin = generation.origin
    is_there = place.channel_id in {generation.thread_id, origin.channel_id, origin.parent_id}
    return origin.guild_id if is_there else None

"""Clearing what stands in Discord by our own hand of a generation whose requester had it erased."""

import discord
import structlog
from discord.http import HTTPClient

from bot.chat import texts
from bot.domain.generation import Generation
from bot.i18n import speaking

log = structlog.get_logger(__name__)


async def cleared(http: HTTPClient, card: discord.PartialMessage, generation: Generation, embed: discord.Embed) -> None:
    """Take prompt and inputs off the card, and the prompt off the thread's name; the videos stay where they are.

    Raises discord.HTTPException where the card can't be edited. A thread that refuses keeps its name: it may be locked.
    """
    await card.edit(embed=embed, attachments=[])
    if generation.thread_id is None:
        return
    with speaking(generation.origin.locale):
        name = texts.operation_name(generation.request.operation)
    try:
        await _rename(http, generation.thread_id, name)
    except discord.HTTPException as error:
        if error.status == 429 or error.status >= 500:
            raise
        log.info("thread_not_renamed", generation=generation.id, status=error.status, code=error.code)


async def _rename(http: HTTPClient, thread_id: int, name: str) -> None:
    """By the plain calls, as the thread needs no cached guild; archived ones take a name only while they are opened."""
    await http.edit_channel(thread_id, name=name, archived=False)
    await http.edit_channel(thread_id, archived=True)

"""Clearing what stands in Discord by our own hand of a generation whose requester had it erased."""

from contextlib import suppress

import discord
import structlog
from discord.http import HTTPClient

from bot.chat import texts
from bot.domain.generation import Generation
from bot.i18n import speaking

log = structlog.get_logger(__name__)

THREAD_ARCHIVED = 50083
"""Discord's code for what can't be done in an archived thread."""


async def cleared(http: HTTPClient, card: discord.PartialMessage, generation: Generation, embed: discord.Embed) -> None:
    """Take prompt and inputs off the card, and the prompt off the thread's name; the videos stay where they are.

    Raises discord.HTTPException where the card can't be edited. A thread that refuses keeps its name: it may be locked.
    """
    await _edit(http, card, embed)
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


async def _edit(http: HTTPClient, card: discord.PartialMessage, embed: discord.Embed) -> None:
    """Where the card itself is in an archived thread, that is opened for the edit, unless it is locked."""
    try:
        await card.edit(embed=embed, attachments=[])
    except discord.HTTPException as error:
        if error.code != THREAD_ARCHIVED:
            raise
        await http.edit_channel(card.channel.id, archived=False)
        await card.edit(embed=embed, attachments=[])
        with suppress(discord.Forbidden):  # only its owner and moderators archive a thread; in time it is by itself
            await http.edit_channel(card.channel.id, archived=True)


async def _rename(http: HTTPClient, thread_id: int, name: str) -> None:
    """By the plain calls, as the thread needs no cached guild; archived ones take a name only while they are opened."""
    await http.edit_channel(thread_id, name=name, archived=False)
    await http.edit_channel(thread_id, archived=True)

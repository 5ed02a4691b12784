"""Finished videos handed over privately, in answers to the one who asked."""

import asyncio
from datetime import timedelta

import discord
import structlog

from bot.chat.faults import is_too_large
from bot.chat.parts import Part, Why, as_links, parts_of
from bot.chat.postman import ROOM_FOR_FORM
from bot.i18n import _
from bot.work.showing import Handover

log = structlog.get_logger(__name__)

POST_WITHIN = timedelta(minutes=4)
"""For all uploads of a handover; what is not up by then is a link."""


def file_limit(interaction: discord.Interaction) -> int:
    """Bytes per file in an answer to this interaction, less what the form around it takes."""
    return interaction.filesize_limit - ROOM_FOR_FORM


async def hand_over(interaction: discord.Interaction, handover: Handover, limit: int) -> None:
    """Answer with the videos, in as many private messages as it takes; never with nothing.

    Where files turn out to be too large, or take too long, links take their place.
    """
    parts = parts_of(handover.notice, limit)
    remarks = _remarks(handover, parts[0].unusable)
    deadline = asyncio.get_running_loop().time() + POST_WITHIN.total_seconds()
    index = 0
    while index < len(parts):
        part = parts[index]
        text = "\n".join([*_lines(part), *(remarks if index == 0 else ())])
        try:
            async with asyncio.timeout_at(deadline if part.files else None):
                await _send(interaction, part, text)
        except (TimeoutError, discord.HTTPException) as error:
            if not part.files or (isinstance(error, discord.HTTPException) and not is_too_large(error)):
                raise
            log.warning("handover_as_links", files=len(part.files), error=type(error).__name__)
            why = Why.UNPOSTED if isinstance(error, TimeoutError) else Why.TOO_LARGE
            parts[index:] = as_links(parts[index:], index, why)
            continue
        index += 1


async def _send(interaction: discord.Interaction, part: Part, text: str) -> None:
    uploads = [discord.File(file.path, filename=file.filename) for file in part.files]
    try:
        await interaction.followup.send(
            text, files=uploads, ephemeral=True, allowed_mentions=discord.AllowedMentions.none()
        )
    finally:
        for upload in uploads:
            upload.close()


def _lines(part: Part) -> list[str]:
    lines = []
    if part.files:
        lines.append(_("Here you are."))
    if any(file.original_size for file in part.files):
        lines.append(_("It was too large for this server, so it was made smaller to fit."))
    return [*lines, *part.links.reasons(), *part.links.addresses()]


def _remarks(handover: Handover, unusable: int) -> list[str]:
    """What is said once, about what is neither file nor link."""
    notice = handover.notice
    lines = []
    if unusable:
        lines.append(_("Some of what the video service handed over can't be posted here: it is no usable video."))
    if handover.gone and (notice.files or notice.unfetched or unusable):
        lines.append(_("The video service doesn't have all of it any more: it keeps videos for a limited time."))
    elif handover.gone or not (notice.files or notice.unfetched or unusable):
        lines.append(_("The video service doesn't have this video any more: it keeps them for a limited time."))
    return lines

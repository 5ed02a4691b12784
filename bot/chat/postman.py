"""Notices on their way down the ladder: thread, channel, direct message."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import discord
import structlog
from discord.ext import commands

from bot.chat import cards
from bot.chat.buttons import undecided_view
from bot.chat.faults import discord_faults, is_too_large
from bot.chat.lookback import own_messages
from bot.chat.parts import Part, Why, as_links, parts_of
from bot.chat.uploads import Uploads
from bot.domain.generation import Generation, MessageRef, State
from bot.media.files import ResultFile
from bot.work.protocols import Check, Notice

log = structlog.get_logger(__name__)

DEFAULT_UPLOAD_LIMIT = 10 * 1_048_576
"""Bytes per file where nothing better is known (Discord's default since 2025-01)."""

ROOM_FOR_FORM = 16 * 1024
"""Kept in hand for the multipart form around a file."""


@dataclass(frozen=True, slots=True)
class _Rest:
    """A notice on its way: its parts, those that stand somewhere already, and what is asked before a further one."""

    parts: list[Part]
    posted: dict[int, MessageRef]
    check: Check


class Postman:
    """Posts a notice in as many messages as it takes, in the first place that lets it."""

    def __init__(self, bot: commands.AutoShardedBot) -> None:
        self._bot = bot
        self._uploads = Uploads()

    def upload_limit(self, generation: Generation) -> int:
        """Bytes per file: the smaller of what the guild and the interaction allow, less what the form takes."""
        guild = self._bot.get_guild(generation.origin.guild_id or 0)
        of_guild = guild.filesize_limit if guild else DEFAULT_UPLOAD_LIMIT
        return min(of_guild, generation.origin.upload_limit or DEFAULT_UPLOAD_LIMIT) - ROOM_FOR_FORM

    async def post(self, generation: Generation, notice: Notice, check: Check) -> MessageRef | None:
        """The first message of the notice; `check` is asked right before each.

        None where no place took it. Raises DeliveryDelayedError where later helps. Discord remembers a nonce for a few
        minutes only, so after a failed try the places are searched before anything is posted again.
        """
        parts = parts_of(notice, self.upload_limit(generation))
        posted: dict[int, MessageRef] = {}
        if generation.telling_failures:
            for channel in self._channels(generation):
                posted |= await self._posted_before(generation, channel)
        async for place in self._places(generation):
            if generation.telling_failures and isinstance(place, discord.DMChannel):
                posted |= await self._posted_before(generation, place)
            try:
                await self._post_parts(generation, place, _Rest(parts, posted, check))
            except discord.HTTPException as error:
                log.warning("place_refused", generation=generation.id, status=error.status, code=error.code)
                continue
            break
        self._uploads.forget(generation.id)
        return posted.get(0)

    async def post_text(self, generation: Generation, text: str, nonce: str) -> None:
        """A short word on the way, in the first place that takes it."""
        async for place in self._places(generation):
            try:
                await self._send(generation, place, text, nonce)
            except discord.HTTPException:
                continue
            return

    def _channels(self, generation: Generation) -> list[discord.PartialMessageable]:
        """The thread, where there is one, and the channel where the command was used."""
        origin = generation.origin
        ids = dict.fromkeys(filter(None, (generation.thread_id, origin.channel_id)))
        return [self._bot.get_partial_messageable(channel_id, guild_id=origin.guild_id) for channel_id in ids]

    async def _places(self, generation: Generation) -> AsyncIterator[discord.abc.Messageable]:
        origin = generation.origin
        for channel in self._channels(generation):
            yield channel
        if origin.guild_id is not None:
            try:
                async with discord_faults("open direct message"):
                    direct = await self._bot.create_dm(discord.Object(origin.requester_id))
            except discord.HTTPException as error:
                log.warning("direct_message_refused", generation=generation.id, code=error.code)
                return
            yield direct

    async def _post_parts(self, generation: Generation, place: discord.abc.Messageable, rest: _Rest) -> None:
        """Post every part that is not posted yet, here or elsewhere.

        Where its files can't be posted, links take their place from that part on.
        """
        parts, posted = rest.parts, rest.posted
        index = 0
        while index < len(parts):
            part = parts[index]
            if index not in posted:
                outcome = await self._post_part(generation, place, part, rest.check)
                if isinstance(outcome, Why):
                    size = sum(file.size for file in part.files)
                    log.warning("upload_given_up", generation=generation.id, size=size, why=outcome.value)
                    parts[index:] = as_links(parts[index:], index, outcome)
                    continue
                posted[index] = outcome
            index += 1

    async def _post_part(
        self, generation: Generation, place: discord.abc.Messageable, part: Part, check: Check
    ) -> MessageRef | Why:
        """The posted message, or why its files have to become links."""
        if part.files and self._uploads.are_given_up(generation.id):
            return Why.UNPOSTED
        async with self._uploads.room(generation.id, has_files=bool(part.files)):
            await check()
            try:
                nonce = _nonce(generation, part.index)
                return await self._send(generation, place, part.text(generation), nonce, part.files)
            except discord.HTTPException as error:
                if part.files and is_too_large(error):
                    return Why.TOO_LARGE
                raise

    async def _send(
        self,
        generation: Generation,
        place: discord.abc.Messageable,
        text: str,
        nonce: str,
        files: Sequence[ResultFile] = (),
    ) -> MessageRef:
        uploads = [discord.File(file.path, filename=file.filename) for file in files]
        mentions = discord.AllowedMentions(
            everyone=False, roles=False, users=[discord.Object(generation.origin.requester_id)], replied_user=False
        )
        try:
            async with discord_faults("post notice"):
                message = await place.send(
                    text, files=uploads, nonce=nonce, allowed_mentions=mentions, view=_view(generation, place)
                )
        finally:
            for upload in uploads:
                upload.close()
        return MessageRef(channel_id=message.channel.id, message_id=message.id)

    async def _posted_before(self, generation: Generation, place: discord.abc.Messageable) -> dict[int, MessageRef]:
        """The parts of this notice that stand there already, by their number; none where we may not look."""
        found: dict[int, MessageRef] = {}
        mark = cards.mark(generation)
        since = generation.telling_since or generation.state_at
        try:
            async with discord_faults("look at the place"):
                async for message in own_messages(self._bot, place, since):
                    if mark not in message.content:
                        continue
                    number = message.content.rsplit(" · ", 1)[-1]
                    index = int(number) - 1 if number.isdigit() else 0
                    found[index] = MessageRef(channel_id=message.channel.id, message_id=message.id)
        except discord.HTTPException as error:
            log.warning("place_not_searched", generation=generation.id, status=error.status, code=error.code)
        return found


def _view(generation: Generation, place: discord.abc.Messageable) -> discord.ui.View:
    """The buttons under a notice: decisions where one is to be taken, else none."""
    if generation.state is not State.UNCONFIRMED:
        return discord.ui.View(timeout=None)
    is_elsewhere = generation.origin.guild_id is not None and isinstance(place, discord.DMChannel)
    return undecided_view(generation, is_elsewhere=is_elsewhere)


def _nonce(generation: Generation, index: int) -> str:
    """At most 25 characters: the id has 12."""
    return f"{generation.id}-{generation.state.value[:8]}-{index}"

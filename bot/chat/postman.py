"""Notices on their way down the ladder: thread, channel, direct message."""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass

import discord
import structlog
from discord.ext import commands

from bot.chat import cards
from bot.chat.faults import discord_faults, is_too_large
from bot.domain.generation import Generation, MessageRef, State
from bot.media.files import ResultFile
from bot.work.protocols import Notice

log = structlog.get_logger(__name__)

DEFAULT_UPLOAD_LIMIT = 10 * 1_048_576
"""Bytes per file where nothing better is known (Discord's default since 2025-01)."""

FILES_PER_MESSAGE = 10
BYTES_PER_MESSAGE = 24 * 1_048_576
"""Discord's documents still name 25 MiB for a whole request; what is above it in sum goes out in further messages."""

ROOM_FOR_FORM = 16 * 1024
"""Kept in hand for the multipart form around a file."""

LOOK_BACK = 50
"""How many messages are searched for a notice that may have been posted already."""


@dataclass(frozen=True, slots=True)
class Part:
    """One message of a notice."""

    text: str
    files: tuple[ResultFile, ...]
    nonce: str


class Postman:
    """Posts a notice in as many messages as it takes, in the first place that lets it."""

    def __init__(self, bot: commands.AutoShardedBot) -> None:
        self._bot = bot

    def upload_limit(self, generation: Generation) -> int:
        """Bytes per file: the smaller of what the guild and the interaction allow, less what the form takes."""
        guild = self._bot.get_guild(generation.origin.guild_id or 0)
        of_guild = guild.filesize_limit if guild else DEFAULT_UPLOAD_LIMIT
        return min(of_guild, generation.origin.upload_limit or DEFAULT_UPLOAD_LIMIT) - ROOM_FOR_FORM

    async def post(self, generation: Generation, notice: Notice) -> MessageRef | None:
        """The first message of the notice.

        None where no place took it. Raises DeliveryDelayedError where later helps.
        """
        limit = self.upload_limit(generation)
        parts = list(_parts(generation, notice, limit))
        async for place in self._places(generation):
            try:
                first = await self._post_parts(generation, place, parts)
            except discord.HTTPException as error:
                if is_too_large(error):
                    parts = list(_parts(generation, notice, 0))
                    first = await self._post_parts(generation, place, parts)
                else:
                    log.warning("place_refused", generation=generation.id, status=error.status, code=error.code)
                    continue
            return first
        return None

    async def post_text(self, generation: Generation, text: str, nonce: str) -> None:
        """A short word on the way, in the first place that takes it."""
        async for place in self._places(generation):
            try:
                await self._send(place, Part(text, (), nonce), generation)
            except discord.HTTPException:
                continue
            return

    async def _places(self, generation: Generation) -> AsyncIterator[discord.abc.Messageable]:
        origin = generation.origin
        for channel_id in dict.fromkeys(filter(None, (generation.thread_id, origin.channel_id))):
            yield self._bot.get_partial_messageable(channel_id, guild_id=origin.guild_id)
        if origin.guild_id is not None:
            try:
                async with discord_faults("open direct message"):
                    direct = await self._bot.create_dm(discord.Object(origin.requester_id))
            except discord.HTTPException as error:
                log.warning("direct_message_refused", generation=generation.id, code=error.code)
                return
            yield direct

    async def _post_parts(
        self, generation: Generation, place: discord.abc.Messageable, parts: Sequence[Part]
    ) -> MessageRef:
        """Post every part; after a failed try, what is there already is looked for first.

        Discord remembers a nonce for a few minutes only, so a retry looks at the place before it posts again.
        """
        posted = await self._posted_before(generation, place) if generation.telling_failures else {}
        refs = []
        for index, part in enumerate(parts):
            refs.append(posted.get(index) or await self._send(place, part, generation))
        return refs[0]

    async def _send(self, place: discord.abc.Messageable, part: Part, generation: Generation) -> MessageRef:
        files = [discord.File(file.path, filename=file.filename) for file in part.files]
        mentions = discord.AllowedMentions(
            everyone=False, roles=False, users=[discord.Object(generation.origin.requester_id)], replied_user=False
        )
        try:
            async with discord_faults("post notice"):
                message = await place.send(part.text, files=files, nonce=part.nonce, allowed_mentions=mentions)
        finally:
            for file in files:
                file.close()
        return MessageRef(channel_id=message.channel.id, message_id=message.id)

    async def _posted_before(self, generation: Generation, place: discord.abc.Messageable) -> dict[int, MessageRef]:
        """The parts of this notice that stand there already, by their number."""
        found = {}
        mark = cards.mark(generation)
        async with discord_faults("look at the place"):
            async for message in place.history(limit=LOOK_BACK):
                if self._bot.user is None or message.author.id != self._bot.user.id or mark not in message.content:
                    continue
                number = message.content.rsplit(" · ", 1)[-1]
                index = int(number) - 1 if number.isdigit() else 0
                found[index] = MessageRef(channel_id=message.channel.id, message_id=message.id)
        return found


def _parts(generation: Generation, notice: Notice, limit: int) -> Iterator[Part]:
    """Split a notice into messages; only the first mentions the requester."""
    if generation.state is not State.SUCCEEDED:
        yield Part(cards.ending(generation), (), _nonce(generation, 0))
        return
    fitting = [file for file in notice.files if file.size <= limit]
    too_large = tuple(file.url for file in notice.files if file.size > limit)
    groups = list(_groups(fitting)) or [()]
    yield Part(cards.success(generation, notice.unfetched, too_large), groups[0], _nonce(generation, 0))
    for index, group in enumerate(groups[1:], start=1):
        yield Part(f"{cards.mark(generation)} · {index + 1}", group, _nonce(generation, index))


def _groups(files: Sequence[ResultFile]) -> Iterator[tuple[ResultFile, ...]]:
    group: list[ResultFile] = []
    for file in files:
        size = sum(other.size for other in group)
        if group and (len(group) == FILES_PER_MESSAGE or size + file.size > BYTES_PER_MESSAGE):
            yield tuple(group)
            group = []
        group.append(file)
    if group:
        yield tuple(group)


def _nonce(generation: Generation, index: int) -> str:
    """At most 25 characters: the id has 12."""
    return f"{generation.id}-{generation.state.value[:8]}-{index}"

"""Notices on their way down the ladder: thread, channel, the channel above, direct message."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import discord
import structlog
from discord.ext import commands

from bot.chat import cards
from bot.chat.buttons import undecided_view
from bot.chat.faults import Pages, discord_faults, is_too_large
from bot.chat.lookback import Place, UnreadError, by_discord, own_messages
from bot.chat.parts import Part, Why, as_links, parts_of
from bot.chat.standing import Standing
from bot.chat.uploads import Uploads
from bot.domain.generation import Generation, MessageRef, State
from bot.media.files import ResultFile
from bot.work.protocols import Check, DeliveryDelayedError, Notice

log = structlog.get_logger(__name__)

DEFAULT_UPLOAD_LIMIT = 10 * 1_048_576
"""Bytes per file where nothing better is known (Discord's default since 2025-01)."""

DRIFT = timedelta(seconds=10)
"""How far our clock may have drifted from Discord's since the acceptance."""

REMEMBERED = timedelta(minutes=1)
"""For so long after the first try Discord surely remembers the nonces, so that nothing is posted twice, seen or not: it
speaks of "the past few minutes"."""

ROOM_FOR_FORM = 16 * 1024
"""Kept in hand for the multipart form around a file."""


@dataclass(slots=True)
class _Rest:
    """What is still to be posted of a notice, its first message, and what is asked before a further one."""

    parts: list[Part]
    first: MessageRef | None
    check: Check


class Postman:
    """Posts a notice in as many messages as it takes, in the first place that lets it."""

    def __init__(self, bot: commands.AutoShardedBot, clock: Callable[[], datetime], pages: Pages) -> None:
        self._bot = bot
        self._clock = clock
        self._pages = pages
        self._uploads = Uploads()

    async def upload_limit(self, generation: Generation) -> int:
        """Bytes per file: the smaller of what the guild and the interaction allow, less what the form takes.

        Where the place that is left takes less, such as a direct message, it is what any place takes. Raises
        DeliveryDelayedError where Discord has to be asked and does not answer.
        """
        is_cramped = self._uploads.are_cramped(generation.id)
        of_guild = DEFAULT_UPLOAD_LIMIT if is_cramped else await self._limit_of_guild(generation.origin.guild_id)
        return min(of_guild, generation.origin.upload_limit or DEFAULT_UPLOAD_LIMIT) - ROOM_FOR_FORM

    async def post(self, generation: Generation, notice: Notice, check: Check) -> MessageRef | None:
        """The first message of the notice; `check` is asked right before each.

        None where no place took it. Raises DeliveryDelayedError where later helps. Discord remembers a nonce for a few
        minutes only, so after a failed try the places are searched before anything is posted again.
        """
        standing = await self._standing(generation, notice) if generation.telling_failures else Standing()
        lacking = standing.lacking(generation, notice)
        parts = parts_of(lacking, await self.upload_limit(generation), standing.next_number) if lacking else []
        rest = _Rest(parts, standing.first, check)
        await self._descend(generation, rest)
        if any(part.files for part in rest.parts):  # no place took the files; one may take words
            rest.parts = as_links(rest.parts, rest.parts[0].index, Why.UNPOSTED)
            await self._descend(generation, rest)
        if rest.parts and rest.first:
            log.warning("told_in_part", generation=generation.id, lacking=len(rest.parts))
        self._uploads.forget(generation.id)
        self._pages.forget(generation.id)
        return rest.first

    async def post_text(self, generation: Generation, text: str, nonce: str, since: datetime) -> None:
        """A short word on the way, in the first place that takes it; none where it stands there since then."""
        async for place in self._places(generation):
            found, _ = await self._look(generation, place, since)
            if found:
                return
            try:
                await self._send(generation, place, text, nonce)
            except discord.HTTPException:
                continue
            return

    async def _limit_of_guild(self, guild_id: int | None) -> int:
        if guild_id is None:
            return DEFAULT_UPLOAD_LIMIT
        guild = self._bot.get_guild(guild_id)
        if guild is None:  # the gateway has not told of it yet, or we are no longer in it
            try:
                async with discord_faults("read guild"):
                    guild = await self._bot.fetch_guild(guild_id, with_counts=False)
            except discord.HTTPException:
                return DEFAULT_UPLOAD_LIMIT
        return guild.filesize_limit

    def _channels(self, generation: Generation) -> list[discord.PartialMessageable]:
        """The thread, where there is one, where the command was used, and the channel above that, if it is a thread."""
        origin = generation.origin
        ids = dict.fromkeys(filter(None, (generation.thread_id, origin.channel_id, origin.parent_id)))
        return [self._bot.get_partial_messageable(channel_id, guild_id=origin.guild_id) for channel_id in ids]

    async def _places(self, generation: Generation) -> AsyncIterator[Place]:
        origin = generation.origin
        for channel in self._channels(generation):
            yield channel
        if origin.guild_id is not None:
            try:
                async with self._pages.faults("open direct message", generation.id):
                    direct = await self._bot.create_dm(discord.Object(origin.requester_id))
            except discord.HTTPException as error:
                log.warning("direct_message_refused", generation=generation.id, code=error.code)
                return
            yield direct

    async def _descend(self, generation: Generation, rest: _Rest) -> None:
        """Post what is left in the first place that takes it; what a place refuses in the middle, the next one gets."""
        if not rest.parts:
            return
        async for place in self._places(generation):
            try:
                await self._post_parts(generation, place, rest)
            except discord.HTTPException as error:
                log.warning("place_refused", generation=generation.id, status=error.status, code=error.code)
            else:
                return

    async def _post_parts(self, generation: Generation, place: Place, rest: _Rest) -> None:
        """Post every part that is left; where its files can't be posted, links take their place from that part on."""
        while rest.parts:
            part = rest.parts[0]
            outcome = await self._post_part(generation, place, part, rest.check)
            if isinstance(outcome, Why):
                size = sum(file.size for file in part.files)
                log.warning("upload_given_up", generation=generation.id, size=size, why=outcome.value)
                rest.parts = as_links(rest.parts, part.index, outcome)
                continue
            rest.first = rest.first or outcome
            del rest.parts[0]

    async def _post_part(self, generation: Generation, place: Place, part: Part, check: Check) -> MessageRef | Why:
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
                    self._require_cramped(generation, part)
                    return Why.TOO_LARGE
                raise

    def _require_cramped(self, generation: Generation, part: Part) -> None:
        """Raises DeliveryDelayedError where the files may be made small enough for any place."""
        most = max(file.size for file in part.files)
        if most > DEFAULT_UPLOAD_LIMIT - ROOM_FOR_FORM and not self._uploads.are_cramped(generation.id):
            self._uploads.cramp(generation.id)
            raise DeliveryDelayedError("too large for the place that is left", timedelta(0))

    async def _send(
        self,
        generation: Generation,
        place: Place,
        text: str,
        nonce: str,
        files: Sequence[ResultFile] = (),
    ) -> MessageRef:
        uploads = [discord.File(file.path, filename=file.filename) for file in files]
        mentions = discord.AllowedMentions(
            everyone=False, roles=False, users=[discord.Object(generation.origin.requester_id)], replied_user=False
        )
        try:
            async with self._pages.faults("post notice", generation.id):
                message = await place.send(
                    text, files=uploads, nonce=nonce, allowed_mentions=mentions, view=_view(generation, place)
                )
        finally:
            for upload in uploads:
                upload.close()
        return MessageRef(channel_id=message.channel.id, message_id=message.id)

    async def _standing(self, generation: Generation, notice: Notice) -> Standing:
        """What stands of this notice already, wherever it may have gone; no further than all of it is found.

        Where the generation's own thread may not be read and something came since the first try, that is taken for the
        notice, and for all of it: what is missing /show hands over, but nobody takes back what was posted twice. Not so
        while Discord remembers the nonces.
        """
        standing = Standing()
        since = generation.telling_since or generation.state_at
        is_remembered = self._clock() - since < REMEMBERED
        async for place in self._places(generation):
            if isinstance(place, discord.DMChannel) and standing.messages and not standing.lacking(generation, notice):
                break
            found, unread = await self._look(generation, place, since)
            for message in found:
                standing.add(generation, message)
            if unread and not is_remembered and _may_be_told(generation, unread, since):
                standing.unread = unread
        if standing.unread and standing.first == standing.unread:
            log.warning("taken_for_told", generation=generation.id, message=standing.unread.message_id)
        return standing

    async def _look(
        self, generation: Generation, place: Place, since: datetime
    ) -> tuple[list[discord.Message], MessageRef | None]:
        """What we posted there of the present state of this generation, and what came last where it may not be read."""
        found: list[discord.Message] = []
        mark, since = cards.mark(generation), by_discord(generation, since)
        facts = {"generation": generation.id, "place": place.id}
        try:
            async with discord_faults("look at the place"):
                async for message in own_messages(self._bot, place, since):
                    if mark in message.content:
                        found.append(message)  # noqa: PERF401 - what was found before a refusal counts
        except discord.HTTPException as error:
            log.warning("place_not_searched", status=error.status, code=error.code, **facts)
        except UnreadError as error:
            log.warning("place_not_searched", last=error.last.message_id, **facts)
            return [], error.last
        return found, None


def _may_be_told(generation: Generation, unread: MessageRef, since: datetime) -> bool:
    """Whether it came to the generation's own thread while it was being told, by Discord's clock."""
    at = discord.utils.snowflake_time(unread.message_id)
    return unread.channel_id == generation.thread_id and at >= by_discord(generation, since) - DRIFT


def _view(generation: Generation, place: Place) -> discord.ui.View:
    """The buttons under a notice: decisions where one is to be taken, else none."""
    if generation.state is not State.UNCONFIRMED:
        return discord.ui.View(timeout=None)
    is_elsewhere = generation.origin.guild_id is not None and isinstance(place, discord.DMChannel)
    return undecided_view(generation, is_elsewhere=is_elsewhere)


def _nonce(generation: Generation, index: int) -> str:
    """At most 25 characters: the id has 12."""
    return f"{generation.id}-{generation.state.value[:8]}-{index}"

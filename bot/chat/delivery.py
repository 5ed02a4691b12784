"""How a generation reaches its requester: the card, the thread, the notice, with the bot's own token throughout.

An interaction's token dies after 15 minutes, so it is used only to find the first answer. Every message carries a
nonce made from the generation and is sent with enforce_nonce (discord.py does so whenever a nonce is given), so a
repeated send gives the message that is there already.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal, cast

import discord
import structlog
from discord.ext import commands

from bot.chat import cards
from bot.chat.clearing import cleared
from bot.chat.faults import Pages, discord_faults, is_gone
from bot.chat.lookback import UnreadError, by_discord, own_messages
from bot.chat.parts import FILES_PER_MESSAGE
from bot.chat.postman import Postman
from bot.chat.shown import ShownCards
from bot.domain.generation import Generation, MessageRef
from bot.i18n import speaking
from bot.work.protocols import Check, DeliveryDelayedError, Notice, nothing_to_check

log = structlog.get_logger(__name__)

OWNER_WITHIN = timedelta(seconds=10)
"""For telling one of the owners: a call that hangs must not keep the others from being told."""

ARCHIVE_AFTER_MINUTES: Literal[1440] = 1440
THREAD_EXISTS = 160004


class DiscordDelivery:
    """Delivery over a discord.py client."""

    def __init__(self, bot: commands.AutoShardedBot, clock: Callable[[], datetime]) -> None:
        self._bot = bot
        self._pages = Pages()
        self._postman = Postman(bot, clock, self._pages)
        self._shown = ShownCards()

    async def find_or_post_card(self, generation: Generation) -> MessageRef | None:
        """Read the command's first answer while its token lives, else find or post a card of our own."""
        origin = generation.origin
        channel = self._channel(origin.channel_id, origin.guild_id)
        found = await self._first_answer(generation) or await self._own_card(generation, channel)
        if found is not None:
            return found
        with speaking(origin.locale):
            embed = cards.card(generation)
        try:
            async with self._pages.faults("post card", generation.id):
                message = await channel.send(
                    embed=embed, nonce=f"{generation.id}-card", allowed_mentions=discord.AllowedMentions.none()
                )
        except discord.HTTPException as error:
            log.warning("card_refused", generation=generation.id, status=error.status, code=error.code)
            return None
        return MessageRef(channel_id=message.channel.id, message_id=message.id)

    async def open_thread(self, generation: Generation) -> int | None:
        """Open the thread; one that exists already is ours, since its id is that of the card."""
        if generation.card is None or generation.origin.guild_id is None:
            return None
        with speaking(generation.origin.locale):
            name = cards.thread_name(generation)
        card = generation.card
        try:
            async with self._pages.faults("open thread", generation.id):
                # by the plain call: the message's own needs a cached guild
                thread = await self._bot.http.start_thread_with_message(
                    card.channel_id, card.message_id, name=name, auto_archive_duration=ARCHIVE_AFTER_MINUTES
                )
        except discord.HTTPException as error:
            if error.code == THREAD_EXISTS:
                return card.message_id
            log.warning("thread_refused", generation=generation.id, status=error.status, code=error.code)
            return None
        return int(thread["id"])

    async def keep_inputs(self, generation: Generation, files: Sequence[Path]) -> tuple[int, ...]:
        """Attach the inputs to the card; where that can't be done, the generation goes on without them kept."""
        if generation.card is None:
            return ()
        limit = await self._postman.upload_limit(generation)
        if len(files) > FILES_PER_MESSAGE or any(path.stat().st_size > limit for path in files):
            log.info("inputs_too_much_to_keep", generation=generation.id)
            return ()
        message = self._card_message(generation.card, generation.origin.guild_id)
        with contextlib.ExitStack() as stack:
            uploads = [
                stack.enter_context(_closing(discord.File(path, filename=item.filename)))
                for path, item in zip(files, generation.request.inputs, strict=True)
            ]
            try:
                async with discord_faults("keep inputs"):
                    kept = await message.edit(attachments=uploads)
            except (discord.HTTPException, DeliveryDelayedError) as error:
                log.warning("inputs_not_kept", generation=generation.id, error=str(error))
                return ()
        return tuple(attachment.id for attachment in kept.attachments)

    async def input_urls(self, generation: Generation) -> tuple[str, ...] | None:
        """Read the card again: Discord signs its attachments' addresses anew; None where they don't stand there."""
        if generation.card is None or not generation.kept_inputs:
            return None
        try:
            async with discord_faults("read card"):
                message = await self._card_message(generation.card, generation.origin.guild_id).fetch()
        except discord.HTTPException as error:
            log.warning("inputs_not_read", generation=generation.id, error=str(error))
            return None
        urls = {attachment.id: attachment.url for attachment in message.attachments}
        if not all(kept in urls for kept in generation.kept_inputs):
            return None
        return tuple(urls[kept] for kept in generation.kept_inputs)

    async def show(self, generation: Generation, usual: timedelta | None, now: datetime) -> None:
        """Edit the card where what it says has changed, seldom and ever more seldom for progress alone."""
        if generation.card is None:
            return
        with speaking(generation.origin.locale):
            embed = cards.card(generation, usual)
        text = repr(embed.to_dict())
        if not self._shown.is_worth_an_edit(generation, text, now):
            return
        self._shown.begin(generation, now)
        message = self._card_message(generation.card, generation.origin.guild_id)
        try:
            async with discord_faults("edit card"):
                if generation.erased_at:
                    await cleared(self._bot.http, message, generation, embed)
                else:
                    await message.edit(embed=embed)
        except discord.HTTPException as error:
            log.info("card_not_edited", generation=generation.id, error=str(error))
            return
        self._shown.remember(generation, text, now)

    async def upload_limit(self, generation: Generation) -> int:
        """Bytes per file, as Discord states them for the guild and the interaction."""
        return await self._postman.upload_limit(generation)

    async def tell(self, generation: Generation, notice: Notice, check: Check = nothing_to_check) -> MessageRef | None:
        """Post the end and its videos in the first place that takes them; None where no way is left."""
        with speaking(generation.origin.locale):
            return await self._postman.post(generation, notice, check)

    async def tell_slow(self, generation: Generation, since: datetime) -> None:
        """Say in the thread that it takes longer, unless that stands there since then."""
        with speaking(generation.origin.locale):
            await self._postman.post_text(generation, cards.slow(generation), f"{generation.id}-slow", since)

    async def tell_owner(self, door_closed_by: str | None) -> None:
        """Write to the application's owner, or to every member of its team.

        DeliveryDelayedError where none was reached.
        """
        application = self._bot.application
        if application is None:
            raise DeliveryDelayedError("not logged in yet")
        owners = application.team.members if application.team else [application.owner]
        delays: list[DeliveryDelayedError] = []
        for owner in owners:
            try:
                async with asyncio.timeout(OWNER_WITHIN.total_seconds()), discord_faults("tell owner"):
                    channel = await self._bot.create_dm(discord.Object(owner.id))
                    await channel.send(cards.owner_notice(door_closed_by))
            except discord.HTTPException as error:
                log.warning("owner_not_told", owner=owner.id, error=str(error))
            except DeliveryDelayedError as error:
                delays.append(error)
            except TimeoutError as error:
                delays.append(DeliveryDelayedError(type(error).__name__))
        if delays and len(delays) == len(owners):
            raise delays[0]  # nobody was reached, and later may help

    def _channel(self, channel_id: int, guild_id: int | None) -> discord.PartialMessageable:
        return self._bot.get_partial_messageable(channel_id, guild_id=guild_id)

    def _card_message(self, card: MessageRef, guild_id: int | None) -> discord.PartialMessage:
        return self._channel(card.channel_id, guild_id).get_partial_message(card.message_id)

    async def _first_answer(self, generation: Generation) -> MessageRef | None:
        application_id = self._bot.application_id
        if application_id is None or not generation.origin.interaction_token:
            return None
        webhook = discord.Webhook.partial(application_id, generation.origin.interaction_token, client=self._bot)
        try:
            async with discord_faults("read first answer"):
                message = await webhook.fetch_message(cast("int", "@original"))
        except discord.HTTPException as error:
            if not is_gone(error):
                log.info("first_answer_unknown", generation=generation.id, status=error.status, code=error.code)
            return None
        return MessageRef(channel_id=message.channel.id, message_id=message.id)

    async def _own_card(self, generation: Generation, channel: discord.PartialMessageable) -> MessageRef | None:
        """The card that we posted before and could not note down; its nonce alone would tell for minutes only.

        Where the channel may not be read, another one is posted: what came last there may be anybody's.
        """
        since = by_discord(generation, generation.accepted_at)
        try:
            async with discord_faults("look for card"):
                async for message in own_messages(self._bot, channel, since):
                    if any(embed.footer.text == generation.id for embed in message.embeds):
                        return MessageRef(channel_id=message.channel.id, message_id=message.id)
        except discord.HTTPException as error:
            log.info("channel_not_searched", generation=generation.id, status=error.status, code=error.code)
        except UnreadError as error:
            log.warning("place_not_searched", generation=generation.id, place=channel.id, last=error.last.message_id)
        return None


@contextlib.contextmanager
def _closing(file: discord.File) -> Iterator[discord.File]:
    try:
        yield file
    finally:
        file.close()

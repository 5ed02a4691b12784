"""What is told to a guild by itself, posted to its channels: reports, budgets that run out, the audit."""

import contextlib
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import assert_never

import discord
import structlog
from discord.ext import commands

from bot.chat import log_lines, texts
from bot.chat.faults import discord_faults
from bot.chat.lookback import UnreadError, own_messages
from bot.chat.report_parts import ReportParts, ReportTools, scheduled_parts
from bot.domain.announcements import LOW_AT, Attempt, BudgetLevel
from bot.domain.errors import Rejection
from bot.domain.guild import Schedule
from bot.domain.limits import Allowance, Measure
from bot.domain.moderating import LogLine, Mirror
from bot.i18n import _, speaking
from bot.work.announcing import PlaceGoneError
from bot.work.protocols import DeliveryDelayedError

log = structlog.get_logger(__name__)

LOG_MARK = "/mod log · "
"""Before the number of the last line in a message of the log channel, by which it is recognised."""

AHEAD = timedelta(days=1)
"""How far our clock may have been ahead of Discord's, by which messages are dated, at the first try: more than any time
zone. An announcement carries no instant of Discord's to tell by, as a generation does with its interaction."""


class DiscordAnnouncer:
    """Announcements over a discord.py client, in each guild's own language."""

    def __init__(self, bot: commands.AutoShardedBot, tools: ReportTools) -> None:
        self._bot = bot
        self._tools = tools

    async def report(self, schedule: Schedule, start: datetime, end: datetime, attempt: Attempt) -> None:
        """Post the report of a period, [start, end)."""
        guild = self._bot.get_guild(schedule.guild_id)
        if guild is None:
            raise PlaceGoneError("the bot is not in the guild")
        if await self._stands(schedule.channel_id, attempt):
            return
        with self._speaking(schedule.guild_id):
            try:
                parts = await scheduled_parts(self._tools, schedule, (start, end), guild.filesize_limit)
            except Rejection as rejection:
                raise DeliveryDelayedError(f"make report: {rejection}") from rejection
            await self._post(schedule.channel_id, parts, attempt)

    async def budget(self, channel_id: int, allowance: Allowance, level: BudgetLevel, attempt: Attempt) -> None:
        """Post that a budget of the guild has come to a level."""
        if await self._stands(channel_id, attempt):
            return
        with self._speaking(attempt.announcement.guild_id):
            await self._post(channel_id, ReportParts(embed=_budget_embed(allowance, level)), attempt)

    async def audit(self, mirror: Mirror, lines: Sequence[LogLine], attempt: Attempt) -> None:
        """Post lines of the audit, in one message; those that an earlier try posted are left out."""
        last = await self._last_posted(mirror, attempt)
        new = [line for line in lines if line.id > last]
        if not new:
            return
        with self._speaking(mirror.guild_id):
            embed = discord.Embed(description="\n".join(log_lines.line(line) for line in new))
        await self._post(mirror.channel_id, ReportParts(embed=embed), attempt, f"{LOG_MARK}{new[-1].id}")

    async def _post(self, channel_id: int, parts: ReportParts, attempt: Attempt, mark: str = "") -> None:
        """Post a message with its mark, which its nonce is made from as well."""
        mark = mark or attempt.mark
        parts.embed.set_footer(text="\n".join(filter(None, (parts.embed.footer.text, mark))))
        digest = blake2b(f"{attempt.announcement.guild_id} {mark}".encode(), digest_size=12).hexdigest()
        channel = self._bot.get_partial_messageable(channel_id, guild_id=attempt.announcement.guild_id)
        nobody = discord.AllowedMentions.none()
        try:
            async with discord_faults("post announcement"):
                await channel.send(embed=parts.embed, files=parts.files, nonce=digest, allowed_mentions=nobody)
        except discord.HTTPException as error:
            raise PlaceGoneError(f"{error.status} {error.code}") from error
        finally:
            parts.close()

    async def _stands(self, channel_id: int, attempt: Attempt) -> bool:
        """Whether an earlier try has posted it."""
        return attempt.may_stand_there and attempt.mark in await self._marks(channel_id, attempt)

    async def _last_posted(self, mirror: Mirror, attempt: Attempt) -> int:
        """The last line that an earlier try has posted, though nobody noted it."""
        if not attempt.may_stand_there:
            return mirror.last_id
        posted = [mark.removeprefix(LOG_MARK) for mark in await self._marks(mirror.channel_id, attempt)]
        return max([mirror.last_id, *(int(number) for number in posted if number.isdigit())])

    async def _marks(self, channel_id: int, attempt: Attempt) -> list[str]:
        """The marks of our messages in a channel since the first try, the newest first, no further than this one's.

        None where we may not look.
        """
        channel = self._bot.get_partial_messageable(channel_id, guild_id=attempt.announcement.guild_id)
        found: list[str] = []
        try:
            async with discord_faults("look for announcement"):
                async for message in own_messages(self._bot, channel, attempt.begun_at - AHEAD):
                    found += [(embed.footer.text or "").rpartition("\n")[2] for embed in message.embeds]
                    if attempt.mark in found:
                        break
        except discord.HTTPException as error:
            log.info("channel_not_searched", channel=channel_id, status=error.status, code=error.code)
        except UnreadError as error:
            log.warning("channel_not_searched", channel=channel_id, last=error.last.message_id)
        return found

    @contextlib.contextmanager
    def _speaking(self, guild_id: int) -> Iterator[None]:
        guild = self._bot.get_guild(guild_id)
        with speaking(guild.preferred_locale.value if guild else "en-GB"):
            yield


def _budget_embed(allowance: Allowance, level: BudgetLevel) -> discord.Embed:
    used = texts.amount(Measure.MICROS, allowance.used)
    sentences = [_("{used} of {limit} are used.", used=used, limit=texts.limit_name(allowance.limit))]
    if allowance.resets_at is not None:
        sentences.append(_("It starts over {when}.", when=texts.instant(allowance.resets_at)))
    match level:
        case BudgetLevel.LOW:
            title, colour = _("{percent} % of the budget is used", percent=LOW_AT), discord.Colour.orange()
        case BudgetLevel.SHORT:
            title, colour = _("The budget turned a video down"), discord.Colour.red()
            sentences.append(
                _("What was left was not enough for a video that was asked for; cheaper ones may still pass.")
            )
            sentences.append(_("The budget can be raised with /mod limits."))
        case BudgetLevel.SPENT:
            title, colour = _("The budget is used up"), discord.Colour.red()
            sentences.append(
                _("No new videos that cost money are made here until then, or until it is raised (/mod limits).")
            )
        case _:
            assert_never(level)
    return discord.Embed(title=title, description=" ".join(sentences), colour=colour)

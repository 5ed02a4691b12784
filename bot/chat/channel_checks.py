"""What the bot lacks in the channels that it is wanted in, in Discord's own words for permissions."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import discord

from bot.chat.permissions import NEEDED
from bot.i18n import N_, _

FOR_LOG = discord.Permissions(view_channel=True, send_messages=True, embed_links=True, read_message_history=True)
FOR_REPORTS = FOR_LOG | discord.Permissions(attach_files=True)
"""Read Message History is for the look whether something stands there already, before it is posted again."""

NAMES: Mapping[str, str] = MappingProxyType(
    {
        "read_messages": N_("View Channel"),
        "send_messages": N_("Send Messages"),
        "create_public_threads": N_("Create Public Threads"),
        "send_messages_in_threads": N_("Send Messages in Threads"),
        "attach_files": N_("Attach Files"),
        "embed_links": N_("Embed Links"),
        "read_message_history": N_("Read Message History"),
    }
)
"""The permissions as Discord's settings name them."""

LACKING = "⚠️"
"""At the beginning of a line about a channel in which something is missing."""

_HIDDEN = ("read_messages",)
_IN_FORUMS = frozenset({"send_messages", "create_public_threads"})
"""Not needed in a forum: members open its posts themselves, and a post is a thread already."""

_VISITED = (discord.TextChannel, discord.VoiceChannel, discord.StageChannel, discord.ForumChannel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A channel with the permissions, by discord.py's names, that the bot lacks in it."""

    channel_id: int
    missing: tuple[str, ...]

    @property
    def is_fine(self) -> bool:
        """Whether nothing is missing."""
        return not self.missing


def check(guild: discord.Guild, channel_ids: Iterable[int], needed: discord.Permissions = NEEDED) -> list[Finding]:
    """What is missing in each channel, and for a category in each channel of it; those that lack something first.

    What Discord doesn't show to the bot at all is taken to be hidden from it. Reads what is in memory only.
    """
    found = [finding for channel_id in channel_ids for finding in _check(guild, channel_id, needed)]
    return sorted(found, key=lambda finding: finding.is_fine)


def check_everywhere(guild: discord.Guild) -> list[Finding]:
    """The channels that the bot sees and lacks something in; what is hidden from it is not meant for it."""
    visited = (channel for channel in guild.channels if isinstance(channel, discord.TextChannel | discord.ForumChannel))
    found = [Finding(channel_id=one.id, missing=_missing(one, guild.me, NEEDED)) for one in visited]
    return [finding for finding in found if not finding.is_fine and finding.missing != _HIDDEN]


def line(finding: Finding) -> str:
    """A channel with what is missing in it, in a line."""
    where = f"<#{finding.channel_id}>"
    if finding.is_fine:
        return f"✅ {where}"
    names = ", ".join(_(NAMES[name]) for name in finding.missing)
    return f"{LACKING} " + _("{channel}: I lack {permissions}", channel=where, permissions=names)


def _check(guild: discord.Guild, channel_id: int, needed: discord.Permissions) -> Iterator[Finding]:
    channel = guild.get_channel(channel_id)
    if isinstance(channel, discord.CategoryChannel):
        inside = [_finding(one, needed) for one in channel.channels if isinstance(one, _VISITED)]
        lacking = [finding for finding in inside if not finding.is_fine]
        yield from lacking or [Finding(channel_id=channel_id, missing=())]
    elif channel is None:
        yield Finding(channel_id=channel_id, missing=_HIDDEN)
    else:
        yield _finding(channel, needed)


def _finding(channel: discord.abc.GuildChannel, needed: discord.Permissions) -> Finding:
    return Finding(channel_id=channel.id, missing=_missing(channel, channel.guild.me, needed))


def _missing(
    channel: discord.abc.GuildChannel, me: discord.Member | None, needed: discord.Permissions
) -> tuple[str, ...]:
    """Without View Channel everything else is denied too, so nothing can be said about the rest until it is given."""
    if me is None:
        return _HIDDEN
    held = channel.permissions_for(me)
    if not held.view_channel:
        return _HIDDEN
    spared = _IN_FORUMS if isinstance(channel, discord.ForumChannel) else frozenset()
    return tuple(name for name in NAMES if getattr(needed, name) and name not in spared and not getattr(held, name))

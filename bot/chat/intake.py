"""From Discord's interaction to the values of the domain."""

from typing import Any

import discord

from bot.domain.generation import Origin
from bot.domain.guild import Standing
from bot.domain.request import Input, InputRole

_PLACES = (
    discord.TextChannel,
    discord.VoiceChannel,
    discord.StageChannel,
    discord.ForumChannel,
    discord.CategoryChannel,
    discord.Thread,
)


def origin(interaction: discord.Interaction) -> Origin:
    """Where a request comes from; the upload limit is in bytes."""
    in_thread = interaction.guild is None or isinstance(interaction.channel, discord.Thread)
    return Origin(
        interaction_id=interaction.id,
        interaction_token=interaction.token,
        guild_id=interaction.guild_id,
        channel_id=interaction.channel_id or 0,
        requester_id=interaction.user.id,
        locale=interaction.locale.value,
        in_thread=in_thread,
        upload_limit=interaction.filesize_limit,
        parent_id=_parent_id(interaction.channel),
    )


def standing(interaction: discord.Interaction[Any]) -> Standing:
    """Who asks, and from where; direct messages are no channel of a guild, and nobody has roles there.

    Among the roles is that of @everyone, which has the guild's own id. The name is that of the account: it is kept once
    for all guilds, and none of them is shown a nickname from another.
    """
    member, guild_id = interaction.user, interaction.guild_id
    name = member.global_name or member.name
    if guild_id is None or not isinstance(member, discord.Member):
        return Standing(name=name)
    return Standing(
        name=name,
        role_ids=frozenset({guild_id, *(role.id for role in member.roles)}),
        channel_ids=_with_those_above(interaction.channel),
        is_age_restricted=_is_age_restricted(interaction.channel),
    )


def attached(role: InputRole, attachment: discord.Attachment) -> Input:
    """An attachment option as the input that it is for."""
    return Input(
        role=role,
        attachment_id=attachment.id,
        filename=attachment.filename,
        content_type=attachment.content_type,
        size=attachment.size,
        url=attachment.url,
        width=attachment.width,
        height=attachment.height,
    )


def _parent_id(channel: object) -> int | None:
    """The channel of a public thread; none of a private one, so that nothing leaks out of it."""
    return channel.parent_id if isinstance(channel, discord.Thread) and not channel.is_private() else None


def _with_those_above(channel: object) -> frozenset[int]:
    """A channel's id with those of the channel and the category that it is in."""
    ids: set[int | None] = set()
    if isinstance(channel, discord.Thread):
        ids |= {channel.id, channel.parent_id}
        channel = channel.parent
    if isinstance(channel, discord.abc.GuildChannel):
        ids |= {channel.id, channel.category_id}
    return frozenset(channel_id for channel_id in ids if channel_id is not None)


def _is_age_restricted(channel: object) -> bool:
    """Whether a channel is, or the one that a thread is in."""
    return isinstance(channel, _PLACES) and channel.is_nsfw()

"""From Discord's interaction to the values of the domain."""

import discord

from bot.domain.generation import Origin
from bot.domain.request import Input, InputRole


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

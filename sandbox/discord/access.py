"""What the bot may reach: the checks in front of every route, with Discord's codes."""

from __future__ import annotations

from sandbox.discord.channels import Channel, ChannelKind, DirectChannel, Place, Thread
from sandbox.discord.errors import refusal
from sandbox.discord.guilds import Guild, permissions_in
from sandbox.discord.messages import Message
from sandbox.discord.permissions import Permission
from sandbox.discord.world import World


def place_of(world: World, channel_id: int) -> Place:
    """Return a place that the bot can see; 10003 if there is none, 50001 if it is hidden."""
    place = world.places.get(channel_id)
    if place is None:
        raise refusal(10003)
    if Permission.VIEW_CHANNEL not in permissions_in(place, world.bot):
        raise refusal(50001)
    return place


def guild_of(world: World, guild_id: int) -> Guild:
    """Return a guild that the bot is in; 10004 otherwise."""
    guild = world.guilds.get(guild_id)
    if guild is None or not guild.has_bot:
        raise refusal(10004)
    return guild


def message_of(world: World, place: Place, message_id: int) -> Message:
    """Return a public message of a place; 10008 if there is none."""
    message = world.find_message(place, message_id)
    if message is None or message.ephemeral:
        raise refusal(10008)
    return message


def require(world: World, place: Place, *needed: Permission) -> None:
    """Refuse with 50013 what the bot lacks the permission for."""
    granted = permissions_in(place, world.bot)
    if any(permission not in granted for permission in needed):
        raise refusal(50013)


def require_sending(world: World, place: Place, *, embeds: bool, files: bool) -> None:
    """Refuse a message that the bot may not send there, for whatever reason."""
    if isinstance(place, DirectChannel):
        if not world.shares_guild_with_bot(place.user):
            raise refusal(50278)
        if not place.user.accepts_direct_messages:
            raise refusal(50007)
        return
    if place.kind is ChannelKind.CATEGORY:
        raise refusal(50024)
    sending = Permission.SEND_MESSAGES_IN_THREADS if isinstance(place, Thread) else Permission.SEND_MESSAGES
    require(world, place, sending)
    if embeds:
        require(world, place, Permission.EMBED_LINKS)
    if files:
        require(world, place, Permission.ATTACH_FILES)
    if isinstance(place, Thread) and place.locked:
        granted = permissions_in(place, world.bot)
        if Permission.MANAGE_THREADS not in granted:
            raise refusal(160005)


def require_open(place: Place) -> None:
    """Refuse with 50083 what cannot be done in an archived thread."""
    if isinstance(place, Thread) and place.archived:
        raise refusal(50083)


def text_channel(place: Place) -> Channel:
    """Return the channel that a thread can be started in; 50024 for anything else."""
    if not isinstance(place, Channel) or place.kind is not ChannelKind.TEXT:
        raise refusal(50024)
    return place


def upload_limit(place: Place) -> int:
    """Return the largest file that the bot may post in a place, in bytes."""
    return 10 * 1024 * 1024 if place.guild is None else place.guild.upload_limit

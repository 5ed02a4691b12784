"""Which gateway event says what about a change, and who gets it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntFlag
from typing import TYPE_CHECKING, Any

from sandbox.discord import message_payloads, payloads
from sandbox.discord.channels import Channel, DirectChannel, Thread
from sandbox.discord.errors import Json
from sandbox.discord.guilds import Guild, Role, permissions_in
from sandbox.discord.interactions import Interaction
from sandbox.discord.members import Member
from sandbox.discord.messages import Message
from sandbox.discord.permissions import Permission

if TYPE_CHECKING:
    from sandbox.discord.world import World


class Intent(IntFlag):
    """The gateway intents that matter here, with Discord's values."""

    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    DIRECT_MESSAGES = 1 << 12
    MESSAGE_CONTENT = 1 << 15


PRIVILEGED = Intent.GUILD_MEMBERS | Intent.GUILD_PRESENCES | Intent.MESSAGE_CONTENT
"""The intents that Discord grants only on request."""


@dataclass(frozen=True, slots=True)
class Dispatch:
    """One gateway event; no intent means that every session gets it."""

    name: str
    payload: Json = field(repr=False)
    intent: Intent | None
    guild_id: int | None


def describe(world: World, name: str, subject: Any) -> Dispatch | None:
    """Return the event for a change, or nothing if the bot has no part in it."""
    return _BY_NAME[name](world, name, subject)


def _guild_created(_world: World, name: str, guild: Guild) -> Dispatch | None:
    return Dispatch(name, payloads.of_joined_guild(guild, with_members=False), Intent.GUILDS, guild.id)


def _guild_deleted(_world: World, name: str, guild: Guild) -> Dispatch | None:
    return Dispatch(name, {"id": str(guild.id)}, Intent.GUILDS, guild.id)


def _role(_world: World, name: str, subject: tuple[Guild, Role]) -> Dispatch | None:
    guild, role = subject
    if not guild.has_bot:
        return None
    return Dispatch(name, {"guild_id": str(guild.id), "role": payloads.of_role(role)}, Intent.GUILDS, guild.id)


def _member(_world: World, name: str, member: Member) -> Dispatch | None:
    guild = member.guild
    if not guild.has_bot:
        return None
    payload = payloads.of_member(member) | {"guild_id": str(guild.id)}
    return Dispatch(name, payload, Intent.GUILD_MEMBERS, guild.id)


def _channel(_world: World, name: str, channel: Channel) -> Dispatch | None:
    if not channel.guild.has_bot:
        return None
    return Dispatch(name, payloads.of_place(channel), Intent.GUILDS, channel.guild.id)


def _thread(world: World, name: str, thread: Thread) -> Dispatch | None:
    if Permission.VIEW_CHANNEL not in permissions_in(thread, world.bot):
        return None
    payload = payloads.of_thread(thread)
    if name == "THREAD_CREATE":
        payload["newly_created"] = True
    if name == "THREAD_DELETE":
        payload = {key: payload[key] for key in ("id", "guild_id", "parent_id", "type")}
    return Dispatch(name, payload, Intent.GUILDS, thread.guild.id)


def _message(world: World, name: str, message: Message) -> Dispatch | None:
    place = message.place
    if message.ephemeral or Permission.VIEW_CHANNEL not in permissions_in(place, world.bot):
        return None
    guild_id = None if place.guild is None else place.guild.id
    intent = Intent.DIRECT_MESSAGES if isinstance(place, DirectChannel) else Intent.GUILD_MESSAGES
    if name != "MESSAGE_DELETE":
        return Dispatch(name, message_payloads.of_message_event(world, message), intent, guild_id)
    payload = {"id": str(message.id), "channel_id": str(place.id)}
    return Dispatch(name, payload if guild_id is None else payload | {"guild_id": str(guild_id)}, intent, guild_id)


def _interaction(world: World, name: str, interaction: Interaction) -> Dispatch | None:
    guild = interaction.place.guild
    payload = message_payloads.of_interaction(world, interaction)
    return Dispatch(name, payload, None, None if guild is None else guild.id)


_BY_NAME: dict[str, Callable[[World, str, Any], Dispatch | None]] = {
    "GUILD_CREATE": _guild_created,
    "GUILD_DELETE": _guild_deleted,
    "GUILD_ROLE_CREATE": _role,
    "GUILD_MEMBER_ADD": _member,
    "GUILD_MEMBER_REMOVE": _member,
    "CHANNEL_CREATE": _channel,
    "CHANNEL_UPDATE": _channel,
    "CHANNEL_DELETE": _channel,
    "THREAD_CREATE": _thread,
    "THREAD_UPDATE": _thread,
    "THREAD_DELETE": _thread,
    "MESSAGE_CREATE": _message,
    "MESSAGE_UPDATE": _message,
    "MESSAGE_DELETE": _message,
    "INTERACTION_CREATE": _interaction,
}

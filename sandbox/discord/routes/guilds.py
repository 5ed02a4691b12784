"""Guilds as the bot looks them up."""

from __future__ import annotations

from sandbox.discord import payloads
from sandbox.discord.access import guild_of
from sandbox.discord.errors import refusal
from sandbox.discord.permissions import Permission
from sandbox.discord.wire import Call, Endpoint, Reply


def get_guild(call: Call) -> Reply:
    """Answer with a guild, with the number of its members if asked."""
    guild = guild_of(call.world, call.id("guild_id"))
    payload = payloads.of_guild(guild)
    if call.query.get("with_counts", "0").lower() in {"1", "true"}:
        payload |= {"approximate_member_count": len(guild.members), "approximate_presence_count": 1}
    return Reply(payload)


def list_channels(call: Call) -> Reply:
    """List a guild's channels, without its threads."""
    guild = guild_of(call.world, call.id("guild_id"))
    return Reply([payloads.of_place(channel) for channel in guild.channels.values()])


def list_roles(call: Call) -> Reply:
    """List a guild's roles."""
    guild = guild_of(call.world, call.id("guild_id"))
    return Reply([payloads.of_role(role) for role in guild.roles.values()])


def get_member(call: Call) -> Reply:
    """Answer with one member."""
    guild = guild_of(call.world, call.id("guild_id"))
    member = guild.members.get(call.id("user_id"))
    if member is None:
        raise refusal(10007 if call.id("user_id") in call.world.users else 10013)
    return Reply(payloads.of_member(member))


def list_active_threads(call: Call) -> Reply:
    """List the open threads that the bot can see."""
    guild = guild_of(call.world, call.id("guild_id"))
    seen = [
        thread
        for thread in guild.threads.values()
        if not thread.archived and Permission.VIEW_CHANNEL in guild.permissions_of(guild.bot, thread)
    ]
    bot_id = call.world.bot.id
    memberships = [payloads.of_thread_member(thread, bot_id) for thread in seen if bot_id in thread.member_ids]
    return Reply(
        {"threads": [payloads.of_thread(thread) for thread in seen], "members": memberships, "has_more": False}
    )


ENDPOINTS = (
    Endpoint("GET", "/guilds/{guild_id}", get_guild),
    Endpoint("GET", "/guilds/{guild_id}/channels", list_channels),
    Endpoint("GET", "/guilds/{guild_id}/roles", list_roles),
    Endpoint("GET", "/guilds/{guild_id}/members/{user_id}", get_member),
    Endpoint("GET", "/guilds/{guild_id}/threads/active", list_active_threads),
)

"""Users, the bot itself, and direct channels."""

from __future__ import annotations

from sandbox.discord import payloads
from sandbox.discord.access import guild_of
from sandbox.discord.errors import invalid, refusal
from sandbox.discord.guilds import Guild
from sandbox.discord.wire import NO_CONTENT, Call, Endpoint, Reply, snowflake


def get_own_user(call: Call) -> Reply:
    """Answer with the bot's own user."""
    return Reply(payloads.of_own_user(call.world.bot))


def get_user(call: Call) -> Reply:
    """Answer with any user."""
    user = call.world.users.get(call.id("user_id"))
    if user is None:
        raise refusal(10013)
    return Reply(payloads.of_user(user))


def list_own_guilds(call: Call) -> Reply:
    """List the guilds that the bot is in."""
    return Reply([_summary(guild) for guild in call.world.guilds.values() if guild.has_bot])


def leave_guild(call: Call) -> Reply:
    """Let the bot leave a guild."""
    guild_of(call.world, call.id("guild_id")).remove_bot()
    return NO_CONTENT


def open_direct_channel(call: Call) -> Reply:
    """Open the direct channel with a user; whether they accept messages shows only when one is sent."""
    recipient = call.json().get("recipient_id")
    if recipient is None:
        raise invalid("recipient_id", "BASE_TYPE_REQUIRED", "This field is required")
    user = call.world.users.get(snowflake(recipient, "recipient_id"))
    if user is None:
        raise refusal(10013)
    if user.is_bot:
        raise refusal(50007)
    return Reply(payloads.of_place(call.world.direct_channel(user)))


def _summary(guild: Guild) -> dict[str, object]:
    return {
        "id": str(guild.id),
        "name": guild.name,
        "icon": None,
        "banner": None,
        "owner": False,
        "permissions": str(int(guild.permissions_of(guild.bot))),
        "features": [],
    }


ENDPOINTS = (
    Endpoint("GET", "/users/@me", get_own_user),
    Endpoint("GET", "/users/@me/guilds", list_own_guilds),
    Endpoint("DELETE", "/users/@me/guilds/{guild_id}", leave_guild),
    Endpoint("POST", "/users/@me/channels", open_direct_channel),
    Endpoint("GET", "/users/{user_id}", get_user),
)

"""JSON of users, guilds and channels as Discord writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.discord.channels import Channel, ChannelKind, DirectChannel, Place, Thread
from sandbox.discord.clock import iso
from sandbox.discord.errors import Json

if TYPE_CHECKING:
    from sandbox.discord.guilds import Guild, Role
    from sandbox.discord.members import Member, User
    from sandbox.discord.messages import MessageLog


def of_user(user: User) -> Json:
    """Return a user as others see them."""
    return {
        "id": str(user.id),
        "username": user.name,
        "global_name": None if user.is_bot else user.name.capitalize(),
        "discriminator": "4242" if user.is_bot else "0",
        "avatar": None,
        "avatar_decoration_data": None,
        "collectibles": None,
        "primary_guild": None,
        "clan": None,
        "banner": None,
        "accent_color": None,
        "bot": user.is_bot,
        "system": False,
        "public_flags": 0,
        "flags": 0,
    }


def of_own_user(user: User) -> Json:
    """Return the bot as it sees itself."""
    private = {"mfa_enabled": False, "locale": "en-US", "verified": True, "email": None, "premium_type": 0, "bio": ""}
    return {**of_user(user), **private}


def of_role(role: Role) -> Json:
    """Return a role."""
    payload: Json = {
        "id": str(role.id),
        "name": role.name,
        "description": None,
        "permissions": str(int(role.permissions)),
        "position": role.position,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": role.managed_for is not None,
        "mentionable": role.mentionable,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
    }
    if role.managed_for is not None:
        payload["tags"] = {"bot_id": str(role.managed_for)}
    return payload


def of_member(member: Member) -> Json:
    """Return a member with their user."""
    return {"user": of_user(member.user), **of_membership(member)}


def of_membership(member: Member) -> Json:
    """Return what makes a user a member, without the user."""
    return {
        "nick": member.nick,
        "avatar": None,
        "banner": None,
        "roles": [str(role.id) for role in member.roles],
        "joined_at": iso(member.joined_at),
        "premium_since": None,
        "communication_disabled_until": None,
        "unusual_dm_activity_until": None,
        "deaf": False,
        "mute": False,
        "pending": False,
        "flags": 0,
    }


def of_place(place: Place) -> Json:
    """Return a channel, thread or direct channel."""
    if isinstance(place, Thread):
        return of_thread(place)
    if isinstance(place, DirectChannel):
        return {
            "id": str(place.id),
            "type": int(place.kind),
            "flags": 0,
            "last_message_id": _last_id(place.log),
            "recipients": [of_user(place.user)],
        }
    return _of_channel(place)


def of_thread(thread: Thread) -> Json:
    """Return a thread."""
    metadata: Json = {
        "archived": thread.archived,
        "archive_timestamp": iso(thread.archive_changed_at),
        "auto_archive_duration": thread.auto_archive_minutes,
        "locked": thread.locked,
        "create_timestamp": iso(thread.created_at),
    }
    if thread.kind is ChannelKind.PRIVATE_THREAD:
        metadata["invitable"] = thread.invitable
    payload = {
        "id": str(thread.id),
        "type": int(thread.kind),
        "guild_id": str(thread.guild.id),
        "parent_id": str(thread.parent.id),
        "owner_id": str(thread.owner_id),
        "name": thread.name,
        "last_message_id": _last_id(thread.log),
        "message_count": len(thread.messages),
        "total_message_sent": thread.sent_in_all,
        "member_count": min(len(thread.member_ids), 50),
        "rate_limit_per_user": thread.rate_limit_per_user,
        "flags": 0,
        "thread_metadata": metadata,
    }
    bot_id = thread.world.bot.id
    return {**payload, "member": of_thread_member(thread, bot_id)} if bot_id in thread.member_ids else payload


def of_thread_member(thread: Thread, user_id: int) -> Json:
    """Return the membership of a thread."""
    joined = iso(thread.member_ids[user_id])
    return {"id": str(thread.id), "user_id": str(user_id), "join_timestamp": joined, "flags": 0}


def of_guild(guild: Guild) -> Json:
    """Return a guild as the API answers it."""
    nothing = dict.fromkeys(
        (
            "icon",
            "description",
            "home_header",
            "splash",
            "discovery_splash",
            "banner",
            "application_id",
            "afk_channel_id",
            "system_channel_id",
            "widget_channel_id",
            "vanity_url_code",
            "rules_channel_id",
            "safety_alerts_channel_id",
            "public_updates_channel_id",
            "max_presences",
            "incidents_data",
        )
    )
    return {
        **nothing,
        "id": str(guild.id),
        "name": guild.name,
        "owner_id": str(guild.owner.id),
        "features": [],
        "region": "us-west",
        "afk_timeout": 300,
        "system_channel_flags": 0,
        "widget_enabled": False,
        "verification_level": 0,
        "roles": [of_role(role) for role in guild.roles.values()],
        "default_message_notifications": 0,
        "mfa_level": 0,
        "explicit_content_filter": 0,
        "max_members": 500_000,
        "max_stage_video_channel_users": 50,
        "max_video_channel_users": 25,
        "premium_tier": guild.premium_tier,
        "premium_subscription_count": (0, 2, 7, 14)[guild.premium_tier],
        "preferred_locale": guild.locale,
        "premium_progress_bar_enabled": False,
        "nsfw": False,
        "nsfw_level": 0,
        "emojis": [],
        "stickers": [],
    }


def of_joined_guild(guild: Guild, *, with_members: bool) -> Json:
    """Return a guild as the gateway announces it, with all members only to those who may see them."""
    members = guild.members.values() if with_members else [guild.bot]
    return {
        **of_guild(guild),
        "joined_at": iso(guild.bot.joined_at),
        "large": len(guild.members) > 250,
        "unavailable": False,
        "member_count": len(guild.members),
        "voice_states": [],
        "members": [of_member(member) for member in members],
        "channels": [of_place(channel) for channel in guild.channels.values()],
        "threads": [of_thread(thread) for thread in guild.threads.values() if not thread.archived],
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }


def _of_channel(channel: Channel) -> Json:
    payload: Json = {
        "id": str(channel.id),
        "type": int(channel.kind),
        "guild_id": str(channel.guild.id),
        "name": channel.name,
        "position": channel.position,
        "parent_id": None if channel.category is None else str(channel.category.id),
        "flags": 0,
        "nsfw": channel.nsfw,
        "permission_overwrites": [
            {
                "id": str(overwrite.target_id),
                "type": int(overwrite.for_member),
                "allow": str(int(overwrite.allow)),
                "deny": str(int(overwrite.deny)),
            }
            for overwrite in channel.overwrites.values()
        ],
    }
    if channel.kind is ChannelKind.TEXT:
        payload |= {
            "topic": channel.topic,
            "last_message_id": _last_id(channel.log),
            "rate_limit_per_user": 0,
            "theme_color": None,
            "icon_emoji": None,
        }
    return payload


def _last_id(log: MessageLog) -> str | None:
    return None if log.last_id is None else str(log.last_id)

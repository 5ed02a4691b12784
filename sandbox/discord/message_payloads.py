"""JSON of messages and interactions as Discord writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.discord import payloads
from sandbox.discord.channels import DirectChannel
from sandbox.discord.clock import iso
from sandbox.discord.errors import Json
from sandbox.discord.files import Attachment
from sandbox.discord.guilds import permissions_in
from sandbox.discord.messages import Message

if TYPE_CHECKING:
    from sandbox.discord.interactions import Interaction
    from sandbox.discord.world import World

_BY_NAME = "attachment://"
_EMBED_MEDIA = ("image", "thumbnail", "video")


def of_attachment(attachment: Attachment) -> Json:
    """Return an attachment with a freshly signed link."""
    url = attachment.url
    payload: Json = {
        "id": str(attachment.id),
        "filename": attachment.filename,
        "size": attachment.size,
        "url": url,
        "proxy_url": url.replace("/cdn/", "/media/", 1),
    }
    for key in ("content_type", "width", "height", "description"):
        if getattr(attachment, key) is not None:
            payload[key] = getattr(attachment, key)
    if attachment.ephemeral:
        payload["ephemeral"] = True
    return payload


def of_message(world: World, message: Message, *, with_nonce: bool = False) -> Json:
    """Return a message; only the answer to its sender carries the nonce.

    An attachment that an embed shows is left out of `attachments`, as Discord does (discord-api-docs#1340).
    """
    readable = _is_readable(world, message)
    embedded = _names_in_embeds(message)
    shown = [attachment for attachment in message.attachments if attachment.filename not in embedded]
    payload: Json = {
        "id": str(message.id),
        "channel_id": str(message.channel_id),
        "type": int(message.kind),
        "author": payloads.of_user(world.users[message.author_id]),
        "content": message.content if readable else "",
        "embeds": [_of_embed(embed, message) for embed in message.embeds] if readable else [],
        "attachments": [of_attachment(attachment) for attachment in shown] if readable else [],
        "components": message.components if readable else [],
        "mentions": [payloads.of_user(world.users[user_id]) for user_id in message.mentions],
        "mention_roles": [str(role_id) for role_id in message.mention_roles],
        "mention_everyone": message.mentions_everyone,
        "timestamp": iso(message.created_at),
        "edited_timestamp": None if message.edited_at is None else iso(message.edited_at),
        "flags": int(message.flags),
        "pinned": False,
        "tts": False,
    }
    if with_nonce and message.nonce is not None:
        payload["nonce"] = message.nonce
    if message.thread is not None:
        payload["thread"] = payloads.of_thread(message.thread)
    return {**payload, **_of_reference(message), **_of_origin(world, message)}


def of_message_event(world: World, message: Message) -> Json:
    """Return a message as the gateway sends it: with its guild and the author's membership."""
    payload = of_message(world, message, with_nonce=True)
    guild = message.place.guild
    if guild is None:
        return payload
    payload["guild_id"] = str(guild.id)
    author = guild.members.get(message.author_id)
    return payload if author is None else {**payload, "member": payloads.of_membership(author)}


def of_interaction(world: World, interaction: Interaction) -> Json:
    """Return an interaction as the gateway sends it."""
    place, user = interaction.place, interaction.user
    payload: Json = {
        "id": str(interaction.id),
        "application_id": str(world.application_id),
        "type": int(interaction.kind),
        "token": interaction.token,
        "version": 1,
        "data": interaction.data,
        "channel_id": str(place.id),
        "channel": {**payloads.of_place(place), "permissions": str(int(permissions_in(place, user)))},
        "locale": user.locale,
        "app_permissions": str(int(permissions_in(place, world.bot))),
        "entitlements": [],
        "entitlement_sku_ids": [],
        "attachment_size_limit": upload_limit(interaction),
        **_of_caller(interaction),
    }
    if interaction.source is not None:
        payload["message"] = of_message(world, interaction.source)
    return payload


def upload_limit(interaction: Interaction) -> int:
    """Return the largest file for answers to an interaction: what the guild or the member is entitled to."""
    guild = interaction.place.guild
    return max(0 if guild is None else guild.upload_limit, interaction.user.upload_limit)


def _of_caller(interaction: Interaction) -> Json:
    place, user = interaction.place, interaction.user
    guild = place.guild
    if guild is None or isinstance(place, DirectChannel):
        owners = {"0": "0"} if interaction.guild_command else {"1": str(user.id)}
        return {"context": 1, "user": payloads.of_user(user), "authorizing_integration_owners": owners}
    member = payloads.of_member(guild.members[user.id])
    member["permissions"] = str(int(permissions_in(place, user)))
    return {
        "context": 0,
        "member": member,
        "guild_id": str(guild.id),
        "guild": {"id": str(guild.id), "locale": guild.locale, "features": []},
        "guild_locale": guild.locale,
        "authorizing_integration_owners": {"0": str(guild.id)},
    }


def _is_readable(world: World, message: Message) -> bool:
    bot_id = world.bot.id
    own = message.author_id == bot_id or bot_id in message.mentions or isinstance(message.place, DirectChannel)
    return own or world.privileged_intents


def _names_in_embeds(message: Message) -> set[str]:
    urls = [embed[key].get("url", "") for embed in message.embeds for key in _EMBED_MEDIA if embed.get(key)]
    return {url.removeprefix(_BY_NAME) for url in urls if url.startswith(_BY_NAME)}


def _of_embed(embed: Json, message: Message) -> Json:
    payload = {"type": "rich", **embed}
    for key in _EMBED_MEDIA:
        if embed.get(key):
            payload[key] = _of_embed_media(embed[key], message)
    return payload


def _of_embed_media(media: Json, message: Message) -> Json:
    url = media.get("url", "")
    named = next((one for one in message.attachments if url == _BY_NAME + one.filename), None)
    if named is None:
        return media
    stored = of_attachment(named)
    return {key: stored[key] for key in ("url", "proxy_url", "width", "height", "content_type") if key in stored}


def _of_reference(message: Message) -> Json:
    if message.reference is None:
        return {}
    reference = {
        "type": 0,
        "channel_id": str(message.reference.channel_id),
        "message_id": str(message.reference.message_id),
    }
    if message.place.guild is not None:
        reference["guild_id"] = str(message.place.guild.id)
    return {"message_reference": reference}


def _of_origin(world: World, message: Message) -> Json:
    origin = message.origin
    if origin is None:
        return {}
    asker = payloads.of_user(world.users[origin.user_id])
    metadata: Json = {
        "id": str(origin.interaction_id),
        "type": origin.interaction_kind,
        "user": asker,
        "authorizing_integration_owners": {},
    }
    payload: Json = {
        "application_id": str(world.application_id),
        "webhook_id": str(world.application_id),
        "interaction_metadata": metadata,
    }
    if origin.command is not None:
        metadata["name"] = origin.command
        payload["interaction"] = {
            "id": str(origin.interaction_id),
            "type": origin.interaction_kind,
            "name": origin.command,
            "user": asker,
        }
    return payload

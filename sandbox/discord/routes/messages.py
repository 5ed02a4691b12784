"""Messages in channels, threads and direct channels."""

from __future__ import annotations

from sandbox.discord import access, posting
from sandbox.discord.errors import invalid, refusal
from sandbox.discord.guilds import permissions_in
from sandbox.discord.message_payloads import of_message
from sandbox.discord.messages import Message
from sandbox.discord.permissions import Permission
from sandbox.discord.wire import NO_CONTENT, Call, Endpoint, Reply, snowflake

_ALL = "/channels/{channel_id}/messages"
_ONE = "/channels/{channel_id}/messages/{message_id}"
_MOST_LISTED = 100


def create_message(call: Call) -> Reply:
    """Write a message, or answer with the one that was written with the same enforced nonce."""
    world = call.world
    place = access.place_of(world, call.id("channel_id"))
    body = call.json()
    access.require_sending(world, place, embeds=bool(body.get("embeds")), files=bool(call.parts))
    draft = posting.read_draft(body, call.parts, access.upload_limit(place))
    earlier = posting.earlier_with_nonce(world, place, world.bot, draft)
    message = earlier or posting.post(world, place, world.bot, draft)
    return Reply(of_message(world, message, with_nonce=True))


def list_messages(call: Call) -> Reply:
    """List messages, newest first; none without the permission to read the history."""
    place = access.place_of(call.world, call.id("channel_id"))
    limit = snowflake(call.query.get("limit", "50"), "limit")
    if not 1 <= limit <= _MOST_LISTED:
        raise invalid("limit", "NUMBER_TYPE_MAX", "int value should be between 1 and 100.")
    if Permission.READ_MESSAGE_HISTORY not in permissions_in(place, call.world.bot):
        return Reply([])
    chosen = _choose(place.log.public(), call, limit)
    return Reply([of_message(call.world, message) for message in reversed(chosen)])


def get_message(call: Call) -> Reply:
    """Answer with one message; its files get fresh links."""
    place = access.place_of(call.world, call.id("channel_id"))
    access.require(call.world, place, Permission.READ_MESSAGE_HISTORY)
    return Reply(of_message(call.world, access.message_of(call.world, place, call.id("message_id"))))


def edit_message(call: Call) -> Reply:
    """Edit one of the bot's own messages."""
    place = access.place_of(call.world, call.id("channel_id"))
    message = access.message_of(call.world, place, call.id("message_id"))
    if message.author_id != call.world.bot.id:
        raise refusal(50005)
    access.require_open(place)
    if call.parts:
        access.require(call.world, place, Permission.ATTACH_FILES)
    posting.edit(call.world, message, call.json(), call.parts, access.upload_limit(place))
    return Reply(of_message(call.world, message))


def delete_message(call: Call) -> Reply:
    """Delete an own message, or with the permission anybody's."""
    place = access.place_of(call.world, call.id("channel_id"))
    message = access.message_of(call.world, place, call.id("message_id"))
    if message.author_id != call.world.bot.id:
        access.require(call.world, place, Permission.MANAGE_MESSAGES)
    access.require_open(place)
    message.delete()
    return NO_CONTENT


def _choose(messages: list[Message], call: Call, limit: int) -> list[Message]:
    if "around" in call.query:
        middle = snowflake(call.query["around"], "around")
        before = [message for message in messages if message.id < middle]
        after = [message for message in messages if message.id >= middle]
        return before[len(before) - min(len(before), limit // 2) :] + after[: limit - limit // 2]
    if "after" in call.query:
        start = snowflake(call.query["after"], "after")
        return [message for message in messages if message.id > start][:limit]
    if "before" in call.query:
        end = snowflake(call.query["before"], "before")
        messages = [message for message in messages if message.id < end]
    return messages[-limit:]


ENDPOINTS = (
    Endpoint("POST", _ALL, create_message),
    Endpoint("GET", _ALL, list_messages),
    Endpoint("GET", _ONE, get_message),
    Endpoint("PATCH", _ONE, edit_message),
    Endpoint("DELETE", _ONE, delete_message),
)

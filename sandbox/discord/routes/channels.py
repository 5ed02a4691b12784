"""Channels and threads: looking them up, changing and deleting them."""

from __future__ import annotations

from sandbox.discord import payloads
from sandbox.discord.access import place_of, require, require_open
from sandbox.discord.channels import Channel, DirectChannel, Place, Thread
from sandbox.discord.errors import FormErrors, Json, refusal
from sandbox.discord.guilds import permissions_in
from sandbox.discord.permissions import Permission
from sandbox.discord.routes.threads import check_archive_duration
from sandbox.discord.wire import NO_CONTENT, Call, Endpoint, Reply


def get_channel(call: Call) -> Reply:
    """Answer with a channel, thread or direct channel."""
    return Reply(payloads.of_place(place_of(call.world, call.id("channel_id"))))


def change_channel(call: Call) -> Reply:
    """Change a channel; for a thread also whether it is archived or locked."""
    place = place_of(call.world, call.id("channel_id"))
    body = call.json()
    errors = FormErrors()
    if "name" in body:
        errors.check_length("name", body["name"], 1, 100)
    if isinstance(place, Thread):
        check_archive_duration(body, errors)
    errors.raise_if_any()
    match place:
        case Thread():
            _change_thread(call, place, body)
        case Channel():
            _change_text_channel(call, place, body)
        case DirectChannel():
            raise refusal(50024)
    return Reply(payloads.of_place(place))


def delete_channel(call: Call) -> Reply:
    """Delete a channel or thread."""
    place = place_of(call.world, call.id("channel_id"))
    payload = payloads.of_place(place)
    match place:
        case Thread():
            require(call.world, place, Permission.MANAGE_THREADS)
            place.delete()
        case Channel():
            require(call.world, place, Permission.MANAGE_CHANNELS)
            place.delete()
        case DirectChannel():
            pass
    return Reply(payload)


def show_typing(call: Call) -> Reply:
    """Take note that the bot is typing, if it may write there."""
    place = place_of(call.world, call.id("channel_id"))
    _require_writing(call, place)
    return NO_CONTENT


def _require_writing(call: Call, place: Place) -> None:
    if isinstance(place, Channel):
        require(call.world, place, Permission.SEND_MESSAGES)
    elif isinstance(place, Thread):
        require(call.world, place, Permission.SEND_MESSAGES_IN_THREADS)


def _change_thread(call: Call, thread: Thread, body: Json) -> None:
    moderates = Permission.MANAGE_THREADS in permissions_in(thread, call.world.bot)
    if body == {"archived": False}:  # whoever may write in an open thread may open it
        _require_writing(call, thread)
    elif not moderates and (thread.owner_id != call.world.bot.id or "locked" in body):
        raise refusal(50013)
    if thread.locked and not moderates:
        raise refusal(160005)
    if body.get("archived") is not False:
        require_open(thread)
    thread.name = body.get("name", thread.name)
    thread.auto_archive_minutes = body.get("auto_archive_duration", thread.auto_archive_minutes)
    thread.rate_limit_per_user = body.get("rate_limit_per_user") or thread.rate_limit_per_user
    thread.invitable = body.get("invitable", thread.invitable)
    thread.set_archived(body.get("archived", thread.archived), locked=body.get("locked"))


def _change_text_channel(call: Call, channel: Channel, body: Json) -> None:
    require(call.world, channel, Permission.MANAGE_CHANNELS)
    channel.name = body.get("name", channel.name)
    channel.topic = body.get("topic", channel.topic)
    channel.nsfw = body.get("nsfw", channel.nsfw)
    call.world.emit("CHANNEL_UPDATE", channel)


ENDPOINTS = (
    Endpoint("GET", "/channels/{channel_id}", get_channel),
    Endpoint("PATCH", "/channels/{channel_id}", change_channel),
    Endpoint("DELETE", "/channels/{channel_id}", delete_channel),
    Endpoint("POST", "/channels/{channel_id}/typing", show_typing),
)

"""Threads: starting them, who is in them, listing the archived ones."""

from __future__ import annotations

from sandbox.discord import access, payloads, posting
from sandbox.discord.channels import Channel, ChannelKind, Thread
from sandbox.discord.errors import FormErrors, Json, refusal
from sandbox.discord.messages import Message, MessageFlag, MessageKind, Reference
from sandbox.discord.permissions import Permission
from sandbox.discord.wire import NO_CONTENT, Call, Endpoint, Reply, snowflake

_ARCHIVE_AFTER = frozenset({60, 1440, 4320, 10080})
_MEMBERS = "/channels/{channel_id}/thread-members"


def start_from_message(call: Call) -> Reply:
    """Start a public thread on a message; the thread takes the message's id, so a second one is 160004."""
    parent = access.text_channel(access.place_of(call.world, call.id("channel_id")))
    message = access.message_of(call.world, parent, call.id("message_id"))
    access.require(call.world, parent, Permission.CREATE_PUBLIC_THREADS)
    body = _checked(call)
    if message.thread is not None or message.id in call.world.places:
        raise refusal(160004)
    thread = _open(call, parent, body, message.id)
    thread.starter_message_id = message.id
    message.thread = thread
    message.flags |= MessageFlag.HAS_THREAD
    call.world.emit("MESSAGE_UPDATE", message)
    reference = Reference(parent.id, message.id)
    posting.add(call.world, _line(call, thread, MessageKind.THREAD_STARTER, reference))
    return Reply(payloads.of_thread(thread), 201)


def start_without_message(call: Call) -> Reply:
    """Start a thread in a channel; private unless the body says otherwise, as in API v10."""
    parent = access.text_channel(access.place_of(call.world, call.id("channel_id")))
    body = _checked(call)
    kind = ChannelKind(body.get("type", ChannelKind.PRIVATE_THREAD))
    public = kind is ChannelKind.PUBLIC_THREAD
    needed = Permission.CREATE_PUBLIC_THREADS if public else Permission.CREATE_PRIVATE_THREADS
    access.require(call.world, parent, needed)
    thread = _open(call, parent, body, call.world.ids.next(), kind)
    if public:
        reference = Reference(thread.id, thread.id)
        posting.add(call.world, _line(call, parent, MessageKind.THREAD_CREATED, reference, thread.name))
    return Reply(payloads.of_thread(thread), 201)


def list_archived(call: Call) -> Reply:
    """List the archived public threads of a channel, latest first."""
    parent = access.text_channel(access.place_of(call.world, call.id("channel_id")))
    access.require(call.world, parent, Permission.READ_MESSAGE_HISTORY)
    archived = [one for one in parent.threads if one.archived and one.kind is ChannelKind.PUBLIC_THREAD]
    archived.sort(key=lambda thread: thread.archive_changed_at, reverse=True)
    return Reply({"threads": [payloads.of_thread(one) for one in archived], "members": [], "has_more": False})


def list_members(call: Call) -> Reply:
    """List who is in a thread."""
    thread = _thread(call)
    return Reply([payloads.of_thread_member(thread, user_id) for user_id in thread.member_ids])


def get_member(call: Call) -> Reply:
    """Answer with the membership of one user."""
    thread, user_id = _thread(call), _user_id(call)
    if user_id not in thread.member_ids:
        raise refusal(10007)
    return Reply(payloads.of_thread_member(thread, user_id))


def add_member(call: Call) -> Reply:
    """Let the bot or somebody else join a thread."""
    thread, user_id = _thread(call), _user_id(call)
    access.require_open(thread)
    if user_id not in thread.guild.members:
        raise refusal(10007)
    thread.join(user_id)
    return NO_CONTENT


def remove_member(call: Call) -> Reply:
    """Let the bot or somebody else leave a thread."""
    thread, user_id = _thread(call), _user_id(call)
    access.require_open(thread)
    if user_id != call.world.bot.id:
        access.require(call.world, thread, Permission.MANAGE_THREADS)
    if thread.member_ids.pop(user_id, None) is None:
        raise refusal(10007)
    return NO_CONTENT


def check_archive_duration(body: Json, errors: FormErrors) -> None:
    """Note an archive duration that Discord does not offer."""
    if body.get("auto_archive_duration", 60) not in _ARCHIVE_AFTER:
        message = f"Value must be one of {sorted(_ARCHIVE_AFTER)}."
        errors.add("auto_archive_duration", "BASE_TYPE_CHOICES", message)


def _checked(call: Call) -> Json:
    body = call.json()
    errors = FormErrors()
    errors.check_length("name", body.get("name", ""), 1, 100)
    check_archive_duration(body, errors)
    if body.get("type", ChannelKind.PUBLIC_THREAD) not in {ChannelKind.PUBLIC_THREAD, ChannelKind.PRIVATE_THREAD}:
        errors.add("type", "BASE_TYPE_CHOICES", "Value must be one of (11, 12).")
    errors.raise_if_any()
    return body


def _open(
    call: Call, parent: Channel, body: Json, thread_id: int, kind: ChannelKind = ChannelKind.PUBLIC_THREAD
) -> Thread:
    world = call.world
    if sum(not thread.archived for thread in parent.guild.threads.values()) >= parent.guild.active_thread_limit:
        raise refusal(160006)
    now = world.clock.now()
    thread = Thread(
        world=world,
        parent=parent,
        id=thread_id,
        name=body["name"],
        owner_id=world.bot.id,
        kind=kind,
        created_at=now,
        archive_changed_at=now,
        auto_archive_minutes=body.get("auto_archive_duration", 4320),
        rate_limit_per_user=body.get("rate_limit_per_user") or 0,
        invitable=body.get("invitable", True),
    )
    thread.join(world.bot.id)
    world.add_place(thread)
    world.emit("THREAD_CREATE", thread)
    world.narrate("thread_created", thread=thread.id, name=thread.name, parent=parent.id)
    return thread


def _line(call: Call, place: Channel | Thread, kind: MessageKind, reference: Reference, content: str = "") -> Message:
    world = call.world
    return Message(
        id=world.ids.next(),
        place=place,
        author_id=world.bot.id,
        kind=kind,
        created_at=world.clock.now(),
        content=content,
        reference=reference,
    )


def _thread(call: Call) -> Thread:
    place = access.place_of(call.world, call.id("channel_id"))
    if not isinstance(place, Thread):
        raise refusal(50024)
    return place


def _user_id(call: Call) -> int:
    text = call.path["user_id"]
    return call.world.bot.id if text == "@me" else snowflake(text, "user_id")


ENDPOINTS = (
    Endpoint("POST", "/channels/{channel_id}/messages/{message_id}/threads", start_from_message),
    Endpoint("POST", "/channels/{channel_id}/threads", start_without_message),
    Endpoint("GET", "/channels/{channel_id}/threads/archived/public", list_archived),
    Endpoint("GET", _MEMBERS, list_members),
    Endpoint("GET", _MEMBERS + "/{user_id}", get_member),
    Endpoint("PUT", _MEMBERS + "/{user_id}", add_member),
    Endpoint("DELETE", _MEMBERS + "/{user_id}", remove_member),
)

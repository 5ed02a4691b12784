"""Writing and editing messages, whoever does it and by whichever route."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sandbox.discord import mentions
from sandbox.discord.attaching import FilePart, attach, kept, total_is_fine
from sandbox.discord.channels import Place, Thread
from sandbox.discord.errors import FormErrors, Json, invalid, refusal
from sandbox.discord.files import Attachment
from sandbox.discord.message_rules import check_body
from sandbox.discord.messages import Message, MessageFlag, MessageKind, Origin, Reference, Version, numbered

if TYPE_CHECKING:
    from sandbox.discord.members import User
    from sandbox.discord.world import World

NONCE_WINDOW = timedelta(seconds=180)
"""How long a nonce is remembered here; Discord only says "the past few minutes"."""

_SENDABLE = MessageFlag.SUPPRESS_EMBEDS | MessageFlag.SUPPRESS_NOTIFICATIONS | MessageFlag.COMPONENTS_V2
_KEPT_ON_EDIT = (
    MessageFlag.EPHEMERAL | MessageFlag.HAS_THREAD | MessageFlag.COMPONENTS_V2 | MessageFlag.SUPPRESS_NOTIFICATIONS
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A message that is about to be written."""

    content: str = ""
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    parts: list[FilePart] = field(default_factory=list)
    described: list[Json] = field(default_factory=list)
    allowed_mentions: Json | None = None
    flags: MessageFlag = MessageFlag.NONE
    nonce: str | int | None = None
    enforce_nonce: bool = False
    reply_to: int | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        return not (self.content.strip() or self.embeds or self.components or self.parts)


def read_draft(body: Json, parts: list[FilePart], upload_limit: int) -> Draft:
    """Check the body of a new message and return it; 50035, 50006 or 40005 otherwise."""
    errors = FormErrors()
    check_body(body, errors)
    errors.raise_if_any()
    total_is_fine(parts, upload_limit)
    reference = body.get("message_reference") or {}
    draft = Draft(
        content=body.get("content") or "",
        embeds=body.get("embeds") or [],
        components=body.get("components") or [],
        parts=parts,
        described=body.get("attachments") or [],
        allowed_mentions=body.get("allowed_mentions"),
        flags=MessageFlag(body.get("flags") or 0) & (_SENDABLE | MessageFlag.EPHEMERAL),
        nonce=body.get("nonce"),
        enforce_nonce=bool(body.get("enforce_nonce")),
        reply_to=int(reference["message_id"]) if reference.get("message_id") else None,
    )
    if draft.is_empty:
        raise refusal(50006)
    return draft


def earlier_with_nonce(world: World, place: Place, author: User, draft: Draft) -> Message | None:
    """Return the message that was written with this nonce a moment ago; 10008 if it was deleted since."""
    if draft.nonce is None or not draft.enforce_nonce:
        return None
    earlier = place.log.nonces.get((author.id, str(draft.nonce)))
    if earlier is None or world.clock.now() - earlier.created_at > NONCE_WINDOW:
        return None
    if earlier.deleted:
        raise refusal(10008)
    return earlier


def post(
    world: World,
    place: Place,
    author: User,
    draft: Draft,
    *,
    kind: MessageKind = MessageKind.DEFAULT,
    origin: Origin | None = None,
) -> Message:
    """Write a message and tell everybody; permissions are the caller's business."""
    replied = _replied(place, draft)
    named = mentions.resolve(world, place, author, draft.content, draft.allowed_mentions)
    message = Message(
        id=world.ids.next(),
        place=place,
        author_id=author.id,
        kind=MessageKind.REPLY if replied is not None else kind,
        created_at=world.clock.now(),
        content=draft.content,
        embeds=draft.embeds,
        components=numbered(draft.components),
        mentions=list(dict.fromkeys([*named.users, *mentions.mentions_replied(draft.allowed_mentions, replied)])),
        mention_roles=named.roles,
        mentions_everyone=named.everyone,
        nonce=draft.nonce,
        flags=draft.flags,
        reference=None if replied is None else Reference(place.id, replied.id),
        origin=origin,
    )
    message.attachments = attach(world, message, draft.parts, draft.described)
    add(world, message)
    return message


def add(world: World, message: Message) -> None:
    """Put a finished message in its place and tell everybody."""
    place = message.place
    place.log.add(message)
    if isinstance(place, Thread):
        _note_in_thread(place, message)
    if not message.ephemeral:
        world.emit("MESSAGE_CREATE", message)
    world.pulse.beat()
    if not message.system:
        world.narrate("message_posted", **_facts(world, message))


def edit(world: World, message: Message, body: Json, parts: list[FilePart], upload_limit: int) -> None:
    """Change what a body names and leave the rest; the text is parsed for mentions afresh."""
    errors = FormErrors()
    check_body({"flags": int(message.flags), **body}, errors)
    errors.raise_if_any()
    total_is_fine(parts, upload_limit)
    staying = kept(message, body, parts)
    content = (body["content"] or "") if "content" in body else message.content
    embeds = (body["embeds"] or []) if "embeds" in body else message.embeds
    components = numbered(body["components"] or []) if "components" in body else message.components
    if not (content.strip() or embeds or components or staying or parts):
        raise refusal(50006)
    _remember(world, message)
    message.content, message.embeds, message.components = content, embeds, components
    _replace_files(world, message, staying, attach(world, message, parts, body.get("attachments") or []))
    wanted = MessageFlag(body.get("flags") or 0) & (MessageFlag.SUPPRESS_EMBEDS | MessageFlag.COMPONENTS_V2)
    message.flags = (message.flags & _KEPT_ON_EDIT) | wanted
    if "content" in body:
        _mention_afresh(world, message, body.get("allowed_mentions"))
    if not message.ephemeral:
        world.emit("MESSAGE_UPDATE", message)
    world.pulse.beat()
    world.narrate("message_edited", **_facts(world, message), edits=message.edits)


def _replace_files(world: World, message: Message, staying: list[Attachment], added: list[Attachment]) -> None:
    for gone in message.attachments:
        if gone not in staying:
            world.cdn.forget(gone)
    message.attachments = [*staying, *added]


def _remember(world: World, message: Message) -> None:
    if message.loading:
        return
    names = tuple(attachment.filename for attachment in message.attachments)
    now = world.clock.now()
    message.history.append(Version(message.content, tuple(message.embeds), names, now))
    message.edits += 1
    message.edited_at = now


def _mention_afresh(world: World, message: Message, allowed: Json | None) -> None:
    author = world.users[message.author_id]
    named = mentions.resolve(world, message.place, author, message.content, allowed)
    message.mentions, message.mention_roles, message.mentions_everyone = named.users, named.roles, named.everyone


def _replied(place: Place, draft: Draft) -> Message | None:
    if draft.reply_to is None:
        return None
    found = place.log.by_id.get(draft.reply_to)
    if found is None:
        raise invalid("message_reference", "MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "Unknown message")
    return found


def _note_in_thread(thread: Thread, message: Message) -> None:
    if message.system:
        return
    thread.sent_in_all += 1
    for user_id in (message.author_id, *message.mentions):
        thread.join(user_id)
    if thread.archived:
        thread.set_archived(False)


def _facts(world: World, message: Message) -> dict[str, Any]:
    return {
        "message": message.id,
        "channel": message.channel_id,
        "author": world.users[message.author_id].name,
        "content": message.content,
        "embeds": message.embeds,
        "files": [attachment.filename for attachment in message.attachments],
        "ephemeral": message.ephemeral,
        "in_thread": isinstance(message.place, Thread),
    }

"""Files of messages: the parts of a multipart body, what stays on an edit, what is too large."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sandbox.discord.errors import Json, invalid, refusal
from sandbox.discord.files import Attachment, clean_name, content_type_of, image_size

if TYPE_CHECKING:
    from sandbox.discord.messages import Message
    from sandbox.discord.world import World

_INDEX = re.compile(r"files\[(\d+)\]")
_MOST = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePart:
    """One file of a multipart body."""

    field_name: str
    filename: str
    content_type: str | None
    data: bytes = field(repr=False)

    @property
    def index(self) -> str:
        """The number by which the `attachments` list of the body refers to it."""
        found = _INDEX.fullmatch(self.field_name)
        return found[1] if found else self.field_name


def total_is_fine(parts: list[FilePart], upload_limit: int) -> None:
    """Refuse too many files, and with 40005 one that is too large; the limit is in bytes per file."""
    if len(parts) > _MOST:
        raise invalid("attachments", "BASE_TYPE_MAX_LENGTH", f"Must be {_MOST} or fewer in length.")
    if any(len(part.data) > upload_limit for part in parts):
        raise refusal(40005)


def kept(message: Message, body: Json, parts: list[FilePart]) -> list[Attachment]:
    """Return the attachments that an edit leaves: the listed ones, or all if it lists none."""
    listed = body.get("attachments")
    if listed is None:
        staying = list(message.attachments)
    else:
        known = {str(attachment.id) for attachment in message.attachments} | {part.index for part in parts}
        for index, entry in enumerate(listed):
            if str(entry.get("id")) not in known:
                raise invalid(f"attachments.{index}.id", "ATTACHMENT_NOT_FOUND", "Attachment data not found")
        ids = {str(entry.get("id")) for entry in listed}
        staying = [attachment for attachment in message.attachments if str(attachment.id) in ids]
    if len(staying) + len(parts) > _MOST:
        raise invalid("attachments", "BASE_TYPE_MAX_LENGTH", f"Must be {_MOST} or fewer in length.")
    return staying


def attach(world: World, message: Message, parts: list[FilePart], described: list[Json]) -> list[Attachment]:
    """Store the files of a message and return them in order."""
    by_index = {str(entry.get("id")): entry for entry in described}
    return [_stored(world, message, part, by_index.get(part.index, {})) for part in parts]


def _stored(world: World, message: Message, part: FilePart, described: Json) -> Attachment:
    filename = clean_name(described.get("filename") or part.filename)
    content_type = content_type_of(filename, part.content_type)
    width, height = image_size(part.data, content_type)
    attachment = Attachment(
        cdn=world.cdn,
        id=world.ids.next(),
        owner_id=world.application_id if message.ephemeral else message.channel_id,
        filename=filename,
        content_type=content_type,
        data=part.data,
        width=width,
        height=height,
        description=described.get("description"),
        ephemeral=message.ephemeral,
        area="ephemeral-attachments" if message.ephemeral else "attachments",
    )
    world.cdn.store(attachment)
    return attachment

"""Files: what a member uploads, what a message carries."""

from __future__ import annotations

import mimetypes
import re
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image, UnidentifiedImageError

if TYPE_CHECKING:
    from sandbox.discord.cdn import Cdn

MEBIBYTE = 1024 * 1024

_NOT_IN_A_NAME = re.compile(r"[^\w.\-]", re.ASCII)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that a member picks in their Discord client; an image's size is measured, a video's may be given."""

    filename: str
    data: bytes = field(repr=False)
    content_type: str | None = None
    width: int | None = None
    height: int | None = None


@dataclass(slots=True, eq=False, kw_only=True)
class Attachment:
    """A stored file; `area` is the part of the CDN it lies in."""

    cdn: Cdn = field(repr=False)
    id: int
    owner_id: int
    filename: str
    content_type: str | None
    data: bytes = field(repr=False)
    width: int | None = None
    height: int | None = None
    description: str | None = None
    ephemeral: bool = False
    area: str = "attachments"

    @property
    def size(self) -> int:
        """The size in bytes."""
        return len(self.data)

    @property
    def path(self) -> str:
        """Where the CDN serves it, below its root."""
        return f"{self.area}/{self.owner_id}/{self.id}/{self.filename}"

    @property
    def url(self) -> str:
        """A link that is good for the next 24 hours of simulated time."""
        return self.cdn.sign(self)


def clean_name(filename: str) -> str:
    """Return the name that Discord stores a file under."""
    return _NOT_IN_A_NAME.sub("_", filename.rsplit("/", 1)[-1]).lstrip(".") or "unknown"


def content_type_of(filename: str, claimed: str | None) -> str | None:
    """Return the type that Discord states: from the name, since bots upload everything as octet-stream."""
    guessed, _ = mimetypes.guess_type(filename)
    return guessed or (None if claimed == "application/octet-stream" else claimed)


def image_size(data: bytes, content_type: str | None) -> tuple[int | None, int | None]:
    """Return the width and height of an image, or nothing for what is none."""
    if content_type is None or not content_type.startswith("image/"):
        return None, None
    try:
        with Image.open(BytesIO(data)) as image:
            return image.size
    except (UnidentifiedImageError, OSError):
        return None, None

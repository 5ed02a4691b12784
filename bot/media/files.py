"""The values that fetching hands on, and the two ways in which it fails."""

import errno
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from bot.domain.request import MediaKind


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultFile:
    """One finished video on disk; `url` is where the provider has it, sizes are in bytes.

    `original_size` is set where it was made smaller to fit.
    """

    path: Path
    filename: str
    size: int
    url: str
    original_size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """What a file is by its content.

    `format` is a name in `formats.FORMATS`. Sides (pixels) and duration are None where the kind has none, where the
    file states none, and for formats that are only recognised, never opened.
    """

    kind: MediaKind
    format: str
    content_type: str
    width: int | None = None
    height: int | None = None
    duration: timedelta | None = None
    has_audio: bool = False


class MediaDelayedError(Exception):
    """A file could not be fetched or examined now; later may help."""


class DiskFullError(MediaDelayedError):
    """Our own disk has no room for a file now: no word on the file, nor on where it comes from."""


def is_full(error: Exception) -> bool:
    """Whether an error of the operating system means that there is no room, for anybody or for us."""
    return isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}


class MediaRefusedError(Exception):
    """A file will not be used: unreadable, not video, too large, or not at a public address."""

"""What is taken: the bounds on files, and their check before and after fetching."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import assert_never

from bot.domain.errors import BadFile, FileFault, Rejection
from bot.domain.request import Input, MediaKind
from bot.media.files import Probed
from bot.media.formats import FORMATS, Format, essence, stated

MIB = 1024 * 1024

ACCEPTED: Mapping[MediaKind, tuple[str, ...]] = MappingProxyType(
    {
        MediaKind.IMAGE: ("png", "jpeg", "webp"),
        MediaKind.VIDEO: ("mp4", "mov"),
        MediaKind.AUDIO: ("mp3", "wav", "aac"),
    }
)
"""Formats taken as inputs.

For video and audio the only published list, Seedance's (provider contract, section 11). For images none is published:
the three that every model is known to take, so that GIF and HEIC are refused before they fail late at the provider.
"""

RESULT_FORMATS = frozenset({"mp4", "mov", "webm"})
"""Formats taken as results: mp4 and mov are the API's own output formats, and Discord plays all three."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaRules:
    """The bounds on files, in bytes and (for the sides of images) pixels.

    image_most: the API's general page on refusals for size (20 MB). video_most, audio_most, side_least, side_most:
    Seedance's materials, the only published figures (both provider contract, section 11). result_most, fetch_timeout
    (for the whole of one file), inline_most (per file in a data URL, which grows it by a third), free_least (what is
    left free on the disk, for the database next door), shrink_at_once and shrink_timeout (for the whole of one video,
    once its turn has come) are ours.
    """

    image_most: int = 20 * MIB
    video_most: int = 200 * MIB
    audio_most: int = 15 * MIB
    result_most: int = 512 * MIB
    side_least: int = 300
    side_most: int = 6000
    inline_most: int = 8 * MIB
    free_least: int = 256 * MIB
    fetch_timeout: timedelta = timedelta(seconds=300)
    shrink_at_once: int = 1
    shrink_timeout: timedelta = timedelta(minutes=5)

    def most(self, kind: MediaKind) -> int:
        """How many bytes an input of this kind may have."""
        match kind:
            case MediaKind.IMAGE:
                return self.image_most
            case MediaKind.VIDEO:
                return self.video_most
            case MediaKind.AUDIO:
                return self.audio_most
            case _:
                assert_never(kind)


def check_stated(item: Input, rules: MediaRules) -> None:
    """Check an attachment by what Discord states of it: type, size, sides; no I/O.

    Raises Rejection(BadFile). What passes here may still fail by its content.
    """
    _check_type(item, stated(item.content_type, item.filename))
    check_size(item, item.size, rules)
    _check_sides(item, item.width, item.height, rules)


def check_size(item: Input, size: int, rules: MediaRules) -> None:
    """Check the size of an attachment, in bytes; raises Rejection(BadFile)."""
    most = rules.most(item.role.kind)
    if size == 0:
        raise rejected(item, FileFault.EMPTY)
    if size > most:
        raise rejected(item, FileFault.TOO_LARGE, found=str(size), bound=str(most))


def check_content(item: Input, probed: Probed, rules: MediaRules) -> None:
    """Check an attachment by what its content turned out to be; raises Rejection(BadFile).

    A format other than the stated one is no fault while it is one that is taken.
    """
    _check_format(item, probed.kind, FORMATS[probed.format])
    _check_sides(item, probed.width, probed.height, rules)


def rejected(item: Input, fault: FileFault, found: str = "", bound: str = "") -> Rejection:
    """The rejection of an attachment."""
    return Rejection(BadFile(item.filename, item.role.kind, fault, found, bound))


def _check_type(item: Input, known: Format | None) -> None:
    if known:
        _check_format(item, known.kind, known)
        return
    content_type = essence(item.content_type)
    family = content_type.partition("/")[0]
    if family in set(MediaKind) - {item.role.kind}:
        raise rejected(item, FileFault.WRONG_KIND, found=family, bound=item.role.kind.value)
    found = content_type or PurePosixPath(item.filename).suffix
    raise rejected(item, FileFault.WRONG_FORMAT, found=found, bound=_labels(item.role.kind))


def _check_format(item: Input, kind: MediaKind, known: Format) -> None:
    if kind is not item.role.kind:
        raise rejected(item, FileFault.WRONG_KIND, found=kind.value, bound=item.role.kind.value)
    if known.name not in ACCEPTED[kind]:
        raise rejected(item, FileFault.WRONG_FORMAT, found=known.label, bound=_labels(kind))


def _check_sides(item: Input, width: int | None, height: int | None, rules: MediaRules) -> None:
    if item.role.kind is not MediaKind.IMAGE or width is None or height is None:
        return
    found = f"{width}x{height}"
    if min(width, height) < rules.side_least:
        raise rejected(item, FileFault.TOO_SMALL_SIDES, found=found, bound=str(rules.side_least))
    if max(width, height) > rules.side_most:
        raise rejected(item, FileFault.TOO_LARGE_SIDES, found=found, bound=str(rules.side_most))


def _labels(kind: MediaKind) -> str:
    return ", ".join(FORMATS[name].label for name in ACCEPTED[kind])

"""The examination of one file by its content: `python -m bot.media.probe PATH`.

A process of its own, as the file is hostile until proven otherwise: at low priority, bounded in memory and processor
time, unable to write a file, with a decoder chosen by us and nothing of the bot's in its environment. Prints one line
of JSON (the fields of `files.Probed`, the duration in seconds) and ends with 0, or ends with UNREADABLE.
"""

import json
import sys
from dataclasses import dataclass, fields
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.domain.request import MediaKind
from bot.media.bounds import bind_process
from bot.media.formats import FORMATS, HEAD, Format, recognised

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.video.stream import VideoStream

UNREADABLE = 3
"""The exit code that says: not one of our formats, or broken."""

MEMORY_MOST = 1024**3
CPU_SECONDS_MOST = 20
PIXELS_DECODED_MOST = 40_000_000
"""Larger images are measured by their header, but not decoded: 6000 x 6000 is the most that is taken by default."""

_PACKETS_TRIED = 250
_DEMUXERS = {"mp4": "mov", "mov": "mov", "webm": "matroska", "mp3": "mp3", "wav": "wav", "aac": "aac"}
_PICTURES = frozenset({"png", "jpeg", "webp"})
_MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    format: Format
    width: int | None = None
    height: int | None = None
    duration: float | None = None
    has_audio: bool = False

    def as_json(self) -> str:
        facts: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        named = {
            "kind": self.format.kind.value,
            "format": self.format.name,
            "content_type": self.format.content_types[0],
        }
        return json.dumps(facts | named)


class _UnreadableError(Exception):
    pass


def main() -> int:
    """Examine the file named on the command line; returns the exit code."""
    bound_resources()
    try:
        facts = _examine(Path(sys.argv[1]))
    except ImportError:
        raise
    except Exception:  # noqa: BLE001 - whatever a decoder makes of a hostile file, it means: unreadable
        return UNREADABLE
    sys.stdout.write(facts.as_json() + "\n")
    return 0


def bound_resources() -> None:
    """Lower this process's priority and limits for good."""
    bind_process(memory=MEMORY_MOST, cpu_seconds=CPU_SECONDS_MOST, file_bytes=0)


def _examine(path: Path) -> _Facts:
    with path.open("rb") as file:
        found = recognised(file.read(HEAD))
    if found is None:
        raise _UnreadableError
    if found.name in _PICTURES:
        return _examine_picture(path, found)
    if found.name in _DEMUXERS:
        return _examine_stream(path, found)
    return _Facts(format=found)


def _examine_picture(path: Path, found: Format) -> _Facts:
    from PIL import Image  # noqa: PLC0415 - a file needs one of the two big libraries, and after the limits are set

    Image.MAX_IMAGE_PIXELS = None  # the caller judges the sides, and what is too large is not decoded here
    with Image.open(path, formats=[found.name]) as picture:
        width, height = picture.size
        if width * height <= PIXELS_DECODED_MOST:
            picture.load()
    return _Facts(format=found, width=width, height=height)


def _examine_stream(path: Path, found: Format) -> _Facts:
    import av  # noqa: PLC0415 - as above

    if _DEMUXERS[found.name] == "mov":
        _check_boxes(path)
    options = {"protocol_whitelist": "file", "threads": "1"}
    with av.open(str(path), format=_DEMUXERS[found.name], options=options, metadata_errors="ignore") as container:
        covers = av.stream.Disposition.attached_pic
        videos = [stream for stream in container.streams.video if not stream.disposition & covers]
        audios = container.streams.audio
        duration = float(Fraction(container.duration, _MICROSECONDS)) if container.duration else None
        if videos and found.kind is MediaKind.VIDEO:
            _check_decodable(container, videos[0])
            size = videos[0].codec_context
            return _Facts(format=found, width=size.width, height=size.height, duration=duration, has_audio=bool(audios))
        if not audios:
            raise _UnreadableError
        _check_decodable(container, audios[0])
        return _Facts(format=_as_sound(found), duration=duration, has_audio=True)


def _check_decodable(container: "InputContainer", stream: "VideoStream | AudioStream") -> None:
    """Leave quietly when one frame could be decoded from the first packets, broken ones passed over."""
    import av  # noqa: PLC0415 - as above

    for packet in islice(container.demux(stream), _PACKETS_TRIED):
        try:
            if packet.decode():
                return
        except av.error.InvalidDataError:
            continue
    raise _UnreadableError


def _as_sound(found: Format) -> Format:
    """What a file without a picture track is: mp4 and mov then hold sound only."""
    if found.kind is MediaKind.AUDIO:
        return found
    if _DEMUXERS[found.name] == "mov":
        return FORMATS["m4a"]
    raise _UnreadableError


def _check_boxes(path: Path) -> None:
    """Refuse an MP4 or MOV whose index or data is cut off: its first frames would decode all the same.

    Top-level boxes are a 32-bit size and a type, size 1 meaning a 64-bit size next, 0 up to the end (ISO 14496-12).
    """
    end = path.stat().st_size
    with path.open("rb") as file:
        start = 0
        while start + 8 <= end:
            file.seek(start)
            header = file.read(16)
            size, kind = int.from_bytes(header[:4], "big"), header[4:8]
            if size == 1:
                size = int.from_bytes(header[8:16], "big")
            if size == 0:
                return
            if size < 8 or (start + size > end and kind in {b"mdat", b"moov", b"moof"}):
                raise _UnreadableError
            start += size


if __name__ == "__main__":
    sys.exit(main())

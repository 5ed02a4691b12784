"""How a video is to be shrunk: how many bits it may have, and how large a picture those are enough for. No I/O."""

from dataclasses import dataclass
from enum import IntEnum
from math import sqrt

SECONDS_MOST = 3600
"""Longer videos are refused: an hour in 10 MiB has 23 kbit/s."""

VIDEO_RATE_LEAST = 150_000
"""Bits per second under which a picture is not worth watching, however small: what the least side needs."""

BUFFER_SECONDS = 0.5
"""The length of the encoder's rate buffer. With 1 s, 5 of 11 settings that were measured overshot the limit."""

AHEAD_SECONDS = 0.9 * BUFFER_SECONDS
"""How far the bits may be ahead of the rate: as much as x264 takes its buffer to be filled at first."""

FIRST_SHARE = 0.96
"""How much of the limit is planned for at first: packets and index are estimates."""

_BITS_PER_PIXEL = 0.05
_SHORT_SIDES = (1440, 1080, 720, 540, 480, 360, 240)  # 2160 would take four times the time and 0.3 GB more
_RETRY_SHARE = 0.97
_SOUND_COPIED_MOST = 0.25
_SOUND_SHARE = 0.125
_SOUND_RATE_LEAST, _SOUND_RATE_MOST = 48_000, 128_000
_HEADER_BYTES = 4096
_INDEX_BYTES_PER_PACKET = 24


class Ending(IntEnum):
    """How the process that shrinks ends; any other code means that it could not do its work."""

    DONE = 0
    UNREADABLE = 3
    UNFIT = 4
    DISK_FULL = 5


class UnfitError(Exception):
    """The video can't be made to fit, or not within the bounds on time and memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A video as its packets have it, since a header may state anything; of sound only the first track is counted.

    Sides are those of the coded picture, before any rotation; `seconds` is the length of the picture track.
    """

    width: int
    height: int
    seconds: float
    frames: int
    video_bytes: int
    sound_packets: int = 0
    sound_bytes: int = 0
    is_sound_copyable: bool = False
    is_video_copyable: bool = False

    @property
    def frame_rate(self) -> float:
        """Frames per second, on the average."""
        return self.frames / self.seconds

    @property
    def index_bytes(self) -> int:
        """About what an MP4 takes apart from its packets, rather more than less."""
        return _HEADER_BYTES + _INDEX_BYTES_PER_PACKET * (self.frames + self.sound_packets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Sides in pixels, rates in bits per second; `sound_rate` is None where the sound is copied or there is none."""

    width: int
    height: int
    video_rate: int
    sound_rate: int | None


def fits_by_copying(measured: Measured, limit: int) -> bool:
    """Whether it is enough to leave out what isn't needed: padding, further tracks, a wasteful index."""
    is_copyable = measured.is_video_copyable and (measured.is_sound_copyable or not measured.sound_packets)
    return is_copyable and measured.video_bytes + measured.sound_bytes + measured.index_bytes <= limit


def plan_for(measured: Measured, limit: int, share: float = FIRST_SHARE) -> Plan:
    """Divide a share of the limit (in bytes) among sound and picture; UnfitError where it isn't enough."""
    if not 0 < measured.seconds <= SECONDS_MOST:
        raise UnfitError(f"{measured.seconds:.0f} of at most {SECONDS_MOST} seconds")
    most = limit * share - measured.index_bytes
    sound_bytes, sound_rate = _sound(measured, most)
    video_rate = int((most - sound_bytes) * 8 / (measured.seconds + AHEAD_SECONDS))
    if video_rate < VIDEO_RATE_LEAST:
        raise UnfitError(f"{video_rate} of at least {VIDEO_RATE_LEAST} bits a second")
    width, height = _sides(measured, video_rate)
    return Plan(width=width, height=height, video_rate=video_rate, sound_rate=sound_rate)


def share_after(share: float, size: int, limit: int) -> float:
    """The share to try next, after one that ended in a file of `size` bytes."""
    return share * limit / size * _RETRY_SHARE


def _sound(measured: Measured, most: float) -> tuple[float, int | None]:
    """How many bytes the sound will take, and the rate to encode it at unless it is copied."""
    if not measured.sound_packets:
        return 0, None
    if measured.is_sound_copyable and measured.sound_bytes <= most * _SOUND_COPIED_MOST:
        return measured.sound_bytes, None
    rate = most * 8 / measured.seconds * _SOUND_SHARE
    rate = max(_SOUND_RATE_LEAST, min(rate, _SOUND_RATE_MOST))
    return rate * measured.seconds / 8, int(rate)


def _sides(measured: Measured, video_rate: int) -> tuple[int, int]:
    """The largest usual size that the rate is enough for, never larger than it was; even, as 4:2:0 needs.

    A pixel needs 0.05 bits a frame at 30 frames a second; at other rates frames cost by the root of their number, as
    they differ less when there are more. For 16:9 at 30 frames a second that asks for, in kbit/s: 5,530 for 1440p,
    3,110 for 1080p, 1,382 for 720p, 778 for 540p, 613 for 480p, 346 for 360p, and 153 for 240p.
    """
    short = min(measured.width, measured.height)
    per_pixel = _BITS_PER_PIXEL * sqrt(30 * measured.frame_rate)
    first = min(short, _SHORT_SIDES[0])
    for side in (first, *(side for side in _SHORT_SIDES if side < first)):
        width, height = (_even(length * side / short) for length in (measured.width, measured.height))
        if width * height * per_pixel <= video_rate:
            break
    return width, height


def _even(length: float) -> int:
    return max(2, int(length) // 2 * 2)

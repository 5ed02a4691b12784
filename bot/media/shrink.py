"""The making of a smaller video: `python -m bot.media.shrink SOURCE TARGET LIMIT SECONDS`.

A process of its own, for the sake of the bot's memory and since the file is hostile until proven otherwise: at low
priority, bounded in memory, processor time and what it may write, and gone when its parent is. It ends with one of the
codes of `plan.Ending`; after DONE the target has at most LIMIT bytes.
"""

import errno
import os
import sys
import time
from fractions import Fraction
from pathlib import Path
from threading import Thread

from bot.media.bounds import bind_process
from bot.media.plan import (
    FIRST_SHARE,
    Ending,
    Measured,
    Plan,
    UnfitError,
    fits_by_copying,
    plan_for,
    share_after,
)
from bot.media.tracks import (
    AnyPacket,
    Copied,
    Picture,
    Sound,
    Track,
    UnreadableError,
    created,
    look_of,
    opened,
    packets_of,
    tracks_of,
)

MEMORY_MOST = 1536 * 1024**2
PIXELS_MOST = 4096 * 2304

_ATTEMPTS = 3
_DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_PATIENCE = 0.25
_READABLE_LEAST = 0.5


def main() -> int:
    """Shrink the file named on the command line; returns the exit code."""
    source, target, limit, seconds = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    Thread(target=_end_with_parent, daemon=True).start()
    bound_resources(file_most=2 * limit, cpu_seconds=round(seconds * (os.cpu_count() or 1)) + 1)
    try:
        _shrink(source, target, limit, time.monotonic() + seconds)
    except (UnfitError, MemoryError):
        return Ending.UNFIT
    except OSError as error:
        if error.errno in _DISK_FULL:
            return Ending.DISK_FULL
        return Ending.UNFIT if error.errno == errno.EFBIG else Ending.UNREADABLE
    except Exception:  # noqa: BLE001 - whatever a decoder makes of a hostile file, it means: unreadable
        return Ending.UNREADABLE
    return Ending.DONE


def bound_resources(*, file_most: int, cpu_seconds: int) -> None:
    """Lower this process's priority and limits for good."""
    bind_process(memory=MEMORY_MOST, cpu_seconds=cpu_seconds, file_bytes=file_most)


def _end_with_parent() -> None:
    """Wait for the end of the standard input, which the parent holds open and never writes to."""
    os.read(0, 1)
    os._exit(1)


def _shrink(source: Path, target: Path, limit: int, until: float) -> None:
    measured = _measured(source)
    if measured.width * measured.height > PIXELS_MOST:
        raise UnfitError(f"{measured.width}x{measured.height} pixels")
    if fits_by_copying(measured, limit):
        _copy(source, target)
        if target.stat().st_size <= limit:
            return
    share = FIRST_SHARE
    for _ in range(_ATTEMPTS):
        _encode(source, target, measured, plan_for(measured, limit, share), until)
        size = target.stat().st_size
        if size <= limit:
            return
        share = share_after(share, size, limit)
    raise UnfitError(f"{size} of at most {limit} bytes")


def _measured(source: Path) -> Measured:
    with opened(source) as container:
        video, sound = tracks_of(container)
        pictures, sounds = _Tally(), _Tally()
        for packet in packets_of(container, video, sound):
            (pictures if packet.stream_index == video.index else sounds).add(packet)
        return Measured(
            width=video.codec_context.width,
            height=video.codec_context.height,
            seconds=pictures.seconds,
            frames=pictures.packets,
            video_bytes=pictures.bytes,
            sound_packets=sounds.packets,
            sound_bytes=sounds.bytes,
            is_video_copyable=(video.codec_context.name, video.codec_context.pix_fmt) == ("h264", "yuv420p"),
            is_sound_copyable=sound is not None and sound.codec_context.name == "aac",
        )


class _Tally:
    """The packets of one track, counted."""

    def __init__(self) -> None:
        self.packets = 0
        self.bytes = 0
        self._begin: Fraction | None = None
        self._end = Fraction(0)

    @property
    def seconds(self) -> float:
        """From the first to the end of the last."""
        return 0.0 if self._begin is None else float(self._end - self._begin)

    def add(self, packet: AnyPacket) -> None:
        """Count one, and its time unless it isn't shown."""
        self.packets += 1
        self.bytes += packet.size
        if packet.pts is None or packet.is_discard:
            return
        begin, end = packet.pts * packet.time_base, (packet.pts + (packet.duration or 0)) * packet.time_base
        if self._begin is None:
            self._begin, self._end = begin, end
        self._begin, self._end = min(begin, self._begin), max(end, self._end)


class _Watch:
    """Gives up early on what will not be done in time."""

    def __init__(self, measured: Measured, until: float) -> None:
        self._seconds = measured.seconds
        self._began = time.monotonic()
        self._left = until - self._began

    def check(self, done: float) -> None:
        """UnfitError where the rest would take too long, judged by what is done after a quarter of the time."""
        passed = time.monotonic() - self._began
        if passed > self._left * _PATIENCE and passed * self._seconds > self._left * done:
            raise UnfitError(f"{done:.0f} of {self._seconds:.0f} seconds done after {passed:.0f}")


def _copy(source: Path, target: Path) -> None:
    with opened(source) as given, created(target) as output:
        video, sound = tracks_of(given)
        copies = {track.index: Copied(track, output) for track in (video, sound) if track is not None}
        for packet in packets_of(given, video, sound):
            output.mux(list(copies[packet.stream_index].take(packet)))


def _encode(source: Path, target: Path, measured: Measured, plan: Plan, until: float) -> None:
    watch = _Watch(measured, until)
    with opened(source) as container:
        look = look_of(container)
    with opened(source) as given, created(target) as output:
        video, sound = tracks_of(given)
        picture = Picture(video, output, plan, look)
        tracks: dict[int, Track] = {video.index: picture}
        if sound is not None:
            rate = plan.sound_rate
            tracks[sound.index] = Copied(sound, output) if rate is None else Sound(sound, output, rate)
        for packet in packets_of(given, video, sound):
            output.mux(list(tracks[packet.stream_index].take(packet)))
            watch.check(picture.seconds)
        for track in tracks.values():
            output.mux(list(track.finish()))
    if picture.frames < measured.frames * _READABLE_LEAST:
        raise UnreadableError


if __name__ == "__main__":
    sys.exit(main())

"""The tracks of a video, read from one file and written to another: copied, or encoded anew. Loads PyAV.

For the process that shrinks alone. Whatever is broken raises what PyAV makes of it, or UnreadableError.
"""

import os
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias, cast

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.sidedata.sidedata import SideDataContainer, Type
from av.stream import Disposition, Stream
from av.video.frame import PictureType, VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation
from av.video.stream import VideoStream

from bot.media.formats import HEAD, recognised
from bot.media.plan import BUFFER_SECONDS, Plan

if TYPE_CHECKING:
    AnyPacket: TypeAlias = Packet[Stream]
else:
    AnyPacket = Packet  # generic in PyAV's annotations alone

THREADS = min(4, os.cpu_count() or 1)
"""For each of decoder, scaler and encoder: each thread more costs pictures held in memory."""

_DEMUXERS = {"mp4": "mov", "mov": "mov", "webm": "matroska"}
_READING = {"protocol_whitelist": "file"}
_SAMPLE_RATES = frozenset({44_100, 48_000})


class UnreadableError(Exception):
    """Not a video of one of the formats that are taken, or broken."""


class Track(Protocol):
    """One track that is being written."""

    def take(self, packet: AnyPacket) -> Iterable[AnyPacket]:
        """What there is to write after the next packet that was read."""
        ...

    def finish(self) -> Iterable[AnyPacket]:
        """What there is still to write."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What belongs to a picture besides its pixels: how it is turned, and which colours its numbers mean.

    `matrix` is empty for a picture that isn't turned.
    """

    matrix: tuple[int, ...]
    colorspace: int
    primaries: int
    transfer: int


def opened(source: Path) -> InputContainer:
    """A video to read from, by a demuxer of our choice, which opens no other file."""
    with source.open("rb") as file:
        found = recognised(file.read(HEAD))
    if found is None or found.name not in _DEMUXERS:
        raise UnreadableError
    return av.open(str(source), "r", format=_DEMUXERS[found.name], options=_READING, metadata_errors="ignore")


def created(target: Path) -> OutputContainer:
    """An MP4 to write to, whose index comes first, so that it plays before it is loaded."""
    return av.open(str(target), "w", format="mp4", options={"movflags": "faststart"})


def tracks_of(container: InputContainer) -> tuple[VideoStream, AudioStream | None]:
    """The picture and the first track of sound, decoded by a bounded number of threads."""
    covers = Disposition.attached_pic
    videos = [stream for stream in container.streams.video if not stream.disposition & covers]
    if not videos:
        raise UnreadableError
    videos[0].thread_type = "AUTO"
    videos[0].codec_context.thread_count = THREADS
    return videos[0], next(iter(container.streams.audio), None)


def packets_of(container: InputContainer, *tracks: VideoStream | AudioStream | None) -> Iterator[AnyPacket]:
    """The packets of some tracks, up to the end or to where the file can't be followed any more."""
    try:
        for packet in container.demux([track for track in tracks if track is not None]):
            if packet.size:
                yield packet
    except av.error.InvalidDataError:
        return


def look_of(container: InputContainer) -> Look:
    """What the first picture that can be decoded looks like."""
    video, _ = tracks_of(container)
    for packet in packets_of(container, video):
        for frame in _pictures(video, packet):
            return Look(
                matrix=_matrix_of(frame),
                colorspace=Colorspace.ITU709 if frame.format.is_rgb else frame.colorspace,
                primaries=frame.color_primaries,
                transfer=frame.color_trc,
            )
    raise UnreadableError


def _matrix_of(frame: VideoFrame) -> tuple[int, ...]:
    found = cast("SideDataContainer", frame.side_data).get(Type.DISPLAYMATRIX)  # PyAV's annotation is another
    return struct.unpack("9i", bytes(found)) if found else ()


class Copied:
    """A track that is written as it was read, less what of sound is broken: that is cheap to find, and would crack."""

    def __init__(self, given: VideoStream | AudioStream, output: OutputContainer) -> None:
        self._given = given
        self._made = output.add_stream_from_template(given)

    def take(self, packet: AnyPacket) -> Iterable[AnyPacket]:
        """The packet itself, unless it is broken."""
        if isinstance(self._given, AudioStream) and _is_broken(self._given, packet):
            return ()
        packet.stream = self._made
        return (packet,)

    def finish(self) -> Iterable[AnyPacket]:
        """Nothing."""
        return ()


class Picture:
    """A picture track, encoded anew at its own pace: as H.264, 8 bits, 4:2:0, limited range."""

    def __init__(self, given: VideoStream, output: OutputContainer, plan: Plan, look: Look) -> None:
        self._given = given
        self._plan = plan
        self._look = look
        self._made = output.add_stream("libx264", rate=given.average_rate or given.guessed_rate, options=_x264(plan))
        self._made.set_display_matrix(look.matrix or None)
        self._first: int | None = None
        self._last = 0
        self.frames = 0
        self._time_base = given.time_base or Fraction(1, 1000)
        context = self._made.codec_context
        context.time_base = self._time_base
        context.width, context.height, context.pix_fmt = plan.width, plan.height, "yuv420p"
        context.sample_aspect_ratio = given.sample_aspect_ratio or Fraction(1)
        context.color_range, context.colorspace = ColorRange.MPEG, look.colorspace
        context.color_primaries, context.color_trc = look.primaries, look.transfer

    @property
    def seconds(self) -> float:
        """How much has been read so far."""
        return 0.0 if self._first is None else float((self._last - self._first) * self._time_base)

    def take(self, packet: AnyPacket | None) -> Iterator[AnyPacket]:
        """What comes of the next packet; of None: what the decoder still had."""
        for frame in _pictures(self._given, packet):
            if frame.pts is None or (self._first is not None and frame.pts <= self._last):
                continue
            self._first = frame.pts if self._first is None else self._first
            self._last = frame.pts
            self.frames += 1
            yield from self._made.encode(self._prepared(frame))

    def finish(self) -> Iterator[AnyPacket]:
        """What decoder and encoder still had."""
        yield from self.take(None)
        yield from self._made.encode(None)

    def _prepared(self, frame: VideoFrame) -> VideoFrame:
        prepared = frame.reformat(
            width=self._plan.width,
            height=self._plan.height,
            format="yuv420p",
            dst_colorspace=self._look.colorspace if frame.format.is_rgb else None,
            dst_color_range=ColorRange.MPEG,
            interpolation=Interpolation.BICUBIC,
            threads=THREADS,
        )
        prepared.pict_type = PictureType.NONE  # else the encoder would make key frames where the source had them
        return prepared


class Sound:
    """A track of sound, encoded anew as AAC with at most two channels."""

    def __init__(self, given: AudioStream, output: OutputContainer, rate: int) -> None:
        self._given = given
        sample_rate = given.rate if given.rate in _SAMPLE_RATES else max(_SAMPLE_RATES)
        layout = "mono" if given.channels == 1 else "stereo"
        self._made = output.add_stream("aac", rate=sample_rate, layout=layout, bit_rate=rate)

    def take(self, packet: AnyPacket | None) -> Iterator[AnyPacket]:
        """What comes of the next packet; of None: what the decoder still had."""
        for frame in _sounds(self._given, packet):
            yield from self._made.encode(frame)

    def finish(self) -> Iterator[AnyPacket]:
        """What decoder and encoder still had."""
        yield from self.take(None)
        yield from self._made.encode(None)


def _x264(plan: Plan) -> dict[str, str]:
    """A rate that holds for every half second, as the limit on the file is hard; the preset by measurement."""
    return {
        "preset": "veryfast",
        "b": str(plan.video_rate),
        "maxrate": str(plan.video_rate),
        "bufsize": str(int(plan.video_rate * BUFFER_SECONDS)),
        "threads": str(THREADS),
    }


def _pictures(track: VideoStream, packet: AnyPacket | None) -> list[VideoFrame]:
    """The decoded frames, none of a broken packet."""
    try:
        return track.decode(packet)
    except av.error.InvalidDataError:
        return []


def _sounds(track: AudioStream, packet: AnyPacket | None) -> list[AudioFrame]:
    """The same for sound."""
    try:
        return track.decode(packet)
    except av.error.InvalidDataError:
        return []


def _is_broken(track: AudioStream, packet: AnyPacket) -> bool:
    try:
        track.decode(packet)
    except av.error.InvalidDataError:
        return True
    return False

"""Short videos with real bits in them, made to order, and what is seen when one is played to its end."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.container import OutputContainer


@dataclass(frozen=True, slots=True, kw_only=True)
class Footage:
    """A moving pattern with grain, and a hum; `is_uneven` leaves out every fourth picture."""

    container: str = "mp4"
    codec: str = "libx264"
    sound: str | None = "aac"
    sides: tuple[int, int] = (320, 180)
    seconds: int = 1
    rate: int = 30
    bits: int = 4_000_000
    pixels: str = "yuv420p"
    turned: int = 0
    sample_aspect: Fraction = Fraction(1)
    is_uneven: bool = False

    def shoot(self, path: Path) -> Path:
        """Make the file."""
        with av.open(str(path), "w", format=self.container) as output:
            self._add_picture(output)
            if self.sound:
                self._add_sound(output)
        return path

    def _add_picture(self, output: OutputContainer) -> None:
        quick = {"preset": "ultrafast"} if self.codec == "libx264" else {"deadline": "realtime", "cpu-used": "8"}
        stream = output.add_stream(self.codec, rate=self.rate, options=quick)
        assert isinstance(stream, av.VideoStream)
        if self.sound:
            output.add_stream(self.sound, rate=48000, layout="stereo")
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = *self.sides, self.pixels, self.bits
        stream.codec_context.sample_aspect_ratio = self.sample_aspect
        stream.set_display_rotation(self.turned)
        graph = av.filter.Graph()
        pattern = graph.add("testsrc2", f"size={self.sides[0]}x{self.sides[1]}:rate={self.rate}")
        grain, pixels = graph.add("noise", "alls=20:allf=t+u"), graph.add("format", self.pixels)
        graph.link_nodes(pattern, grain, pixels, graph.add("buffersink")).configure()
        for number in range(self.rate * self.seconds):
            frame = graph.vpull()
            if not (self.is_uneven and number % 4 == 2):
                output.mux(stream.encode(frame))
        output.mux(stream.encode(None))

    def _add_sound(self, output: OutputContainer) -> None:
        stream = output.streams.audio[0]
        graph = av.filter.Graph()
        hum = graph.add("sine", f"sample_rate=48000:duration={self.seconds}")
        stereo = graph.add("aformat", "sample_fmts=fltp:channel_layouts=stereo")
        graph.link_nodes(hum, stereo, graph.add("abuffersink")).configure()
        while True:
            try:
                frame = graph.pull()
            except (EOFError, BlockingIOError):
                break
            assert isinstance(frame, av.AudioFrame)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A video as a player has it; `ratio` is that of the shown picture before it is turned."""

    codec: str
    pixels: str
    sides: tuple[int, int]
    ratio: float
    turned: int
    frames: int
    seconds: float
    sound_seconds: float


def play(path: Path) -> Seen:
    """Decode everything; raises what PyAV raises where something is broken."""
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        frames = sound = 0
        last = None
        for frame in container.decode(*container.streams.video[:1], *container.streams.audio[:1]):
            if isinstance(frame, av.VideoFrame):
                frames, last = frames + 1, frame
            elif isinstance(frame, av.AudioFrame):
                sound += frame.samples
        assert last is not None
        return Seen(
            codec=video.codec_context.name,
            pixels=last.format.name,
            sides=(last.width, last.height),
            ratio=float(last.width * (video.sample_aspect_ratio or 1) / last.height),
            turned=last.rotation,
            frames=frames,
            seconds=(container.duration or 0) / 1_000_000,
            sound_seconds=sound / container.streams.audio[0].rate if container.streams.audio else 0.0,
        )

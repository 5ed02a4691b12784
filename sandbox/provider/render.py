"""The rendering of results: small MP4 files (H.264, AAC) that show what was asked and what was sent.

A file lasts `min(duration, 3)` seconds, an extension the first 9 s of the earlier clip on top, at 12 frames a
second and about 320x180 in the asked ratio; its real length is what the provider reports.
"""

import io
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
from PIL import Image

from sandbox.provider.offer import Operation
from sandbox.provider.pictures import FPS, Scene, frames_of, size_for
from sandbox.provider.sound import RATE, as_frame, heard_in, tone

LONGEST = 3.0
"""Seconds of new film in any result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A finished MP4 file; `duration` in seconds."""

    content: bytes
    duration: float
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Commission:
    """What to render; `mark` goes into the metadata, so that files differ; `number` tells results apart."""

    operation: Operation
    prompt: str
    mark: str
    number: int = 0
    seconds: int = 5
    ratio: str | None = None
    sound: bool = False
    inputs: Mapping[str, Sequence[bytes]]


def render(commission: Commission) -> Clip:
    """Make the film; runs for some tenths of a second, so call it in a thread."""
    scene = Scene(
        operation=commission.operation,
        prompt=commission.prompt,
        size=size_for(commission.ratio, commission.inputs),
        seconds=min(float(commission.seconds), LONGEST) if commission.seconds > 0 else LONGEST,
        hue=commission.number * 90 + sum(commission.mark.encode()) % 60,
        inputs=commission.inputs,
    )
    frames = list(frames_of(scene))
    seconds = len(frames) / FPS
    samples = _samples(commission, seconds)
    with tempfile.TemporaryDirectory(prefix="sandbox-provider-") as folder:
        path = Path(folder) / "clip.mp4"
        _write(path, f"{commission.mark}/{commission.number}", frames, samples)
        content = path.read_bytes()
    return Clip(content=content, duration=round(seconds, 2), width=scene.size[0], height=scene.size[1])


def measure(content: bytes) -> Clip:
    """Take an MP4 made elsewhere as a result."""
    with av.open(io.BytesIO(content), "r") as container:
        stream = container.streams.video[0]
        seconds = (container.duration or 0) / av.time_base
        return Clip(content=content, duration=seconds, width=stream.width, height=stream.height)


def _samples(commission: Commission, seconds: float) -> bytes:
    for name in ("audio_url", "video_url", "task_id", "audio_urls", "video_urls"):
        for content in commission.inputs.get(name, ()):
            if heard := heard_in(content, seconds):
                return heard
    return tone(seconds) if commission.sound else b""


def _write(path: Path, mark: str, frames: Sequence[Image.Image], samples: bytes) -> None:
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        container.metadata["comment"] = mark
        film = container.add_stream("libx264", rate=FPS, options={"preset": "ultrafast", "crf": "26"})
        film.width, film.height = frames[0].size
        film.pix_fmt = "yuv420p"
        film.codec_context.thread_count = 1
        track = container.add_stream("aac", rate=RATE, layout="mono") if samples else None
        for frame in frames:
            picture = av.VideoFrame.from_image(frame)  # type: ignore[no-untyped-call]  # av 18 leaves it untyped
            container.mux(film.encode(picture))
        container.mux(film.encode(None))
        if track is not None:
            container.mux(track.encode(as_frame(samples)))
            container.mux(track.encode(None))

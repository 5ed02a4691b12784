"""The sound of a result: signed 16-bit mono samples, made or taken from what was sent."""

import io
import math
from array import array

import av
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

RATE = 24000
"""Samples a second."""


def tone(seconds: float) -> bytes:
    """Make a soft tone that swells."""
    count = int(seconds * RATE)
    step = 2 * math.pi * 220 / RATE
    return array(
        "h", (int(3000 * math.sin(number * step) * math.sin(number / RATE) ** 2) for number in range(count))
    ).tobytes()


def heard_in(content: bytes, seconds: float) -> bytes:
    """Take the first seconds of a file's sound; empty where it has none."""
    wanted = int(seconds * RATE) * 2
    heard = bytearray()
    with av.open(io.BytesIO(content), "r") as container:
        if not container.streams.audio:
            return b""
        resampler = AudioResampler(format="s16", layout="mono", rate=RATE)
        for frame in container.decode(audio=0):
            for piece in resampler.resample(frame):
                heard += bytes(piece.planes[0])[: piece.samples * 2]
            if len(heard) >= wanted:
                break
    return bytes(heard[:wanted])


def loudness(content: bytes, count: int, per_second: int) -> list[float]:
    """Measure a file's sound in parts of a second, at most `count` of them and at least one, each from 0 to 1."""
    samples = array("h", heard_in(content, count / per_second))
    part = RATE // per_second
    parts = [samples[start : start + part] for start in range(0, len(samples), part)] or [array("h", [0])]
    return [max(abs(sample) for sample in part) / 32768 for part in parts]


def as_frame(samples: bytes) -> AudioFrame:
    """Put samples into a frame of the encoder's library."""
    frame = AudioFrame(format="s16", layout="mono", samples=len(samples) // 2)
    frame.sample_rate = RATE
    plane = frame.planes[0]
    plane.update(samples + bytes(plane.buffer_size - len(samples)))
    return frame

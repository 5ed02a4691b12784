"""Small files to attach."""

import math
import wave
from array import array
from functools import cache
from io import BytesIO

import av
from PIL import Image

from sandbox.discord import Upload


@cache
def _png(red: int, green: int, blue: int) -> bytes:
    out = BytesIO()
    Image.new("RGB", (640, 360), (red, green, blue)).save(out, "PNG")
    return out.getvalue()


@cache
def _mp4() -> bytes:
    out = BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=12)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for index in range(12):
            picture = Image.new("RGB", (320, 180), (20 * index, 60, 120))
            frame = av.VideoFrame.from_image(picture)  # type: ignore[no-untyped-call]  # PyAV has no types for it
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return out.getvalue()


@cache
def _wav() -> bytes:
    out = BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        tone = array("h", (int(9000 * math.sin(index / 4)) for index in range(8000)))
        sound.writeframes(tone.tobytes())
    return out.getvalue()


def picture(name: str = "picture.png", colour: tuple[int, int, int] = (200, 40, 40)) -> Upload:
    return Upload(name, _png(*colour), content_type="image/png")


def clip(name: str = "clip.mp4") -> Upload:
    return Upload(name, _mp4(), content_type="video/mp4")


def sound(name: str = "sound.wav") -> Upload:
    return Upload(name, _wav(), content_type="audio/wav")

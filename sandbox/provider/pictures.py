"""The frames of a result: one way to draw for each operation."""

import io
import math
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice

import av
from PIL import Image, ImageColor, ImageDraw, ImageFont, ImageOps

from sandbox.provider.offer import Operation
from sandbox.provider.sound import loudness

FPS = 12

LONGEST_ORIGINAL = 9
"""Seconds of the earlier film that an extension begins with."""

_SIZES = {
    "16:9": (320, 180),
    "9:16": (180, 320),
    "1:1": (240, 240),
    "4:3": (320, 240),
    "3:4": (240, 320),
    "21:9": (336, 144),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What to draw; `seconds` is the length of new film, `hue` the first colour in degrees."""

    operation: Operation
    prompt: str
    size: tuple[int, int]
    seconds: float
    hue: int
    inputs: Mapping[str, Sequence[bytes]]

    @property
    def count(self) -> int:
        """How many frames of new film there are."""
        return max(1, round(self.seconds * FPS))

    def pictures(self, *names: str) -> list[Image.Image]:
        """Open the pictures that were sent in these fields."""
        return [_opened(content) for name in names for content in self.inputs.get(name, ())]

    def film(self, longest: int) -> list[Image.Image]:
        """Read the first frames of the clip that was sent or made earlier, at the scene's size and rate."""
        sent = [content for name in ("video_url", "task_id") for content in self.inputs.get(name, ())]
        return list(islice(_film_in(sent[0], self.size), longest))


def size_for(ratio: str | None, inputs: Mapping[str, Sequence[bytes]]) -> tuple[int, int]:
    """Choose width and height: the ratio that was asked for, else that of the first input, else 16:9."""
    if ratio in _SIZES:
        return _SIZES[ratio]
    for name, contents in inputs.items():
        if name not in {"audio_url", "audio_urls"} and contents:
            return _fitting(_size_of(contents[0]))
    return _SIZES["16:9"]


def frames_of(scene: Scene) -> Iterator[Image.Image]:
    """Draw every frame of a scene, all of its size."""
    return _DRAWN[scene.operation](scene)


def _text(scene: Scene) -> Iterator[Image.Image]:
    font = ImageFont.load_default(size=20)
    lines = textwrap.fill(scene.prompt or "(no prompt)", width=scene.size[0] // 12, max_lines=6, placeholder=" ...")
    for number in range(scene.count):
        frame = Image.new("RGB", scene.size, _colour(scene.hue + number * 3, 35))
        place = (scene.size[0] / 2 + 8 * math.sin(number / 6), scene.size[1] / 2)
        ink = _colour(scene.hue + 150 + number * 8, 70)
        ImageDraw.Draw(frame).multiline_text(place, lines, fill=ink, font=font, anchor="mm", align="center")
        yield frame


def _image(scene: Scene) -> Iterator[Image.Image]:
    picture = scene.pictures("image_url", "image", "image_urls", "kling_elements")[0]
    return (_captioned(frame, scene.prompt) for frame in _slow_move(picture, scene.size, scene.count))


def _frames(scene: Scene) -> Iterator[Image.Image]:
    first, last = (_covering(picture, scene.size) for picture in scene.pictures("start_image", "end_image"))
    steps = max(1, scene.count - 1)
    return (Image.blend(first, last, number / steps) for number in range(scene.count))


def _reference(scene: Scene) -> Iterator[Image.Image]:
    pictures = scene.pictures("reference_images")
    columns = math.ceil(math.sqrt(len(pictures)))
    rows = math.ceil(len(pictures) / columns)
    cell = (scene.size[0] // columns, scene.size[1] // rows)
    sheet = Image.new("RGB", scene.size, _colour(scene.hue, 25))
    for place, picture in enumerate(pictures):
        sheet.paste(_covering(picture, cell), (place % columns * cell[0], place // columns * cell[1]))
    for number in range(scene.count):
        frame = sheet.copy()
        chosen = number * len(pictures) // scene.count
        left, top = chosen % columns * cell[0], chosen // columns * cell[1]
        box = (left, top, left + cell[0] - 1, top + cell[1] - 1)
        ImageDraw.Draw(frame).rectangle(box, outline="white", width=3)
        yield _captioned(frame, scene.prompt)


def _transform(scene: Scene) -> Iterator[Image.Image]:
    return (_marked(frame, scene, "remade") for frame in scene.film(scene.count))


def _extension(scene: Scene) -> Iterator[Image.Image]:
    original = scene.film(LONGEST_ORIGINAL * FPS)
    continued = _slow_move(original[-1], scene.size, scene.count)
    return chain(original, (_marked(frame, scene, "continued") for frame in continued))


def _motion(scene: Scene) -> Iterator[Image.Image]:
    figure = scene.pictures("image_url", "image")[0]
    figure.thumbnail((scene.size[0] // 2, scene.size[1] // 2))
    room = (scene.size[0] - figure.width, scene.size[1] - figure.height)
    for number, frame in enumerate(scene.film(scene.count)):
        turn = 2 * math.pi * number / scene.count
        frame.paste(figure, (round(room[0] * (1 - math.cos(turn)) / 2), round(room[1] * (1 + math.sin(turn)) / 2)))
        yield frame


def _audio(scene: Scene) -> Iterator[Image.Image]:
    levels = loudness(scene.inputs["audio_url"][0], scene.count, FPS)
    pictures = scene.pictures("image_url", "image")
    ground = pictures[0] if pictures else Image.new("RGB", scene.size, _colour(scene.hue, 20))
    width, height = scene.size
    step = width / len(levels)
    for number, frame in enumerate(_slow_move(ground, scene.size, len(levels))):
        draw = ImageDraw.Draw(frame)
        for place, level in enumerate(levels):
            ink = _colour(scene.hue + 90, 75 if place <= number else 45)
            tall = 2 + level * height / 3
            draw.rectangle((place * step, height - tall, (place + 0.7) * step, height), fill=ink)
        yield frame


_DRAWN: dict[Operation, Callable[[Scene], Iterator[Image.Image]]] = {
    Operation.TEXT: _text,
    Operation.IMAGE: _image,
    Operation.REFERENCE: _reference,
    Operation.FRAMES: _frames,
    Operation.TRANSFORM: _transform,
    Operation.MOTION: _motion,
    Operation.AUDIO: _audio,
    Operation.EXTEND: _extension,
}


def _slow_move(picture: Image.Image, size: tuple[int, int], count: int) -> Iterator[Image.Image]:
    large = _covering(picture, (size[0] * 5 // 4, size[1] * 5 // 4))
    for number in range(count):
        done = number / count
        left, top = done * size[0] / 4, done * size[1] / 8
        shown = 1.25 - 0.125 * done
        box = (left, top, min(left + size[0] * shown, large.width), min(top + size[1] * shown, large.height))
        yield large.resize(size, Image.Resampling.BILINEAR, box=box)


def _captioned(frame: Image.Image, words: str) -> Image.Image:
    if words:
        font = ImageFont.load_default(size=12)
        draw = ImageDraw.Draw(frame)
        line = textwrap.shorten(words, frame.width // 7, placeholder="...")
        draw.text(
            (6, frame.height - 6), line, fill="white", font=font, anchor="ls", stroke_width=1, stroke_fill="black"
        )
    return frame


def _marked(frame: Image.Image, scene: Scene, word: str) -> Image.Image:
    draw = ImageDraw.Draw(frame)
    ink = _colour(scene.hue, 60)
    draw.rectangle((0, 0, frame.width - 1, frame.height - 1), outline=ink, width=5)
    draw.rectangle((5, 5, 90, 24), fill=ink)
    draw.text((10, 15), word, fill="white", font=ImageFont.load_default(size=14), anchor="lm")
    return _captioned(frame, scene.prompt)


def _covering(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    return ImageOps.fit(picture, size, Image.Resampling.BILINEAR)


def _colour(hue: int, lightness: int) -> tuple[int, ...]:
    return ImageColor.getrgb(f"hsl({hue % 360}, 70%, {lightness}%)")


def _opened(content: bytes) -> Image.Image:
    with Image.open(io.BytesIO(content)) as picture:
        picture.draft("RGB", (640, 640))
        upright = ImageOps.exif_transpose(picture).convert("RGB")
    upright.thumbnail((640, 640))
    return upright


def _film_in(content: bytes, size: tuple[int, int]) -> Iterator[Image.Image]:
    with av.open(io.BytesIO(content), "r") as container:
        shown = 0
        for frame in container.decode(video=0):
            due = int((frame.time or 0.0) * FPS) + 1
            if shown < due:
                taken = frame.to_image()  # type: ignore[no-untyped-call]  # av 18 leaves it untyped
                picture = _covering(taken, size)
                yield from (picture.copy() for _ in range(due - shown))
                shown = due


def _size_of(content: bytes) -> tuple[int, int]:
    try:
        return _opened(content).size
    except OSError:
        with av.open(io.BytesIO(content), "r") as container:
            stream = container.streams.video[0]
            return stream.width, stream.height


def _fitting(size: tuple[int, int]) -> tuple[int, int]:
    scale = 320 / max(size)
    return max(64, round(size[0] * scale / 2) * 2), max(64, round(size[1] * scale / 2) * 2)

"""Small real files of every format, and a server on loopback to fetch them from."""

import os
import struct
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from io import BytesIO
from pathlib import Path

import av
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from av.container import OutputContainer
from PIL import Image

from bot.domain.request import Input, InputRole
from bot.media.fetch import MediaFiles
from bot.media.rules import MediaRules

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Children = Callable[[], set[str]]
"""The processes that were begun since the test was, by their ids."""

CODECS = {
    "mp4": ("mp4", "libx264", "aac"),
    "mov": ("mov", "libx264", "aac"),
    "webm": ("webm", "libvpx", "libopus"),
    "mp3": ("mp3", None, "libmp3lame"),
    "wav": ("wav", None, "pcm_s16le"),
    "aac": ("adts", None, "aac"),
    "m4a": ("ipod", None, "aac"),
    "ogg": ("ogg", None, "libopus"),
    "flac": ("flac", None, "flac"),
    "silent": ("mp4", "libx264", None),
    "mp4 of sound": ("mp4", None, "aac"),
    "indexed first": ("mp4", "libx264", "aac"),
}
PICTURES = ("PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP", "AVIF")


@pytest.fixture
def children() -> Children:
    path = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    before = set(path.read_text(encoding="ascii").split())  # such as a database that other tests share
    return lambda: set(path.read_text(encoding="ascii").split()) - before


def picture(kind: str, sides: tuple[int, int] = (320, 300)) -> bytes:
    file = BytesIO()
    Image.new("RGB", sides, "teal").save(file, kind)
    return file.getvalue()


def encoded(path: Path, container: str, video_codec: str | None, audio_codec: str | None, **options: str) -> bytes:
    """Half a second of picture and sound."""
    with av.open(str(path), "w", format=container, options=options) as output:
        video = output.add_stream(video_codec, rate=10) if video_codec else None
        audio = output.add_stream(audio_codec, rate=48000) if audio_codec else None
        if isinstance(video, av.VideoStream):
            add_picture(output, video)
        if isinstance(audio, av.AudioStream):
            add_sound(output, audio)
    return path.read_bytes()


def add_picture(output: OutputContainer, stream: av.VideoStream) -> None:
    stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
    for _ in range(5):
        output.mux(stream.encode(av.VideoFrame(64, 48, "yuv420p")))
    output.mux(stream.encode(None))


def add_sound(output: OutputContainer, stream: av.AudioStream) -> None:
    for number in range(24):
        frame = av.AudioFrame(stream.codec_context.format.name, "stereo", 1024)
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        frame.sample_rate, frame.pts = 48000, number * 1024
        output.mux(stream.encode(frame))
    output.mux(stream.encode(None))


def png_claiming(width: int, height: int) -> bytes:
    """A PNG whose header states sides that its few bytes of data don't have."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(100_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """One small file of each format, by name, and some that are none."""
    path = tmp_path_factory.mktemp("samples") / "sample"
    made = {name.lower(): picture(name) for name in PICTURES}
    for name, (container, video, audio) in CODECS.items():
        options = {"movflags": "faststart"} if name == "indexed first" else {}
        made[name] = encoded(path, container, video, audio, **options)
    made["html"] = b"<!doctype html><title>Sign in</title>"
    made["empty"] = b""
    made["tiny"] = picture("PNG", (2, 2))
    made["half"] = made["indexed first"][:-100]
    made["bomb"] = png_claiming(50_000, 50_000)
    made["hollow"] = png_claiming(4_000, 4_000)
    return made


class Site:
    """A server on loopback: bodies or handlers by path, and what was asked of it."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}
        self.handlers: dict[str, Handler] = {}
        self.requests: list[web.Request] = []
        app = web.Application()
        app.router.add_get("/{name:.*}", self._answer)
        self.server = TestServer(app)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    def serve(self, body: bytes, name: str = "file") -> str:
        """Put a body up; returns its URL."""
        self.bodies[name] = body
        return f"{self.origin}/{name}"

    def handle(self, handler: Handler, name: str = "file") -> str:
        """Put a handler up; returns its URL."""
        self.handlers[name] = handler
        return f"{self.origin}/{name}"

    def redirect(self, target: str, name: str = "moved") -> str:
        """Put a redirect up; returns its URL."""

        async def answer(_: web.Request) -> web.StreamResponse:
            return web.Response(status=302, headers={"Location": target})

        return self.handle(answer, name)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        name = request.match_info["name"]
        if name in self.handlers:
            return await self.handlers[name](request)
        if name not in self.bodies:
            return web.Response(status=404)
        return web.Response(body=self.bodies[name])


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site = Site()
    async with site.server:
        yield site


@pytest.fixture
async def media(tmp_path: Path, site: Site) -> AsyncIterator[MediaFiles]:
    """The files, with the site trusted as the source of both results and inputs."""
    media = MediaFiles(
        tmp_path / "media", MediaRules(), trusted_origins=[site.origin], attachment_origins=[site.origin]
    )
    await media.open()
    yield media
    await media.close()


@pytest.fixture
def attach() -> Callable[..., Input]:
    """Make an attachment for a role, as Discord would state it."""

    def make(role: InputRole = InputRole.IMAGE, **facts: object) -> Input:
        stated: dict[str, object] = {
            "attachment_id": 1,
            "filename": "file",
            "content_type": None,
            "size": 1000,
            "url": "http://127.0.0.1:1/file",
        }
        return Input(role=role, **(stated | facts))  # type: ignore[arg-type]

    return make

"""A provider that is quick, a client with its key, and a host for the files that are sent to it."""

import io
import math
import ssl
import wave
from array import array
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx
import pytest
from aiohttp import web
from PIL import Image

from sandbox.provider import SimulatedProvider
from tests.sandbox.provider.account import Account

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts nobody: saves each test the reading of the certificates, which plain HTTP never needs."""


@pytest.fixture
async def account() -> AsyncIterator[Account]:
    async with (
        SimulatedProvider(pace=0.01) as provider,
        httpx.AsyncClient(
            base_url=provider.origin, headers={"Authorization": "Bearer sk-sandbox"}, trust_env=False, verify=NO_TLS
        ) as client,
    ):
        yield Account(provider, client)


@dataclass(slots=True)
class FileHost:
    """Serves bytes over HTTP, as Discord's attachment host does."""

    origin: str = ""
    files: dict[str, bytes] = field(default_factory=dict)

    def put(self, name: str, content: bytes) -> str:
        """Serve bytes under a name; give the URL."""
        self.files[name] = content
        return f"{self.origin}/{name}"

    async def serve(self, request: web.Request) -> web.Response:
        content = self.files.get(request.match_info["name"])
        return web.Response(status=404) if content is None else web.Response(body=content)


@pytest.fixture
async def host() -> AsyncIterator[FileHost]:
    files = FileHost()
    application = web.Application()
    application.router.add_get("/{name}", files.serve)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    files.origin = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield files
    await runner.cleanup()


@pytest.fixture
def red() -> bytes:
    return _picture("red")


@pytest.fixture
def blue() -> bytes:
    return _picture("blue")


@pytest.fixture
def sound() -> bytes:
    """One second of a tone, as WAV."""
    file = io.BytesIO()
    with wave.open(file, "wb") as track:
        track.setnchannels(1)
        track.setsampwidth(2)
        track.setframerate(8000)
        track.writeframes(array("h", (int(9000 * math.sin(number / 4)) for number in range(8000))).tobytes())
    return file.getvalue()


def _picture(colour: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (320, 180), colour).save(file, "PNG")
    return file.getvalue()

"""A whole bot but for Discord, on a real SQLite file and over real HTTP to the simulated provider."""

import asyncio
import io
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import av
import pytest
import structlog
from aiohttp import web
from PIL import Image

from bot.domain.request import Input, InputRole
from bot.store.schema import migrate
from bot.work.policy import Policy
from sandbox.provider import SimulatedProvider
from tests.work.assembly import Setting, opened
from tests.work.scripted import ScriptedApi, serving
from tests.work.stage import Stage

OpenStage = Callable[..., Awaitable[Stage]]


@dataclass(slots=True)
class FileHost:
    """Serves bytes over HTTP, as Discord's attachment host does, and counts what was asked for."""

    origin: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    failures: int = 0

    def attach(self, content: bytes, name: str, role: InputRole = InputRole.IMAGE) -> Input:
        """Serve bytes under a name, and describe them as Discord would."""
        self.files[name] = content
        url = f"{self.origin}/{name}"
        return Input(
            role=role, attachment_id=1, filename=name, content_type="image/png", size=len(content) or 1, url=url
        )

    async def serve(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        self.asked.append(name)
        if self.failures:
            self.failures -= 1
            return web.Response(status=503)
        content = self.files.get(name)
        return web.Response(status=404) if content is None else web.Response(body=content)


@pytest.fixture(scope="session", autouse=True)
def _trust_nobody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Saves each test the reading of the certificates, which plain HTTP never needs."""
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("SSL_CERT_FILE", raising=False)
        environment.setenv("SSL_CERT_DIR", str(tmp_path_factory.mktemp("certificates")))
        yield


@pytest.fixture(autouse=True)
def _log_little() -> Iterator[None]:
    """Saves the drawing of log lines and tracebacks that nobody reads."""
    with structlog.testing.capture_logs():
        yield


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


@pytest.fixture(scope="session")
def picture() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (320, 300), "teal").save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="session")
def clip() -> bytes:
    """The smallest clip: one dark picture."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=1)
        stream.width, stream.height, stream.pix_fmt = 16, 16, "yuv420p"
        container.mux(stream.encode(av.VideoFrame(16, 16, "yuv420p")))
        container.mux(stream.encode())
    return file.getvalue()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "showreel.db"
    asyncio.run(migrate(f"sqlite:///{path}"))
    return path


@pytest.fixture
async def simulated(clip: bytes) -> AsyncIterator[SimulatedProvider]:
    async with SimulatedProvider(pace=0.0, clip=clip) as simulated:
        yield simulated


@pytest.fixture
async def api(clip: bytes) -> AsyncIterator[ScriptedApi]:
    async with serving(clip) as api:
        yield api


@pytest.fixture
def database_file(migrated_file: Path, tmp_path: Path) -> Path:
    """An empty database, which outlives every stage that is opened on it."""
    path = tmp_path / "showreel.db"
    shutil.copy(migrated_file, path)
    return path


@pytest.fixture
async def open_stage(simulated: SimulatedProvider, host: FileHost, database_file: Path) -> AsyncIterator[OpenStage]:
    """Joins the parts, each time anew on the same database; takes fields of Setting and of Policy, and `api`."""
    async with AsyncExitStack() as stack:

        async def make(*, api: ScriptedApi | None = None, **wishes: Any) -> Stage:
            policy = {name: wishes.pop(name) for name in Policy.__dataclass_fields__ if name in wishes}
            setting: dict[str, Any] = {"base_url": api.url if api else simulated.url} | wishes
            return await opened(
                Setting(
                    folder=database_file.parent,
                    simulated=simulated,
                    attachment_origin=host.origin,
                    policy=Policy(**{"call_timeout": timedelta(seconds=5)} | policy),
                    **setting,
                ),
                stack,
            )

        yield make


@pytest.fixture
async def stage(open_stage: OpenStage) -> Stage:
    return await open_stage()

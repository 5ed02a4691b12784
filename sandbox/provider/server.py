"""The simulated provider: a real HTTP server on this machine that makes real, small videos."""

from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from aiohttp import web

from sandbox.provider import errors
from sandbox.provider.admin import Admin
from sandbox.provider.answers import Era
from sandbox.provider.conduct import Conduct
from sandbox.provider.discovery import Discovery
from sandbox.provider.errors import Cut, Refusal
from sandbox.provider.files import Files
from sandbox.provider.inference import Inference
from sandbox.provider.journal import Journal, Leak, Poll, Submission
from sandbox.provider.render import measure
from sandbox.provider.script import Outcome, Script
from sandbox.provider.studio import Studio, Tell
from sandbox.provider.tasks import Task

LARGEST_BODY = 64 * 2**20
"""Bytes of a request; more is answered 413."""

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class SimulatedProvider:
    """One account at one base URL: serves while started, keeps what it saw for reading afterwards.

    `pace` scales every simulated duration (1.0: a generation takes 4 to 8 s, 0: nothing waits). Where `clip` is given,
    every task results in those bytes and nothing is rendered, for runs with thousands of tasks.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        api_key: str = "sk-sandbox",
        pace: float = 1.0,
        era: Era = Era.CURRENT,
        clip: bytes | None = None,
    ) -> None:
        self.on_event: Tell | None = None
        self._host = host
        self._port = port
        self._conduct = Conduct(api_key=api_key, pace=pace, era=era)
        self._journal = Journal()
        self._script = Script()
        self._studio = Studio(self._tell, measure(clip) if clip is not None else None)
        self._runner: web.AppRunner | None = None

    def always_result_in(self, clip: bytes) -> None:
        """Let every later task result in these bytes, an MP4, instead of a film of its own."""
        self._studio.clip = measure(clip)

    async def start(self) -> None:
        """Open the port and take requests."""
        await self._studio.open()
        self._runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()
        port = self._runner.addresses[0][1]
        name = "127.0.0.1" if self._host in {"0.0.0.0", "::", ""} else self._host  # noqa: S104 - only compared with
        self._conduct.origin = f"http://{name}:{port}"
        self._conduct.foreign_origin = f"http://{'localhost' if name != 'localhost' else '127.0.0.1'}:{port}"

    async def stop(self) -> None:
        """Close the port and end every task where it stands."""
        self._conduct.closing.set()
        if self._runner is not None:
            await self._runner.cleanup()
        await self._studio.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def origin(self) -> str:
        """Scheme, host and port, known once started."""
        return self._conduct.origin

    @property
    def url(self) -> str:
        """The base URL for a client."""
        return f"{self.origin}/v1"

    @property
    def era(self) -> Era:
        """Which documents the answers follow; may be changed at any time."""
        return self._conduct.era

    @era.setter
    def era(self, era: Era) -> None:
        self._conduct.era = era

    @property
    def pace(self) -> float:
        """The factor on simulated durations; a change counts for later tasks."""
        return self._conduct.pace

    @pace.setter
    def pace(self, pace: float) -> None:
        self._conduct.pace = pace

    @property
    def submissions(self) -> list[Submission]:
        """Every call that creates."""
        return self._journal.submissions

    @property
    def polls(self) -> list[Poll]:
        """Every question after a task."""
        return self._journal.polls

    @property
    def leaks(self) -> list[Leak]:
        """Every key that was sent to the foreign origin."""
        return self._journal.leaks

    @property
    def requests(self) -> int:
        """How many requests arrived, of whatever kind."""
        return self._journal.requests

    @property
    def tasks(self) -> dict[str, Task]:
        """Every task, by its id."""
        return self._studio.tasks

    def plan(self, outcome: Outcome, times: int = 1) -> None:
        """Give the next submissions this outcome, whatever their prompts say."""
        self._script.plan(outcome, times)

    def huge(self, size: int, *, announced: bool = True) -> None:
        """Set how many bytes a HUGE result has, and whether Content-Length says so beforehand."""
        self._conduct.huge_bytes = size
        self._conduct.huge_announced = announced

    def _application(self) -> web.Application:
        application = web.Application(middlewares=[self._around], client_max_size=LARGEST_BODY)
        parts = (
            Inference(self._conduct, self._journal, self._script, self._studio, self._tell),
            Discovery(self._conduct),
            Files(self._conduct, self._studio),
            Admin(self._conduct, self._journal, self._script, self._studio),
        )
        for part in parts:
            application.add_routes(part.routes())
        return application

    @web.middleware
    async def _around(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Count the request, and turn refusals into answers and cuts into closed connections."""
        self._journal.requests += 1
        try:
            response = await handler(request)
        except Refusal as refusal:
            response = refusal.answer.response()
        except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
            response = errors.unknown_route().response()
        except Cut:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        if not response.prepared:
            response.headers["x-request-id"] = f"req_{uuid4().hex}"
        return response

    def _tell(self, kind: str, facts: dict[str, Any]) -> None:
        if self.on_event is not None:
            self.on_event(kind, facts)

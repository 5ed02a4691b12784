"""An API on loopback that answers as a test says, for what the simulated provider never does."""

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

TASK = "ldtask_0123456789abcdef"
UNKNOWN = (404, {"error": {"message": "no such task", "type": "invalid_request_error", "code": "async_task_not_found"}})
BROKEN = (500, {"error": {"message": "we are sorry", "type": "server_error"}})
WRONG_KEY = (401, {"error": {"message": "wrong key", "type": "invalid_api_key", "code": "invalid_api_key"}})
PROCESSING = (200, {"id": TASK, "status": "processing"})
CANCELLED = (200, {"id": TASK, "status": "failed", "cancelled": True})

Said = tuple[int, dict[str, Any]]


@dataclass(slots=True)
class ScriptedApi:
    """Takes every submission, answering `taken`, the further ones with ids of their own.

    Each poll gets the next answer of `polls`, the last one for ever; but tasks in `unknown` are none.
    """

    origin: str = ""
    taken: Said = (200, {"id": TASK, "status": "pending"})
    polls: deque[Said] = field(default_factory=lambda: deque([PROCESSING]))
    unknown: set[str] = field(default_factory=set)
    cancels: deque[Said] = field(default_factory=deque)
    models: Said = BROKEN
    pricing: Said = BROKEN
    clip: bytes = b""
    clip_failures: int = 0
    during_clip: Callable[[], Awaitable[None]] | None = None
    during_submission: Callable[[], None] | None = None
    asked: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.origin}/v1"

    def done(self) -> Said:
        """A poll's answer with a video."""
        return 200, {"id": TASK, "status": "completed", "video_url": f"{self.origin}/clip.mp4"}

    def asked_for(self, what: str) -> int:
        """How often a method and path was asked for."""
        return self.asked.count(what)

    async def serve(self, request: web.Request) -> web.Response:
        self.asked.append(f"{request.method} {request.path}")
        if request.path == "/clip.mp4":
            self.clip_failures -= 1
            if self.during_clip:
                await self.during_clip()
            return web.Response(status=503) if self.clip_failures >= 0 else web.Response(body=self.clip)
        status, body = self._answer(request.method, request.path)
        return web.json_response(body, status=status)

    def _answer(self, method: str, path: str) -> Said:
        match method, path:
            case "POST", _:
                if self.during_submission:
                    self.during_submission()
                return _with_own_id(self.taken, self.asked_for("POST /v1/videos/generations"))
            case "DELETE", _:
                return _next(self.cancels)
            case "GET", "/v1/models":
                return self.models
            case "GET", "/v1/pricing":
                return self.pricing
            case _ if path.startswith("/v1/tasks/") and path.rpartition("/")[2] not in self.unknown:
                return _next(self.polls)
            case _:
                return UNKNOWN


@asynccontextmanager
async def serving(clip: bytes) -> AsyncIterator[ScriptedApi]:
    """An API whose video is `clip`."""
    api = ScriptedApi(clip=clip)
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", api.serve)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    api.origin = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield api
    await runner.cleanup()


def _with_own_id(taken: Said, number: int) -> Said:
    status, body = taken
    return (status, body | {"id": f"{body['id']}{number}"}) if number > 1 and "id" in body else taken


def _next(answers: deque[Said]) -> Said:
    return answers.popleft() if len(answers) > 1 else answers[0]

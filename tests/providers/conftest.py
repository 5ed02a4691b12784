"""A small API on loopback that answers what a test says, and providers that speak to it."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from bot.domain.request import Operation, Request
from bot.providers.base import Submission
from bot.providers.lemondata.client import LemonDataProvider

KEY = "sk-0123456789abcdef"

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Connect = Callable[..., LemonDataProvider]
OpenSocket = Callable[[Serve], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any


@dataclass(slots=True)
class Api:
    """Answers each request with the next answer, the last one for ever."""

    base: str = ""
    seen: list[Seen] = field(default_factory=list)
    answers: list[web.Response] = field(default_factory=list)

    def answer(self, body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        """Add one answer: text and bytes as they are, anything else as JSON."""
        raw = body if isinstance(body, str | bytes) else json.dumps(body)
        self.answers.append(web.Response(status=status, body=raw, headers=headers))

    async def serve(self, request: web.Request) -> web.Response:
        raw = await request.read()
        body = json.loads(raw) if raw else None
        self.seen.append(Seen(request.method, request.raw_path, request.headers.copy(), body))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return web.Response(status=answer.status, body=answer.body, headers=answer.headers)


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    api = Api()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", api.serve)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    api.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield api
    await runner.cleanup()


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Makes providers for a base URL and closes them afterwards."""
    async with AsyncExitStack() as stack:

        def make(base_url: str, key: str = KEY, **options: Any) -> LemonDataProvider:
            provider = LemonDataProvider("tokenlab", base_url, key, **options)
            stack.push_async_callback(provider.close)
            return provider

        yield make


@pytest.fixture
async def provider(api: Api, connect: Connect) -> LemonDataProvider:
    return connect(api.base)


@pytest.fixture
async def open_socket() -> AsyncIterator[OpenSocket]:
    """Serves raw connections on loopback; gives the base URL."""
    async with AsyncExitStack() as stack:

        async def listen(serve: Serve) -> str:
            async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                try:
                    await serve(reader, writer)
                except (asyncio.IncompleteReadError, ConnectionError):
                    pass
                finally:
                    writer.close()

            server = await asyncio.start_server(handle, "127.0.0.1", 0)
            stack.push_async_callback(server.wait_closed)
            stack.callback(server.close)
            return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

        yield listen


@pytest.fixture
def submission() -> Submission:
    request = Request(operation=Operation.TEXT, model="veo3.1-fast", prompt="a quiet harbour")
    return Submission(request=request, input_urls=(), user="member-7f3a")

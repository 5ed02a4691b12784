"""Moderation endpoints on loopback that answer what a test says."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from bot.moderation.endpoint import ModerationEndpoint

KEY = "sk-0123456789abcdef"

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OpenSocket = Callable[[Serve], Awaitable[str]]


@dataclass(slots=True)
class Asked:
    """An endpoint that gives one answer, and what it was asked."""

    base: str = ""
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    paths: list[str] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)

    def says(self, *results: Any) -> None:
        """Answer in OpenAI's form."""
        self.body = json.dumps({"id": "modr-1", "model": "omni-moderation-latest", "results": results}).encode()

    async def serve(self, request: web.Request) -> web.Response:
        self.paths.append(f"{request.method} {request.raw_path}")
        self.keys.append(request.headers.get("Authorization"))
        self.bodies.append(json.loads(await request.read()))
        return web.Response(status=self.status, body=self.body, headers=self.headers)


class Connect:
    """Makes endpoints, closed afterwards."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack

    def __call__(
        self, base_url: str, *, fails_open: bool = False, key: str = KEY, model: str | None = None, within: float = 5
    ) -> ModerationEndpoint:
        endpoint = ModerationEndpoint(base_url, key, model, timedelta(seconds=within), fails_open)
        self._stack.push_async_callback(endpoint.close)
        return endpoint


@pytest.fixture
async def service() -> AsyncIterator[Asked]:
    service = Asked()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", service.serve)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    service.base = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    yield service
    await runner.cleanup()


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    async with AsyncExitStack() as stack:
        yield Connect(stack)


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
            return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"

        yield listen

"""The one HTTP client: httpx on aiohttp's connections, and what its exceptions mean.

httpx-aiohttp 0.2.0 turns aiohttp's connection errors into httpx.ConnectTimeout, those before and those after sending
alike, so an exception is sorted by its cause. aiohttp 3.14 repeats GET and DELETE once when a kept connection was
closed; it never repeats a POST.
"""

import asyncio
from importlib.metadata import PackageNotFoundError, version

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from bot.providers.errors import ProviderError, Unreachable, Unsure
from bot.providers.lemondata.scrub import scrub
from bot.providers.lemondata.wire import Answer

KEEPALIVE = 75.0
"""Seconds that an idle connection is kept: longer than the usual pause between polls."""

CONNECT_WITHIN = 10.0
"""Seconds for getting a connection: the wait for a free one, the name, TCP and TLS."""

SLOWEST_UPLOAD = 250_000
"""Bytes a second that a large body is given time for, on top of the time-out."""

FAILURES = (httpx.HTTPError, httpx.InvalidURL, aiohttp.ClientError, OSError)
"""What a call raises; aiohttp's own where the transport has no word for it, and TimeoutError is an OSError."""


def open_client(api_key: str, *, timeout: float, connections: int) -> httpx.AsyncClient:
    """A client for the life of the process; its sockets belong to the loop of the first call."""
    limit = min(CONNECT_WITHIN, timeout)
    return httpx.AsyncClient(
        transport=_Transport(connections),
        timeout=httpx.Timeout(connect=limit, pool=limit, read=timeout, write=timeout),
        headers={
            "User-Agent": f"Showreel/{_version()} (+self-hosted Discord bot)",
            "Authorization": f"Bearer {api_key}",
            "Accept": "application/json",
        },
        follow_redirects=False,
        trust_env=False,
    )


async def exchange(client: httpx.AsyncClient, request: httpx.Request, most: int) -> Answer:
    """Send one request and read its answer, at most `most` bytes of it; once, within a total time.

    Raises one of `FAILURES`.
    """
    limits = request.extensions["timeout"]
    size = len(request.content)
    async with asyncio.timeout(limits["connect"] + limits["read"] + size / SLOWEST_UPLOAD):
        response = await client.send(request, stream=True)
        try:
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > most:
                    break
        finally:
            await response.aclose()
    return Answer(response.status_code, response.headers, bytes(body[:most]))


def sorted_failure(error: Exception, secret: str) -> ProviderError:
    """One of `FAILURES` by what we know afterwards: Unreachable only where surely nothing was sent."""
    cause = error.__cause__ if isinstance(error, httpx.HTTPError) else error
    message = scrub(f"{type(cause or error).__name__}: {cause or error}", secret)
    if isinstance(cause, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return Unreachable(message)
    return Unsure(message)


class _Transport(httpx.AsyncBaseTransport):
    """aiohttp's connections: kept ones for questions, a fresh one for every submission.

    A kept connection may be dead already, and a submission lost on it would stay unsure for ever; polls and the rest
    may simply be asked again.
    """

    def __init__(self, connections: int) -> None:
        tls = httpx.create_ssl_context()
        self._kept = AiohttpTransport(
            verify=tls,
            client=lambda: _session(aiohttp.TCPConnector(limit=connections, ssl=tls, keepalive_timeout=KEEPALIVE)),
        )
        self._fresh = AiohttpTransport(
            verify=tls,
            client=lambda: _session(aiohttp.TCPConnector(limit=connections, ssl=tls, force_close=True)),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        transport = self._fresh if request.method == "POST" else self._kept
        return await transport.handle_async_request(request)

    async def aclose(self) -> None:
        await self._kept.aclose()
        await self._fresh.aclose()


def _session(connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())


def _version() -> str:
    try:
        return version("showreel")
    except PackageNotFoundError:
        return "unpackaged"

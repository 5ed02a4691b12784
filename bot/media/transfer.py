"""Fetching over HTTP: from a URL to a part file on disk, within bounds and at flat memory."""

import asyncio
import shutil
import ssl
from contextlib import AsyncExitStack
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from io import BufferedWriter
from pathlib import Path

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from bot.media.addresses import NotPublicError, origin_of, public_socket
from bot.media.files import DiskFullError, MediaDelayedError, MediaRefusedError, is_full
from bot.media.rules import MIB, MediaRules

MOST_TRANSFERS = 8
MOST_REDIRECTS = 3
_CHUNK = MIB
_TIMEOUT = httpx.Timeout(60, connect=15, pool=None)
_HEADERS = {"User-Agent": "Showreel (self-hosted Discord bot)", "Accept": "*/*", "Accept-Encoding": "identity"}
_WORTH_ANOTHER_TRY = frozenset({408, 425, 429})


class GoneError(MediaDelayedError):
    """The server says that there is nothing for us at the URL (a 4xx): final for an attachment, not for a slow CDN."""


class TooLargeError(MediaRefusedError):
    """The file has more bytes than it may: `size` is what was announced, or what had come until then."""

    def __init__(self, size: int, most: int) -> None:
        super().__init__(f"{size} of at most {most} bytes")
        self.size = size


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One file to fetch: where from, where to, how large at most, and which origins may be at private addresses."""

    url: str
    part: Path
    most: int
    trusted: frozenset[str]


class Fetcher:
    """Two clients, one of which connects to public addresses only; no cookies, no credentials, no proxy."""

    def __init__(self, rules: MediaRules) -> None:
        self._rules = rules
        self._slots = asyncio.Semaphore(MOST_TRANSFERS)
        self._clients = AsyncExitStack()

    async def open(self) -> None:
        """Make the clients; connections come when they are needed."""
        verify = httpx.create_ssl_context()
        guarded = aiohttp.TCPConnector(ssl=verify, limit=MOST_TRANSFERS, socket_factory=public_socket)
        trusted = aiohttp.TCPConnector(ssl=verify, limit=MOST_TRANSFERS)
        self._guarded = await self._clients.enter_async_context(_client(guarded, verify))
        self._trusted = await self._clients.enter_async_context(_client(trusted, verify))

    async def close(self) -> None:
        """Close the connections."""
        await self._clients.aclose()

    async def fetch(self, order: Order) -> int:
        """Fetch a file to its part file; returns its size in bytes.

        On failure a part file may be left: it is the caller's.
        """
        async with self._slots:
            try:
                async with asyncio.timeout(self._rules.fetch_timeout.total_seconds()):
                    return await self._follow(order)
            except (httpx.HTTPError, httpx.InvalidURL, aiohttp.ClientError, OSError, UnicodeError) as error:
                raise _judged(error) from error

    async def _follow(self, order: Order) -> int:
        url = _checked(httpx.URL(order.url))
        for _ in range(MOST_REDIRECTS + 1):
            client = self._trusted if origin_of(url) in order.trusted else self._guarded
            async with client.stream("GET", url) as response:
                if not response.has_redirect_location:
                    _check_status(response)
                    return await self._take(response, order)
                url = _next_hop(url, response)
        raise MediaRefusedError(f"more than {MOST_REDIRECTS} redirects")

    async def _take(self, response: httpx.Response, order: Order) -> int:
        announced = int(response.headers.get("Content-Length", 0))
        if announced > order.most:
            raise TooLargeError(announced, order.most)
        file = self._create(order.part, announced)
        try:
            return await self._write(response, file, order)
        finally:
            await asyncio.to_thread(file.close)

    async def _write(self, response: httpx.Response, file: BufferedWriter, order: Order) -> int:
        size = 0
        waiting = bytearray()
        async for chunk in response.aiter_raw():
            size += len(chunk)
            if size > order.most:
                raise TooLargeError(size, order.most)
            waiting += chunk
            if len(waiting) >= _CHUNK:
                await asyncio.to_thread(self._append, file, waiting)
                waiting = bytearray()
        await asyncio.to_thread(self._append, file, waiting)
        return size

    def _create(self, part: Path, announced: int) -> BufferedWriter:
        self._check_disk(part.parent, announced)
        return part.open("wb")

    def _append(self, file: BufferedWriter, content: bytearray) -> None:
        self._check_disk(file.fileno(), len(content))
        file.write(content)

    def _check_disk(self, place: Path | int, wanted: int) -> None:
        if shutil.disk_usage(place).free - wanted < self._rules.free_least:
            raise DiskFullError(f"too little free disk space for {wanted} more bytes")


def _client(connector: aiohttp.TCPConnector, verify: ssl.SSLContext) -> httpx.AsyncClient:
    session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
    return httpx.AsyncClient(
        transport=AiohttpTransport(client=session, verify=verify),
        headers=_HEADERS,
        cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
        timeout=_TIMEOUT,
        trust_env=False,
    )


def _checked(url: httpx.URL) -> httpx.URL:
    if url.scheme not in {"http", "https"} or not url.host:
        raise MediaRefusedError("not an http(s) URL")
    if url.userinfo:
        raise MediaRefusedError("a URL with credentials")
    return url


def _next_hop(url: httpx.URL, response: httpx.Response) -> httpx.URL:
    target = _checked(url.join(response.headers["Location"]))
    if url.scheme == "https" and target.scheme != "https":
        raise MediaRefusedError("a redirect from https to http")
    return target


def _check_status(response: httpx.Response) -> None:
    status = response.status_code
    if status == httpx.codes.OK:
        return
    if response.is_client_error and status not in _WORTH_ANOTHER_TRY:
        raise GoneError(f"the server answered {status}")
    raise MediaDelayedError(f"the server answered {status}")


def _judged(error: Exception) -> MediaRefusedError | MediaDelayedError:
    """Sort a failure by whether later may help; without its text, which may hold a signed URL."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, NotPublicError):
            return MediaRefusedError("not at a public address")
        cause = cause.__cause__
    if isinstance(error, httpx.UnsupportedProtocol | httpx.InvalidURL | aiohttp.InvalidURL | UnicodeError):
        return MediaRefusedError("not a URL that can be fetched")
    if is_full(error):
        return DiskFullError("the disk is full")
    return MediaDelayedError(f"the transfer failed: {type(error).__name__}")

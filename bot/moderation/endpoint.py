"""A moderation endpoint: another service's opinion of a prompt, in the form that OpenAI gave it.

The form is that of OpenAI's public API reference, "Create moderation": POST /moderations with `input` and `model`,
answered by `results`, each with `flagged` and `categories`. Others offer the same, so everything but `flagged` is read
leniently: a flag that isn't true or false is no answer, a category that isn't is left out.

What is decided here: a prompt is asked about once, since the caller has a schedule of its own; on a connection of its
own, as a kept one may be dead; within one total time; without following redirects, since they would carry the key to
where nobody meant it to go. An error says what kind it was and which status, and never in the endpoint's words, so
that neither the key nor the prompt can come back in them.
"""

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

import aiohttp
import httpx
import structlog
from httpx_aiohttp import AiohttpTransport
from pydantic import BaseModel, Field, StrictBool, ValidationError

LARGEST_ANSWER = 256 << 10
"""Bytes of an answer; one about a single text has a few thousand."""

MOST_CATEGORIES = 32
"""Categories that are kept of a verdict; OpenAI has thirteen."""

_CATEGORY = re.compile(r"[\w][\w /.-]{0,63}")
_FAILURES = (httpx.HTTPError, httpx.InvalidURL, aiohttp.ClientError, OSError)  # TimeoutError is an OSError

_log = structlog.get_logger(__name__)


class ModerationUnavailableError(Exception):
    """The endpoint gave no usable answer; `status` is that of its answer where there was one.

    The same prompt may pass later. The text is for the log.
    """

    def __init__(self, what: str, *, status: int | None = None) -> None:
        super().__init__(what)
        self.status = status

    @property
    def is_refusal(self) -> bool:
        """Whether the endpoint doesn't accept the key: nothing passes until the operator mends it."""
        return self.status in {401, 403}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a prompt may be used, and the categories that speak against it; `asked`: the endpoint has said so."""

    allowed: bool
    categories: tuple[str, ...] = ()
    asked: bool = True


class ModerationEndpoint:
    """The endpoint at `base_url`, such as https://api.openai.com/v1; without a key where `api_key` is empty.

    `timeout` is for the whole of one question. `fails_open`: a prompt that could not be asked about is allowed, with a
    warning in the log; else that is an error. One instance serves one event loop. Raises ValueError for an address or
    a key that can't be right.
    """

    def __init__(self, base_url: str, api_key: str, model: str | None, timeout: timedelta, fails_open: bool) -> None:  # noqa: FBT001 - there is no other flag to take it for
        self._address = _address(base_url)
        self._model = model
        self._timeout = timeout.total_seconds()
        self._fails_open = fails_open
        self._client = _client(_headers(api_key), self._timeout)

    async def check(self, text: str) -> Verdict:
        """Ask about a prompt; one without any text is allowed unasked.

        Raises ModerationUnavailableError where there is no usable answer, unless it fails open.
        """
        if not text.strip():
            return Verdict(allowed=True, asked=False)
        try:
            return await self._ask(text)
        except ModerationUnavailableError as error:
            if error.is_refusal:
                _log.error("moderation_key_refused", status=error.status)
            if not self._fails_open:
                raise
            _log.warning("moderation_not_asked", error=str(error))
            return Verdict(allowed=True, asked=False)

    async def close(self) -> None:
        """Close what is open."""
        await self._client.aclose()

    async def _ask(self, text: str) -> Verdict:
        readable = text.encode(errors="replace").decode()  # half of a character is no JSON that others can read
        body = {"input": readable} | ({"model": self._model} if self._model else {})
        try:
            status, answer = await self._exchange(json.dumps(body).encode())
        except _FAILURES as error:
            cause = error.__cause__ if isinstance(error, httpx.HTTPError) else None  # aiohttp names it more exactly
            raise ModerationUnavailableError(f"no answer: {type(cause or error).__name__}") from None
        if status != 200:
            raise ModerationUnavailableError(f"an answer with status {status}", status=status)
        return _verdict(answer)

    async def _exchange(self, body: bytes) -> tuple[int, bytes]:
        async with (
            asyncio.timeout(self._timeout),
            self._client.stream("POST", self._address, content=body) as response,
        ):
            answer = bytearray()
            async for chunk in response.aiter_raw():
                answer += chunk
                if len(answer) > LARGEST_ANSWER:
                    raise ModerationUnavailableError("an answer that is too long", status=response.status_code)
            return response.status_code, bytes(answer)


class _Result(BaseModel):
    flagged: StrictBool
    categories: Any = None


class _Answer(BaseModel):
    results: Annotated[list[_Result], Field(min_length=1)]


def _verdict(answer: bytes) -> Verdict:
    try:
        results = _Answer.model_validate_json(answer).results
    except ValidationError:
        raise ModerationUnavailableError("an answer that is none", status=200) from None
    flagged = [result for result in results if result.flagged]
    named = dict.fromkeys(name for result in flagged for name in _categories(result.categories))
    return Verdict(allowed=not flagged, categories=tuple(named)[:MOST_CATEGORIES])


def _categories(told: object) -> list[str]:
    if not isinstance(told, Mapping):
        return []
    return [name for name, is_so in told.items() if is_so is True and _CATEGORY.fullmatch(name)]


def _address(base_url: str) -> httpx.URL:
    try:
        url = httpx.URL(f"{base_url.strip().rstrip('/')}/moderations")
    except httpx.InvalidURL as error:
        raise ValueError(f"the moderation endpoint is no address: {error}") from error
    if url.scheme not in {"http", "https"} or not url.host or url.userinfo or url.query or url.fragment:
        raise ValueError("the moderation endpoint must be like https://host/v1, without user, query or fragment")
    return url


def _headers(api_key: str) -> dict[str, str]:
    key = api_key.strip()
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ValueError("the moderation endpoint's key holds characters that no key has")
    asked = {"Accept": "application/json", "Accept-Encoding": "identity", "Content-Type": "application/json"}
    return asked | ({"Authorization": f"Bearer {key}"} if key else {}) | {"User-Agent": "Showreel"}


class _Transport(AiohttpTransport):
    """Answers without the words of their status line: httpx logs those, and an endpoint could repeat the key there."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        response.extensions.pop("reason_phrase", None)
        return response


def _client(headers: dict[str, str], timeout: float) -> httpx.AsyncClient:
    tls = httpx.create_ssl_context()

    def session() -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(ssl=tls, force_close=True)
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    return httpx.AsyncClient(
        transport=_Transport(verify=tls, client=session),
        timeout=timeout,
        headers=headers,
        follow_redirects=False,
        trust_env=False,
    )

"""Serving the API: reading a request, its faults, the token, the route, the record."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from math import ceil
from typing import Any

from aiohttp import web

from sandbox.discord.attaching import FilePart
from sandbox.discord.errors import DiscordError, invalid, plain
from sandbox.discord.recorder import (
    CUT_AFTER,
    CUT_BEFORE,
    GLOBAL,
    PAGE,
    PAGE_AFTER,
    TORN_AFTER,
    Fault,
    Faults,
    RecordedFile,
    RecordedRequest,
)
from sandbox.discord.routes import ENDPOINTS
from sandbox.discord.wire import Call, Endpoint, Reply, read_body
from sandbox.discord.world import World

BASE = "/api/v10"


class Api:
    """The REST side; every request ends up in `requests`."""

    def __init__(self, world: World, token: str, faults: Faults) -> None:
        self._world = world
        self._authorization = f"Bot {token}"
        self._faults = faults
        self.requests: list[RecordedRequest] = []

    def add_routes(self, app: web.Application) -> None:
        """Serve all endpoints, and 404 for whatever else is asked below the base."""
        for endpoint in ENDPOINTS:
            app.router.add_route(endpoint.method, BASE + endpoint.template, partial(self._serve, endpoint))
        app.router.add_route("*", BASE + "/{tail:.*}", partial(self._serve, None))

    async def _serve(self, endpoint: Endpoint | None, request: web.Request) -> web.StreamResponse:
        at = self._world.clock.now()
        path = request.path.removeprefix(BASE)
        route = path if endpoint is None else endpoint.template
        fault = self._faults.take(request.method, route)
        body, parts, response = await self._respond(endpoint, request, fault)
        status = 0 if response is None else response.status
        files = tuple(RecordedFile(p.field_name, p.filename, p.content_type, len(p.data)) for p in parts)
        record = RecordedRequest(
            at=at,
            method=request.method,
            path=path,
            route=route,
            query=dict(request.query),
            body=body,
            files=files,
            authorization=request.headers.get("Authorization"),
            status=status,
        )
        self.requests.append(record)
        self._world.pulse.beat()
        if response is not None:
            return response
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    async def _respond(
        self, endpoint: Endpoint | None, request: web.Request, fault: Fault | None
    ) -> tuple[Any, list[FilePart], web.Response | None]:
        body: Any = None
        parts: list[FilePart] = []
        try:
            body, parts = await read_body(request)
            if fault is not None and fault.delay:
                await asyncio.sleep(fault.delay)
            answer = _faulty(fault) if fault is not None else None
            if answer is not None:
                return body, parts, answer
            if fault is not None and fault.outcome == CUT_BEFORE:
                return body, parts, None
            reply = self._call(endpoint, request, body, parts)
            if fault is not None and fault.outcome == CUT_AFTER:
                return body, parts, None
            return body, parts, _spoilt(reply, fault) if fault is not None else _as_response(reply)
        except DiscordError as error:
            return body, parts, _as_response(Reply(error.as_json(), error.status))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            # A field of another type than the routes expect, such as a text where an object belongs.
            refused = invalid("_body", "TYPE_CONVERT", f"Could not interpret the body: {error!r}")
            return body, parts, _as_response(Reply(refused.as_json(), refused.status))

    def _call(self, endpoint: Endpoint | None, request: web.Request, body: Any, parts: list[FilePart]) -> Reply:
        if endpoint is None:
            raise plain(404, "Not Found")
        if endpoint.needs_token and request.headers.get("Authorization") != self._authorization:
            raise plain(401, "Unauthorized")
        call = Call(world=self._world, path=dict(request.match_info), query=dict(request.query), body=body, parts=parts)
        return endpoint.handler(call)


def _as_response(reply: Reply) -> web.Response:
    if reply.body is None:
        return web.Response(status=reply.status)
    # The header must be exactly "application/json": discord.py takes anything else for text.
    return web.Response(status=reply.status, body=json.dumps(reply.body).encode(), content_type="application/json")


def _spoilt(reply: Reply, fault: Fault) -> web.Response:
    """The answer of work that was done, as it arrives by way of a fault."""
    answer = _as_response(reply)
    if fault.outcome == PAGE_AFTER:
        return web.Response(status=200, text="<html>Welcome</html>", content_type="text/html")
    if fault.outcome == TORN_AFTER and isinstance(answer.body, bytes):
        answer.body = answer.body[: len(answer.body) // 2]
    return answer


def _faulty(fault: Fault) -> web.Response | None:
    """The answer that a fault gives in place of the API's, if it gives one."""
    if fault.outcome in {429, GLOBAL}:
        return _rate_limited(fault)
    if fault.outcome == PAGE:
        return web.Response(status=403, text="<html>Access denied</html>", content_type="text/html")
    if isinstance(fault.outcome, int):
        return _as_response(Reply(plain(fault.outcome, "a fault of the sandbox").as_json(), fault.outcome))
    return None


def _rate_limited(fault: Fault) -> web.Response:
    is_global = fault.outcome == GLOBAL
    body = {"message": "You are being rate limited.", "retry_after": fault.retry_after, "global": is_global}
    response = _as_response(Reply(body, 429))
    # A 429 without "Via" looks like a ban by the network in front of Discord; "Retry-After" has whole seconds.
    response.headers.update({"Via": "1.1 sandbox", "Retry-After": str(ceil(fault.retry_after))})
    response.headers["X-RateLimit-Scope"] = "global" if is_global else "user"
    if is_global:
        response.headers["X-RateLimit-Global"] = "true"
    return response

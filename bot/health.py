"""/healthz, /readyz and /metrics: whether the process works, whether it serves members, and its figures."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from bot import metrics

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """What is asked: each check answers None where all is well, else a sentence."""

    alive: Callable[[], str | None]
    ready: Callable[[], str | None]
    in_flight: Callable[[], Awaitable[int]]


class PortTakenError(Exception):
    """The configured address can't be listened on."""


@asynccontextmanager
async def serving(host: str, port: int, vitals: Vitals) -> AsyncIterator[None]:
    """Serve the three pages while the block lasts; port 0 serves nothing."""
    if port == 0:
        yield
        return
    runner = web.AppRunner(_application(vitals), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        await runner.cleanup()
        raise PortTakenError(f"{host}:{port} can't be listened on: {error.strerror}") from error
    log.info("health_served", host=host, port=port)
    try:
        yield
    finally:
        await runner.cleanup()


def _application(vitals: Vitals) -> web.Application:
    async def healthz(_request: web.Request) -> web.Response:
        return _verdict(vitals.alive())

    async def readyz(_request: web.Request) -> web.Response:
        return _verdict(vitals.alive() or vitals.ready())

    async def figures(_request: web.Request) -> web.Response:
        metrics.IN_FLIGHT.set(await vitals.in_flight())
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    application = web.Application()
    application.add_routes(
        [web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", figures)],
    )
    return application


def _verdict(trouble: str | None) -> web.Response:
    return web.Response(text=trouble or "ok", status=503 if trouble else 200)

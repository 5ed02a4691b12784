"""/healthz, /readyz and /metrics: whether the process works, whether it serves members, and its figures."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

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


STALLED_AFTER = timedelta(minutes=1)
"""Since the worker's loop last turned, until the process no longer counts as alive."""

STUCK_AFTER = timedelta(minutes=5)
"""The same, until only a restart helps."""

AWAY_AFTER = timedelta(minutes=5)
"""Since the gateway was lost, until the process no longer counts as ready: most reconnects take seconds."""

LOOK_EVERY = timedelta(seconds=5)


class StuckError(Exception):
    """The worker's loop stands still for so long that only a restart helps."""


class Watchdog:
    """Judges whether the work goes on and Discord is there, says so in the log once, and ends what is stuck.

    `turned_at`: when the worker's loop last turned. `failing_since`: since when its turns fail, as they do without the
    database; None while they don't. `is_connected`: whether Discord was ever there. `away_since`: when the gateway was
    lost, None while it is there.
    """

    def __init__(
        self,
        clock: Callable[[], datetime],
        *,
        turned_at: Callable[[], datetime],
        failing_since: Callable[[], datetime | None],
        is_connected: Callable[[], bool],
        away_since: Callable[[], datetime | None],
    ) -> None:
        self._clock = clock
        self._turned_at = turned_at
        self._failing_since = failing_since
        self._is_connected = is_connected
        self._away_since = away_since
        self._said: str | None = None
        self._looked_at = clock()

    def alive(self) -> str | None:
        """What is wrong with the work, None where nothing is."""
        quiet = self._clock() - self._turned_at()
        return f"the worker has not turned for {quiet.total_seconds():.0f} s" if quiet > STALLED_AFTER else None

    def ready(self) -> str | None:
        """Why members are not served, None where they are."""
        return self._failing() or self._away() or (None if self._is_connected() else "not connected to Discord")

    def look(self) -> None:
        """Log a trouble when it begins and when it is over; raises StuckError where only a restart helps.

        Where the whole process stood still until now, the worker is given the time to turn again.
        """
        now, looked_at = self._clock(), self._looked_at
        self._looked_at = now
        if now - looked_at > STALLED_AFTER:
            log.warning("process_stood_still", seconds=round((now - looked_at).total_seconds()))
            return
        troubles = {"worker_stalled": self.alive(), "worker_failing": self._failing(), "gateway_away": self._away()}
        event = next((event for event, trouble in troubles.items() if trouble), None)
        if event != self._said:
            log.warning(event, why=troubles[event]) if event else log.info("trouble_over", was=self._said)
            self._said = event
        quiet = now - self._turned_at()
        if quiet > STUCK_AFTER:
            raise StuckError(f"the worker has not turned for {quiet.total_seconds():.0f} s")

    async def watch(self) -> None:
        """Look every few seconds, for good; raises StuckError where only a restart helps."""
        while True:
            await asyncio.sleep(LOOK_EVERY.total_seconds())
            self.look()

    def _failing(self) -> str | None:
        since = self._failing_since()
        failing = self._clock() - since if since else timedelta(0)
        return (
            f"the worker's turns have failed for {failing.total_seconds():.0f} s" if failing > STALLED_AFTER else None
        )

    def _away(self) -> str | None:
        since = self._away_since()
        away = self._clock() - since if since else timedelta(0)
        return f"Discord's gateway has been away for {away.total_seconds():.0f} s" if away > AWAY_AFTER else None


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

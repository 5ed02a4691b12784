"""/healthz, /readyz and /metrics: whether the process works, whether it serves members, and its figures."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event, Thread, get_ident
from traceback import format_stack
from typing import Any

import structlog
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from bot import metrics
from bot.domain.generation import StepKind

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """What is asked: each check answers None where all is well, else a sentence."""

    alive: Callable[[], str | None]
    ready: Callable[[], str | None]
    database: Callable[[], Awaitable[str | None]]
    in_flight: Callable[[], Awaitable[int]]


STALLED_AFTER = timedelta(minutes=1)
"""Since the worker's loop last turned, until the process no longer counts as alive."""

STUCK_AFTER = timedelta(minutes=5)
"""The same, until only a restart helps."""

STEP_STALLED_AFTER = {
    StepKind.POLL: timedelta(minutes=10),
    StepKind.SUBMISSION: timedelta(hours=1),
    StepKind.DELIVERY: timedelta(hours=1),
}
"""Since a step began, until the process no longer counts as alive.

A poll may take as long as its call. A transfer, a shrinking and a call to Discord may take five minutes each, and all
together longer where dozens wait for the one shrinker.
"""

STEP_STUCK = 3
"""So many times as long, until only a restart helps: half of 64 slots may wait for the shrinker for 160 minutes."""

AWAY_AFTER = timedelta(minutes=5)
"""Since the gateway was lost, until the process no longer counts as ready: most reconnects take seconds."""

LOOK_EVERY = timedelta(seconds=5)

BEAT_EVERY = timedelta(seconds=1)

ANSWER_WITHIN = timedelta(seconds=2)
"""For the database to answer, until members count as not served."""


class StuckError(Exception):
    """The worker's loop, or one of its steps, stands still for so long that only a restart helps."""


class Watchdog:
    """Judges whether the work goes on and Discord is there, says so in the log once, and ends what is stuck.

    `turned_at`: when the worker's loop last turned. `oldest_steps`: when its oldest step in hand of each kind began;
    they are not judged while turns fail, as they wait for the database. `failing_since`: since when its turns fail,
    as they do without the database; None while they don't. `is_connected`: whether Discord was ever there.
    `away_since`: when the gateway was lost, None while it is there.
    """

    def __init__(
        self,
        clock: Callable[[], datetime],
        *,
        turned_at: Callable[[], datetime],
        oldest_steps: Callable[[], Mapping[StepKind, datetime]],
        failing_since: Callable[[], datetime | None],
        is_connected: Callable[[], bool],
        away_since: Callable[[], datetime | None],
    ) -> None:
        self._clock = clock
        self._turned_at = turned_at
        self._oldest_steps = oldest_steps
        self._failing_since = failing_since
        self._is_connected = is_connected
        self._away_since = away_since
        self._said: str | None = None
        self._looked_at = self._stood_until = clock()

    def alive(self) -> str | None:
        """What is wrong with the work, None where nothing is."""
        return self._standing(STALLED_AFTER) or self._hanging(1)

    def ready(self) -> str | None:
        """Why members are not served, None where they are."""
        return self._failing() or self._away() or (None if self._is_connected() else "not connected to Discord")

    def look(self) -> None:
        """Log a trouble when it begins and when it is over; raises StuckError where only a restart helps.

        Where the whole process stood still until now, the worker and its steps are given their time again.
        """
        now, looked_at = self._clock(), self._looked_at
        self._looked_at = now
        if now - looked_at > STALLED_AFTER:
            log.warning("process_stood_still", seconds=round((now - looked_at).total_seconds()))
            self._stood_until = now
            return
        troubles = {
            "worker_stalled": self._standing(STALLED_AFTER),
            "step_stalled": self._hanging(1),
            "worker_failing": self._failing(),
            "gateway_away": self._away(),
        }
        event = next((event for event, trouble in troubles.items() if trouble), None)
        if event != self._said:
            log.warning(event, why=troubles[event]) if event else log.info("trouble_over", was=self._said)
            self._said = event
        stuck = self._standing(STUCK_AFTER) or self._hanging(STEP_STUCK)
        if stuck:
            raise StuckError(stuck)

    async def watch(self) -> None:
        """Look every few seconds, for good; raises StuckError where only a restart helps."""
        while True:
            await asyncio.sleep(LOOK_EVERY.total_seconds())
            self.look()

    def _standing(self, most: timedelta) -> str | None:
        quiet = self._clock() - self._turned_at()
        return f"the worker has not turned for {quiet.total_seconds():.0f} s" if quiet > most else None

    def _hanging(self, times: int) -> str | None:
        """The first step that has taken so many times as long as it may."""
        if self._failing_since() is not None:
            return None
        for kind, begun in self._oldest_steps().items():
            age = self._clock() - max(begun, self._stood_until)
            if age > STEP_STALLED_AFTER[kind] * times:
                return f"a step ({kind}) has taken {age.total_seconds():.0f} s"
        return None

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


class Pulse:
    """A thread that sees when the event loop itself stands still, and ends the process where it stays so.

    The watchdog lives in the loop, so a call that blocks the loop blocks it too.
    """

    def __init__(self, beat_at: float, end: Callable[[int], object] = os._exit) -> None:
        self._beat_at = self._looked_at = beat_at
        self._end = end
        self._said = False
        self._is_over = Event()

    @contextmanager
    def beating(self) -> Iterator[None]:
        """Beat in the running loop, and watch from a thread, while the block lasts."""
        loop = asyncio.get_running_loop()

        def beat() -> None:
            self._beat_at = time.monotonic()
            self._next = loop.call_later(BEAT_EVERY.total_seconds(), beat)

        beat()
        Thread(target=self._watch, args=(get_ident(),), name="pulse", daemon=True).start()
        try:
            yield
        finally:
            self._is_over.set()
            self._next.cancel()

    def look(self, now: float, blocked: int) -> None:
        """Say once where the thread `blocked` stands when the loop does, and end the process when it stays so.

        Where the whole process stood still until now, the loop is given the time to beat again.
        """
        if now - self._looked_at > STALLED_AFTER.total_seconds():
            self._beat_at = now
        self._looked_at = now
        quiet = now - self._beat_at
        is_blocked = quiet > STALLED_AFTER.total_seconds()
        if is_blocked and not self._said:  # by another thread, since what blocks the loop may be the log
            Thread(target=_say_blocked, args=(round(quiet), _stack_of(blocked)), daemon=True).start()
        self._said = is_blocked
        if quiet > STUCK_AFTER.total_seconds():
            self._end(1)

    def _watch(self, blocked: int) -> None:
        while not self._is_over.wait(LOOK_EVERY.total_seconds()):
            self.look(time.monotonic(), blocked)


def _say_blocked(seconds: int, stack: str) -> None:
    log.error("loop_blocked", seconds=seconds, stack=stack)


def _stack_of(thread: int) -> str:
    frame = sys._current_frames().get(thread)  # noqa: SLF001 - documented, and the only way to another thread's stack
    return "".join(format_stack(frame)) if frame else ""


class DatabaseCheck:
    """Asks whether the database answers: one question at a time, however many want to know."""

    def __init__(self, ask: Callable[[], Coroutine[Any, Any, object]]) -> None:
        self._ask = ask
        self._asking: asyncio.Task[object] | None = None

    async def __call__(self) -> str | None:
        """What is wrong with it, None where it answers in time."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask(), name="database-check")
            self._asking.add_done_callback(lambda asked: asked.cancelled() or asked.exception())  # too late, maybe
        asking = self._asking
        await asyncio.wait([asking], timeout=ANSWER_WITHIN.total_seconds())
        if not asking.done():
            return "the database does not answer"
        error = asking.exception()
        return f"the database can't be used ({type(error).__name__})" if error else None


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
        return _verdict(vitals.alive() or vitals.ready() or await vitals.database())

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

"""The studio: takes orders, and lives every task's life in simulated time."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import aiohttp

from sandbox.provider.answers import Era, new_task_id, results_of
from sandbox.provider.inputs import InputError, read_input, sources
from sandbox.provider.orders import Order
from sandbox.provider.render import Clip, Commission, render
from sandbox.provider.script import Outcome
from sandbox.provider.tasks import Status, Task

Tell = Callable[[str, dict[str, Any]], None]
"""Hears of an event: its kind and its facts."""

POLICY_TEXT = "Content policy violation"
UPSTREAM_ERROR = {"code": "upstream_error", "message": "The provider could not finish this video."}

_log = logging.getLogger(__name__)


class Studio:
    """Makes tasks out of orders; between `open` and `close` their lives go on by themselves."""

    def __init__(self, tell: Tell, clip: Clip | None) -> None:
        self.tasks: dict[str, Task] = {}
        self._tell = tell
        self.clip = clip
        self._lives: dict[str, asyncio.Task[None]] = {}
        self._renderers = ThreadPoolExecutor(max_workers=2, thread_name_prefix="sandbox-render")
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Make ready to fetch inputs."""
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60))

    async def close(self) -> None:
        """End every life where it stands."""
        lives = list(self._lives.values())
        for life in lives:
            life.cancel()
        await asyncio.gather(*lives, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
        await asyncio.to_thread(self._renderers.shutdown, cancel_futures=True)

    def is_finished(self, task_id: str) -> bool:
        """Tell whether there is such a task and it has a video."""
        return task_id in self.tasks and bool(self.tasks[task_id].clips)

    def accept(self, order: Order, body: dict[str, Any], outcome: Outcome, era: Era, pace: float) -> Task:
        """Make a task and start its life."""
        task_id = new_task_id(era)
        takes = 0.0 if era is Era.CREATE_COMPLETED else _plausible_seconds(order, task_id) * pace
        if outcome is Outcome.SLOW:
            takes *= 20
        task = Task(
            id=task_id,
            order=order,
            body=body,
            outcome=outcome,
            accepted_at=asyncio.get_running_loop().time(),
            queued_for=takes / 4,
            takes=takes,
            results=results_of(era),
        )
        self.tasks[task_id] = task
        life = asyncio.create_task(self._live(task), name=f"task {task_id}")
        self._lives[task_id] = life
        life.add_done_callback(lambda _: self._lives.pop(task_id, None))
        return task

    async def wait(self, task: Task) -> None:
        """Wait until a task's life is over, which for a stuck one is soon."""
        if life := self._lives.get(task.id):
            await asyncio.wait([life])

    def cancel(self, task: Task) -> None:
        """End a task that has not started."""
        task.enter(Status.CANCELLED, "Task cancelled before execution")
        if life := self._lives.get(task.id):
            life.cancel()
        self._finished(task)

    async def _live(self, task: Task) -> None:
        await asyncio.sleep(task.queued_for)
        task.enter(Status.PROCESSING)
        try:
            await self._work(task)
        except InputError as reason:
            task.enter(Status.FAILED, reason.error)
        except Exception:  # noqa: BLE001 - the edge of a task's life: a fault here must not leave it processing for ever
            _log.exception("rendering failed")
            task.enter(Status.FAILED, UPSTREAM_ERROR)
        if task.status.is_end:
            self._finished(task)

    async def _work(self, task: Task) -> None:
        """Fetch, render, and wait for the rest of the simulated time."""
        await self._gather_inputs(task)
        if task.outcome is Outcome.STUCK:
            return
        clips = [] if task.outcome in _WITHOUT_VIDEO else await self._render(task)
        now = asyncio.get_running_loop().time()
        await asyncio.sleep(max(0.0, task.accepted_at + task.takes - now))
        task.clips = clips
        task.enter(*_ENDS.get(task.outcome, (Status.COMPLETED, None)))

    async def _gather_inputs(self, task: Task) -> None:
        assert self._session is not None  # noqa: S101 - a studio takes orders only while it is open
        for name, kind, url in sources(task.order.fields):
            content = await read_input(self._session, name, kind, url)
            task.inputs.setdefault(name, []).append(content)
            self._tell("fetched-input", {"task_id": task.id, "field": name, "kind": kind.value, "bytes": len(content)})
        if earlier := self.tasks.get(task.order.fields.get("task_id", "")):
            task.inputs["task_id"] = earlier.videos[:1]

    async def _render(self, task: Task) -> list[Clip]:
        if self.clip is not None:
            return [self.clip] * task.results
        wanted = task.order.fields
        commissions = [
            Commission(
                operation=task.operation,
                prompt=task.order.prompt,
                mark=task.id,
                number=number,
                seconds=wanted.get("duration", _default_seconds(task.order)),
                ratio=wanted.get("aspect_ratio"),
                sound=task.order.sound,
                inputs=task.inputs,
            )
            for number in range(task.results)
        ]
        loop = asyncio.get_running_loop()
        return [await loop.run_in_executor(self._renderers, render, commission) for commission in commissions]

    def _finished(self, task: Task) -> None:
        seconds = round(asyncio.get_running_loop().time() - task.accepted_at, 3)
        facts = {"task_id": task.id, "status": task.status.value, "seconds": seconds, "error": task.error}
        self._tell("finished", facts | {"videos": [len(video) for video in task.videos]})


_ENDS: dict[Outcome, tuple[Status, str | dict[str, Any] | None]] = {
    Outcome.POLICY: (Status.FAILED, POLICY_TEXT),
    Outcome.FAIL: (Status.FAILED, UPSTREAM_ERROR),
    Outcome.EXPIRED: (Status.EXPIRED, "Task expired before it could be finished"),
    Outcome.CANCELLED: (Status.CANCELLED, "Task cancelled before execution"),
}
_WITHOUT_VIDEO = {*_ENDS, Outcome.NO_OUTPUT}


def _default_seconds(order: Order) -> int:
    return next((seconds for seconds in order.model.durations if seconds > 0), 5)


def _plausible_seconds(order: Order, task_id: str) -> float:
    """Spread from 4 to 8 seconds by model, by length, and a little by chance."""
    wanted = int(order.fields.get("duration", _default_seconds(order)))
    chance = int(task_id[-4:], 16) / 0xFFFF
    return 4 + 2 * order.model.slowness + min(max(wanted, 0), 15) / 15 + chance

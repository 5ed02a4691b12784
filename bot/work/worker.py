"""The loop that claims due generations and does one step with each, many at once."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import structlog

from bot import crash_points
from bot.domain.change import LeaseLostError, Room
from bot.domain.generation import Generation, State, StepKind
from bot.work.protocols import GenerationStore
from bot.work.steps import Step

log = structlog.get_logger(__name__)

LONGEST_SLEEP = timedelta(seconds=1)
SHORTEST_TURN = timedelta(milliseconds=20)
"""So that steps which end close together share one claim and one write."""

CLAIM_EVERY = timedelta(seconds=10)
"""How long a row whose lease ran out waits at most while nothing else is due."""

TRIPPED_PAUSE = timedelta(seconds=30)
TRIPPED_PAUSE_LONGEST = timedelta(hours=1)
"""How long a row rests whose step tripped over a mistake of ours; the pause doubles each time."""


class Worker:
    """Claims under a lease, keeps the leases of the work in hand alive, and hands rows back when it stops."""

    def __init__(
        self,
        store: GenerationStore,
        steps: Mapping[State, Step],
        clock: Callable[[], datetime],
        *,
        slots: int,
        lease: timedelta,
    ) -> None:
        self._store = store
        self._steps = steps
        self._clock = clock
        self._slots = slots
        self._lease = lease
        self._in_hand: dict[asyncio.Task[None], Generation] = {}
        self._begun: dict[asyncio.Task[None], datetime] = {}
        self._deferred: list[Generation] = []
        self._woken = asyncio.Event()
        self._stopping = False
        self._turning = asyncio.Lock()
        self._claimed_at: datetime | None = None
        self._tripped: Counter[str] = Counter()
        self.turned_at = clock()
        self.failing_since: datetime | None = None

    def wake(self) -> None:
        """Look for due rows now rather than at the next turn."""
        self._woken.set()

    def oldest_steps(self) -> dict[StepKind, datetime]:
        """When the oldest step in hand of each kind began."""
        oldest: dict[StepKind, datetime] = {}
        for task, generation in self._in_hand.items():  # in the order of their beginnings
            oldest.setdefault(generation.state.step_kind, self._begun[task])
        return oldest

    async def run(self) -> None:
        """Work until `stop` is called; returns when the loop has turned for the last time."""
        heartbeat = asyncio.create_task(self._keep_leases(), name="leases")
        try:
            while not self._stopping:
                try:
                    await self.turn()
                    await self._rest()
                except Exception:  # the edge of the loop: a database that fails must not end the work
                    log.exception("turn_failed")
                    self.turned_at = self._clock()
                    self.failing_since = self.failing_since or self.turned_at
                    await asyncio.sleep(LONGEST_SLEEP.total_seconds())
        finally:
            heartbeat.cancel()
            await asyncio.gather(heartbeat, return_exceptions=True)

    async def turn(self) -> int:
        """Write back what was deferred and begin the steps of due rows as far as slots are free; returns how many."""
        async with self._turning:
            self._woken.clear()
            await self._flush()
            claimed = [] if self._stopping else await self._claimed()
            for generation in claimed:
                task = asyncio.create_task(self._step(generation), name=f"step-{generation.id}")
                self._in_hand[task], self._begun[task] = generation, self._clock()
                task.add_done_callback(self._done)
            self.turned_at, self.failing_since = self._clock(), None
        return len(claimed)

    async def settle(self) -> None:
        """Wait for the work in hand and write back what was deferred (tests drive the loop with this)."""
        while self._in_hand:
            await asyncio.wait(self._in_hand)
        async with self._turning:
            await self._flush()

    async def stop(self, within: timedelta) -> None:
        """Claim no more, finish the work in hand within the time given, end what is left and hand its rows back.

        One that was submitting stays leased, and becomes unconfirmed when that is over.
        """
        self._stopping = True
        self.wake()
        async with self._turning:  # a claim under way is finished first, so that nothing begins after this
            in_hand = dict(self._in_hand)
        if in_hand:
            _, left = await asyncio.wait(in_hand, timeout=within.total_seconds())
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
            self._deferred += [in_hand[task] for task in left]
        async with self._turning:
            try:
                await self._flush()
            except Exception as error:  # noqa: BLE001 - the edge of the work: their leases end by themselves
                log.warning("rows_not_handed_back", rows=len(self._deferred), error=type(error).__name__)

    async def _claimed(self) -> list[Generation]:
        """Claim what is due, and now and then just look: a row whose lease ran out shows only in a claim."""
        now, room = self._clock(), self._room()
        if not room.kinds:
            return []
        if self._claimed_at is not None and now - self._claimed_at < CLAIM_EVERY:
            due = await self._store.next_due(room.kinds)
            if due is None or due > now:
                return []
        self._claimed_at = now
        in_hand = [generation.id for generation in self._in_hand.values()]
        claimed = await self._store.claim(now, self._lease, room, in_hand)
        if claimed:
            crash_points.at("claimed.stored")
        return claimed

    def _room(self) -> Room:
        """What slots are free for: a quarter of them is for polls alone, and deliveries take half at the most.

        Polls wait for the provider alone and take a moment; the others may wait long for Discord, for files, and for
        one another.
        """
        kinds = Counter(generation.state.step_kind for generation in self._in_hand.values())
        free = self._slots - kinds.total()
        waiting = self._slots - self._slots // 4 - kinds[StepKind.SUBMISSION] - kinds[StepKind.DELIVERY]
        deliveries = (self._slots + 1) // 2 - kinds[StepKind.DELIVERY]
        return Room(steps=free, waiting=max(0, min(free, waiting)), deliveries=max(0, min(free, deliveries)))

    async def _rest(self) -> None:
        """Sleep until something may be due: the next row, a finished step, or a second at the most."""
        await asyncio.sleep(SHORTEST_TURN.total_seconds())
        if self._woken.is_set():
            return
        due = await self._store.next_due(self._room().kinds)
        sleep = min(LONGEST_SLEEP, max(due - self._clock(), timedelta(0))) if due else LONGEST_SLEEP
        try:
            async with asyncio.timeout(sleep.total_seconds()):
                await self._woken.wait()
        except TimeoutError:
            return

    async def _step(self, generation: Generation) -> None:
        with structlog.contextvars.bound_contextvars(generation=generation.id):
            try:
                deferred = await self._steps[generation.state](generation)
            except LeaseLostError:
                log.warning("lease_lost", state=generation.state)
            except Exception:  # the edge of the loop: a row that trips a step must not stop the others
                log.exception("step_failed", state=generation.state)
                self._deferred.append(self._rested(generation))
            else:
                self._tripped.pop(generation.id, None)
                if deferred is not None:
                    self._deferred.append(deferred)

    def _rested(self, generation: Generation) -> Generation:
        """The row as it was claimed, due after a pause that grows; what the step wrote since stays as it is."""
        self._tripped[generation.id] += 1
        doubled = TRIPPED_PAUSE * 2 ** min(self._tripped[generation.id] - 1, 10)
        return generation.evolve(due_at=self._clock() + min(doubled, TRIPPED_PAUSE_LONGEST))

    def _done(self, task: asyncio.Task[None]) -> None:
        del self._in_hand[task], self._begun[task]
        self.wake()

    async def _flush(self) -> None:
        deferred = list(self._deferred)
        if deferred:
            crash_points.at("deferred.before")
            await self._store.defer(deferred)
            crash_points.at("deferred.stored")
            del self._deferred[: len(deferred)]

    async def _keep_leases(self) -> None:
        """Hold what is in hand for as long as its step lasts; a step whose lease is gone is ended."""
        while True:
            await asyncio.sleep(self._lease.total_seconds() / 3)
            for task, generation in list(self._in_hand.items()):
                try:
                    is_ours = await self._store.extend_lease(generation, self._clock() + self._lease)
                except Exception:  # the edge of the loop: the next round may still be in time
                    log.exception("lease_not_extended", generation=generation.id)
                    continue
                if not is_ours and task in self._in_hand:  # else it has just written its last and ended
                    log.warning("lease_lost", generation=generation.id, state=generation.state)
                    task.cancel()

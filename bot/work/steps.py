"""One step per state: what is done with a claimed generation, and which arrow it takes.

Each step calls the outside at most where the state says so, and writes before it calls (design section 3). A step
returns the generation to be written back with a later due time, or None where it has written all there was.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot import crash_points, metrics
from bot.domain import ledger
from bot.domain.change import AuditRecord, Change, LeaseLostError, StoreAwayError
from bot.domain.generation import Generation, Reason, State
from bot.providers.base import Provider
from bot.work.budget import CallBudget
from bot.work.door import Door
from bot.work.inputs import InputDesk
from bot.work.outage import Outage
from bot.work.pace import Pace
from bot.work.policy import Policy
from bot.work.protocols import Delivery, DeliveryDelayedError, GenerationStore

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What the steps work with."""

    store: GenerationStore
    provider: Provider
    delivery: Delivery
    inputs: InputDesk
    door: Door
    budget: CallBudget
    outage: Outage
    pace: Pace
    policy: Policy
    clock: Callable[[], datetime]

    async def write(
        self,
        before: Generation,
        after: Generation,
        *,
        keeps_lease: bool = False,
        audit: tuple[AuditRecord, ...] = (),
    ) -> Generation:
        """Write a change with the ledger entries that its arrow brings, and log the arrow."""
        change = await self.change(before, after, keeps_lease=keeps_lease, audit=audit)
        point = _point(before, after)
        crash_points.at(f"{point}.before")
        saved = await self.store.save(change)
        crash_points.at(f"{point}.stored")
        self.note(change)
        return saved

    async def write_answer(self, before: Generation, after: Generation) -> Generation:
        """Write what the provider answered, and keep the lease: while the database is away, again and again.

        Nobody else knows the answer. Raises LeaseLostError once another worker took the row over.
        """
        while True:
            try:
                return await self.write(before, after, keeps_lease=True)
            except StoreAwayError as error:
                log.warning(
                    "answer_not_written", generation=after.id, state=after.state, task=after.task_id, error=str(error)
                )
                await asyncio.sleep(self.policy.write_pause.total_seconds())

    async def change(
        self,
        before: Generation,
        after: Generation,
        *,
        keeps_lease: bool = False,
        audit: tuple[AuditRecord, ...] = (),
    ) -> Change:
        """A change with the ledger entries that its arrow brings; it is not written yet."""
        entries = await self._entries(before, after)
        return Change(before=before, after=after, entries=entries, audit=audit, keeps_lease=keeps_lease)

    def note(self, change: Change) -> None:
        """Log and count the arrow of a change that was written."""
        before, after = change.before, change.after
        if before.state is after.state:
            return
        log.info(
            "generation_moved",
            generation=after.id,
            was=before.state,
            state=after.state,
            reason=after.reason,
            task=after.task_id,
        )
        _count(after, change.entries)

    async def require_lease(self, generation: Generation) -> None:
        """See that the row is still ours, and hold it anew; raises LeaseLostError where it isn't.

        For right before a call that no later write could take back, such as a post.
        """
        if not await self.store.extend_lease(generation, self.clock() + self.policy.lease):
            raise LeaseLostError(f"{generation.id} is no longer under lease {generation.lease_token}")

    async def show(self, generation: Generation, within: timedelta | None = None) -> bool:
        """Bring the card up to date; False where that can't be done now, and the next change brings it."""
        request = generation.request
        try:
            async with asyncio.timeout(within.total_seconds() if within else None):
                await self.delivery.show(generation, self.pace.median(request.model, request.operation), self.clock())
        except (DeliveryDelayedError, TimeoutError) as error:
            log.info("card_not_shown", generation=generation.id, error=str(error) or "not in time")
            return False
        return True

    async def fail(self, generation: Generation, reason: Reason, detail: str | None = None) -> None:
        """Take the arrow to failed: the hold is released with it."""
        await self.write(generation, generation.move(State.FAILED, self.clock(), reason=reason, detail=detail))

    async def _entries(self, before: Generation, after: Generation) -> tuple[ledger.Entry, ...]:
        if before.state is after.state or not after.state.is_end:
            return ()
        held = await self.store.hold_of(after.id)
        if held is None:
            return ()
        at = after.state_at
        if after.state is State.SUCCEEDED:
            return ledger.settle(held, after.amounts, at)
        return (ledger.release(held, at),)


_FACTS = {"card": "card", "thread_id": "thread", "inputs_checked": "inputs", "told": "told", "telling_since": "telling"}


def _point(before: Generation, after: Generation) -> str:
    """What a write is called among the crash points: its state, else the first fact that it brings."""
    if before.state is not after.state:
        return "decided" if before.state is State.UNCONFIRMED else after.state.value
    changed = (name for fact, name in _FACTS.items() if getattr(before, fact) != getattr(after, fact))
    return next(changed, "other")


def _count(after: Generation, entries: tuple[ledger.Entry, ...]) -> None:
    if after.state.is_end:
        request = after.request
        metrics.GENERATIONS.labels(request.operation.value, request.model, after.state.value).inc()
    for entry in entries:
        metrics.LEDGER_MICROS.labels(entry.kind.value).inc(entry.amounts.micros or 0)


Step = Callable[[Generation], Awaitable[Generation | None]]


def later(generation: Generation, tools: Tools, pause: timedelta) -> Generation:
    """The same generation, due after a pause."""
    return generation.evolve(due_at=tools.clock() + pause)

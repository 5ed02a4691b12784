"""The step of running: ask how the task is doing, and write what it became."""

import asyncio
from datetime import timedelta

import structlog

from bot import metrics
from bot.domain.generation import Generation, Reason, State
from bot.providers.base import Phase, TaskRef, TaskStatus
from bot.providers.errors import Busy, ProviderError, Refused
from bot.work.protocols import DeliveryDelayedError
from bot.work.steps import Tools, later

log = structlog.get_logger(__name__)

ENDS = {
    Phase.FAILED: (State.FAILED, Reason.PROVIDER_FAILED),
    Phase.CANCELLED: (State.CANCELLED, Reason.BY_PROVIDER),
    Phase.EXPIRED: (State.EXPIRED, Reason.EXPIRED),
}
"""What an ended task without a video makes of its generation, and why where the provider gives no reason."""


class Following:
    """Polls a task, cancels it where that was asked, and gives it up in the end."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def __call__(self, generation: Generation) -> Generation | None:
        """One call to the provider at most."""
        tools = self._tools
        wait = tools.budget.take()
        if wait:
            return later(generation, tools, wait)
        if generation.cancel_requested:
            return await self._cancel(generation)
        if generation.due_at:
            metrics.POLL_LAG.observe(max(0.0, (tools.clock() - generation.due_at).total_seconds()))
        try:
            async with asyncio.timeout(tools.policy.call_timeout.total_seconds()):
                status = await tools.provider.poll(self._task(generation))
        except Refused as refusal:
            metrics.POLLS.labels("refused").inc()
            return await self._refused(generation, refusal)
        except (ProviderError, TimeoutError) as error:
            metrics.POLLS.labels("unanswered").inc()
            return await self._unanswered(generation, error)
        metrics.POLLS.labels(status.phase.value).inc()
        if status.phase.is_under_way:
            return await self._under_way(generation, status)
        await self._ended(generation, status)
        return None

    def _task(self, generation: Generation) -> TaskRef:
        return TaskRef(task_id=generation.task_id or "", poll_url=generation.poll_url)

    async def _cancel(self, generation: Generation) -> Generation | None:
        """Ask the provider to stop; where it can't any more, the wish is dropped and the task followed on."""
        tools = self._tools
        try:
            async with asyncio.timeout(tools.policy.call_timeout.total_seconds()):
                await tools.provider.cancel(self._task(generation))
        except Refused as refusal:
            log.info("cancel_refused", generation=generation.id, status=refusal.status, code=refusal.code)
            await tools.write(generation, generation.evolve(cancel_requested=None, due_at=tools.clock()))
            return None
        except (ProviderError, TimeoutError) as error:
            return await self._unanswered(generation, error)
        after = generation.move(State.CANCELLED, tools.clock(), reason=generation.cancel_requested)
        await tools.write(generation, after)
        return None

    async def _under_way(self, generation: Generation, status: TaskStatus) -> Generation | None:
        tools, now = self._tools, self._tools.clock()
        elapsed = generation.running_for(now)
        if elapsed >= tools.policy.give_up_after:
            await tools.write(generation, generation.move(State.EXPIRED, now, reason=Reason.GIVEN_UP))
            return None
        request = generation.request
        polled = generation.evolve(
            polled_at=now,
            poll_failures=0,
            progress=generation.progress if status.progress is None else status.progress,
            due_at=now + tools.pace.pause(request.model, request.operation, elapsed),
        )
        await tools.delivery.show(polled, tools.pace.median(request.model, request.operation), now)
        if elapsed >= tools.policy.deadline and not polled.deadline_told:
            return await self._tell_slow(generation, polled)
        return polled

    async def _tell_slow(self, generation: Generation, polled: Generation) -> Generation | None:
        try:
            await self._tools.delivery.tell_slow(polled)
        except DeliveryDelayedError:
            return polled
        await self._tools.write(generation, polled.evolve(deadline_told=True))
        return None

    async def _ended(self, generation: Generation, status: TaskStatus) -> None:
        tools, now = self._tools, self._tools.clock()
        if status.phase is Phase.DONE:
            after = generation.move(State.SUCCEEDED, now, results=status.results, progress=100)
            after = after.evolve(billing_transaction_id=status.billing_transaction_id)
        else:
            state, reason = ENDS[status.phase]
            asked = generation.cancel_requested if state is State.CANCELLED else None
            after = generation.move(state, now, reason=asked or status.reason or reason, detail=status.detail)
        await tools.write(generation, after)

    async def _refused(self, generation: Generation, refusal: Refused) -> Generation | None:
        """An unknown task is believed after a few polls.

        Anything else is the operator's to mend, so it is asked slowly.
        """
        tools = self._tools
        failures = generation.poll_failures + 1
        if refusal.closes_door:
            await tools.door.close(refusal)
        if refusal.is_unknown_task and failures >= tools.policy.unknown_task_polls:
            await tools.fail(generation, Reason.TASK_LOST, refusal.message)
            return None
        log.warning("poll_refused", generation=generation.id, status=refusal.status, code=refusal.code)
        return self._retried(generation, failures, None)

    async def _unanswered(self, generation: Generation, error: Exception) -> Generation | None:
        """No usable answer to a poll says nothing about the task: ask again later, until it is given up."""
        tools, now = self._tools, self._tools.clock()
        if generation.running_for(now) >= tools.policy.give_up_after:
            await tools.write(generation, generation.move(State.EXPIRED, now, reason=Reason.GIVEN_UP))
            return None
        log.info("poll_unanswered", generation=generation.id, error=str(error))
        asked = error.retry_after if isinstance(error, Busy) else None
        return self._retried(generation, generation.poll_failures + 1, asked)

    def _retried(self, generation: Generation, failures: int, asked: timedelta | None) -> Generation:
        tools = self._tools
        pause = tools.pace.retry(tools.policy.poll_interval, failures - 1, tools.policy.slow_poll_interval)
        return later(generation, tools, max(pause, asked or pause)).evolve(
            poll_failures=failures, polled_at=tools.clock()
        )

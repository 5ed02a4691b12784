"""The step of running: ask how the task is doing, and write what it became."""

import asyncio
from datetime import datetime, timedelta

import structlog

from bot import crash_points, metrics
from bot.domain.generation import Generation, Reason, State
from bot.providers.base import Phase, TaskRef, TaskStatus
from bot.providers.errors import ProviderError, Refused, asked_pause
from bot.work.lost import LostTasks
from bot.work.protocols import DeliveryDelayedError
from bot.work.steps import Tools, later

log = structlog.get_logger(__name__)

ENDS = {
    Phase.FAILED: (State.FAILED, Reason.PROVIDER_FAILED),
    Phase.CANCELLED: (State.CANCELLED, Reason.BY_PROVIDER),
    Phase.EXPIRED: (State.EXPIRED, Reason.EXPIRED),
}
"""What an ended task without a video makes of its generation, and why where the provider gives no reason."""

EDIT_REST = timedelta(seconds=30)
"""For how long polls edit no card in a channel that did not take one in time: polls don't wait for Discord."""


class Following:
    """Polls a task, cancels it where that was asked, and gives it up in the end."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._lost = LostTasks(tools.policy.unknown_task_polls, tools.policy.lost_after)
        self._edits_from: dict[int, datetime] = {}

    async def __call__(self, generation: Generation) -> Generation | None:
        """One call to the provider at most."""
        tools = self._tools
        wait = tools.outage.take(tools.clock())
        if wait:
            return await self._go_on(generation, later(generation, tools, wait))
        wait = tools.budget.take(urgent=generation.cancel_requested is not None)
        if wait:
            return later(generation, tools, wait)
        if generation.cancel_requested and not generation.poll_failures:
            return await self._cancel(generation)
        if generation.due_at:
            metrics.POLL_LAG.observe(max(0.0, (tools.clock() - generation.due_at).total_seconds()))
        return await self._poll(generation)

    async def _poll(self, generation: Generation) -> Generation | None:
        tools = self._tools
        crash_points.at("poll.before")
        try:
            async with asyncio.timeout(tools.policy.call_timeout.total_seconds()):
                status = await tools.provider.poll(self._task(generation))
        except Refused as refusal:
            metrics.POLLS.labels("refused").inc()
            return await self._refused(generation, refusal)
        except (ProviderError, TimeoutError) as error:
            metrics.POLLS.labels("unanswered").inc()
            return await self._unanswered(generation, error)
        crash_points.at("poll.answered")
        metrics.POLLS.labels(status.phase.value).inc()
        return await self._answered(generation, status)

    async def _cancel(self, generation: Generation) -> Generation | None:
        """Ask the provider to stop; where it can't any more, the wish is dropped and the task followed on.

        What it answers is believed as of a poll: only a task that it calls cancelled is. Where no answer comes, the
        next call is a poll, as a second cancellation would be refused if the first one was taken. A refusal of our key
        or account says nothing of the task, so the wish stays.
        """
        tools = self._tools
        try:
            async with asyncio.timeout(tools.policy.call_timeout.total_seconds()):
                status = await tools.provider.cancel(self._task(generation))
        except Refused as refusal:
            if refusal.closes_door:
                return await self._refused(generation, refusal)
            tools.outage.answered(tools.clock())
            log.info("cancel_refused", generation=generation.id, status=refusal.status, code=refusal.code)
            await tools.write(generation, generation.evolve(cancel_requested=None, due_at=tools.clock()))
            return None
        except (ProviderError, TimeoutError) as error:
            return await self._unanswered(generation, error)
        return await self._answered(generation, status)

    def _task(self, generation: Generation) -> TaskRef:
        return TaskRef(task_id=generation.task_id or "", poll_url=generation.poll_url)

    async def _answered(self, generation: Generation, status: TaskStatus) -> Generation | None:
        self._lost.known(generation.id)
        self._tools.outage.answered(self._tools.clock())
        if status.phase.is_under_way:
            return await self._under_way(generation, status)
        await self._ended(generation, status)
        return None

    async def _under_way(self, generation: Generation, status: TaskStatus) -> Generation | None:
        tools, now, request = self._tools, self._tools.clock(), generation.request
        polled = generation.evolve(
            polled_at=now,
            poll_failures=0,
            progress=generation.progress if status.progress is None else status.progress,
            due_at=now + tools.pace.pause(request.model, request.operation, generation.running_for(now)),
        )
        await self._show(polled)
        return await self._go_on(generation, polled)

    async def _show(self, polled: Generation) -> None:
        """Bring the card up to date where its channel takes edits at once."""
        tools, channel = self._tools, polled.origin.channel_id
        if tools.clock() < self._edits_from.get(channel, tools.clock()):
            return
        if await tools.show(polled, tools.policy.edit_timeout):
            self._edits_from.pop(channel, None)
        else:
            self._edits_from[channel] = tools.clock() + EDIT_REST

    async def _ended(self, generation: Generation, status: TaskStatus) -> None:
        tools, now = self._tools, self._tools.clock()
        if status.phase is Phase.DONE:
            after = generation.move(State.SUCCEEDED, now, results=status.results, progress=100)
            after = after.evolve(
                amounts=status.charged(generation.amounts, generation.micros_per_second),
                billing_transaction_id=status.billing_transaction_id,
            )
        else:
            state, reason = ENDS[status.phase]
            asked = generation.cancel_requested if state is State.CANCELLED else None
            after = generation.move(state, now, reason=asked or status.reason or reason, detail=status.detail)
        await tools.write(generation, after)

    async def _refused(self, generation: Generation, refusal: Refused) -> Generation | None:
        """An unknown task may be lost; anything else is the operator's to mend, so it is asked slowly."""
        tools, now = self._tools, self._tools.clock()
        if refusal.closes_door:
            tools.door.close(refusal)
        is_lost = refusal.is_unknown_task and self._lost.unknown(generation.id, now)
        if refusal.is_unknown_task and self._lost.is_storm:
            tools.outage.unanswered(now)
        else:
            tools.outage.answered(now)
        if is_lost:
            await tools.fail(generation, Reason.TASK_LOST, refusal.message)
            return None
        log.warning("poll_refused", generation=generation.id, status=refusal.status, code=refusal.code)
        return await self._go_on(generation, self._retried(generation))

    async def _unanswered(self, generation: Generation, error: Exception) -> Generation | None:
        """No usable answer says nothing about the task: ask again later, until it is given up."""
        self._lost.unanswered(generation.id)
        log.info("poll_unanswered", generation=generation.id, error=str(error))
        self._tools.outage.unanswered(self._tools.clock(), asked_pause(error))
        return await self._go_on(generation, self._retried(generation))

    def _retried(self, generation: Generation) -> Generation:
        tools, failures = self._tools, generation.poll_failures
        pause = tools.pace.retry(tools.policy.poll_interval, failures, tools.policy.slow_poll_interval)
        return later(generation, tools, pause).evolve(poll_failures=failures + 1, polled_at=tools.clock())

    async def _go_on(self, generation: Generation, polled: Generation) -> Generation | None:
        """It has not ended as far as we know: give it up when it is time, or say once that it takes long."""
        tools, now = self._tools, self._tools.clock()
        elapsed = generation.running_for(now)
        if elapsed >= tools.policy.give_up_after:
            await tools.write(generation, generation.move(State.EXPIRED, now, reason=Reason.GIVEN_UP))
            return None
        if elapsed < tools.policy.deadline or generation.deadline_told:
            return polled
        try:
            async with asyncio.timeout(tools.policy.word_timeout.total_seconds()):
                await tools.delivery.tell_slow(polled, now - elapsed + tools.policy.deadline)
        except (DeliveryDelayedError, TimeoutError) as error:
            log.info("slowness_not_told", generation=generation.id, error=str(error) or "not in time")
            return polled
        await tools.write(generation, polled.evolve(deadline_told=True))
        return None

"""Steps of accepted and submitting: card, thread, inputs, then handing the request to the provider exactly once."""

import asyncio
from datetime import timedelta

import structlog

from bot.domain.errors import BadFile, Rejection
from bot.domain.generation import Generation, Reason, State
from bot.media.files import DiskFullError, MediaDelayedError
from bot.providers.base import Phase, Submission, TaskStatus
from bot.providers.errors import Busy, ProviderError, Refused, Unreachable, asked_pause
from bot.work.clearance import Clearance
from bot.work.outage import LONGEST_HOLD, LONGEST_PAUSE, Outage
from bot.work.protocols import DeliveryDelayedError
from bot.work.screening import Screening
from bot.work.steps import Tools, later

log = structlog.get_logger(__name__)

SLOWEST_UPLOAD = 250_000
"""Bytes a second that inputs in data URLs are given time for, on top of a call's own."""


class Accepting:
    """The step of accepted: everything up to the provider's answer; prompts are screened where there is a screening."""

    def __init__(self, tools: Tools, screening: Screening | None = None) -> None:
        self._tools = tools
        self._screening = screening
        self._submissions = Outage(calls="submissions", probe_time=LONGEST_PAUSE)  # longer than one may hang
        self._clearance = Clearance(tools, self._submissions)

    async def __call__(self, generation: Generation) -> Generation | None:
        """Prepare and submit; every part that is done is written, so that a later try goes on from there."""
        tools = self._tools
        if generation.cancel_requested:
            await self._cancelled(generation)
            return None
        passed = await self._screening.passed(generation) if self._screening else generation
        if passed is None:
            return None
        try:
            generation = await self._prepared(passed)
            wait = await self._clearance.wait()
            addresses = () if wait else await tools.inputs.addresses(generation)
        except Rejection as rejection:
            detail = rejection.problem.to_detail() if isinstance(rejection.problem, BadFile) else None
            await tools.fail(generation, Reason.BAD_INPUT, detail)
            return None
        except (MediaDelayedError, DeliveryDelayedError) as error:
            await self._again(generation, error)
            return None
        if wait and not generation.cancel_requested:
            return await self._clearance.put_off(generation, wait)
        return await self._hand_over(generation, addresses)

    async def _cancelled(self, generation: Generation) -> None:
        after = generation.move(State.CANCELLED, self._tools.clock(), reason=generation.cancel_requested)
        await self._tools.write(generation, after)

    async def _prepared(self, generation: Generation) -> Generation:
        generation = await self._with_card(generation)
        generation = await self._with_thread(generation)
        return await self._with_inputs(generation)

    async def _hand_over(self, generation: Generation, addresses: tuple[str, ...]) -> Generation | None:
        tools = self._tools
        if generation.cancel_requested:
            await self._cancelled(generation)
            return None
        if not tools.door.is_open:
            await tools.fail(generation, Reason.DOOR_CLOSED)
            return None
        return await self._submit(generation, addresses)

    async def _with_card(self, generation: Generation) -> Generation:
        if generation.card is not None:
            return generation
        try:
            card = await self._tools.delivery.find_or_post_card(generation)
        except DeliveryDelayedError:
            return generation
        if card is None:
            return generation
        return await self._tools.write(generation, generation.evolve(card=card), keeps_lease=True)

    async def _with_thread(self, generation: Generation) -> Generation:
        settled = generation.thread_id or generation.thread_refused or generation.origin.in_thread
        if settled or generation.card is None:
            return generation
        try:
            thread_id = await self._tools.delivery.open_thread(generation)
        except DeliveryDelayedError:
            return generation  # the video is not kept waiting for its thread; telling opens it later
        after = generation.evolve(thread_id=thread_id, thread_refused=thread_id is None)
        return await self._tools.write(generation, after, keeps_lease=True)

    async def _with_inputs(self, generation: Generation) -> Generation:
        if generation.inputs_checked or not generation.request.inputs:
            return generation
        try:
            kept = await self._tools.inputs.check_and_keep(generation)
        except DeliveryDelayedError:
            if not self._is_last(generation):
                raise
            kept = ()  # keeping them is for later attempts, and there is none
        after = generation.evolve(kept_inputs=kept, inputs_checked=True)
        return await self._tools.write(generation, after, keeps_lease=True)

    def _is_last(self, generation: Generation) -> bool:
        return generation.attempt >= self._tools.policy.submit_attempts

    async def _again(self, generation: Generation, error: MediaDelayedError | DeliveryDelayedError) -> None:
        tools = self._tools
        submit_by = generation.accepted_at + tools.policy.submit_within
        if isinstance(error, DiskFullError) and tools.clock() < submit_by:  # the attempts are for what is not ours
            log.warning("inputs_delayed", generation=generation.id, error=str(error))
            waiting = later(generation, tools, tools.policy.submit_pause_longest).evolve(reason=Reason.DISK_FULL)
            await tools.write(generation, waiting)
            if generation.reason is not Reason.DISK_FULL:
                await tools.show(waiting, tools.policy.edit_timeout)
            return
        if self._is_last(generation):
            await tools.fail(generation, Reason.BAD_INPUT, BadFile.gone().to_detail())
            return
        asked = error.retry_after if isinstance(error, DeliveryDelayedError) else None
        log.info("inputs_delayed", generation=generation.id, error=str(error))
        after = later(generation, tools, self._pause(generation, asked)).evolve(
            attempt=generation.attempt + 1, reason=None
        )
        await tools.write(generation, after)

    def _pause(self, generation: Generation, asked: timedelta | None) -> timedelta:
        policy = self._tools.policy
        pause = self._tools.pace.retry(policy.submit_pause, generation.attempt - 1, policy.submit_pause_longest)
        return max(pause, asked or pause)

    async def _submit(self, generation: Generation, addresses: tuple[str, ...]) -> Generation | None:
        """Write submitting, make the one call, and write what is known afterwards."""
        tools = self._tools
        now = tools.clock()
        generation = await tools.write(
            generation, generation.move(State.SUBMITTING, now, submitted_at=now, reason=None), keeps_lease=True
        )
        if generation.cancel_requested:  # it came in before the write, so nothing has left yet: back, and cancelled
            await tools.write(generation, generation.move(State.ACCEPTED, now, submitted_at=None))
            return None
        submission = Submission(request=generation.request, input_urls=addresses, user=generation.member_key)
        try:
            status = await self._call(submission)
        except Refused as refusal:
            failed = generation.move(State.FAILED, tools.clock(), reason=refusal.reason, detail=refusal.message)
            failed = await tools.write_answer(generation, failed)
            if refusal.closes_door:
                tools.door.close(refusal)
            return failed
        except (Busy, Unreachable) as error:
            return await self._not_taken(generation, error)
        except (ProviderError, TimeoutError) as error:
            await unconfirmed(tools, generation, str(error) or "no answer in time")
        else:
            task_id = status.task.task_id if status.task else None
            log.info("submission_answered", generation=generation.id, task=task_id, phase=status.phase)
            taken = await self._taken(generation, status)
            tools.door.passed()
            return taken
        return None

    async def _call(self, submission: Submission) -> TaskStatus:
        """The one call, and what it says of the provider; being busy is neither an outage nor the end of one."""
        tools, counts = self._tools, (self._tools.outage, self._submissions)
        try:
            async with asyncio.timeout(self._patience(submission).total_seconds()):
                status = await tools.provider.submit(submission)
        except Busy as busy:
            tools.outage.hold(tools.clock(), busy.retry_after)
            raise
        except Refused:
            for outage in counts:
                outage.answered(tools.clock())
            raise
        except (ProviderError, TimeoutError) as error:
            for outage in counts:
                outage.unanswered(tools.clock())
            tools.outage.hold(tools.clock(), asked_pause(error))
            raise
        for outage in counts:
            outage.answered(tools.clock())
        return status

    def _patience(self, submission: Submission) -> timedelta:
        upload = timedelta(seconds=sum(map(len, submission.input_urls)) / SLOWEST_UPLOAD)
        return self._tools.policy.call_timeout + upload

    async def _not_taken(self, generation: Generation, error: Busy | Unreachable) -> Generation:
        """Surely not taken: back to accepted for another attempt, at most a few times."""
        tools = self._tools
        asked = min(error.retry_after, LONGEST_HOLD) if isinstance(error, Busy) and error.retry_after else None
        if self._is_last(generation):
            reason = Reason.BUSY if isinstance(error, Busy) else Reason.UNREACHABLE
            failed = generation.move(State.FAILED, tools.clock(), reason=reason, detail=error.message)
            return await tools.write_answer(generation, failed)
        now = tools.clock()
        after = generation.move(State.ACCEPTED, now, attempt=generation.attempt + 1, submitted_at=None)
        waiting = after.evolve(due_at=now + self._pause(generation, asked))
        waiting = await tools.write_answer(generation, waiting)
        await tools.show(waiting, tools.policy.edit_timeout)
        return waiting

    async def _taken(self, generation: Generation, status: TaskStatus) -> Generation:
        """The provider answered with a task, which may have ended already."""
        tools, now = self._tools, self._tools.clock()
        facts = {
            "task_id": status.task.task_id if status.task else None,
            "poll_url": status.task.poll_url if status.task else None,
            "progress": status.progress,
        }
        if status.phase.is_under_way:
            request = generation.request
            pause = tools.pace.pause(request.model, request.operation, timedelta(0))
            running = generation.move(State.RUNNING, now, **facts)
            running = await tools.write_answer(generation, running.evolve(due_at=now + pause))
            tools.inputs.discard(generation.id)
            await tools.show(running, tools.policy.edit_timeout)
            return running
        if status.phase is Phase.DONE:
            after = generation.move(State.SUCCEEDED, now, results=status.results, **facts | {"progress": 100})
            charged = status.charged(generation.amounts, generation.micros_per_second)
            paid = {"amounts": charged, "billing_transaction_id": status.billing_transaction_id}
            return await tools.write_answer(generation, after.evolve(**paid))
        reason = status.reason or Reason.PROVIDER_FAILED
        after = generation.move(State.FAILED, now, reason=reason, detail=status.detail, **facts)
        return await tools.write_answer(generation, after)


class FoundSubmitting:
    """The step of submitting: claimed again, so whoever submitted it never learned the answer."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def __call__(self, generation: Generation) -> Generation | None:
        """Take the arrow to unconfirmed; it is never submitted again."""
        await unconfirmed(self._tools, generation, "no answer was recorded before the work on it ended")
        return None


async def unconfirmed(tools: Tools, generation: Generation, detail: str) -> None:
    """Nobody knows whether the provider took it: it keeps its hold until somebody decides or the grace is over."""
    after = generation.move(State.UNCONFIRMED, tools.clock(), reason=Reason.NO_ANSWER, detail=detail)
    await tools.write(generation, after)

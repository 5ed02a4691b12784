"""Clearance: whether a request may be handed over now, and what is said while it may not."""

import asyncio
from datetime import timedelta

import structlog

from bot.domain.generation import Generation, Reason
from bot.providers.errors import ProviderError, Refused, asked_pause
from bot.work.outage import NOW, Outage
from bot.work.steps import Tools, later

log = structlog.get_logger(__name__)

SHORT = timedelta(seconds=30)
"""Nothing is said of a wait that is no longer."""


class Clearance:
    """Keeps requests back while the provider gives no usable answer or asked for a pause.

    A submission without a usable answer leaves its requester with a decision, so none goes out on trial: after a call
    that had no answer a harmless one goes first, one at a time over all requests. Where submissions alone have none,
    which no harmless call tells, `submissions` lets one out at a time until one is answered.
    """

    def __init__(self, tools: Tools, submissions: Outage) -> None:
        self._tools = tools
        self._submissions = submissions

    @property
    def _is_away(self) -> bool:
        return self._tools.outage.began is not None or self._submissions.began is not None

    async def wait(self) -> timedelta:
        """Zero where a submission may leave now, else after how long to ask again."""
        tools = self._tools
        if not tools.door.is_open:
            return NOW
        wait = self._submissions.take(tools.clock())
        if wait:
            return wait
        doubted = tools.outage.is_in_doubt
        wait = tools.outage.take(tools.clock(), as_probe=doubted) or tools.budget.take(urgent=True)
        if wait or not doubted:
            return wait
        if await self._is_answered():
            return tools.budget.take(urgent=True)
        return tools.outage.take(tools.clock(), as_probe=True)

    async def put_off(self, generation: Generation, wait: timedelta) -> Generation | None:
        """Wait without counting an attempt, and say so on the card; after `submit_within` it has failed."""
        tools = self._tools
        left = generation.accepted_at + tools.policy.submit_within - tools.clock()
        if left <= NOW:
            reason = Reason.UNREACHABLE if self._is_away else Reason.BUSY
            await tools.fail(generation, reason, "it waited for the provider for too long")
            return None
        waiting = later(generation, tools, min(wait, left))
        if generation.reason is Reason.WAITING or (not self._is_away and wait <= SHORT):
            return waiting
        log.info("submission_waits", generation=generation.id, away=self._is_away)
        said = waiting.evolve(reason=Reason.WAITING)
        if not await tools.show(said, tools.policy.edit_timeout):
            return waiting
        await tools.write(generation, said)
        return None

    async def _is_answered(self) -> bool:
        """Make one harmless authenticated call; any answer will do, and one that refuses the key closes the door."""
        tools = self._tools
        try:
            async with asyncio.timeout(tools.policy.call_timeout.total_seconds()):
                await tools.provider.check_key()
        except Refused as refusal:
            if refusal.closes_door:
                tools.door.close(refusal)
        except (ProviderError, TimeoutError) as error:
            log.info("probe_unanswered", error=str(error))
            tools.outage.unanswered(tools.clock(), asked_pause(error))
            return False
        tools.outage.answered(tools.clock())
        return True

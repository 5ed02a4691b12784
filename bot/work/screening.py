"""Screening: a moderation endpoint is asked about a prompt, once it is accepted and before anything else is done."""

from dataclasses import dataclass
from typing import Protocol

import structlog

from bot.domain.generation import Generation, Reason
from bot.domain.moderating import Refusal
from bot.moderation.endpoint import ModerationUnavailableError, Verdict
from bot.work.steps import Tools, later

log = structlog.get_logger(__name__)


class Endpoint(Protocol):
    """Whom prompts are shown to."""

    async def check(self, text: str) -> Verdict:
        """Ask about a prompt; raises ModerationUnavailableError where there is no usable answer."""
        ...


class RefusalStore(Protocol):
    """Where refused prompts are recorded."""

    async def refuse(self, refusal: Refusal) -> None:
        """Record a refused prompt, of one member so many in an hour at most; nothing is charged for it."""
        ...


@dataclass(frozen=True, slots=True)
class Screening:
    """Asks about every prompt before it goes to the provider; without an answer nothing goes there.

    A negative prompt is asked about with it, on a line of its own. A passed prompt isn't asked about again at a later
    attempt: it counts as checked together with the inputs.
    """

    tools: Tools
    endpoint: Endpoint
    refusals: RefusalStore

    async def passed(self, generation: Generation) -> Generation | None:
        """The generation to go on with; None where it has failed for its prompt, or is put off."""
        prompt = "\n".join(generation.request.wording())
        if generation.inputs_checked or not prompt:
            return generation
        try:
            verdict = await self.endpoint.check(prompt)
        except ModerationUnavailableError as error:
            await self._later(generation, error)
            return None
        if not verdict.allowed:
            await self._refuse(generation, prompt, verdict)
            return None
        if generation.request.inputs:
            return generation  # they are checked next, and both are noted then
        return await self.tools.write(generation, generation.evolve(inputs_checked=True), keeps_lease=True)

    async def _refuse(self, generation: Generation, prompt: str, verdict: Verdict) -> None:
        """Record it first: killed in between, it is asked about again, and recorded again rather than never."""
        tools, origin = self.tools, generation.origin
        log.info("prompt_refused", generation=generation.id, categories=verdict.categories)
        await self.refusals.refuse(
            Refusal(
                at=tools.clock(),
                guild_id=origin.guild_id,
                channel_id=origin.channel_id,
                user_id=origin.requester_id,
                rule=", ".join(verdict.categories) or "moderation",
                prompt=prompt,
            )
        )
        await tools.fail(generation, Reason.MODERATED)

    async def _later(self, generation: Generation, error: ModerationUnavailableError) -> None:
        """Another attempt after a growing pause, at most a few times; then it fails."""
        tools, policy = self.tools, self.tools.policy
        log.warning("moderation_unavailable", generation=generation.id, error=str(error))
        if generation.attempt >= policy.submit_attempts:
            await tools.fail(generation, Reason.UNMODERATED)
            return
        pause = tools.pace.retry(policy.submit_pause, generation.attempt - 1, policy.submit_pause_longest)
        await tools.write(generation, later(generation, tools, pause).evolve(attempt=generation.attempt + 1))

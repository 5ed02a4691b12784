"""Decisions about unconfirmed generations: give one up, submit again knowingly, or attach the task that was found.

Each is taken on a claimed row, by an arrow of the state machine, with a line in the audit.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial

import structlog

from bot.domain.change import MEMBER, AuditRecord, Change, LeaseLostError, TaskTakenError
from bot.domain.errors import (
    AskedElsewhere,
    GenerationUnknown,
    InputsAway,
    NotUndecided,
    NotYours,
    OwnerOnly,
    Rejection,
    RequesterRefused,
    StepUnderWay,
    TaskNotFound,
    TaskTaken,
)
from bot.domain.generation import Generation, Origin, Reason, State
from bot.domain.guild import Standing
from bot.domain.request import Request
from bot.providers.base import TaskRef
from bot.providers.errors import ProviderError, Refused
from bot.work.actors import Actor
from bot.work.protocols import DeliveryDelayedError
from bot.work.service import Draft, Service
from bot.work.steps import Tools

log = structlog.get_logger(__name__)

PATIENCE = timedelta(seconds=1)
"""How long a decision waits for a step that holds the row."""

INPUT_PATIENCE = timedelta(seconds=1.8)
"""How long it waits for the card with the inputs; both together are less than the 3 s that Discord gives an answer."""

PAUSE = timedelta(milliseconds=100)


class Decisions:
    """What people can do about a generation of which nobody knows whether the provider took it."""

    def __init__(self, tools: Tools, service: Service) -> None:
        self._tools = tools
        self._service = service

    async def guild_of(self, generation_id: str) -> int | None:
        """Where a generation was asked for; None for direct messages. Raises Rejection(GenerationUnknown)."""
        return (await self._known(generation_id)).origin.guild_id

    async def give_up(self, generation_id: str, actor: Actor, why: str = "given up") -> Generation:
        """Release the hold and wait no longer. Raises Rejection(NotUndecided, NotYours or GenerationUnknown)."""
        await self._permitted(generation_id, actor)
        async with self._held(generation_id) as held:
            given_up = await self._given_up(held, actor, why)
            return await self._tools.write(held, given_up.after, audit=given_up.audit)

    async def submit_again(self, generation_id: str, actor: Actor, origin: Origin, standing: Standing) -> Generation:
        """Accept the same request anew, counted for its requester, and give up the old one, in one transaction.

        Limits are checked as for any request. `standing` is that of whoever decides: where that is somebody else, the
        requester gets nothing of it but the place, and as the requester's own roles aren't known then, no role's limits
        (nor anything else that takes a role). If the provider took the first one after all, two videos are made.
        Raises Rejection(AskedElsewhere) outside of the guild, whose limits would not hold there, Rejection(InputsAway
        or InputsGone) where its files can't be had, and for somebody else Rejection(RequesterRefused) in place of what
        turns the requester down.
        """
        permitted = await self._permitted(generation_id, actor)
        if origin.guild_id != permitted.origin.guild_id:
            raise Rejection(AskedElsewhere())
        async with self._held(generation_id) as old:
            given_up = await self._given_up(old, actor, "submitted again")
            new = await self._accepted_again(given_up, actor, origin, standing)
        self._tools.note(given_up)
        return new

    async def _accepted_again(self, given_up: Change, actor: Actor, origin: Origin, standing: Standing) -> Generation:
        old = given_up.before
        request = await self._with_fresh_inputs(old)
        draft = Draft(
            operation=request.operation,
            model=request.model,
            prompt=request.prompt,
            inputs=request.inputs,
            options=request.options,
            source=request.source.generation_id if request.source else None,
            gives_up=given_up,
        )
        if actor.user_id == old.origin.requester_id:
            return await self._service.accept(draft, origin, standing)
        theirs = replace(origin, requester_id=old.origin.requester_id, locale=old.origin.locale)
        try:
            return await self._service.accept(draft, theirs, replace(standing, name="", role_ids=frozenset()))
        except Rejection as rejection:
            raise Rejection(RequesterRefused(rejection.problem)) from rejection

    async def attach(self, generation_id: str, task_id: str, actor: Actor) -> Generation:
        """Follow the task that the owner found at the provider; no other generation may hold it.

        The provider is asked first whether there is such a task: one call, unless it has asked for a pause; its failing
        to come through is no verdict. Raises Rejection(OwnerOnly, GenerationUnknown, TaskTaken, TaskNotFound or
        NotUndecided).
        """
        if not actor.is_owner:
            raise Rejection(OwnerOnly())
        await self._known(generation_id)
        await self._require_task(task_id)
        if await self._tools.store.find(task_id) is not None:
            raise Rejection(TaskTaken(task_id))
        async with self._held(generation_id) as held:
            return await self._attached(held, task_id, actor)

    async def _attached(self, held: Generation, task_id: str, actor: Actor) -> Generation:
        now = self._tools.clock()
        found = {"task_id": task_id, "submitted_at": now, "reason": None, "detail": None, "told": None, "told_as": None}
        after = held.move(State.RUNNING, now, **found)
        audit = await self._record(held, actor, "attach_task", State.RUNNING, task_id)
        try:
            return await self._tools.write(held, after, audit=(audit,))
        except TaskTakenError as error:  # in the same moment
            raise Rejection(TaskTaken(task_id)) from error

    async def _require_task(self, task_id: str) -> None:
        tools = self._tools
        try:
            async with asyncio.timeout(tools.policy.call_timeout.total_seconds()):
                await tools.outage.outside_holds(tools.clock, partial(tools.provider.poll, TaskRef(task_id=task_id)))
        except Refused as refusal:
            if refusal.is_unknown_task:
                raise Rejection(TaskNotFound(task_id)) from refusal
            log.warning("task_not_asked_for", task=task_id, status=refusal.status, code=refusal.code)
        except (ProviderError, TimeoutError) as error:
            log.warning("task_not_asked_for", task=task_id, error=str(error))

    async def _permitted(self, generation_id: str, actor: Actor) -> Generation:
        generation = await self._known(generation_id)
        if not actor.may_decide(generation):
            raise Rejection(NotYours())
        if generation.state is not State.UNCONFIRMED:
            raise Rejection(NotUndecided(generation_id))
        return generation

    async def _known(self, generation_id: str) -> Generation:
        generation = await self._tools.store.get(generation_id)
        if generation is None:
            raise Rejection(GenerationUnknown(generation_id, of_anybody=True))
        return generation

    async def _given_up(self, held: Generation, actor: Actor, why: str) -> Change:
        """What giving up a held one writes."""
        after = held.move(State.FAILED, self._tools.clock(), reason=Reason.ABANDONED, detail=None)
        audit = await self._record(held, actor, "give_up_unconfirmed", State.FAILED, why)
        return await self._tools.change(held, after, audit=(audit,))

    @asynccontextmanager
    async def _held(self, generation_id: str) -> AsyncIterator[Generation]:
        """The row while nobody else decides; where the decision can't be carried out, it is handed back as it was.

        Raises Rejection(NotUndecided or StepUnderWay).
        """
        held = await self._claimed(generation_id)
        try:
            yield held
        except LeaseLostError as error:
            raise Rejection(NotUndecided(generation_id)) from error
        except BaseException:
            await self._tools.store.defer([held])
            raise

    async def _claimed(self, generation_id: str) -> Generation:
        """The row under a lease of ours; a step that holds it (telling, say) is waited for.

        Raises Rejection(StepUnderWay) where that takes too long, and Rejection(NotUndecided).
        """
        tools, waited = self._tools, timedelta(0)
        while True:
            claimed = await tools.store.claim_one(generation_id, State.UNCONFIRMED, tools.clock(), tools.policy.lease)
            if claimed is not None:
                return claimed
            if waited >= PATIENCE:
                is_undecided = (await self._known(generation_id)).state is State.UNCONFIRMED
                raise Rejection(StepUnderWay() if is_undecided else NotUndecided(generation_id))
            await asyncio.sleep(PAUSE.total_seconds())
            waited += PAUSE

    async def _with_fresh_inputs(self, generation: Generation) -> Request:
        """The request with addresses that can still be fetched. Raises Rejection(InputsAway or InputsGone)."""
        try:
            async with asyncio.timeout(INPUT_PATIENCE.total_seconds()):
                inputs = await self._tools.inputs.renewed(generation, self._tools.clock())
        except (TimeoutError, DeliveryDelayedError) as error:
            raise Rejection(InputsAway()) from error
        return replace(generation.request, inputs=inputs)

    async def _record(self, generation: Generation, actor: Actor, action: str, after: State, why: str) -> AuditRecord:
        return AuditRecord(
            at=self._tools.clock(),
            action=action,
            guild_id=generation.origin.guild_id,
            actor_key=await self._tools.store.member_key(actor.user_id),
            generation_id=generation.id,
            subject=f"{MEMBER}{generation.member_key}",
            before=State.UNCONFIRMED,
            after=after,
            why=why,
        )

"""What the commands call: ask for a video, cancel one, see what was used. The table of contents of the bot."""

import asyncio
import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from bot import crash_points
from bot.domain import catalog as models
from bot.domain.catalog import Catalog, Model
from bot.domain.change import Acceptance, Change
from bot.domain.errors import (
    ExtensionSourceUnfit,
    GenerationUnknown,
    NotCancellable,
    Rejection,
    ShuttingDown,
    Undecided,
)
from bot.domain.generation import Generation, MessageRef, Origin, Reason, State
from bot.domain.guild import Standing
from bot.domain.limits import Allowance, Limit
from bot.domain.quote import quote
from bot.domain.request import Input, Operation, Options, Request, Source
from bot.media.rules import MediaRules, check_stated
from bot.work.door import Door
from bot.work.feed import CatalogFeed
from bot.work.gate import Gate, Here
from bot.work.policy import Policy
from bot.work.protocols import GenerationStore

log = structlog.get_logger(__name__)

ID_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: no letters that are read for one another."""

CANCEL_PATIENCE = timedelta(seconds=1.5)
"""How long a cancel command waits to tell the outcome itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a member filled in.

    `model` None means the default, `source` names an earlier generation by its id or task id. `gives_up` is what
    becomes of the unconfirmed one in whose place it is submitted again.
    """

    operation: Operation
    model: str | None = None
    prompt: str | None = None
    inputs: tuple[Input, ...] = ()
    options: Options = field(default_factory=Options)
    source: str | None = None
    gives_up: Change | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What applies to every request: the limits, and the default model per operation and in general.

    `limits` are the configuration's, next to those that people set in Discord. `assumed_micros` is held where a price
    is unknown and a limit on money is in force; None turns such a request down.
    """

    limits: tuple[Limit, ...]
    default_model: str
    default_models: Mapping[Operation, str]
    rules: MediaRules
    assumed_micros: int | None = None


class Service:
    """The use cases of members; each raises Rejection for what the member can understand and mend."""

    def __init__(  # noqa: PLR0913 - the composition root joins the parts by name
        self,
        *,
        store: GenerationStore,
        feed: CatalogFeed,
        door: Door,
        terms: Terms,
        policy: Policy,
        provider_name: str,
        clock: Callable[[], datetime],
        wake: Callable[[], None],
        gate: Gate,
    ) -> None:
        self._store = store
        self._feed = feed
        self._door = door
        self._terms = terms
        self._policy = policy
        self._provider_name = provider_name
        self._clock = clock
        self._wake = wake
        self._gate = gate
        self._stopping = False

    @property
    def catalog(self) -> Catalog:
        """The models as they are known now."""
        return self._feed.catalog

    def stop_accepting(self) -> None:
        """Turn new requests down from now on."""
        self._stopping = True

    async def here(self, guild_id: int | None, user_id: int, standing: Standing) -> Here:
        """What holds for a member here, such as which models they may use."""
        return await self._gate.here(guild_id, user_id, standing)

    def models_for(self, operation: Operation, here: Here) -> tuple[Model, ...]:
        """The models that can do an operation and that somebody may use here, in the catalog's order."""
        return tuple(model for model in self.catalog.able(operation) if here.may_use(model.id, operation))

    def model_for(self, operation: Operation, wish: str | None, here: Here | None = None) -> str:
        """The model that a request without one gets; a wish stands, whether it fits or not.

        The guild's own default comes first; none is taken that may not be used `here`, unless there is no other.
        """
        if wish:
            return wish
        wishes = (self._terms.default_models.get(operation), self._terms.default_model)
        if here is None:
            return self.catalog.pick(operation, wishes).id
        able = (model.id for model in self.catalog.able(operation))
        wished = (model for model in (here.rules.settings.default_model, *wishes, *able) if model)
        return self.catalog.pick(operation, (model for model in wished if here.may_use(model, operation))).id

    async def accept(self, draft: Draft, origin: Origin, standing: Standing) -> Generation:
        """Check a request, count it and store it, in one transaction; the worker does the rest.

        Needs no network. `standing` is the requester's: its roles decide which limits are in force. The generation
        waits a moment for its card (see `card_posted`).
        """
        if self._stopping:
            raise Rejection(ShuttingDown())
        self._door.require_open()
        here = await self._gate.admit(origin, standing)
        request = Request(
            operation=draft.operation,
            model=self.model_for(draft.operation, draft.model, here),
            prompt=(draft.prompt or "").strip() or None,
            inputs=draft.inputs,
            options=draft.options,
            source=await self._source(draft.source, origin),
        )
        warnings = models.check(request, self.catalog)
        for item in request.inputs:
            check_stated(item, self._terms.rules)
        await self._gate.check(request, origin, here)
        quoted = quote(self.catalog.models[request.model], request.operation, request.options)
        now, generation_id = self._clock(), _fresh_id()
        crash_points.at("accept.before")
        generation = await self._store.accept(
            Acceptance(
                id=generation_id,
                request=request,
                origin=origin,
                amounts=quoted.amounts,
                micros_per_second=quoted.micros_per_second,
                provider=self._provider_name,
                now=now,
                due_at=now + self._policy.card_grace,
                defaults=self._terms.limits,
                role_ids=standing.role_ids,
                name=standing.name,
                assumed_micros=self._terms.assumed_micros,
                warnings=warnings,
                gives_up=_linked(draft.gives_up, generation_id) if draft.gives_up else None,
            )
        )
        crash_points.at("accept.stored")
        log.info(
            "generation_accepted",
            generation=generation.id,
            operation=request.operation,
            model=request.model,
            guild=origin.guild_id,
        )
        return generation

    async def card_posted(self, generation: Generation, card: MessageRef) -> None:
        """The command's answer is the card: store it and let the work begin."""
        crash_points.at("answer.sent")
        await self._store.attach_card(generation.id, card, self._clock())
        crash_points.at("answer.stored")
        self._wake()

    async def cancel(self, reference: str, origin_user: int) -> Generation:
        """Ask to cancel one's own generation, and wait a moment for the outcome.

        Returns it as it is then: cancelled, or still asked for. Raises NotCancellable where it has ended or the
        provider can't stop it any more.
        """
        generation = await self._own(reference, origin_user)
        if generation.state is State.UNCONFIRMED:
            raise Rejection(Undecided(generation.id))
        if generation.state not in {State.ACCEPTED, State.SUBMITTING, State.RUNNING}:
            raise Rejection(NotCancellable(generation.id, generation.state.is_end))
        await self._store.request_cancel(generation.id, Reason.BY_REQUESTER, self._clock())
        return await self.cancelled(generation)

    async def cancelled(self, generation: Generation) -> Generation:
        """Wait a moment for the outcome of a wish to cancel that is noted: cancelled, or still asked for.

        Raises NotCancellable where it has ended or the provider can't stop it any more.
        """
        self._wake()
        waited = timedelta(0)
        pause = timedelta(milliseconds=50)
        while waited < CANCEL_PATIENCE:
            await asyncio.sleep(pause.total_seconds())
            waited += pause
            now = await self._store.get(generation.id)
            if now is None:
                raise Rejection(GenerationUnknown(generation.id))
            if now.state is State.CANCELLED:
                return now
            if now.state.is_end or now.cancel_requested is None:
                raise Rejection(NotCancellable(generation.id, now.state.is_end))
            generation = now
        return generation

    async def find(self, reference: str, user_id: int) -> Generation:
        """One of the member's own generations, by its id or the provider's task id."""
        return await self._own(reference, user_id)

    async def recent(self, user_id: int, guild_id: int | None, count: int = 50) -> list[Generation]:
        """The member's latest generations here, newest first."""
        return await self._store.of_member(user_id, guild_id, count)

    async def usage(self, user_id: int, guild_id: int | None, role_ids: Collection[int]) -> list[Allowance]:
        """What a member with these roles has used and what remains of each limit that is in force here."""
        return await self._store.allowances(user_id, guild_id, role_ids, self._terms.limits, self._clock())

    async def _own(self, reference: str, user_id: int) -> Generation:
        generation = await self._store.find(reference.strip())
        if generation is None or generation.origin.requester_id != user_id:
            raise Rejection(GenerationUnknown(reference))
        return generation

    async def _source(self, reference: str | None, origin: Origin) -> Source | None:
        if not reference:
            return None
        generation = await self._own(reference, origin.requester_id)
        if generation.state is not State.SUCCEEDED or generation.task_id is None:
            raise Rejection(ExtensionSourceUnfit(reference))
        return Source(generation_id=generation.id, task_id=generation.task_id)


def _linked(given_up: Change, new_id: str) -> Change:
    """The same, whose record names the one that comes in its place."""
    return replace(given_up, audit=tuple(replace(one, why=f"{one.why} as {new_id}") for one in given_up.audit))


def _fresh_id() -> str:
    return "".join(secrets.choice(ID_LETTERS) for _ in range(12))

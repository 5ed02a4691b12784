"""What moderators do about a single generation of their guild: cancel it, or give back what was taken for it."""

from collections.abc import Callable
from datetime import datetime

from bot import metrics
from bot.domain.change import MEMBER, AuditRecord
from bot.domain.errors import GenerationNotHere, NotCancellable, NothingToRelease, Rejection, ReleaseInstead
from bot.domain.generation import CONCURRENT_STATES, Generation, State
from bot.domain.moderating import Action, Deed
from bot.work.actors import Actor
from bot.work.decisions import Decisions
from bot.work.deeds import deed_of, require_why
from bot.work.guild_store import GuildStore
from bot.work.protocols import GenerationStore
from bot.work.service import Service


class Interventions:
    """Each needs a reason, which is kept in the audit.

    Every method raises Rejection(ModeratorOnly) for anybody who isn't a moderator, Rejection(GenerationNotHere) for a
    generation of another guild, and Rejection(WhyMissing).
    """

    def __init__(
        self,
        *,
        store: GuildStore,
        generations: GenerationStore,
        service: Service,
        decisions: Decisions,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._generations = generations
        self._service = service
        self._decisions = decisions
        self._clock = clock

    async def cancel(self, actor: Actor, reference: str, why: str) -> Generation:
        """Ask to cancel what is under way, and wait a moment for the outcome.

        Returns it as it is then: cancelled, or still asked for. Raises Rejection(NotCancellable), or for an unconfirmed
        one Rejection(ReleaseInstead).
        """
        deed = self._deed(actor, Action.CANCEL, why)
        generation = await self._here(deed, reference)
        if generation.state is State.UNCONFIRMED:
            raise Rejection(ReleaseInstead(generation.id))
        if generation.state not in CONCURRENT_STATES:
            raise Rejection(NotCancellable(generation.id, ended=True))
        return await self._service.cancelled(await self._store.cancel(generation.id, deed))

    async def release(self, actor: Actor, reference: str, why: str) -> Generation:
        """Give back what was taken: the hold of an unconfirmed one, which fails by it, or the charge of a finished one.

        Returns it as it is then. Raises Rejection(NothingToRelease) for any other, and where it was given back already.
        """
        deed = self._deed(actor, Action.REFUND, why)
        generation = await self._here(deed, reference)
        if generation.state is State.UNCONFIRMED:
            return await self._decisions.give_up(generation.id, actor, require_why(deed))
        if generation.state is not State.SUCCEEDED:
            raise Rejection(NothingToRelease(generation.id))
        entry = await self._generations.refund(generation.id, await self._record(deed, generation), deed.at)
        metrics.LEDGER_MICROS.labels(entry.kind.value).inc(entry.amounts.micros or 0)
        return generation

    def _deed(self, actor: Actor, action: Action, why: str) -> Deed:
        deed = deed_of(actor, action, actor.moderated_guild(), self._clock(), why)
        require_why(deed)
        return deed

    async def _here(self, deed: Deed, reference: str) -> Generation:
        generation = await self._generations.find(reference.strip())
        if generation is None or generation.origin.guild_id != deed.guild_id:
            raise Rejection(GenerationNotHere(reference))
        return generation

    async def _record(self, deed: Deed, generation: Generation) -> AuditRecord:
        return AuditRecord(
            at=deed.at,
            action=deed.action,
            guild_id=deed.guild_id,
            actor_key=await self._generations.member_key(deed.actor_id),
            generation_id=generation.id,
            subject=f"{MEMBER}{generation.member_key}",
            why=deed.why,
        )

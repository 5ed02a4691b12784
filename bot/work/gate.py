"""The gate: what moderators and the owner have decided is checked before a request is accepted; limits come later."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import structlog

from bot.domain.errors import (
    AgeRestrictedOnly,
    Blocked,
    ModelNotAllowed,
    Paused,
    Problem,
    PromptNotAllowed,
    Rejection,
    WrongChannel,
)
from bot.domain.generation import Origin
from bot.domain.guild import GuildRules, Standing
from bot.domain.moderating import Refusal
from bot.domain.request import Operation, Request
from bot.domain.word_rules import WordRule

log = structlog.get_logger(__name__)

Match = Callable[[tuple[WordRule, ...], str], Awaitable[WordRule | None]]
"""Finds the first rule that a prompt breaks."""


class RulesStore(Protocol):
    """Where the rules are, and where refused prompts are recorded."""

    async def rules(self, guild_id: int | None, user_id: int, now: datetime) -> GuildRules:
        """Everything that is checked before a member's request, in a guild or (None) in direct messages."""
        ...

    async def refuse(self, refusal: Refusal) -> None:
        """Record a refused prompt, of one member so many in an hour at most; nothing is charged for it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeRestricted:
    """Models and operations that may be used in age-restricted channels only."""

    models: frozenset[str] = frozenset()
    operations: frozenset[Operation] = frozenset()

    def covers(self, model: str, operation: Operation) -> bool:
        """Whether such a request is for age-restricted channels only."""
        return model in self.models or operation in self.operations


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """What holds for somebody in one place: the rules there, and what Discord states about who asks and from where."""

    rules: GuildRules
    standing: Standing
    age_restricted: AgeRestricted = field(default_factory=AgeRestricted)

    def entry_problem(self) -> Problem | None:
        """Why nothing at all is accepted from them; None where something may be."""
        rules = self.rules
        if rules.bot_paused_at is not None:
            return Paused(everywhere=True)
        if rules.settings.paused_at is not None:
            return Paused(everywhere=False)
        if rules.block is not None:
            return Blocked(rules.block.until, rules.block.why)
        if not rules.are_here(self.standing.channel_ids):
            return WrongChannel(tuple(sorted(rules.channels)))
        return None

    def model_problem(self, model: str, operation: Operation) -> Problem | None:
        """Why they may not use a model for an operation; None where they may."""
        allowed = self.rules.models_of(self.standing.role_ids)
        if allowed is not None and model not in allowed:
            return ModelNotAllowed(model, tuple(sorted(allowed)))
        if self.age_restricted.covers(model, operation) and not self.standing.is_age_restricted:
            return AgeRestrictedOnly()
        return None

    def may_use(self, model: str, operation: Operation) -> bool:
        """Whether they may use a model for an operation."""
        return self.model_problem(model, operation) is None


class Gate:
    """Checks pauses, blocks, channels, age restrictions, allowed models and word rules; needs no network."""

    def __init__(
        self,
        *,
        store: RulesStore,
        match: Match,
        age_restricted: AgeRestricted,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._match = match
        self._age_restricted = age_restricted
        self._clock = clock

    async def here(self, guild_id: int | None, user_id: int, standing: Standing) -> Here:
        """What holds for a member in a guild, or (None) in direct messages; raises nothing."""
        rules = await self._store.rules(guild_id, user_id, self._clock())
        return Here(rules=rules, standing=standing, age_restricted=self._age_restricted)

    async def admit(self, origin: Origin, standing: Standing) -> Here:
        """Let somebody in who wants to ask for something. Raises Rejection(Paused, Blocked or WrongChannel)."""
        here = await self.here(origin.guild_id, origin.requester_id, standing)
        problem = here.entry_problem()
        if problem is not None:
            raise Rejection(problem)
        return here

    async def check(self, request: Request, origin: Origin, here: Here) -> None:
        """Check what is asked for; a prompt, or a negative one, that breaks a word rule is recorded.

        Each is held against the rules on its own: a pattern may be about a text's beginning or end.
        Raises Rejection(ModelNotAllowed, AgeRestrictedOnly or PromptNotAllowed).
        """
        problem = here.model_problem(request.model, request.operation)
        if problem is not None:
            raise Rejection(problem)
        for text in request.wording():
            rule = await self._match(here.rules.word_rules, text)
            if rule is not None:
                await self._refuse("\n".join(request.wording()), rule, origin)
                raise Rejection(PromptNotAllowed())

    async def _refuse(self, prompt: str, rule: WordRule, origin: Origin) -> None:
        log.info("prompt_refused", guild=origin.guild_id, rule=rule.id)
        await self._store.refuse(
            Refusal(
                at=self._clock(),
                guild_id=origin.guild_id,
                channel_id=origin.channel_id,
                user_id=origin.requester_id,
                rule=rule.text,
                prompt=prompt,
            )
        )

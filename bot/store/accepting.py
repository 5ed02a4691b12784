"""Accepting: the limits in force are checked, the row is written and the hold is entered, all in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.announcements import Announcement, BudgetLevel
from bot.domain.change import Acceptance, Change, LeaseLostError
from bot.domain.errors import Blocked, LimitReached, Paused, PriceUnknown, Rejection
from bot.domain.generation import Generation, State
from bot.domain.guild import Block
from bot.domain.ledger import Amounts, hold
from bot.domain.limits import Allowance, Limit, Measure, in_force
from bot.store import announcements, blocks, generations, ledger, limits, members, saving
from bot.store.limits import Ground
from bot.store.members import Known
from bot.store.totals import Totals
from bot.store.usage import Usage, Who, taken

_TURN = 7_313_582_044_170_001
"""The lock of the process whose turn it is to accept; any number that nothing else locks."""

_SILENCE = "15s"
"""How long a process may leave the database waiting in the middle of an acceptance; then it is undone."""


async def accept_all(
    connection: AsyncConnection, acceptances: Sequence[Acceptance], zone: tzinfo, totals: Totals
) -> list[Generation | Exception]:
    """Accept one after another, so that each counts against the limits of the next.

    Of those that get an error (a Rejection, or LeaseLostError where what is to be given up is no longer under the
    caller's lease) nothing is written, but for a note that moderators are to be told where their guild's budget is the
    reason. `zone` is the configuration's, for guilds without one of their own. All that `totals` remembers is read
    before anything is written.
    """
    await take_turn(connection)
    batch = await _begun(connection, acceptances, Usage(connection, totals), zone)
    outcomes: list[Generation | Exception] = []
    for acceptance in acceptances:
        try:
            outcomes.append(await batch.accept(acceptance))
        except (Rejection, LeaseLostError) as error:
            outcomes.append(error)
    await batch.write(connection)
    return outcomes


async def take_turn(connection: AsyncConnection) -> None:
    """Keep other processes from accepting until this transaction ends; SQLite has but one writer anyway.

    Which limits two requests share is known only from rows that somebody may just be adding, and one of the whole bot
    is shared by all: one lock for all is surely enough, and a batch is short. What is read after it is what whoever had
    it before has written. A process that freezes with it loses it with its transaction.
    """
    if connection.dialect.name == "postgresql":
        await connection.execute(
            select(
                func.set_config("idle_in_transaction_session_timeout", _SILENCE, True),  # noqa: FBT003 - SQL has no names
                func.pg_advisory_xact_lock(_TURN),
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    """What is accepted in one transaction: all that it depends on is read at first, all that is new written at last.

    `there` are the generations by their interactions, `known` the members by their user ids, `blocks` by guild and
    user id, `replaced` by their ids those that are to be given up: nobody changes these until the transaction ends.
    """

    grounds: Mapping[int | None, Ground]
    usage: Usage
    there: dict[int, Generation]
    known: dict[int, Known]
    blocks: Mapping[tuple[int | None, int], Block]
    replaced: Mapping[str, Generation]
    new_members: dict[int, Known] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)
    new: list[Generation] = field(default_factory=list)
    given_up: list[Change] = field(default_factory=list)
    to_be_told: dict[Announcement, datetime] = field(default_factory=dict)

    async def accept(self, acceptance: Acceptance) -> Generation:
        """The generation that is there already, or a new one that keeps the limits."""
        origin = acceptance.origin
        if origin.interaction_id in self.there:
            return self.there[origin.interaction_id]
        if acceptance.gives_up is not None:
            saving.require_ours(self.replaced.get(acceptance.gives_up.before.id), acceptance.gives_up)
        known, ground = self.known.get(origin.requester_id), self.grounds[origin.guild_id]
        self._require_entry(acceptance, ground)
        here = in_force((*acceptance.defaults, *ground.limits), origin.requester_id, acceptance.role_ids)
        generation = _accepted(acceptance, known.key if known else members.new_key(), here)
        who = Who(member_key=generation.member_key, guild_id=origin.guild_id)
        for limit in here:
            found = await self.usage.allowance(limit, who, acceptance.now, ground)
            given_back = _given_back(acceptance, limit, ground)
            if not _is_enough(replace(found, used=found.used - given_back), acceptance, generation.amounts):
                self._note_budget(acceptance, limit, ground)
                wanted = _wanted(generation.amounts, limit.measure)
                raise Rejection(LimitReached(limit, found.used, found.resets_at, wanted))
        self.usage.added(who, generation.amounts, acceptance.now)
        self._name(origin.requester_id, generation.member_key, acceptance.name)
        self.there[origin.interaction_id] = generation
        self.new.append(generation)
        if acceptance.gives_up is not None:
            self.usage.released(who, acceptance.gives_up.entries)
            self.given_up.append(acceptance.gives_up)
        return generation

    async def write(self, connection: AsyncConnection) -> None:
        """Write what was accepted, and which budgets turned requests down."""
        for announcement, at in self.to_be_told.items():
            await announcements.note(connection, [announcement], at)
        if not self.new:
            return
        await members.add(connection, self.new_members)
        for key, name in self.renamed.items():
            await members.rename(connection, key, name)
        await generations.add(connection, *self.new)
        holds = [
            (generation, hold(generation.id, generation.amounts, generation.accepted_at)) for generation in self.new
        ]
        await ledger.add(connection, holds)
        if self.given_up:
            await saving.save_all(connection, self.given_up)

    def _require_entry(self, acceptance: Acceptance, ground: Ground) -> None:
        """The gate has checked it already, but somebody may have paused or blocked since."""
        origin = acceptance.origin
        if ground.bot_paused_at is not None or ground.paused_at is not None:
            raise Rejection(Paused(everywhere=ground.bot_paused_at is not None))
        block = self.blocks.get((origin.guild_id, origin.requester_id))
        if block is not None and not block.is_over(acceptance.now):
            raise Rejection(Blocked(block.until, block.why))

    def _note_budget(self, acceptance: Acceptance, limit: Limit, ground: Ground) -> None:
        """Let the moderators be told where a limit that turns a request down is a budget of theirs."""
        guild_id = acceptance.origin.guild_id
        if guild_id is None or not limit.is_budget:
            return
        zone = ground.zone_of(limit.scope)
        short = Announcement.of_budget(guild_id, limit, BudgetLevel.SHORT, acceptance.now, zone)
        self.to_be_told.setdefault(short, acceptance.now)

    def _name(self, user_id: int, key: str, name: str) -> None:
        known = self.known.get(user_id)
        if known is None or user_id in self.new_members:
            self.new_members[user_id] = Known(key, name or (known.name if known else None))
            self.known[user_id] = self.new_members[user_id]
        elif name and name != known.name:
            self.renamed[key] = name
            self.known[user_id] = Known(key, name)


async def _begun(connection: AsyncConnection, acceptances: Sequence[Acceptance], usage: Usage, zone: tzinfo) -> _Batch:
    origins = [acceptance.origin for acceptance in acceptances]
    guild_ids, user_ids = {origin.guild_id for origin in origins}, {origin.requester_id for origin in origins}
    replaced = {acceptance.gives_up.before.id for acceptance in acceptances if acceptance.gives_up}
    return _Batch(
        grounds=await limits.grounds(connection, guild_ids, zone),
        usage=usage,
        there=await generations.of_interactions(connection, {origin.interaction_id for origin in origins}),
        known=await members.find(connection, user_ids),
        blocks=await blocks.among(connection, [each for each in guild_ids if each is not None], user_ids),
        replaced=await generations.locked(connection, replaced) if replaced else {},
    )


def _given_back(acceptance: Acceptance, limit: Limit, ground: Ground) -> int:
    """What the one gives back of a limit in whose place this one comes, if its hold is in the present window."""
    if acceptance.gives_up is None or limit.window is None:
        return 0
    begins = limit.window.start(acceptance.now, ground.zone_of(limit.scope))
    released = (entry for entry in acceptance.gives_up.entries if entry.held_at >= begins)
    return sum(taken(entry.amounts, limit.measure) for entry in released)


def _is_enough(found: Allowance, acceptance: Acceptance, wanted: Amounts) -> bool:
    """Whether a limit leaves room for what is wanted.

    What is known to be free takes nothing from a limit on money, not even from an overdrawn one.
    """
    limit = found.limit
    match limit.measure:
        case Measure.COOLDOWN:
            return found.resets_at is None
        case Measure.MICROS if acceptance.amounts.micros == 0:
            return True
        case _:
            return limit.allows(found.used, _wanted(wanted, limit.measure))


def _wanted(amounts: Amounts, measure: Measure) -> int:
    """What a request takes of a limit: of unknown length, a second at least, so that one used up lets none through."""
    return max(1, amounts.seconds) if measure is Measure.SECONDS else taken(amounts, measure)


def _accepted(acceptance: Acceptance, member_key: str, here: Sequence[Limit]) -> Generation:
    held = _held(acceptance, here)
    is_assumed = held.micros != acceptance.amounts.micros
    return Generation(
        id=acceptance.id,
        member_key=member_key,
        request=acceptance.request,
        origin=acceptance.origin,
        amounts=held,
        micros_per_second=None if is_assumed else acceptance.micros_per_second,
        state=State.ACCEPTED,
        provider=acceptance.provider,
        accepted_at=acceptance.now,
        state_at=acceptance.now,
        due_at=acceptance.due_at,
        warnings=acceptance.warnings,
        follows=acceptance.gives_up.before.id if acceptance.gives_up else None,
    )


def _held(acceptance: Acceptance, here: Sequence[Limit]) -> Amounts:
    """What is held: under a limit on money nothing goes without a price."""
    amounts = acceptance.amounts
    if amounts.micros is not None or not any(limit.measure is Measure.MICROS for limit in here):
        return amounts
    if acceptance.assumed_micros is None:
        by_length = acceptance.micros_per_second is not None
        raise Rejection(PriceUnknown(acceptance.request.model, needs_length=by_length))
    return replace(amounts, micros=acceptance.assumed_micros)

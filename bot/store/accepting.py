"""Accepting: the limits are checked, the row is written and the hold is entered, all in one transaction."""

from collections.abc import Iterable, Sequence
from datetime import tzinfo
from hashlib import blake2b

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.change import Acceptance
from bot.domain.errors import LimitReached, Rejection
from bot.domain.generation import Generation, State
from bot.domain.ledger import hold
from bot.domain.limits import Allowance, Measure, Scope
from bot.store import generations, ledger, members, usage
from bot.store.usage import Who


async def accept_all(
    connection: AsyncConnection, acceptances: Sequence[Acceptance], zone: tzinfo
) -> list[Generation | Exception]:
    """Accept one after another, so that each counts against the limits of the next; a Rejection wrote nothing."""
    await _take_turns(connection, acceptances)
    outcomes: list[Generation | Exception] = []
    for acceptance in acceptances:
        try:
            outcomes.append(await _accept(connection, acceptance, zone))
        except Rejection as rejection:
            outcomes.append(rejection)
    return outcomes


async def _accept(connection: AsyncConnection, acceptance: Acceptance, zone: tzinfo) -> Generation:
    there_already = await generations.of_interaction(connection, acceptance.origin.interaction_id)
    if there_already is not None:
        return there_already
    user_id = acceptance.origin.requester_id
    known_key = await members.key_of(connection, user_id)
    generation = _accepted(acceptance, known_key or members.new_key())
    await _check_limits(connection, acceptance, generation.member_key, zone)
    if known_key is None:
        await members.add(connection, generation.member_key, user_id)
    await generations.add(connection, generation)
    await ledger.add(connection, [(generation, hold(generation.id, acceptance.amounts, acceptance.now))])
    return generation


async def _check_limits(connection: AsyncConnection, acceptance: Acceptance, member_key: str, zone: tzinfo) -> None:
    who = Who(member_key=member_key, guild_id=acceptance.origin.guild_id)
    for limit in acceptance.limits:
        found = await usage.allowance(connection, limit, who, acceptance.now, zone)
        if not _is_enough(found, acceptance):
            raise Rejection(LimitReached(limit, found.used, found.resets_at))


def _is_enough(found: Allowance, acceptance: Acceptance) -> bool:
    limit = found.limit
    if limit.measure is Measure.COOLDOWN:
        return found.resets_at is None
    return limit.allows(found.used, usage.taken(acceptance.amounts, limit.measure))


def _accepted(acceptance: Acceptance, member_key: str) -> Generation:
    return Generation(
        id=acceptance.id,
        member_key=member_key,
        request=acceptance.request,
        origin=acceptance.origin,
        amounts=acceptance.amounts,
        state=State.ACCEPTED,
        provider=acceptance.provider,
        accepted_at=acceptance.now,
        state_at=acceptance.now,
        due_at=acceptance.due_at,
        warnings=acceptance.warnings,
        follows=acceptance.follows,
    )


async def _take_turns(connection: AsyncConnection, acceptances: Iterable[Acceptance]) -> None:
    """Keep other processes from accepting under the same limits until this transaction ends.

    SQLite has but one writer anyway. The locks are taken in one order everywhere, so that no two wait for each other.
    """
    if connection.dialect.name != "postgresql":
        return
    names = {_counted_as(limit.scope, acceptance) for acceptance in acceptances for limit in acceptance.limits}
    for number in sorted(_number_of(name) for name in names):
        await connection.execute(select(func.pg_advisory_xact_lock(number)))


def _counted_as(scope: Scope, acceptance: Acceptance) -> str:
    origin = acceptance.origin
    match scope:
        case Scope.BOT:
            return "bot"
        case Scope.GUILD:
            return f"guild {origin.guild_id}"
        case _:
            return f"member {origin.guild_id} {origin.requester_id}"


def _number_of(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), signed=True)

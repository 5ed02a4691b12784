"""Made-up generations with the ledger that each would have, written by the store's own functions."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.figures import Figures, Outcome
from bot.domain.generation import Generation, Origin, State
from bot.domain.ledger import Amounts, Entry, hold, refund, release, settle
from bot.domain.request import Operation, Request
from bot.store import generations, ledger
from bot.store.database import Database
from bot.store.tables import members

NOW = datetime(2026, 3, 31, 18, 0, tzinfo=UTC)
GUILD = 7_001
FIRST_MEMBER = 90_000_000_000_001_000
NAMES = ("ada", "=HYPERLINK(1)", None, "王小明", "ada")

_numbers = itertools.count(1)
_STATES = {
    Outcome.SUCCEEDED: State.SUCCEEDED,
    Outcome.REFUNDED: State.SUCCEEDED,
    Outcome.FAILED: State.FAILED,
    Outcome.CANCELLED: State.CANCELLED,
    Outcome.EXPIRED: State.EXPIRED,
    Outcome.OPEN: State.RUNNING,
    Outcome.UNCONFIRMED: State.UNCONFIRMED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """One generation: who asked for what, and what became of it."""

    outcome: Outcome = Outcome.SUCCEEDED
    at: datetime = NOW - timedelta(hours=3)
    took: timedelta = timedelta(seconds=90)
    member: int = 0
    model: str = "veo3.1-fast"
    operation: Operation = Operation.TEXT
    channel_id: int = 8_001
    guild_id: int | None = GUILD
    seconds: int = 8
    micros: int | None = 400_000

    @property
    def figures(self) -> Figures:
        """What it adds to a report."""
        is_made = self.outcome is Outcome.SUCCEEDED
        return Figures(
            requested=1,
            succeeded=int(is_made),
            refunded=int(self.outcome is Outcome.REFUNDED),
            failed=int(self.outcome in {Outcome.FAILED, Outcome.CANCELLED, Outcome.EXPIRED}),
            open=int(self.outcome in {Outcome.OPEN, Outcome.UNCONFIRMED}),
            seconds=self.seconds if is_made else 0,
            micros=(self.micros or 0) if is_made else 0,
            unpriced=int(is_made and self.micros is None),
        )


async def write(database: Database, *lives: Life) -> list[Generation]:
    """Store generations with all of their entries, in the order of their acceptance."""
    ordered = sorted(lives, key=lambda life: life.at)
    made = [_generation(life, next(_numbers)) for life in ordered]
    entries = [(each, entry) for each, life in zip(made, ordered, strict=True) for entry in entries_of(each, life)]

    async def work(connection: AsyncConnection) -> None:
        await _write_members(connection, sorted({life.member for life in lives}))
        if made:
            await generations.add(connection, *made)
        await ledger.add(connection, entries)

    await database.write(work)
    return made


def entries_of(generation: Generation, life: Life) -> Sequence[Entry]:
    """What the ledger has of a life; held is more than charged, as estimates are."""
    held = hold(generation.id, Amounts(seconds=life.seconds + 2, micros=life.micros), life.at)
    end = life.at + life.took
    if life.outcome in {Outcome.OPEN, Outcome.UNCONFIRMED}:
        return (held,)
    if life.outcome not in {Outcome.SUCCEEDED, Outcome.REFUNDED}:
        return (held, release(held, end))
    released, charged = settle(held, Amounts(seconds=life.seconds, micros=life.micros), end)
    given_back = (refund(charged, end + timedelta(hours=1)),) if life.outcome is Outcome.REFUNDED else ()
    return (held, released, charged, *given_back)


async def _write_members(connection: AsyncConnection, numbers: Sequence[int]) -> None:
    known = set((await connection.execute(select(members.c.key))).scalars())
    new = [
        {"key": f"m{number}", "user_id": FIRST_MEMBER + number, "name": NAMES[number % len(NAMES)]}
        for number in numbers
        if f"m{number}" not in known
    ]
    if new:
        await connection.execute(insert(members), new)


def _generation(life: Life, number: int) -> Generation:
    origin = Origin(
        interaction_id=number,
        interaction_token="",
        guild_id=life.guild_id,
        channel_id=life.channel_id,
        requester_id=FIRST_MEMBER + life.member,
        locale="en-GB",
        in_thread=False,
        upload_limit=1,
    )
    return Generation(
        id=f"g{number:06}",
        member_key=f"m{life.member}",
        request=Request(operation=life.operation, model=life.model, prompt="a lighthouse"),
        origin=origin,
        amounts=Amounts(seconds=life.seconds, micros=life.micros),
        state=_STATES[life.outcome],
        provider="tokenlab",
        accepted_at=life.at,
        state_at=life.at + life.took,
        due_at=None,
    )

"""Generations to store: made up, all alike but for what a test asks for."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.domain.change import Acceptance, Change
from bot.domain.generation import Generation, Origin, State
from bot.domain.ledger import Amounts, release, settle
from bot.domain.limits import Limit
from bot.domain.request import Input, InputRole, Operation, Options, Request
from bot.store.store import Store

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
LEASE = timedelta(seconds=30)
GUILD = 7_001
MEMBER = 9_001
SECOND = timedelta(seconds=1)

_numbers = itertools.count(1)

REQUEST = Request(
    operation=Operation.IMAGE,
    model="veo3.1-fast",
    prompt="a lighthouse, \N{VIDEO CAMERA}",
    inputs=(
        Input(
            role=InputRole.IMAGE,
            attachment_id=2**62,
            filename="tower.png",
            content_type="image/png",
            size=1_000,
            url="https://cdn.example/tower.png",
        ),
    ),
    options=Options(duration=8, sound=False, cfg_scale=0.5),
)


def origin(member: int = MEMBER, guild: int | None = GUILD) -> Origin:
    """A new interaction of a member in a guild."""
    return Origin(
        interaction_id=next(_numbers),
        interaction_token="token",
        guild_id=guild,
        channel_id=8_001,
        requester_id=member,
        locale="en-GB",
        in_thread=False,
        upload_limit=10 * 1024 * 1024,
    )


def acceptance(
    *limits: Limit, of: Origin | None = None, now: datetime = NOW, amounts: Amounts | None = None
) -> Acceptance:
    """A new request, due at once."""
    return Acceptance(
        id=f"g{next(_numbers):06}",
        request=REQUEST,
        origin=of or origin(),
        amounts=amounts or Amounts(seconds=8, micros=400_000),
        provider="tokenlab",
        now=now,
        due_at=now,
        defaults=limits,
        warnings=("duration",),
    )


async def accepted(store: Store, *limits: Limit, of: Origin | None = None, now: datetime = NOW) -> Generation:
    """An accepted generation."""
    return await store.generations.accept(acceptance(*limits, of=of, now=now))


async def claimed(store: Store, of: Origin | None = None, **changes: object) -> Generation:
    """An accepted generation under a lease, moved on to running with a task, then changed further."""
    generation = await accepted(store, of=of)
    await store.generations.claim(NOW, LEASE, 100)
    here = replace(generation, lease_token=1)
    for state in (State.SUBMITTING, State.RUNNING):
        facts = {"task_id": f"task-{here.id}", **changes} if state is State.RUNNING else {}
        moved = here.move(state, NOW, submitted_at=NOW, **facts)
        here = await store.generations.save(Change(before=here, after=moved, keeps_lease=True))
    return here


async def ended(store: Store, generation: Generation, state: State, now: datetime = NOW) -> Change:
    """The change that ends a running generation and settles its hold."""
    held = await store.generations.hold_of(generation.id)
    assert held is not None
    entries = settle(held, held.amounts, now) if state is State.SUCCEEDED else (release(held, now),)
    return Change(before=generation, after=generation.move(state, now), entries=entries)

"""Claiming: due rows, longest due first, to one claimer at a time."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text, update
from structlog.testing import capture_logs

from bot.domain.change import Room
from bot.domain.generation import Generation, MessageRef, Reason, State, StepKind
from bot.store import tables
from bot.store.database import Database
from bot.store.store import Store
from tests.store.samples import LEASE, NOW, SECOND, accepted, claimed, ended

CARD = MessageRef(channel_id=8_001, message_id=55)


async def again(store: Store, generation: Generation) -> Generation:
    found = await store.generations.get(generation.id)
    assert found is not None
    return found


async def test_a_claim_takes_due_rows_longest_due_first(store: Store) -> None:
    later, sooner, never = [await accepted(store, now=NOW + offset * SECOND) for offset in (2, 1, 3)]
    taken = await store.generations.claim(NOW + 2 * SECOND, LEASE, 10)
    assert [each.id for each in taken] == [sooner.id, later.id]
    assert [each.lease_token for each in taken] == [1, 1]
    assert (await again(store, never)).lease_token == 0


async def test_a_claim_takes_no_more_than_asked_for(store: Store) -> None:
    for _ in range(3):
        await accepted(store)
    assert len(await store.generations.claim(NOW, LEASE, 2)) == 2
    assert len(await store.generations.claim(NOW, LEASE, 2)) == 1


async def test_a_claim_takes_of_each_kind_as_far_as_there_is_room(store: Store) -> None:
    told = [await ended(store, await claimed(store), State.FAILED) for _ in range(5)]
    for change in told:
        await store.generations.save(change)
    asked = [await accepted(store, now=NOW + SECOND) for _ in range(5)]
    running = [await claimed(store, due_at=NOW + 2 * SECOND) for _ in range(5)]
    await store.generations.release_leases()
    taken = await store.generations.claim(NOW + 3 * SECOND, LEASE, Room(steps=9, waiting=6, deliveries=2))
    assert [each.state for each in taken] == 2 * [State.FAILED] + 4 * [State.ACCEPTED] + 3 * [State.RUNNING]
    left = await store.generations.claim(NOW + 3 * SECOND, LEASE, Room(steps=9, waiting=0, deliveries=0))
    assert {each.state for each in left} == {State.RUNNING}
    assert len(left) == len(running) - 3
    assert len(await store.generations.claim(NOW + 3 * SECOND, LEASE, 99)) == len(asked) - 4 + len(told) - 2


async def test_no_row_is_given_to_two_claimers(store: Store, url: str) -> None:
    database = Database(url)
    await database.open()
    others = Store(database)
    ids = {(await accepted(store)).id for _ in range(30)}
    claims = [each.generations.claim(NOW, LEASE, 4) for each in (store, others) * 8]
    taken = [generation.id for claim in await asyncio.gather(*claims) for generation in claim]
    while more := await store.generations.claim(NOW, LEASE, 4):  # rows skipped because another claim had them locked
        taken += [generation.id for generation in more]
    await database.close()
    assert sorted(taken) == sorted(ids)


async def test_a_lease_that_ran_out_can_be_claimed_with_a_new_token(store: Store) -> None:
    await accepted(store)
    assert [each.lease_token for each in await store.generations.claim(NOW, LEASE, 1)] == [1]
    assert await store.generations.claim(NOW + LEASE - SECOND, LEASE, 1) == []
    assert [each.lease_token for each in await store.generations.claim(NOW + LEASE, LEASE, 1)] == [2]


async def test_a_lease_can_be_extended_while_it_is_ours(store: Store) -> None:
    await accepted(store)
    (ours,) = await store.generations.claim(NOW, LEASE, 1)
    assert await store.generations.extend_lease(ours, NOW + 3 * LEASE)
    assert await store.generations.claim(NOW + 2 * LEASE, LEASE, 1) == []
    assert len(await store.generations.claim(NOW + 3 * LEASE, LEASE, 1)) == 1
    assert not await store.generations.extend_lease(ours, NOW + 9 * LEASE)


async def test_released_leases_can_be_claimed_at_once(store: Store) -> None:
    for _ in range(2):
        await accepted(store)
    (ours, _) = await store.generations.claim(NOW, LEASE, 2)
    assert await store.generations.release_leases() == 2
    assert await store.generations.release_leases() == 0
    assert not await store.generations.extend_lease(ours, NOW + LEASE)
    assert len(await store.generations.claim(NOW, LEASE, 2)) == 2


@pytest.mark.parametrize(("column", "value"), [("request", '{"operation": "mind-reading"}'), ("state", "dreaming")])
async def test_an_unreadable_row_keeps_no_other_from_being_claimed(
    store: Store, database: Database, column: str, value: str
) -> None:
    bad, good = await accepted(store), await accepted(store)
    statement = update(tables.generations).where(tables.generations.c.id == bad.id).values({column: value})
    await database.write(lambda connection: connection.execute(statement))
    with capture_logs() as logs:
        assert [each.id for each in await store.generations.claim(NOW, LEASE, 10)] == [good.id]
    assert [(line["event"], line["generation"]) for line in logs] == [("generation_unreadable", bad.id)]
    assert await store.generations.claim(NOW + 2 * LEASE, LEASE, 10) != []
    assert await store.generations.next_due() is None


async def test_deferred_rows_are_free_again_and_due_when_said(store: Store) -> None:
    ids = [(await accepted(store)).id for _ in range(3)]
    taken = await store.generations.claim(NOW, LEASE, 3)
    due = NOW + 5 * SECOND
    await store.generations.defer(
        [each.evolve(due_at=due, polled_at=NOW, poll_failures=2, progress=40, detail="unwritten") for each in taken]
    )
    await store.generations.defer([])
    assert await store.generations.claim(due - SECOND, LEASE, 3) == []
    back = await store.generations.claim(due, LEASE, 3)
    assert sorted(each.id for each in back) == sorted(ids)
    assert {(each.polled_at, each.poll_failures, each.progress, each.detail) for each in back} == {(NOW, 2, 40, None)}


async def test_deferring_leaves_alone_what_another_claimed_since(store: Store) -> None:
    await accepted(store)
    (stale,) = await store.generations.claim(NOW, LEASE, 1)
    (ours,) = await store.generations.claim(NOW + LEASE, LEASE, 1)
    await store.generations.defer([stale.evolve(due_at=NOW + timedelta(days=1), progress=99)])
    assert await again(store, ours) == ours


async def test_a_row_that_was_to_be_cancelled_meanwhile_stays_due_when_deferred(store: Store) -> None:
    running = await claimed(store)
    await store.generations.request_cancel(running.id, Reason.BY_REQUESTER, NOW + SECOND)
    await store.generations.defer([running.evolve(due_at=NOW + timedelta(hours=1))])
    assert (await again(store, running)).due_at == NOW + SECOND
    assert len(await store.generations.claim(NOW + SECOND, LEASE, 1)) == 1


async def test_a_card_makes_an_accepted_row_due(store: Store) -> None:
    generation = await accepted(store, now=NOW + timedelta(minutes=1))
    with_card = await store.generations.attach_card(generation.id, CARD, NOW)
    assert with_card == generation.evolve(card=CARD, due_at=NOW)
    assert await store.generations.next_due() == NOW


async def test_the_first_card_stays(store: Store) -> None:
    generation = await accepted(store)
    await store.generations.attach_card(generation.id, CARD, NOW)
    second = await store.generations.attach_card(generation.id, MessageRef(channel_id=1, message_id=1), NOW + SECOND)
    assert second is not None
    assert (second.card, second.due_at) == (CARD, NOW)


async def test_a_card_does_not_hurry_a_row_that_is_worked_on(store: Store) -> None:
    running = await claimed(store, due_at=NOW + timedelta(minutes=1))
    assert await store.generations.attach_card(running.id, CARD, NOW) == running.evolve(card=CARD)


async def test_there_is_no_card_for_a_row_that_is_gone(store: Store) -> None:
    assert await store.generations.attach_card("nowhere", CARD, NOW) is None


async def test_the_next_due_row_is_the_earliest_that_nobody_holds(store: Store) -> None:
    assert await store.generations.next_due() is None
    for offset in (2, 1):
        await accepted(store, now=NOW + offset * SECOND)
    assert await store.generations.next_due() == NOW + SECOND
    await store.generations.claim(NOW + SECOND, LEASE, 1)
    assert await store.generations.next_due() == NOW + 2 * SECOND


async def test_the_next_due_row_is_looked_for_among_the_kinds_asked_for(store: Store) -> None:
    await claimed(store, due_at=NOW + SECOND)
    await accepted(store)
    await store.generations.release_leases()
    kinds_asked_for: tuple[list[StepKind], ...] = ([], [StepKind.POLL], [StepKind.DELIVERY], list(StepKind))
    found = [await store.generations.next_due(kinds) for kinds in kinds_asked_for]
    assert found == [None, NOW + SECOND, None, NOW]


@pytest.mark.parametrize(
    ("url", "value"),
    [
        ("sqlite", "'garbage'"),
        ("sqlite", "1.5"),
        *((kind, f"{sign}9000000000000000000") for kind in ("sqlite", "postgresql") for sign in ("", "-")),
    ],
    indirect=["url"],
)
async def test_a_due_time_that_is_no_instant_hides_no_other(store: Store, database: Database, value: str) -> None:
    spoilt = await accepted(store)
    running = await claimed(store)
    await store.generations.defer([running.evolve(due_at=NOW + SECOND)])
    await store.generations.release_leases()
    statement = text(f"UPDATE generations SET due_at = {value} WHERE id = :id")  # noqa: S608 - a test's own words
    await database.write(lambda connection: connection.execute(statement, {"id": spoilt.id}))
    assert await store.generations.next_due() == NOW + SECOND
    assert [each.id for each in await store.generations.claim(NOW + SECOND, LEASE, 10)] == [running.id]


async def test_a_row_stays_due_when_its_claimer_is_gone(store: Store) -> None:
    generation = await accepted(store)
    await store.generations.claim(NOW, LEASE, 1)
    await store.generations.release_leases()
    found = await again(store, generation)
    assert (found.state, found.due_at, found.lease_token) == (State.ACCEPTED, NOW, 1)

"""Saving: only by who holds the row, whole or not at all, each caller for itself."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import IntegrityError

from bot.domain.change import AuditRecord, Change, LeaseLostError, TaskTakenError
from bot.domain.errors import GenerationUnknown, Rejection
from bot.domain.generation import Generation, MessageRef, Reason, State
from bot.domain.ledger import Amounts, release, settle
from bot.domain.limits import Window
from bot.store import tables
from bot.store.database import Database
from bot.store.store import Store
from tests.store.samples import GUILD, LEASE, MEMBER, NOW, SECOND, acceptance, accepted, claimed, ended

CARD = MessageRef(channel_id=8_001, message_id=55)


async def count_of(database: Database, table: str) -> int:
    rows = await database.read(lambda connection: connection.execute(select(tables.metadata.tables[table].c.id)))
    return len(rows.all())


async def test_a_saved_generation_reads_back_with_every_change(store: Store) -> None:
    running = await claimed(store)
    after = running.evolve(
        due_at=NOW + SECOND, reason=Reason.BUSY, detail="no room", task_id="t1", poll_url="https://provider.example/t1",
        submitted_at=NOW, polled_at=NOW, poll_failures=3, progress=70, results=("https://a.example/1", "https://b"),
        billing_transaction_id="b1", cancel_requested=Reason.BY_MODERATOR, card=CARD, thread_id=4, thread_refused=True,
        kept_inputs=(2**62, 1), inputs_checked=True, deadline_told=True, told=State.UNCONFIRMED, told_as=CARD,
        told_at=NOW, telling_since=NOW, telling_failures=2, warnings=("fps",), attempt=2,
    )  # fmt: skip
    assert await store.generations.save(Change(before=running, after=after)) == after
    assert await store.generations.get(running.id) == after


async def test_a_lease_ends_with_the_write_unless_it_is_kept(store: Store) -> None:
    running = await claimed(store)
    kept = await store.generations.save(Change(before=running, after=running.evolve(progress=1), keeps_lease=True))
    assert await store.generations.claim(NOW, LEASE, 1) == []
    await store.generations.save(Change(before=kept, after=kept.evolve(progress=2)))
    assert len(await store.generations.claim(NOW, LEASE, 1)) == 1


async def test_an_old_token_writes_nothing(store: Store, database: Database) -> None:
    stale = await claimed(store)
    (ours,) = await store.generations.claim(NOW + LEASE, LEASE, 1)
    change = replace(await ended(store, stale, State.SUCCEEDED), audit=(AuditRecord(at=NOW, action="late"),))
    with pytest.raises(LeaseLostError):
        await store.generations.save(change)
    assert await store.generations.get(ours.id) == ours
    assert await count_of(database, "ledger") == 1
    assert await count_of(database, "audit") == 0


async def test_the_same_change_is_written_once(store: Store, database: Database) -> None:
    change = await ended(store, await claimed(store), State.FAILED)
    outcomes = await asyncio.gather(*(store.generations.save(change) for _ in range(4)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Generation, *[LeaseLostError] * 3]
    assert await count_of(database, "ledger") == 2


async def test_two_changes_of_one_row_in_one_batch_follow_each_other(store: Store) -> None:
    running = await claimed(store)
    first = Change(before=running, after=running.evolve(progress=10), keeps_lease=True)
    second = Change(before=running, after=running.evolve(polled_at=NOW))
    await asyncio.gather(store.generations.save(first), store.generations.save(second))
    assert await store.generations.get(running.id) == running.evolve(progress=10, polled_at=NOW)


async def test_a_row_that_is_gone_is_lost(store: Store) -> None:
    running = await claimed(store)
    gone = replace(running, id="nowhere")
    with pytest.raises(LeaseLostError):
        await store.generations.save(Change(before=gone, after=gone.evolve(progress=1)))


async def test_one_that_fails_does_not_fail_the_others_of_its_batch(store: Store) -> None:
    for _ in range(8):
        await accepted(store)
    taken = await store.generations.claim(NOW, LEASE, 8)
    held = await store.generations.hold_of(taken[0].id)
    assert held is not None
    changes = [await ended(store, each.evolve(state=State.ACCEPTED), State.FAILED) for each in taken]
    changes[2] = replace(changes[2], before=replace(changes[2].before, lease_token=7))  # somebody else's
    changes[3] = replace(changes[3], entries=changes[3].entries * 2)  # released twice
    changes[5] = replace(changes[5], after=replace(changes[5].after, member_key="x"))  # a mistake of the program
    outcomes = await asyncio.gather(*map(store.generations.save, changes), return_exceptions=True)
    kinds = [type(outcome) for outcome in outcomes]
    assert [kinds.pop(5), kinds.pop(3), kinds.pop(2)] == [ValueError, IntegrityError, LeaseLostError]
    assert kinds == [Generation] * 5
    for number, each in enumerate(taken):
        found = await store.generations.get(each.id)
        assert found is not None
        assert found.state is (State.ACCEPTED if number in {2, 3, 5} else State.FAILED)


async def test_two_generations_cannot_have_one_task(store: Store) -> None:
    for _ in range(2):
        await accepted(store)
    first, second = await store.generations.claim(NOW, LEASE, 2)
    await store.generations.save(Change(before=first, after=first.evolve(task_id="t1")))
    with pytest.raises(TaskTakenError):
        await store.generations.save(Change(before=second, after=second.evolve(task_id="t1")))
    assert await store.generations.get(second.id) == second


async def test_settling_charges_the_real_figures_and_frees_the_hold(store: Store) -> None:
    running = await claimed(store)
    held = await store.generations.hold_of(running.id)
    assert held is not None
    entries = settle(held, Amounts(seconds=5, micros=123_456), NOW)
    await store.generations.save(Change(before=running, after=running.move(State.SUCCEEDED, NOW), entries=entries))
    used = await store.generations.used_amounts(MEMBER, GUILD, Window.DAY, NOW)
    assert used == Amounts(generations=1, seconds=5, micros=123_456)


async def test_the_audit_rides_along(store: Store, database: Database) -> None:
    running = await claimed(store)
    record = AuditRecord(
        at=NOW, action="cancel", guild_id=GUILD, actor_key=running.member_key, generation_id=running.id, why="spam"
    )
    await store.generations.save(Change(before=running, after=running.evolve(progress=1), audit=(record,)))
    rows = await database.read(lambda connection: connection.execute(select(tables.audit)))
    (row,) = rows.mappings()
    assert (row["at"], row["action"], row["actor_key"], row["why"]) == (NOW, "cancel", running.member_key, "spam")


async def test_a_card_that_came_meanwhile_stays(store: Store) -> None:
    running = await claimed(store)
    await store.generations.attach_card(running.id, CARD, NOW)
    saved = await store.generations.save(Change(before=running, after=running.evolve(progress=5)))
    assert (saved.card, saved.progress) == (CARD, 5)
    ours = running.evolve(card=MessageRef(channel_id=1, message_id=1))
    assert (await store.generations.save(Change(before=running, after=ours))).card == CARD


async def test_a_wish_to_cancel_that_came_meanwhile_stays_and_keeps_the_row_due(store: Store) -> None:
    running = await claimed(store)
    await store.generations.request_cancel(running.id, Reason.BY_REQUESTER, NOW + SECOND)
    after = running.evolve(due_at=NOW + timedelta(hours=1), progress=5)
    saved = await store.generations.save(Change(before=running, after=after))
    assert saved == running.evolve(due_at=NOW + SECOND, progress=5, cancel_requested=Reason.BY_REQUESTER)
    assert await store.generations.get(running.id) == saved


async def test_the_first_wish_to_cancel_stays(store: Store) -> None:
    running = await claimed(store)
    await store.generations.request_cancel(running.id, Reason.BY_MODERATOR, NOW)
    found = await store.generations.request_cancel(running.id, Reason.BY_REQUESTER, NOW + SECOND)
    assert (found.cancel_requested, found.due_at) == (Reason.BY_MODERATOR, NOW + SECOND)


async def test_what_has_ended_is_not_cancelled(store: Store) -> None:
    change = await ended(store, await claimed(store), State.SUCCEEDED)
    saved = await store.generations.save(change)
    assert await store.generations.request_cancel(saved.id, Reason.BY_REQUESTER, NOW + SECOND) == saved


async def test_what_is_not_there_cannot_be_cancelled(store: Store) -> None:
    with pytest.raises(Rejection) as caught:
        await store.generations.request_cancel("nowhere", Reason.BY_REQUESTER, NOW)
    assert caught.value.problem == GenerationUnknown("nowhere")


async def test_words_from_outside_that_no_database_takes_are_mended(store: Store) -> None:
    running = await claimed(store)
    await store.generations.save(Change(before=running, after=running.evolve(detail="half \ud83c, nothing \0.")))
    found = await store.generations.get(running.id)
    assert found is not None
    assert found.detail == "half ?, nothing ."


async def test_a_caller_that_is_cancelled_does_not_take_back_what_it_began(store: Store, database: Database) -> None:
    running = await claimed(store)
    held = await store.generations.hold_of(running.id)
    assert held is not None
    change = Change(before=running, after=running.move(State.FAILED, NOW), entries=(release(held, NOW),))
    began = asyncio.Event()
    event.listen(database._writer.sync_engine, "begin", lambda _connection: began.set())
    saving = asyncio.create_task(store.generations.save(change))
    accepting = asyncio.create_task(store.generations.accept(acceptance()))
    await began.wait()
    saving.cancel()
    assert (await accepting).state is State.ACCEPTED
    await asyncio.gather(*database._running)
    found = await store.generations.get(running.id)
    assert found is not None
    assert found.state is State.FAILED
    assert await count_of(database, "ledger") == 3

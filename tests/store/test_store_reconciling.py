"""Rows that are not as they should be: each is found for what it is, and only those are touched."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, text

from bot.domain.change import Change
from bot.domain.findings import Finding, FindingKind
from bot.domain.generation import Generation, State
from bot.domain.ledger import EntryKind, release
from bot.store import generations, ledger, tables
from bot.store.database import Database
from bot.store.store import Store
from bot.work.outage import LONGEST_HOLD, SPREAD
from bot.work.telling import CARD_PATIENCE
from bot.work.worker import TRIPPED_PAUSE_LONGEST
from tests.store.samples import LEASE, NOW, SECOND, accepted, claimed, ended

DAY = timedelta(days=1)
LATER = NOW + 2 * LEASE
NO_INSTANTS = [
    ("sqlite", "'garbage'"),
    ("sqlite", "9000000000000000000"),
    ("postgresql", "9000000000000000000"),
]


async def spoil(database: Database, generation: Generation, assignment: str) -> None:
    """What no version of the bot would write."""
    statement = text(f"UPDATE generations SET {assignment} WHERE id = :id")  # noqa: S608 - a test's own words
    await database.write(lambda connection: connection.execute(statement, {"id": generation.id}))


def micros(instant: datetime) -> int:
    return int(instant.timestamp() * 1_000_000)


async def kinds(store: Store) -> dict[str, FindingKind]:
    found = [*await store.reconciling.of_ledger(), *await store.reconciling.of_progress(LATER, LATER - DAY)]
    assert len({finding.generation_id for finding in found}) == len(found)
    return {finding.generation_id: finding.kind for finding in found}


async def ended_without_entries(store: Store, state: State) -> Generation:
    running = await claimed(store)
    after = running.move(state, NOW, told=state, due_at=None)
    return await store.generations.save(Change(before=running, after=after))


async def entries_of(database: Database, generation: Generation) -> list[tuple[EntryKind, int | None]]:
    found = await database.read(lambda connection: ledger.entries_of(connection, generation.id))
    return [(entry.kind, entry.amounts.micros) for entry in found]


async def test_nothing_is_found_where_all_is_as_it_should_be(store: Store) -> None:
    await accepted(store)
    await claimed(store)
    for state in (State.SUCCEEDED, State.FAILED):
        await store.generations.save(await ended(store, await claimed(store), state))
    assert await kinds(store) == {}


async def test_what_is_in_hand_is_not_stuck_until_its_lease_is_over(store: Store) -> None:
    running = await claimed(store, due_at=None)
    assert await store.reconciling.of_progress(NOW, NOW - DAY) == []
    assert await kinds(store) == {running.id: FindingKind.STUCK}


async def test_a_hold_that_outlived_its_generation_is_found_and_closed_once(store: Store, database: Database) -> None:
    failed = await ended_without_entries(store, State.FAILED)
    assert await kinds(store) == {failed.id: FindingKind.OPEN_HOLD}
    (entry,) = await store.reconciling.settle(failed.id, LATER)
    held = await store.generations.hold_of(failed.id)
    assert held is not None
    assert entry == release(held, LATER)
    assert await store.reconciling.settle(failed.id, LATER) == ()
    assert await kinds(store) == {}
    records = (await database.read(lambda connection: connection.execute(select(tables.audit)))).mappings().all()
    assert [(row["action"], row["generation_id"], row["subject"], row["after"]) for row in records] == [
        ("settle_missing", failed.id, f"member:{failed.member_key}", "release")
    ]


async def test_a_success_without_its_settlement_is_charged_as_well(store: Store, database: Database) -> None:
    succeeded = await ended_without_entries(store, State.SUCCEEDED)
    assert await kinds(store) == {succeeded.id: FindingKind.OPEN_HOLD}
    await store.reconciling.settle(succeeded.id, LATER)
    assert await entries_of(database, succeeded) == [
        (EntryKind.HOLD, 400_000),
        (EntryKind.RELEASE, 400_000),
        (EntryKind.CHARGE, 400_000),
    ]
    assert await kinds(store) == {}


async def test_a_success_that_lacks_only_its_charge_gets_only_that(store: Store, database: Database) -> None:
    running = await claimed(store)
    held = await store.generations.hold_of(running.id)
    assert held is not None
    after = running.move(State.SUCCEEDED, NOW)
    await store.generations.save(Change(before=running, after=after, entries=(release(held, NOW),)))
    assert await kinds(store) == {running.id: FindingKind.UNSETTLED}
    assert [entry.kind for entry in await store.reconciling.settle(running.id, LATER)] == [EntryKind.CHARGE]
    assert await kinds(store) == {}
    assert len(await entries_of(database, running)) == 3


async def test_what_is_under_way_is_never_settled(store: Store, database: Database) -> None:
    running = await claimed(store)
    assert await store.reconciling.settle(running.id, LATER) == ()
    assert await store.reconciling.settle("unknown", LATER) == ()
    assert await entries_of(database, running) == [(EntryKind.HOLD, 400_000)]


async def test_only_those_unconfirmed_for_long_are_undecided(store: Store) -> None:
    waiting = await accepted(store)
    await store.generations.claim(NOW, LEASE, 10)
    here = await store.generations.get(waiting.id)
    assert here is not None
    here = await store.generations.save(Change(before=here, after=here.move(State.SUBMITTING, NOW), keeps_lease=True))
    await store.generations.save(Change(before=here, after=here.move(State.UNCONFIRMED, NOW)))
    assert await store.reconciling.of_progress(LATER, NOW) == []
    assert await store.reconciling.of_progress(LATER, NOW + SECOND) == [
        Finding(kind=FindingKind.UNDECIDED, generation_id=waiting.id, since=NOW)
    ]


@pytest.mark.parametrize("assignment", ["request = '{garbage'", "state = 'dreaming'", "results = '7'"])
async def test_a_row_that_cannot_be_read_is_put_aside_and_no_other(
    store: Store, database: Database, assignment: str
) -> None:
    spoilt, sound = await accepted(store), await accepted(store)
    await spoil(database, spoilt, assignment)
    assert [generation.id for generation in await store.generations.claim(NOW, LEASE, 10)] == [sound.id]
    assert await store.generations.claim(LATER, LEASE, 10) != []
    assert await kinds(store) == {spoilt.id: FindingKind.QUARANTINED}


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "assignment",
    [
        *(f"{name} = 'many'" for name in ("requester_id", "generations", "seconds", "micros", "poll_failures")),
        "channel_id = 'here', thread_id = NULL",
        "thread_id = 'there'",
        "upload_limit = 0.5",
        "model = x'00'",
        "task_id = CAST(x'ff00fe' AS TEXT)",
        "reason = CAST(x'ff' AS TEXT)",
    ],
)
async def test_a_row_with_a_value_of_another_type_is_put_aside_and_no_other(
    store: Store, database: Database, assignment: str
) -> None:
    spoilt, sound = await accepted(store), await accepted(store)
    await spoil(database, spoilt, assignment)
    assert [generation.id for generation in await store.generations.claim(NOW, LEASE, 10)] == [sound.id]
    await store.generations.release_leases()
    assert await kinds(store) == {spoilt.id: FindingKind.QUARANTINED}


async def test_what_was_told_as_an_end_that_it_has_not_come_to_is_put_aside(store: Store, database: Database) -> None:
    spoilt, sound = await accepted(store), await accepted(store)
    await spoil(database, spoilt, "told = 'succeeded'")
    assert [generation.id for generation in await store.generations.claim(NOW, LEASE, 10)] == [sound.id]
    await store.generations.release_leases()
    assert await kinds(store) == {spoilt.id: FindingKind.QUARANTINED}


@pytest.mark.parametrize("assignment", ["generations = -1", "seconds = -1", "micros = -1"])
async def test_what_holds_less_than_nothing_is_found_while_it_is_under_way(
    store: Store, database: Database, assignment: str
) -> None:
    spoilt, _ = await claimed(store), await accepted(store)
    await spoil(database, spoilt, assignment)
    assert await kinds(store) == {spoilt.id: FindingKind.QUARANTINED}


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE generations SET member_key = 'nobody' WHERE id = :id",
        "UPDATE ledger SET seconds = -1 WHERE generation_id = :id",
        "UPDATE ledger SET micros = 'much' WHERE generation_id = :id",
        "UPDATE ledger SET held_at = 'then' WHERE generation_id = :id",
        (
            "INSERT INTO ledger SELECT NULL, generation_id, 'release', 'hold', generations, seconds, micros, at, "
            "held_at, member_key, guild_id, channel_id, model, operation FROM ledger WHERE generation_id = :id"
        ),
    ],
)
async def test_what_could_never_be_settled_is_found_while_it_is_under_way(
    store: Store, url: str, statement: str
) -> None:
    spoilt, _ = await claimed(store), await accepted(store)
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute("DROP TRIGGER ledger_no_update")
        connection.execute(statement, {"id": spoilt.id})
    assert await store.reconciling.of_progress(NOW, NOW - DAY) == [
        Finding(kind=FindingKind.QUARANTINED, generation_id=spoilt.id, since=NOW)
    ]
    assert not await store.reconciling.put_aside(spoilt.id)


async def test_what_runs_without_a_task_is_put_aside(store: Store, database: Database) -> None:
    running = await claimed(store)
    await spoil(database, running, "task_id = NULL, poll_url = NULL, lease_until = NULL")
    assert await store.generations.claim(NOW, LEASE, 10) == []
    assert await kinds(store) == {running.id: FindingKind.QUARANTINED}


async def test_an_end_that_nobody_would_tell_is_made_due_again(store: Store, database: Database) -> None:
    await store.generations.save(await ended(store, await claimed(store), State.FAILED))
    (failed,) = await store.generations.claim(NOW, LEASE, 1)
    await spoil(database, failed, "due_at = NULL, lease_until = NULL")
    assert await kinds(store) == {failed.id: FindingKind.UNTOLD}
    assert await store.reconciling.wake(failed.id, LATER)
    assert not await store.reconciling.wake(failed.id, LATER)
    assert await kinds(store) == {}
    assert [generation.id for generation in await store.generations.claim(LATER, LEASE, 10)] == [failed.id]


async def test_what_is_told_or_held_is_not_woken(store: Store) -> None:
    told = await ended_without_entries(store, State.FAILED)
    in_hand = await claimed(store, due_at=None)
    assert not await store.reconciling.wake(told.id, NOW)
    assert not await store.reconciling.wake(in_hand.id, NOW)


async def test_a_generation_without_a_hold_is_found_and_nothing_made_up_for_it(
    store: Store, database: Database
) -> None:
    sound = await accepted(store)
    bare = replace(sound, id="bare", origin=replace(sound.origin, interaction_id=0), state=State.FAILED, told=None)
    await database.write(lambda connection: generations.add(connection, bare))
    assert await kinds(store) == {"bare": FindingKind.UNSETTLED}
    assert await store.reconciling.settle("bare", LATER) == ()
    assert await entries_of(database, bare) == []


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_entries_whose_generation_is_gone_are_found(store: Store, url: str) -> None:
    gone, _ = await claimed(store), await accepted(store)
    await store.generations.save(await ended(store, gone, State.SUCCEEDED))
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as connection:
        connection.execute("DELETE FROM generations WHERE id = ?", (gone.id,))  # it checks no reference unless asked to
    assert await store.reconciling.of_ledger() == [
        Finding(kind=FindingKind.ORPHANED, generation_id=gone.id, since=gone.accepted_at)
    ]
    assert await store.reconciling.settle(gone.id, LATER) == ()


@pytest.mark.parametrize("ahead", [timedelta(hours=3), timedelta(days=3650)])
@pytest.mark.parametrize("column", ["due_at", "lease_until"])
async def test_what_a_clock_that_was_ahead_put_off_goes_on(
    store: Store, database: Database, column: str, ahead: timedelta
) -> None:
    running = await claimed(store)
    await store.generations.defer([running.evolve(due_at=NOW)])
    await spoil(database, running, f"{column} = {micros(NOW + ahead)}")
    assert await kinds(store) == {running.id: FindingKind.STUCK}
    assert await store.generations.claim(LATER, LEASE, 9) == []
    assert await store.reconciling.wake(running.id, LATER)
    (again,) = await store.generations.claim(LATER, LEASE, 9)
    assert again.lease_token > running.lease_token


async def test_a_long_grace_is_not_taken_for_a_clock_that_was_ahead(store: Store, database: Database) -> None:
    running = await claimed(store)
    due = f"due_at = {micros(LATER + timedelta(days=31))}, lease_until = NULL"
    await spoil(database, running, f"state = 'unconfirmed', told = 'unconfirmed', {due}")
    assert await kinds(store) == {}


async def test_an_unconfirmed_one_that_is_not_told_yet_waits_for_no_grace(store: Store, database: Database) -> None:
    running = await claimed(store)
    due = f"due_at = {micros(LATER + timedelta(hours=3))}, lease_until = NULL"
    await spoil(database, running, f"state = 'unconfirmed', {due}")
    assert await kinds(store) == {running.id: FindingKind.STUCK}


@pytest.mark.parametrize("state", ["accepted", "running", "failed"])
async def test_the_longest_pause_of_a_step_is_not_taken_for_a_clock_that_was_ahead(
    store: Store, database: Database, state: str
) -> None:
    generation = await claimed(store)
    change = await ended(store, generation, State.FAILED)
    if state == State.FAILED:
        await store.generations.save(change)
    longest = max(LONGEST_HOLD + SPREAD, TRIPPED_PAUSE_LONGEST, CARD_PATIENCE)
    due = f"due_at = {micros(LATER + longest)}, lease_until = NULL"
    await spoil(database, generation, f"state = '{state}', {due}")
    assert await kinds(store) == {}


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_an_instant_that_is_none_puts_one_row_aside_and_no_other(store: Store, database: Database) -> None:
    damaged, sound = await accepted(store), await accepted(store)
    await spoil(database, damaged, "accepted_at = 'yesterday', state_at = 'now'")
    assert [found.id for found in await store.generations.claim(LATER, LEASE, 9)] == [sound.id]
    assert await kinds(store) == {damaged.id: FindingKind.QUARANTINED}


@pytest.mark.parametrize(("url", "value"), NO_INSTANTS, indirect=["url"])
@pytest.mark.parametrize("told", [False, True])
async def test_a_row_whose_due_time_is_no_instant_is_found_and_put_aside(
    store: Store, database: Database, value: str, *, told: bool
) -> None:
    damaged = await claimed(store)
    if told:
        change = await ended(store, damaged, State.FAILED)
        damaged = await store.generations.save(replace(change, after=change.after.evolve(told=State.FAILED)))
    await spoil(database, damaged, f"due_at = {value}, lease_until = NULL")
    assert await kinds(store) == {damaged.id: FindingKind.QUARANTINED}
    assert await store.reconciling.put_aside(damaged.id)
    assert not await store.reconciling.put_aside(damaged.id)
    found = await store.generations.get(damaged.id)
    assert found is not None
    assert found.due_at is None
    assert await kinds(store) == ({} if told else {damaged.id: FindingKind.STUCK})


async def test_what_is_due_some_time_is_never_put_aside(store: Store) -> None:
    assert not await store.reconciling.put_aside((await accepted(store)).id)
    assert await store.generations.next_due() == NOW

"""What is asked of the store: allowances, histories, durations, counts and snapshots."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.change import Change
from bot.domain.generation import State
from bot.domain.ledger import Amounts
from bot.domain.limits import Allowance, Limit, Measure, Scope, Window
from bot.domain.request import Operation
from bot.store import tables
from bot.store.database import Database
from bot.store.errors import UnreadableRowError
from bot.store.store import Store
from tests.store.samples import GUILD, MEMBER, NOW, SECOND, accepted, claimed, ended, origin

MINUTE = timedelta(minutes=1)


async def test_allowances_say_what_was_used_and_when_it_resets(store: Store) -> None:
    await accepted(store)
    limits = [
        Limit(scope=Scope.MEMBER, measure=Measure.GENERATIONS, amount=10, window=Window.HOUR),
        Limit(scope=Scope.MEMBER, measure=Measure.CONCURRENT, amount=2),
        Limit(scope=Scope.MEMBER, measure=Measure.COOLDOWN, amount=60),
        Limit(scope=Scope.GUILD, measure=Measure.SECONDS, amount=10, window=Window.WEEK),
        Limit(scope=Scope.BOT, measure=Measure.MICROS, amount=10, window=Window.MONTH),
    ]
    found = await store.generations.allowances(MEMBER, GUILD, (), limits, NOW + SECOND)
    ends = [NOW.replace(hour=13), None, NOW + MINUTE, NOW.replace(day=9, hour=0), NOW.replace(month=4, day=1, hour=0)]
    assert found == [
        Allowance(limit=limit, used=used, resets_at=end)
        for limit, used, end in zip(limits, [1, 1, 1, 8, 400_000], ends, strict=True)
    ]
    assert [allowance.remaining for allowance in found] == [9, 1, 59, 2, 0]


async def test_a_member_who_made_nothing_has_used_nothing(store: Store) -> None:
    await accepted(store, of=origin(MEMBER + 1))
    limit = Limit(scope=Scope.MEMBER, measure=Measure.COOLDOWN, amount=60)
    assert [each.remaining for each in await store.generations.allowances(MEMBER, GUILD, (), [limit], NOW)] == [0]
    none = Amounts(generations=0, seconds=0, micros=0)
    assert await store.generations.used_amounts(MEMBER, GUILD, Window.DAY, NOW) == none


async def test_used_amounts_are_those_of_the_window(store: Store) -> None:
    for now in (NOW - timedelta(days=1), NOW, NOW):
        await accepted(store, now=now)
    used = await store.generations.used_amounts(MEMBER, GUILD, Window.DAY, NOW)
    assert used == Amounts(generations=2, seconds=16, micros=800_000)


async def test_a_history_is_of_one_guild_newest_first(store: Store) -> None:
    first, second = await accepted(store), await accepted(store, now=NOW + SECOND)
    private = await accepted(store, of=origin(guild=None))
    await accepted(store, of=origin(MEMBER + 1))
    assert await store.generations.of_member(MEMBER, GUILD, 10) == [second, first]
    assert await store.generations.of_member(MEMBER, GUILD, 1) == [second]
    assert await store.generations.of_member(MEMBER, None, 10) == [private]


async def test_a_generation_is_found_by_its_id_or_its_task(store: Store) -> None:
    running = await claimed(store, task_id="t1")
    assert await store.generations.find(running.id) == running
    assert await store.generations.find("t1") == running
    assert await store.generations.find("t2") is None


async def test_the_channel_above_a_thread_is_kept(store: Store) -> None:
    inside = await accepted(store, of=replace(origin(), in_thread=True, parent_id=2**62))
    assert await store.generations.get(inside.id) == inside


async def test_a_row_that_cannot_be_read_back_says_so_without_quoting_it(store: Store, database: Database) -> None:
    generation = await accepted(store)
    await database.write(lambda connection: connection.execute(text("UPDATE generations SET request = '[\"secret\"]'")))
    with pytest.raises(UnreadableRowError) as caught:
        await store.generations.get(generation.id)
    assert "secret" not in str(caught.value)
    assert await store.generations.of_member(MEMBER, GUILD, 10) == []


async def test_usual_durations_are_sorted_seconds_of_the_finished(store: Store) -> None:
    for minutes in (3, 1, 90):
        running = await claimed(store)
        await store.generations.save(await ended(store, running, State.SUCCEEDED, NOW + minutes * MINUTE))
    await store.generations.save(await ended(store, await claimed(store), State.FAILED))
    found = await store.generations.usual_durations(NOW + 2 * MINUTE)
    assert found == {("veo3.1-fast", Operation.IMAGE): (180.0, 5_400.0)}


async def test_usual_durations_are_those_of_the_latest_however_many_there_are(store: Store, database: Database) -> None:
    running = await claimed(store)
    await store.generations.save(await ended(store, running, State.SUCCEEDED, NOW))
    await made_again(database, 1_000, model="kling-v3.0-pro")
    await made_again(database, 10)
    asked: list[tuple[str, Any]] = []
    engine = database._reader.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *call: asked.append((call[2], call[3])))
    found = await store.generations.usual_durations(NOW)
    assert found == {
        ("kling-v3.0-pro", Operation.IMAGE): tuple(float(seconds) for seconds in range(801, 1_001)),
        ("veo3.1-fast", Operation.IMAGE): tuple(float(seconds) for seconds in range(11)),
    }
    rows = [await rows_of(database, *each) for each in list(asked) if each[0].startswith("SELECT")]
    assert sum(rows) == 200 + 11 + 2, "so many rows are read, and one for each model and operation"


async def rows_of(database: Database, statement: str, parameters: Any) -> int:
    found = await database.read(lambda connection: connection.exec_driver_sql(statement, parameters))
    return len(found.all())


async def made_again(database: Database, times: int, **changes: str) -> None:
    """The first success so many times more, each taking a second longer than the one before."""
    table = tables.generations

    async def work(connection: AsyncConnection) -> None:
        row = (await connection.execute(select(table).order_by(table.c.interaction_id).limit(1))).mappings().one()
        highest = await connection.scalar(select(func.max(table.c.interaction_id))) or 0
        copies = [
            {
                **row,
                "id": f"copy{highest + number}",
                "interaction_id": highest + number,
                "task_id": None,
                "state_at": row["state_at"] + number * SECOND,
                **changes,
            }
            for number in range(1, times + 1)
        ]
        await connection.execute(insert(table), copies)

    await database.write(work)


async def test_counts_are_of_what_has_not_ended(store: Store) -> None:
    running = await claimed(store)
    change = await ended(store, running, State.FAILED)
    await store.generations.save(replace(change, after=change.after.evolve(due_at=None)))
    await accepted(store)
    unconfirmed = (await store.generations.claim(NOW, MINUTE, 2))[0]
    for state in (State.SUBMITTING, State.UNCONFIRMED):
        change = Change(before=unconfirmed, after=unconfirmed.move(state, NOW), keeps_lease=True)
        unconfirmed = await store.generations.save(change)
    await accepted(store)
    counts = await store.generations.counts()
    assert counts == {State.ACCEPTED: 1, State.SUBMITTING: 0, State.RUNNING: 0, State.UNCONFIRMED: 1}


async def test_a_snapshot_replaces_the_former_one(store: Store) -> None:
    assert await store.snapshots.load("models") is None
    await store.snapshots.keep("models", "[]", NOW)
    await store.snapshots.keep("models", "[1]", NOW + SECOND)
    assert await store.snapshots.load("models") == ("[1]", NOW + SECOND)


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_what_is_asked_often_reads_no_table_from_end_to_end(store: Store, database: Database) -> None:
    asked: list[tuple[str, object]] = []
    for engine in (database._writer, database._reader):
        event.listen(engine.sync_engine, "before_cursor_execute", lambda *call: asked.append((call[2], call[3])))
    measures = {Measure.GENERATIONS: Window.DAY, Measure.CONCURRENT: None, Measure.COOLDOWN: None}
    limits = [
        Limit(scope=scope, measure=measure, amount=9, window=measures[measure])
        for measure in measures
        for scope in Scope
    ]
    running = await accepted(store, *limits)
    await store.generations.claim(NOW, MINUTE, 5)
    await store.generations.release_leases()
    await store.generations.next_due()
    await store.generations.counts()
    await store.generations.of_member(MEMBER, GUILD, 5)
    await store.history.of_member(MEMBER, GUILD, [State.FAILED], range(7))
    await store.generations.usual_durations(NOW)
    await store.generations.save(await ended(store, await claimed(store), State.SUCCEEDED, NOW))
    await store.generations.usual_durations(NOW)
    await store.generations.find(running.id)
    await store.generations.hold_of(running.id)
    await store.generations.allowances(MEMBER, None, (), limits, NOW)
    await store.generations.budget_use(GUILD, NOW)
    plans = [await plan_of(database, *each) for each in asked if each[0].startswith(("SELECT", "UPDATE", "WITH"))]
    assert len(plans) > 20
    assert [
        plan for plan in plans if re.search(r"SCAN (generations|ledger|members)(?! USING COVERING INDEX)", plan)
    ] == []


async def plan_of(database: Database, statement: str, parameters: Any) -> str:
    rows = await database.read(
        lambda connection: connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
    )
    return f"{statement}: {rows.all()}"


async def test_old_holds_are_all_counted_however_few_are_named(store: Store) -> None:
    overview = await store.overviews.look(NOW, NOW)
    assert (overview.old_holds, overview.old_hold_count) == ((), 0)
    oldest, *_others = [await accepted(store, now=NOW - number * SECOND) for number in range(25, 0, -1)]
    await accepted(store)
    overview = await store.overviews.look(NOW, NOW)
    assert (len(overview.old_holds), overview.old_hold_count) == (20, 25)
    assert overview.old_holds[0].generation_id == oldest.id

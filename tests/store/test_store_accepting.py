"""Accepting: within the limits, once per interaction, with a hold."""

import asyncio
import contextlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.errors import Blocked, LimitReached, Paused, Problem, Rejection
from bot.domain.generation import Generation, Origin, State
from bot.domain.guild import BOT, Block
from bot.domain.ledger import hold
from bot.domain.limits import Limit, Measure, Scope, Window
from bot.domain.moderating import Action, Deed
from bot.store import accepting, limits, members
from bot.store.database import Database
from bot.store.members import Known
from bot.store.store import Store
from bot.store.totals import Totals
from bot.work.protocols import GenerationStore, SnapshotStore
from tests.store.samples import GUILD, MEMBER, NOW, SECOND, acceptance, accepted, claimed, ended, origin

DAILY = Limit(scope=Scope.MEMBER, measure=Measure.GENERATIONS, amount=3, window=Window.DAY)
AT_ONCE = Limit(scope=Scope.MEMBER, measure=Measure.CONCURRENT, amount=3)
SECONDS = Limit(scope=Scope.MEMBER, measure=Measure.SECONDS, amount=8, window=Window.DAY)


async def put(database: Database, guild_id: int, limit: Limit) -> int | None:
    return await database.write(lambda connection: limits.put(connection, guild_id, limit))


def as_asked_for(store: Store) -> tuple[GenerationStore, SnapshotStore]:
    return store.generations, store.snapshots


async def reached(store: Store, limit: Limit, **facts: Any) -> LimitReached:
    with pytest.raises(Rejection) as caught:
        await store.generations.accept(replace(acceptance(limit), **facts))
    assert isinstance(caught.value.problem, LimitReached)
    return caught.value.problem


def test_the_store_is_what_the_work_asks_for(store: Store) -> None:
    assert as_asked_for(store) == (store.generations, store.snapshots)


async def test_an_accepted_generation_reads_back_as_it_was(store: Store) -> None:
    generation = await accepted(store)
    assert generation.state is State.ACCEPTED
    assert len(generation.member_key) >= 20
    assert await store.generations.get(generation.id) == generation


async def test_accepting_holds_what_was_asked_for(store: Store) -> None:
    generation = await accepted(store)
    assert await store.generations.hold_of(generation.id) == hold(generation.id, generation.amounts, NOW)


async def test_a_member_keeps_the_same_key_in_every_guild(store: Store) -> None:
    first, second = await accepted(store), await accepted(store, of=origin(guild=GUILD + 1))
    assert first.member_key == second.member_key
    assert (await accepted(store, of=origin(MEMBER + 1))).member_key != first.member_key


MONEY = Limit(scope=Scope.MEMBER, measure=Measure.MICROS, amount=1_599_999, window=Window.MONTH)
"""Enough for three at 40 cents each, and nearly for a fourth."""

OF_ROLE = replace(DAILY, scope=Scope.ROLE, scope_id=5)


@pytest.mark.parametrize(
    "limit",
    [
        DAILY,
        AT_ONCE,
        MONEY,
        OF_ROLE,
        replace(DAILY, scope_id=MEMBER),
        *(replace(limit, scope=scope) for scope in (Scope.GUILD, Scope.BOT) for limit in (DAILY, AT_ONCE, MONEY)),
    ],
    ids=lambda limit: f"{limit.scope}-{limit.measure}",
)
@pytest.mark.parametrize("is_stored", [True, False], ids=["stored", "configured"])
async def test_of_25_at_the_same_instant_exactly_3_pass_a_limit_of_3(
    store: Store, database: Database, url: str, limit: Limit, *, is_stored: bool
) -> None:
    is_shared = limit.scope in {Scope.GUILD, Scope.BOT}
    for member in range(MEMBER, MEMBER + 4):
        await store.generations.member_key(member)  # else those who come first wait for one another to write it
    if is_stored:
        await put(database, BOT if limit.scope is Scope.BOT else GUILD, limit)
    other = Database(url)
    await other.open()
    stores = (store, Store(other))  # as two processes would
    wanted = [
        stores[number % 2].generations.accept(
            replace(
                acceptance(*([] if is_stored else [limit]), of=origin(MEMBER + number % 4 if is_shared else MEMBER)),
                role_ids=frozenset({5, 6}),
            )
        )
        for number in range(25)
    ]
    outcomes = await asyncio.gather(*wanted, return_exceptions=True)
    await other.close()
    assert sum(isinstance(outcome, Generation) for outcome in outcomes) == 3
    problems = [outcome.problem for outcome in outcomes if isinstance(outcome, Rejection)]
    assert len(problems) == 22
    assert {problem.limit for problem in problems if isinstance(problem, LimitReached)} == {limit}
    assert (await store.generations.counts())[State.ACCEPTED] == 3


async def test_a_limit_that_is_set_while_many_ask_holds_from_then_on(
    store: Store, database: Database, url: str
) -> None:
    other = Database(url)
    await other.open()
    limit = replace(DAILY, scope=Scope.GUILD, amount=12)
    stores = (store, Store(other))
    wanted = [stores[number % 2].generations.accept(acceptance(of=origin(MEMBER + number))) for number in range(10)]
    (_set, *outcomes) = await asyncio.gather(put(database, GUILD, limit), *wanted)
    assert len(outcomes) == 10
    more = [each.generations.accept(acceptance(of=origin(MEMBER + 99))) for each in stores * 4]
    later = await asyncio.gather(*more, return_exceptions=True)
    await other.close()
    assert sum(isinstance(outcome, Generation) for outcome in later) == 2


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
async def test_a_process_that_freezes_while_it_accepts_holds_up_nobody_for_long(
    store: Store, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accepting, "_SILENCE", "100ms")
    frozen, is_its_turn, goes_on = Database(url), asyncio.Event(), asyncio.Event()
    await frozen.open()

    async def freeze(connection: AsyncConnection) -> list[Generation | Exception]:
        outcomes = await accepting.accept_all(connection, [acceptance(DAILY)], UTC, Totals())
        is_its_turn.set()
        await goes_on.wait()
        return outcomes

    freezing = asyncio.create_task(frozen.write(freeze))
    await is_its_turn.wait()
    assert (await accepted(store, replace(DAILY, amount=1))).state is State.ACCEPTED
    goes_on.set()
    with pytest.raises(DBAPIError, match="idle-in-transaction"):
        await freezing
    await frozen.close()
    assert len(await store.generations.of_member(MEMBER, GUILD, 10)) == 1


async def test_a_guild_s_own_limit_takes_the_place_of_the_configured_one(store: Store, database: Database) -> None:
    configured = replace(DAILY, amount=1, is_default=True)
    await put(database, GUILD, replace(DAILY, amount=2))
    await accepted(store, configured)
    await accepted(store, configured)
    assert (await reached(store, configured)).limit == replace(DAILY, amount=2)


async def test_a_guild_s_limits_are_nobody_else_s(store: Store, database: Database) -> None:
    await put(database, GUILD, replace(DAILY, scope=Scope.GUILD, amount=0))
    assert (await accepted(store, of=origin(guild=GUILD + 1))).state is State.ACCEPTED
    assert (await accepted(store, of=origin(guild=None))).state is State.ACCEPTED


async def test_in_direct_messages_limits_of_the_bot_apply(store: Store, database: Database) -> None:
    limit = replace(DAILY, scope=Scope.BOT, amount=1)
    await put(database, BOT, limit)
    await accepted(store)
    assert (await reached(store, DAILY, origin=origin(MEMBER + 1, None))).limit == limit


async def test_of_the_limits_of_two_roles_the_more_generous_one_is_checked(store: Store, database: Database) -> None:
    for role_id, amount in ((5, 1), (6, 2)):
        await put(database, GUILD, replace(OF_ROLE, scope_id=role_id, amount=amount))
    for _ in range(2):
        await store.generations.accept(replace(acceptance(), role_ids=frozenset({5, 6})))
    problem = await reached(store, DAILY, role_ids=frozenset({5, 6}))
    assert problem.limit == replace(OF_ROLE, scope_id=6, amount=2)


async def test_a_limit_that_is_set_says_what_was_there_before(database: Database) -> None:
    assert await put(database, GUILD, DAILY) is None
    assert await put(database, GUILD, replace(DAILY, amount=9)) == 3
    assert await put(database, GUILD, AT_ONCE) is None
    assert await database.read(lambda it: limits.of_guild(it, GUILD)) == [AT_ONCE, replace(DAILY, amount=9)]
    assert await database.write(lambda it: limits.remove(it, GUILD, DAILY)) == 9
    assert await database.write(lambda it: limits.remove(it, GUILD, DAILY)) is None
    assert await database.read(lambda it: limits.of_guild(it, GUILD)) == [AT_ONCE]


async def test_a_guild_s_limits_come_with_those_of_the_bot(database: Database) -> None:
    everywhere = replace(DAILY, scope=Scope.BOT)
    await put(database, BOT, everywhere)
    await put(database, GUILD, DAILY)
    assert await database.read(lambda it: limits.of_guild(it, GUILD)) == [everywhere, DAILY]
    assert await database.read(lambda it: limits.of_guild(it, BOT)) == [everywhere]


BLOCK = Deed(at=NOW, action=Action.BLOCK, guild_id=GUILD, actor_id=5_001)


async def problem_of(store: Store, of: Origin, now: datetime = NOW) -> Problem:
    with pytest.raises(Rejection) as caught:
        await store.generations.accept(acceptance(of=of, now=now))
    assert await store.generations.of_member(of.requester_id, of.guild_id, 1) == [], "nothing is written"
    return caught.value.problem


async def test_a_pause_after_the_gate_s_check_is_not_passed(store: Store) -> None:
    pause = replace(BLOCK, action=Action.PAUSE)
    await store.guilds.change_settings({"paused_at": NOW}, pause)
    assert await problem_of(store, origin()) == Paused(everywhere=False)
    assert (await accepted(store, of=origin(guild=GUILD + 1))).state is State.ACCEPTED
    assert (await accepted(store, of=origin(guild=None))).state is State.ACCEPTED
    await store.guilds.change_settings({"paused_at": None}, replace(BLOCK, action=Action.RESUME))
    assert (await accepted(store)).state is State.ACCEPTED


async def test_a_pause_of_the_whole_bot_after_the_gate_s_check_is_passed_nowhere(store: Store) -> None:
    await store.guilds.change_settings({"paused_at": NOW}, replace(BLOCK, action=Action.PAUSE, guild_id=BOT))
    for guild in (GUILD, None):
        assert await problem_of(store, origin(guild=guild)) == Paused(everywhere=True)


async def test_a_block_after_the_gate_s_check_is_not_passed(store: Store) -> None:
    hour = timedelta(hours=1)
    await store.guilds.block(Block(user_id=MEMBER, blocked_at=NOW, until=NOW + hour, why="spam"), BLOCK)
    assert await problem_of(store, origin()) == Blocked(NOW + hour, "spam")
    assert (await accepted(store, of=origin(MEMBER + 1))).state is State.ACCEPTED
    assert (await accepted(store, of=origin(guild=GUILD + 1))).state is State.ACCEPTED
    assert (await accepted(store, of=origin(guild=None))).state is State.ACCEPTED
    assert await problem_of(store, origin(), NOW + hour - SECOND) == Blocked(NOW + hour, "spam")
    assert (await accepted(store, now=NOW + hour)).state is State.ACCEPTED


async def test_what_was_accepted_before_a_pause_is_answered_as_it_was(store: Store) -> None:
    of = origin()
    first = await accepted(store, of=of)
    await store.guilds.change_settings({"paused_at": NOW}, replace(BLOCK, action=Action.PAUSE))
    assert (await accepted(store, of=of)).id == first.id


async def test_a_member_who_is_just_asking_is_not_parted_from_their_key(store: Store, database: Database) -> None:
    key = await store.generations.member_key(MEMBER)
    await store.privacy.forget(MEMBER, NOW)
    has_accepted, goes_on = asyncio.Event(), asyncio.Event()

    async def accept_slowly(connection: AsyncConnection) -> None:
        (outcome,) = await accepting.accept_all(connection, [acceptance()], UTC, Totals())
        assert isinstance(outcome, Generation)
        assert outcome.member_key == key
        has_accepted.set()
        await goes_on.wait()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(database.write(accept_slowly))
        await has_accepted.wait()
        dropping = tasks.create_task(store.privacy.drop_forgotten(NOW))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(dropping), 0.3)  # it waits, and must see afterwards what was written
        goes_on.set()
    assert dropping.result() == 0
    assert await store.generations.member_key(MEMBER) == key


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
async def test_two_who_write_the_same_new_members_do_not_wait_for_one_another(store: Store, database: Database) -> None:
    low, high = MEMBER, MEMBER + 1
    new = {high: Known("high", None), low: Known("low", None)}

    async def waits() -> bool:
        query = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(await database.read(lambda connection: connection.scalar(query)))

    async def write_upwards(connection: AsyncConnection) -> None:
        await members.known(connection, low)
        other = asyncio.create_task(database.write(lambda it: members.add(it, new)))
        while not await waits():  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(0)
        others.append(other)
        await members.known(connection, high)

    others: list[asyncio.Task[None]] = []
    await database.write(write_upwards)
    with pytest.raises(IntegrityError):
        await others[0]
    assert set(await database.read(lambda it: members.find(it, [low, high]))) == {low, high}


async def test_the_name_of_a_member_is_the_one_that_discord_showed_last(store: Store, database: Database) -> None:
    async def named(name: str) -> str | None:
        await store.generations.accept(replace(acceptance(), name=name))
        found = await database.read(lambda connection: members.find(connection, [MEMBER]))
        return found[MEMBER].name

    assert [await named(name) for name in ("", "Ada", "", "Ada L.")] == [None, "Ada", "Ada", "Ada L."]


async def test_one_interaction_leads_to_one_generation(store: Store, url: str) -> None:
    database = Database(url)
    await database.open()
    of = origin()
    wanted = [each.generations.accept(acceptance(AT_ONCE, of=of)) for each in (store, Store(database)) * 4]
    outcomes = await asyncio.gather(*wanted)
    await database.close()
    assert len({outcome.id for outcome in outcomes}) == 1
    assert (await store.generations.counts())[State.ACCEPTED] == 1


async def test_a_rejection_names_the_limit_and_writes_nothing(store: Store) -> None:
    limit = replace(DAILY, amount=0)
    problem = await reached(store, limit)
    assert problem == LimitReached(limit, used=0, resets_at=NOW.replace(day=5, hour=0), wanted=1)
    assert await store.generations.of_member(MEMBER, GUILD, 10) == []


async def test_a_failed_generation_gives_back_what_it_held(store: Store) -> None:
    generation = await claimed(store)
    limit = replace(DAILY, amount=1)
    assert (await reached(store, limit)).used == 1
    await store.generations.save(await ended(store, generation, State.FAILED))
    assert (await accepted(store, limit)).state is State.ACCEPTED


async def test_a_successful_generation_counts_in_the_window_of_its_hold(store: Store) -> None:
    generation = await claimed(store)
    later = NOW + timedelta(days=1)
    await store.generations.save(await ended(store, generation, State.SUCCEEDED, later))
    assert (await reached(store, replace(DAILY, amount=1), now=NOW)).used == 1
    assert (await accepted(store, replace(DAILY, amount=1), now=later)).state is State.ACCEPTED


async def test_what_the_database_refuses_fails_alone(store: Store) -> None:
    there = await accepted(store)
    wanted = [acceptance(), replace(acceptance(), id=there.id), acceptance()]
    outcomes = await asyncio.gather(*map(store.generations.accept, wanted), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Generation, IntegrityError, Generation]


async def test_a_naive_time_is_refused(store: Store) -> None:
    with pytest.raises(Exception, match="needs a time zone"):
        await accepted(store, now=NOW.replace(tzinfo=None))

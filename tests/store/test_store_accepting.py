"""Accepting: within the limits, once per interaction, with a hold."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.exc import IntegrityError

from bot.domain.errors import LimitReached, Rejection
from bot.domain.generation import Generation, Origin, State
from bot.domain.ledger import Amounts, hold
from bot.domain.limits import Limit, Measure, Scope, Window
from bot.store.database import Database
from bot.store.store import Store
from bot.work.protocols import GenerationStore, SnapshotStore
from tests.store.samples import GUILD, MEMBER, NOW, SECOND, acceptance, accepted, claimed, ended, origin

DAILY = Limit(scope=Scope.MEMBER, measure=Measure.GENERATIONS, amount=3, window=Window.DAY)
AT_ONCE = Limit(scope=Scope.MEMBER, measure=Measure.CONCURRENT, amount=3)


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


@pytest.mark.parametrize(
    "limit", [DAILY, AT_ONCE, replace(DAILY, scope=Scope.GUILD), replace(AT_ONCE, scope=Scope.BOT)]
)
async def test_of_25_at_the_same_instant_exactly_3_pass_a_limit_of_3(store: Store, url: str, limit: Limit) -> None:
    database = Database(url)
    await database.open()
    stores = (store, Store(database))  # as two processes would
    wanted = [stores[number % 2].generations.accept(acceptance(limit)) for number in range(25)]
    outcomes = await asyncio.gather(*wanted, return_exceptions=True)
    await database.close()
    assert sum(isinstance(outcome, Generation) for outcome in outcomes) == 3
    assert sum(isinstance(outcome, Rejection) for outcome in outcomes) == 22
    assert (await store.generations.counts())[State.ACCEPTED] == 3


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
    assert problem == LimitReached(limit, used=0, resets_at=NOW.replace(day=5, hour=0))
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


async def test_days_begin_in_the_zone_that_the_store_was_given(database: Database) -> None:
    store = Store(database, ZoneInfo("Asia/Tokyo"))  # nine hours ahead: its midnight is 15:00 UTC
    limit = replace(DAILY, amount=1)
    await accepted(store, limit, now=NOW.replace(hour=14, minute=59))
    assert (await reached(store, limit, now=NOW)).resets_at == NOW.replace(hour=15)
    assert (await accepted(store, limit, now=NOW.replace(hour=15))).state is State.ACCEPTED


@pytest.mark.parametrize(
    ("scope", "other", "counts"),
    [
        (Scope.MEMBER, origin(MEMBER, GUILD + 1), False),
        (Scope.MEMBER, origin(MEMBER, None), False),
        (Scope.MEMBER, origin(MEMBER + 1, GUILD), False),
        (Scope.ROLE, origin(MEMBER, GUILD), True),
        (Scope.GUILD, origin(MEMBER + 1, GUILD), True),
        (Scope.GUILD, origin(MEMBER, GUILD + 1), False),
        (Scope.BOT, origin(MEMBER + 1, None), True),
    ],
)
@pytest.mark.parametrize("limit", [DAILY, AT_ONCE])
async def test_a_limit_counts_those_in_its_scope(
    store: Store, limit: Limit, scope: Scope, other: Origin, *, counts: bool
) -> None:
    await accepted(store, of=other)
    narrow = replace(limit, scope=scope, amount=1)
    if counts:
        assert (await reached(store, narrow)).used == 1
    else:
        assert (await accepted(store, narrow)).state is State.ACCEPTED


async def test_in_direct_messages_a_limit_counts_direct_messages(store: Store) -> None:
    limit = replace(DAILY, amount=1)
    await accepted(store, limit, of=origin(guild=None))
    assert (await reached(store, limit, origin=origin(guild=None))).used == 1


async def test_seconds_and_money_are_limited_by_what_is_wanted(store: Store) -> None:
    seconds = Limit(scope=Scope.MEMBER, measure=Measure.SECONDS, amount=15, window=Window.MONTH)
    micros = Limit(scope=Scope.GUILD, measure=Measure.MICROS, amount=799_999)
    await accepted(store, seconds, micros)
    assert (await reached(store, seconds)).used == 8
    problem = await reached(store, micros)
    assert (problem.used, problem.resets_at) == (400_000, None)


async def test_an_unknown_price_counts_as_nothing(store: Store) -> None:
    micros = Limit(scope=Scope.MEMBER, measure=Measure.MICROS, amount=0, window=Window.DAY)
    assert (await store.generations.accept(acceptance(micros, amounts=Amounts(seconds=8)))).state is State.ACCEPTED
    assert (await reached(store, micros)).used == 0


async def test_a_cooldown_ends_after_its_seconds(store: Store) -> None:
    limit = Limit(scope=Scope.MEMBER, measure=Measure.COOLDOWN, amount=30)
    await accepted(store, limit)
    problem = await reached(store, limit, now=NOW + 10 * SECOND)
    assert (problem.used, problem.resets_at) == (10, NOW + 30 * SECOND)
    assert (await accepted(store, limit, now=NOW + 30 * SECOND)).state is State.ACCEPTED


async def test_what_the_database_refuses_fails_alone(store: Store) -> None:
    there = await accepted(store)
    wanted = [acceptance(), replace(acceptance(), id=there.id), acceptance()]
    outcomes = await asyncio.gather(*map(store.generations.accept, wanted), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Generation, IntegrityError, Generation]


async def test_a_naive_time_is_refused(store: Store) -> None:
    with pytest.raises(Exception, match="needs a time zone"):
        await accepted(store, now=NOW.replace(tzinfo=None))

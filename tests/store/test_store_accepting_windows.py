"""Whose generations a limit counts, from when to when; and cool-downs."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert

from bot.domain.generation import Generation, Origin, State
from bot.domain.ledger import Amounts
from bot.domain.limits import LARGEST, Limit, Measure, Scope, Window
from bot.store.database import Database
from bot.store.store import Store
from bot.store.tables import guilds
from tests.store.samples import GUILD, MEMBER, NOW, SECOND, acceptance, accepted, origin
from tests.store.test_store_accepting import AT_ONCE, DAILY, reached


async def test_days_begin_in_the_zone_that_the_store_was_given(database: Database) -> None:
    store = Store(database, ZoneInfo("Asia/Tokyo"))  # nine hours ahead: its midnight is 15:00 UTC
    limit = replace(DAILY, amount=1)
    await accepted(store, limit, now=NOW.replace(hour=14, minute=59))
    assert (await reached(store, limit, now=NOW)).resets_at == NOW.replace(hour=15)
    assert (await accepted(store, limit, now=NOW.replace(hour=15))).state is State.ACCEPTED


async def test_days_of_a_guild_begin_in_its_own_zone_and_those_of_the_bot_do_not(database: Database) -> None:
    store = Store(database, ZoneInfo("Asia/Tokyo"))
    await database.write(
        lambda connection: connection.execute(insert(guilds).values(guild_id=GUILD, time_zone="America/New_York"))
    )
    own, bot = replace(DAILY, amount=0), replace(DAILY, scope=Scope.BOT, amount=0)
    assert (await reached(store, own)).resets_at == NOW.replace(day=5, hour=5)
    assert (await reached(store, bot)).resets_at == NOW.replace(hour=15)
    assert (await reached(store, own, origin=origin(guild=GUILD + 1))).resets_at == NOW.replace(hour=15)


async def test_an_unknown_zone_of_a_guild_is_that_of_the_store(database: Database) -> None:
    store = Store(database)
    await database.write(
        lambda connection: connection.execute(insert(guilds).values(guild_id=GUILD, time_zone="Moon/Tycho"))
    )
    assert (await reached(store, replace(DAILY, amount=0))).resets_at == NOW.replace(day=5, hour=0)


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
    narrow = replace(limit, scope=scope, amount=1, scope_id=5 if scope is Scope.ROLE else 0)
    if counts:
        assert (await reached(store, narrow, role_ids=frozenset({5}))).used == 1
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


async def test_what_was_held_without_a_price_counts_as_nothing(store: Store) -> None:
    await store.generations.accept(acceptance(amounts=Amounts(seconds=8)))
    micros = Limit(scope=Scope.MEMBER, measure=Measure.MICROS, amount=0, window=Window.DAY)
    assert (await reached(store, micros)).used == 0


async def test_a_cooldown_ends_after_its_seconds(store: Store) -> None:
    limit = Limit(scope=Scope.MEMBER, measure=Measure.COOLDOWN, amount=30)
    await accepted(store, limit)
    problem = await reached(store, limit, now=NOW + 10 * SECOND)
    assert (problem.used, problem.resets_at) == (10, NOW + 30 * SECOND)
    assert (await accepted(store, limit, now=NOW + 30 * SECOND)).state is State.ACCEPTED


async def test_of_several_at_the_same_instant_one_passes_a_cooldown(store: Store) -> None:
    limit = Limit(scope=Scope.MEMBER, measure=Measure.COOLDOWN, amount=30)
    wanted = [store.generations.accept(acceptance(limit)) for _ in range(4)]
    outcomes = await asyncio.gather(*wanted, return_exceptions=True)
    assert [isinstance(outcome, Generation) for outcome in outcomes] == [True, False, False, False]


async def test_the_longest_cooldown_still_ends(store: Store) -> None:
    limit = Limit(scope=Scope.MEMBER, measure=Measure.COOLDOWN, amount=LARGEST)
    await accepted(store, limit)
    assert (await reached(store, limit)).resets_at == NOW + timedelta(days=36_500)

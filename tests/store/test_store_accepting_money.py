"""Accepting what costs money, and what has no price or no stated length."""

from dataclasses import replace

import pytest

from bot.domain.errors import PriceUnknown, Rejection
from bot.domain.ledger import Amounts
from bot.store.store import Store
from tests.store.samples import GUILD, MEMBER, REQUEST, acceptance, accepted
from tests.store.test_store_accepting import DAILY, MONEY, SECONDS, reached


async def test_under_a_limit_on_money_nothing_goes_without_a_price(store: Store) -> None:
    free = replace(MONEY, amount=0)
    with pytest.raises(Rejection) as caught:
        await store.generations.accept(acceptance(free, amounts=Amounts(seconds=8)))
    assert caught.value.problem == PriceUnknown(REQUEST.model)
    assert await store.generations.of_member(MEMBER, GUILD, 10) == []


async def test_a_price_by_the_second_asks_for_a_length(store: Store) -> None:
    with pytest.raises(Rejection) as caught:
        await store.generations.accept(replace(acceptance(MONEY, amounts=Amounts()), micros_per_second=50_000))
    assert caught.value.problem == PriceUnknown(REQUEST.model, needs_length=True)


async def test_what_is_larger_than_the_whole_limit_says_how_large_it_is(store: Store) -> None:
    problem = await reached(store, replace(SECONDS, amount=5))
    assert (problem.wanted, problem.is_hopeless) == (8, True)
    assert (await reached(store, replace(SECONDS, amount=5), amounts=Amounts(seconds=6))).wanted == 6
    await accepted(store)
    assert not (await reached(store, SECONDS)).is_hopeless


async def test_under_a_limit_on_money_the_assumed_price_is_held(store: Store) -> None:
    wanted = replace(acceptance(MONEY, amounts=Amounts(seconds=8)), assumed_micros=900_000)
    generation = await store.generations.accept(wanted)
    assert generation.amounts.micros == 900_000
    held = await store.generations.hold_of(generation.id)
    assert held is not None
    assert held.amounts == generation.amounts
    assert (await reached(store, MONEY, amounts=Amounts(), assumed_micros=900_000)).used == 900_000


async def test_without_a_limit_on_money_an_unknown_price_stays_unknown(store: Store) -> None:
    wanted = replace(acceptance(DAILY, amounts=Amounts(seconds=8)), assumed_micros=900_000)
    generation = await store.generations.accept(wanted)
    held = await store.generations.hold_of(generation.id)
    assert held is not None
    assert (generation.amounts.micros, held.amounts.micros) == (None, None)


async def test_a_limit_on_seconds_that_is_used_up_lets_no_unknown_length_through(store: Store) -> None:
    unknown = Amounts(seconds=0, micros=400_000)
    await store.generations.accept(acceptance(replace(SECONDS, amount=9)))
    await store.generations.accept(acceptance(replace(SECONDS, amount=9), amounts=unknown))
    assert (await reached(store, SECONDS, amounts=unknown)).used == 8
    assert (await reached(store, replace(SECONDS, amount=0), amounts=unknown)).used == 8


async def test_what_is_known_to_be_free_passes_even_an_overdrawn_limit_on_money(store: Store) -> None:
    await accepted(store)
    overdrawn = replace(MONEY, amount=1)
    free = await store.generations.accept(acceptance(overdrawn, amounts=Amounts(seconds=8, micros=0)))
    assert free.amounts.micros == 0
    assert (await reached(store, overdrawn)).used == 400_000


async def test_an_assumed_price_of_nothing_is_not_known_to_be_free(store: Store) -> None:
    await accepted(store)
    assert (await reached(store, replace(MONEY, amount=1), amounts=Amounts(), assumed_micros=0)).used == 400_000


async def test_the_price_of_a_second_is_kept_with_the_generation(store: Store) -> None:
    generation = await store.generations.accept(replace(acceptance(), micros_per_second=50_000))
    found = await store.generations.get(generation.id)
    assert found is not None
    assert found.micros_per_second == 50_000
    assert (await accepted(store)).micros_per_second is None


async def test_an_assumed_price_keeps_no_price_of_a_second(store: Store) -> None:
    wanted = replace(acceptance(MONEY, amounts=Amounts()), assumed_micros=900_000, micros_per_second=50_000)
    assert (await store.generations.accept(wanted)).micros_per_second is None
    unlimited = replace(acceptance(amounts=Amounts()), assumed_micros=900_000, micros_per_second=50_000)
    assert (await store.generations.accept(unlimited)).micros_per_second == 50_000

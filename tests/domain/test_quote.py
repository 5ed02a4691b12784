"""Quotes: what a request costs at the most, where that can be told."""

from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.catalog import Capability, Catalog, Model, Price, PriceUnit
from bot.domain.ledger import Amounts
from bot.domain.quote import quote
from bot.domain.request import Operation, Options

TEN_CENTS = Price(unit=PriceUnit.SECOND, least=100_000, most=100_000)
FIXED = Price(unit=PriceUnit.REQUEST, least=280_000, most=280_000)
TOKENS = Price(unit=PriceUnit.MILLION_TOKENS, least=2_000_000, most=6_375_000)


def model(price: Price | None, durations: tuple[int, ...] = ()) -> Model:
    capability = Capability(durations=durations)
    return Model(id="m", series="Maker", capabilities=MappingProxyType({Operation.TEXT: capability}), price=price)


def micros(price: Price | None, duration: int | None = None, durations: tuple[int, ...] = ()) -> int | None:
    return quote(model(price, durations), Operation.TEXT, Options(duration=duration)).micros


def test_a_price_per_second_is_for_the_seconds_asked_for() -> None:
    assert micros(TEN_CENTS, duration=8, durations=(4, 8)) == 800_000


def test_a_price_per_request_is_for_any_length() -> None:
    assert [micros(FIXED, duration) for duration in (None, -1, 8, 60)] == [280_000] * 4


@pytest.mark.parametrize("duration", [None, 8])
def test_tokens_can_t_be_foretold(duration: int | None) -> None:
    assert micros(TOKENS, duration, (4, 8)) is None


def test_without_a_price_nothing_is_known() -> None:
    quoted = quote(model(None), Operation.TEXT, Options(duration=8))
    assert (quoted.micros, quoted.basis, quoted.is_span) == (None, None, False)
    assert quoted.amounts == Amounts(generations=1, seconds=8, micros=None)


def test_of_a_span_the_most_is_taken() -> None:
    span = Price(unit=PriceUnit.SECOND, least=40_000, most=150_000)
    quoted = quote(model(span), Operation.TEXT, Options(duration=4))
    assert (quoted.micros, quoted.is_span) == (600_000, True)
    assert not quote(model(FIXED), Operation.TEXT, Options()).is_span


@pytest.mark.parametrize("duration", [None, -1])
def test_without_a_length_the_longest_that_is_known_is_taken(duration: int | None) -> None:
    assert micros(TEN_CENTS, duration, durations=(8, 4, 6)) == 800_000
    assert micros(TEN_CENTS, duration, durations=(-1, 4, 15)) == 1_500_000


@pytest.mark.parametrize("duration", [None, -1])
def test_a_price_for_a_length_that_the_model_chooses_may_be_less(duration: int | None) -> None:
    def is_span(price: Price | None, durations: tuple[int, ...]) -> bool:
        return quote(model(price, durations), Operation.TEXT, Options(duration=duration)).is_span

    assert is_span(TEN_CENTS, (4, 8))
    assert not is_span(TEN_CENTS, (-1, 8)), "it makes no other"
    assert not is_span(TEN_CENTS, ()), "there is no figure"
    assert not is_span(FIXED, (4, 8)), "the length doesn't matter"
    assert not is_span(replace(TEN_CENTS, least=0, most=0), (4, 8)), "it is free"
    assert not is_span(None, (4, 8))


def test_a_price_for_the_length_asked_for_is_no_less() -> None:
    assert not quote(model(TEN_CENTS, (4, 8)), Operation.TEXT, Options(duration=8)).is_span


def test_the_price_of_a_second_is_the_most_of_its_span() -> None:
    def of_a_second(price: Price | None) -> int | None:
        return quote(model(price), Operation.TEXT, Options()).micros_per_second

    assert of_a_second(Price(unit=PriceUnit.SECOND, least=40_000, most=150_000)) == 150_000
    assert of_a_second(Price(unit=PriceUnit.SECOND, least=0, most=0)) == 0
    assert [of_a_second(price) for price in (FIXED, TOKENS, None)] == [None, None, None]


@pytest.mark.parametrize("durations", [(), (-1,)])
@pytest.mark.parametrize("duration", [None, -1])
def test_a_price_per_second_without_any_length_gives_no_figure(
    duration: int | None, durations: tuple[int, ...]
) -> None:
    quoted = quote(model(TEN_CENTS, durations), Operation.TEXT, Options(duration=duration))
    assert (quoted.micros, quoted.basis, quoted.amounts.seconds) == (None, TEN_CENTS, 0)


@pytest.mark.parametrize("unit", PriceUnit)
def test_what_is_free_is_known_to_be_free(unit: PriceUnit) -> None:
    assert micros(Price(unit=unit, least=0, most=0)) == 0


def test_going_on_several_times_costs_as_often() -> None:
    options = Options(duration=5, extend_times=3)
    extender = replace(model(TEN_CENTS), capabilities=MappingProxyType({Operation.EXTENSION: Capability()}))
    assert quote(extender, Operation.EXTENSION, options).amounts == Amounts(seconds=15, micros=1_500_000)


def test_an_operation_that_the_model_is_not_known_for_has_no_known_lengths() -> None:
    assert quote(model(TEN_CENTS, (4,)), Operation.MOTION, Options()).seconds == 0


PRICES = st.builds(
    lambda unit, least, more: Price(unit=unit, least=least, most=least + more),
    st.sampled_from(PriceUnit),
    st.integers(0, 10**12),
    st.integers(0, 10**12),
)


@given(
    price=st.none() | PRICES,
    duration=st.none() | st.integers(-1, 60).filter(bool),
    durations=st.lists(st.integers(-1, 60).filter(bool), max_size=4).map(tuple),
)
def test_a_quote_can_always_be_held_and_is_zero_only_for_what_is_free(
    price: Price | None, duration: int | None, durations: tuple[int, ...]
) -> None:
    quoted = quote(model(price, durations), Operation.TEXT, Options(duration=duration))
    assert quoted.seconds >= 0
    if quoted.micros == 0:
        assert price is not None
        assert price.most == 0
    assert quoted.micros is None or quoted.micros >= 0


def test_the_operator_s_price_wins_over_any_list() -> None:
    own = Price(unit=PriceUnit.REQUEST, least=1, most=1, is_override=True)
    catalog = Catalog.of([model(TEN_CENTS), replace(model(None), id="n")]).with_prices({"m": own, "new": own})
    assert catalog.models["m"].price == own
    assert catalog.models["n"].price is None
    live = [model(FIXED), replace(model(FIXED), id="new"), replace(model(FIXED), id="n")]
    fresh = catalog.with_live(live, datetime(2026, 3, 4, tzinfo=UTC))
    assert {name: found.price for name, found in fresh.models.items()} == {"m": own, "n": FIXED, "new": own}

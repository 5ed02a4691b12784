"""Models and prices in every shape that was published."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.catalog import Capability, Model, Price, PriceUnit
from bot.domain.request import Operation
from bot.providers.lemondata.offers import RETIRED, models_in, prices_in

COMPACT = {
    "id": "veo3.1",
    "provider": "google",
    "category": "video",
    "capabilities": ["text-to-video"],
    "pricing": {"unit": "per_second", "currency": "USD", "min_price": "0.1", "max_price": "0.3"},
    "status": "active",
    "supported_operations": ["text-to-video", "image-to-video"],
}


def only(entry: dict[str, Any]) -> Model:
    (model,) = models_in({"object": "list", "data": [entry]})
    return model


def under(**contract: Any) -> Model:
    return only({"id": "m", "tokenlab": {"request_format_details": contract}})


def price(**entry: Any) -> Price | None:
    return prices_in({"data": [{"model": "m", **entry}]}).get("m")


def per(unit: PriceUnit, least: int, most: int | None = None) -> Price:
    return Price(unit=unit, least=least, most=least if most is None else most)


def test_the_compact_view_is_read() -> None:
    model = only(COMPACT)
    assert (model.series, model.is_live, model.is_offered) == ("google", True, True)
    assert list(model.capabilities) == [Operation.TEXT, Operation.IMAGE]
    assert model.price == per(PriceUnit.SECOND, 100_000, 300_000)


def test_a_model_s_own_page_is_read() -> None:
    (model,) = models_in({"id": "m", "object": "model", "lemondata": {"supported_operations": ["motion-control"]}})
    assert list(model.capabilities) == [Operation.MOTION]


def test_an_entry_without_any_extension_is_a_model_of_which_nothing_is_known() -> None:
    assert not only({"id": "sora-2", "object": "model", "created": 1, "owned_by": "openai"}).capabilities


@pytest.mark.parametrize("category", ["image", "chat"])
def test_models_of_other_kinds_are_passed_over(category: str) -> None:
    assert not models_in({"data": [COMPACT | {"category": category}]})


@pytest.mark.parametrize("retired", [{"status": "retired"}, {"tokenlab": {"lifecycle": {"stage": "retired"}}}])
def test_a_retired_model_is_not_offered(retired: dict[str, Any]) -> None:
    assert only(COMPACT | retired).not_offered == RETIRED


def test_a_deprecated_model_is_offered_and_names_its_replacement() -> None:
    model = only(COMPACT | {"tokenlab": {"lifecycle": {"stage": "deprecated", "replacement_model": "veo4"}}})
    assert (model.is_offered, model.replacement) == (True, "veo4")


@pytest.mark.parametrize("extension", ["lemondata", "tokenlab"])
@pytest.mark.parametrize(
    "contract", ["public_contract_summary", "public_contract", "request_format_summary", "request_format_details"]
)
def test_operations_stand_under_any_key_of_any_era(extension: str, contract: str) -> None:
    model = only(
        {"id": "m", extension: {"capabilities": ["video"], contract: {"public_operations": ["motion-control"]}}}
    )
    assert list(model.capabilities) == [Operation.MOTION]


def test_operations_that_nobody_knows_are_passed_over() -> None:
    assert list(under(public_operations=["upscale", "text-to-video"]).capabilities) == [Operation.TEXT]


def test_what_is_stated_for_an_operation_is_exact() -> None:
    constraint = {
        "operation": "text-to-video",
        "supported_parameters": ["prompt", "output_audio", "seed", "reference_image_type"],
        "allowed_resolutions": ["720p", "1080p"],
        "allowed_durations": ["4", "6s", "8"],
        "allowed_aspect_ratios": ["16:9"],
    }
    assert under(operation_constraints=[constraint], durations=["5"]).capabilities[Operation.TEXT] == Capability(
        durations=(4, 6, 8),
        aspect_ratios=("16:9",),
        resolutions=("720p", "1080p"),
        parameters=frozenset({"sound", "seed", "role"}),
        exact=True,
    )


def test_what_is_stated_for_the_model_holds_for_its_operations() -> None:
    capability = under(public_operations=["text-to-video"], durations=["4-6", "-1"]).capabilities[Operation.TEXT]
    assert capability == Capability(durations=(4, 5, 6, -1), exact=True)


def test_durations_that_can_t_all_be_read_count_as_unknown() -> None:
    capability = under(public_operations=["text-to-video"], durations=["5", "any"]).capabilities[Operation.TEXT]
    assert capability == Capability()


def test_the_longest_prompt_is_read() -> None:
    assert under(service_limits={"prompt_max_characters": 2500}).prompt_most == 2500


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"lock_price_per_request": "0.28"}, per(PriceUnit.REQUEST, 280_000)),
        ({"pricing": {"per_request": "0.49", "input_per_1m": "0", "currency": "USD"}}, per(PriceUnit.REQUEST, 490_000)),
        ({"input_per_1m_tokens": "2.2059"}, per(PriceUnit.MILLION_TOKENS, 2_205_900)),
        (
            {"input_per_1m_tokens": "1.00", "output_per_1m_tokens": "6.375"},
            per(PriceUnit.MILLION_TOKENS, 6_375_000),
        ),
        (
            {"pricing_summary": {"unit": "per_second", "min_price": "0.0636", "max_price": "0.1697"}},
            per(PriceUnit.SECOND, 63_600, 169_700),
        ),
        (
            {"pricing_unit": "per_second", "scalar_pricing": {"per_second": "$0.07"}},
            per(PriceUnit.SECOND, 70_000),
        ),
        ({"pricing_unit": "per_second", "pricing_summary": {"min_price": 0.1}}, per(PriceUnit.SECOND, 100_000)),
        (
            {"pricing_unit": "per_request", "pricing": {"min": "2", "max": "1"}},
            per(PriceUnit.REQUEST, 1_000_000, 2_000_000),
        ),
        ({"pricing_unit": "per_request", "commercial": {"user_charge_policy": "free"}}, per(PriceUnit.REQUEST, 0)),
        ({"lock_price_per_request": "0.0000001"}, per(PriceUnit.REQUEST, 1)),
    ],
)
def test_a_price_is_read_in_any_shape(entry: dict[str, Any], expected: Price) -> None:
    assert price(**entry) == expected


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"lock_price_per_request": None, "input_per_1m_tokens": "0.00"},
        {"pricing_unit": "per_image", "pricing": {"min_price": "0.1"}},
        {"pricing_summary": {"min_price": "0.1", "max_price": "0.3"}},
        {"lock_price_per_request": "1.00", "currency": "CNY"},
        {"lock_price_per_request": "NaN"},
        {"lock_price_per_request": "-1"},
        {"lock_price_per_request": "cheap"},
    ],
)
def test_a_price_that_can_t_be_told_is_unknown_and_never_zero(entry: dict[str, Any]) -> None:
    assert price(**entry) is None


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["id", "data", "tokenlab", "pricing", "unit", "request_format_summary", "min_price", "lifecycle"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(
    entry=st.dictionaries(st.sampled_from(["id", "model", "tokenlab", "lemondata", "pricing", "category"]), ANY_JSON)
)
def test_no_entry_breaks_the_list(entry: dict[str, Any]) -> None:
    body = {"data": [entry, COMPACT, 3, None]}
    assert "veo3.1" in {model.id for model in models_in(body)}
    assert all(price.least <= price.most for price in prices_in(body).values())

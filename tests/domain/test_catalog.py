"""The check of a request against the catalog, and what a live list changes in it."""

from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import pytest

from bot.domain.catalog import NOT_LISTED, Capability, Catalog, Model, Price, PriceUnit, check
from bot.domain.errors import (
    InputMissing,
    ModelCannot,
    ModelNotOffered,
    NoModelFor,
    OptionNotTaken,
    OptionOutOfRange,
    Problem,
    PromptMissing,
    PromptTooLong,
    Rejection,
    SourceMissing,
    TooManyInputs,
    UnknownModel,
    ValueNotTaken,
)
from bot.domain.request import Input, InputRole, Operation, Options, Request, Source

NOW = datetime(2026, 11, 20, tzinfo=UTC)
PRICE = Price(unit=PriceUnit.SECOND, least=100_000, most=300_000)


def model(model_id: str, *operations: Operation, capability: Capability | None = None, **facts: Any) -> Model:
    capabilities = MappingProxyType(dict.fromkeys(operations, capability or Capability()))
    return Model(id=model_id, series="S", capabilities=capabilities, **facts)


def inputs(*roles: InputRole) -> tuple[Input, ...]:
    return tuple(
        Input(role=role, attachment_id=number, filename="f", content_type=None, size=1, url="https://discord.example/f")
        for number, role in enumerate(roles)
    )


def request(operation: Operation = Operation.TEXT, **changes: Any) -> Request:
    return Request(**{"operation": operation, "model": "alpha", "prompt": "a harbour", **changes})


def options(option: str, value: Any) -> Options:
    given: dict[str, Any] = {option: value}
    return Options(**given)


def problem(asked: Request, *models: Model) -> Problem:
    with pytest.raises(Rejection) as caught:
        check(asked, Catalog.of(models or [model("alpha", *Operation)]))
    return caught.value.problem


def warnings(asked: Request, capability: Capability) -> tuple[str, ...]:
    return check(asked, Catalog.of([model("alpha", *Operation, capability=capability)]))


def merged(bundled: Model, live: Model) -> Model:
    return Catalog.of([bundled]).with_live([live], NOW).models[bundled.id]


def test_a_mistyped_model_is_met_with_those_that_look_alike() -> None:
    models = [model("veo3.1", Operation.TEXT), model("veo3.1-fast", Operation.TEXT), model("sora-2", Operation.TEXT)]
    found = problem(request(model="veo31"), *models)
    assert isinstance(found, UnknownModel)
    assert found.model == "veo31"
    assert set(found.near) == {"veo3.1", "veo3.1-fast"}


def test_models_that_are_not_offered_are_not_proposed() -> None:
    models = [model("veo3.1", Operation.TEXT, not_offered="gone"), model("veo3", Operation.TEXT)]
    assert problem(request(model="veo31"), *models) == UnknownModel("veo31", ("veo3",))


def test_a_model_that_is_not_offered_says_why() -> None:
    gone = model("alpha", Operation.TEXT, not_offered="gone")
    assert problem(request(), gone) == ModelNotOffered("alpha", "gone")


def test_a_model_without_any_operation_is_not_offered() -> None:
    assert problem(request(), model("alpha")) == ModelNotOffered("alpha", NOT_LISTED)


def test_a_model_that_cannot_names_those_that_can() -> None:
    models = [model("alpha", Operation.TEXT), model("beta", Operation.MOTION), model("gamma", Operation.MOTION)]
    found = problem(request(Operation.MOTION), *models)
    assert found == ModelCannot("alpha", Operation.MOTION, ("beta", "gamma"))


def test_an_operation_that_nobody_can_is_told_as_that() -> None:
    assert problem(request(Operation.AUDIO), model("alpha", Operation.TEXT)) == NoModelFor(Operation.AUDIO)


@pytest.mark.parametrize("prompt", [None, "", "  \n"])
def test_a_prompt_is_needed_where_the_operation_says_so(prompt: str | None) -> None:
    assert problem(request(prompt=prompt)) == PromptMissing(Operation.TEXT)


def test_frames_go_without_a_prompt() -> None:
    asked = request(Operation.FRAMES, prompt=None, inputs=inputs(InputRole.START, InputRole.END))
    assert warnings(asked, Capability()) == ()


def test_a_prompt_may_be_too_long_for_the_model() -> None:
    short = model("alpha", Operation.TEXT, prompt_most=5)
    assert problem(request(prompt="123456"), short) == PromptTooLong("alpha", 6, 5)
    assert check(request(prompt="12345"), Catalog.of([short])) == ()


@pytest.mark.parametrize(
    ("operation", "given", "missing"),
    [
        (Operation.IMAGE, [], InputRole.IMAGE),
        (Operation.FRAMES, [InputRole.START], InputRole.END),
        (Operation.TRANSFORM, [], InputRole.VIDEO),
        (Operation.MOTION, [InputRole.IMAGE], InputRole.VIDEO),
        (Operation.AUDIO, [InputRole.IMAGE], InputRole.AUDIO),
        (Operation.REFERENCE, [], InputRole.REFERENCE_IMAGE),
        (Operation.REFERENCE, [InputRole.REFERENCE_AUDIO, InputRole.REFERENCE_VIDEO], InputRole.REFERENCE_IMAGE),
    ],
)
def test_a_missing_input_is_named(operation: Operation, given: list[InputRole], missing: InputRole) -> None:
    assert problem(request(operation, inputs=inputs(*given))) == InputMissing(operation, missing)


def test_a_model_may_take_fewer_inputs_than_its_operation() -> None:
    narrow = Capability(most_inputs=MappingProxyType({InputRole.REFERENCE_IMAGE: 2}))
    asked = request(Operation.REFERENCE, inputs=inputs(*[InputRole.REFERENCE_IMAGE] * 3))
    found = problem(asked, model("alpha", Operation.REFERENCE, capability=narrow))
    assert found == TooManyInputs("alpha", InputRole.REFERENCE_IMAGE, 3, 2)


def test_an_extension_needs_a_task_or_a_clip() -> None:
    assert problem(request(Operation.EXTENSION)) == SourceMissing()
    source = Source(generation_id="g", task_id="t")
    for asked in (
        request(Operation.EXTENSION, source=source),
        request(Operation.EXTENSION, inputs=inputs(InputRole.VIDEO)),
    ):
        assert warnings(asked, Capability()) == ()


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("duration", 0),
        ("duration", 61),
        ("seed", -2),
        ("cfg_scale", 20.5),
        ("cfg_scale", float("nan")),
        ("motion_strength", 1.1),
        ("fps", 0),
        ("extend_times", 0),
        ("extend_at", -1),
    ],
)
def test_a_number_outside_of_its_range_is_refused(option: str, value: float) -> None:
    found = problem(request(options=options(option, value)))
    assert isinstance(found, OptionOutOfRange)
    assert (found.option, repr(found.value)) == (option, repr(value))


@pytest.mark.parametrize(("option", "value"), [("duration", 7), ("aspect_ratio", "1:1"), ("resolution", "4k")])
def test_a_value_that_only_our_own_facts_speak_against_is_a_warning(option: str, value: object) -> None:
    known = Capability(durations=(4, 8), aspect_ratios=("16:9",), resolutions=("720p",))
    assert warnings(request(options=options(option, value)), known) == (option,)


@pytest.mark.parametrize(
    ("option", "value", "allowed"),
    [("duration", 7, ("4", "8")), ("aspect_ratio", "1:1", ("16:9",)), ("resolution", "4k", ("720p",))],
)
def test_a_value_that_the_provider_speaks_against_is_refused(
    option: str, value: object, allowed: tuple[str, ...]
) -> None:
    exact = Capability(durations=(4, 8), aspect_ratios=("16:9",), resolutions=("720p",), exact=True)
    found = problem(request(options=options(option, value)), model("alpha", Operation.TEXT, capability=exact))
    assert found == ValueNotTaken("alpha", option, str(value), allowed)


def test_a_value_of_which_nothing_is_known_passes() -> None:
    assert warnings(request(options=Options(duration=7, resolution="4k")), Capability(exact=True)) == ()


def test_an_option_that_the_provider_does_not_list_is_refused() -> None:
    exact = Capability(parameters=frozenset({"seed"}), exact=True)
    found = problem(request(options=Options(fps=24)), model("alpha", Operation.TEXT, capability=exact))
    assert found == OptionNotTaken("alpha", "fps")
    assert warnings(request(options=Options(seed=1, sound=True, duration=4)), exact) == ()


def test_an_option_that_only_our_own_facts_do_not_list_is_a_warning() -> None:
    assert warnings(request(options=Options(fps=24)), Capability(parameters=frozenset())) == ("fps",)


def test_the_first_wish_that_can_be_met_is_picked() -> None:
    catalog = Catalog.of([model("alpha", Operation.TEXT), model("beta", Operation.MOTION), model("gamma", *Operation)])
    assert catalog.pick(Operation.MOTION, [None, "alpha", "unheard-of", "gamma"]).id == "gamma"


def test_without_a_wish_that_can_be_met_the_catalog_s_first_is_picked() -> None:
    catalog = Catalog.of([model("alpha", Operation.TEXT), model("beta", Operation.MOTION), model("gamma", *Operation)])
    assert catalog.pick(Operation.MOTION, ["alpha"]).id == "beta"


def test_nothing_is_picked_where_nobody_can() -> None:
    with pytest.raises(Rejection) as caught:
        Catalog.of([model("alpha", Operation.TEXT)]).pick(Operation.AUDIO, ["alpha"])
    assert caught.value.problem == NoModelFor(Operation.AUDIO)


def test_a_live_list_decides_what_is_offered_and_keeps_our_order() -> None:
    bundled = [model(name, Operation.TEXT) for name in ("alpha", "beta", "gamma")]
    live = [model(name, Operation.TEXT, is_live=True) for name in ("new", "gamma", "alpha")]
    catalog = Catalog.of(bundled).with_live(live, NOW)
    assert list(catalog.models) == ["alpha", "beta", "gamma", "new"]
    assert catalog.models["beta"].not_offered == NOT_LISTED
    assert [found.id for found in catalog.able(Operation.TEXT)] == ["alpha", "gamma", "new"]
    assert catalog.fetched_at == NOW


def test_live_operations_win() -> None:
    found = merged(model("alpha", Operation.TEXT, Operation.IMAGE), model("alpha", Operation.IMAGE, Operation.MOTION))
    assert list(found.capabilities) == [Operation.IMAGE, Operation.MOTION]


def test_our_operations_fill_in_where_the_live_list_states_none() -> None:
    assert list(merged(model("alpha", Operation.TEXT), model("alpha", is_live=True)).capabilities) == [Operation.TEXT]


def test_our_facts_fill_the_gaps_of_a_live_model() -> None:
    bundled = model(
        "alpha", Operation.TEXT, audio_default=True, price=PRICE, note="n", sources=("page",), prompt_most=9
    )
    found = merged(bundled, model("alpha", Operation.TEXT, is_live=True, replacement="beta", prompt_most=8))
    assert (found.audio_default, found.price, found.note, found.sources) == (True, PRICE, "n", ("page",))
    assert (found.prompt_most, found.replacement, found.is_live) == (8, "beta", True)


def test_what_cannot_be_offered_is_not_offered_by_a_live_list_either() -> None:
    bundled = model("alpha", not_offered="fits no operation")
    assert merged(bundled, model("alpha", Operation.IMAGE, is_live=True)).not_offered == "fits no operation"


def test_our_values_in_the_gaps_of_an_exact_capability_still_only_warn() -> None:
    ours = Capability(durations=(4,), aspect_ratios=("16:9",), parameters=frozenset({"seed"}))
    theirs = Capability(durations=(4, 8), exact=True)
    found = merged(
        model("alpha", Operation.TEXT, capability=ours), model("alpha", Operation.TEXT, capability=theirs, is_live=True)
    )
    assert found.capabilities[Operation.TEXT].durations == (4, 8)
    asked = Options(duration=8, aspect_ratio="1:1", fps=24)
    assert check(request(options=asked), Catalog.of([found])) == ("aspect_ratio", "fps")
    assert isinstance(problem(request(options=Options(duration=5)), found), ValueNotTaken)


def test_input_counts_of_a_live_model_lie_over_ours() -> None:
    ours = Capability(most_inputs=MappingProxyType({InputRole.REFERENCE_IMAGE: 9, InputRole.REFERENCE_VIDEO: 3}))
    theirs = Capability(most_inputs=MappingProxyType({InputRole.REFERENCE_IMAGE: 4}))
    found = merged(
        model("alpha", Operation.REFERENCE, capability=ours), model("alpha", Operation.REFERENCE, capability=theirs)
    )
    counts = found.capabilities[Operation.REFERENCE].most_inputs
    assert dict(counts) == {InputRole.REFERENCE_IMAGE: 4, InputRole.REFERENCE_VIDEO: 3}

"""The bundled catalog: what the documents say of each of the 61 models, and how mistakes in the file are told."""

import json
import tomllib
from importlib import resources
from pathlib import Path

import pytest

from bot.domain.catalog import Price, PriceUnit
from bot.domain.request import InputRole, Operation
from bot.providers.lemondata.bundled import BundledCatalogError, bundled_catalog, read_catalog

FACTS = json.loads(Path(__file__).with_name("model_facts.json").read_text(encoding="utf-8"))
"""What the documents list, gathered on their own: model id, who makes it, its operations, sound by default."""

CATALOG = bundled_catalog()
ENTRY = """
[sources]
page = "a page"

[[model]]
id = "m-1"
series = "S"
operations = ["text-to-video"]
sources = ["page"]
"""


def test_every_documented_model_is_here() -> None:
    assert len(CATALOG.models) == 61
    assert set(CATALOG.models) == set(FACTS)


@pytest.mark.parametrize("model_id", FACTS)
def test_a_model_does_what_its_newest_document_says(model_id: str) -> None:
    model, facts = CATALOG.models[model_id], FACTS[model_id]
    assert sorted(operation.value for operation in model.capabilities) == sorted(facts["operations"])
    assert (model.series, model.audio_default) == (facts["series"], facts["audio_default"])
    assert model.sources


def test_only_what_fits_no_operation_is_not_offered() -> None:
    assert [model.id for model in CATALOG.models.values() if not model.is_offered] == ["kling-effects"]


def test_nothing_bundled_is_called_exact() -> None:
    assert not any(capability.exact for model in CATALOG.models.values() for capability in model.capabilities.values())


@pytest.mark.parametrize(
    ("operation", "first"),
    [
        (Operation.TEXT, ["veo3.1-fast", "viduq3-turbo", "veo3.1"]),
        (Operation.IMAGE, ["veo3.1-fast", "hailuo-2.3-fast", "viduq3-turbo"]),
        (Operation.REFERENCE, ["veo3.1-fast", "veo3.1", "wan-2.6", "kling-video-o1-pro", "kling-video-o1-std"]),
        (Operation.FRAMES, ["veo3.1-fast", "viduq3-turbo", "veo3.1"]),
        (
            Operation.TRANSFORM,
            ["topaz-video-upscale", "grok-imagine-upscale", "kling-video-o1-pro", "kling-video-o1-std"],
        ),
        (Operation.MOTION, ["kling-3.0-motion-control"]),
        (Operation.AUDIO, []),
        (Operation.EXTENSION, ["kling-video-extend", "luma-video-extend-api", "seedance-2-0"]),
    ],
)
def test_the_documented_picks_come_first(operation: Operation, first: list[str]) -> None:
    assert [model.id for model in CATALOG.able(operation)][: len(first)] == first


def test_known_values_are_those_of_the_documents() -> None:
    vidu = CATALOG.models["viduq3-turbo"].capabilities[Operation.TEXT]
    assert vidu.durations == (4, 5, 6, 8, 10, 12, 15)
    assert vidu.resolutions == ("540p", "720p", "1080p")
    assert len(vidu.aspect_ratios) == 6
    seedance = CATALOG.models["seedance-2.0"].capabilities[Operation.REFERENCE]
    assert seedance.durations == (-1, *range(4, 16))
    assert dict(seedance.most_inputs) == {
        InputRole.REFERENCE_IMAGE: 9,
        InputRole.REFERENCE_VIDEO: 3,
        InputRole.REFERENCE_AUDIO: 3,
    }
    assert CATALOG.models["seedance-2.0-fast"].capabilities[Operation.REFERENCE].resolutions == ("480p", "720p")
    for seconds in (5, 10):
        runway = CATALOG.models[f"runwayml-gen4-turbo-{seconds}"].capabilities[Operation.TEXT]
        assert runway.durations == (seconds,)


@pytest.mark.parametrize(
    ("model_id", "price"),
    [
        ("veo3.1-fast", Price(unit=PriceUnit.SECOND, least=40_000, most=150_000)),
        ("hailuo-2.3-standard", Price(unit=PriceUnit.REQUEST, least=210_000, most=420_000)),
        ("seedance-2.0", Price(unit=PriceUnit.MILLION_TOKENS, least=2_000_000, most=6_375_000)),
        ("kling-v2.6-std", Price(unit=PriceUnit.SECOND, least=70_000, most=70_000)),
        ("sora-2", None),
    ],
)
def test_prices_are_those_of_the_newest_pages(model_id: str, price: Price | None) -> None:
    assert CATALOG.models[model_id].price == price


def test_every_key_that_is_used_is_explained_in_the_file() -> None:
    text = resources.files("bot.providers.lemondata").joinpath("models.toml").read_text(encoding="utf-8")
    head = text.partition("[sources]\n")[0]
    used = {key for model in tomllib.loads(text)["model"] for key in model}
    assert [key for key in sorted(used) if f"#   {key} " not in head] == []


def test_a_whole_entry_is_read() -> None:
    catalog = read_catalog(ENTRY + 'prompt_most = 2500\nreplacement = "m-2"\nnote = "n"\n')
    model = catalog.models["m-1"]
    assert (model.prompt_most, model.replacement, model.note, model.sources) == (2500, "m-2", "n", ("a page",))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (ENTRY + "colour = 3", r"model m-1: colour"),
        (ENTRY.replace("text-to-video", "text-to-soup"), r"model m-1: operations\.0"),
        (ENTRY.replace('["text-to-video"]', "[]"), "model m-1: operations: none"),
        (ENTRY.replace('["page"]', '["book"]'), "model m-1: sources: no such key as book"),
        (ENTRY + 'price = { unit = "per_second", least = "2", most = "1" }', "model m-1: price: least"),
        (ENTRY + 'price = { unit = "per_moon", least = "1", most = "1" }', r"model m-1: price\.unit"),
        (ENTRY + ENTRY.partition("\n\n")[2], "more than one model m-1"),
        (ENTRY.replace('id = "m-1"\n', ""), r"model \?: id"),
        ("[sources", "models.toml"),
        ("[sources]\n", "model"),
    ],
)
def test_a_mistake_in_the_file_names_the_model(text: str, told: str) -> None:
    with pytest.raises(BundledCatalogError, match=told):
        read_catalog(text)

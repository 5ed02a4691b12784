"""What is suggested while a member types: from memory and the store alone, never more than Discord shows."""

from dataclasses import replace
from typing import Any

import pytest

from bot.domain.catalog import Catalog, Price, PriceUnit
from bot.domain.request import Operation
from bot.providers.lemondata.bundled import bundled_catalog
from tests.chat.stage import Setting, Stage
from tests.chat.town import Town
from tests.cogs.conftest import Scene
from tests.cogs.samples import ABLE, PICTURE
from tests.cogs.samples import CATALOG as SAMPLES

BUNDLED = bundled_catalog()
COMMANDS = {
    "video text": Operation.TEXT,
    "video image": Operation.IMAGE,
    "video reference": Operation.REFERENCE,
    "video frames": Operation.FRAMES,
    "video transform": Operation.TRANSFORM,
    "video motion": Operation.MOTION,
    "video audio": Operation.AUDIO,
    "video extend": Operation.EXTENSION,
}
LONG = "m" * 90
CATALOG = Catalog.of([*SAMPLES.models.values(), replace(ABLE, id=LONG, series="A maker with a long name")])
STRICT = Setting(catalog=CATALOG)
USUAL = [4, 5, 6, 8, 10, 12, 15]


@pytest.mark.parametrize("command", COMMANDS)
async def test_models_are_those_that_can_do_it(scene: Scene, command: str) -> None:
    able = [model.id for model in BUNDLED.able(COMMANDS[command])]
    assert await scene.typed(command, "model", "") == able[:25]


async def test_models_are_narrowed_by_what_is_typed_those_that_begin_with_it_first(scene: Scene) -> None:
    assert await scene.typed("video text", "model", " VEO3.1") == ["veo3.1-fast", "veo3.1", "veo3.1-pro", "veo3.1-4k"]
    typed = await scene.typed("video text", "model", "o")
    assert all("o" in (model + BUNDLED.models[model].series).lower() for model in typed)
    assert await scene.typed("video text", "model", "google") == [
        model.id for model in BUNDLED.able(Operation.TEXT) if model.series == "Google"
    ]


async def shown(scene: Scene, model: str, **filled: Any) -> str:
    """How a model is shown."""
    choices = await scene.ada.autocomplete(scene.channel, "video text", "model", model, **filled)
    (name,) = [choice["name"] for choice in choices if choice["value"] == model]
    return str(name)


async def test_a_model_is_shown_with_its_maker_and_its_price(scene: Scene) -> None:
    assert await shown(scene, "veo3.1-fast") == "veo3.1-fast · Google · $0.04-0.15 a second"


async def test_the_price_of_a_model_is_that_of_the_options_so_far(scene: Scene) -> None:
    assert await shown(scene, "veo3.1-fast", duration=8) == "veo3.1-fast · Google · up to $1.20"
    assert await shown(scene, "viduq3-turbo") == "viduq3-turbo · Shengshu · up to $1.20"
    assert await shown(scene, "viduq3-turbo", duration=10) == "viduq3-turbo · Shengshu · up to $0.80"


PRICED = Setting(
    catalog=CATALOG.with_prices(
        {
            "able-1": Price(unit=PriceUnit.SECOND, least=100_000, most=100_000),
            "strict-1": Price(unit=PriceUnit.MILLION_TOKENS, least=2_000_000, most=2_000_000),
            LONG: Price(unit=PriceUnit.REQUEST, least=5_000, most=5_000),
        }
    )
)


@pytest.mark.parametrize("setting", [PRICED], indirect=True, ids=["priced"])
async def test_a_price_is_told_as_far_as_it_is_known(scene: Scene) -> None:
    assert await shown(scene, "able-1") == "able-1 · Maker · $0.10 a second"
    assert await shown(scene, "able-1", duration=8) == "able-1 · Maker · $0.80"
    assert await shown(scene, "strict-1", duration=3) == "strict-1 · Maker · $2.00 per million tokens"
    assert await shown(scene, "veo3.1-pro", duration=8) == "veo3.1-pro · Google · price unknown"


@pytest.mark.parametrize("setting", [PRICED], indirect=True, ids=["priced"])
async def test_a_long_name_is_cut_before_the_price(scene: Scene) -> None:
    name = await shown(scene, LONG)
    assert len(name) == 100
    assert name.endswith("… · $0.0050")


async def test_nothing_is_suggested_for_what_fits_nothing(scene: Scene) -> None:
    assert await scene.typed("video text", "model", "zzz") == []


@pytest.mark.parametrize("setting", [STRICT], indirect=True, ids=["strict"])
@pytest.mark.parametrize(
    ("option", "known"), [("duration", [3, 30]), ("aspect_ratio", ["5:4"]), ("resolution", ["640p"])]
)
async def test_values_are_those_of_the_model_already_chosen(scene: Scene, option: str, known: list[Any]) -> None:
    assert await scene.typed("video text", option, "", model="strict-1") == known


@pytest.mark.parametrize("setting", [STRICT], indirect=True, ids=["strict"])
async def test_values_are_narrowed_by_what_is_typed(scene: Scene) -> None:
    assert await scene.typed("video text", "duration", "30", model="strict-1") == [30]
    assert await scene.typed("video text", "duration", "9", model="strict-1") == []
    assert await scene.typed("video text", "aspect_ratio", "4", model="strict-1") == ["5:4"]
    assert await scene.typed("video text", "resolution", "P", model="strict-1") == ["640p"]


@pytest.mark.parametrize("model", ["nonsense", "*" * 100, "viduq2-turbo", "able-1"])
@pytest.mark.parametrize("setting", [STRICT], indirect=True, ids=["strict"])
async def test_usual_values_are_suggested_where_nothing_is_known_of_the_model(scene: Scene, model: str) -> None:
    assert await scene.typed("video text", "duration", "", model=model) == USUAL
    assert "16:9" in await scene.typed("video text", "aspect_ratio", "", model=model)
    assert "720p" in await scene.typed("video text", "resolution", "", model=model)


async def test_without_a_model_the_values_are_those_of_the_default(scene: Scene) -> None:
    known = BUNDLED.models["veo3.1-fast"].capabilities[Operation.TEXT].durations
    assert await scene.typed("video text", "duration", "") == list(known or USUAL)


@pytest.mark.parametrize("setting", [Setting(catalog=Catalog.of([]))], indirect=True, ids=["no models"])
async def test_without_any_model_there_are_still_usual_values(scene: Scene) -> None:
    assert await scene.typed("video text", "model", "") == []
    assert await scene.typed("video text", "duration", "") == USUAL


async def test_a_member_is_shown_videos_of_their_own_alone(scene: Scene) -> None:
    bea = scene.guild.add_member(scene.env.create_user("bea"))
    await bea.slash(scene.channel, "video text", prompt="a dog")
    await scene.run("video text", prompt="a cat")
    (mine,) = await scene.stored()
    (theirs,) = await scene.stage.all_of(bea.id, scene.guild.id)
    for generation in (mine, theirs):
        await scene.stage.finish(generation)
    assert await scene.typed("video extend", "generation", "") == [mine.id]
    assert await scene.typed("video extend", "generation", theirs.id) == []


async def test_only_finished_videos_can_be_extended_and_only_unfinished_ones_cancelled(scene: Scene) -> None:
    await scene.run("video text", prompt="first")
    (first,) = await scene.stored()
    await scene.stage.finish(first)
    await scene.run("video text", prompt="second")
    (second, _first) = await scene.stored()
    assert await scene.typed("video extend", "generation", "") == [first.id]
    assert await scene.typed("cancel", "generation", "") == [second.id]


async def test_videos_are_found_by_prompt_model_state_and_id(scene: Scene) -> None:
    await scene.run("video text", prompt="a  lighthouse\nin a storm")
    (stored,) = await scene.stored()
    for typed in ("LIGHTHOUSE IN", "veo3.1", "waiting", stored.id, f" {stored.id.upper()} "):
        assert await scene.typed("cancel", "generation", typed) == [stored.id], typed
    assert await scene.typed("cancel", "generation", "harbour") == []


async def test_a_video_without_a_prompt_is_shown_by_its_id(scene: Scene) -> None:
    await scene.run("video frames", start=PICTURE, end=PICTURE)
    (stored,) = await scene.stored()
    (choice,) = await scene.ada.autocomplete(scene.channel, "cancel", "generation", "")
    assert choice["name"] == f"veo3.1-fast · Waiting to be handed over · {stored.id}"


async def test_a_long_prompt_is_cut_to_what_a_choice_may_show(scene: Scene) -> None:
    await scene.run("video text", prompt="a" * 4000)
    (choice,) = await scene.ada.autocomplete(scene.channel, "cancel", "generation", "")
    assert len(choice["name"]) == 100
    assert choice["name"].endswith("…")


async def test_at_most_25_choices_are_shown_over_the_wire_within_a_second(connected: Stage, town: Town) -> None:
    assert connected.bot.is_ready()
    for command in COMMANDS:
        for focused in ("model", "duration", "aspect_ratio", "resolution"):
            choices = await town.ada.autocomplete(
                command, focused=focused, channel=town.channel, options={"model": "veo"}, timeout=1
            )
            assert len(choices) <= 25

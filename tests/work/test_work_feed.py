"""The catalog as it is now: what the provider lists wins, and what was known once stays known."""

from collections.abc import Mapping
from typing import Any

from bot.domain.catalog import NOT_LISTED
from bot.domain.request import InputRole, Operation
from bot.providers.lemondata.bundled import bundled_catalog
from tests.work.conftest import OpenStage
from tests.work.scripted import BROKEN, ScriptedApi
from tests.work.stage import Stage

NEW = "lantern-2"


def listing(*models: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    return 200, {"data": list(models)}


def model(name: str) -> dict[str, Any]:
    return {
        "id": name,
        "object": "model",
        "lemondata": {"category": "video", "supported_operations": ["text-to-video", "image-to-video"]},
    }


async def test_a_live_list_decides_what_is_offered(stage: Stage) -> None:
    assert stage.feed.catalog.fetched_at is None
    assert await stage.feed.refresh()
    catalog = stage.feed.catalog
    assert catalog.fetched_at == stage.clock.now()
    live = {model.id for model in await stage.tools.provider.models()}
    assert {model.id for model in catalog.models.values() if model.is_live} == live
    unlisted = [model for model in bundled_catalog().models.values() if model.id not in live]
    assert unlisted
    assert all(not catalog.models[model.id].is_offered for model in unlisted)
    assert NOT_LISTED in {catalog.models[model.id].not_offered for model in unlisted}


async def test_what_is_known_survives_a_restart(stage: Stage, open_stage: OpenStage) -> None:
    await stage.feed.refresh()
    later = await open_stage()
    assert later.feed.catalog.fetched_at is None
    await later.feed.restore()
    assert later.feed.catalog == stage.feed.catalog
    assert later.feed.catalog.able(Operation.TEXT)
    references = later.feed.catalog.models["seedance-2.0"].capabilities[Operation.REFERENCE].most_inputs
    assert references[InputRole.REFERENCE_IMAGE] == 9


async def test_a_provider_that_is_away_takes_nothing_away(stage: Stage, open_stage: OpenStage) -> None:
    await stage.feed.refresh()
    away = await open_stage(base_url="http://127.0.0.1:1/v1")
    await away.feed.restore()
    assert not await away.feed.refresh()
    assert away.feed.catalog == stage.feed.catalog


async def test_an_empty_list_is_ignored(open_stage: OpenStage, api: ScriptedApi) -> None:
    api.models = listing()
    stage = await open_stage(api=api)
    assert not await stage.feed.refresh()
    assert stage.feed.catalog.able(Operation.TEXT)
    assert await stage.store.snapshots.load("live_models") is None


async def test_an_unreadable_snapshot_is_ignored(stage: Stage) -> None:
    await stage.store.snapshots.keep("live_models", '[{"id": 7}]', stage.clock.now())
    await stage.feed.restore()
    assert stage.feed.catalog.fetched_at is None


async def test_without_a_snapshot_the_bundled_list_is_used(stage: Stage) -> None:
    await stage.feed.restore()
    assert stage.feed.catalog.able(Operation.TEXT)


async def test_prices_that_can_t_be_had_now_stay_as_they_were(
    stage: Stage, open_stage: OpenStage, api: ScriptedApi
) -> None:
    await stage.feed.refresh()
    known = stage.feed.catalog.models["veo3.1-fast"].price
    assert known not in {None, bundled_catalog().models["veo3.1-fast"].price}
    api.models, api.pricing = listing(model("veo3.1-fast"), model(NEW)), BROKEN
    later = await open_stage(api=api)
    await later.feed.restore()
    assert await later.feed.refresh()
    assert later.feed.catalog.models[NEW].is_offered
    assert later.feed.catalog.models["veo3.1-fast"].price == known

"""Models and prices, in both generations."""

from typing import Any

import pytest

from sandbox.provider import Era
from tests.sandbox.provider.account import Account

OPERATIONS = {
    *("text-to-video", "image-to-video", "reference-to-video", "start-end-to-video"),
    *("video-to-video", "motion-control", "audio-to-video", "video-extension"),
}


async def _json(account: Account, path: str) -> Any:
    response = await account.client.get(path)
    assert response.status_code == 200
    return response.json()


async def test_every_operation_has_a_model_and_every_unit_a_price(account: Account) -> None:
    models = (await _json(account, "/v1/models?category=video"))["data"]
    extensions = [model["tokenlab"] for model in models]
    offered = {name for extension in extensions for name in extension["request_format_summary"]["public_operations"]}
    assert offered == OPERATIONS
    assert {extension["pricing_unit"] for extension in extensions} == {"per_second", "per_request", "per_token"}
    assert {extension["lifecycle"]["stage"] for extension in extensions} == {"active", "preview", "deprecated"}


async def test_the_category_filters(account: Account) -> None:
    everything = (await _json(account, "/v1/models"))["data"]
    videos = (await _json(account, "/v1/models?category=video"))["data"]
    images = (await _json(account, "/v1/models?recommended_for=image"))["data"]
    assert [model["id"] for model in images] == ["lumen-still-1"]
    assert len(everything) == len(videos) + len(images)
    assert (await account.client.get("/v1/models?category=films")).status_code == 400


async def test_the_provider_filters(account: Account) -> None:
    models = (await _json(account, "/v1/models?provider=google"))["data"]
    assert {model["id"] for model in models} == {"veo3.1", "veo3.1-fast", "veo3.1-pro"}


async def test_the_compact_view_lists_what_one_chooses_by(account: Account) -> None:
    answer = await _json(account, "/v1/models?category=video&view=compact")
    veo = next(model for model in answer["data"] if model["id"] == "veo3.1")
    assert (answer["view"], answer["count"]) == ("compact", len(answer["data"]))
    assert veo["pricing"]["min_price"] == "0.20"
    assert "text-to-video" in veo["supported_operations"]


async def test_a_model_tells_its_limits_per_operation_with_durations_as_strings(account: Account) -> None:
    details = (await _json(account, "/v1/models/hailuo-2.3-standard"))["tokenlab"]["request_format_details"]
    image = next(entry for entry in details["operation_constraints"] if entry["operation"] == "image-to-video")
    assert image["allowed_durations"] == ["6", "10"]
    assert image["allowed_aspect_ratios"] == ["16:9"]
    assert image["allowed_resolutions"] == ["768p", "1080p"]
    assert {"image_url", "duration"} <= set(image["supported_parameters"])


async def test_what_a_model_recommends_is_accepted(account: Account) -> None:
    account.provider.pace = 100
    for entry in (await _json(account, "/v1/models?category=video"))["data"]:
        details = (await _json(account, f"/v1/models/{entry['id']}"))["tokenlab"]["request_format_details"]
        request = details["recommended_request"]
        if request["operation"] == "text-to-video":
            assert (await account.create(**request)).status_code == 200


async def test_the_old_generation_has_the_old_keys(account: Account) -> None:
    account.provider.era = Era.LEGACY
    listed = (await _json(account, "/v1/models?category=video&view=compact"))["data"][0]
    detailed = await _json(account, "/v1/models/veo3.1")
    assert listed["lemondata"]["public_contract_summary"]["public_operations"]
    assert detailed["lemondata"]["public_contract"]["operation_constraints"]
    assert "tokenlab" not in listed


async def test_an_unknown_model_is_404_here(account: Account) -> None:
    for path in ("/v1/models/veo9", "/v1/models/veo9/pricing"):
        response = await account.client.get(path)
        assert response.status_code == 404
        assert response.json()["error"]["code"] == "model_not_found"


@pytest.mark.parametrize(
    ("model", "unit", "scalar"),
    [
        ("veo3.1", "per_second", {}),
        ("kling-video-o1-pro", "per_second", {"per_second": "0.112", "currency": "USD"}),
        ("viduq2-pro", "per_request", {"per_request": "0.18", "currency": "USD"}),
        ("seedance-2.0", "per_token", {}),
    ],
)
async def test_a_model_tells_its_price(account: Account, model: str, unit: str, scalar: dict[str, str]) -> None:
    answer = await _json(account, f"/v1/models/{model}/pricing")
    assert (answer["pricing_unit"], answer["scalar_pricing"]) == (unit, scalar)
    assert answer["has_complex_pricing"] is not bool(scalar)
    assert answer["pricing_summary"]["min_price"] <= answer["pricing_summary"]["max_price"]


async def test_the_newer_price_list(account: Account) -> None:
    answer = await _json(account, "/v1/pricing")
    entries = {entry["model"]: entry for entry in answer["data"]}
    assert (answer["object"], answer["currency"]) == ("pricing", "USD")
    assert entries["viduq2-pro"]["lock_price_per_request"] == "0.18"
    assert entries["veo3.1"]["lock_price_per_request"] is None
    assert entries["seedance-2.0"]["output_per_1m_tokens"] == "5.00"


async def test_the_older_price_list(account: Account) -> None:
    account.provider.era = Era.LEGACY
    answer = await _json(account, "/v1/pricing?model=viduq2-pro")
    assert answer["object"] == "list"
    assert [entry["pricing"]["per_request"] for entry in answer["data"]] == ["0.18"]

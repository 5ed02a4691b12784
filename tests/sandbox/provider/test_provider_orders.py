"""What the provider takes and what it refuses before it makes a task."""

from typing import Any

import pytest

from tests.sandbox.provider.account import Account

PICTURE = "https://files.example/a.png"
CLIP = "https://files.example/a.mp4"
SOUND = "https://files.example/a.mp3"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"colour": "red"}, "colour"),
        ({"prompt": ""}, "prompt"),
        ({"duration": "4"}, "duration"),
        ({"duration": True}, "duration"),
        ({"seed": -2}, "seed"),
        ({"cfg_scale": 21, "model": "wan-2.6"}, "cfg_scale"),
        ({"output_audio": "yes"}, "output_audio"),
        ({"aspect_ratio": "2:1"}, "aspect_ratio"),
        ({"operation": "text_to_video"}, "operation"),
        ({"image_url": "ftp://files.example/a.png"}, "image_url"),
        ({"image_url": "data:image/png;base64,AAAA"}, "image_url"),
        ({"image_url": "https://me:secret@files.example/a.png"}, "image_url"),
        ({"image": PICTURE}, "image"),
        ({"reference_images": []}, "reference_images"),
        ({"reference_images": [PICTURE] * 10}, "reference_images"),
        ({"kling_elements": [{"name": "cat"}]}, "kling_elements"),
        ({"output_audio": True, "outputAudio": False}, "outputAudio"),
    ],
)
async def test_a_field_that_breaks_its_rule_is_named(account: Account, body: dict[str, Any], field: str) -> None:
    response = await account.create(**body)
    answer = response.json()
    assert response.status_code == 400
    assert answer["error"]["type"] == "invalid_request_error"
    assert answer["error"]["param"] == field
    assert answer["validation_errors"][0]["field"] == field
    assert not account.provider.tasks


@pytest.mark.parametrize(
    ("operation", "model", "body", "missing"),
    [
        ("image-to-video", "veo3.1", {}, "image_url"),
        ("reference-to-video", "veo3.1", {}, "reference_images"),
        ("start-end-to-video", "veo3.1", {"start_image": PICTURE}, "end_image"),
        ("video-to-video", "topaz-video-upscale", {}, "video_url"),
        ("motion-control", "kling-3.0-motion-control", {"image_url": PICTURE}, "video_url"),
        ("audio-to-video", "lumen-nova-1", {}, "audio_url"),
        ("video-extension", "seedance-2.0", {"extend_times": "1"}, "task_id"),
    ],
)
async def test_an_operation_without_its_input_is_refused(
    account: Account, operation: str, model: str, body: dict[str, Any], missing: str
) -> None:
    response = await account.create(operation=operation, model=model, **body)
    assert response.status_code == 400
    assert response.json()["error"]["param"] == missing


@pytest.mark.parametrize(
    ("body", "field", "allowed"),
    [
        ({"duration": 5}, "duration", "allowed_durations"),
        ({"aspect_ratio": "1:1"}, "aspect_ratio", "allowed_aspect_ratios"),
        ({"resolution": "768p"}, "resolution", "allowed_resolutions"),
        ({"cfg_scale": 5}, "cfg_scale", "supported_parameters"),
        ({"image_url": PICTURE, "operation": "text-to-video"}, "image_url", "supported_parameters"),
        ({"prompt": "a" * 2501}, "prompt", "prompt_max_characters"),
    ],
)
async def test_what_this_model_cannot_do_is_refused_with_what_it_can(
    account: Account, body: dict[str, Any], field: str, allowed: str
) -> None:
    error = (await account.create(**body)).json()["error"]
    assert error["param"] == field
    assert error[allowed]


async def test_an_unknown_model_comes_with_suggestions(account: Account) -> None:
    response = await account.create(model="veo-3.1")
    error = response.json()["error"]
    assert response.status_code == 400
    assert error["code"] == "model_not_found"
    assert error["did_you_mean"] == "veo3.1"
    assert {"id": "veo3.1-fast"} in error["suggestions"]


async def test_a_model_is_refused_for_what_it_does_not_do(account: Account) -> None:
    error = (await account.create(model="topaz-video-upscale", operation="text-to-video")).json()["error"]
    assert error["supported_operations"] == ["video-to-video"]


async def test_too_many_references_for_the_model_are_refused(account: Account) -> None:
    response = await account.create(model="veo3.1", reference_images=[PICTURE] * 4)
    assert response.json()["error"]["param"] == "reference_images"


async def test_elements_and_sound_do_not_go_together(account: Account) -> None:
    element = {"name": "cat", "element_input_urls": [PICTURE, PICTURE]}
    body: dict[str, Any] = {"model": "kling-3.0-video", "image_url": PICTURE, "kling_elements": [element]}
    assert (await account.create(**body, output_audio=True)).json()["error"]["param"] == "kling_elements"
    assert (await account.create(**body)).status_code == 200


async def test_an_extension_needs_a_task_that_has_a_video(account: Account) -> None:
    response = await account.create(model="seedance-2.0", task_id="ldtask_none")
    assert response.status_code == 400
    assert response.json()["error"]["param"] == "task_id"


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff"])
async def test_a_body_that_is_no_json_object_is_refused(account: Account, content: bytes) -> None:
    response = await account.client.post(
        "/v1/videos/generations", content=content, headers={"Content-Type": "application/json"}
    )
    assert response.status_code == 400
    assert account.provider.submissions[0].status == 400


async def test_a_body_that_is_not_called_json_is_refused(account: Account) -> None:
    response = await account.client.post("/v1/videos/generations", data={"prompt": "a fox"})
    assert response.status_code == 400


@pytest.mark.parametrize(
    ("body", "operation"),
    [
        ({"prompt": "a"}, "text-to-video"),
        ({"prompt": "a", "image_url": PICTURE}, "image-to-video"),
        ({"prompt": "a", "referenceImages": [PICTURE]}, "reference-to-video"),
        ({"start_image": PICTURE, "end_image": PICTURE}, "start-end-to-video"),
        ({"video_url": CLIP, "model": "topaz-video-upscale"}, "video-to-video"),
        ({"image_url": PICTURE, "video_url": CLIP, "model": "kling-3.0-motion-control"}, "motion-control"),
        ({"audio_url": SOUND, "model": "lumen-nova-1"}, "audio-to-video"),
    ],
)
async def test_model_and_operation_may_be_left_out(account: Account, body: dict[str, Any], operation: str) -> None:
    account.provider.pace = 100
    response = await account.client.post("/v1/videos/generations", json=body)
    assert response.status_code == 200, response.text
    task = account.provider.tasks[response.json()["id"]]
    assert task.operation == operation
    assert response.json()["model"] == body.get("model", "veo3.1")
    assert account.provider.submissions[0].body == body

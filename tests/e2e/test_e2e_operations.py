"""Every operation, from the slash command to the file in the thread."""

from typing import Any

import pytest

from tests.contracts.discord_openapi.check import rest_violations
from tests.media_files import clip, picture, sound
from tests.stage import Stage

COMMANDS: list[tuple[str, dict[str, Any], str, dict[str, int]]] = [
    ("text", {"prompt": "a cat in a garden", "duration": 4}, "text-to-video", {}),
    ("image", {"image": picture(), "prompt": "it moves"}, "image-to-video", {"image_url": 1}),
    (
        "reference",
        {"prompt": "the same hat", "image1": picture("one.png"), "image2": picture("two.png", (20, 90, 200))},
        "reference-to-video",
        {"reference_images": 2},
    ),
    (
        "frames",
        {"start": picture("start.png"), "end": picture("end.png", (20, 200, 40))},
        "start-end-to-video",
        {"start_image": 1, "end_image": 1},
    ),
    ("transform", {"video": clip()}, "video-to-video", {"video_url": 1}),
    ("motion", {"image": picture(), "video": clip()}, "motion-control", {"image_url": 1, "video_url": 1}),
    ("audio", {"audio": sound(), "prompt": "waves to the beat"}, "audio-to-video", {"audio_url": 1}),
    ("extend", {"video": clip(), "prompt": "and then"}, "video-extension", {"video_url": 1}),
]


async def test_all_eight_operations_end_as_the_providers_bytes_in_a_thread(stage: Stage) -> None:
    await stage.start()
    await stage.until(lambda: stage.provider.requests > 1)  # the live list is known
    for name, options, _operation, _inputs in COMMANDS:
        result = await stage.ada.run(f"video {name}", channel=stage.channel, options=options)
        assert result.error is None
        assert not result.ephemeral, (name, result.message)
        assert not result.deferred
    await stage.until(lambda: len(stage.videos()) >= len(COMMANDS), within=40)

    made = {data for task in stage.provider.tasks.values() for data in task.videos}
    assert {attachment.data for attachment in stage.videos()} == made
    assert len(stage.videos()) == len(COMMANDS) == len(stage.provider.submissions)

    by_operation = {task.body["operation"]: task for task in stage.provider.tasks.values()}
    for name, options, operation, inputs in COMMANDS:
        task = by_operation[operation]
        sent = [value.data for value in options.values() if hasattr(value, "data")]
        fetched = [data for field in inputs for data in task.inputs[field]]
        assert {field: len(task.inputs[field]) for field in inputs} == inputs, name
        assert fetched == sent, name

    assert {message.mentions[0] for thread in stage.discord.threads for message in thread.messages} == {stage.ada.id}
    assert {submission.body["user"] for submission in stage.provider.submissions}.isdisjoint({str(stage.ada.id)})
    assert stage.provider.leaks == []
    assert rest_violations(stage.discord.requests) == []
    assert await stage.end() == 0
    assert "sandbox-token" not in stage.log
    assert "sk-sandbox" not in stage.log


async def test_inputs_go_inline_where_the_configuration_says_so(stage: Stage) -> None:
    await stage.start(media={"inputs": "inline"})
    await stage.ada.run("video image", channel=stage.channel, options={"image": picture(), "prompt": "it moves"})
    await stage.until(stage.videos)
    (task,) = stage.provider.tasks.values()
    assert task.body["image"].startswith("data:image/png;base64,")
    assert task.inputs["image"] == [picture().data]


async def test_an_earlier_video_of_ones_own_can_be_extended(stage: Stage) -> None:
    await stage.start()
    await stage.ada.run("video text", channel=stage.channel, options={"prompt": "a beginning", "model": "seedance-2.0"})
    await stage.until(stage.videos)
    (choice,) = await stage.ada.autocomplete(
        "video extend", channel=stage.channel, options={"generation": ""}, focused="generation"
    )
    await stage.ada.run("video extend", channel=stage.channel, options={"generation": choice["value"]})
    await stage.until(lambda: len(stage.videos()) == 2)
    first, second = stage.provider.tasks.values()
    assert second.body["task_id"] in {first.body.get("id"), *stage.provider.tasks}
    assert second.body["operation"] == "video-extension"


async def test_a_failure_is_told_plainly_once_and_not_counted(stage: Stage) -> None:
    await stage.start()
    await stage.ada.run("video text", channel=stage.channel, options={"prompt": "[policy] something"})
    await stage.until(lambda: stage.discord.threads and stage.discord.threads[0].messages)
    (message,) = stage.discord.threads[0].messages
    assert "content rules" in message.content
    assert "not counted" in message.content
    usage = await stage.ada.run("usage", channel=stage.channel, options={})
    await stage.until(lambda: not usage.message.loading)
    assert "0 used, 50 left" in usage.message.embeds[0]["fields"][0]["value"]


@pytest.mark.parametrize("prompt", ["[cut] a cat", "[garbage] a cat", "[gateway] a cat"])
async def test_a_submission_without_an_answer_is_told_and_never_repeated(stage: Stage, prompt: str) -> None:
    await stage.start()
    await stage.ada.run("video text", channel=stage.channel, options={"prompt": prompt})
    await stage.until(lambda: stage.discord.threads and stage.discord.threads[0].messages)
    (message,) = stage.discord.threads[0].messages
    assert "may or may not be under way" in message.content
    assert len(stage.provider.submissions) == 1


async def test_a_restart_in_the_middle_loses_and_repeats_nothing(stage: Stage) -> None:
    stage.provider.pace = 0.5
    await stage.start()
    await stage.ada.run("video text", channel=stage.channel, options={"prompt": "a long one"})
    await stage.until(lambda: stage.provider.polls)
    assert stage.process is not None
    stage.process.kill()
    await stage.process.wait()
    await stage.start()
    await stage.until(stage.videos)
    assert len(stage.provider.submissions) == 1
    assert len(stage.videos()) == 1


async def test_a_request_that_the_model_cannot_do_is_refused_privately_before_anything_is_sent(stage: Stage) -> None:
    await stage.start()
    await stage.until(lambda: "catalog_refreshed" in stage.log)
    result = await stage.ada.run(
        "video text", channel=stage.channel, options={"prompt": "x", "model": "topaz-video-upscale"}
    )
    assert result.ephemeral
    assert "topaz-video-upscale can't do text-to-video; these can: " in result.message.content
    assert stage.provider.submissions == []

"""Each /video command: what was filled in becomes a stored request, or a private refusal that says why."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import pytest

from bot.domain.catalog import Catalog
from bot.domain.generation import MessageRef, Reason, State
from bot.domain.limits import Limit, Measure, Scope, Window
from bot.domain.request import InputRole, Operation, ReferenceRole
from bot.media.rules import MediaRules
from bot.providers.errors import Refused
from tests.chat.samples import WILD_PROMPT
from tests.chat.stage import Setting
from tests.cogs.conftest import Scene
from tests.cogs.samples import CATALOG, CLIP, PICTURE, SOUND

ABLE = Setting(catalog=CATALOG)
ONE_A_DAY = Setting(
    limits=(Limit(scope=Scope.MEMBER, measure=Measure.GENERATIONS, amount=1, window=Window.DAY),),
)
ONE_AT_A_TIME = Setting(limits=(Limit(scope=Scope.MEMBER, measure=Measure.CONCURRENT, amount=1),))
COMMON = {
    "duration": 8,
    "aspect_ratio": "16:9",
    "resolution": "720p",
    "sound": True,
    "negative_prompt": "rain",
    "seed": 7,
}
FINE = {"cfg_scale": 0.5, "motion_strength": 0.25, "fps": 24}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A command with what is filled in, and what must become of it."""

    command: str
    options: dict[str, Any]
    operation: Operation
    inputs: tuple[tuple[InputRole, str], ...] = ()
    given: dict[str, Any] = field(default_factory=dict)
    prompt: str | None = "a cat"


PICTURES = {f"image{number}": (f"{number}.png", b"png") for number in (2, 1, 9)}
FILLED = (
    Filled(command="text", options={**COMMON, **FINE}, operation=Operation.TEXT, given={**COMMON, **FINE}),
    Filled(command="text", options={"prompt": "  a cat \n"}, operation=Operation.TEXT),
    Filled(
        command="image",
        options={"image": PICTURE, **COMMON, **FINE},
        operation=Operation.IMAGE,
        inputs=((InputRole.IMAGE, "cat.png"),),
        given={**COMMON, **FINE},
    ),
    Filled(
        command="reference",
        options={**PICTURES, "video3": CLIP, "audio1": SOUND, "role": "style", **COMMON},
        operation=Operation.REFERENCE,
        inputs=(
            (InputRole.REFERENCE_IMAGE, "1.png"),
            (InputRole.REFERENCE_IMAGE, "2.png"),
            (InputRole.REFERENCE_IMAGE, "9.png"),
            (InputRole.REFERENCE_VIDEO, "cat.mp4"),
            (InputRole.REFERENCE_AUDIO, "cat.mp3"),
        ),
        given={**COMMON, "role": ReferenceRole.STYLE},
    ),
    Filled(
        command="frames",
        options={"end": ("z.png", b"png"), "start": ("a.png", b"png"), "prompt": None, **FINE},
        operation=Operation.FRAMES,
        inputs=((InputRole.START, "a.png"), (InputRole.END, "z.png")),
        given=FINE,
        prompt=None,
    ),
    Filled(
        command="transform",
        options={"video": CLIP},
        operation=Operation.TRANSFORM,
        inputs=((InputRole.VIDEO, "cat.mp4"),),
    ),
    Filled(
        command="motion",
        options={"image": PICTURE, "video": CLIP, "prompt": None},
        operation=Operation.MOTION,
        inputs=((InputRole.IMAGE, "cat.png"), (InputRole.VIDEO, "cat.mp4")),
        prompt=None,
    ),
    Filled(
        command="audio",
        options={"audio": SOUND, "image": PICTURE},
        operation=Operation.AUDIO,
        inputs=((InputRole.AUDIO, "cat.mp3"), (InputRole.IMAGE, "cat.png")),
    ),
    Filled(
        command="extend",
        options={"video": CLIP, "extend_at": 4, "extend_times": 2, "prompt": None},
        operation=Operation.EXTENSION,
        inputs=((InputRole.VIDEO, "cat.mp4"),),
        given={"extend_at": 4, "extend_times": 2},
        prompt=None,
    ),
)


@pytest.mark.parametrize("setting", [ABLE], indirect=True, ids=["able"])
@pytest.mark.parametrize("filled", FILLED, ids=lambda it: it.command)
async def test_what_is_filled_in_is_what_is_asked_for(scene: Scene, filled: Filled) -> None:
    options = {"prompt": "a cat", "model": "able-1", **filled.options}
    await scene.run(f"video {filled.command}", **{name: value for name, value in options.items() if value is not None})
    (stored,) = await scene.stored()
    asked = stored.request
    assert (asked.operation, asked.model, asked.prompt) == (filled.operation, "able-1", filled.prompt)
    assert tuple((item.role, item.filename) for item in asked.inputs) == filled.inputs
    assert asked.options.given() == filled.given
    assert stored.state is State.ACCEPTED


async def test_the_answer_is_a_public_card_whose_place_is_stored(scene: Scene) -> None:
    result = await scene.run("video text", prompt="a cat")
    (stored,) = await scene.stored()
    assert result.response is not None
    assert (result.deferred, result.ephemeral, result.followups) == (False, False, [])
    assert result.response.embeds[0].footer.text == stored.id
    assert stored.card == MessageRef(channel_id=scene.channel.id, message_id=result.response.id)
    assert scene.stage.woken.is_set()


async def test_a_card_pings_nobody(scene: Scene) -> None:
    await scene.run("video text", prompt=WILD_PROMPT)
    (callback,) = [call for call in scene.env.http_requests if call.path.endswith("/callback")]
    assert callback.json is not None
    data = callback.json["data"]
    assert (data["allowed_mentions"], data.get("content")) == ({"parse": []}, None)


async def test_a_request_keeps_where_it_came_from(scene: Scene) -> None:
    await scene.run("video text", prompt="a cat")
    (stored,) = await scene.stored()
    origin = stored.origin
    assert (origin.guild_id, origin.channel_id, origin.requester_id) == (scene.guild.id, scene.channel.id, scene.ada.id)
    assert (origin.locale, origin.in_thread, origin.upload_limit) == ("en-US", False, 26_214_400)


async def test_without_a_model_the_default_is_taken(scene: Scene) -> None:
    await scene.run("video text", prompt="a cat")
    assert (await scene.stored())[0].request.model == "veo3.1-fast"


async def test_values_that_the_model_may_not_know_are_warned_of_on_the_card(scene: Scene) -> None:
    result = await scene.run("video text", prompt="a cat", model="viduq3-turbo", duration=7)
    assert (await scene.stored())[0].warnings == ("duration",)
    assert result.response is not None
    assert "viduq3-turbo may not know this setting: duration." in str(result.response.embeds[0].to_dict())


async def test_an_earlier_video_of_ones_own_can_be_extended(scene: Scene) -> None:
    await scene.run("video text", prompt="a cat")
    (first,) = await scene.stored()
    await scene.stage.finish(first)
    await scene.run("video extend", generation=first.id)
    extension, _first = await scene.stored()
    assert extension.request.source is not None
    assert (extension.request.source.generation_id, extension.request.source.task_id) == (first.id, f"task-{first.id}")


async def refusal(scene: Scene, command: str, **options: Any) -> str:
    """The private answer to a command that stores and counts nothing."""
    before, used = await scene.stored(), await scene.stage.used(scene.ada.id, scene.guild.id)
    result = await scene.run(command, **options)
    assert await scene.stored() == before
    assert await scene.stage.used(scene.ada.id, scene.guild.id) == used
    assert (result.ephemeral, result.deferred, result.followups) == (True, False, [])
    assert result.response is not None
    return result.response.content


async def test_a_model_that_cannot_do_it_is_refused_with_those_that_can(scene: Scene) -> None:
    said = await refusal(scene, "video text", prompt="a cat", model="viduq2-turbo")
    assert said.startswith("viduq2-turbo can't do text-to-video; these can: veo3.1-fast, viduq3-turbo, ")
    assert said.endswith(" more.")


async def test_an_unknown_model_is_refused_with_those_that_look_alike(scene: Scene) -> None:
    said = await refusal(scene, "video text", prompt="a cat", model="veo3.1-fats")
    assert said.startswith("There is no model called “veo3.1-fats”. Did you mean veo3.1-fast")


async def test_an_operation_that_no_model_can_do_is_refused(scene: Scene) -> None:
    said = await refusal(scene, "video audio", audio=SOUND, prompt="a cat")
    assert said == "No model can do audio-to-video at present: the video service offers none for it."


REFUSED_FILES = (
    ({"image": CLIP}, "“cat.mp4” is not an image."),
    ({"image": ("cat.gif", b"gif")}, "“cat.gif” has a format that can't be used (GIF). These can: PNG, JPEG, WebP."),
    ({"image": ("cat.pdf", b"pdf")}, "“cat.pdf” has a format that can't be used (application/pdf)."),
    ({"image": ("cat.png", b"")}, "“cat.png” is empty."),
    ({"image": ("cat.png", b"x" * 2_097_152)}, "“cat.png” is too large: 2.0 MB, where at most 1.0 MB can be used."),
)


@pytest.mark.parametrize("setting", [Setting(rules=MediaRules(image_most=1_048_576))], indirect=True, ids=["small"])
@pytest.mark.parametrize(("files", "said"), REFUSED_FILES, ids=lambda it: str(it)[:30])
async def test_a_file_that_cannot_be_used_is_refused(scene: Scene, files: dict[str, Any], said: str) -> None:
    assert (await refusal(scene, "video image", prompt="a cat", **files)).startswith(said)


async def test_every_file_is_looked_at(scene: Scene) -> None:
    said = await refusal(scene, "video reference", prompt="a cat", image1=PICTURE, image2=CLIP)
    assert said == "“cat.mp4” is not an image."


@pytest.mark.parametrize("setting", [ABLE], indirect=True, ids=["able"])
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"duration": 5}, "strict-1 can't do duration 5; it can do: 3, 30."),
        ({"resolution": "8k"}, "strict-1 can't do resolution 8k; it can do: 640p."),
        ({"seed": 1}, "strict-1 has no setting for seed; leave it out."),
        ({"prompt": "a" * 21}, "Your prompt has 21 characters; strict-1 takes 20."),
        ({"duration": 0}, "The duration must be between 1 and 60."),
        ({"prompt": "   "}, "Text to video needs a prompt."),
    ],
    ids=lambda it: str(it)[:20],
)
async def test_what_a_model_does_not_take_is_refused(scene: Scene, options: dict[str, Any], said: str) -> None:
    assert await refusal(scene, "video text", **{"prompt": "a cat", "model": "strict-1", **options}) == said


async def test_an_extension_of_nothing_is_refused(scene: Scene) -> None:
    said = await refusal(scene, "video extend", prompt="on and on")
    assert said == "Choose one of your earlier videos to extend, or attach a clip."


async def test_an_extension_of_what_is_not_finished_is_refused(scene: Scene) -> None:
    await scene.run("video text", prompt="a cat")
    (first,) = await scene.stored()
    said = await refusal(scene, "video extend", generation=first.id)
    assert said == "That one has no finished video that could be extended."


async def test_an_extension_of_somebody_elses_video_is_refused_as_unknown(scene: Scene) -> None:
    bea = scene.guild.add_member(scene.env.create_user("bea"))
    await bea.slash(scene.channel, "video text", prompt="a dog")
    (theirs,) = await scene.stage.all_of(bea.id, scene.guild.id)
    await scene.stage.finish(theirs)
    for reference in (theirs.id, f"task-{theirs.id}", "nonsense"):
        said = await refusal(scene, "video extend", generation=reference)
        assert said.startswith(f"You have no video called “{reference}”.")


@pytest.mark.parametrize("setting", [ONE_A_DAY], indirect=True, ids=["one a day"])
async def test_a_limit_is_refused_with_the_instant_of_its_reset(scene: Scene) -> None:
    await scene.run("video text", prompt="a cat")
    said = await refusal(scene, "video text", prompt="another")
    assert said.startswith("That is more than is allowed here: 1 video a day for each member. Left: 0 videos.")
    reset = re.search(r"<t:(\d+):R>", said)
    assert reset is not None
    assert datetime.fromtimestamp(int(reset[1]), UTC).time().isoformat() == "00:00:00"


@pytest.mark.parametrize("setting", [ONE_AT_A_TIME], indirect=True, ids=["one at a time"])
async def test_too_many_at_a_time_are_refused_until_one_is_done(scene: Scene) -> None:
    await scene.run("video text", prompt="a cat")
    assert "/cancel" in await refusal(scene, "video text", prompt="another")
    (first,) = await scene.stored()
    await scene.stage.finish(first)
    await scene.run("video text", prompt="another")
    assert len(await scene.stored()) == 2


async def test_while_the_door_is_closed_everything_is_refused(scene: Scene) -> None:
    scene.stage.door.close(Refused("no money", reason=Reason.DOOR_CLOSED, status=401, closes_door=True))
    said = await refusal(scene, "video text", prompt="a cat")
    assert said == "Videos can't be made at the moment. The bot's owner has been told."


async def test_while_stopping_everything_is_refused(scene: Scene) -> None:
    scene.stage.service.stop_accepting()
    assert "restart" in await refusal(scene, "video text", prompt="a cat")


@pytest.mark.parametrize("setting", [Setting(catalog=Catalog.of([]))], indirect=True, ids=["no models"])
async def test_with_no_models_at_all_everything_is_refused(scene: Scene) -> None:
    assert "No model can do" in await refusal(scene, "video text", prompt="a cat")


async def test_what_a_member_typed_never_breaks_the_refusal(scene: Scene) -> None:
    assert len(await refusal(scene, "video text", prompt="a cat", model="*" * 100)) < 400


def test_no_setting_of_these_tests_is_shared_by_accident() -> None:
    assert isinstance(CATALOG.models, MappingProxyType)

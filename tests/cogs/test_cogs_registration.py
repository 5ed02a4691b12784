"""The commands as they are registered, within Discord's bounds in every language."""

from collections.abc import Iterator
from typing import Any

import pytest

from cogs.options import COMMANDS
from sandbox.discord import Permission
from tests.chat.stage import Stage
from tests.chat.town import Town
from tests.cogs.conftest import Scene

GLOBAL = "/applications/{application_id}/commands"
CHARACTERS_MOST = 8000
COMMON = ["model", "duration", "aspect_ratio", "resolution", "sound", "negative_prompt", "seed"]
FINE = ["cfg_scale", "motion_strength", "fps"]
IMAGES = [f"image{number}" for number in range(1, 10)]
CLIPS = [f"video{number}" for number in range(1, 4)]
SOUNDS = [f"audio{number}" for number in range(1, 4)]
ATTACHMENT, STRING, INTEGER, BOOLEAN, NUMBER = 11, 3, 4, 5, 10

NAMES = {"video", "models", "usage", "cancel", "history", "show", "privacy", "mod", "setup", "owner"}
OPTIONS = {
    "text": (["prompt"], [*COMMON, *FINE]),
    "image": (["image", "prompt"], [*COMMON, *FINE]),
    "reference": (["prompt", "image1"], [*IMAGES[1:], *CLIPS, *SOUNDS, "role", *COMMON]),
    "frames": (["start", "end"], ["prompt", *COMMON, *FINE]),
    "transform": (["video"], ["prompt", *COMMON, *FINE]),
    "motion": (["image", "video"], ["prompt", *COMMON, *FINE]),
    "audio": (["audio", "prompt"], ["image", *COMMON, *FINE]),
    "extend": ([], ["generation", "video", "prompt", "extend_at", "extend_times", *COMMON, *FINE]),
}
TYPES = {
    **dict.fromkeys([*IMAGES, *CLIPS, *SOUNDS, "image", "video", "audio", "start", "end"], ATTACHMENT),
    **dict.fromkeys(["prompt", "negative_prompt", "model", "aspect_ratio", "resolution", "generation", "role"], STRING),
    **dict.fromkeys(["duration", "seed", "fps", "extend_at", "extend_times"], INTEGER),
    **dict.fromkeys(["cfg_scale", "motion_strength"], NUMBER),
    "sound": BOOLEAN,
}


@pytest.fixture
def commands(stage: Stage, town: Town) -> dict[str, Any]:
    """What was registered, as it went over the wire, by name."""
    assert stage.bot.synced.is_set()
    (request,) = town.discord.requests_to("PUT", GLOBAL)
    return {command["name"]: command for command in request.body}


def leaves(command: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The options of a command that a member fills in, its subcommands' included."""
    for option in command.get("options", ()):
        if option["type"] in {1, 2}:
            yield from leaves(option)
        else:
            yield option


def everything(part: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A command with all that is nested in it."""
    yield part
    for nested in (*part.get("options", ()), *part.get("choices", ())):
        yield from everything(nested)


def longest(part: dict[str, Any], key: str) -> int:
    """The length of a text in the language where it is longest, as Discord counts."""
    return max(len(text) for text in (part.get(key, ""), *(part.get(f"{key}_localizations") or {}).values()))


def size(command: dict[str, Any]) -> int:
    """Names, descriptions and values of a command, its options and their choices, in characters."""
    return sum(
        longest(part, "name") + longest(part, "description") + len(str(part.get("value", "")))
        for part in everything(command)
    )


def test_there_are_these_commands_and_no_other(commands: dict[str, Any]) -> None:
    assert set(commands) == NAMES
    assert [option["name"] for option in commands["video"]["options"]] == list(OPTIONS)
    assert {option["type"] for option in commands["video"]["options"]} == {1}


@pytest.mark.parametrize("name", OPTIONS)
def test_options_come_required_first_and_most_used_first(commands: dict[str, Any], name: str) -> None:
    (subcommand,) = [option for option in commands["video"]["options"] if option["name"] == name]
    required = [option["name"] for option in subcommand["options"] if option.get("required")]
    optional = [option["name"] for option in subcommand["options"] if not option.get("required")]
    assert (required, optional) == OPTIONS[name]
    assert [option["name"] for option in subcommand["options"]] == [*required, *optional]
    assert len(subcommand["options"]) <= 25


def test_every_option_has_its_type(commands: dict[str, Any]) -> None:
    found = {option["name"]: option["type"] for option in leaves(commands["video"])}
    assert found == TYPES


def test_the_table_of_commands_is_what_is_registered(commands: dict[str, Any]) -> None:
    assert [spec.name for spec in COMMANDS] == [option["name"] for option in commands["video"]["options"]]


@pytest.mark.parametrize(
    ("option", "bounds"),
    [
        ("prompt", {"min_length": 1, "max_length": 4000}),
        ("model", {"min_length": 1, "max_length": 100}),
        ("aspect_ratio", {"min_length": 1, "max_length": 20}),
        ("duration", {"min_value": -1, "max_value": 60}),
        ("cfg_scale", {"min_value": 0.0, "max_value": 20.0}),
        ("fps", {"min_value": 1, "max_value": 120}),
    ],
)
def test_options_carry_their_bounds(commands: dict[str, Any], option: str, bounds: dict[str, float]) -> None:
    found = next(one for one in leaves(commands["video"]) if one["name"] == option)
    assert {key: value for key, value in found.items() if key.startswith(("min_", "max_"))} == bounds


def test_choices_come_while_typing(commands: dict[str, Any]) -> None:
    found = {option["name"] for option in leaves(commands["video"]) if option.get("autocomplete")}
    assert found == {"model", "duration", "aspect_ratio", "resolution", "generation"}
    assert [option.get("autocomplete") for option in leaves(commands["cancel"])] == [True]
    assert [option.get("autocomplete") for option in leaves(commands["show"])] == [True, None]


def test_every_description_is_short_in_every_language(commands: dict[str, Any]) -> None:
    for command in commands.values():
        for part in everything(command):
            most = 45 if part in list(leaves(command)) else 100
            assert longest(part, "description") <= most, part["name"]


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_command_stays_under_discords_sum_of_characters(commands: dict[str, Any], name: str) -> None:
    characters = size(commands[name])
    print(f"/{name}: {characters} of {CHARACTERS_MOST} characters")  # noqa: T201 - the figure to look at
    assert characters < CHARACTERS_MOST


def test_commands_are_for_guilds_that_installed_the_bot(commands: dict[str, Any]) -> None:
    for name, command in commands.items():
        contexts = [0, 1] if name == "privacy" else [0]
        assert (command["contexts"], command["integration_types"]) == (contexts, [0])


def test_everybody_is_shown_all_commands_but_those_of_moderators_and_the_owner(commands: dict[str, Any]) -> None:
    shown = {name: command.get("default_member_permissions") for name, command in commands.items()}
    managing, administering = int(Permission.MANAGE_GUILD), int(Permission.ADMINISTRATOR)
    assert shown == {**dict.fromkeys(NAMES), "mod": managing, "setup": managing, "owner": administering}


async def test_a_member_sees_all_commands(scene: Scene) -> None:
    assert set(scene.ada.available_commands(scene.channel)) == {
        *(f"video {name}" for name in OPTIONS),
        "models",
        "usage",
        "cancel",
        "history",
        "show",
        "privacy show",
        "privacy delete",
    }

"""The options of /video: what each looks like in Discord, and which of them each command has."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import discord
from discord import app_commands

from bot.domain.request import RANGES, InputRole, Operation
from bot.i18n import N_

PROMPT_MOST = 4000
"""Characters; Discord takes up to 6,000 in a string option."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionSpec:
    """One option: its type as discord.py reads it, its description (at most 45 characters in every language)."""

    annotation: Any
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandSpec:
    """One subcommand of /video. `inputs` are attachment options by name, with the role that each plays."""

    name: str
    operation: Operation
    description: str
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    inputs: Mapping[str, InputRole]


def _range(kind: type, option: str) -> Any:
    least, most = RANGES[option]
    return app_commands.Range[kind, kind(least), kind(most)]


_ATTACHMENT = discord.Attachment
_NAME = app_commands.Range[str, 1, 100]
_VALUE = app_commands.Range[str, 1, 20]

OPTIONS: Mapping[str, OptionSpec] = MappingProxyType(
    {
        "prompt": OptionSpec(
            annotation=app_commands.Range[str, 1, PROMPT_MOST], description=N_("What the video shows")
        ),
        "image": OptionSpec(annotation=_ATTACHMENT, description=N_("The picture to begin from")),
        "start": OptionSpec(annotation=_ATTACHMENT, description=N_("The first frame, a picture")),
        "end": OptionSpec(annotation=_ATTACHMENT, description=N_("The last frame, a picture")),
        "video": OptionSpec(annotation=_ATTACHMENT, description=N_("The clip to work from")),
        "audio": OptionSpec(annotation=_ATTACHMENT, description=N_("The sound to work from")),
        **{
            f"{kind}{number}": OptionSpec(annotation=_ATTACHMENT, description=description)
            for kind, count, description in (
                ("image", 9, N_("A reference picture")),
                ("video", 3, N_("A reference clip")),
                ("audio", 3, N_("A reference sound")),
            )
            for number in range(1, count + 1)
        },
        "role": OptionSpec(annotation=str, description=N_("What the pictures are references of")),
        "generation": OptionSpec(annotation=_NAME, description=N_("One of your earlier videos")),
        "extend_at": OptionSpec(annotation=_range(int, "extend_at"), description=N_("Second at which to go on")),
        "extend_times": OptionSpec(annotation=_range(int, "extend_times"), description=N_("How many times to go on")),
        "model": OptionSpec(annotation=_NAME, description=N_("Which model makes it")),
        "duration": OptionSpec(annotation=_range(int, "duration"), description=N_("Length in seconds")),
        "aspect_ratio": OptionSpec(annotation=_VALUE, description=N_("Shape, such as 16:9")),
        "resolution": OptionSpec(annotation=_VALUE, description=N_("Size, such as 720p")),
        "sound": OptionSpec(annotation=bool, description=N_("With sound or without")),
        "negative_prompt": OptionSpec(
            annotation=app_commands.Range[str, 1, PROMPT_MOST], description=N_("What the video must not show")
        ),
        "seed": OptionSpec(annotation=_range(int, "seed"), description=N_("The same seed, a similar video")),
        "cfg_scale": OptionSpec(
            annotation=_range(float, "cfg_scale"), description=N_("How closely to follow you, 0-20")
        ),
        "motion_strength": OptionSpec(
            annotation=_range(float, "motion_strength"), description=N_("How much moves, 0-1")
        ),
        "fps": OptionSpec(annotation=_range(int, "fps"), description=N_("Frames per second")),
    }
)

COMMON = ("model", "duration", "aspect_ratio", "resolution", "sound", "negative_prompt", "seed")
FINE = ("cfg_scale", "motion_strength", "fps")
"""Left out of /video reference, which would have more than Discord's 25 options with them."""

_NONE: Mapping[str, InputRole] = MappingProxyType({})
_REFERENCES = MappingProxyType(
    {
        **{f"image{number}": InputRole.REFERENCE_IMAGE for number in range(1, 10)},
        **{f"video{number}": InputRole.REFERENCE_VIDEO for number in range(1, 4)},
        **{f"audio{number}": InputRole.REFERENCE_AUDIO for number in range(1, 4)},
    }
)

COMMANDS: tuple[CommandSpec, ...] = (
    CommandSpec(
        name="text",
        operation=Operation.TEXT,
        description=N_("Make a video from words"),
        required=("prompt",),
        optional=COMMON + FINE,
        inputs=_NONE,
    ),
    CommandSpec(
        name="image",
        operation=Operation.IMAGE,
        description=N_("Bring a picture to life"),
        required=("image", "prompt"),
        optional=COMMON + FINE,
        inputs=MappingProxyType({"image": InputRole.IMAGE}),
    ),
    CommandSpec(
        name="reference",
        operation=Operation.REFERENCE,
        description=N_("Make a video after reference pictures"),
        required=("prompt", "image1"),
        optional=(*tuple(_REFERENCES)[1:], "role", *COMMON),
        inputs=_REFERENCES,
    ),
    CommandSpec(
        name="frames",
        operation=Operation.FRAMES,
        description=N_("Go from one picture to another"),
        required=("start", "end"),
        optional=("prompt", *COMMON, *FINE),
        inputs=MappingProxyType({"start": InputRole.START, "end": InputRole.END}),
    ),
    CommandSpec(
        name="transform",
        operation=Operation.TRANSFORM,
        description=N_("Make a new video from a clip"),
        required=("video",),
        optional=("prompt", *COMMON, *FINE),
        inputs=MappingProxyType({"video": InputRole.VIDEO}),
    ),
    CommandSpec(
        name="motion",
        operation=Operation.MOTION,
        description=N_("Move a picture as a clip moves"),
        required=("image", "video"),
        optional=("prompt", *COMMON, *FINE),
        inputs=MappingProxyType({"image": InputRole.IMAGE, "video": InputRole.VIDEO}),
    ),
    CommandSpec(
        name="audio",
        operation=Operation.AUDIO,
        description=N_("Make a video to a sound"),
        required=("audio", "prompt"),
        optional=("image", *COMMON, *FINE),
        inputs=MappingProxyType({"audio": InputRole.AUDIO, "image": InputRole.IMAGE}),
    ),
    CommandSpec(
        name="extend",
        operation=Operation.EXTENSION,
        description=N_("Go on where a video ends"),
        optional=("generation", "video", "prompt", "extend_at", "extend_times", *COMMON, *FINE),
        inputs=MappingProxyType({"video": InputRole.VIDEO}),
    ),
)


def signature(spec: CommandSpec) -> inspect.Signature:
    """The signature from which discord.py reads a command's options."""
    named = inspect.Parameter.POSITIONAL_OR_KEYWORD
    types = {name: OPTIONS[name].annotation for name in (*spec.required, *spec.optional)}
    return inspect.Signature(
        [
            inspect.Parameter("interaction", named, annotation=discord.Interaction),
            *(inspect.Parameter(name, named, annotation=types[name]) for name in spec.required),
            *(inspect.Parameter(name, named, default=None, annotation=types[name] | None) for name in spec.optional),
        ]
    )

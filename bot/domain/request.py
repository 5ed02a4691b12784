"""What a member asks for: an immutable, validated value.

The operations, their inputs and the ranges of the options are the video API's own
(provider contract, sections 3.1 and 3.2).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from urllib.parse import parse_qs, urlsplit


class Operation(StrEnum):
    """The kind of generation, by the API's own name."""

    TEXT = "text-to-video"
    IMAGE = "image-to-video"
    REFERENCE = "reference-to-video"
    FRAMES = "start-end-to-video"
    TRANSFORM = "video-to-video"
    MOTION = "motion-control"
    AUDIO = "audio-to-video"
    EXTENSION = "video-extension"


class MediaKind(StrEnum):
    """What a file is: a picture, a clip or a sound."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"


class InputRole(StrEnum):
    """What an input is for; the command's attachment options carry the same words."""

    IMAGE = "image"
    START = "start"
    END = "end"
    VIDEO = "video"
    AUDIO = "audio"
    REFERENCE_IMAGE = "reference_image"
    REFERENCE_VIDEO = "reference_video"
    REFERENCE_AUDIO = "reference_audio"

    @property
    def kind(self) -> MediaKind:
        """The kind of file that can play this role."""
        match self:
            case InputRole.VIDEO | InputRole.REFERENCE_VIDEO:
                return MediaKind.VIDEO
            case InputRole.AUDIO | InputRole.REFERENCE_AUDIO:
                return MediaKind.AUDIO
            case _:
                return MediaKind.IMAGE


class ReferenceRole(StrEnum):
    """What reference pictures are references of (the API's reference_image_type)."""

    ASSET = "asset"
    STYLE = "style"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """How many inputs of one role an operation takes."""

    role: InputRole
    least: int
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What an operation needs: its inputs, and whether it goes without a prompt."""

    slots: tuple[Slot, ...] = ()
    prompt: bool = True


def _one(role: InputRole) -> Slot:
    return Slot(role=role, least=1, most=1)


NEEDS: Mapping[Operation, Needs] = MappingProxyType(
    {
        Operation.TEXT: Needs(),
        Operation.IMAGE: Needs(slots=(_one(InputRole.IMAGE),)),
        Operation.REFERENCE: Needs(
            slots=(
                Slot(role=InputRole.REFERENCE_IMAGE, least=0, most=9),
                Slot(role=InputRole.REFERENCE_VIDEO, least=0, most=3),
                Slot(role=InputRole.REFERENCE_AUDIO, least=0, most=3),
            ),
        ),
        Operation.FRAMES: Needs(slots=(_one(InputRole.START), _one(InputRole.END)), prompt=False),
        Operation.TRANSFORM: Needs(slots=(_one(InputRole.VIDEO),), prompt=False),
        Operation.MOTION: Needs(slots=(_one(InputRole.IMAGE), _one(InputRole.VIDEO)), prompt=False),
        Operation.AUDIO: Needs(slots=(_one(InputRole.AUDIO), Slot(role=InputRole.IMAGE, least=0, most=1))),
        Operation.EXTENSION: Needs(slots=(Slot(role=InputRole.VIDEO, least=0, most=1),), prompt=False),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One attachment of a command, as Discord stated it: `size` in bytes, sides in pixels where known.

    `url` is signed and short-lived; `attachment_id` is Discord's id of the ephemeral attachment.
    """

    role: InputRole
    attachment_id: int
    filename: str
    content_type: str | None
    size: int
    url: str
    width: int | None = None
    height: int | None = None

    @property
    def url_ends_at(self) -> datetime | None:
        """Until when the address is good, as it says itself (`ex`, a hexadecimal Unix time); None where it doesn't."""
        try:
            stated = parse_qs(urlsplit(self.url).query).get("ex", [""])
            return datetime.fromtimestamp(int(stated[0], 16), UTC)
        except (ValueError, OverflowError, OSError):
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of a request; None means: the model decides.

    `duration` and `extend_at` are whole seconds, `sound` is the API's output_audio.
    """

    duration: int | None = None
    aspect_ratio: str | None = None
    resolution: str | None = None
    sound: bool | None = None
    negative_prompt: str | None = None
    seed: int | None = None
    cfg_scale: float | None = None
    motion_strength: float | None = None
    fps: int | None = None
    role: ReferenceRole | None = None
    extend_at: int | None = None
    extend_times: int | None = None

    def given(self) -> dict[str, object]:
        """Only the options that the member set, by name."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The earlier generation that an extension goes on from, with the provider's task that made it."""

    generation_id: str
    task_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request for a video: what is asked of which model, with which inputs."""

    operation: Operation
    model: str
    prompt: str | None = None
    inputs: tuple[Input, ...] = ()
    options: Options = field(default_factory=Options)
    source: Source | None = None

    def wording(self) -> tuple[str, ...]:
        """What the member wrote that the video is made from: the prompt and the negative prompt, where there is one."""
        return tuple(text for text in (self.prompt, self.options.negative_prompt) if text)

    def inputs_as(self, role: InputRole) -> tuple[Input, ...]:
        """The inputs that play `role`, in the order given."""
        return tuple(item for item in self.inputs if item.role is role)


RANGES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "duration": (-1, 60),
        "seed": (-1, 4_294_967_295),
        "cfg_scale": (0, 20),
        "motion_strength": (0, 1),
        "fps": (1, 120),
        "extend_at": (0, 86_400),
        "extend_times": (1, 20),
    }
)
"""Published ranges of the numeric options; for cfg_scale and motion_strength the narrower of two that were published.

A duration of -1 lets the model choose (Seedance). extend_at and extend_times have no published upper end: these are
ours.
"""

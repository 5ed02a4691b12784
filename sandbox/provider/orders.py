"""The validation of a create request: a stern reading, so that a client's slips show."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.provider import fields
from sandbox.provider.errors import invalid, refuse, unknown_model
from sandbox.provider.offer import DEFAULT_MODEL, Model, Operation, find, near


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A valid create request, under the fields' first names; `sound` is decided even where nothing was asked."""

    model: Model
    operation: Operation
    fields: Mapping[str, Any]
    sound: bool

    @property
    def prompt(self) -> str:
        """The prompt, or an empty text."""
        return str(self.fields.get("prompt", ""))


def read_order(body: Mapping[str, Any], is_finished: Callable[[str], bool]) -> Order:
    """Validate a body, or raise the refusal; `is_finished` tells whether a task id has a video."""
    if problems := [(name, problem) for name, value in body.items() if (problem := fields.problem_with(name, value))]:
        refuse(invalid(problems))
    wanted = _first_names(body)
    name = wanted.get("model", DEFAULT_MODEL)
    model = find(name)
    if model is None:
        refuse(unknown_model(400, near(name)))
    operation = Operation(wanted["operation"]) if "operation" in wanted else _inferred(wanted)
    _check_operation(model, operation)
    _check_inputs(model, operation, wanted, is_finished)
    _check_parameters(model, operation, wanted)
    sound = bool(wanted.get("output_audio", model.sounds_by_default))
    return Order(model=model, operation=operation, fields=wanted, sound=sound)


def parameters_of(model: Model, operation: Operation) -> list[str]:
    """Name every field that a request for this model and operation may have."""
    choices = {
        "duration": model.durations,
        "aspect_ratio": model.ratios,
        "resolution": model.resolutions,
    }
    offered = {name for name, allowed in choices.items() if allowed} | model.parameters | _ALWAYS
    specials = {"image_urls", "kling_elements"}
    inputs = {name for name in _INPUTS[operation] if name not in specials or name in model.parameters}
    return sorted((offered - (_ALL_INPUTS - inputs)) | inputs)


def needs_of(operation: Operation) -> list[str]:
    """Name the fields that an operation needs, the preferred one where several will do."""
    return [group[0] for group in _REQUIRED[operation]]


def inputs_of(operation: Operation) -> list[str]:
    """Name every field that may meet a need of an operation."""
    return [name for group in _REQUIRED[operation] for name in group]


_ALWAYS = frozenset({"model", "operation", "prompt", "user"})

_INPUTS: dict[Operation, frozenset[str]] = {
    Operation.TEXT: frozenset(),
    Operation.IMAGE: frozenset({"image_url", "image", "image_urls", "kling_elements"}),
    Operation.REFERENCE: frozenset({"reference_images", "reference_image_type", "video_urls", "audio_urls"}),
    Operation.FRAMES: frozenset({"start_image", "end_image"}),
    Operation.TRANSFORM: frozenset({"video_url", "task_id"}),
    Operation.MOTION: frozenset({"image_url", "video_url"}),
    Operation.AUDIO: frozenset({"audio_url", "image_url", "image"}),
    Operation.EXTEND: frozenset({"task_id", "video_url", "extend_at", "extend_times"}),
}
_ALL_INPUTS = frozenset().union(*_INPUTS.values())

_REQUIRED: dict[Operation, tuple[tuple[str, ...], ...]] = {
    Operation.TEXT: (("prompt",),),
    Operation.IMAGE: (("image_url", "image", "image_urls"), ("prompt",)),
    Operation.REFERENCE: (("reference_images",), ("prompt",)),
    Operation.FRAMES: (("start_image",), ("end_image",)),
    Operation.TRANSFORM: (("video_url", "task_id"),),
    Operation.MOTION: (("image_url",), ("video_url",)),
    Operation.AUDIO: (("audio_url",),),
    Operation.EXTEND: (("task_id", "video_url"),),
}


def _first_names(body: Mapping[str, Any]) -> dict[str, Any]:
    wanted = {name: value for name, value in body.items() if name not in fields.ALIASES}
    for alias, name in fields.ALIASES.items():
        if alias in body and wanted.setdefault(name, body[alias]) != body[alias]:
            refuse(invalid([(alias, f"Must match {name}")]))
    return wanted


def _inferred(wanted: Mapping[str, Any]) -> Operation:
    signs: Sequence[tuple[set[str], Operation]] = (
        ({"task_id"}, Operation.EXTEND),
        ({"start_image"}, Operation.FRAMES),
        ({"end_image"}, Operation.FRAMES),
        ({"reference_images"}, Operation.REFERENCE),
        ({"image_url", "video_url"}, Operation.MOTION),
        ({"audio_url"}, Operation.AUDIO),
        ({"video_url"}, Operation.TRANSFORM),
        ({"image_url"}, Operation.IMAGE),
        ({"image"}, Operation.IMAGE),
        ({"image_urls"}, Operation.IMAGE),
    )
    return next((operation for sign, operation in signs if sign <= wanted.keys()), Operation.TEXT)


def _check_operation(model: Model, operation: Operation) -> None:
    if operation not in model.operations:
        message = f"{operation} is not supported by {model.id}"
        refuse(invalid([("operation", message)], model=model.id, supported_operations=list(model.operations)))


def _check_inputs(
    model: Model, operation: Operation, wanted: Mapping[str, Any], is_finished: Callable[[str], bool]
) -> None:
    missing = [
        (group[0], f"Required for {operation}") for group in _REQUIRED[operation] if not wanted.keys() & set(group)
    ]
    if missing:
        needed = needs_of(operation)
        refuse(invalid(missing, model=model.id, supported_operations=list(model.operations), required_selectors=needed))
    if "task_id" in wanted and not is_finished(wanted["task_id"]):
        refuse(invalid([("task_id", "Not a finished task of this account")], model=model.id))
    if len(wanted.get("reference_images", ())) > model.max_references:
        refuse(invalid([("reference_images", f"At most {model.max_references} for {model.id}")], model=model.id))
    if "kling_elements" in wanted and wanted.get("output_audio"):
        refuse(invalid([("kling_elements", "Cannot be combined with output_audio")], model=model.id))


def _check_parameters(model: Model, operation: Operation, wanted: Mapping[str, Any]) -> None:
    supported = parameters_of(model, operation)
    if strange := [(name, f"Not supported for {operation} by {model.id}") for name in wanted if name not in supported]:
        refuse(invalid(strange, model=model.id, supported_parameters=supported))
    choices = {
        "duration": ("allowed_durations", [str(seconds) for seconds in model.durations]),
        "aspect_ratio": ("allowed_aspect_ratios", list(model.ratios)),
        "resolution": ("allowed_resolutions", list(model.resolutions)),
    }
    for name, (key, allowed) in choices.items():
        if name in wanted and str(wanted[name]) not in allowed:
            message = f"{wanted[name]} is not supported by {model.id}"
            refuse(invalid([(name, message)], model=model.id, **{key: allowed}))
    if len(wanted.get("prompt", "")) > model.prompt_max:
        message = f"At most {model.prompt_max} characters"
        refuse(invalid([("prompt", message)], model=model.id, prompt_max_characters=model.prompt_max))

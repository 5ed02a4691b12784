"""The fields of a create request: which exist, and what each may hold by itself."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

Check = Callable[[Any], str | None]
"""Says what is wrong with a value, or None."""

ALIASES = {
    "referenceImages": "reference_images",
    "referenceImageType": "reference_image_type",
    "outputAudio": "output_audio",
    "generate_audio": "output_audio",
    "seconds": "duration",
    "ratio": "aspect_ratio",
}
"""Other names of a field; where both are sent they must agree."""

IMAGE_FIELDS = ("image_url", "image", "image_urls", "start_image", "end_image", "reference_images", "kling_elements")
VIDEO_FIELDS = ("video_url", "video_urls")
AUDIO_FIELDS = ("audio_url", "audio_urls")
TASK_FIELDS = ("task_id", "extend_at", "extend_times")


def problem_with(name: str, value: Any) -> str | None:
    """Say what is wrong with one field of a request, its name included, or None."""
    check = _FIELDS.get(ALIASES.get(name, name))
    return "Unknown parameter" if check is None else check(value)


def _text(*, longest: int | None = None) -> Check:
    def check(value: Any) -> str | None:
        if not isinstance(value, str) or not value.strip():
            return "Must be a non-empty string"
        return f"At most {longest} characters" if longest is not None and len(value) > longest else None

    return check


def _one_of(*allowed: str) -> Check:
    return lambda value: None if value in allowed else f"Must be one of {', '.join(allowed)}"


def _boolean(value: Any) -> str | None:
    return None if isinstance(value, bool) else "Must be a boolean"


def _integer(low: int, high: int) -> Check:
    def check(value: Any) -> str | None:
        if not isinstance(value, int) or isinstance(value, bool):
            return "Must be an integer"
        return None if low <= value <= high else f"Must be from {low} to {high}"

    return check


def _number(low: float, high: float) -> Check:
    def check(value: Any) -> str | None:
        if not isinstance(value, int | float) or isinstance(value, bool):
            return "Must be a number"
        return None if low <= value <= high else f"Must be from {low:g} to {high:g}"

    return check


def _list_of(item: Check, low: int, high: int) -> Check:
    def check(value: Any) -> str | None:
        if not isinstance(value, list) or not low <= len(value) <= high:
            return f"Must be a list of {low} to {high}"
        return next((problem for entry in value if (problem := item(entry))), None)

    return check


def _remote(value: Any) -> str | None:
    if not isinstance(value, str):
        return "Must be a URL"
    try:
        parts = urlsplit(value)
    except ValueError:
        return "Must be a URL"
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return "Must be a publicly reachable http(s) URL"
    return "Must have neither credentials nor a fragment" if "@" in parts.netloc or parts.fragment else None


def _inline(value: Any) -> str | None:
    if isinstance(value, str) and value.startswith("data:image/") and ";base64," in value:
        return None
    return "Must be a data URL of an image, in base64"


def _either(value: Any) -> str | None:
    return _inline(value) if isinstance(value, str) and value.startswith("data:") else _remote(value)


def _element(value: Any) -> str | None:
    checks = {
        "name": _text(longest=64),
        "description": _text(longest=500),
        "element_input_urls": _list_of(_remote, 2, 4),
    }
    if not isinstance(value, dict) or not {"name", "element_input_urls"} <= value.keys() <= checks.keys():
        return "Each element has a name, element_input_urls and perhaps a description"
    return next((problem for name, entry in value.items() if (problem := checks[name](entry))), None)


_RATIO = _one_of("adaptive", "16:9", "9:16", "1:1", "4:3", "3:4", "21:9")
_OPERATION = _one_of(
    *("text-to-video", "image-to-video", "reference-to-video", "start-end-to-video"),
    *("video-to-video", "video-extension", "audio-to-video", "motion-control"),
)

_FIELDS: Mapping[str, Check] = {
    "model": _text(),
    "operation": _OPERATION,
    "prompt": _text(),
    "image_url": _remote,
    "image": _inline,
    "image_urls": _list_of(_remote, 1, 9),
    "reference_images": _list_of(_either, 1, 9),
    "reference_image_type": _one_of("asset", "style"),
    "start_image": _either,
    "end_image": _either,
    "video_url": _remote,
    "video_urls": _list_of(_remote, 1, 3),
    "audio_url": _remote,
    "audio_urls": _list_of(_remote, 1, 3),
    "task_id": _text(),
    "extend_at": _integer(0, 2**31),
    "extend_times": _text(),
    "duration": _integer(-1, 60),
    "aspect_ratio": _RATIO,
    "resolution": _text(),
    "size": _text(),
    "output_audio": _boolean,
    "fps": _integer(1, 120),
    "negative_prompt": _text(),
    "seed": _integer(-1, 2**32 - 1),
    "cfg_scale": _number(0, 20),
    "motion_strength": _number(0, 1),
    "kling_elements": _list_of(_element, 1, 3),
    "watermark": _boolean,
    "effect_type": _text(),
    "user": _text(),
    "safety_identifier": _text(longest=128),
    "return_last_frame": _boolean,
    "execution_expires_after": _integer(3600, 259200),
    "priority": _integer(0, 9),
    "service_tier": _one_of("default", "flex"),
    "frames": _integer(1, 2**31),
    "camera_fixed": _boolean,
    "draft": _boolean,
    "draft_task_id": _text(),
    "output_format": _one_of("mp4", "mov"),
    "material_asset_id": _text(),
    "material_asset_ids": _list_of(_text(), 1, 9),
}

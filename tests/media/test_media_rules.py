"""What Discord states of an attachment is judged without fetching it."""

from collections.abc import Callable

import pytest

from bot.domain.errors import BadFile, FileFault, Rejection
from bot.domain.request import Input, InputRole, MediaKind
from bot.media.rules import MIB, MediaRules, check_stated

RULES = MediaRules()
IMAGES = "PNG, JPEG, WebP"
IMAGE, VIDEO, AUDIO = InputRole.IMAGE, InputRole.VIDEO, InputRole.AUDIO


@pytest.mark.parametrize(
    ("role", "content_type", "filename"),
    [
        (IMAGE, "image/png", "a.png"),
        (IMAGE, "image/jpeg", "a.jpg"),
        (InputRole.REFERENCE_IMAGE, "image/webp", "a.webp"),
        (InputRole.START, "IMAGE/PNG; charset=binary", "a"),
        (IMAGE, None, "A.JPEG"),
        (IMAGE, "application/octet-stream", "a.png"),
        (VIDEO, "video/mp4", "a.mp4"),
        (VIDEO, "video/quicktime", "a.mov"),
        (InputRole.REFERENCE_VIDEO, None, "a.mov"),
        (AUDIO, "audio/mpeg", "a.mp3"),
        (AUDIO, "audio/x-wav", "a.wav"),
        (InputRole.REFERENCE_AUDIO, "audio/aac", "a.aac"),
    ],
)
def test_accepted_types_pass(
    attach: Callable[..., Input], role: InputRole, content_type: str | None, filename: str
) -> None:
    check_stated(attach(role, content_type=content_type, filename=filename), RULES)


@pytest.mark.parametrize(
    ("role", "facts", "fault", "found", "bound"),
    [
        (IMAGE, {"content_type": "image/gif"}, FileFault.WRONG_FORMAT, "GIF", IMAGES),
        (IMAGE, {"content_type": "image/heic"}, FileFault.WRONG_FORMAT, "HEIC", IMAGES),
        (IMAGE, {"filename": "a.HEIF"}, FileFault.WRONG_FORMAT, "HEIC", IMAGES),
        (IMAGE, {"content_type": "image/svg+xml"}, FileFault.WRONG_FORMAT, "image/svg+xml", IMAGES),
        (IMAGE, {"content_type": "text/html; charset=utf-8"}, FileFault.WRONG_FORMAT, "text/html", IMAGES),
        (IMAGE, {"filename": "a.xyz"}, FileFault.WRONG_FORMAT, ".xyz", IMAGES),
        (IMAGE, {"content_type": "text/html", "filename": "a.png"}, FileFault.WRONG_FORMAT, "text/html", IMAGES),
        (IMAGE, {"content_type": "video/mp4"}, FileFault.WRONG_KIND, "video", "image"),
        (VIDEO, {"content_type": "image/png"}, FileFault.WRONG_KIND, "image", "video"),
        (VIDEO, {"content_type": "audio/midi"}, FileFault.WRONG_KIND, "audio", "video"),
        (VIDEO, {"content_type": "video/webm"}, FileFault.WRONG_FORMAT, "WebM", "MP4, MOV"),
        (AUDIO, {"content_type": "audio/ogg"}, FileFault.WRONG_FORMAT, "Ogg", "MP3, WAV, AAC"),
        (AUDIO, {"content_type": "audio/mp4"}, FileFault.WRONG_FORMAT, "M4A", "MP3, WAV, AAC"),
        (IMAGE, {"filename": "a.png", "size": 0}, FileFault.EMPTY, "", ""),
        (IMAGE, {"filename": "a.png", "size": 20 * MIB + 1}, FileFault.TOO_LARGE, "20971521", "20971520"),
        (VIDEO, {"filename": "a.mp4", "size": 200 * MIB + 1}, FileFault.TOO_LARGE, "209715201", "209715200"),
        (AUDIO, {"filename": "a.mp3", "size": 15 * MIB + 1}, FileFault.TOO_LARGE, "15728641", "15728640"),
        (IMAGE, {"filename": "a.png", "width": 400, "height": 299}, FileFault.TOO_SMALL_SIDES, "400x299", "300"),
        (IMAGE, {"filename": "a.png", "width": 6001, "height": 400}, FileFault.TOO_LARGE_SIDES, "6001x400", "6000"),
    ],
)
def test_a_refusal_names_the_fault_with_its_figures(
    attach: Callable[..., Input],
    role: InputRole,
    facts: dict[str, object],
    fault: FileFault,
    found: str,
    bound: str,
) -> None:
    item = attach(role, **facts)
    with pytest.raises(Rejection) as caught:
        check_stated(item, RULES)
    assert caught.value.problem == BadFile(item.filename, role.kind, fault, found, bound)


def test_the_bounds_themselves_are_allowed(attach: Callable[..., Input]) -> None:
    for width, height in ((300, 300), (6000, 6000)):
        check_stated(attach(filename="a.png", size=RULES.image_most, width=width, height=height), RULES)


def test_sides_of_clips_are_not_judged(attach: Callable[..., Input]) -> None:
    check_stated(attach(VIDEO, filename="a.mp4", width=64, height=48), RULES)


def test_every_kind_has_a_bound_of_its_own() -> None:
    rules = MediaRules(image_most=1, video_most=2, audio_most=3)
    assert [rules.most(kind) for kind in (MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.AUDIO)] == [1, 2, 3]

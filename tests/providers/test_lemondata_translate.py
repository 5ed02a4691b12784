"""From requests to bodies, and from answers to what they say of a task."""

import json
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.generation import Reason
from bot.domain.ledger import Amounts
from bot.domain.request import Input, InputRole, Operation, Options, ReferenceRole, Request, Source
from bot.providers.base import Phase, Submission
from bot.providers.lemondata.translate import body_of, phase_of, status_of
from bot.providers.lemondata.wire import TaskAnswer, read_json

URL = "https://cdn.example/"
DATA = "data:image/png;base64,AAAA"
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
ANY_ANSWER = st.dictionaries(
    st.sampled_from([*TaskAnswer.model_fields, "url", "message", "code", "data"]) | st.text(max_size=4), ANY_JSON
)


def body(operation: Operation, *inputs: tuple[InputRole, str], **changes: Any) -> dict[str, Any]:
    """The body for a request, without the fields that every body has."""
    items = tuple(
        Input(role=role, attachment_id=1, filename="f", content_type=None, size=1, url="https://discord.example/f")
        for role, _ in inputs
    )
    request = Request(operation=operation, model="m", inputs=items, **changes)
    made = body_of(Submission(request=request, input_urls=tuple(url for _, url in inputs), user="member-1"))
    assert (made.pop("model"), made.pop("operation"), made.pop("user")) == ("m", operation.value, "member-1")
    return made


def status(**answer: Any) -> Any:
    return status_of(TaskAnswer.model_validate(answer), {})


def test_text_alone_sends_its_prompt() -> None:
    assert body(Operation.TEXT, prompt="a harbour") == {"prompt": "a harbour"}


def test_a_picture_goes_by_its_address() -> None:
    assert body(Operation.IMAGE, (InputRole.IMAGE, URL)) == {"image_url": URL}


def test_a_picture_as_data_goes_in_the_field_for_data() -> None:
    assert body(Operation.IMAGE, (InputRole.IMAGE, DATA)) == {"image": DATA}


def test_references_go_in_lists_by_their_kind() -> None:
    inputs = [
        (InputRole.REFERENCE_IMAGE, URL + "1"),
        (InputRole.REFERENCE_VIDEO, URL + "2"),
        (InputRole.REFERENCE_IMAGE, URL + "3"),
        (InputRole.REFERENCE_AUDIO, URL + "4"),
    ]
    assert body(Operation.REFERENCE, *inputs, options=Options(role=ReferenceRole.STYLE)) == {
        "reference_images": [URL + "1", URL + "3"],
        "video_urls": [URL + "2"],
        "audio_urls": [URL + "4"],
        "reference_image_type": "style",
    }


def test_frames_need_no_prompt() -> None:
    sent = body(Operation.FRAMES, (InputRole.START, URL + "1"), (InputRole.END, URL + "2"))
    assert sent == {"start_image": URL + "1", "end_image": URL + "2"}


def test_a_clip_to_transform_goes_by_its_address() -> None:
    assert body(Operation.TRANSFORM, (InputRole.VIDEO, URL)) == {"video_url": URL}


def test_motion_takes_a_picture_and_a_clip() -> None:
    sent = body(Operation.MOTION, (InputRole.IMAGE, URL + "1"), (InputRole.VIDEO, URL + "2"))
    assert sent == {"image_url": URL + "1", "video_url": URL + "2"}


def test_sound_may_come_with_a_picture() -> None:
    sent = body(Operation.AUDIO, (InputRole.AUDIO, URL + "1"), (InputRole.IMAGE, URL + "2"), prompt="sing")
    assert sent == {"audio_url": URL + "1", "image_url": URL + "2", "prompt": "sing"}


def test_an_extension_names_its_task_and_repeats_as_text() -> None:
    source = Source(generation_id="g1", task_id="ldtask_1")
    sent = body(Operation.EXTENSION, source=source, options=Options(extend_at=4, extend_times=2))
    assert sent == {"task_id": "ldtask_1", "extend_at": 4, "extend_times": "2"}


def test_every_other_option_goes_by_the_api_s_name() -> None:
    options = Options(
        duration=8,
        aspect_ratio="9:16",
        resolution="1080p",
        sound=False,
        negative_prompt="rain",
        seed=0,
        cfg_scale=0.5,
        motion_strength=0.0,
        fps=24,
    )
    assert body(Operation.TEXT, prompt="a harbour", options=options) == {
        "prompt": "a harbour",
        "duration": 8,
        "aspect_ratio": "9:16",
        "resolution": "1080p",
        "output_audio": False,
        "negative_prompt": "rain",
        "seed": 0,
        "cfg_scale": 0.5,
        "motion_strength": 0.0,
        "fps": 24,
    }


@pytest.mark.parametrize(
    ("word", "phase"),
    [
        ("pending", Phase.QUEUED),
        ("queued", Phase.QUEUED),
        ("submitted", Phase.QUEUED),
        ("processing", Phase.RUNNING),
        ("running", Phase.RUNNING),
        ("in_progress", Phase.RUNNING),
        ("Completed", Phase.DONE),
        ("succeeded", Phase.DONE),
        ("success", Phase.DONE),
        ("FAILED", Phase.FAILED),
        ("error", Phase.FAILED),
        ("cancelled", Phase.CANCELLED),
        ("canceled", Phase.CANCELLED),
        ("expired", Phase.EXPIRED),
    ],
)
def test_a_status_word_has_its_phase(word: str, phase: Phase) -> None:
    assert status(status=word, video_url=URL).phase is phase


def test_an_unknown_status_word_means_still_running_and_is_logged_once() -> None:
    phase_of.cache_clear()
    with structlog.testing.capture_logs() as lines:
        assert status(status="rendering", video_url=URL).phase is Phase.RUNNING
        assert status(status="rendering").phase is Phase.RUNNING
    assert [(line["event"], line["word"]) for line in lines] == [("unknown_status_word", "rendering")]


@pytest.mark.parametrize("mark", [{"cancelled": True}, {"cancellation_status": "cancelled"}])
def test_a_failure_that_is_marked_as_cancelled_is_a_cancellation(mark: dict[str, object]) -> None:
    assert status(status="failed", **mark).phase is Phase.CANCELLED
    assert status(status="completed", video_url=URL, **mark).phase is Phase.DONE
    assert status(**mark).phase is Phase.CANCELLED


def test_a_completed_task_without_a_video_has_failed() -> None:
    done = status(status="completed", video_url="/relative.mp4", videos=[{}, 3, "ftp://a.example/v"])
    assert (done.phase, done.reason) == (Phase.FAILED, Reason.NO_OUTPUT)


def test_an_expired_task_says_so() -> None:
    assert status(status="expired").reason is Reason.EXPIRED


def test_results_are_gathered_from_everywhere_without_repeats() -> None:
    done = status(
        status="completed",
        video_url=URL + "1",
        video={"url": URL + "1"},
        videos=[URL + "2", {"url": URL + "3"}, {"video_url": URL + "4"}, {"url": "javascript:alert(1)"}, None],
        content={"video_url": URL + "5", "file_url": None},
    )
    assert sorted(done.results) == [URL + str(number) for number in range(1, 6)]


def test_a_result_is_written_so_that_it_can_stand_in_a_text() -> None:
    done = status(
        status="completed", videos=[{"url": URL + "a b>", "duration": 4}, {"url": URL + "a%20b%3E", "duration": 4}]
    )
    assert (done.results, done.seconds) == ((URL + "a%20b%3E",), 4)


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        ({"video": {"url": URL, "duration": 4}}, 4),
        ({"video": {"url": URL, "duration": 5.04}}, 5),
        ({"video": {"url": URL, "duration": "8"}}, 8),
        ({"video": {"url": URL, "duration": 0.2}}, 1),
        ({"video_url": URL, "video": {"url": URL, "duration": 4}}, 4),
        ({"videos": [{"url": URL, "duration": 5}, {"url": URL + "2", "duration": 6}]}, 11),
        ({"videos": [{"url": URL, "duration": 5}, {"url": URL, "duration": 5}]}, 5),
        ({"videos": [{"url": URL, "duration": 5}, {"url": URL + "2"}]}, None),
        ({"video_url": URL + "2", "video": {"url": URL, "duration": 4}}, None),
        ({"video_url": URL}, None),
        ({"video": {"url": URL, "duration": 0}}, None),
        ({"video": {"url": URL, "duration": -1}}, None),
        ({"video": {"url": URL, "duration": 86_401}}, None),
        ({"video": {"url": URL, "duration": "long"}}, None),
    ],
)
def test_the_length_is_told_where_it_is_stated_for_every_result(answer: dict[str, object], seconds: int | None) -> None:
    assert status(status="completed", **answer).seconds == seconds
    assert status(status="processing", **answer).seconds is None


def test_a_success_is_charged_its_real_length_and_what_that_costs() -> None:
    held, real = Amounts(seconds=8, micros=400_000), status(status="completed", video={"url": URL, "duration": 5})
    assert real.charged(held, 50_000) == Amounts(seconds=5, micros=250_000)
    assert real.charged(Amounts(), 50_000) == Amounts(seconds=5, micros=250_000), "nothing was known when it was held"
    assert real.charged(held, 0) == Amounts(seconds=5, micros=0)


def test_where_the_price_is_not_for_seconds_it_is_the_one_that_was_held() -> None:
    held, real = Amounts(seconds=8, micros=400_000), status(status="completed", video={"url": URL, "duration": 5})
    assert real.charged(held, None) == Amounts(seconds=5, micros=400_000)
    assert real.charged(Amounts(), None).micros is None


def test_without_a_stated_length_a_success_is_charged_what_was_held() -> None:
    held = Amounts(seconds=8, micros=400_000)
    assert status(status="completed", video_url=URL).charged(held, 50_000) == held


def test_a_video_may_be_just_its_address() -> None:
    assert status(status="completed", video=URL).results == (URL,)
    assert status(status="completed", videos=URL).results == (URL,)


def test_a_running_task_has_no_results_yet() -> None:
    assert status(status="processing", video_url=URL).results == ()


@pytest.mark.parametrize(
    ("progress", "percent"),
    [
        (0, 0),
        (45, 45),
        (45.4, 45),
        ("45", 45),
        ("45%", 45),
        (100, 100),
        (101, None),
        (-1, None),
        (True, None),
        ("half", None),
        (None, None),
        (float("nan"), None),
        ([45], None),
    ],
)
def test_progress_is_a_percentage_or_nothing(progress: object, percent: int | None) -> None:
    assert status(status="processing", progress=progress).progress == percent


@pytest.mark.parametrize(
    "error",
    [
        "Content policy violation",
        {"code": "content_moderation", "message": "no"},
        {"message": "Blocked by SAFETY filters"},
        "The input may contain sensitive information",
        "输入内容违规",
    ],
)
def test_a_failure_over_content_is_told_as_one(error: object) -> None:
    assert status(status="failed", error=error).reason is Reason.POLICY


@pytest.mark.parametrize(
    "error",
    [
        None,
        "",
        {},
        [],
        3,
        "timed out",
        "unknown field safety_identifier",
        "names are case-sensitive",
        "delivery policy",
    ],
)
def test_any_other_failure_is_the_provider_s(error: object) -> None:
    assert status(status="failed", error=error).reason is Reason.PROVIDER_FAILED


def test_the_detail_of_a_failure_is_fit_for_the_log() -> None:
    said = "balance is $0.12, see https://a.example/x?sig=1 for sk-abcdef " + "x" * 2000
    detail = status(status="failed", error={"code": "upstream_error", "message": said}).detail
    assert detail.startswith("upstream_error balance is [amount], see [url] for [key] xxx")
    assert len(detail) == 500


def test_numbers_can_be_ids() -> None:
    assert status(id=42, status="pending").task.task_id == "42"


def test_an_id_that_fits_no_path_gives_way_to_the_next() -> None:
    assert status(id="..", task_id="task_1", status="pending").task.task_id == "task_1"


@given(answer=ANY_ANSWER)
def test_any_answer_says_something_of_its_task(answer: dict[str, Any]) -> None:
    found = status_of(TaskAnswer.model_validate(answer), {})
    assert all(url.startswith(("http://", "https://")) for url in found.results)
    assert found.phase is not Phase.DONE or found.results
    assert (found.reason is None) == (found.phase in {Phase.QUEUED, Phase.RUNNING, Phase.DONE})
    json.dumps([found.detail, found.results, found.task and found.task.task_id]).encode()


@given(body=st.binary(max_size=60) | ANY_JSON.map(lambda value: json.dumps(value).encode()))
def test_any_body_is_an_object_or_nothing(body: bytes) -> None:
    read = read_json(body)
    assert read is None or isinstance(read, dict)

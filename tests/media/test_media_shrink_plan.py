"""The bits of a video are divided so that it fits, and its picture is as large as they are enough for."""

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.media.plan import (
    AHEAD_SECONDS,
    VIDEO_RATE_LEAST,
    Measured,
    UnfitError,
    fits_by_copying,
    plan_for,
    share_after,
)

MB = 1_000_000
CLIP = Measured(
    width=1920,
    height=1080,
    seconds=8,
    frames=240,
    video_bytes=25 * MB,
    sound_packets=375,
    sound_bytes=128_000,
    is_video_copyable=True,
    is_sound_copyable=True,
)


@given(
    seconds=st.floats(0.1, 3600),
    rate=st.floats(1, 120),
    sides=st.tuples(st.integers(2, 4096), st.integers(2, 4096)),
    sound_bytes=st.integers(0, 50 * MB),
    limit=st.integers(100_000, 500 * MB),
    is_copyable=st.booleans(),
)
def test_a_plan_never_promises_more_than_the_limit(
    *, seconds: float, rate: float, sides: tuple[int, int], sound_bytes: int, limit: int, is_copyable: bool
) -> None:
    measured = Measured(
        width=sides[0],
        height=sides[1],
        seconds=seconds,
        frames=max(1, int(seconds * rate)),
        video_bytes=limit,
        sound_packets=1 if sound_bytes else 0,
        sound_bytes=sound_bytes,
        is_sound_copyable=is_copyable,
    )
    try:
        plan = plan_for(measured, limit)
    except UnfitError:
        assume(False)  # noqa: FBT003 - Hypothesis has it so
    sound = 0.0 if not sound_bytes else sound_bytes if plan.sound_rate is None else plan.sound_rate * seconds / 8
    picture = plan.video_rate * (seconds + AHEAD_SECONDS) / 8
    assert picture + sound + measured.index_bytes <= limit
    assert plan.video_rate >= VIDEO_RATE_LEAST
    assert plan.width % 2 == plan.height % 2 == 0
    assert plan.width <= measured.width
    assert plan.height <= measured.height


@pytest.mark.parametrize(
    ("seconds", "sides"),
    [(8, (1920, 1080)), (40, (1280, 720)), (80, (960, 540)), (110, (852, 480)), (150, (640, 360)), (300, (426, 240))],
)
def test_a_longer_video_gets_a_smaller_picture(seconds: int, sides: tuple[int, int]) -> None:
    measured = replace(CLIP, seconds=seconds, frames=30 * seconds, sound_bytes=6_000 * seconds)
    plan = plan_for(measured, 10 * MB)
    assert (plan.width, plan.height) == sides


def test_an_upright_video_stays_upright() -> None:
    plan = plan_for(replace(CLIP, width=1080, height=1920, seconds=40, frames=1200), 10 * MB)
    assert (plan.width, plan.height) == (720, 1280)


def test_a_picture_is_never_made_larger_than_1440_lines() -> None:
    plan = plan_for(replace(CLIP, width=3840, height=2160), 500 * MB)
    assert (plan.width, plan.height) == (2560, 1440)


def test_sound_is_copied_where_it_is_small_and_else_made_smaller() -> None:
    assert plan_for(CLIP, 10 * MB).sound_rate is None
    assert plan_for(replace(CLIP, is_sound_copyable=False), 10 * MB).sound_rate == 128_000
    assert plan_for(replace(CLIP, sound_bytes=3 * MB), 10 * MB).sound_rate == 128_000
    assert plan_for(replace(CLIP, is_sound_copyable=False), 400_000).sound_rate == 48_000
    assert plan_for(replace(CLIP, sound_packets=0, sound_bytes=0), 10 * MB).sound_rate is None


@pytest.mark.parametrize(
    "measured",
    [replace(CLIP, seconds=3601), replace(CLIP, seconds=600, frames=18_000), replace(CLIP, seconds=0)],
    ids=["over an hour", "too long for the limit", "without a length"],
)
def test_what_would_not_be_worth_watching_is_refused(measured: Measured) -> None:
    with pytest.raises(UnfitError):
        plan_for(measured, 10 * MB)


def test_an_hour_fits_where_there_is_room() -> None:
    assert plan_for(replace(CLIP, seconds=3600, frames=108_000), 400 * MB).video_rate > VIDEO_RATE_LEAST


def test_copying_is_enough_only_where_every_track_can_be_copied() -> None:
    assert fits_by_copying(CLIP, 26 * MB)
    assert fits_by_copying(replace(CLIP, sound_packets=0, sound_bytes=0, is_sound_copyable=False), 26 * MB)
    assert not fits_by_copying(CLIP, 25 * MB)
    assert not fits_by_copying(replace(CLIP, is_video_copyable=False), 26 * MB)
    assert not fits_by_copying(replace(CLIP, is_sound_copyable=False), 26 * MB)


def test_after_a_result_that_was_too_large_less_is_tried() -> None:
    assert share_after(0.96, 11 * MB, 10 * MB) == pytest.approx(0.96 / 1.1 * 0.97)

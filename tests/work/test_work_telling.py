"""Telling the requester: once, however often it takes, with every video that can be had."""

import shutil
from collections import deque
from datetime import timedelta
from itertools import pairwise

import pytest
import structlog

from bot.domain.change import Change
from bot.domain.generation import Reason, State
from bot.media.rules import MediaRules
from sandbox.provider import Outcome
from tests.leftovers import files_in
from tests.work.conftest import OpenStage
from tests.work.scripted import ScriptedApi
from tests.work.stage import CHARGED, Stage


async def test_telling_is_repeated_at_growing_pauses_and_succeeds_once(stage: Stage) -> None:
    stage.simulated.plan(Outcome.FAIL)
    stage.delivery.delay("tell", times=5)
    ended = await stage.follow(await stage.ask())
    pauses = [later - earlier for earlier, later in pairwise(stage.delivery.tried_at)]
    assert len(pauses) == 5
    assert all(later > earlier * 1.5 for earlier, later in pairwise(pauses))
    assert stage.delivery.states_told(ended) == [State.FAILED]
    assert (ended.telling_since, ended.telling_failures) == (None, 0)


async def test_telling_goes_on_for_as_long_as_it_takes(stage: Stage) -> None:
    stage.simulated.plan(Outcome.FAIL)
    stage.delivery.delay("tell", times=30)
    ended = await stage.follow(await stage.ask())
    pauses = [later - earlier for earlier, later in pairwise(stage.delivery.tried_at)]
    assert max(pauses) <= stage.policy.telling_pause_longest * 1.1
    assert stage.delivery.states_told(ended) == [State.FAILED]


async def test_telling_waits_as_long_as_discord_asks(stage: Stage) -> None:
    stage.simulated.plan(Outcome.FAIL)
    stage.delivery.delay("tell", retry_after=timedelta(minutes=7))
    await stage.follow(await stage.ask())
    first, second = stage.delivery.tried_at
    assert second - first == timedelta(minutes=7)


async def test_a_video_is_charged_though_it_is_told_late(stage: Stage) -> None:
    stage.delivery.delay("tell")
    succeeded = await stage.follow(await stage.ask(), State.SUCCEEDED)
    assert succeeded.is_to_be_told
    assert await stage.settled(succeeded) == CHARGED
    ended = await stage.follow(succeeded)
    assert ended.told_at is not None
    assert ended.told_at > ended.state_at


async def test_a_try_that_never_reported_back_shows_in_the_next_one(stage: Stage) -> None:
    async def die() -> None:
        raise RuntimeError("the process dies here")

    stage.simulated.plan(Outcome.FAIL)
    stage.delivery.during("tell", die)
    generation = await stage.ask()
    await stage.follow(generation, State.FAILED)
    assert not stage.delivery.told
    stage.clock.advance(stage.policy.lease)
    await stage.follow(generation)
    assert len(stage.delivery.told) == 1
    assert stage.delivery.told[0][0].telling_since is not None
    assert stage.delivery.told[0][0].telling_failures > 0


async def test_a_first_try_shows_no_earlier_one(stage: Stage) -> None:
    stage.simulated.plan(Outcome.FAIL)
    await stage.follow(await stage.ask())
    assert stage.delivery.told[0][0].telling_failures == 0


async def test_where_no_way_is_left_it_counts_as_told(stage: Stage) -> None:
    stage.simulated.plan(Outcome.FAIL)
    stage.delivery.refuses.add("tell")
    ended = await stage.follow(await stage.ask())
    assert (ended.told, ended.told_as, ended.due_at) == (State.FAILED, None, None)


async def test_files_are_gone_when_they_are_told(stage: Stage) -> None:
    await stage.follow(await stage.ask())
    (file,) = stage.delivery.told[0][1].files
    assert not file.path.exists()


async def test_a_card_that_can_t_be_edited_doesn_t_hold_up_the_telling(stage: Stage) -> None:
    stage.delivery.delay("show", times=10)
    ended = await stage.follow(await stage.ask())
    assert ended.state is State.SUCCEEDED
    assert ended.id not in {path.parent.name for path in files_in(stage.folder)}


async def test_a_result_that_is_too_large_to_be_fetched_is_told_as_a_link(open_stage: OpenStage) -> None:
    stage = await open_stage(rules=MediaRules(result_most=1_000_000))
    stage.simulated.plan(Outcome.HUGE)
    stage.simulated.huge(2_000_000)
    ended = await stage.follow(await stage.ask())
    (_, notice) = stage.delivery.told[0]
    assert (notice.files, notice.unfetched, notice.unusable) == ((), ended.results, 0)
    assert ended.state is State.SUCCEEDED


async def test_the_address_of_a_result_that_is_no_video_is_not_handed_on(open_stage: OpenStage) -> None:
    stage = await open_stage()
    stage.simulated.plan(Outcome.NOT_VIDEO)
    ended = await stage.follow(await stage.ask())
    (_, notice) = stage.delivery.told[0]
    assert (notice.files, notice.unfetched, notice.unusable) == ((), (), 1)
    assert (ended.state, ended.reason) == (State.SUCCEEDED, Reason.NO_OUTPUT)


async def test_a_result_that_turns_bad_after_a_try_is_not_said_to_have_been_none(
    open_stage: OpenStage, api: ScriptedApi
) -> None:
    api.polls = deque([api.done()])
    stage = await open_stage(api=api)
    stage.delivery.delay("tell")  # its video may stand there, as nobody heard of it
    succeeded = await stage.follow(await stage.ask(), State.SUCCEEDED)
    shutil.rmtree(stage.folder / "spool", ignore_errors=True)
    api.clip = b"<h1>gone</h1>"
    ended = await stage.follow(succeeded)
    assert stage.delivery.told[0][1].is_useless
    assert ended.reason is None


async def test_a_result_that_comes_at_the_fourth_try_is_told_as_a_file(open_stage: OpenStage, api: ScriptedApi) -> None:
    api.polls, api.clip_failures = deque([api.done()]), 3
    stage = await open_stage(api=api)
    await stage.follow(await stage.ask())
    (_, notice) = stage.delivery.told[0]
    assert (len(notice.files), notice.unfetched) == (1, ())
    assert api.asked_for("GET /clip.mp4") == 4


def fill_disk(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no room on our disk until `monkeypatch` is undone."""
    usage = shutil.disk_usage(stage.folder)
    monkeypatch.setattr(shutil, "disk_usage", lambda _place: usage._replace(free=0))


async def test_a_video_waits_for_room_on_our_disk_and_its_card_says_so(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_disk(stage, monkeypatch)
    succeeded = await stage.follow(await stage.ask(), State.SUCCEEDED)
    for _ in range(stage.policy.result_attempts + 1):
        await stage.hop()
    waiting = await stage.read(succeeded)
    assert (waiting.told, waiting.reason) == (None, Reason.DISK_FULL)
    assert [shown.reason for shown in stage.delivery.shown].count(Reason.DISK_FULL) == 1
    monkeypatch.undo()
    stage.delivery.delay("tell")
    await stage.hop()
    assert (await stage.read(succeeded)).reason is None
    await stage.follow(succeeded)
    ((told, notice),) = stage.delivery.told
    assert (told.reason, len(notice.files), notice.unfetched) == (None, 1, ())


async def test_what_went_before_the_first_post_is_no_time_at_which_a_notice_may_have_come(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_disk(stage, monkeypatch)
    succeeded = await stage.follow(await stage.ask(), State.SUCCEEDED)
    for _ in range(3):
        await stage.hop()
    assert (await stage.read(succeeded)).telling_since is None
    monkeypatch.undo()
    stage.delivery.delay("tell")
    await stage.hop()
    begun_at = (await stage.read(succeeded)).telling_since
    assert begun_at == stage.clock.now()
    await stage.follow(succeeded)
    assert stage.delivery.told[0][0].telling_since == begun_at


async def test_a_disk_that_stays_full_keeps_nobody_from_a_link(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    fill_disk(stage, monkeypatch)
    ended = await stage.follow(await stage.ask())
    assert ended.told_at is not None
    assert ended.told_at - ended.state_at >= stage.policy.disk_patience
    assert (ended.reason, stage.delivery.told[0][1].unfetched) == (None, ended.results)


async def test_a_result_that_never_comes_is_told_as_a_link_in_the_end(open_stage: OpenStage, api: ScriptedApi) -> None:
    api.polls, api.clip_failures = deque([api.done()]), 1000
    stage = await open_stage(api=api)
    ended = await stage.follow(await stage.ask())
    assert stage.delivery.told[0][1].unfetched == ended.results
    assert api.asked_for("GET /clip.mp4") == stage.policy.result_attempts


async def test_a_worker_that_lost_its_lease_while_fetching_tells_nothing(
    open_stage: OpenStage, api: ScriptedApi
) -> None:
    api.polls = deque([api.done()])
    stage = await open_stage(api=api)

    async def take_over() -> None:
        (taken,) = await stage.store.generations.claim(stage.clock.now() + timedelta(days=1), timedelta(days=9), 1)
        assert taken.id == generation.id

    generation = await stage.ask()
    api.during_clip = take_over
    with structlog.testing.capture_logs() as logs:
        await stage.follow(generation, State.SUCCEEDED)
    assert "lease_lost" in {line["event"] for line in logs}
    assert stage.delivery.calls["tell"] == 0
    assert (await stage.read(generation)).told is None


async def test_a_card_that_could_not_be_edited_is_edited_later(stage: Stage) -> None:
    stage.simulated.plan(Outcome.FAIL)
    generation = await stage.follow(await stage.ask(), State.RUNNING)
    stage.delivery.delay("show", times=3)
    ended = await stage.follow(generation)
    assert ended.told is State.FAILED
    while await stage.store.generations.next_due():
        await stage.hop()
    assert stage.delivery.shown[-1].told is State.FAILED
    assert stage.delivery.states_told(ended) == [State.FAILED]


async def test_a_card_that_can_never_be_edited_is_left_after_an_hour(stage: Stage) -> None:
    stage.simulated.plan(Outcome.FAIL)
    stage.delivery.delay("show", times=1000)
    ended = await stage.follow(await stage.ask())
    while await stage.store.generations.next_due():
        await stage.hop()
    assert stage.clock.now() - ended.state_at < timedelta(hours=2)


async def test_what_was_fetched_is_not_fetched_again_for_the_next_try(open_stage: OpenStage, api: ScriptedApi) -> None:
    api.polls = deque([api.done()])
    stage = await open_stage(api=api)
    stage.delivery.delay("tell", times=9)
    await stage.follow(await stage.ask())
    assert api.asked_for("GET /clip.mp4") == 1
    (_, notice) = stage.delivery.told[0]
    assert (len(notice.files), notice.unfetched) == (1, ())


async def test_tries_that_discord_failed_are_not_counted_against_the_video(
    open_stage: OpenStage, api: ScriptedApi
) -> None:
    api.polls, api.clip_failures = deque([api.done()]), 1
    stage = await open_stage(api=api)
    generation = await stage.follow(await stage.ask(), State.SUCCEEDED)
    telling = generation.evolve(telling_since=stage.clock.now(), telling_failures=100)
    await stage.store.generations.save(Change(before=generation, after=telling))
    await stage.follow(generation)
    (_, notice) = stage.delivery.told[0]
    assert (len(notice.files), notice.unfetched) == (1, ())

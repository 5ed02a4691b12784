"""Inputs: fetched once, checked by their content, kept on the card, addressed afresh for each submission."""

import shutil
from datetime import timedelta

import pytest

from bot.domain.errors import BadFile, FileFault
from bot.domain.generation import Reason, State
from bot.domain.request import InputRole, Operation
from bot.media.rules import MediaRules
from sandbox.provider import Outcome
from tests.leftovers import files_in
from tests.work.conftest import FileHost, OpenStage
from tests.work.stage import RELEASED, Stage


async def test_inputs_are_kept_on_the_card_in_their_order(stage: Stage, host: FileHost, picture: bytes) -> None:
    start = host.attach(picture, "b.png", InputRole.START)
    end = host.attach(picture, "a.png", InputRole.END)
    generation = await stage.ask(Operation.FRAMES, start, end)
    running = await stage.follow(generation, State.RUNNING)
    assert stage.delivery.kept == [(generation.id, ("input-00.png", "input-01.png"))]
    assert len(running.kept_inputs) == 2
    assert running.inputs_checked
    body = stage.simulated.submissions[0].body
    assert (body["start_image"], body["end_image"]) == (start.url, end.url)


async def test_a_bad_file_ends_the_generation_with_its_facts(stage: Stage, host: FileHost) -> None:
    ended = await stage.follow(await stage.ask(Operation.IMAGE, host.attach(b"no picture at all", "notes.png")))
    assert (ended.state, ended.reason) == (State.FAILED, Reason.BAD_INPUT)
    bad = BadFile.from_detail(ended.detail)
    assert bad is not None
    assert (bad.filename, bad.fault) == ("notes.png", FileFault.UNREADABLE)
    assert await stage.settled(ended) == RELEASED
    assert stage.attempts() == 0


async def test_inputs_that_can_t_be_fetched_now_are_tried_a_few_times(
    stage: Stage, host: FileHost, picture: bytes
) -> None:
    host.failures = 2
    running = await stage.follow(await stage.ask(Operation.IMAGE, host.attach(picture, "a.png")), State.RUNNING)
    assert running.attempt == 3
    assert len(stage.delivery.kept) == 1


async def test_inputs_that_never_come_end_the_generation(stage: Stage, host: FileHost, picture: bytes) -> None:
    host.failures = 100
    ended = await stage.follow(await stage.ask(Operation.IMAGE, host.attach(picture, "a.png")))
    assert (ended.state, ended.reason) == (State.FAILED, Reason.BAD_INPUT)
    assert BadFile.from_detail(ended.detail) == BadFile.gone()
    assert stage.attempts() == 0


async def test_inputs_that_our_own_disk_has_no_room_for_wait_for_it_and_are_not_said_to_be_gone(
    stage: Stage, host: FileHost, picture: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(stage.folder)
    monkeypatch.setattr(shutil, "disk_usage", lambda _place: usage._replace(free=0))
    generation = await stage.ask(Operation.IMAGE, host.attach(picture, "a.png"))
    for _ in range(stage.policy.submit_attempts + 2):
        await stage.work()
        await stage.hop()
    assert (await stage.read(generation)).reason is Reason.DISK_FULL
    assert [shown.reason for shown in stage.delivery.shown] == [Reason.DISK_FULL]
    monkeypatch.undo()
    running = await stage.follow(generation, State.RUNNING)
    assert (running.attempt, running.reason) == (1, None)


async def test_a_second_submission_gets_fresh_links(stage: Stage, host: FileHost, picture: bytes) -> None:
    stage.simulated.plan(Outcome.BUSY)
    item, fresh = host.attach(picture, "stale.png"), host.attach(picture, "fresh.png")
    generation = await stage.ask(Operation.IMAGE, item)
    await stage.work()
    stage.delivery.kept_urls[generation.id] = (fresh.url,)
    await stage.follow(generation, State.RUNNING)
    assert [seen.body["image_url"] for seen in stage.simulated.submissions] == [item.url, fresh.url]
    assert host.asked.count("stale.png") == 1
    assert len(stage.delivery.kept) == 1


async def test_links_that_don_t_match_the_inputs_are_not_used(stage: Stage, host: FileHost, picture: bytes) -> None:
    start, end = (host.attach(picture, f"{role}.png", role) for role in (InputRole.START, InputRole.END))
    generation = await stage.ask(Operation.FRAMES, start, end)
    stage.delivery.kept_urls[generation.id] = (start.url,)
    await stage.follow(generation, State.RUNNING)
    assert stage.simulated.submissions[0].body["end_image"] == end.url


async def test_while_discord_is_away_the_inputs_go_out_by_their_own_links(
    stage: Stage, host: FileHost, picture: bytes
) -> None:
    item = host.attach(picture, "a.png")
    stage.delivery.delay("input_urls")
    running = await stage.follow(await stage.ask(Operation.IMAGE, item), State.RUNNING)
    assert running.attempt == 1
    assert stage.simulated.submissions[0].body["image_url"] == item.url


async def test_inputs_go_out_as_data_urls_where_so_configured(
    open_stage: OpenStage, host: FileHost, picture: bytes
) -> None:
    stage = await open_stage(inline_inputs=True)
    stage.simulated.plan(Outcome.BUSY)
    await stage.follow(await stage.ask(Operation.IMAGE, host.attach(picture, "a.png")), State.RUNNING)
    assert host.asked == ["a.png"]
    first, second = stage.simulated.submissions
    assert first.body["image"] == second.body["image"]
    assert first.body["image"].startswith("data:image/png;base64,")


async def test_inputs_that_were_lost_with_an_earlier_run_are_fetched_again_to_go_inline(
    open_stage: OpenStage, host: FileHost, picture: bytes
) -> None:
    before = await open_stage(inline_inputs=True)
    before.simulated.plan(Outcome.BUSY)
    generation = await before.ask(Operation.IMAGE, host.attach(picture, "a.png"))
    await before.work()
    after = await open_stage(inline_inputs=True, clock=before.clock)
    await after.follow(generation, State.RUNNING)
    assert host.asked == ["a.png", "a.png"]


async def test_a_file_too_large_to_go_inline_is_a_bad_file(
    open_stage: OpenStage, host: FileHost, picture: bytes
) -> None:
    stage = await open_stage(inline_inputs=True, rules=MediaRules(inline_most=100))
    ended = await stage.follow(await stage.ask(Operation.IMAGE, host.attach(picture, "a.png")))
    bad = BadFile.from_detail(ended.detail)
    assert bad is not None
    assert bad.fault is FileFault.TOO_LARGE


async def test_inputs_that_can_t_be_kept_now_are_kept_a_little_later(
    stage: Stage, host: FileHost, picture: bytes
) -> None:
    stage.delivery.delay("keep_inputs", retry_after=timedelta(minutes=3))
    generation = await stage.ask(Operation.IMAGE, host.attach(picture, "a.png"))
    await stage.work()
    waiting = await stage.read(generation)
    assert (waiting.state, waiting.due_at) == (State.ACCEPTED, stage.clock.now() + timedelta(minutes=3))
    running = await stage.follow(generation, State.RUNNING)
    assert len(running.kept_inputs) == 1


async def test_a_video_is_made_though_its_inputs_could_never_be_kept(
    stage: Stage, host: FileHost, picture: bytes
) -> None:
    stage.delivery.delay("keep_inputs", times=100)
    running = await stage.follow(await stage.ask(Operation.IMAGE, host.attach(picture, "a.png")), State.RUNNING)
    assert (running.attempt, running.kept_inputs) == (stage.policy.submit_attempts, ())


async def test_inputs_leave_the_disk_when_the_provider_has_them(
    open_stage: OpenStage, host: FileHost, picture: bytes
) -> None:
    stage = await open_stage(inline_inputs=True)
    generation = await stage.ask(Operation.IMAGE, host.attach(picture, "a.png"))
    await stage.follow(generation, State.RUNNING)
    assert generation.id not in {path.parent.name for path in files_in(stage.folder)}

"""Following a task: lost ones, stuck ones, and answers that say nothing."""

import asyncio
from collections import deque
from datetime import timedelta
from itertools import pairwise

from bot.domain.generation import Reason, State
from bot.work.following import EDIT_REST
from sandbox.provider import Outcome
from tests.work.conftest import OpenStage
from tests.work.scripted import BROKEN, PROCESSING, TASK, UNKNOWN, WRONG_KEY, ScriptedApi
from tests.work.stage import RELEASED, Stage

POLL = f"GET /v1/tasks/{TASK}"
SHORT = {"deadline": timedelta(minutes=2), "give_up_after": timedelta(minutes=10)}


async def test_a_task_that_the_provider_goes_on_not_to_know_is_believed_lost(stage: Stage) -> None:
    stage.simulated.plan(Outcome.LOST)
    running = await stage.follow(await stage.ask(), State.RUNNING)
    await stage.hop()
    first = stage.clock.now()
    ended = await stage.follow(running)
    assert (ended.state, ended.reason) == (State.FAILED, Reason.TASK_LOST)
    assert stage.policy.lost_after <= ended.state_at - first < stage.policy.lost_after + timedelta(minutes=3)
    assert await stage.settled(ended) == RELEASED


async def test_a_storm_of_unknown_tasks_ends_no_generation(open_stage: OpenStage, api: ScriptedApi) -> None:
    stage = await open_stage(api=api)
    running = [await stage.follow(await stage.ask(), State.RUNNING) for _ in range(8)]
    api.polls, begun = deque([UNKNOWN]), stage.clock.now()
    while stage.clock.now() < begun + timedelta(hours=1):
        await stage.hop()
    assert {(await stage.read(one)).state for one in running} == {State.RUNNING}
    assert stage.tools.outage.began is not None
    api.polls = deque([api.done()])
    for one in running:
        assert (await stage.follow(one)).state is State.SUCCEEDED


async def test_a_few_lost_tasks_are_believed_lost_while_another_is_known(
    open_stage: OpenStage, api: ScriptedApi
) -> None:
    stage = await open_stage(api=api)
    known, *lost = [await stage.follow(await stage.ask(), State.RUNNING) for _ in range(6)]
    api.unknown = {one.task_id or "" for one in lost}
    for one in lost:
        assert (await stage.follow(one, hops=2_000)).reason is Reason.TASK_LOST
    assert (await stage.read(known)).state is State.RUNNING


async def test_other_failures_don_t_count_towards_a_lost_task(open_stage: OpenStage, api: ScriptedApi) -> None:
    api.polls = deque([BROKEN, BROKEN, BROKEN, UNKNOWN, UNKNOWN, BROKEN, UNKNOWN, UNKNOWN, PROCESSING, api.done()])
    stage = await open_stage(api=api)
    ended = await stage.follow(await stage.ask())
    assert ended.state is State.SUCCEEDED


async def test_failing_polls_are_repeated_ever_more_seldom(open_stage: OpenStage, api: ScriptedApi) -> None:
    api.polls = deque([BROKEN])
    stage = await open_stage(api=api)
    running = await stage.follow(await stage.ask(), State.RUNNING)
    times = []
    for _ in range(8):
        await stage.hop()
        times.append(stage.clock.now())
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert pauses[1] > pauses[0] * 1.5
    assert max(pauses) <= stage.policy.slow_poll_interval * 1.1
    assert (await stage.read(running)).poll_failures == 8


async def test_a_stuck_task_is_said_to_take_long_once_polled_slowly_and_given_up_in_the_end(
    open_stage: OpenStage,
) -> None:
    stage = await open_stage(**SHORT)
    stage.simulated.plan(Outcome.STUCK)
    running = await stage.follow(await stage.ask(), State.RUNNING)
    assert running.submitted_at is not None
    while not stage.delivery.slow:
        await stage.hop()
    assert stage.clock.now() - running.submitted_at >= stage.policy.deadline
    polls = len(stage.simulated.polls)
    ended = await stage.follow(running)
    assert (ended.state, ended.reason) == (State.EXPIRED, Reason.GIVEN_UP)
    assert len(stage.simulated.polls) - polls <= 5
    assert stage.delivery.slow == [running.id]
    assert await stage.settled(ended) == RELEASED


async def test_a_card_whose_edit_hangs_holds_up_no_poll(open_stage: OpenStage, api: ScriptedApi) -> None:
    stage = await open_stage(api=api, edit_timeout=timedelta(seconds=0.02))
    running = await stage.follow(await stage.ask(), State.RUNNING)
    stage.delivery.hanging.add("show")
    shows = stage.delivery.calls["show"]
    async with asyncio.timeout(20):
        for _ in range(3):
            await stage.hop()
    assert api.asked_for(POLL) == 3
    assert (await stage.read(running)).polled_at == stage.clock.now()
    assert stage.delivery.calls["show"] - shows == 1, "the others wait until Discord has had a rest"
    stage.clock.advance(EDIT_REST)
    await stage.hop()
    assert stage.delivery.calls["show"] - shows == 2


async def test_a_word_to_the_requester_that_hangs_holds_up_no_poll(open_stage: OpenStage, api: ScriptedApi) -> None:
    stage = await open_stage(api=api, word_timeout=timedelta(seconds=0.02), **SHORT)
    running = await stage.follow(await stage.ask(), State.RUNNING)
    stage.delivery.hanging.add("tell_slow")
    stage.clock.advance(stage.policy.deadline)
    async with asyncio.timeout(20):
        await stage.hop()
        assert not (await stage.read(running)).deadline_told
    stage.delivery.hanging.clear()
    await stage.hop()
    assert stage.delivery.slow == [running.id]


async def test_a_task_past_its_deadline_may_still_succeed(open_stage: OpenStage, api: ScriptedApi) -> None:
    stage = await open_stage(api=api, **SHORT)
    running = await stage.follow(await stage.ask(), State.RUNNING)
    while not stage.delivery.slow:
        await stage.hop()
    api.polls = deque([api.done()])
    assert (await stage.follow(running)).state is State.SUCCEEDED


async def test_a_provider_that_stays_away_is_told_of_at_the_deadline_and_given_up_in_the_end(
    open_stage: OpenStage, api: ScriptedApi
) -> None:
    api.polls = deque([BROKEN])
    stage = await open_stage(api=api, **SHORT)
    ended = await stage.follow(await stage.ask())
    assert stage.delivery.slow == [ended.id]
    assert (ended.state, ended.reason) == (State.EXPIRED, Reason.GIVEN_UP)


async def test_a_key_that_is_refused_for_ever_gives_a_task_up_in_the_end(
    open_stage: OpenStage, api: ScriptedApi
) -> None:
    api.polls = deque([WRONG_KEY])
    stage = await open_stage(api=api, **SHORT)
    ended = await stage.follow(await stage.ask())
    assert (ended.state, ended.reason) == (State.EXPIRED, Reason.GIVEN_UP)
    assert not stage.door.is_open
    assert stage.delivery.owner == ["401 invalid_api_key"]


async def test_a_word_about_taking_long_that_can_t_be_said_now_is_said_later(
    open_stage: OpenStage, api: ScriptedApi
) -> None:
    stage = await open_stage(api=api, **SHORT)
    stage.delivery.delay("tell_slow", times=2)
    await stage.follow(await stage.ask())
    assert stage.delivery.calls["tell_slow"] == 3
    assert len(stage.delivery.slow) == 1


async def test_a_card_that_can_t_be_edited_now_loses_no_poll(open_stage: OpenStage, api: ScriptedApi) -> None:
    stage = await open_stage(api=api)
    running = await stage.follow(await stage.ask(), State.RUNNING)
    stage.delivery.delay("show", times=3)
    await stage.hop()
    assert (await stage.read(running)).polled_at == stage.clock.now()


async def test_progress_is_the_provider_s_own_and_never_forgotten(open_stage: OpenStage, api: ScriptedApi) -> None:
    api.polls = deque([(200, PROCESSING[1] | {"progress": 40}), PROCESSING])
    stage = await open_stage(api=api)
    running = await stage.follow(await stage.ask(), State.RUNNING)
    for _ in range(2):
        await stage.hop()
    assert (await stage.read(running)).progress == 40
    assert stage.delivery.shown[-1].progress == 40

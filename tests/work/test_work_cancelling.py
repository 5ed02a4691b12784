"""Cancelling: a wish, which the provider may refuse."""

import asyncio
from collections import deque
from typing import Any

import pytest

from bot.domain.errors import GenerationUnknown, NotCancellable, Problem, Rejection, Undecided
from bot.domain.generation import Generation, Reason, State
from bot.domain.request import Operation
from tests.work.conftest import FileHost, OpenStage
from tests.work.scripted import BROKEN, CANCELLED, PROCESSING, TASK, WRONG_KEY, ScriptedApi
from tests.work.stage import MEMBER, RELEASED, Stage

DELETE = f"DELETE /v1/tasks/{TASK}"
CANCELLABLE = "seedance-2.0"
LATE = (409, {"error": {"message": "too late", "type": "invalid_request_error", "code": "task_not_cancellable"}})


async def cancel(stage: Stage, generation: Generation) -> Generation | Problem:
    """Cancel while the worker goes on."""
    asked = asyncio.create_task(stage.service.cancel(generation.id, MEMBER))
    while not asked.done():
        await stage.work()
        await asyncio.wait([asked], timeout=0.01)
    try:
        return await asked
    except Rejection as rejection:
        return rejection.problem


def wish(stage: Stage, generation: Generation) -> Any:
    """What notes a wish to cancel in the midst of a step."""

    async def note() -> None:
        await stage.store.generations.request_cancel(generation.id, Reason.BY_REQUESTER, stage.clock.now())

    return note


async def test_an_accepted_generation_is_cancelled_at_once(stage: Stage) -> None:
    generation = await stage.ask_without_card()
    cancelled = await cancel(stage, generation)
    assert isinstance(cancelled, Generation)
    assert (cancelled.state, cancelled.reason) == (State.CANCELLED, Reason.BY_REQUESTER)
    assert await stage.settled(cancelled) == RELEASED
    assert stage.delivery.states_told(cancelled) == [State.CANCELLED]
    assert stage.attempts() == 0


async def test_a_waiting_task_is_cancelled_at_the_provider(stage: Stage) -> None:
    stage.simulated.pace = 100
    await stage.feed.refresh()
    running = await stage.follow(await stage.ask(model=CANCELLABLE), State.RUNNING)
    cancelled = await cancel(stage, running)
    assert isinstance(cancelled, Generation)
    assert (cancelled.state, cancelled.reason) == (State.CANCELLED, Reason.BY_REQUESTER)
    assert await stage.settled(cancelled) == RELEASED
    assert stage.simulated.tasks[running.task_id or ""].status.is_end


async def test_where_the_provider_refuses_the_wish_is_dropped(stage: Stage) -> None:
    stage.simulated.pace = 100
    running = await stage.follow(await stage.ask(), State.RUNNING)
    assert await cancel(stage, running) == NotCancellable(running.id, ended=False)
    now = await stage.read(running)
    assert (now.state, now.cancel_requested) == (State.RUNNING, None)


async def test_what_has_ended_can_t_be_cancelled(stage: Stage) -> None:
    ended = await stage.follow(await stage.ask())
    assert await cancel(stage, ended) == NotCancellable(ended.id, ended=True)
    assert (await stage.read(ended)).cancel_requested is None


async def test_what_ends_meanwhile_can_t_be_cancelled(open_stage: OpenStage, api: ScriptedApi) -> None:
    api.cancels = deque([api.done()])
    stage = await open_stage(api=api)
    running = await stage.follow(await stage.ask(), State.RUNNING)
    assert await cancel(stage, running) == NotCancellable(running.id, ended=True)
    assert (await stage.read(running)).state is State.SUCCEEDED


async def test_an_unconfirmed_generation_can_t_be_cancelled(stage: Stage) -> None:
    generation = await stage.ask(prompt="a harbour [cut]")
    unconfirmed = await stage.follow(generation, State.UNCONFIRMED)
    assert await cancel(stage, unconfirmed) == Undecided(unconfirmed.id)


async def test_somebody_else_s_generation_is_unknown(stage: Stage) -> None:
    generation = await stage.ask()
    for ask in (stage.service.cancel, stage.service.find):
        with pytest.raises(Rejection) as turned_down:
            await ask(generation.id, MEMBER + 1)
        assert turned_down.value.problem == GenerationUnknown(generation.id)
    assert (await stage.read(generation)).cancel_requested is None


async def test_a_wish_that_comes_in_during_preparation_is_heard(stage: Stage, host: FileHost, picture: bytes) -> None:
    generation = await stage.ask()
    stage.delivery.during("open_thread", wish(stage, generation))
    ended = await stage.follow(generation)
    assert (ended.state, ended.reason) == (State.CANCELLED, Reason.BY_REQUESTER)
    assert stage.attempts() == 0


async def test_a_wish_that_comes_in_just_before_the_submission_is_heard(
    stage: Stage, host: FileHost, picture: bytes
) -> None:

    generation = await stage.ask(Operation.IMAGE, host.attach(picture, "a.png"))
    stage.delivery.during("input_urls", wish(stage, generation))
    ended = await stage.follow(generation)
    assert (ended.state, ended.reason, ended.attempt) == (State.CANCELLED, Reason.BY_REQUESTER, 1)
    assert await stage.settled(ended) == RELEASED
    assert stage.attempts() == 0


async def test_a_wish_that_comes_in_after_the_submission_reaches_the_provider(
    open_stage: OpenStage, api: ScriptedApi
) -> None:
    api.cancels = deque([CANCELLED])
    stage = await open_stage(api=api)
    generation = await stage.ask()
    stage.delivery.during("show", wish(stage, generation))
    await stage.work()
    assert (await stage.read(generation)).state is State.CANCELLED
    assert api.asked_for(DELETE) == 1


async def test_a_task_is_cancelled_only_when_the_provider_calls_it_so(open_stage: OpenStage, api: ScriptedApi) -> None:
    api.cancels = deque([PROCESSING, PROCESSING, CANCELLED])
    stage = await open_stage(api=api)
    running = await stage.follow(await stage.ask(), State.RUNNING)
    await wish(stage, running)()
    await stage.work()
    still = await stage.read(running)
    assert (still.state, still.cancel_requested) == (State.RUNNING, Reason.BY_REQUESTER)
    assert len(await stage.settled(running)) == 1
    ended = await stage.follow(running)
    assert (ended.state, ended.reason) == (State.CANCELLED, Reason.BY_REQUESTER)


async def test_a_task_that_was_done_before_its_cancellation_is_delivered(
    open_stage: OpenStage, api: ScriptedApi
) -> None:
    api.cancels = deque([api.done()])
    stage = await open_stage(api=api)
    running = await stage.follow(await stage.ask(), State.RUNNING)
    await wish(stage, running)()
    ended = await stage.follow(running)
    assert ended.state is State.SUCCEEDED
    assert len(stage.delivery.told[0][1].files) == 1


async def test_a_key_refused_to_a_cancellation_closes_the_door_and_keeps_the_wish(
    open_stage: OpenStage, api: ScriptedApi
) -> None:
    api.cancels = deque([WRONG_KEY, CANCELLED])
    stage = await open_stage(api=api)
    running = await stage.follow(await stage.ask(), State.RUNNING)
    await wish(stage, running)()
    await stage.work()
    now = await stage.read(running)
    assert (now.state, now.cancel_requested) == (State.RUNNING, Reason.BY_REQUESTER)
    assert not stage.door.is_open
    ended = await stage.follow(running)
    assert (ended.state, ended.reason) == (State.CANCELLED, Reason.BY_REQUESTER)


async def test_a_cancellation_without_an_answer_is_tried_again(open_stage: OpenStage, api: ScriptedApi) -> None:
    api.cancels = deque([BROKEN, BROKEN, CANCELLED])
    stage = await open_stage(api=api)
    running = await stage.follow(await stage.ask(), State.RUNNING)
    await wish(stage, running)()
    ended = await stage.follow(running)
    assert (ended.state, ended.reason) == (State.CANCELLED, Reason.BY_REQUESTER)
    assert api.asked_for(DELETE) == 3


async def test_a_task_cancelled_by_a_lost_answer_was_cancelled_by_its_requester(
    open_stage: OpenStage, api: ScriptedApi
) -> None:
    api.cancels, api.polls = deque([BROKEN, LATE]), deque([CANCELLED])
    stage = await open_stage(api=api)
    running = await stage.follow(await stage.ask(), State.RUNNING)
    await wish(stage, running)()
    ended = await stage.follow(running)
    assert (ended.state, ended.reason) == (State.CANCELLED, Reason.BY_REQUESTER)

"""The provider's door: closed by its account or key, told to the owner once, opened by what passes."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from bot.domain.errors import DoorClosed, Rejection
from bot.domain.generation import Reason, State
from bot.work import door
from sandbox.provider import Outcome
from tests.work.conftest import OpenStage
from tests.work.scripted import PROCESSING, WRONG_KEY, ScriptedApi
from tests.work.stage import RELEASED, Stage


async def refused_at_once(stage: Stage) -> bool:
    """Whether a new request is turned down for the door, and nothing of it stored."""
    before = (await stage.used()).generations
    try:
        await stage.ask()
    except Rejection as rejection:
        return isinstance(rejection.problem, DoorClosed) and (await stage.used()).generations == before
    return False


async def test_an_empty_balance_closes_the_door_and_the_owner_is_told_once(stage: Stage) -> None:
    stage.simulated.plan(Outcome.BROKE, times=2)
    first, second = await stage.ask(), await stage.ask()
    await stage.work()
    for generation in (first, second):
        ended = await stage.read(generation)
        assert (ended.state, ended.reason) == (State.FAILED, Reason.DOOR_CLOSED)
        assert await stage.settled(ended) == RELEASED
    assert not stage.door.is_open
    assert await refused_at_once(stage)
    assert stage.delivery.owner == ["402 insufficient_balance"]


async def test_what_the_owner_is_told_names_no_balance(stage: Stage) -> None:
    stage.simulated.plan(Outcome.BROKE)
    await stage.follow(await stage.ask())
    (told,) = stage.delivery.owner
    assert told is not None
    assert not any(word in told for word in ("$", "balance:", "USD"))


async def test_after_a_while_the_next_request_is_the_probe_of_a_balance(stage: Stage) -> None:
    stage.simulated.plan(Outcome.BROKE, times=2)
    await stage.follow(await stage.ask())
    stage.clock.advance(door.BALANCE_RETRY - timedelta(seconds=1))
    assert await refused_at_once(stage)
    stage.clock.advance(timedelta(seconds=1))
    assert (await stage.follow(await stage.ask())).reason is Reason.DOOR_CLOSED
    assert await refused_at_once(stage)
    stage.clock.advance(door.BALANCE_RETRY)
    assert (await stage.follow(await stage.ask())).state is State.SUCCEEDED
    assert stage.delivery.owner == ["402 insufficient_balance", None]


async def test_what_waits_when_the_door_closes_is_not_submitted(stage: Stage) -> None:
    stage.simulated.plan(Outcome.BUSY)
    waiting = await stage.ask()
    await stage.work()
    stage.simulated.plan(Outcome.BROKE)
    await stage.follow(await stage.ask())
    ended = await stage.follow(waiting)
    assert (ended.state, ended.reason) == (State.FAILED, Reason.DOOR_CLOSED)
    assert stage.attempts() == 2


async def test_running_generations_go_on_behind_a_closed_door(stage: Stage) -> None:
    running = await stage.follow(await stage.ask(), State.RUNNING)
    stage.simulated.plan(Outcome.BROKE)
    await stage.ask()
    await stage.work()
    assert not stage.door.is_open
    assert (await stage.follow(running)).state is State.SUCCEEDED


async def test_a_key_refused_in_a_poll_closes_the_door_until_a_probe_passes(
    open_stage: OpenStage, api: ScriptedApi
) -> None:
    api.polls = deque([WRONG_KEY])
    stage = await open_stage(api=api)
    running = await stage.follow(await stage.ask(), State.RUNNING)
    for _ in range(3):
        await stage.hop()
    assert await refused_at_once(stage)
    stage.clock.advance(timedelta(hours=1))
    await stage.door.probe()
    assert await refused_at_once(stage)
    api.polls = deque([PROCESSING, api.done()])
    await stage.door.probe()
    assert stage.door.is_open
    await stage.door.tell()
    assert stage.delivery.owner == ["401 invalid_api_key", None]
    assert (await stage.follow(running)).state is State.SUCCEEDED


@asynccontextmanager
async def watched(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """The door's watch goes on, in a time that tests have."""
    monkeypatch.setattr(door, "PROBE_EVERY", timedelta(milliseconds=10))
    monkeypatch.setattr(door, "TELL_WITHIN", timedelta(milliseconds=50))
    watching = asyncio.create_task(stage.door.watch())
    yield
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - the watch has nothing to wait for but its own turns
            await asyncio.sleep(0.01)


async def test_an_owner_who_can_t_be_told_now_is_told_later(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.delivery.delay("tell_owner", times=2)
    stage.simulated.plan(Outcome.BROKE)
    ended = await stage.follow(await stage.ask())
    assert ended.reason is Reason.DOOR_CLOSED
    async with watched(stage, monkeypatch):
        await _until(lambda: bool(stage.delivery.owner))
    assert stage.delivery.owner == ["402 insufficient_balance"]


async def test_a_key_refused_to_a_submission_closes_the_door_and_is_probed_until_it_works(
    open_stage: OpenStage, api: ScriptedApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.polls = deque([WRONG_KEY, WRONG_KEY, PROCESSING])
    stage = await open_stage(api=api)
    taken, api.taken = api.taken, WRONG_KEY
    ended = await stage.follow(await stage.ask())
    assert (ended.state, ended.reason) == (State.FAILED, Reason.DOOR_CLOSED)
    assert await stage.settled(ended) == RELEASED
    assert await refused_at_once(stage)
    api.taken = taken
    async with watched(stage, monkeypatch):
        await _until(lambda: stage.door.is_open)
        await _until(lambda: len(stage.delivery.owner) == 2)
    assert api.asked_for("GET /v1/tasks/showreel-key-check") == 3
    assert stage.delivery.owner == ["401 invalid_api_key", None]


async def test_telling_an_owner_that_hangs_holds_up_neither_work_nor_probes(
    open_stage: OpenStage, api: ScriptedApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.polls = deque([WRONG_KEY])
    stage = await open_stage(api=api)
    stage.delivery.hanging.add("tell_owner")
    async with watched(stage, monkeypatch):
        running = await stage.follow(await stage.ask(), State.RUNNING)
        stage.clock.advance(timedelta(minutes=1))
        await stage.worker.turn()
        await stage.worker.settle()
        assert not stage.door.is_open
        api.polls = deque([PROCESSING, api.done()])
        await _until(lambda: stage.door.is_open)
        stage.delivery.hanging.clear()
        assert (await stage.follow(running)).state is State.SUCCEEDED
    assert stage.delivery.calls["tell_owner"] >= 1


async def test_a_door_that_opened_before_anybody_heard_of_it_is_never_told_of(stage: Stage) -> None:
    stage.delivery.delay("tell_owner", times=20)
    stage.simulated.plan(Outcome.BROKE)
    await stage.follow(await stage.ask())
    stage.clock.advance(door.BALANCE_RETRY)
    assert (await stage.follow(await stage.ask())).state is State.SUCCEEDED
    assert stage.delivery.owner == []

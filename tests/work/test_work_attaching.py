"""Attaching a task that the owner found: the provider is asked first whether it exists."""

import asyncio
from collections import deque
from datetime import timedelta

import pytest

from bot.domain.errors import GenerationUnknown, NotUndecided, OwnerOnly, Rejection, TaskNotFound, TaskTaken
from bot.domain.generation import Generation, State
from bot.work.actors import Actor
from bot.work.decisions import Decisions
from sandbox.provider import Outcome
from tests.work.conftest import OpenStage
from tests.work.moderators import MODERATOR, OWNER
from tests.work.scripted import BROKEN, PROCESSING, TASK, UNKNOWN, WRONG_KEY, Said, ScriptedApi
from tests.work.stage import HELD, Stage


def decisions(stage: Stage) -> Decisions:
    return Decisions(stage.tools, stage.service)


async def unconfirmed(stage: Stage) -> Generation:
    """A generation whose answer was cut, though its task was taken."""
    stage.simulated.plan(Outcome.CUT)
    return await stage.follow(await stage.ask(), State.UNCONFIRMED)


async def test_a_task_that_there_is_is_followed_to_its_video(stage: Stage) -> None:
    generation = await unconfirmed(stage)
    (task_id,) = stage.simulated.tasks
    attached = await decisions(stage).attach(generation.id, task_id, OWNER)
    assert (attached.state, attached.task_id) == (State.RUNNING, task_id)
    assert (await stage.follow(generation)).state is State.SUCCEEDED


async def test_a_task_that_the_provider_does_not_know_changes_nothing(stage: Stage) -> None:
    generation = await unconfirmed(stage)
    before = await stage.read(generation)
    with pytest.raises(Rejection) as rejected:
        await decisions(stage).attach(generation.id, "ldtask_nonsense", OWNER)
    assert rejected.value.problem == TaskNotFound("ldtask_nonsense")
    assert await stage.read(generation) == before
    assert await stage.settled(generation) == HELD
    assert await stage.rows("SELECT * FROM audit") == []


@pytest.mark.parametrize("answer", [BROKEN, WRONG_KEY], ids=["broken", "wrong key"])
async def test_an_answer_that_says_nothing_of_the_task_stands_in_nobodys_way(
    stage: Stage, open_stage: OpenStage, api: ScriptedApi, answer: Said
) -> None:
    generation = await unconfirmed(stage)
    api.polls = deque([answer])
    other = await open_stage(api=api)
    attached = await decisions(other).attach(generation.id, TASK, OWNER)
    assert (attached.state, attached.task_id) == (State.RUNNING, TASK)
    assert api.asked_for(f"GET /v1/tasks/{TASK}") == 1


async def test_a_pause_that_the_provider_asked_for_is_kept(
    stage: Stage, open_stage: OpenStage, api: ScriptedApi
) -> None:
    generation = await unconfirmed(stage)
    other = await open_stage(api=api)
    other.tools.outage.hold(other.clock.now(), timedelta(minutes=5))
    attached = await decisions(other).attach(generation.id, TASK, OWNER)
    assert attached.state is State.RUNNING
    assert api.asked == []


async def test_no_answer_stands_in_nobodys_way(stage: Stage, open_stage: OpenStage) -> None:
    generation = await unconfirmed(stage)
    other = await open_stage(base_url="http://127.0.0.1:9/v1")
    assert (await decisions(other).attach(generation.id, TASK, OWNER)).state is State.RUNNING


async def test_only_the_owner_has_the_provider_asked(stage: Stage, open_stage: OpenStage, api: ScriptedApi) -> None:
    generation = await unconfirmed(stage)
    other = await open_stage(api=api)
    with pytest.raises(Rejection) as rejected:
        await decisions(other).attach(generation.id, TASK, MODERATOR)
    assert rejected.value.problem == OwnerOnly()
    assert api.asked == []


async def test_a_generation_that_there_is_not_is_told_before_the_provider_is_asked(
    open_stage: OpenStage, api: ScriptedApi
) -> None:
    stage = await open_stage(api=api)
    with pytest.raises(Rejection) as rejected:
        await decisions(stage).attach("nosuchone123", TASK, OWNER)
    assert rejected.value.problem == GenerationUnknown("nosuchone123", of_anybody=True)
    assert api.asked == []


async def test_a_task_of_another_generation_is_not_attached(
    stage: Stage, open_stage: OpenStage, api: ScriptedApi
) -> None:
    generation = await unconfirmed(stage)
    api.polls = deque([PROCESSING])
    other = await open_stage(api=api)
    await other.follow(await other.ask(), State.RUNNING)
    with pytest.raises(Rejection) as rejected:
        await decisions(other).attach(generation.id, TASK, OWNER)
    assert rejected.value.problem == TaskTaken(TASK)


async def test_a_task_that_is_attached_twice_at_once_belongs_to_one_and_the_other_can_be_decided(stage: Stage) -> None:
    pair = [await unconfirmed(stage), await unconfirmed(stage)]
    task_id, other_id = stage.simulated.tasks
    attaching = (decisions(stage).attach(each.id, task_id, OWNER) for each in pair)
    outcomes = await asyncio.gather(*attaching, return_exceptions=True)
    (refused,) = (outcome for outcome in outcomes if isinstance(outcome, BaseException))
    assert isinstance(refused, Rejection)
    assert refused.problem == TaskTaken(task_id)
    loser = pair[outcomes.index(refused)]
    assert (await decisions(stage).attach(loser.id, other_id, OWNER)).state is State.RUNNING


async def test_what_is_decided_already_is_told_as_such(stage: Stage) -> None:
    generation = await unconfirmed(stage)
    (task_id,) = stage.simulated.tasks
    await decisions(stage).give_up(generation.id, Actor(user_id=generation.origin.requester_id, guild_id=None))
    with pytest.raises(Rejection) as rejected:
        await decisions(stage).attach(generation.id, task_id, OWNER)
    assert rejected.value.problem == NotUndecided(generation.id)


async def test_the_provider_is_asked_by_the_words_that_mean_unknown(
    stage: Stage, open_stage: OpenStage, api: ScriptedApi
) -> None:
    generation = await unconfirmed(stage)
    api.polls = deque([UNKNOWN])
    other = await open_stage(api=api)
    with pytest.raises(Rejection):
        await decisions(other).attach(generation.id, TASK, OWNER)
    assert (await other.read(generation)).state is State.UNCONFIRMED

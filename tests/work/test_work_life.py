"""The life of a generation from the command to its settlement, against everything that the provider may do."""

import asyncio
from datetime import timedelta

import pytest

from bot.domain.generation import Reason, State
from bot.domain.ledger import Amounts, used
from sandbox.provider import Era, Outcome
from tests.work.conftest import OpenStage
from tests.work.stage import CHARGED, HELD, RELEASED, Stage


async def test_a_text_request_becomes_a_video_that_is_told_once(stage: Stage, clip: bytes) -> None:
    generation = await stage.ask()
    assert generation.state is State.ACCEPTED
    running = await stage.follow(generation, State.RUNNING)
    assert running.task_id == stage.simulated.submissions[0].task_id
    ended = await stage.follow(generation)
    assert (ended.state, ended.reason, ended.progress) == (State.SUCCEEDED, None, 100)
    assert ended.due_at is None
    assert stage.delivery.states_told(ended) == [State.SUCCEEDED]
    assert stage.delivery.bytes_told == [(len(clip),)]
    assert stage.delivery.threads == [ended.id]
    assert stage.delivery.shown[-1].told is State.SUCCEEDED
    assert stage.attempts() == 1


async def test_a_video_is_charged_and_its_hold_released_in_one_go(stage: Stage) -> None:
    generation = await stage.ask()
    assert await stage.used() == Amounts(generations=1, seconds=generation.amounts.seconds, micros=0)
    assert await stage.settled(generation) == HELD
    await stage.follow(generation, State.SUCCEEDED)
    assert await stage.settled(generation) == CHARGED
    assert await stage.used() == Amounts(generations=1, seconds=generation.amounts.seconds, micros=0)
    held = await stage.store.generations.hold_of(generation.id)
    assert held is not None
    assert used([held]).generations == 1


async def test_what_was_told_is_never_told_again(stage: Stage) -> None:
    await stage.follow(await stage.ask())
    stage.clock.advance(timedelta(days=30))
    await stage.work()
    assert len(stage.delivery.told) == 1
    assert await stage.store.generations.next_due() is None


@pytest.mark.parametrize("era", Era)
async def test_a_video_is_made_in_every_era_of_the_api(stage: Stage, era: Era) -> None:
    stage.simulated.era = era
    ended = await stage.follow(await stage.ask())
    assert ended.state is State.SUCCEEDED
    assert len(stage.delivery.told[0][1].files) == (2 if era is Era.VIDEOS_LIST else 1)
    assert stage.attempts() == 1


@pytest.mark.parametrize("outcome", [Outcome.POLL_URL_ONLY, Outcome.FOREIGN_POLL_URL, Outcome.POLL_FLAKY])
async def test_odd_answers_about_a_task_still_lead_to_its_video(stage: Stage, outcome: Outcome) -> None:
    stage.simulated.plan(outcome)
    ended = await stage.follow(await stage.ask())
    assert ended.state is State.SUCCEEDED
    assert stage.attempts() == 1
    assert not stage.simulated.leaks


@pytest.mark.parametrize(
    ("outcome", "state", "reason"),
    [
        (Outcome.REFUSED, State.FAILED, Reason.REFUSED),
        (Outcome.ERROR_OBJECT, State.FAILED, Reason.REFUSED),
        (Outcome.FORBIDDEN_MODEL, State.FAILED, Reason.REFUSED),
        (Outcome.UNAVAILABLE, State.FAILED, Reason.UNAVAILABLE),
        (Outcome.BROKE, State.FAILED, Reason.DOOR_CLOSED),
        (Outcome.POLICY, State.FAILED, Reason.POLICY),
        (Outcome.FAIL, State.FAILED, Reason.PROVIDER_FAILED),
        (Outcome.NO_OUTPUT, State.FAILED, Reason.NO_OUTPUT),
        (Outcome.CANCELLED, State.CANCELLED, Reason.BY_PROVIDER),
        (Outcome.EXPIRED, State.EXPIRED, Reason.EXPIRED),
    ],
)
async def test_an_end_without_a_video_is_told_with_its_reason_and_releases_the_hold(
    stage: Stage, outcome: Outcome, state: State, reason: Reason
) -> None:
    stage.simulated.plan(outcome)
    ended = await stage.follow(await stage.ask())
    assert (ended.state, ended.reason) == (state, reason)
    assert stage.delivery.states_told(ended) == [state]
    assert await stage.settled(ended) == RELEASED
    assert (await stage.used()).generations == 0
    assert stage.attempts() == 1


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome.CUT,
        Outcome.CUT_BEFORE,
        Outcome.GARBAGE,
        Outcome.GATEWAY,
        Outcome.SERVER_ERROR,
        Outcome.NO_ID,
    ],
)
async def test_a_lost_answer_is_never_submitted_again(stage: Stage, outcome: Outcome) -> None:
    stage.simulated.plan(outcome)
    unconfirmed = await stage.follow(await stage.ask(), State.UNCONFIRMED)
    assert unconfirmed.reason is Reason.NO_ANSWER
    assert unconfirmed.detail
    assert await stage.settled(unconfirmed) == HELD
    assert stage.delivery.states_told(unconfirmed) == [State.UNCONFIRMED]
    ended = await stage.follow(unconfirmed)
    assert (ended.state, ended.reason) == (State.FAILED, Reason.UNDECIDED)
    assert stage.attempts() == 1


async def test_an_answer_that_does_not_come_in_time_leaves_the_generation_unconfirmed(open_stage: OpenStage) -> None:
    stage = await open_stage(call_timeout=timedelta(seconds=0.2))
    stage.simulated.plan(Outcome.TIMEOUT)
    async with asyncio.timeout(30):  # the simulator would withhold its answer for 60 s
        unconfirmed = await stage.follow(await stage.ask(), State.UNCONFIRMED)
    assert (unconfirmed.reason, unconfirmed.detail) == (Reason.NO_ANSWER, "no answer in time")
    assert stage.attempts() == 1


async def test_an_undecided_generation_gives_its_hold_back_after_the_grace_with_a_note_in_the_audit(
    stage: Stage,
) -> None:
    stage.simulated.plan(Outcome.CUT)
    unconfirmed = await stage.follow(await stage.ask(), State.UNCONFIRMED)
    stage.clock.time = unconfirmed.state_at + stage.policy.grace - timedelta(seconds=1)
    await stage.work()
    assert (await stage.read(unconfirmed)).state is State.UNCONFIRMED
    stage.clock.advance(timedelta(seconds=1))
    await stage.work()
    ended = await stage.read(unconfirmed)
    assert (ended.state, ended.reason) == (State.FAILED, Reason.UNDECIDED)
    assert await stage.settled(ended) == RELEASED
    assert stage.delivery.states_told(ended) == [State.UNCONFIRMED, State.FAILED]
    audit = await stage.rows('SELECT action, generation_id, actor_key, "before", "after" FROM audit')
    assert audit == [("release_unconfirmed", ended.id, None, "unconfirmed", "failed")]


async def test_an_unconfirmed_generation_does_not_count_as_under_way(stage: Stage) -> None:
    stage.simulated.plan(Outcome.CUT)
    await stage.follow(await stage.ask(), State.UNCONFIRMED)
    counts = await stage.store.generations.counts()
    assert (counts[State.UNCONFIRMED], counts[State.SUBMITTING], counts[State.RUNNING]) == (1, 0, 0)

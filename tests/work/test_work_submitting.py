"""Handing a request over: what comes before, when it is tried again, and when never."""

import asyncio
import sqlite3
from collections import deque
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from bot.domain.change import Change
from bot.domain.generation import Reason, State
from bot.store import engines
from bot.work.outage import FIRST_PAUSE, LONGEST_PAUSE, ROW, Outage
from bot.work.policy import Policy
from sandbox.provider import Outcome
from tests.work.conftest import OpenStage
from tests.work.scripted import BROKEN, PROCESSING, TASK, UNKNOWN, WRONG_KEY, ScriptedApi
from tests.work.stage import HELD, RELEASED, Stage

SUBMIT = "POST /v1/videos/generations"
NOWHERE = "http://127.0.0.1:1/v1"
TOO_MANY = (429, {"error": {"message": "slower, please", "type": "rate_limit_error"}})
TOO_LONG = (400, {"error": {"message": "the prompt is too long", "type": "invalid_request_error"}})
LEASE = timedelta(minutes=2)


@pytest.mark.parametrize("outcome", [Outcome.BUSY, Outcome.BUSY_DATE])
async def test_a_busy_provider_is_asked_again(stage: Stage, outcome: Outcome) -> None:
    stage.simulated.plan(outcome)
    generation = await stage.ask()
    await stage.work()
    waiting = await stage.read(generation)
    assert (waiting.state, waiting.attempt, waiting.submitted_at) == (State.ACCEPTED, 2, None)
    assert waiting.due_at is not None
    assert waiting.due_at >= stage.clock.now() + stage.policy.submit_pause
    ended = await stage.follow(generation)
    assert ended.state is State.SUCCEEDED
    assert stage.attempts() == 2


async def test_a_provider_that_stays_busy_is_asked_a_few_times_at_growing_pauses(stage: Stage) -> None:
    stage.simulated.plan(Outcome.BUSY, times=10)
    ended = await stage.follow(await stage.ask())
    assert (ended.state, ended.reason, ended.attempt) == (State.FAILED, Reason.BUSY, stage.policy.submit_attempts)
    assert stage.attempts() == stage.policy.submit_attempts
    assert stage.clock.now() - ended.accepted_at >= stage.policy.submit_pause * (1 + 2 + 4)
    assert await stage.settled(ended) == RELEASED


async def test_a_provider_that_can_t_be_reached_is_waited_for_a_day_at_the_most(open_stage: OpenStage) -> None:
    stage = await open_stage(base_url=NOWHERE)
    generation = await stage.ask()
    for _ in range(20):
        await stage.hop()
    waiting = await stage.read(generation)
    assert (waiting.state, waiting.reason, waiting.attempt) == (State.ACCEPTED, Reason.WAITING, 2)
    stage.clock.time = generation.accepted_at + stage.policy.submit_within - timedelta(minutes=5)
    ended = await stage.follow(generation)
    assert (ended.state, ended.reason, ended.attempt) == (State.FAILED, Reason.UNREACHABLE, 2)
    assert timedelta(0) <= ended.state_at - ended.accepted_at - stage.policy.submit_within < timedelta(seconds=1)
    assert await stage.settled(ended) == RELEASED


async def test_in_an_outage_requests_wait_uncounted_and_go_out_when_it_is_over(
    open_stage: OpenStage, api: ScriptedApi
) -> None:
    stage = await open_stage(api=api)
    taken, api.taken, api.polls = api.taken, BROKEN, deque([BROKEN])
    first = await stage.follow(await stage.ask(), State.UNCONFIRMED)
    waiting = [await stage.ask() for _ in range(3)]
    begun = stage.clock.now()
    while stage.clock.now() < begun + timedelta(hours=2):
        await stage.hop()
    assert api.asked_for(SUBMIT) == 1
    assert len(api.asked) < 100
    for generation in waiting:
        now = await stage.read(generation)
        assert (now.state, now.reason, now.attempt) == (State.ACCEPTED, Reason.WAITING, 1)
        assert [shown.reason for shown in stage.delivery.shown if shown.id == now.id] == [Reason.WAITING]
    api.taken, api.polls = taken, deque([UNKNOWN, api.done()])
    for generation in waiting:
        ended = await stage.follow(generation)
        assert (ended.state, ended.reason, ended.attempt) == (State.SUCCEEDED, None, 1)
    assert api.asked_for(SUBMIT) == 4
    assert (await stage.read(first)).state is State.UNCONFIRMED


async def test_where_submissions_alone_are_not_answered_most_requests_wait_until_one_is(
    open_stage: OpenStage, api: ScriptedApi
) -> None:
    stage = await open_stage(api=api)
    taken, api.taken, api.polls = api.taken, BROKEN, deque([UNKNOWN])
    asked = [await stage.ask() for _ in range(30)]
    with capture_logs() as logs:
        until = stage.clock.now() + timedelta(minutes=20)
        while stage.clock.now() < until:
            await stage.hop()
    lost = api.asked_for(SUBMIT)
    assert ROW < lost <= ROW + 15, "one in two minutes at the most is tried"
    waiting = [now for now in [await stage.read(one) for one in asked] if now.state is State.ACCEPTED]
    assert len(waiting) == len(asked) - lost
    assert {(now.reason, now.attempt) for now in waiting} == {(Reason.WAITING, 1)}
    assert [line["calls"] for line in logs if line["event"] == "provider_away"].count("submissions") == 1
    api.taken, api.polls = taken, deque([UNKNOWN])
    while (await stage.read(waiting[0])).state is State.ACCEPTED:
        await stage.hop()
    api.polls = deque([api.done()])
    for generation in waiting:
        assert (await stage.follow(generation)).state is State.SUCCEEDED
    assert api.asked_for(SUBMIT) == len(asked)


def test_a_submission_that_hangs_is_not_forgotten_before_its_time_is_over() -> None:
    now = datetime(2026, 3, 4, tzinfo=UTC)
    submissions = Outage(probe_time=LONGEST_PAUSE)
    for _ in range(ROW):
        submissions.unanswered(now)
    assert not submissions.take(now + FIRST_PAUSE)
    assert submissions.take(now + FIRST_PAUSE + Policy().call_timeout)


async def test_after_a_lost_answer_a_harmless_call_goes_before_the_next_submission(
    open_stage: OpenStage, api: ScriptedApi
) -> None:
    stage = await open_stage(api=api)
    taken, api.taken = api.taken, BROKEN
    await stage.follow(await stage.ask(), State.UNCONFIRMED)
    api.taken, api.polls, before = taken, deque([UNKNOWN, PROCESSING]), len(api.asked)
    await stage.ask()
    await stage.work()
    assert api.asked[before:] == ["GET /v1/tasks/showreel-key-check", SUBMIT]


async def test_a_wish_to_cancel_what_waits_is_heard_in_an_outage(open_stage: OpenStage, api: ScriptedApi) -> None:
    stage = await open_stage(api=api)
    for _ in range(ROW):
        stage.tools.outage.unanswered(stage.clock.now())
    waiting = await stage.ask()
    await stage.work()
    assert (await stage.read(waiting)).reason is Reason.WAITING
    await stage.store.generations.request_cancel(waiting.id, Reason.BY_REQUESTER, stage.clock.now())
    await stage.work()
    ended = await stage.read(waiting)
    assert (ended.state, ended.reason) == (State.CANCELLED, Reason.BY_REQUESTER)


async def test_a_key_that_is_refused_to_the_call_before_closes_the_door(
    open_stage: OpenStage, api: ScriptedApi
) -> None:
    stage = await open_stage(api=api)
    stage.tools.outage.unanswered(stage.clock.now())
    api.polls = deque([WRONG_KEY])
    ended = await stage.follow(await stage.ask())
    assert (ended.state, ended.reason) == (State.FAILED, Reason.DOOR_CLOSED)
    assert api.asked_for(SUBMIT) == 0


async def test_a_generation_found_in_submitting_is_never_submitted(stage: Stage) -> None:
    generation = await stage.ask()
    (claimed,) = await stage.store.generations.claim(stage.clock.now(), stage.policy.lease, 1)
    submitting = claimed.move(State.SUBMITTING, stage.clock.now(), submitted_at=stage.clock.now())
    await stage.store.generations.save(Change(before=claimed, after=submitting, keeps_lease=True))
    await stage.work()
    assert (await stage.read(generation)).state is State.SUBMITTING
    stage.clock.advance(stage.policy.lease)
    unconfirmed = await stage.follow(generation, State.UNCONFIRMED)
    assert unconfirmed.reason is Reason.NO_ANSWER
    assert stage.delivery.states_told(unconfirmed) == [State.UNCONFIRMED]
    assert await stage.settled(unconfirmed) == HELD
    assert (await stage.follow(generation)).reason is Reason.UNDECIDED
    assert stage.attempts() == 0


async def test_a_row_whose_worker_died_is_taken_up_when_its_lease_is_over_though_nothing_else_is_due(
    stage: Stage,
) -> None:
    generation = await stage.ask()
    await stage.work()
    await stage.hop()
    running = await stage.ask()
    assert await stage.store.generations.claim(stage.clock.now(), stage.policy.lease, 1)
    stage.clock.advance(stage.policy.lease)
    assert (await stage.follow(running)).state is State.SUCCEEDED
    assert (await stage.follow(generation)).state is State.SUCCEEDED


async def test_a_missing_card_is_found_or_posted_after_a_moment(stage: Stage) -> None:
    generation = await stage.ask_without_card()
    await stage.work()
    assert (await stage.read(generation)).state is State.ACCEPTED
    stage.clock.advance(stage.policy.card_grace)
    await stage.work()
    running = await stage.read(generation)
    assert running.state is State.RUNNING
    assert running.card is not None
    assert stage.delivery.cards == [generation.id]
    ended = await stage.follow(generation)
    assert (ended.card, stage.delivery.cards) == (running.card, [generation.id])


async def test_a_video_is_made_where_no_card_can_be_posted(stage: Stage) -> None:
    stage.delivery.refuses.add("find_or_post_card")
    ended = await stage.follow(await stage.ask_without_card(), hops=10)
    assert (ended.state, ended.card, ended.thread_id) == (State.SUCCEEDED, None, None)
    assert stage.delivery.states_told(ended) == [State.SUCCEEDED]


async def test_a_refused_thread_is_noted_and_not_asked_for_again(stage: Stage) -> None:
    stage.delivery.refuses.add("open_thread")
    ended = await stage.follow(await stage.ask())
    assert (ended.state, ended.thread_id, ended.thread_refused) == (State.SUCCEEDED, None, True)
    assert stage.delivery.calls["open_thread"] == 1


async def test_a_video_is_not_kept_waiting_for_its_card_or_thread(stage: Stage) -> None:
    stage.delivery.delay("find_or_post_card")
    stage.delivery.delay("open_thread")
    first, second = await stage.ask_without_card(), await stage.ask()
    stage.clock.advance(stage.policy.card_grace)
    await stage.work()
    for generation in (first, second):
        running = await stage.read(generation)
        assert (running.state, running.thread_id) == (State.RUNNING, None)
        ended = await stage.follow(generation)
        assert ended.card is not None
        assert ended.thread_id is not None


async def test_a_poll_without_a_budget_waits_for_its_turn(open_stage: OpenStage) -> None:
    stage = await open_stage(calls_per_minute=6)
    running = await stage.follow(await stage.ask(), State.RUNNING)
    await stage.hop()
    postponed = await stage.read(running)
    assert postponed.polled_at is None
    assert postponed.due_at is not None
    assert timedelta(0) < postponed.due_at - stage.clock.now() <= timedelta(seconds=20)


async def test_a_step_that_trips_leaves_its_row_to_a_later_claim(stage: Stage) -> None:
    async def trip() -> None:
        raise RuntimeError("a mistake of the program")

    stage.delivery.during("open_thread", trip)
    tripped, other = await stage.ask(), await stage.ask()
    await stage.work()
    assert (await stage.read(tripped)).state is State.ACCEPTED
    assert (await stage.read(other)).state is State.RUNNING
    stage.clock.advance(stage.policy.lease)
    assert (await stage.follow(tripped)).state is State.SUCCEEDED
    assert stage.attempts() == 2


@pytest.mark.parametrize("answer", ["taken", "refused", "busy"])
async def test_an_answer_is_written_when_a_locked_database_is_free_again(
    open_stage: OpenStage, api: ScriptedApi, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    monkeypatch.setattr(engines, "_BUSY", 0.05)
    stage = await open_stage(api=api, write_pause=timedelta(seconds=0.02))
    generation = await stage.ask()
    api.taken = {"taken": api.taken, "refused": TOO_LONG, "busy": TOO_MANY}[answer]
    with closing(sqlite3.connect(stage.folder / "showreel.db", isolation_level=None)) as another:

        def lock() -> None:
            another.execute("BEGIN IMMEDIATE")
            asyncio.get_running_loop().call_later(0.5, another.execute, "ROLLBACK")

        api.during_submission = lock
        with capture_logs() as logs:
            await stage.worker.turn()
            await stage.worker.settle()
    written = await stage.read(generation)
    states = {"taken": State.RUNNING, "refused": State.FAILED, "busy": State.ACCEPTED}
    assert (written.state, written.task_id) == (states[answer], TASK if answer == "taken" else None)
    assert sum(asked.startswith("POST") for asked in api.asked) == 1
    assert {line["event"] for line in logs if line["log_level"] != "info"} == {"answer_not_written"}


@pytest.mark.parametrize(("answer", "state"), [(TOO_MANY, State.ACCEPTED), (None, State.RUNNING)])
async def test_a_step_keeps_its_lease_for_as_long_as_it_goes_on(
    open_stage: OpenStage, api: ScriptedApi, answer: tuple[int, dict[str, object]] | None, state: State
) -> None:
    stage = await open_stage(api=api)
    held: list[tuple[State, bool]] = []
    generation = await stage.ask()
    api.taken = answer or api.taken

    async def look() -> None:
        row = await stage.read(generation)
        held.append((row.state, await stage.store.generations.extend_lease(row, stage.clock.now() + LEASE)))

    stage.delivery.during("show", look)
    await stage.worker.turn()
    await stage.worker.settle()
    assert held == [(state, True)]

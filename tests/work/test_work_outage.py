"""A provider that is away for hours costs nothing but time, and coming back never makes a crowd."""

import random
from collections import Counter, deque
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

from bot.domain.generation import Generation, Reason, State
from bot.providers.errors import Refused
from bot.store import generations
from bot.work.budget import BURST
from bot.work.outage import FIRST_PAUSE, LONGEST_HOLD, LONGEST_PAUSE, NOW, PROBE_TIME, ROW, SPREAD, Outage
from tests.work.conftest import OpenStage
from tests.work.scripted import BROKEN, PROCESSING, TASK, UNKNOWN, Said, ScriptedApi
from tests.work.stage import START, Stage, origin

SECOND = timedelta(seconds=1)
HOURS = timedelta(hours=2)

MOST_CALLS = 100
"""In an outage of two hours, whatever is running: the row that begins it, what is under way then, and the probes."""


DONE: Said = 200, {"id": TASK, "status": "completed", "video_url": "http://127.0.0.1:9/clip.mp4"}
"""Its video is never fetched, as the address is a private one: 200 of them would take long to be examined."""


def busy(seconds: int) -> Said:
    return 429, {"error": {"message": "slow down", "code": "rate_limit_exceeded", "retry_after": seconds}}


def polls(api: ScriptedApi) -> int:
    """How often any task was asked for."""
    return sum(1 for asked in api.asked if asked.startswith("GET /v1/tasks/"))


def submissions(api: ScriptedApi) -> int:
    """How often a request was handed over."""
    return api.asked_for("POST /v1/videos/generations")


def begun() -> Outage:
    """An outage that began at START."""
    outage = Outage(random.Random(1))
    for _ in range(ROW):
        assert outage.take(START) == NOW
        outage.unanswered(START)
    return outage


async def many_running(stage: Stage, count: int) -> list[Generation]:
    """A crowd of running generations, all due now, as a restart finds them."""
    first = await stage.follow(await stage.ask(), State.RUNNING)
    crowd = [
        replace(
            first,
            id=f"crowd{number}",
            origin=origin(),
            task_id=f"{TASK}{number}",
            due_at=stage.clock.now(),
            lease_token=0,
        )
        for number in range(count - 1)
    ]
    await stage.database.write(lambda connection: generations.add(connection, *crowd))
    return [first, *crowd]


async def pass_time(stage: Stage, span: timedelta, step: timedelta) -> None:
    """Work through a span, doing what is due every now and then."""
    until = stage.clock.now() + span
    while stage.clock.now() < until:
        due = await stage.store.generations.next_due()
        if due is None:
            return
        stage.clock.time = max(stage.clock.now(), due) + step
        await stage.work()


async def wait_through(stage: Stage, span: timedelta) -> None:
    """Work through exactly this span, looking every half a minute."""
    for _ in range(span // timedelta(seconds=30)):
        stage.clock.advance(timedelta(seconds=30))
        await stage.work()


def test_a_few_unanswered_calls_are_no_outage() -> None:
    outage = Outage()
    for _ in range(ROW - 1):
        outage.unanswered(START)
    assert outage.take(START) == NOW
    outage.answered(START)
    for _ in range(ROW - 1):
        outage.unanswered(START)
    assert outage.take(START) == NOW


def test_in_an_outage_only_probes_pass_ever_more_seldom() -> None:
    outage, at, probes = begun(), START, []
    while at < START + HOURS:
        if outage.take(at) == NOW:
            probes.append(at)
            outage.unanswered(at)
        at += SECOND
    pauses = [later - earlier for earlier, later in pairwise([START, *probes])]
    assert pauses[0] == FIRST_PAUSE
    assert pauses[1] == FIRST_PAUSE * 2
    assert max(pauses) == pauses[-1] == LONGEST_PAUSE
    assert len(probes) < 70


def test_while_a_probe_is_under_way_nobody_else_calls() -> None:
    outage = begun()
    at = START + FIRST_PAUSE
    assert outage.take(at) == NOW
    waits = [outage.take(at) for _ in range(100)]
    assert min(waits) >= PROBE_TIME
    assert max(waits) <= PROBE_TIME + SPREAD


def test_a_probe_of_which_nothing_is_heard_is_followed_by_another() -> None:
    outage = begun()
    assert outage.take(START + FIRST_PAUSE) == NOW
    assert outage.take(START + FIRST_PAUSE + PROBE_TIME) == NOW


def test_one_answer_ends_it() -> None:
    outage = begun()
    outage.answered(START)
    assert {outage.take(START) for _ in range(10)} == {NOW}


def test_those_that_wait_come_back_spread() -> None:
    outage = begun()
    waits = [outage.take(START).total_seconds() for _ in range(1_000)]
    per_second = Counter(int(wait) for wait in waits)
    assert FIRST_PAUSE.total_seconds() <= min(waits)
    assert max(waits) <= (FIRST_PAUSE + SPREAD).total_seconds()
    assert max(per_second.values()) < 200


def test_a_retry_after_holds_every_call_but_not_for_ever() -> None:
    outage = Outage()
    outage.unanswered(START, timedelta(seconds=60))
    assert outage.take(START + timedelta(seconds=59)) > NOW
    assert outage.take(START + timedelta(seconds=60)) == NOW
    outage.unanswered(START, timedelta(days=1))
    assert outage.take(START + LONGEST_HOLD - SECOND) > NOW
    assert outage.take(START + LONGEST_HOLD) == NOW


def test_a_pause_that_was_asked_for_outlasts_the_outage_in_which_it_was() -> None:
    outage = begun()
    outage.unanswered(START, timedelta(minutes=9))
    outage.answered(START + SECOND)
    assert outage.began is None
    assert outage.take(START + timedelta(minutes=8)) > NOW
    assert outage.take(START + timedelta(minutes=9)) == NOW


def test_in_doubt_probes_go_one_at_a_time_and_hold_up_no_other_call() -> None:
    outage = Outage()
    outage.unanswered(START)
    assert outage.is_in_doubt
    assert outage.take(START, as_probe=True) == NOW
    assert outage.take(START, as_probe=True) > NOW
    assert outage.take(START) == NOW
    outage.answered(START)
    assert not outage.is_in_doubt


async def test_two_hours_away_cost_few_calls_and_all_go_on_afterwards(open_stage: OpenStage, api: ScriptedApi) -> None:
    stage = await open_stage(api=api, give_up_after=timedelta(hours=50), slots=32)
    crowd = await many_running(stage, 120)
    before = polls(api)
    api.polls = deque([BROKEN])
    await pass_time(stage, HOURS, SPREAD)
    assert polls(api) - before <= MOST_CALLS
    failures = [(await stage.read(one)).poll_failures for one in crowd]
    assert sum(failures) == polls(api) - before
    assert sum(1 for count in failures if count == 0) > 30
    api.polls = deque([DONE])
    await pass_time(stage, LONGEST_PAUSE + PROBE_TIME + SPREAD * 2, SECOND * 5)
    ended = Counter([(await stage.read(one)).state for one in crowd])
    assert ended == {State.SUCCEEDED: 120}
    assert len(stage.delivery.told) == 120


async def test_a_task_is_given_up_in_an_outage_as_at_any_time(open_stage: OpenStage, api: ScriptedApi) -> None:
    stage = await open_stage(api=api, deadline=timedelta(minutes=2), give_up_after=timedelta(minutes=10))
    crowd = await many_running(stage, 12)
    api.polls = deque([BROKEN])
    await pass_time(stage, timedelta(minutes=14), SECOND)
    assert {(await stage.read(one)).state for one in crowd} == {State.EXPIRED}
    assert sorted(stage.delivery.slow) == sorted(one.id for one in crowd)


async def test_a_refusal_is_an_answer(open_stage: OpenStage, api: ScriptedApi) -> None:
    stage = await open_stage(api=api)
    for _ in range(ROW - 1):
        stage.tools.outage.unanswered(stage.clock.now())
    api.polls = deque([UNKNOWN, PROCESSING])
    await stage.follow(await stage.ask(), State.RUNNING)
    await stage.hop()
    stage.tools.outage.unanswered(stage.clock.now())
    assert stage.tools.outage.take(stage.clock.now()) == NOW


async def test_a_retry_after_of_one_poll_is_obeyed_by_all(open_stage: OpenStage, api: ScriptedApi) -> None:
    stage = await open_stage(api=api, slots=1)
    await many_running(stage, 10)
    before = polls(api)
    api.polls = deque([busy(90), PROCESSING])
    stage.clock.advance(SECOND)
    await stage.work()
    started = stage.clock.now()
    while stage.clock.now() < started + timedelta(seconds=88):
        assert polls(api) == before + 1
        stage.clock.advance(timedelta(seconds=4))
        await stage.work()
    await pass_time(stage, SPREAD, SECOND)
    assert polls(api) >= before + 11


async def test_a_retry_after_of_one_submission_is_obeyed_by_all(open_stage: OpenStage, api: ScriptedApi) -> None:
    stage = await open_stage(api=api, slots=1)
    await many_running(stage, 3)
    api.taken = busy(3_000)
    await stage.ask()
    await stage.work()
    assert submissions(api) == 2
    calls = len(api.asked)
    await stage.ask()
    await wait_through(stage, timedelta(minutes=49))
    assert len(api.asked) == calls
    await wait_through(stage, timedelta(minutes=2))
    assert submissions(api) >= 3


async def test_a_retry_after_of_a_submission_without_a_usable_answer_is_obeyed_by_all(
    open_stage: OpenStage, api: ScriptedApi
) -> None:
    stage = await open_stage(api=api)
    taken, api.taken = api.taken, (503, {"error": {"message": "no", "code": "server_error", "retry_after": 600}})
    await stage.follow(await stage.ask(), State.UNCONFIRMED)
    api.taken, calls = taken, len(api.asked)
    await stage.ask()
    await wait_through(stage, timedelta(minutes=9))
    assert len(api.asked) == calls
    await wait_through(stage, timedelta(minutes=2))
    assert submissions(api) == 2


async def test_a_retry_after_of_a_poll_is_obeyed_by_submissions(open_stage: OpenStage, api: ScriptedApi) -> None:
    stage = await open_stage(api=api)
    api.polls = deque([busy(600), PROCESSING])
    await stage.follow(await stage.ask(), State.RUNNING)
    await stage.hop()
    waiting = await stage.ask()
    await wait_through(stage, timedelta(minutes=9))
    assert ((await stage.read(waiting)).state, submissions(api)) == (State.ACCEPTED, 1)
    await wait_through(stage, timedelta(minutes=2))
    assert submissions(api) == 2


async def test_a_retry_after_is_obeyed_by_the_refresh_and_by_the_probe_of_the_door(
    open_stage: OpenStage, api: ScriptedApi
) -> None:
    api.models = busy(120)
    stage = await open_stage(api=api)
    assert not await stage.feed.refresh()
    assert stage.tools.outage.held(stage.clock.now()) == timedelta(seconds=120)
    stage.door.close(Refused("wrong key", reason=Reason.DOOR_CLOSED, status=401, closes_door=True))
    calls = len(api.asked)
    assert not await stage.feed.refresh()
    await stage.door.probe()
    assert len(api.asked) == calls
    stage.clock.advance(timedelta(seconds=120))
    await stage.door.probe()
    assert (len(api.asked), stage.door.is_open) == (calls + 1, True)


async def test_a_restart_with_thousands_due_polls_within_the_budget(open_stage: OpenStage, api: ScriptedApi) -> None:
    per_second = 1_000 / 60
    stage = await open_stage(api=api, calls_per_minute=1_000, slots=64)
    await many_running(stage, 2_000)
    started, step, per_step = polls(api), timedelta(milliseconds=500), []
    for _ in range(40):
        before = polls(api)
        await stage.work()
        per_step.append(polls(api) - before)
        stage.clock.advance(step)
    saved_up = per_second * BURST.total_seconds()
    assert per_step[0] <= saved_up / 2 + 1
    assert max(map(sum, pairwise(per_step[1:]))) <= per_second + 2
    assert max(map(sum, pairwise(per_step))) <= saved_up + per_second
    assert polls(api) - started >= per_second * 15

"""What the owner does with the whole bot, and sees of it."""

from datetime import timedelta

import pytest

from bot.domain.errors import (
    LimitUnfit,
    Paused,
    Rejection,
)
from bot.domain.generation import State
from bot.domain.limits import LimitFault
from bot.domain.overview import Spend
from bot.domain.request import Operation
from bot.work.service import Draft
from sandbox.provider import Outcome
from tests.work.moderators import (
    BOT_DEFAULT,
    BOT_LIMIT,
    GUILD_LIMIT,
    MODERATOR,
    OWNER,
    desk,
)
from tests.work.stage import STANDING, START, Stage, origin

HOUR = timedelta(hours=1)


async def test_the_owner_pauses_and_resumes_the_whole_bot(stage: Stage) -> None:
    ownership = desk(stage).ownership
    await ownership.pause(OWNER, "the bill")
    draft = Draft(operation=Operation.TEXT, prompt="a harbour")
    with pytest.raises(Rejection) as rejected:
        await stage.service.accept(draft, origin(), STANDING)
    assert rejected.value.problem == Paused(everywhere=True)
    assert (await ownership.status(OWNER)).paused_at == START
    await ownership.resume(OWNER)
    await stage.service.accept(draft, origin(), STANDING)
    assert [(line.action, line.why) for line in await ownership.log(OWNER)] == [("resume", None), ("pause", "the bill")]
    assert await desk(stage).moderation.log(MODERATOR) == []


async def test_the_owner_sets_limits_of_the_whole_bot(stage: Stage) -> None:
    ownership = desk(stage).ownership
    assert await ownership.set_limit(OWNER, BOT_LIMIT) is None
    assert await ownership.show_limits(OWNER) == [BOT_LIMIT, BOT_DEFAULT]
    with pytest.raises(Rejection) as rejected:
        await ownership.set_limit(OWNER, GUILD_LIMIT)
    assert rejected.value.problem == LimitUnfit(LimitFault.WRONG_SCOPE)
    assert await ownership.clear_limit(OWNER, BOT_LIMIT) == BOT_LIMIT.amount


async def test_the_owner_sees_the_queue_what_was_spent_and_old_holds(stage: Stage) -> None:
    finished = await stage.follow(await stage.ask())
    stage.simulated.plan(Outcome.STUCK)
    running = await stage.follow(await stage.ask(), State.RUNNING)
    stage.clock.advance(timedelta(seconds=1))
    waiting = await stage.ask()
    status = await desk(stage).ownership.status(OWNER)
    overview = status.overview
    assert (overview.queue[State.RUNNING], overview.queue[State.ACCEPTED]) == (1, 1)
    assert overview.oldest_running is not None
    assert (overview.oldest_running.generation_id, overview.oldest_running.since) == (running.id, running.submitted_at)
    spent = finished.amounts.micros
    assert overview.spend == Spend(micros=spent or 0, known=int(spent is not None), unknown=int(spent is None))
    assert overview.old_holds == ()
    assert (status.door_closed_by, status.door_closed_at, status.away_since) == (None, None, None)
    await desk(stage).interventions.release(MODERATOR, finished.id, "broken")
    assert (await desk(stage).ownership.status(OWNER)).overview.spend == Spend(micros=0, known=0, unknown=0)
    stage.clock.advance(timedelta(days=1, seconds=1))
    later = (await desk(stage).ownership.status(OWNER)).overview
    assert [hold.generation_id for hold in later.old_holds] == [running.id, waiting.id]
    assert later.old_hold_count == 2


async def test_the_owner_sees_why_the_provider_takes_nothing(stage: Stage) -> None:
    stage.simulated.plan(Outcome.BROKE)
    await stage.follow(await stage.ask())
    for _ in range(5):
        stage.tools.outage.unanswered(START + HOUR)
    status = await desk(stage).ownership.status(OWNER)
    assert (status.door_closed_by or "").startswith("402")
    assert status.door_closed_at is not None
    assert status.away_since == START + HOUR

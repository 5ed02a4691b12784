"""What moderators do with the generations of others: cancel, release, refund; and what the log says of it."""

import pytest

from bot.domain.errors import (
    GenerationNotHere,
    NotCancellable,
    NothingToRelease,
    Rejection,
    ReleaseInstead,
    WhyMissing,
)
from bot.domain.generation import Reason, State
from bot.domain.ledger import Amounts
from bot.domain.moderating import Action, LogFilter
from bot.work.decisions import Decisions
from sandbox.provider import Outcome
from tests.work.moderators import (
    ELSEWHERE,
    MODERATOR,
    OWNER,
    desk,
)
from tests.work.stage import CHARGED, HELD, MEMBER, RELEASED, Stage
from tests.work.test_work_moderation import problem


async def test_a_moderator_cancels_what_somebody_else_asked_for(stage: Stage) -> None:
    accepted = await stage.ask()
    asked = await desk(stage).interventions.cancel(MODERATOR, accepted.id, "too loud")
    assert asked.cancel_requested is Reason.BY_MODERATOR
    ended = await stage.follow(accepted)
    assert (ended.state, ended.reason) == (State.CANCELLED, Reason.BY_MODERATOR)
    assert await stage.settled(ended) == RELEASED
    (line,) = await desk(stage).moderation.log(MODERATOR)
    assert (line.action, line.generation_id, line.before, line.why) == ("cancel", ended.id, "accepted", "too loud")


async def test_what_has_ended_can_t_be_cancelled(stage: Stage) -> None:
    ended = await stage.follow(await stage.ask())
    assert await problem(stage, "interventions.cancel", MODERATOR, ended.id) == NotCancellable(ended.id, ended=True)


async def test_an_unconfirmed_one_is_released_instead_of_cancelled(stage: Stage) -> None:
    stage.simulated.plan(Outcome.CUT)
    unconfirmed = await stage.follow(await stage.ask(), State.UNCONFIRMED)
    assert await problem(stage, "interventions.cancel", MODERATOR, unconfirmed.id) == ReleaseInstead(unconfirmed.id)
    assert await stage.settled(unconfirmed) == HELD
    released = await desk(stage).interventions.release(MODERATOR, unconfirmed.id, "nobody waits for it")
    assert (released.state, released.reason) == (State.FAILED, Reason.ABANDONED)
    assert await stage.settled(released) == RELEASED
    (line,) = await desk(stage).moderation.log(MODERATOR)
    assert (line.action, line.why, line.actor_id) == (Action.GIVE_UP, "nobody waits for it", MODERATOR.user_id)


async def test_a_finished_one_is_refunded_once(stage: Stage) -> None:
    finished = await stage.follow(await stage.ask())
    released = await desk(stage).interventions.release(MODERATOR, finished.id, "it was broken")
    assert released.state is State.SUCCEEDED
    assert await stage.settled(finished) == [*CHARGED, ("release", "charge")]
    assert await stage.used() == Amounts(generations=0, seconds=0, micros=0)
    (line,) = await desk(stage).moderation.log(MODERATOR)
    assert (line.action, line.generation_id, line.why) == ("refund", finished.id, "it was broken")
    assert (line.before, line.after) == ("generations 1, seconds 0, micros unknown", None)
    assert await problem(stage, "interventions.release", MODERATOR, finished.id) == NothingToRelease(finished.id)
    assert len(await desk(stage).moderation.log(MODERATOR)) == 1


async def test_the_log_of_a_member_has_what_was_done_to_their_videos(stage: Stage) -> None:
    desk_ = desk(stage)
    refunded = await stage.follow(await stage.ask())
    await desk_.interventions.release(MODERATOR, refunded.id, "it was broken")
    stage.simulated.plan(Outcome.CUT)
    given_up = await stage.follow(await stage.ask(), State.UNCONFIRMED)
    await desk_.interventions.release(MODERATOR, given_up.id, "nobody waits for it")
    stage.simulated.plan(Outcome.CUT)
    attached = await stage.follow(await stage.ask(), State.UNCONFIRMED)
    await Decisions(stage.tools, stage.service).attach(attached.id, list(stage.simulated.tasks)[-1], OWNER)
    stage.simulated.plan(Outcome.CUT)
    undecided = await stage.follow(await stage.ask(), State.UNCONFIRMED)
    await stage.follow(undecided)
    cancelled = await stage.ask()
    await desk_.interventions.cancel(MODERATOR, cancelled.id, "too loud")
    found = await desk_.moderation.log(MODERATOR, LogFilter(member_id=MEMBER))
    assert [(line.action, line.generation_id, line.member_id) for line in reversed(found)] == [
        (Action.REFUND, refunded.id, MEMBER),
        (Action.GIVE_UP, given_up.id, MEMBER),
        (Action.ATTACH_TASK, attached.id, MEMBER),
        (Action.GRACE_OVER, undecided.id, MEMBER),
        (Action.CANCEL, cancelled.id, MEMBER),
    ]
    assert await desk_.moderation.log(MODERATOR, LogFilter(member_id=MODERATOR.user_id)) == []


async def test_of_what_is_under_way_or_failed_there_is_nothing_to_release(stage: Stage) -> None:
    accepted = await stage.ask()
    assert await problem(stage, "interventions.release", MODERATOR, accepted.id) == NothingToRelease(accepted.id)
    stage.simulated.plan(Outcome.FAIL)
    failed = await stage.follow(accepted)
    assert failed.state is State.FAILED
    assert await problem(stage, "interventions.release", MODERATOR, failed.id) == NothingToRelease(failed.id)


async def test_cancelling_and_releasing_need_a_reason(stage: Stage) -> None:
    generation = await stage.ask()
    interventions = desk(stage).interventions
    for attempt in (interventions.cancel(MODERATOR, generation.id, " "), interventions.release(MODERATOR, "x", "")):
        with pytest.raises(Rejection) as rejected:
            await attempt
        assert rejected.value.problem == WhyMissing()


@pytest.mark.parametrize("name", ["interventions.cancel", "interventions.release"])
async def test_another_guild_s_generation_is_unknown(stage: Stage, name: str) -> None:
    generation = await stage.follow(await stage.ask())
    assert await problem(stage, name, ELSEWHERE, generation.id) == GenerationNotHere(generation.id)
    assert await stage.settled(generation) == CHARGED

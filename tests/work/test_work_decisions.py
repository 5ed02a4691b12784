"""Decisions about what is unconfirmed: one that can't be carried out gives nothing up."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy.exc import DBAPIError

from bot.domain.errors import Blocked, InputsAway, InputsGone, Problem, Rejection, RequesterRefused, StepUnderWay
from bot.domain.generation import Generation, State
from bot.domain.request import Input, Operation
from bot.work import decisions as deciding
from bot.work.actors import Actor
from bot.work.decisions import Decisions
from sandbox.provider import Outcome
from tests.work.conftest import FileHost, OpenStage
from tests.work.moderators import MODERATOR, call
from tests.work.stage import GUILD, HELD, MEMBER, RELEASED, STANDING, Stage, origin

LEASE = timedelta(minutes=1)
REQUESTER = Actor(user_id=MEMBER, guild_id=GUILD)


def until(item: Input, end: datetime) -> Input:
    """The same at an address that says until when it is good, as Discord's do."""
    return replace(item, url=f"{item.url}?ex={int(end.timestamp()):x}&is=1&hm=2&")


async def unconfirmed(stage: Stage, *inputs: Input) -> Generation:
    """A generation whose answer was cut."""
    stage.simulated.plan(Outcome.CUT)
    asked = await stage.ask(Operation.IMAGE if inputs else Operation.TEXT, *inputs)
    return await stage.follow(asked, State.UNCONFIRMED)


async def execute(stage: Stage, statement: str) -> None:
    await stage.database.write(lambda connection: connection.exec_driver_sql(statement))


async def submit_again(stage: Stage, generation: Generation) -> Generation:
    return await Decisions(stage.tools, stage.service).submit_again(generation.id, REQUESTER, origin(), STANDING)


async def refused(stage: Stage, generation: Generation) -> Problem:
    """Why it isn't submitted again; nothing is given up by it, and it can be decided at once."""
    with pytest.raises(Rejection) as rejected:
        await submit_again(stage, generation)
    assert await stage.settled(generation) == HELD
    assert await stage.rows("SELECT state, lease_until FROM generations") == [("unconfirmed", None)]
    return rejected.value.problem


async def test_while_a_step_holds_it_somebody_is_asked_to_try_again(stage: Stage) -> None:
    generation = await unconfirmed(stage)
    held = await stage.store.generations.claim_one(generation.id, State.UNCONFIRMED, stage.clock.now(), LEASE)
    assert held is not None
    with pytest.raises(Rejection) as rejected:
        await Decisions(stage.tools, stage.service).give_up(generation.id, REQUESTER)
    assert rejected.value.problem == StepUnderWay()
    await stage.store.generations.defer([held])
    given_up = await Decisions(stage.tools, stage.service).give_up(generation.id, REQUESTER)
    assert given_up.state is State.FAILED


async def test_a_card_whose_edit_hangs_keeps_no_decision_waiting(open_stage: OpenStage) -> None:
    stage = await open_stage(edit_timeout=timedelta(milliseconds=50))
    stage.delivery.hanging.add("show")
    generation = await unconfirmed(stage)
    assert stage.delivery.states_told(generation) == [State.UNCONFIRMED]
    assert await stage.rows("SELECT lease_until FROM generations") == [(None,)]
    stage.delivery.hanging.clear()
    await stage.hop()
    assert [shown.told for shown in stage.delivery.shown][-1] is State.UNCONFIRMED


async def test_submitted_again_it_has_the_addresses_of_its_card(stage: Stage, host: FileHost, picture: bytes) -> None:
    item, fresh = host.attach(picture, "stale.png"), host.attach(picture, "fresh.png")
    generation = await unconfirmed(stage, item)
    stage.delivery.kept_urls[generation.id] = (fresh.url,)
    (made,) = (await submit_again(stage, generation)).request.inputs
    assert made == replace(item, url=fresh.url)
    assert await stage.settled(generation) == RELEASED


async def test_submitted_again_by_a_moderator_it_speaks_its_requesters_language(stage: Stage) -> None:
    generation = await unconfirmed(stage)
    theirs = replace(origin(MODERATOR.user_id), locale="de")
    again = Decisions(stage.tools, stage.service).submit_again
    made = (await again(generation.id, MODERATOR, theirs, STANDING)).origin
    assert (made.requester_id, made.locale) == (MEMBER, generation.origin.locale)


async def test_a_moderator_is_told_what_turns_the_requester_down_as_such(stage: Stage) -> None:
    generation = await unconfirmed(stage)
    await call(stage, "moderation.block", MODERATOR)
    with pytest.raises(Rejection) as rejected:
        await Decisions(stage.tools, stage.service).submit_again(
            generation.id, MODERATOR, origin(MODERATOR.user_id), STANDING
        )
    assert rejected.value.problem == RequesterRefused(Blocked(stage.clock.now() + timedelta(hours=1), "spam"))
    assert await refused(stage, generation) == rejected.value.problem.problem


async def test_what_could_not_be_given_up_can_be_given_up_at_once(stage: Stage) -> None:
    generation = await unconfirmed(stage)
    await execute(stage, "CREATE TRIGGER broken BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'broken'); END")
    with pytest.raises(DBAPIError):
        await Decisions(stage.tools, stage.service).give_up(generation.id, REQUESTER)
    await execute(stage, "DROP TRIGGER broken")
    given_up = await Decisions(stage.tools, stage.service).give_up(generation.id, REQUESTER)
    assert given_up.state is State.FAILED


@pytest.mark.parametrize("fault", ["away", "too late"])
async def test_what_discord_does_not_hand_out_now_is_not_submitted_again(
    stage: Stage, host: FileHost, picture: bytes, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setattr(deciding, "INPUT_PATIENCE", timedelta(milliseconds=50))
    generation = await unconfirmed(stage, host.attach(picture, "a.png"))
    if fault == "away":
        stage.delivery.delay("input_urls")
    else:
        stage.delivery.hanging.add("input_urls")
    assert await refused(stage, generation) == InputsAway()


@pytest.mark.parametrize("left", [timedelta(minutes=4), timedelta(hours=-1)])
async def test_what_has_no_files_any_more_is_not_submitted_again(
    stage: Stage, host: FileHost, picture: bytes, left: timedelta
) -> None:
    end = stage.clock.now() + timedelta(hours=24)
    generation = await unconfirmed(stage, until(host.attach(picture, "a.png"), end))
    stage.clock.time = end - left
    assert await refused(stage, generation) == InputsGone()


async def test_without_a_card_its_own_addresses_are_used_while_they_are_good(
    stage: Stage, host: FileHost, picture: bytes
) -> None:
    end = stage.clock.now() + timedelta(hours=24)
    item = until(host.attach(picture, "a.png"), end)
    generation = await unconfirmed(stage, item)
    stage.clock.time = end - timedelta(minutes=5)
    assert (await submit_again(stage, generation)).request.inputs == (item,)

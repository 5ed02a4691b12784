"""What the commands call: choices, limits, sources and what a member may see."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.errors import (
    BadFile,
    ExtensionSourceUnfit,
    FileFault,
    GenerationUnknown,
    LimitReached,
    Problem,
    PromptMissing,
    Rejection,
    ShuttingDown,
    UnknownModel,
)
from bot.domain.generation import State
from bot.domain.ledger import Amounts
from bot.domain.limits import Limit, Measure, Scope, Window
from bot.domain.request import Operation, Options
from bot.media.rules import MIB
from bot.work.service import Draft
from sandbox.provider import Outcome
from tests.work.conftest import FileHost, OpenStage
from tests.work.stage import GUILD, MEMBER, STANDING, Stage, origin

DAILY = Limit(scope=Scope.MEMBER, measure=Measure.GENERATIONS, amount=2, window=Window.DAY)
AT_ONCE = Limit(scope=Scope.MEMBER, measure=Measure.CONCURRENT, amount=1)
EXTENDER = "kling-video-extend"


async def problem_of(stage: Stage, draft: Draft, member: int = MEMBER) -> Problem:
    with pytest.raises(Rejection) as turned_down:
        await stage.service.accept(draft, origin(member), STANDING)
    return turned_down.value.problem


def test_a_wish_stands_whether_it_fits_or_not(stage: Stage) -> None:
    assert stage.service.model_for(Operation.MOTION, "veo3.1-fast") == "veo3.1-fast"


async def test_without_a_wish_the_default_is_taken_where_it_can(open_stage: OpenStage) -> None:
    stage = await open_stage(default_models={Operation.IMAGE: "hailuo-2.3-fast", Operation.MOTION: "veo3.1-fast"})
    assert stage.service.model_for(Operation.TEXT, None) == "veo3.1-fast"
    assert stage.service.model_for(Operation.IMAGE, None) == "hailuo-2.3-fast"
    assert stage.service.model_for(Operation.MOTION, None) == "kling-3.0-motion-control"


async def test_an_unknown_model_is_turned_down_with_those_that_look_alike(stage: Stage) -> None:
    problem = await problem_of(stage, Draft(operation=Operation.TEXT, model="veo3.1-fats", prompt="a harbour"))
    assert isinstance(problem, UnknownModel)
    assert "veo3.1-fast" in problem.near


async def test_a_prompt_of_spaces_is_none(stage: Stage) -> None:
    assert await problem_of(stage, Draft(operation=Operation.TEXT, prompt="  ")) == PromptMissing(Operation.TEXT)


async def test_a_file_is_turned_down_by_what_discord_states_before_anything_is_held(
    stage: Stage, host: FileHost
) -> None:
    large = replace(host.attach(b"...", "a.png"), size=30 * MIB)
    problem = await problem_of(stage, Draft(operation=Operation.IMAGE, prompt="dance", inputs=(large,)))
    assert isinstance(problem, BadFile)
    assert problem.fault is FileFault.TOO_LARGE
    assert host.asked == []
    assert await stage.used() == Amounts(generations=0, micros=0)


async def test_a_limit_says_how_much_was_used_and_when_it_resets(open_stage: OpenStage) -> None:
    stage = await open_stage(limits=(DAILY,))
    for _ in range(2):
        await stage.ask()
    problem = await problem_of(stage, Draft(operation=Operation.TEXT, prompt="a harbour"))
    midnight = stage.clock.now().replace(hour=0) + timedelta(days=1)
    assert problem == LimitReached(limit=DAILY, used=2, resets_at=midnight, wanted=1)
    (allowance,) = await stage.service.usage(MEMBER, GUILD, ())
    assert (allowance.limit, allowance.used, allowance.remaining) == (DAILY, 2, 0)
    await stage.service.accept(Draft(operation=Operation.TEXT, prompt="a harbour"), origin(MEMBER + 1), STANDING)
    stage.clock.time = midnight
    await stage.ask()


async def test_what_has_ended_is_under_way_no_more(open_stage: OpenStage) -> None:
    stage = await open_stage(limits=(AT_ONCE,))
    first = await stage.ask()
    problem = await problem_of(stage, Draft(operation=Operation.TEXT, prompt="a harbour"))
    assert problem == LimitReached(limit=AT_ONCE, used=1, resets_at=None, wanted=1)
    stage.simulated.plan(Outcome.FAIL)
    await stage.follow(first)
    await stage.ask()


async def test_the_hold_is_the_seconds_asked_for(stage: Stage) -> None:
    asked = await stage.ask(options=Options(duration=8))
    assert (asked.amounts.generations, asked.amounts.seconds) == (1, 8)
    unstated = await stage.ask()
    known = stage.service.catalog.models["veo3.1-fast"].capabilities[Operation.TEXT].durations
    assert unstated.amounts.seconds == min(known, default=0)


async def test_an_extension_goes_on_from_one_s_own_finished_video_by_either_id(stage: Stage) -> None:
    ended = await stage.follow(await stage.ask())
    assert ended.task_id is not None
    for reference in (ended.id, ended.task_id, f" {ended.id} "):
        extended = await stage.ask(Operation.EXTENSION, model=EXTENDER, source=reference)
        source = extended.request.source
        assert source is not None
        assert (source.generation_id, source.task_id) == (ended.id, ended.task_id)


async def test_an_extension_goes_on_from_nothing_else(stage: Stage) -> None:
    unfinished = await stage.ask()

    def draft(reference: str) -> Draft:
        return Draft(operation=Operation.EXTENSION, model=EXTENDER, source=reference)

    assert await problem_of(stage, draft(unfinished.id)) == ExtensionSourceUnfit(unfinished.id)
    assert await problem_of(stage, draft("nothing")) == GenerationUnknown("nothing")
    ended = await stage.follow(unfinished, State.SUCCEEDED)
    assert await problem_of(stage, draft(ended.id), MEMBER + 1) == GenerationUnknown(ended.id)


async def test_the_latest_come_first_and_are_one_s_own(stage: Stage) -> None:
    first = await stage.ask()
    stage.clock.advance(timedelta(seconds=1))
    second = await stage.ask()
    recent = await stage.service.recent(MEMBER, GUILD)
    assert [generation.id for generation in recent] == [second.id, first.id]
    assert await stage.service.recent(MEMBER + 1, GUILD) == []


async def test_a_bot_that_stops_takes_nothing_new(stage: Stage) -> None:
    stage.service.stop_accepting()
    assert await problem_of(stage, Draft(operation=Operation.TEXT, prompt="a harbour")) == ShuttingDown()


async def test_the_same_interaction_twice_is_one_generation(stage: Stage) -> None:
    draft, once = Draft(operation=Operation.TEXT, prompt="a harbour"), origin()
    first = await stage.service.accept(draft, once, STANDING)
    second = await stage.service.accept(draft, once, STANDING)
    assert first.id == second.id
    assert (await stage.used()).generations == 1

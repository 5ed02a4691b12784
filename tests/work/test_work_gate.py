"""The gate: what moderators and the owner have decided is checked before anything is accepted or counted."""

from datetime import timedelta

import pytest

from bot.domain.errors import (
    AgeRestrictedOnly,
    Blocked,
    ModelNotAllowed,
    Paused,
    Problem,
    PromptNotAllowed,
    Rejection,
    UnknownModel,
    WrongChannel,
)
from bot.domain.guild import BOT, AllowedModel, Block, Standing
from bot.domain.ledger import Amounts
from bot.domain.moderating import Action, Deed
from bot.domain.request import Input, InputRole, Operation, Options
from bot.domain.word_rules import RuleKind
from bot.work.gate import AgeRestricted
from bot.work.service import Draft
from tests.work.conftest import OpenStage
from tests.work.stage import CHANNEL, GUILD, MEMBER, STANDING, START, Stage, origin

MODERATOR = 5_001
ROLE = 6_001
HOUR = timedelta(hours=1)
TEXT = Operation.TEXT
RESTRICTED = AgeRestricted(models=frozenset({"veo3.1"}), operations=frozenset({Operation.IMAGE}))
STILLS = tuple(
    Input(
        role=role,
        attachment_id=number,
        filename=f"{role}.png",
        content_type="image/png",
        size=1_000,
        url=f"https://cdn.example/{role}.png",
    )
    for number, role in enumerate((InputRole.START, InputRole.END), 1)
)
IN_ROLE = Standing(role_ids=frozenset({ROLE}), channel_ids=frozenset({CHANNEL}))


def deed(guild: int = GUILD) -> Deed:
    return Deed(at=START, action=Action.CHANGE_SETTINGS, guild_id=guild, actor_id=MODERATOR)


async def problem_of(stage: Stage, draft: Draft | None = None, standing: Standing = STANDING) -> Problem:
    """Why a request is turned down; nothing is counted then."""
    with pytest.raises(Rejection) as turned_down:
        await stage.service.accept(draft or Draft(operation=TEXT, prompt="a harbour"), origin(), standing)
    assert await stage.used() == Amounts(generations=0, seconds=0, micros=0)
    return turned_down.value.problem


async def allow(stage: Stage, *models: str, role: int = GUILD) -> None:
    for model in models:
        await stage.store.guilds.allow_model(AllowedModel(role_id=role, model=model), deed())


async def test_a_pause_of_the_bot_turns_everything_down_until_it_is_over(stage: Stage) -> None:
    await stage.store.guilds.change_settings({"paused_at": START}, deed(BOT))
    await stage.store.guilds.change_settings({"paused_at": START}, deed())
    assert await problem_of(stage) == Paused(everywhere=True)
    await stage.store.guilds.change_settings({"paused_at": None}, deed(BOT))
    assert await problem_of(stage) == Paused(everywhere=False)
    await stage.store.guilds.change_settings({"paused_at": None}, deed())
    await stage.ask()


async def test_a_pause_leaves_what_is_under_way(stage: Stage) -> None:
    generation = await stage.ask()
    await stage.store.guilds.change_settings({"paused_at": START}, deed())
    assert (await stage.follow(generation)).state == "succeeded"


async def test_a_blocked_member_is_told_until_when_and_why(stage: Stage) -> None:
    block = Block(user_id=MEMBER, blocked_at=START, until=START + HOUR, why="spam")
    await stage.store.guilds.block(block, deed())
    assert await problem_of(stage) == Blocked(START + HOUR, "spam")
    stage.clock.advance(HOUR)
    await stage.ask()


async def test_videos_are_made_in_the_listed_channels_and_below_listed_categories_only(stage: Stage) -> None:
    await stage.store.guilds.allow_channel(3_001, deed())
    assert await problem_of(stage) == WrongChannel((3_001,))
    below = Standing(channel_ids=frozenset({CHANNEL, 3_001}))
    await stage.service.accept(Draft(operation=TEXT, prompt="a harbour"), origin(), below)


async def test_a_model_that_no_role_of_the_member_allows_is_turned_down(stage: Stage) -> None:
    await allow(stage, "veo3.1-fast", "hailuo-2.3-fast")
    await allow(stage, "veo3.1", role=ROLE)
    draft = Draft(operation=TEXT, model="veo3.1", prompt="a harbour")
    assert await problem_of(stage, draft) == ModelNotAllowed("veo3.1", ("hailuo-2.3-fast", "veo3.1-fast"))
    accepted = await stage.service.accept(draft, origin(), IN_ROLE)
    assert accepted.request.model == "veo3.1"


async def test_an_unknown_model_is_said_to_be_unknown_rather_than_not_allowed(stage: Stage) -> None:
    await allow(stage, "veo3.1-fast")
    problem = await problem_of(stage, Draft(operation=TEXT, model="veo3.1-fats", prompt="a harbour"))
    assert isinstance(problem, UnknownModel)


async def test_age_restricted_models_and_operations_need_such_a_channel(open_stage: OpenStage) -> None:
    stage = await open_stage(age_restricted=RESTRICTED)
    draft = Draft(operation=TEXT, model="veo3.1", prompt="a harbour")
    assert await problem_of(stage, draft) == AgeRestrictedOnly()
    there = Standing(channel_ids=frozenset({CHANNEL}), is_age_restricted=True)
    await stage.service.accept(draft, origin(), there)
    here = await stage.service.here(GUILD, MEMBER, STANDING)
    assert stage.service.models_for(Operation.IMAGE, here) == ()
    assert stage.service.models_for(Operation.IMAGE, await stage.service.here(GUILD, MEMBER, there))


async def test_the_models_to_choose_from_are_those_that_the_member_may_use(stage: Stage) -> None:
    here = await stage.service.here(GUILD, MEMBER, STANDING)
    assert stage.service.models_for(TEXT, here) == stage.service.catalog.able(TEXT)
    await allow(stage, "veo3.1-fast", "kling-3.0-motion-control")
    await allow(stage, "veo3.1", role=ROLE)
    here = await stage.service.here(GUILD, MEMBER, STANDING)
    assert [model.id for model in stage.service.models_for(TEXT, here)] == ["veo3.1-fast"]
    in_role = await stage.service.here(GUILD, MEMBER, IN_ROLE)
    assert {model.id for model in stage.service.models_for(TEXT, in_role)} == {"veo3.1-fast", "veo3.1"}


async def test_a_guild_s_default_model_comes_first_where_it_can(stage: Stage) -> None:
    await stage.store.guilds.change_settings({"default_model": "kling-3.0-motion-control"}, deed())
    here = await stage.service.here(GUILD, MEMBER, STANDING)
    assert stage.service.model_for(Operation.MOTION, None, here) == "kling-3.0-motion-control"
    assert stage.service.model_for(TEXT, None, here) == "veo3.1-fast"
    assert stage.service.model_for(TEXT, "veo3.1", here) == "veo3.1"


async def test_the_default_is_one_that_the_member_may_use(stage: Stage) -> None:
    await allow(stage, "hailuo-2.3-standard", "hailuo-2.3-fast")
    here = await stage.service.here(GUILD, MEMBER, STANDING)
    allowed = {model.id for model in stage.service.models_for(TEXT, here)}
    accepted = await stage.service.accept(Draft(operation=TEXT, prompt="a harbour"), origin(), STANDING)
    assert accepted.request.model in allowed


async def test_a_prompt_that_breaks_a_rule_is_recorded_and_not_counted(stage: Stage) -> None:
    await stage.store.guilds.add_rule(RuleKind.WORD, "cabbage", deed())
    await stage.store.guilds.add_rule(RuleKind.PATTERN, "soup$", deed())
    assert await problem_of(stage, Draft(operation=TEXT, prompt="A C\u200babbage!")) == PromptNotAllowed()
    assert await problem_of(stage, Draft(operation=TEXT, prompt="hot soup")) == PromptNotAllowed()
    second, first = await stage.store.guilds.refusals(GUILD, 10)
    assert (first.user_id, first.channel_id, first.rule, first.prompt) == (
        MEMBER,
        CHANNEL,
        "cabbage",
        "A C\u200babbage!",
    )
    assert second.rule == "soup$"
    await stage.ask()


async def test_a_negative_prompt_is_held_against_the_rules_as_well(stage: Stage) -> None:
    await stage.store.guilds.add_rule(RuleKind.WORD, "cabbage", deed())
    without = Options(negative_prompt="no cabbage")
    assert await problem_of(stage, Draft(operation=TEXT, prompt="a field", options=without)) == PromptNotAllowed()
    (refused,) = await stage.store.guilds.refusals(GUILD, 10)
    assert (refused.rule, refused.prompt) == ("cabbage", "a field\nno cabbage")
    frames = Draft(operation=Operation.FRAMES, inputs=STILLS, options=without)
    assert await problem_of(stage, frames) == PromptNotAllowed()
    assert [refused.prompt for refused in await stage.store.guilds.refusals(GUILD, 1)] == ["no cabbage"]


async def test_a_negative_prompt_hides_neither_end_of_a_prompt_from_a_pattern(stage: Stage) -> None:
    await stage.store.guilds.add_rule(RuleKind.PATTERN, "soup$", deed())
    await stage.store.guilds.add_rule(RuleKind.WORD, "hot rain", deed())
    draft = Draft(operation=TEXT, prompt="hot soup", options=Options(negative_prompt="rain"))
    assert await problem_of(stage, draft) == PromptNotAllowed()
    await stage.ask(prompt="hot", options=Options(negative_prompt="rain"))


async def test_a_request_that_can_t_be_made_anyway_is_no_refused_prompt(stage: Stage) -> None:
    await stage.store.guilds.add_rule(RuleKind.WORD, "cabbage", deed())
    await problem_of(stage, Draft(operation=TEXT, model="veo3.1-fats", prompt="a cabbage"))
    assert await stage.store.guilds.refusals(GUILD, 10) == []

"""Money over a generation's life: what is held, what is charged, and whose limits count."""

import asyncio
from collections import deque
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from bot.domain.catalog import Catalog, Price, PriceUnit
from bot.domain.errors import AskedElsewhere, LimitReached, PriceUnknown, Rejection, RequesterRefused
from bot.domain.generation import State
from bot.domain.guild import Standing
from bot.domain.ledger import Amounts
from bot.domain.limits import Limit, Measure, Scope, Window
from bot.domain.request import Operation, Options
from bot.providers.lemondata.bundled import bundled_catalog
from bot.store import limits
from bot.work.actors import Actor
from bot.work.decisions import Decisions
from bot.work.service import Draft
from sandbox.provider import Outcome
from tests.work.conftest import OpenStage
from tests.work.scripted import ScriptedApi
from tests.work.stage import CHARGED, GUILD, MEMBER, STANDING, Stage, origin

BUDGET = Limit(scope=Scope.MEMBER, measure=Measure.MICROS, amount=5_000_000, window=Window.MONTH)
UNPRICED = "veo3.1-pro"
ROLE = 5
MODERATOR = 9_900


async def charge_of(stage: Stage, generation_id: str) -> tuple[object, ...]:
    """Seconds and micro-dollars of a generation's charge."""
    query = "SELECT seconds, micros FROM ledger WHERE generation_id = ? AND kind = 'charge'"
    (row,) = await stage.rows(query, generation_id)
    return row


async def put(stage: Stage, limit: Limit) -> None:
    await stage.database.write(partial(limits.put, guild_id=GUILD, limit=limit))


async def unconfirmed(stage: Stage, seconds: int | None = None) -> str:
    """A generation whose submission had no answer; its id."""
    stage.simulated.plan(Outcome.CUT)
    return (await stage.follow(await stage.ask(options=Options(duration=seconds)), State.UNCONFIRMED)).id


async def test_the_quote_is_held_and_charged(stage: Stage) -> None:
    asked = await stage.ask(options=Options(duration=8))
    assert asked.amounts == Amounts(seconds=8, micros=1_200_000)
    ended = await stage.follow(asked)
    assert await stage.settled(ended) == CHARGED
    assert (await charge_of(stage, ended.id))[1] == 1_200_000


def done(api: ScriptedApi, seconds: float) -> tuple[int, dict[str, object]]:
    """An answer that states the length of the finished video."""
    video = {"url": f"{api.origin}/clip.mp4", "duration": seconds}
    return 200, {"id": "t", "status": "completed", "video": video, "billing_transaction_id": "cmo164"}


async def test_a_length_that_the_provider_states_is_charged(open_stage: OpenStage, api: ScriptedApi) -> None:
    api.polls = deque([done(api, 5.04)])
    stage = await open_stage(api=api)
    ended = await stage.follow(await stage.ask(options=Options(duration=8)))
    assert ended.amounts == Amounts(seconds=5, micros=750_000)
    assert await charge_of(stage, ended.id) == (5, 750_000)
    assert ended.billing_transaction_id == "cmo164"
    used = await stage.used()
    assert (used.seconds, used.micros) == (5, 750_000)


async def test_a_length_that_the_first_answer_states_is_charged(open_stage: OpenStage, api: ScriptedApi) -> None:
    api.taken = done(api, 5.04)
    stage = await open_stage(api=api)
    ended = await stage.follow(await stage.ask(options=Options(duration=8)))
    assert await charge_of(stage, ended.id) == (5, 750_000)


async def test_where_no_length_was_known_the_real_one_gives_the_figure(open_stage: OpenStage, api: ScriptedApi) -> None:
    api.polls = deque([done(api, 6)])
    own = Price(unit=PriceUnit.SECOND, least=70_000, most=70_000, is_override=True)
    stage = await open_stage(api=api, catalog=without_lengths(own))
    asked = await stage.ask()
    assert asked.amounts == Amounts(seconds=0, micros=None)
    ended = await stage.follow(asked)
    assert await charge_of(stage, ended.id) == (6, 420_000)


async def test_the_price_at_acceptance_is_the_one_that_is_charged(open_stage: OpenStage, api: ScriptedApi) -> None:
    api.polls = deque([done(api, 5)])
    stage = await open_stage(api=api)
    asked = await stage.ask(options=Options(duration=8))
    dearer = Price(unit=PriceUnit.SECOND, least=9_000_000, most=9_000_000, is_override=True)
    stage.feed.catalog = bundled_catalog().with_prices({asked.request.model: dearer})
    assert await charge_of(stage, (await stage.follow(asked)).id) == (5, 750_000)


async def test_a_price_for_a_request_stays_whatever_the_length(open_stage: OpenStage, api: ScriptedApi) -> None:
    api.polls = deque([done(api, 5)])
    own = Price(unit=PriceUnit.REQUEST, least=70_000, most=70_000, is_override=True)
    stage = await open_stage(api=api, catalog=bundled_catalog().with_prices({"veo3.1-fast": own}))
    ended = await stage.follow(await stage.ask(options=Options(duration=8)))
    assert await charge_of(stage, ended.id) == (5, 70_000)


async def test_an_assumed_price_stays_assumed_whatever_the_length(open_stage: OpenStage, api: ScriptedApi) -> None:
    api.polls = deque([done(api, 5)])
    own = Price(unit=PriceUnit.SECOND, least=70_000, most=70_000, is_override=True)
    stage = await open_stage(api=api, catalog=without_lengths(own), limits=(BUDGET,), assumed_micros=2_000_000)
    ended = await stage.follow(await stage.ask())
    assert await charge_of(stage, ended.id) == (5, 2_000_000)


def without_lengths(price: Price) -> Catalog:
    """A catalog with a price for a model of which no length is known."""
    catalog = bundled_catalog().with_prices({"veo3.1-fast": price})
    model = catalog.models["veo3.1-fast"]
    bare = {operation: replace(one, durations=()) for operation, one in model.capabilities.items()}
    models = {**catalog.models, model.id: replace(model, capabilities=bare)}
    return replace(catalog, models=models)


async def test_a_length_that_nobody_states_is_the_one_that_was_held(open_stage: OpenStage, api: ScriptedApi) -> None:
    api.polls = deque([api.done()])
    stage = await open_stage(api=api)
    ended = await stage.follow(await stage.ask(options=Options(duration=8)))
    assert await charge_of(stage, ended.id) == (8, 1_200_000)


async def test_an_unknown_price_stays_unknown_to_the_end(stage: Stage) -> None:
    asked = await stage.ask(model=UNPRICED, options=Options(duration=8))
    assert asked.amounts.micros is None
    ended = await stage.follow(asked)
    assert await stage.settled(ended) == CHARGED
    assert (await charge_of(stage, ended.id))[1] is None


async def test_under_a_budget_a_model_without_a_price_is_turned_down(open_stage: OpenStage) -> None:
    stage = await open_stage(limits=(BUDGET,))
    with pytest.raises(Rejection) as caught:
        await stage.ask(model=UNPRICED)
    assert caught.value.problem == PriceUnknown(UNPRICED)
    assert (await stage.ask(model="veo3.1-fast", options=Options(duration=8))).state is State.ACCEPTED


async def test_an_assumed_price_is_held_and_charged_under_a_budget(open_stage: OpenStage) -> None:
    stage = await open_stage(limits=(BUDGET,), assumed_micros=2_000_000)
    ended = await stage.follow(await stage.ask(model=UNPRICED))
    assert ended.amounts.micros == 2_000_000
    assert (await charge_of(stage, ended.id))[1] == 2_000_000
    await stage.ask(model=UNPRICED)
    with pytest.raises(Rejection) as caught:
        await stage.ask(model=UNPRICED)
    assert isinstance(caught.value.problem, LimitReached)
    assert caught.value.problem.used == 4_000_000


async def test_the_operator_s_price_is_held_and_stays_after_a_refresh(open_stage: OpenStage) -> None:
    own = Price(unit=PriceUnit.REQUEST, least=70_000, most=70_000, is_override=True)
    stage = await open_stage(catalog=bundled_catalog().with_prices({"veo3.1-fast": own}))
    assert (await stage.ask()).amounts.micros == 70_000
    assert await stage.feed.refresh()
    assert stage.feed.catalog.models["veo3.1-fast"].price == own
    assert (await stage.ask()).amounts.micros == 70_000


async def test_a_role_s_limit_is_the_one_that_counts(stage: Stage) -> None:
    daily = Limit(scope=Scope.MEMBER, measure=Measure.GENERATIONS, amount=0, window=Window.DAY)
    await put(stage, daily)
    await put(stage, replace(daily, scope=Scope.ROLE, scope_id=ROLE, amount=1))
    draft = Draft(operation=Operation.TEXT, prompt="a harbour")
    with pytest.raises(Rejection):
        await stage.service.accept(draft, origin(), STANDING)
    patron = replace(STANDING, role_ids=frozenset({ROLE}))
    assert (await stage.service.accept(draft, origin(), patron)).state is State.ACCEPTED
    (use,) = await stage.service.usage(MEMBER, GUILD, patron.role_ids)
    assert (use.limit.scope, use.used, use.remaining) == (Scope.ROLE, 1, 0)


async def test_a_moderator_s_roles_are_not_lent_to_the_one_whose_video_is_submitted_again(stage: Stage) -> None:
    lost = await unconfirmed(stage)
    await stage.ask()  # its own hold would be released: a second one keeps the limit reached
    daily = Limit(scope=Scope.MEMBER, measure=Measure.GENERATIONS, amount=1, window=Window.DAY)
    await put(stage, daily)
    await put(stage, replace(daily, scope=Scope.ROLE, scope_id=ROLE, amount=10))
    decisions = Decisions(stage.tools, stage.service)
    moderator = Actor(user_id=MODERATOR, guild_id=GUILD, is_moderator=True)
    patron = replace(STANDING, name="Mo", role_ids=frozenset({ROLE}))
    with pytest.raises(Rejection) as caught:
        await decisions.submit_again(lost, moderator, origin(MODERATOR), patron)
    reached = LimitReached(daily, 2, stage.clock.now().replace(hour=0) + timedelta(days=1), 1)
    assert caught.value.problem == RequesterRefused(reached)
    new = await decisions.submit_again(lost, Actor(user_id=MEMBER, guild_id=GUILD), origin(), patron)
    assert (new.follows, new.origin.requester_id) == (lost, MEMBER)


@pytest.mark.parametrize(
    ("measure", "amount"), [(Measure.GENERATIONS, 1), (Measure.SECONDS, 8), (Measure.MICROS, 1_200_000)]
)
@pytest.mark.parametrize("scope", [Scope.MEMBER, Scope.GUILD])
async def test_a_limit_that_its_own_hold_fills_does_not_keep_it_from_being_submitted_again(
    stage: Stage, scope: Scope, measure: Measure, amount: int
) -> None:
    lost = await unconfirmed(stage, seconds=8)
    await put(stage, Limit(scope=scope, measure=measure, amount=amount, window=Window.DAY))
    requester = Actor(user_id=MEMBER, guild_id=GUILD)
    new = await Decisions(stage.tools, stage.service).submit_again(lost, requester, origin(), STANDING)
    assert new.follows == lost
    with pytest.raises(Rejection) as caught:  # the new hold fills it as the old one did
        await stage.ask(options=Options(duration=8))
    assert isinstance(caught.value.problem, LimitReached)
    assert caught.value.problem.used == amount


async def test_a_hold_of_yesterday_makes_no_room_today(stage: Stage) -> None:
    lost = await unconfirmed(stage)
    await put(stage, Limit(scope=Scope.MEMBER, measure=Measure.GENERATIONS, amount=1, window=Window.DAY))
    stage.clock.advance(timedelta(days=1))
    await stage.ask()
    requester = Actor(user_id=MEMBER, guild_id=GUILD)
    with pytest.raises(Rejection) as caught:
        await Decisions(stage.tools, stage.service).submit_again(lost, requester, origin(), STANDING)
    assert isinstance(caught.value.problem, LimitReached)


async def test_what_is_asked_for_at_the_same_moment_finds_the_room_that_is_really_there(stage: Stage) -> None:
    lost = await unconfirmed(stage)
    await put(stage, Limit(scope=Scope.MEMBER, measure=Measure.GENERATIONS, amount=2, window=Window.DAY))
    requester = Actor(user_id=MEMBER, guild_id=GUILD)
    again = Decisions(stage.tools, stage.service).submit_again(lost, requester, origin(), STANDING)
    outcomes = await asyncio.gather(again, stage.ask(), stage.ask(), return_exceptions=True)
    assert sum(isinstance(outcome, Rejection) for outcome in outcomes) == 1


async def test_what_was_asked_for_in_a_guild_is_not_submitted_again_outside_of_its_limits(stage: Stage) -> None:
    lost = await unconfirmed(stage)
    directly, requester = replace(origin(), guild_id=None), Actor(user_id=MEMBER, guild_id=None)
    with pytest.raises(Rejection) as caught:
        await Decisions(stage.tools, stage.service).submit_again(lost, requester, directly, Standing(name="Ada"))
    assert caught.value.problem == AskedElsewhere()
    assert await stage.rows("SELECT state FROM generations") == [("unconfirmed",)]


async def test_submitting_again_for_somebody_else_leaves_their_name(stage: Stage) -> None:
    lost = await unconfirmed(stage)
    moderator = Actor(user_id=MODERATOR, guild_id=GUILD, is_moderator=True)
    standing = replace(STANDING, name="Mo")
    await Decisions(stage.tools, stage.service).submit_again(lost, moderator, origin(MODERATOR), standing)
    names = await stage.rows("SELECT name FROM members WHERE user_id = ?", MEMBER)
    assert names == [("Ada",)]

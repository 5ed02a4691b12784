"""What members erase of themselves, and what is erased by itself in time."""

import asyncio
from datetime import timedelta
from typing import Any

from bot.domain.errors import Blocked, GenerationUnknown, Rejection
from bot.domain.generation import Reason, State
from bot.domain.request import Options
from bot.moderation.endpoint import Verdict
from bot.work.privacy import LONGEST_WINDOW, Privacy, Retention
from sandbox.provider import Outcome
from tests.work.conftest import OpenStage
from tests.work.moderators import MODERATOR, desk
from tests.work.stage import CHARGED, GUILD, MEMBER, START, Stage

DAY = timedelta(days=1)
KEPT_FOR = timedelta(days=90)


def privacy(stage: Stage, retention: timedelta | None = KEPT_FOR) -> Privacy:
    return Privacy(stage.store.privacy, stage.clock.now, retention)


def retention(stage: Stage, kept_for: timedelta | None = KEPT_FOR) -> Retention:
    return Retention(stage.store.privacy, stage.clock.now, kept_for)


class Against:
    """A moderation endpoint that speaks against every prompt."""

    async def check(self, _text: str) -> Verdict:
        return Verdict(allowed=False, categories=("hate",))


async def everything(stage: Stage) -> str:
    """All rows in which a prompt or a member may stand, but for blocks."""
    tables = ("generations", "members", "refusals", "ledger", "audit")
    return repr([await stage.rows(f"SELECT * FROM {table}") for table in tables])  # noqa: S608 - the schema's own names


async def test_a_member_sees_what_is_stored_and_until_when(stage: Stage) -> None:
    ended = await stage.follow(await stage.ask())
    stored = await privacy(stage).show(MEMBER)
    assert (stored.holdings.key, stored.holdings.kept) == (ended.member_key, 1)
    assert stored.kept_until == ended.state_at + KEPT_FOR
    assert (await privacy(stage, None).show(MEMBER)).kept_until is None
    assert (await privacy(stage).show(1)).kept_until is None


async def test_deleting_leaves_no_trace_of_what_was_asked_but_the_figures(stage: Stage) -> None:
    ended = await stage.follow(await stage.ask(prompt="a lighthouse", options=Options(negative_prompt="no rain")))
    assert ended.results
    before = await stage.used()
    assert await privacy(stage).delete(MEMBER) == 1
    found = await everything(stage)
    for trace in ("lighthouse", "rain", "Ada", ended.results[0]):
        assert trace not in found, trace
    assert await stage.settled(ended) == CHARGED
    assert await stage.used() == before
    assert await privacy(stage).delete(MEMBER) == 0


async def test_deleting_somebody_who_never_made_anything_does_nothing(stage: Stage) -> None:
    assert await privacy(stage).delete(MEMBER) == 0
    assert await stage.rows("SELECT * FROM members") == []


async def test_an_erased_generation_is_nobody_s_to_find(stage: Stage) -> None:
    ended = await stage.follow(await stage.ask())
    await privacy(stage).delete(MEMBER)
    assert await stage.service.recent(MEMBER, GUILD) == []
    try:
        await stage.service.find(ended.id, MEMBER)
    except Rejection as rejection:
        found = rejection.problem
    assert found == GenerationUnknown(ended.id)


async def test_what_is_under_way_is_finished_and_told_and_then_erased(stage: Stage) -> None:
    stage.simulated.plan(Outcome.SLOW)
    running = await stage.follow(await stage.ask(prompt="a lighthouse"), State.RUNNING)
    assert await privacy(stage).delete(MEMBER) == 0
    assert await retention(stage).erase() == 0
    ended = await stage.follow(running)
    assert ended.state is State.SUCCEEDED
    assert stage.delivery.states_told(ended) == [State.SUCCEEDED]
    assert await retention(stage, None).erase() == 1
    assert "lighthouse" not in await everything(stage)


async def test_the_key_is_parted_after_a_month_without_a_request(stage: Stage) -> None:
    await stage.follow(await stage.ask())
    await privacy(stage).delete(MEMBER)
    stage.clock.time = START + LONGEST_WINDOW
    await retention(stage).erase()
    assert str(MEMBER) in await everything(stage)
    stage.clock.advance(timedelta(seconds=1))
    await retention(stage).erase()
    assert str(MEMBER) not in await everything(stage)


async def test_a_prompt_refused_by_the_endpoint_after_the_wish_goes_as_well(open_stage: OpenStage) -> None:
    stage = await open_stage(endpoint=Against())
    generation = await stage.ask(prompt="a lighthouse")
    await privacy(stage).delete(MEMBER)
    assert (await stage.follow(generation)).reason is Reason.MODERATED
    await retention(stage, None).erase()
    assert "lighthouse" in await everything(stage), "the generation is erased, and the refusal is kept a while"
    stage.clock.advance(LONGEST_WINDOW + timedelta(seconds=1))
    await retention(stage, None).erase()
    assert "lighthouse" not in await everything(stage)
    assert str(MEMBER) not in await everything(stage)


async def test_using_the_bot_again_puts_that_off(stage: Stage) -> None:
    await stage.follow(await stage.ask())
    await privacy(stage).delete(MEMBER)
    stage.clock.advance(LONGEST_WINDOW - DAY)
    again = await stage.follow(await stage.ask(prompt="a lighthouse"))
    stage.clock.advance(DAY * 2)
    assert await retention(stage).erase() == 0
    assert (await privacy(stage).show(MEMBER)).holdings.kept == 1
    stage.clock.advance(LONGEST_WINDOW)
    assert await retention(stage, None).erase() == 1
    assert (await stage.read(again)).erased_at == stage.clock.now()
    assert str(MEMBER) not in await everything(stage)


async def test_a_block_is_never_erased(stage: Stage) -> None:
    await stage.follow(await stage.ask())
    await desk(stage).moderation.block(MODERATOR, MEMBER, None, "spam")
    await privacy(stage).delete(MEMBER)
    stage.clock.advance(LONGEST_WINDOW * 2)
    await retention(stage).erase()
    assert (await privacy(stage).show(MEMBER)).holdings.blocks == 1
    try:
        await stage.ask()
    except Rejection as rejection:
        problem = rejection.problem
    assert isinstance(problem, Blocked)


async def test_content_is_kept_for_as_long_as_is_configured(stage: Stage) -> None:
    ended = await stage.follow(await stage.ask(prompt="a lighthouse"))
    stage.clock.time = ended.state_at + KEPT_FOR
    assert await retention(stage).erase() == 0
    stage.clock.advance(timedelta(seconds=1))
    assert await retention(stage, None).erase() == 0
    assert await retention(stage).erase() == 1
    assert "lighthouse" not in await everything(stage)
    assert (await privacy(stage).show(MEMBER)).holdings.kept == 0


async def test_many_are_erased_in_several_transactions(stage: Stage, monkeypatch: Any) -> None:
    monkeypatch.setattr("bot.work.privacy.BATCH", 2)
    for _ in range(5):
        await stage.follow(await stage.ask())
    assert await privacy(stage).delete(MEMBER) == 5


async def test_a_round_that_fails_doesn_t_end_the_retention(stage: Stage) -> None:
    await stage.follow(await stage.ask())
    failures = [RuntimeError("the database is away")]

    class Store:
        """The real one, away once."""

        def __getattr__(self, name: str) -> Any:
            if failures:
                raise failures.pop()
            return getattr(stage.store.privacy, name)

    stage.clock.time = START + KEPT_FOR * 2
    store: Any = Store()
    with_pause = asyncio.create_task(Retention(store, stage.clock.now, KEPT_FOR).run())
    await asyncio.sleep(0)
    assert not failures
    assert not with_pause.done()
    with_pause.cancel()
    await asyncio.gather(with_pause, return_exceptions=True)
    assert await Retention(store, stage.clock.now, KEPT_FOR).erase() == 1

"""Discord's global rate limit: it holds up every call, and never for longer than Discord asked."""

import asyncio
from pathlib import Path

import pytest

from bot.chat import global_limit
from bot.domain.generation import Generation
from bot.work.protocols import Notice
from tests.chat.samples import result
from tests.chat.stage import Stage
from tests.chat.told import MESSAGES, everything, names, tried
from tests.chat.town import Town


@pytest.fixture(autouse=True)
def _little_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(global_limit, "GRACE", 0.05)


async def cut_short(stage: Stage, town: Town, generation: Generation, notice: Notice) -> None:
    """Tell, meet the global limit, and be cancelled while it is waited out."""
    town.discord.fail_next("POST", MESSAGES, "global-429", retry_after=0.9)
    telling = asyncio.create_task(stage.delivery.tell(generation, notice))
    await town.discord.wait_for(lambda: town.discord.requests_to("POST", MESSAGES)[-1].status == 429)
    await asyncio.sleep(0.1)  # until the client has read the answer
    telling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await telling


async def test_a_call_that_is_cancelled_in_the_global_limit_leaves_it_to_end(
    stage: Stage, town: Town, done: Generation
) -> None:
    await cut_short(stage, town, done, Notice())
    async with asyncio.timeout(5):
        assert await stage.delivery.tell(done, Notice()) is not None


async def test_the_global_limit_is_waited_out_though_the_call_that_met_it_is_cancelled(
    stage: Stage, town: Town, done: Generation
) -> None:
    await cut_short(stage, town, done, Notice())
    asked = len(town.discord.requests)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await stage.delivery.tell(done, Notice())
    assert len(town.discord.requests) == asked


async def test_an_upload_that_is_cancelled_in_the_global_limit_is_not_sent_and_leaves_it_to_end(
    stage: Stage, town: Town, done: Generation, tmp_path: Path
) -> None:
    notice = Notice(files=(result(tmp_path, "a.mp4", 1000),))
    await cut_short(stage, town, done, notice)
    async with asyncio.timeout(5):
        await stage.delivery.tell(done, notice)
    assert [names(message) for message in everything(town)] == [["a.mp4"]]


async def test_of_two_global_limits_the_later_end_counts(stage: Stage, town: Town, done: Generation) -> None:
    town.discord.fail_next("GET", MESSAGES, "global-429", retry_after=4, delay=0.3)
    looking = asyncio.create_task(stage.delivery.tell(tried(done), Notice()))
    await cut_short(stage, town, done, Notice())
    await town.discord.wait_for(lambda: town.discord.requests_to("GET", MESSAGES)[-1].status == 429)
    await asyncio.sleep(0.1)
    looking.cancel()
    asked = len(town.discord.requests)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(2):  # by then the first one is over
            await stage.delivery.tell(done, Notice())
    assert len(town.discord.requests) == asked

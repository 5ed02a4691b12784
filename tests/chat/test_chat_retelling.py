"""Notices after a try that failed: told in the end, and never twice."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog

from bot.chat import lookback
from bot.domain.change import LeaseLostError
from bot.domain.generation import Generation
from bot.work.protocols import DeliveryDelayedError, Notice
from sandbox.discord import Permission
from tests.chat.samples import results
from tests.chat.stage import Stage
from tests.chat.told import HOUR, MESSAGES, at, everything, names, thread, tried
from tests.chat.town import Town


@pytest.mark.parametrize("fault", [401, 429, 503, "page", "cut-before", "cut-after"])
async def test_a_failure_of_discord_is_tried_again_later_and_told_once(
    stage: Stage, town: Town, done: Generation, fault: Any
) -> None:
    town.discord.fail_next("POST", MESSAGES, fault, retry_after=60)
    with pytest.raises(DeliveryDelayedError):
        await stage.delivery.tell(done, Notice())
    assert await stage.delivery.tell(tried(done), Notice()) is not None
    assert len(list(everything(town))) == 1


async def test_the_pause_that_discord_asks_for_is_handed_on(stage: Stage, town: Town, done: Generation) -> None:
    town.discord.fail_next("POST", MESSAGES, 429, retry_after=60)
    with pytest.raises(DeliveryDelayedError) as delayed:
        await stage.delivery.tell(done, Notice())
    assert delayed.value.retry_after == timedelta(seconds=60)


async def test_telling_twice_within_minutes_gives_one_message(stage: Stage, town: Town, done: Generation) -> None:
    assert await stage.delivery.tell(done, Notice()) == await stage.delivery.tell(done, Notice())
    assert len(list(everything(town))) == 1


async def test_a_retry_long_after_finds_what_stands_there(
    stage: Stage, town: Town, done: Generation, tmp_path: Path
) -> None:
    notice = Notice(files=results(tmp_path, done, 12))
    town.discord.fail_next("POST", MESSAGES, "slow")
    town.discord.fail_next("POST", MESSAGES, "cut-after")
    with pytest.raises(DeliveryDelayedError):
        await stage.delivery.tell(done, notice)
    again = tried(done)
    town.discord.advance(HOUR)
    told = await stage.delivery.tell(again, notice)
    assert [len(names(message)) for message in everything(town)] == [10, 2]
    assert told == at(thread(town).messages[0])


async def test_with_a_clock_that_is_hours_ahead_of_discord_s_a_retry_finds_what_stands_there(
    stage: Stage, town: Town, done: Generation
) -> None:
    ahead = done.evolve(accepted_at=done.accepted_at + 5 * HOUR, state_at=done.state_at + 5 * HOUR)
    town.discord.fail_next("POST", MESSAGES, "cut-after")
    with pytest.raises(DeliveryDelayedError):
        await stage.delivery.tell(ahead, Notice())
    town.discord.advance(HOUR)
    again = tried(ahead).evolve(telling_since=ahead.state_at)
    assert await stage.delivery.tell(again, Notice()) == at(thread(town).messages[0])
    assert len(list(everything(town))) == 1


async def test_a_retry_long_after_posts_only_what_is_missing(
    stage: Stage, town: Town, done: Generation, tmp_path: Path
) -> None:
    notice = Notice(files=results(tmp_path, done, 12))
    town.discord.fail_next("POST", MESSAGES, "slow")
    town.discord.fail_next("POST", MESSAGES, "cut-before")
    with pytest.raises(DeliveryDelayedError):
        await stage.delivery.tell(done, notice)
    town.discord.advance(HOUR)
    await stage.delivery.tell(tried(done), notice)
    assert [len(names(message)) for message in everything(town)] == [10, 2]


async def test_a_retry_finds_the_notice_below_a_busy_channels_talk(stage: Stage, town: Town, done: Generation) -> None:
    done = done.evolve(thread_id=None)
    town.discord.fail_next("POST", MESSAGES, "cut-after")
    with pytest.raises(DeliveryDelayedError):
        await stage.delivery.tell(done, Notice())
    again = tried(done)
    for number in range(120):
        town.ada.send(town.channel, f"talk {number}")
    town.discord.advance(HOUR)
    assert await stage.delivery.tell(again, Notice()) == at(town.channel.messages[1])
    assert len(town.channel.messages) == 122


async def test_a_retry_finds_a_late_post_above_the_talk_that_went_before_it(
    stage: Stage, town: Town, done: Generation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookback, "LOOK_BACK", 100)
    done = tried(done.evolve(thread_id=None))
    for number in range(150):
        town.ada.send(town.channel, f"talk {number}")
    town.discord.fail_next("POST", MESSAGES, "cut-after")
    with pytest.raises(DeliveryDelayedError):
        await stage.delivery.tell(done, Notice())
    town.discord.advance(HOUR)
    told = town.channel.messages[-1]
    assert await stage.delivery.tell(done, Notice()) == at(told)
    assert town.channel.messages[-1] is told


async def test_a_look_that_does_not_reach_back_far_enough_says_so(
    stage: Stage, town: Town, done: Generation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookback, "LOOK_BACK", 100)
    for number in range(150):
        town.ada.send(thread(town), f"talk {number}")
    with structlog.testing.capture_logs() as logs:
        await stage.delivery.tell(tried(done), Notice())
    assert "looked_back_in_part" in {line["event"] for line in logs}


async def test_a_retry_finds_the_notice_where_it_went_although_a_better_place_takes_it_now(
    stage: Stage, town: Town, done: Generation
) -> None:
    town.guild.deny(town.channel, Permission.SEND_MESSAGES_IN_THREADS)
    town.discord.fail_next("POST", MESSAGES, 403)
    town.discord.fail_next("POST", MESSAGES, "cut-after")
    with pytest.raises(DeliveryDelayedError):
        await stage.delivery.tell(done, Notice())
    town.guild.allow(town.channel, Permission.SEND_MESSAGES_IN_THREADS)
    town.discord.advance(HOUR)
    await stage.delivery.tell(tried(done), Notice())
    assert len(list(everything(town))) == 1


async def test_a_retry_finds_the_notice_in_a_direct_message(stage: Stage, town: Town, done: Generation) -> None:
    town.channel.delete()
    town.discord.fail_next("POST", MESSAGES, 404, times=2)
    town.discord.fail_next("POST", MESSAGES, "cut-after")
    with pytest.raises(DeliveryDelayedError):
        await stage.delivery.tell(done, Notice())
    town.discord.advance(HOUR)
    assert await stage.delivery.tell(tried(done), Notice()) is not None
    assert len(town.ada.direct_messages) == 1


async def test_a_place_that_may_not_be_searched_can_still_be_told_in(
    stage: Stage, town: Town, done: Generation
) -> None:
    town.discord.fail_next("GET", MESSAGES, 403, times=2)
    assert await stage.delivery.tell(tried(done), Notice()) is not None
    assert [message.place for message in everything(town)] == [thread(town)]


async def test_whether_it_may_be_posted_is_asked_after_the_look_and_before_every_message(
    stage: Stage, town: Town, done: Generation, tmp_path: Path
) -> None:
    seen: list[tuple[int, int]] = []

    async def ours_once() -> None:
        seen.append((len(town.discord.requests_to("GET", MESSAGES)), len(list(everything(town)))))
        if len(seen) == 2:
            raise LeaseLostError("taken over")

    notice = Notice(files=results(tmp_path, done, 12))
    with pytest.raises(LeaseLostError):
        await stage.delivery.tell(tried(done), notice, ours_once)
    assert seen == [(4, 0), (4, 1)]  # one look is for the card, the others at thread, channel and direct message
    assert [len(names(message)) for message in everything(town)] == [10]


async def test_a_look_that_fails_is_repeated_before_anything_is_posted(
    stage: Stage, town: Town, done: Generation
) -> None:
    town.discord.fail_next("GET", MESSAGES, 503)
    with pytest.raises(DeliveryDelayedError):
        await stage.delivery.tell(tried(done), Notice())
    assert list(everything(town)) == []


async def test_what_somebody_else_wrote_is_not_taken_for_the_notice(stage: Stage, town: Town, done: Generation) -> None:
    town.ada.send(thread(town), f"-# {done.id} · succeeded")
    assert await stage.delivery.tell(tried(done), Notice()) == at(thread(town).messages[-1])
    assert len(thread(town).messages) == 2

"""Faults of Discord that no other page of tests is about."""

from typing import Any

import pytest
import structlog

from bot.chat.faults import PAGE_TRIES
from bot.domain.generation import Generation, State
from bot.work.protocols import DeliveryDelayedError, Notice
from tests.chat.stage import Stage, now
from tests.chat.told import HOUR, MESSAGES, at, everything, thread, tried
from tests.chat.town import Town

THREADS = "/channels/{channel_id}/messages/{message_id}/threads"


async def test_a_card_whose_channel_is_gone_is_left_alone(stage: Stage, town: Town, done: Generation) -> None:
    town.channel.delete()
    await stage.delivery.show(done, None, now())


@pytest.fixture
async def inside(stage: Stage, town: Town, done: Generation) -> Generation:
    """A generation that is running, asked for inside a thread: its card stands there."""
    place = {"channel_id": thread(town).id, "in_thread": True}
    made = town.generation(origin=place, id="insideathread", state=State.RUNNING, submitted_at=now(), state_at=now())
    return made.evolve(card=await stage.delivery.find_or_post_card(made))


async def ended(stage: Stage, running: Generation) -> list[str]:
    """Tell of the end, then bring the card up to date; what the log says."""
    made = running.evolve(state=State.SUCCEEDED, state_at=now())
    with structlog.testing.capture_logs() as logs:
        told_as = await stage.delivery.tell(made, Notice())
        await stage.delivery.show(made.evolve(told=State.SUCCEEDED, told_as=told_as), None, now())
    return [line["event"] for line in logs]


def on_card(town: Town) -> str:
    return str(thread(town).messages[0].embeds[0]["fields"][0])


async def test_a_card_in_an_archived_thread_is_right_once_the_end_is_told_there(
    stage: Stage, town: Town, inside: Generation
) -> None:
    thread(town).archive()
    assert await ended(stage, inside) == []
    assert "The video is below, in this channel." in on_card(town)


async def test_a_card_in_a_locked_thread_stays_behind_and_the_end_is_told_directly(
    stage: Stage, town: Town, inside: Generation
) -> None:
    thread(town).lock()
    assert await ended(stage, inside) == ["place_refused", "card_not_edited"]
    assert len(town.ada.direct_messages) == 1
    assert "Begun" in on_card(town)


@pytest.mark.parametrize("whose", ["ours", "hers"])
async def test_a_card_in_an_archived_thread_is_cleared_all_the_same(
    stage: Stage, town: Town, inside: Generation, whose: str
) -> None:
    if whose == "hers":
        thread(town).owner_id = town.ada.id
    thread(town).archive()
    erased = inside.evolve(state=State.SUCCEEDED, told=State.SUCCEEDED, erased_at=now())
    await stage.delivery.show(erased, None, now())
    assert thread(town).messages[0].embeds[0]["description"] == "Prompt and files were erased."
    assert thread(town).archived is (whose == "ours")  # another's is archived by itself in time


async def test_a_card_in_a_locked_thread_can_t_be_cleared_and_the_log_says_so(
    stage: Stage, town: Town, inside: Generation
) -> None:
    thread(town).lock()
    erased = inside.evolve(state=State.SUCCEEDED, told=State.SUCCEEDED, erased_at=now())
    with structlog.testing.capture_logs() as logs:
        await stage.delivery.show(erased, None, now())
    assert [line["event"] for line in logs] == ["card_not_edited"]


async def test_a_page_before_discord_is_no_refusal_of_a_thread(stage: Stage, town: Town) -> None:
    made = town.generation(state=State.SUCCEEDED, state_at=now())
    made = made.evolve(card=await stage.delivery.find_or_post_card(made))
    town.discord.fail_next("POST", THREADS, "page")
    with pytest.raises(DeliveryDelayedError):
        await stage.delivery.open_thread(made)
    assert await stage.delivery.open_thread(made) is not None


async def test_a_page_that_goes_on_for_most_of_an_hour_is_believed(stage: Stage, town: Town, done: Generation) -> None:
    town.discord.fail_next("POST", MESSAGES, "page", times=PAGE_TRIES + 1)
    for _ in range(PAGE_TRIES):
        with pytest.raises(DeliveryDelayedError):
            await stage.delivery.tell(done, Notice())
    assert await stage.delivery.tell(done, Notice()) == at(town.channel.messages[-1])


async def test_a_page_after_hours_without_discord_is_not_believed_at_once(
    stage: Stage, town: Town, done: Generation
) -> None:
    again = tried(done).evolve(telling_failures=10 * PAGE_TRIES)
    town.discord.fail_next("POST", MESSAGES, "page")
    with pytest.raises(DeliveryDelayedError):
        await stage.delivery.tell(again, Notice())
    assert await stage.delivery.tell(again, Notice()) == at(thread(town).messages[-1])


SPOILT = pytest.mark.parametrize("fault", ["page-after", "torn-after"])
"""Discord did it, and what stands before it spoilt the answer."""


@SPOILT
async def test_a_notice_whose_answer_is_spoilt_is_looked_for_and_stands_once(
    stage: Stage, town: Town, done: Generation, fault: Any
) -> None:
    town.discord.fail_next("POST", MESSAGES, fault)
    with pytest.raises(DeliveryDelayedError):
        await stage.delivery.tell(done, Notice())
    town.discord.advance(HOUR)
    town.discord.fail_next("GET", MESSAGES, fault)
    with pytest.raises(DeliveryDelayedError):
        await stage.delivery.tell(tried(done), Notice())
    await stage.delivery.tell(tried(done), Notice())
    assert len(list(everything(town))) == 1


@SPOILT
async def test_a_card_whose_answer_is_spoilt_is_found_again(stage: Stage, town: Town, fault: Any) -> None:
    made = town.generation(state=State.SUCCEEDED, state_at=now())
    town.discord.fail_next("POST", MESSAGES, fault)
    with pytest.raises(DeliveryDelayedError):
        await stage.delivery.find_or_post_card(made)
    town.discord.advance(HOUR)
    assert await stage.delivery.find_or_post_card(made) == at(town.channel.messages[0])
    assert len(town.channel.messages) == 1


@SPOILT
async def test_a_thread_whose_answer_is_spoilt_is_ours(stage: Stage, town: Town, fault: Any) -> None:
    made = town.generation(state=State.SUCCEEDED, state_at=now())
    made = made.evolve(card=await stage.delivery.find_or_post_card(made))
    town.discord.fail_next("POST", THREADS, fault)
    with pytest.raises(DeliveryDelayedError):
        await stage.delivery.open_thread(made)
    assert await stage.delivery.open_thread(made) == thread(town).id


@SPOILT
async def test_an_edit_whose_answer_is_spoilt_is_made_again(
    stage: Stage, town: Town, done: Generation, fault: Any
) -> None:
    town.discord.fail_next("PATCH", "/channels/{channel_id}/messages/{message_id}", fault)
    with pytest.raises(DeliveryDelayedError):
        await stage.delivery.show(done, None, now())
    await stage.delivery.show(done, None, now())


async def test_a_requester_who_left_is_still_told_in_the_thread(stage: Stage, town: Town, done: Generation) -> None:
    town.guild.remove_member(town.ada)
    told = await stage.delivery.tell(done, Notice())
    assert told == at(thread(town).messages[0])


async def test_where_the_bot_was_thrown_out_nobody_can_be_told_and_nothing_is_tried_again(
    stage: Stage, town: Town, done: Generation
) -> None:
    town.guild.remove_bot()
    assert await stage.delivery.tell(done, Notice()) is None
    assert town.ada.direct_messages == []

"""Faults of Discord that no other page of tests is about."""

import pytest

from bot.chat.faults import PAGE_TRIES
from bot.domain.generation import Generation, State
from bot.work.protocols import DeliveryDelayedError, Notice
from tests.chat.stage import Stage, now
from tests.chat.told import MESSAGES, at, thread
from tests.chat.town import Town

THREADS = "/channels/{channel_id}/messages/{message_id}/threads"


async def test_a_card_whose_channel_is_gone_is_left_alone(stage: Stage, town: Town, done: Generation) -> None:
    town.channel.delete()
    await stage.delivery.show(done, None, now())


async def test_a_page_before_discord_is_no_refusal_of_a_thread(stage: Stage, town: Town) -> None:
    made = town.generation(state=State.SUCCEEDED, state_at=now())
    made = made.evolve(card=await stage.delivery.find_or_post_card(made))
    town.discord.fail_next("POST", THREADS, "page")
    with pytest.raises(DeliveryDelayedError):
        await stage.delivery.open_thread(made)
    assert await stage.delivery.open_thread(made) is not None


async def test_a_page_that_goes_on_for_most_of_an_hour_is_believed(stage: Stage, town: Town, done: Generation) -> None:
    town.discord.fail_next("POST", MESSAGES, "page")
    told = await stage.delivery.tell(done.evolve(telling_failures=PAGE_TRIES, telling_since=now()), Notice())
    assert told == at(town.channel.messages[-1])


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

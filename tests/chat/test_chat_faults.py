"""Faults of Discord that no other page of tests is about."""

from bot.domain.generation import Generation
from bot.work.protocols import Notice
from tests.chat.stage import Stage, now
from tests.chat.told import at, thread
from tests.chat.town import Town


async def test_a_card_whose_channel_is_gone_is_left_alone(stage: Stage, town: Town, done: Generation) -> None:
    town.channel.delete()
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

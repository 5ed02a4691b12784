"""Notices of commands that were used inside a thread: there, else in the channel that the thread is in."""

import pytest

from bot.chat.whereabouts import told_link
from bot.domain.generation import Generation, State
from bot.work.protocols import DeliveryDelayedError, Notice
from sandbox.discord import Permission
from tests.chat.stage import Stage, now
from tests.chat.told import HOUR, MESSAGES, at, everything, thread, tried
from tests.chat.town import Town


@pytest.fixture
async def inside(town: Town, done: Generation) -> Generation:
    """A finished generation of a command that was used inside a public thread of the channel."""
    place = {"channel_id": done.thread_id, "parent_id": town.channel.id, "in_thread": True}
    return town.generation(state=State.SUCCEEDED, state_at=now(), origin=place)


async def test_it_is_answered_in_the_thread(stage: Stage, town: Town, inside: Generation) -> None:
    await stage.delivery.tell(inside, Notice())
    assert [message.place for message in everything(town)] == [thread(town)]


@pytest.mark.parametrize("closing", ["delete", "lock"])
async def test_a_thread_that_is_gone_or_locked_gives_way_to_the_channel_that_it_was_in(
    stage: Stage, town: Town, inside: Generation, closing: str
) -> None:
    getattr(thread(town), closing)()
    told = await stage.delivery.tell(inside, Notice())
    (message,) = everything(town)
    assert (message.place, at(message)) == (town.channel, told)


async def test_where_that_channel_takes_nothing_either_it_goes_into_a_direct_message(
    stage: Stage, town: Town, inside: Generation
) -> None:
    thread(town).lock()
    town.guild.deny(town.channel, Permission.SEND_MESSAGES)
    await stage.delivery.tell(inside, Notice())
    assert len(town.ada.direct_messages) == len(list(everything(town))) == 1


async def test_of_a_private_thread_nothing_goes_into_the_channel(stage: Stage, town: Town, inside: Generation) -> None:
    private = inside.evolve(origin=town.generation(origin={"channel_id": thread(town).id}).origin)
    thread(town).delete()
    await stage.delivery.tell(private, Notice())
    assert len(town.ada.direct_messages) == len(list(everything(town))) == 1


async def test_a_retry_finds_it_in_that_channel_although_the_thread_takes_it_now(
    stage: Stage, town: Town, inside: Generation
) -> None:
    town.discord.fail_next("POST", MESSAGES, 403)
    town.discord.fail_next("POST", MESSAGES, "cut-after")
    with pytest.raises(DeliveryDelayedError):
        await stage.delivery.tell(inside, Notice())
    town.discord.advance(HOUR)
    told = await stage.delivery.tell(tried(inside), Notice())
    (message,) = everything(town)
    assert (message.place, at(message)) == (town.channel, told)


async def test_the_link_to_it_leads_into_the_server(stage: Stage, town: Town, inside: Generation) -> None:
    thread(town).delete()
    told = await stage.delivery.tell(inside, Notice())
    assert told is not None
    link = told_link(inside.evolve(told=State.SUCCEEDED, told_as=told))
    assert link == f"https://discord.com/channels/{town.guild.id}/{town.channel.id}/{told.message_id}"

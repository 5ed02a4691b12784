"""A retry in places whose history the bot may not read: Discord lists them as empty, whatever stands there."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog

from bot.domain.generation import Generation, State
from bot.work.protocols import DeliveryDelayedError, Notice
from sandbox.discord import Permission
from tests.chat.samples import results
from tests.chat.stage import Stage, now
from tests.chat.told import HOUR, MESSAGES, at, everything, names, thread, tried
from tests.chat.town import Town

CHANNEL = "/channels/{channel_id}"
MESSAGE = MESSAGES + "/{message_id}"


@pytest.fixture(autouse=True)
def unreadable(town: Town) -> None:
    town.guild.deny(town.channel, Permission.READ_MESSAGE_HISTORY)


async def lose_answer(stage: Stage, town: Town, generation: Generation, notice: Notice) -> None:
    """Post a notice that nobody notes, an hour ago."""
    town.discord.fail_next("POST", MESSAGES, "cut-after")
    with pytest.raises(DeliveryDelayedError):
        await stage.delivery.tell(generation, notice)


async def told_later(stage: Stage, town: Town, generation: Generation, notice: Notice) -> tuple[Any, list[Any]]:
    """What a retry says an hour after the last one, and the lines that it logs of what stands unread."""
    again = tried(generation).evolve(telling_since=now() - HOUR)
    town.discord.advance(HOUR)
    with structlog.testing.capture_logs() as logs:
        told = await stage.delivery.tell(again, notice)
    return told, [line for line in logs if line["event"] in {"place_not_searched", "taken_for_told"}]


async def test_what_came_last_in_its_own_thread_is_taken_for_the_notice(
    stage: Stage, town: Town, done: Generation
) -> None:
    await lose_answer(stage, town, done, Notice())
    told, logs = await told_later(stage, town, done, Notice())
    (message,) = everything(town)
    assert told == at(message)
    assert [line["generation"] for line in logs] == [done.id] * len(logs)
    assert (logs[0]["event"], logs[0]["place"], logs[0]["last"]) == ("place_not_searched", thread(town).id, message.id)
    assert (logs[-1]["event"], logs[-1]["message"]) == ("taken_for_told", message.id)


async def test_what_a_member_writes_while_the_nonce_is_remembered_is_not_taken_for_the_notice(
    stage: Stage, town: Town, done: Generation
) -> None:
    await lose_answer(stage, town, done, Notice())
    again = tried(done)
    town.ada.send(thread(town), "how long?")
    told = await stage.delivery.tell(again, Notice())
    first, _ = thread(town).messages
    assert told == at(first)


async def test_a_notice_of_several_messages_is_taken_to_stand_whole(
    stage: Stage, town: Town, done: Generation, tmp_path: Path
) -> None:
    notice = Notice(files=results(tmp_path, done, 12))
    await lose_answer(stage, town, done, notice)
    told, _ = await told_later(stage, town, done, notice)
    (message,) = everything(town)
    assert (told, len(names(message))) == (at(message), 10)


async def test_a_notice_that_is_found_in_a_direct_message_counts_for_more_than_what_came_last_in_its_thread(
    stage: Stage, town: Town, done: Generation
) -> None:
    town.discord.fail_next("POST", MESSAGES, 403, times=2)
    await lose_answer(stage, town, done, Notice())
    again = tried(done)
    town.ada.send(thread(town), "how long?")
    told = await stage.delivery.tell(again, Notice())
    assert [at(message) for message in town.ada.direct_messages] == [told]
    assert len(thread(town).messages) == 1


async def test_into_its_own_thread_that_nobody_has_written_in_it_is_posted(
    stage: Stage, town: Town, done: Generation
) -> None:
    told, logs = await told_later(stage, town, done, Notice())
    assert [at(message) for message in thread(town).messages] == [told]
    assert {line["place"] for line in logs} <= {town.channel.id}  # where the card is


async def test_what_is_older_than_the_first_try_is_not_taken_for_the_notice(
    stage: Stage, town: Town, done: Generation
) -> None:
    town.ada.send(thread(town), "how long?")
    town.discord.advance(timedelta(minutes=1))
    again = tried(done).evolve(telling_since=now() + timedelta(minutes=1))
    with structlog.testing.capture_logs() as logs:
        told = await stage.delivery.tell(again, Notice())
    assert told == at(thread(town).messages[1])
    assert "taken_for_told" not in {line["event"] for line in logs}


async def test_in_a_shared_place_it_is_posted_again_with_a_line_in_the_log(
    stage: Stage, town: Town, done: Generation
) -> None:
    done = done.evolve(thread_id=None)
    await lose_answer(stage, town, done, Notice())
    told, logs = await told_later(stage, town, done, Notice())
    _, second = everything(town)
    assert told == at(second)
    assert [(line["event"], line["generation"], line["place"]) for line in logs] == [
        ("place_not_searched", done.id, town.channel.id)
    ]


async def test_in_a_thread_of_others_it_is_posted_again_with_a_line_in_the_log(
    stage: Stage, town: Town, done: Generation
) -> None:
    place = {"channel_id": done.thread_id, "parent_id": town.channel.id, "in_thread": True}
    inside = town.generation(state=State.SUCCEEDED, state_at=now(), origin=place)
    town.ada.send(thread(town), "me too")
    town.discord.advance(HOUR)
    with structlog.testing.capture_logs() as logs:
        await stage.delivery.tell(tried(inside), Notice())
    assert len(thread(town).messages) == 2
    assert {line.get("place") for line in logs if line["event"] == "place_not_searched"} >= {thread(town).id}


async def test_a_shared_place_in_which_nothing_was_written_since_has_no_line_in_the_log(
    stage: Stage, town: Town, done: Generation
) -> None:
    town.discord.advance(HOUR)
    again = tried(done.evolve(thread_id=None)).evolve(telling_since=now() + HOUR)
    with structlog.testing.capture_logs() as logs:
        await stage.delivery.tell(again, Notice())
    assert len(list(everything(town))) == 1
    assert logs == []


async def test_a_message_that_was_deleted_where_the_bot_may_read_is_not_taken_for_the_notice(
    stage: Stage, town: Town, done: Generation
) -> None:
    town.guild.allow(town.channel, Permission.READ_MESSAGE_HISTORY)
    town.discord.advance(HOUR)
    again = tried(done).evolve(telling_since=now() + HOUR)
    thread(town).remove_message(town.ada.send(thread(town), "oops"))
    with structlog.testing.capture_logs() as logs:
        told = await stage.delivery.tell(again, Notice())
    assert [at(message) for message in thread(town).messages] == [told]
    assert logs == []


@pytest.mark.parametrize(("route", "fault"), [(CHANNEL, 503), (MESSAGE, 503), (MESSAGE, "page")])
async def test_while_it_can_t_be_told_what_came_last_nothing_is_posted(
    stage: Stage, town: Town, done: Generation, route: str, fault: Any
) -> None:
    await lose_answer(stage, town, done, Notice())
    town.discord.fail_next("GET", route, fault)
    with pytest.raises(DeliveryDelayedError):
        await told_later(stage, town, done, Notice())
    assert len(list(everything(town))) == 1


async def test_a_word_on_the_way_is_said_all_the_same(stage: Stage, town: Town, done: Generation) -> None:
    town.ada.send(thread(town), "how long?")
    with structlog.testing.capture_logs() as logs:
        await stage.delivery.tell_slow(done.evolve(state=State.RUNNING), done.state_at)
    assert "takes longer" in thread(town).messages[1].content
    assert [line["event"] for line in logs] == ["place_not_searched"]


async def test_a_card_is_posted_again_with_a_line_in_the_log(stage: Stage, town: Town) -> None:
    made = town.generation(accepted_at=now(), state_at=now())
    await stage.delivery.find_or_post_card(made)
    town.discord.advance(HOUR)
    with structlog.testing.capture_logs() as logs:
        card = await stage.delivery.find_or_post_card(made)
    assert at(town.channel.messages[-1]) == card
    assert ("place_not_searched", made.id, town.channel.id) in [
        (line["event"], line["generation"], line.get("place")) for line in logs
    ]

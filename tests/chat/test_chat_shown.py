"""Cards of thousands under way: edited where what they say has changed, and not in a flood after a start."""

import sys
from datetime import timedelta

from bot.chat import shown
from bot.domain.generation import Generation, MessageRef, State
from tests.chat.samples import NOW, generation
from tests.chat.stage import Stage
from tests.chat.told import MESSAGES
from tests.chat.town import Town

MESSAGE = MESSAGES + "/{message_id}"
AGE = timedelta(hours=1)


def after(seconds: int) -> timedelta:
    return timedelta(seconds=seconds)


async def running(stage: Stage, town: Town, count: int, age: timedelta) -> list[Generation]:
    """Generations that have been running for `age`; one card stands for all of theirs."""
    card = await stage.delivery.find_or_post_card(town.generation())
    facts = {"state": State.RUNNING, "state_at": NOW - age, "submitted_at": NOW - age}
    return [town.generation(id=f"g{number:011}", card=card, **facts) for number in range(count)]


def edits(town: Town) -> int:
    return len(town.discord.requests_to("PATCH", MESSAGE))


def test_each_of_thousands_is_edited_once_while_nothing_changes() -> None:
    cards, edited = shown.ShownCards(), 0
    for seconds in (0, 60, 120):
        for number in range(5000):
            one = generation(id=f"g{number:011}", state=State.RUNNING, state_at=NOW)
            if cards.is_worth_an_edit(one, f"text of {one.id}", NOW + after(seconds)):
                cards.remember(one, f"text of {one.id}", NOW + after(seconds))
                edited += 1
    assert edited == 5000


async def test_after_a_start_thousands_of_cards_are_not_edited_at_once(stage: Stage, town: Town) -> None:
    under_way = await running(stage, town, 2500, AGE)
    for seconds in range(0, 60, 20):
        for one in under_way:
            await stage.delivery.show(one, None, NOW + after(seconds))
    assert 0 < edits(town) <= 60 * 5


async def test_after_a_start_every_card_is_brought_up_to_date_in_the_end(stage: Stage, town: Town) -> None:
    under_way = await running(stage, town, 100, AGE)
    for seconds in range(0, 60, 5):
        for one in under_way:
            await stage.delivery.show(one, None, NOW + after(seconds))
    assert edits(town) == 100
    assert town.channel.messages[0].embeds[0]["fields"][0]["name"] == "In the making"


async def test_a_card_that_turned_running_just_now_is_edited_at_once(stage: Stage, town: Town) -> None:
    (one,) = await running(stage, town, 1, after(2))
    await stage.delivery.show(one, None, NOW)
    assert edits(town) == 1


async def test_an_end_is_shown_at_once_after_a_start(stage: Stage, town: Town) -> None:
    (one,) = await running(stage, town, 1, AGE)
    await stage.delivery.show(one.evolve(state=State.FAILED), None, NOW)
    assert edits(town) == 1


async def test_a_card_that_can_not_be_edited_is_not_tried_at_every_look(stage: Stage, town: Town) -> None:
    (one,) = await running(stage, town, 1, after(1))
    gone = one.evolve(card=MessageRef(channel_id=town.channel.id, message_id=1))
    for seconds in range(0, 60, 5):
        await stage.delivery.show(gone, None, NOW + after(seconds))
    assert edits(town) == 4


async def test_what_is_new_is_not_held_up_by_what_was_shown_a_moment_ago(stage: Stage, town: Town) -> None:
    (one,) = await running(stage, town, 1, after(1))
    await stage.delivery.show(one.evolve(state=State.ACCEPTED), None, NOW)
    await stage.delivery.show(one, None, NOW + after(1))
    assert edits(town) == 2


def test_what_is_remembered_is_little_and_bounded() -> None:
    cards = shown.ShownCards(most=1000)
    for number in range(1500):
        one = generation(id=f"g{number:011}", state=State.RUNNING)
        cards.remember(one, "a text of any length " * 50, NOW)
    assert len(cards) == 1000
    key, value = next(iter(cards.entries.items()))
    each = sys.getsizeof(cards.entries) / 1000 + sum(map(sys.getsizeof, (key, value, *value)))
    assert each < 350

"""Cards, threads and inputs over the wire."""

import contextlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import discord
import pytest

from bot.domain.generation import Generation, MessageRef, State
from bot.domain.request import Input, InputRole, Operation
from bot.work.protocols import DeliveryDelayedError
from sandbox.discord import Message, Permission
from tests.chat.samples import NOW, WILD_PROMPT, request
from tests.chat.stage import Stage
from tests.chat.town import Town

MESSAGES = "/channels/{channel_id}/messages"
MESSAGE = MESSAGES + "/{message_id}"
THREADS = MESSAGE + "/threads"
OWNERS_DM = "/users/@me/channels"


async def carded(stage: Stage, town: Town, **changes: Any) -> Generation:
    """A generation with its card in the channel."""
    made = town.generation(**changes)
    return made.evolve(card=await stage.delivery.find_or_post_card(made))


def with_inputs(*names: str) -> dict[str, Any]:
    """The changes that give a generation inputs by these names."""
    inputs = tuple(
        Input(
            role=InputRole.REFERENCE_IMAGE, attachment_id=n, filename=name, content_type=None, size=1, url="https://x/"
        )
        for n, name in enumerate(names)
    )
    return {"request": request(operation=Operation.REFERENCE, inputs=inputs)}


def files(folder: Path, *names: str) -> list[Path]:
    """Files on disk that say their own name."""
    for name in names:
        (folder / name).write_text(name)
    return [folder / name for name in names]


def edits(town: Town) -> int:
    return len(town.discord.requests_to("PATCH", MESSAGE))


async def test_the_first_answer_is_found_while_its_token_lives(connected: Stage, town: Town) -> None:
    result = await town.ada.run("video text", channel=town.channel, options={"prompt": "a cat"})
    stored = await connected.latest(town.ada.id, town.guild.id)
    assert await connected.delivery.find_or_post_card(stored) == stored.card
    assert town.channel.messages == [result.message]


async def test_a_card_is_found_in_its_channel_where_the_token_is_dead(connected: Stage, town: Town) -> None:
    await town.ada.run("video text", channel=town.channel, options={"prompt": "a cat"})
    stored = await connected.latest(town.ada.id, town.guild.id)
    town.discord.advance(timedelta(minutes=16))
    assert await connected.delivery.find_or_post_card(stored) == stored.card


async def test_a_card_of_ours_is_found_again_long_after_its_nonce(stage: Stage, town: Town) -> None:
    first = await stage.delivery.find_or_post_card(town.generation())
    town.ada.send(town.channel, "abcdefgh1234")
    town.discord.advance(timedelta(hours=9))
    assert await stage.delivery.find_or_post_card(town.generation()) == first
    assert len(town.channel.messages) == 2


async def test_a_channel_that_may_not_be_read_still_gets_its_card(stage: Stage, town: Town) -> None:
    town.guild.deny(town.channel, Permission.READ_MESSAGE_HISTORY)
    assert await stage.delivery.find_or_post_card(town.generation()) is not None


async def test_a_card_is_posted_where_there_is_no_first_answer(stage: Stage, town: Town) -> None:
    card = await stage.delivery.find_or_post_card(town.generation())
    (message,) = town.channel.messages
    assert card == MessageRef(channel_id=town.channel.id, message_id=message.id)
    assert message.embeds[0]["footer"]["text"] == "abcdefgh1234"


async def test_a_posted_card_pings_nobody(stage: Stage, town: Town) -> None:
    town.guild.allow(town.channel, Permission.MENTION_EVERYONE)
    await stage.delivery.find_or_post_card(town.generation(request=request(prompt=f"@everyone {town.ada.mention}")))
    (message,) = town.channel.messages
    assert (message.mentions, message.mentions_everyone, message.content) == ([], False, "")
    assert town.discord.requests_to("POST", MESSAGES)[0].body["allowed_mentions"] == {"parse": []}


async def test_a_card_that_is_posted_twice_stands_once(stage: Stage, town: Town) -> None:
    first = await stage.delivery.find_or_post_card(town.generation())
    assert await stage.delivery.find_or_post_card(town.generation()) == first
    assert len(town.channel.messages) == 1


async def test_a_card_that_may_not_be_posted_is_done_without(stage: Stage, town: Town) -> None:
    town.guild.deny(town.channel, Permission.SEND_MESSAGES)
    assert await stage.delivery.find_or_post_card(town.generation()) is None


@pytest.mark.parametrize("fault", [503, "cut-before", "cut-after"])
async def test_a_card_is_tried_later_while_discord_fails(stage: Stage, town: Town, fault: Any) -> None:
    town.discord.fail_next("POST", MESSAGES, fault)
    with pytest.raises(DeliveryDelayedError):
        await stage.delivery.find_or_post_card(town.generation())
    assert await stage.delivery.find_or_post_card(town.generation()) is not None
    assert len(town.channel.messages) == 1


async def test_a_rate_limit_that_lasts_is_handed_on_with_its_time(stage: Stage, town: Town) -> None:
    town.discord.fail_next("POST", MESSAGES, 429, retry_after=45)
    with pytest.raises(DeliveryDelayedError) as delayed:
        await stage.delivery.find_or_post_card(town.generation())
    assert delayed.value.retry_after == timedelta(seconds=45)


async def test_a_short_rate_limit_is_waited_for(stage: Stage, town: Town) -> None:
    town.discord.fail_next("POST", MESSAGES, 429, retry_after=0.01)
    assert await stage.delivery.find_or_post_card(town.generation()) is not None


async def test_a_refused_bot_token_is_no_verdict_on_the_card(stage: Stage, town: Town) -> None:
    town.discord.fail_next("POST", MESSAGES, 401)
    with pytest.raises(DeliveryDelayedError):
        await stage.delivery.find_or_post_card(town.generation())


async def test_a_thread_is_opened_on_the_card(stage: Stage, town: Town) -> None:
    made = await carded(stage, town)
    thread_id = await stage.delivery.open_thread(made)
    (thread,) = town.discord.threads
    assert made.card is not None
    assert (thread_id, thread.starter_message_id) == (thread.id, made.card.message_id)
    assert (thread.name, thread.auto_archive_minutes) == ("A lighthouse in a storm", 1440)


async def test_a_thread_that_exists_already_is_the_same(stage: Stage, town: Town) -> None:
    made = await carded(stage, town)
    assert await stage.delivery.open_thread(made) == await stage.delivery.open_thread(made)
    assert len(town.discord.threads) == 1


async def test_a_long_prompt_names_a_thread_within_bounds(stage: Stage, town: Town) -> None:
    await stage.delivery.open_thread(await carded(stage, town, request=request(prompt=WILD_PROMPT)))
    (thread,) = town.discord.threads
    assert 0 < len(thread.name) <= 100


async def test_a_request_without_a_prompt_names_its_thread_by_the_operation(stage: Stage, town: Town) -> None:
    asked = request(operation=Operation.FRAMES, prompt=None)
    await stage.delivery.open_thread(await carded(stage, town, request=asked))
    assert town.discord.threads[0].name == "Start and end frames"


async def test_a_refused_thread_is_done_without(stage: Stage, town: Town) -> None:
    made = await carded(stage, town)
    town.guild.deny(town.channel, Permission.CREATE_PUBLIC_THREADS)
    assert await stage.delivery.open_thread(made) is None


async def test_a_thread_on_a_deleted_card_is_done_without(stage: Stage, town: Town) -> None:
    made = await carded(stage, town)
    town.channel.messages[0].delete()
    assert await stage.delivery.open_thread(made) is None


async def test_a_thread_is_tried_later_while_discord_fails(stage: Stage, town: Town) -> None:
    made = await carded(stage, town)
    town.discord.fail_next("POST", THREADS, "cut-after")
    with pytest.raises(DeliveryDelayedError):
        await stage.delivery.open_thread(made)
    assert made.card is not None
    assert await stage.delivery.open_thread(made) == made.card.message_id


async def test_no_thread_is_opened_in_a_direct_message(stage: Stage, town: Town) -> None:
    made = await carded(stage, town, origin={"guild_id": None})
    assert await stage.delivery.open_thread(made) is None


async def test_inputs_are_kept_on_the_card_in_order(stage: Stage, town: Town, tmp_path: Path) -> None:
    made = await carded(stage, town, **with_inputs("b.png", "a.png"))
    kept = await stage.delivery.keep_inputs(made, files(tmp_path, "b.png", "a.png"))
    (message,) = town.channel.messages
    assert [(one.id, one.filename, one.data) for one in message.attachments] == [
        (kept[0], "b.png", b"b.png"),
        (kept[1], "a.png", b"a.png"),
    ]
    assert message.embeds, "the card stays what it was"


async def test_links_of_inputs_are_fresh_each_time(stage: Stage, town: Town, tmp_path: Path) -> None:
    made = await carded(stage, town, **with_inputs("b.png", "a.png"))
    made = made.evolve(kept_inputs=await stage.delivery.keep_inputs(made, files(tmp_path, "b.png", "a.png")))
    first = await stage.delivery.input_urls(made)
    town.discord.advance(timedelta(days=2))
    second = await stage.delivery.input_urls(made)
    assert first is not None
    assert second is not None
    async with aiohttp.ClientSession() as session:
        async with session.get(first[0]) as stale:
            assert stale.status == 404
        for url, name in zip(second, (b"b.png", b"a.png"), strict=True):
            async with session.get(url) as answer:
                assert await answer.read() == name


async def test_an_edit_of_the_card_leaves_the_inputs_on_it(stage: Stage, town: Town, tmp_path: Path) -> None:
    made = await carded(stage, town, **with_inputs("a.png"))
    await stage.delivery.keep_inputs(made, files(tmp_path, "a.png"))
    await stage.delivery.show(made.evolve(state=State.SUBMITTING), None, NOW)
    assert [one.filename for one in town.channel.messages[0].attachments] == ["a.png"]


async def test_inputs_over_the_limit_are_not_kept(stage: Stage, town: Town, tmp_path: Path) -> None:
    made = await carded(stage, town, **with_inputs("a.png"), origin={"upload_limit": 16 * 1024})
    assert await stage.delivery.keep_inputs(made, files(tmp_path, "a.png")) == ()
    assert edits(town) == 0


async def test_more_inputs_than_a_message_holds_are_not_kept(stage: Stage, town: Town, tmp_path: Path) -> None:
    names = [f"{number}.png" for number in range(11)]
    made = await carded(stage, town, **with_inputs(*names))
    assert await stage.delivery.keep_inputs(made, files(tmp_path, *names)) == ()
    assert edits(town) == 0


@pytest.mark.parametrize("fault", [403, 503, "cut-before"])
async def test_inputs_that_cannot_be_kept_hold_nothing_up(stage: Stage, town: Town, tmp_path: Path, fault: Any) -> None:
    made = await carded(stage, town, **with_inputs("a.png"))
    town.discord.fail_next("PATCH", MESSAGE, fault)
    assert await stage.delivery.keep_inputs(made, files(tmp_path, "a.png")) == ()


async def test_links_of_inputs_that_are_gone_are_none(stage: Stage, town: Town, tmp_path: Path) -> None:
    made = await carded(stage, town, **with_inputs("a.png"))
    assert await stage.delivery.input_urls(made) is None
    made = made.evolve(kept_inputs=await stage.delivery.keep_inputs(made, files(tmp_path, "a.png")))
    assert await stage.delivery.input_urls(made.evolve(kept_inputs=(*made.kept_inputs, 1))) is None
    town.channel.messages[0].delete()
    assert await stage.delivery.input_urls(made) is None


async def test_links_of_inputs_are_read_later_while_discord_fails(stage: Stage, town: Town, tmp_path: Path) -> None:
    made = await carded(stage, town, **with_inputs("a.png"))
    made = made.evolve(kept_inputs=await stage.delivery.keep_inputs(made, files(tmp_path, "a.png")))
    town.discord.fail_next("GET", MESSAGE, 429, retry_after=45)
    with pytest.raises(DeliveryDelayedError):
        await stage.delivery.input_urls(made)
    assert await stage.delivery.input_urls(made) is not None


async def test_a_card_that_says_the_same_is_not_edited(stage: Stage, town: Town) -> None:
    made = await carded(stage, town)
    await stage.delivery.show(made, None, NOW)
    await stage.delivery.show(made, None, NOW + timedelta(hours=1))
    assert edits(town) == 1


async def test_progress_alone_is_shown_seldom_and_ever_more_seldom(stage: Stage, town: Town) -> None:
    made = (await carded(stage, town)).evolve(state=State.RUNNING, submitted_at=NOW)
    for second in range(0, 3600, 5):
        await stage.delivery.show(made.evolve(progress=second % 99 + 1), None, NOW + timedelta(seconds=second))
    assert 20 < edits(town) < 45
    assert town.channel.messages[0].edits == edits(town)


async def test_a_new_state_is_shown_at_once(stage: Stage, town: Town) -> None:
    made = await carded(stage, town)
    await stage.delivery.show(made.evolve(state=State.RUNNING, progress=4), None, NOW)
    await stage.delivery.show(made.evolve(state=State.FAILED), None, NOW + timedelta(seconds=1))
    assert edits(town) == 2
    assert town.channel.messages[0].embeds[0]["fields"][0]["name"] == "Failed"


@pytest.mark.parametrize("fault", [404, 503, "cut-before", "cut-after"])
async def test_an_edit_that_fails_is_made_up_for(stage: Stage, town: Town, fault: Any) -> None:
    made = await carded(stage, town)
    town.discord.fail_next("PATCH", MESSAGE, fault)
    with contextlib.suppress(DeliveryDelayedError):
        await stage.delivery.show(made.evolve(state=State.SUBMITTING), None, NOW)
    await stage.delivery.show(made.evolve(state=State.SUBMITTING), None, NOW)
    assert town.channel.messages[0].embeds[0]["fields"][0]["name"] == "Being handed over"


async def test_a_card_that_was_never_posted_is_not_edited(stage: Stage, town: Town) -> None:
    await stage.delivery.show(town.generation(), None, NOW)
    assert edits(town) == 0


async def test_a_card_speaks_the_language_of_its_requester_not_of_its_worker(stage: Stage, town: Town) -> None:
    """There is one language so far, so this only shows that an unknown one is no hindrance."""
    assert await stage.delivery.find_or_post_card(town.generation(origin={"locale": "xx-YY"})) is not None


def owners_messages(town: Town) -> list[Message]:
    return town.discord.owner.direct_messages


async def test_the_owner_is_told_directly(stage: Stage, town: Town) -> None:
    await stage.delivery.tell_owner("402 insufficient_balance")
    await stage.delivery.tell_owner(None)
    closed, opened = owners_messages(town)
    assert "402 insufficient_balance" in closed.content
    assert opened.content == "The video service takes requests again."


async def test_every_member_of_a_team_is_told(stage: Stage, town: Town) -> None:
    bea, cleo = town.guild.add_member("bea"), town.guild.add_member("cleo")
    bea.close_dms()
    application = stage.bot.application
    assert application is not None
    application.team = discord.Team(stage.bot._connection, team_of(bea.id, cleo.id))
    await stage.delivery.tell_owner("401")
    assert len(cleo.direct_messages) == 1
    assert owners_messages(town) == []


def team_of(*user_ids: int) -> Any:
    """A team as Discord writes it."""
    members = [
        {
            "membership_state": 2,
            "role": "admin",
            "team_id": "5",
            "user": {"id": str(user_id), "username": "x", "discriminator": "0", "avatar": None},
        }
        for user_id in user_ids
    ]
    return {"id": "5", "name": "crew", "icon": None, "owner_user_id": str(user_ids[0]), "members": members}


async def test_an_owner_who_takes_no_messages_holds_nothing_up(stage: Stage, town: Town) -> None:
    town.discord.owner.close_dms()
    await stage.delivery.tell_owner("401")
    assert owners_messages(town) == []


async def test_an_owner_who_cannot_be_reached_now_is_told_later(stage: Stage, town: Town) -> None:
    town.discord.fail_next("POST", OWNERS_DM, 503)
    with pytest.raises(DeliveryDelayedError):
        await stage.delivery.tell_owner("401")
    await stage.delivery.tell_owner("401")
    assert len(owners_messages(town)) == 1


async def test_nobody_is_told_before_the_bot_has_logged_in(town: Town, stage: Stage) -> None:
    stage.bot._application = None
    with pytest.raises(DeliveryDelayedError):
        await stage.delivery.tell_owner("401")
    assert owners_messages(town) == []

"""What people can do about a submission of which nobody knows whether it was taken."""

import asyncio
import signal
import sqlite3
from datetime import timedelta
from typing import Any

import pytest

from bot.crash_points import VARIABLE
from sandbox.discord import InvalidCommand, Permission
from sandbox.provider import Outcome
from tests.media_files import picture
from tests.stage import Stage

MESSAGE = "/channels/{channel_id}/messages/{message_id}"


async def _undecided(stage: Stage) -> Any:
    """A notice about a submission whose answer was cut; the provider did take it."""
    await stage.start()
    await stage.ada.run("video text", channel=stage.channel, options={"prompt": "[cut] a cat"})
    await stage.until(lambda: stage.discord.threads and stage.discord.threads[0].messages)
    return stage.discord.threads[0].messages[0]


async def _undecided_with_a_file(stage: Stage) -> Any:
    """The same notice about a request that came with a picture."""
    await stage.start()
    options = {"prompt": "[cut] a cat", "image": picture()}
    await stage.ada.run("video image", channel=stage.channel, options=options)
    await stage.until(lambda: stage.discord.threads and stage.discord.threads[0].messages)
    return stage.discord.threads[0].messages[0]


async def _undecided_directly(stage: Stage, **changes: Any) -> Any:
    """The same notice as a direct message, since thread and channel refuse the bot."""
    stage.guild.deny(stage.channel, Permission.SEND_MESSAGES | Permission.SEND_MESSAGES_IN_THREADS)
    await stage.start(**changes)
    await stage.ada.run("video text", channel=stage.channel, options={"prompt": "[cut] a cat"})
    await stage.until(lambda: stage.ada.direct_messages)
    return stage.ada.direct_messages[0]


def _buttons(notice: Any) -> list[str]:
    return [str(button["custom_id"]).split(":")[1] for row in notice.components for button in row["components"]]


def _button(notice: Any, word: str) -> str:
    return next(
        str(button["custom_id"])
        for row in notice.components
        for button in row["components"]
        if word in button["custom_id"]
    )


def _rows(stage: Stage, query: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(f"file:{stage.database}?mode=ro", uri=True) as connection:
        return connection.execute(query).fetchall()


async def test_the_requester_gives_it_up_and_the_hold_is_released(stage: Stage) -> None:
    notice = await _undecided(stage)
    await stage.ada.press(notice, _button(notice, "give-up"))
    await stage.until(lambda: len(stage.discord.threads[0].messages) == 2)
    assert "no longer counts" in stage.discord.threads[0].messages[1].content
    assert not notice.components
    assert _rows(stage, "SELECT kind FROM ledger ORDER BY id") == [("hold",), ("release",)]
    ((action, actor, why),) = _rows(stage, "SELECT action, actor_key, why FROM audit")
    assert (action, why) == ("give_up_unconfirmed", "given up")
    assert actor
    assert len(stage.provider.submissions) == 1


async def test_a_moderator_may_decide_and_another_member_may_not(stage: Stage) -> None:
    notice = await _undecided(stage)
    bob = stage.guild.add_member("bob")
    refused = await bob.press(notice, _button(notice, "give-up"))
    assert refused.ephemeral
    assert "Only the one who asked" in refused.message.content
    assert _rows(stage, "SELECT state FROM generations") == [("unconfirmed",)]
    mods = stage.guild.add_role("mods", Permission.MANAGE_GUILD)
    mia = stage.guild.add_member("mia", roles=[mods])
    await mia.press(notice, _button(notice, "give-up"))
    assert _rows(stage, "SELECT state FROM generations") == [("failed",)]


async def test_submitted_again_knowingly_it_is_a_new_generation_linked_to_the_old_one(stage: Stage) -> None:
    notice = await _undecided(stage)
    stage.provider.plan(Outcome.OK)
    result = await stage.ada.press(notice, _button(notice, "submit-again"))
    assert not result.ephemeral
    await stage.until(stage.videos)
    (old, _), (new, follows) = _rows(stage, "SELECT id, follows FROM generations ORDER BY accepted_at")
    assert follows == old
    assert new != old
    assert len(stage.provider.submissions) == 2
    kinds = _rows(stage, "SELECT kind FROM ledger JOIN generations g ON g.follows = generation_id ORDER BY ledger.id")
    assert kinds == [("hold",), ("release",)]
    assert _rows(stage, "SELECT generation_id, why FROM audit") == [(old, f"submitted again as {new}")]


async def _shown(stage: Stage, channel: Any) -> Any:
    """What /show answers the requester with in a channel."""
    ((generation_id,),) = _rows(stage, "SELECT id FROM generations")
    result = await stage.ada.run("show", channel=channel, options={"generation": generation_id})
    await stage.until(lambda: not result.message.loading)
    assert result.ephemeral
    return result.message


async def test_what_could_be_told_nowhere_is_given_up_where_it_is_shown(stage: Stage) -> None:
    stage.guild.deny(stage.channel, Permission.SEND_MESSAGES | Permission.SEND_MESSAGES_IN_THREADS)
    stage.ada.close_dms()
    await stage.start()
    await stage.ada.run("video text", channel=stage.channel, options={"prompt": "[cut] a cat"})
    async with asyncio.timeout(20):
        while _rows(stage, "SELECT told FROM generations") != [("unconfirmed",)]:  # noqa: ASYNC110 - a row sets no event
            await asyncio.sleep(0.05)
    ((generation_id,),) = _rows(stage, "SELECT id FROM generations")
    refused = await stage.ada.run("cancel", channel=stage.channel, options={"generation": generation_id})
    await stage.until(lambda: not refused.message.loading)
    assert "/show has a button to give it up" in refused.message.content
    shown = await _shown(stage, stage.channel)
    assert _buttons(shown) == ["give-up", "submit-again"]
    await stage.ada.press(shown, _button(shown, "give-up"))
    assert not shown.components
    assert "was given up" in shown.embeds[0]["fields"][0]["value"]
    assert _rows(stage, "SELECT kind FROM ledger ORDER BY id") == [("hold",), ("release",)]


async def test_where_its_notice_is_gone_it_is_submitted_again_where_it_is_shown(stage: Stage) -> None:
    notice = await _undecided(stage)
    notice.delete()
    stage.provider.plan(Outcome.OK)
    shown = await _shown(stage, stage.channel)
    result = await stage.ada.press(shown, _button(shown, "submit-again"))
    assert not result.ephemeral
    await stage.until(stage.videos)
    assert _rows(stage, "SELECT state FROM generations ORDER BY accepted_at") == [("failed",), ("succeeded",)]
    again = await stage.ada.press(shown, _button(shown, "submit-again"))
    assert "nothing to decide" in again.message.content
    assert len(stage.provider.submissions) == 2


async def test_shown_on_another_server_it_can_only_be_given_up(stage: Stage) -> None:
    other = stage.discord.add_guild("Other Club")
    lobby = other.add_text_channel("lobby")
    other.add_member(stage.ada)
    await _undecided(stage)
    shown = await _shown(stage, lobby)
    assert _buttons(shown) == ["give-up"]
    await stage.ada.press(shown, _button(shown, "give-up"))
    assert _rows(stage, "SELECT state FROM generations") == [("failed",)]


async def test_pressed_while_its_card_is_being_edited_it_can_be_decided_a_moment_later(stage: Stage) -> None:
    stage.discord.fail_next("PATCH", MESSAGE, "slow", times=3, delay=6)
    notice = await _undecided(stage)
    refused = await stage.ada.press(notice, _button(notice, "give-up"))
    assert (refused.ephemeral, "try again in a moment" in refused.message.content) == (True, True)
    async with asyncio.timeout(5):  # less than the edit would take
        while _rows(stage, "SELECT lease_until FROM generations") != [(None,)]:  # noqa: ASYNC110 - a row sets no event
            await asyncio.sleep(0.05)
    await stage.ada.press(notice, _button(notice, "give-up"))
    assert _rows(stage, "SELECT state FROM generations") == [("failed",)]


async def test_while_its_files_can_t_be_read_it_is_not_submitted_again_and_not_given_up(stage: Stage) -> None:
    notice = await _undecided_with_a_file(stage)
    stage.provider.plan(Outcome.OK)
    stage.discord.fail_next("GET", MESSAGE, "slow", delay=10)
    refused = await stage.ada.press(notice, _button(notice, "submit-again"))
    assert (refused.ephemeral, "try again in a moment" in refused.message.content) == (True, True)
    assert _rows(stage, "SELECT state, lease_until FROM generations") == [("unconfirmed", None)]
    stage.discord.advance(timedelta(hours=48))  # the card has them still
    await stage.ada.press(notice, _button(notice, "submit-again"))
    await stage.until(stage.videos)
    assert _rows(stage, "SELECT state FROM generations ORDER BY accepted_at") == [("failed",), ("succeeded",)]


@pytest.mark.parametrize("point", ["accept.before", "accept.stored"])
async def test_killed_while_it_is_submitted_again_it_is_submitted_again_once(stage: Stage, point: str) -> None:
    notice = await _undecided(stage)
    await stage.end()
    await stage.start(environment={VARIABLE: point})
    stage.provider.plan(Outcome.OK, times=2)
    pressing = asyncio.create_task(stage.ada.press(notice, _button(notice, "submit-again"), timeout=5))
    assert await stage.gone() == -signal.SIGKILL
    await asyncio.gather(pressing, return_exceptions=True)
    await stage.start()
    if point == "accept.before":
        assert _rows(stage, "SELECT state FROM generations") == [("unconfirmed",)]
        await stage.until(lambda: _rows(stage, "SELECT lease_until FROM generations") == [(None,)])
    await stage.ada.press(notice, _button(notice, "submit-again"))
    await stage.until(stage.videos)
    states = _rows(stage, "SELECT state FROM generations ORDER BY accepted_at")
    assert states == [("failed",), ("succeeded",)]
    assert len(stage.provider.submissions) == 2
    kinds = _rows(stage, "SELECT kind, count(*) FROM ledger GROUP BY kind ORDER BY kind")
    assert kinds == [("charge", 1), ("hold", 2), ("release", 2)]


async def test_a_second_press_finds_nothing_to_decide(stage: Stage) -> None:
    notice = await _undecided(stage)
    custom_id = _button(notice, "give-up")
    await stage.ada.press(notice, custom_id)
    with pytest.raises(InvalidCommand):  # the button is gone from the message
        await stage.ada.press(notice, custom_id)


async def test_the_buttons_outlive_a_restart(stage: Stage) -> None:
    notice = await _undecided(stage)
    await stage.end()
    await stage.start()
    await stage.ada.press(notice, _button(notice, "give-up"))
    assert _rows(stage, "SELECT state FROM generations") == [("failed",)]


async def test_the_owner_attaches_the_task_and_the_video_arrives(stage: Stage) -> None:
    await _undecided(stage)
    ((generation_id,),) = _rows(stage, "SELECT id FROM generations")
    (task_id,) = stage.provider.tasks
    options = {"generation": generation_id, "task_id": task_id}
    refused = await stage.guild.add_member("bob", roles=[stage.guild.add_role("a", Permission.ADMINISTRATOR)]).run(
        "owner attach", channel=stage.channel, options=options
    )
    assert "Only the owner" in refused.message.content
    await stage.discord.owner.run("owner attach", channel=stage.channel, options=options)
    await stage.until(stage.videos)
    assert _rows(stage, "SELECT state FROM generations") == [("succeeded",)]
    assert len(stage.provider.submissions) == 1


async def test_pressed_twice_at_once_it_is_submitted_again_once(stage: Stage) -> None:
    notice = await _undecided(stage)
    stage.provider.plan(Outcome.OK, times=2)
    mia = stage.guild.add_member("mia", roles=[stage.guild.add_role("mods", Permission.MANAGE_GUILD)])
    custom_id = _button(notice, "submit-again")
    pressed = [member.press(notice, custom_id) for member in (stage.ada, mia)]
    results = await asyncio.gather(*pressed)
    assert sorted(result.ephemeral for result in results) == [False, True]
    await stage.until(stage.videos)
    assert len(stage.provider.submissions) == 2
    assert len(_rows(stage, "SELECT id FROM generations")) == 2


async def test_the_requester_gives_it_up_in_the_direct_message_that_told_them(stage: Stage) -> None:
    notice = await _undecided_directly(stage, discord={"guild_ids": [stage.guild.id]})
    assert _buttons(notice) == ["give-up"]  # a card submitted again would have no place there
    await stage.ada.press(notice, _button(notice, "give-up"))
    await stage.until(lambda: len(stage.ada.direct_messages) == 2)
    assert "no longer counts" in stage.ada.direct_messages[1].content
    assert not notice.components
    assert _rows(stage, "SELECT kind FROM ledger ORDER BY id") == [("hold",), ("release",)]


async def test_in_a_direct_message_nothing_is_decided_for_a_guild_that_is_served_no_more(stage: Stage) -> None:
    notice = await _undecided_directly(stage)
    await stage.end()
    other = stage.discord.add_guild("Other Club")
    await stage.start(discord={"guild_ids": [other.id]})
    refused = await stage.ada.press(notice, _button(notice, "give-up"))
    assert "doesn't make videos here" in refused.message.content
    assert _rows(stage, "SELECT state FROM generations") == [("unconfirmed",)]


async def test_a_personal_app_decides_both_ways_in_the_direct_message_where_it_was_asked(stage: Stage) -> None:
    await stage.start(discord={"user_install": True})
    await stage.ada.run("video text", options={"prompt": "[cut] a cat"})
    await stage.until(lambda: any(map(_buttons, stage.ada.direct_messages)))
    notice = next(message for message in stage.ada.direct_messages if message.components)
    assert _buttons(notice) == ["give-up", "submit-again"]
    stage.provider.plan(Outcome.OK)
    await stage.ada.press(notice, _button(notice, "submit-again"))
    await stage.until(lambda: any(message.attachments for message in stage.ada.direct_messages))
    assert len(stage.provider.submissions) == 2

"""The commands over real HTTP and WebSocket: in time, with Discord failing, and when we fail ourselves."""

import asyncio
import json
import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import discord
import pytest
import structlog

from bot import log
from bot.chat.client import Served
from bot.domain.generation import Generation
from bot.work.service import Draft
from sandbox.discord import Permission, Result, Upload
from tests.chat.stage import Stage
from tests.chat.town import Town
from tests.cogs.samples import image

CALLBACK = "/interactions/{interaction_id}/{interaction_token}/callback"
VIDEO = Upload("cat.mp4", b"mp4")
PICTURE = image(640, 360)
FILLED: dict[str, dict[str, Any]] = {
    "video text": {"prompt": "a cat"},
    "video image": {"image": PICTURE, "prompt": "a cat"},
    "video reference": {"image1": PICTURE, "prompt": "a cat"},
    "video frames": {"start": PICTURE, "end": PICTURE},
    "video transform": {"video": VIDEO},
    "video motion": {"image": PICTURE, "video": VIDEO},
    "video audio": {"audio": Upload("cat.mp3", b"mp3"), "prompt": "a cat"},
    "video extend": {"video": VIDEO},
    "models": {},
    "usage": {},
    "cancel": {"generation": "nonsense"},
}


@pytest.fixture
def logged() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What is logged as the bot logs it, line by line."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    log.configure("info", "json", ["sandbox-token"])
    written = StringIO()
    (handler,) = root.handlers
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(written)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()


async def events(logged: Any, count: int) -> list[str]:
    """The names of so many logged events, once they are there."""
    async with asyncio.timeout(3):
        while len(logged()) < count:  # noqa: ASYNC110 - a line that is logged sets no event
            await asyncio.sleep(0.01)
    return [line["event"] for line in logged()]


async def run(town: Town, command: str = "video text", **options: Any) -> Result:
    return await town.ada.run(command, channel=town.channel, options=options or FILLED[command])


async def test_every_command_is_acknowledged_before_discord_gives_up(connected: Stage, town: Town) -> None:
    for command in FILLED:
        result = await run(town, command)
        assert result.error is None, command
        assert result.acknowledged_after is not None, command
        assert result.deferred is (command in {"cancel", "usage"})
    assert len(await connected.all_of(town.ada.id, town.guild.id)) == 7


@pytest.mark.parametrize(
    ("size", "said"),
    [
        ((299, 640), "“cat.png” is too small (299x640 pixels): each side needs at least 300."),
        ((6001, 300), "“cat.png” is too large (6001x300 pixels): each side may have at most 6000."),
    ],
)
async def test_a_picture_of_unfit_sides_is_refused(
    connected: Stage, town: Town, size: tuple[int, int], said: str
) -> None:
    result = await run(town, "video image", image=image(*size), prompt="a cat")
    assert result.message is not None
    assert (result.ephemeral, result.message.content) == (True, said)
    assert await connected.all_of(town.ada.id, town.guild.id) == []


async def test_an_attachment_is_kept_as_discord_stated_it(connected: Stage, town: Town) -> None:
    await run(town, "video image")
    (item,) = (await connected.latest(town.ada.id, town.guild.id)).request.inputs
    assert (item.filename, item.content_type, item.size) == ("cat.png", "image/png", len(PICTURE.data))
    assert (item.width, item.height) == (640, 360)
    assert "/ephemeral-attachments/" in item.url


async def test_inside_a_thread_no_further_thread_is_wanted(connected: Stage, town: Town) -> None:
    await run(town)
    made = await connected.latest(town.ada.id, town.guild.id)
    assert not made.origin.in_thread
    thread_id = await connected.delivery.open_thread(made)
    connected.woken.clear()
    await town.ada.run("video text", channel=town.discord.threads[0], options={"prompt": "a cat"})
    inside = await connected.latest(town.ada.id, town.guild.id)
    assert (inside.origin.in_thread, inside.origin.channel_id) == (True, thread_id)
    assert (made.origin.parent_id, inside.origin.parent_id) == (None, town.channel.id)


async def test_of_a_private_thread_the_channel_above_is_not_kept(connected: Stage, town: Town) -> None:
    town.guild.allow(town.channel, Permission.CREATE_PRIVATE_THREADS)
    await connected.bot.http.start_thread_without_message(
        town.channel.id, name="secret", auto_archive_duration=1440, type=discord.ChannelType.private_thread.value
    )
    (thread,) = town.discord.threads
    thread.join(town.ada.id)
    await town.ada.run("video text", channel=thread, options={"prompt": "a cat"})
    inside = await connected.latest(town.ada.id, town.guild.id)
    assert (inside.origin.channel_id, inside.origin.parent_id) == (thread.id, None)


@pytest.mark.parametrize("fault", ["cut-before", "cut-after"])
async def test_a_lost_answer_leaves_the_request_accepted_and_says_nothing_else(
    connected: Stage, town: Town, logged: Any, fault: Any
) -> None:
    town.discord.fail_next("POST", CALLBACK, fault)
    result = await town.ada.run("video text", channel=town.channel, options={"prompt": "a cat"}, timeout=0.3)
    assert await events(logged, 2) == ["generation_accepted", "card_not_answered"]
    (stored,) = await connected.all_of(town.ada.id, town.guild.id)
    assert len(town.discord.requests_to("POST", CALLBACK)) == 1
    assert (result.message is None) is (fault == "cut-before")
    found = await connected.delivery.find_or_post_card(stored)
    assert found is not None
    assert [message.id for message in town.channel.messages] == [found.message_id]


async def test_an_answer_that_comes_too_late_leaves_the_request_accepted(
    connected: Stage, town: Town, logged: Any
) -> None:
    town.discord.fail_next("POST", CALLBACK, 404)
    await town.ada.run("video text", channel=town.channel, options={"prompt": "a cat"}, timeout=0.3)
    assert await events(logged, 2) == ["generation_accepted", "card_not_answered"]
    assert len(await connected.all_of(town.ada.id, town.guild.id)) == 1


@pytest.mark.parametrize("fault", [404, "cut-before", "cut-after"])
async def test_a_refusal_that_gets_lost_is_only_logged(connected: Stage, town: Town, logged: Any, fault: Any) -> None:
    town.discord.fail_next("POST", CALLBACK, fault)
    options = {"prompt": "a cat", "model": "nonsense"}
    await town.ada.run("video text", channel=town.channel, options=options, timeout=0.3)
    assert await events(logged, 2) == ["request_rejected", "answer_not_sent"]
    assert connected.bot.is_ready()


@pytest.mark.parametrize("fault", [404, "cut-before"])
async def test_a_guild_refused_in_vain_is_only_logged(connected: Stage, town: Town, logged: Any, fault: Any) -> None:
    connected.bot.served = Served(guild_ids=(1,))
    town.discord.fail_next("POST", CALLBACK, fault)
    await town.ada.run("video text", channel=town.channel, options={"prompt": "a cat"}, timeout=0.3)
    assert await events(logged, 1) == ["answer_not_sent"]


async def test_a_mistake_of_ours_is_answered_privately_with_a_reference(
    connected: Stage, town: Town, logged: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_draft: Draft, *_asked: object) -> Generation:
        raise ZeroDivisionError("kaboom with sandbox-token")

    monkeypatch.setattr(connected.service, "accept", broken)
    result = await run(town)
    assert result.message is not None
    (line,) = logged()
    assert result.ephemeral
    assert result.message.content == (f"Something went wrong here, reference {line['reference']}. It was written down.")
    assert (line["event"], line["level"], line["command"]) == ("command_failed", "error", "video text")
    assert "ZeroDivisionError" in line["exception"]
    assert "sandbox-token" not in json.dumps(line)
    assert result.interaction.token not in json.dumps(line)


async def test_a_mistake_after_a_deferral_is_told_in_its_place(
    connected: Stage, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_reference: str, _user: int) -> Generation:
        raise ZeroDivisionError

    monkeypatch.setattr(connected.service, "cancel", broken)
    result = await run(town, "cancel")
    await town.discord.wait_for(lambda: result.message is not None and not result.message.loading, timeout=3)
    assert result.message is not None
    assert (result.ephemeral, result.followups) == (True, [])
    assert result.message.content.startswith("Something went wrong here, reference ")


async def test_a_mistake_while_suggesting_breaks_nothing(
    connected: Stage, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_args: object) -> list[Generation]:
        raise ZeroDivisionError

    monkeypatch.setattr(connected.service, "recent", broken)
    with pytest.raises(TimeoutError):
        await town.ada.autocomplete("cancel", focused="generation", channel=town.channel, timeout=0.2)
    assert (await run(town)).error is None


async def test_the_upload_limit_is_the_smaller_of_guild_and_member(connected: Stage, town: Town) -> None:
    nitro = town.guild.add_member("nina", nitro=True)
    await nitro.run("video text", channel=town.channel, options={"prompt": "a cat"})
    made = await connected.latest(nitro.id, town.guild.id)
    assert made.origin.upload_limit > 10 * 1_048_576
    assert await connected.delivery.upload_limit(made) <= 10 * 1_048_576


async def test_time_that_passes_between_question_and_answer_is_discords(connected: Stage, town: Town) -> None:
    town.discord.advance(timedelta(hours=3))
    assert (await run(town)).error is None
    assert connected.bot.is_ready()

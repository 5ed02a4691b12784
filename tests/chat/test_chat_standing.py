"""Notices that are cut differently at the next try: each result goes out once, wherever the first try got to."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.chat.postman import ROOM_FOR_FORM
from bot.domain.generation import Generation, State
from bot.media.files import ResultFile
from bot.work.protocols import DeliveryDelayedError, Notice
from sandbox.discord import Message, Permission
from tests.chat.samples import results
from tests.chat.stage import Stage
from tests.chat.told import HOUR, MESSAGES, MIB, everything, names, tried
from tests.chat.town import Town

ANYWHERE = Permission.SEND_MESSAGES_IN_THREADS | Permission.SEND_MESSAGES


def with_results(done: Generation, files: Sequence[ResultFile]) -> Generation:
    return done.evolve(results=tuple(file.url for file in files))


def posted(town: Town) -> list[str]:
    return [name for message in everything(town) for name in names(message)]


async def half_told(stage: Stage, town: Town, done: Generation, notice: Notice, *faults: Any) -> Generation:
    """The same after a try that failed at one of its messages, long ago."""
    for fault in faults:
        town.discord.fail_next("POST", MESSAGES, fault)
    with pytest.raises(DeliveryDelayedError):
        await stage.delivery.tell(done, notice)
    town.discord.advance(HOUR)
    return tried(done)


@pytest.mark.parametrize("faults", [("slow", "cut-before"), ("slow", "cut-after"), ("cut-after",), ("cut-before",)])
@pytest.mark.parametrize("limit", ["smaller", "larger"])
async def test_under_another_limit_every_result_goes_out_once(
    stage: Stage, town: Town, done: Generation, tmp_path: Path, faults: tuple[str, ...], limit: str
) -> None:
    large = results(tmp_path, done, 4, 9 * MIB)
    small = results(tmp_path, done, 4, 4 * MIB, "-small.mp4")
    before, after = (large, small) if limit == "smaller" else (small, large)
    if limit == "larger":
        faults = faults[-1:]  # all of it is one message then
    again = await half_told(stage, town, with_results(done, before), Notice(files=before), *faults)
    await stage.delivery.tell(again, Notice(files=after))
    assert sorted(name.removesuffix(".mp4").removesuffix("-small") for name in posted(town)) == [
        f"showreel-{done.id}-{number}" for number in range(1, 5)
    ]


async def test_what_stands_as_a_file_and_can_t_be_fetched_any_more_is_no_link_too(
    stage: Stage, town: Town, done: Generation, tmp_path: Path
) -> None:
    files = results(tmp_path, done, 3, 9 * MIB)
    done = with_results(done, files)
    again = await half_told(stage, town, done, Notice(files=files), "slow", "cut-before")
    await stage.delivery.tell(again, Notice(files=files[1:], unfetched=(files[0].url,)))
    assert posted(town) == [file.filename for file in files]
    assert not any("https://" in message.content for message in everything(town))


async def test_what_stands_as_a_link_and_can_be_fetched_now_is_no_file_too(
    stage: Stage, town: Town, done: Generation, tmp_path: Path
) -> None:
    files = results(tmp_path, done, 1)
    done = with_results(done, files)
    again = await half_told(stage, town, done, Notice(unfetched=(files[0].url,)), "cut-after")
    assert await stage.delivery.tell(again, Notice(files=files)) is not None
    assert posted(town) == []


async def test_a_link_with_an_odd_address_is_recognised(stage: Stage, town: Town, done: Generation) -> None:
    odd = "https://videos.example/a cat>.mp4"  # as it was stored before addresses were written well
    generation = done.evolve(results=(odd,))
    again = await half_told(stage, town, generation, Notice(unfetched=(odd,)), "cut-after")
    await stage.delivery.tell(again, Notice(unfetched=(odd,)))
    assert len(list(everything(town))) == 1


@pytest.mark.parametrize("gap", [timedelta(0), HOUR])
async def test_what_went_into_a_direct_message_does_not_go_into_the_thread_too(
    stage: Stage, town: Town, done: Generation, tmp_path: Path, gap: timedelta
) -> None:
    files = results(tmp_path, done, 1)
    done = with_results(done, files)
    town.guild.deny(town.channel, ANYWHERE)
    town.discord.fail_next("POST", MESSAGES, 403, times=2)
    town.discord.fail_next("POST", MESSAGES, "cut-after")
    with pytest.raises(DeliveryDelayedError):
        await stage.delivery.tell(done, Notice(files=files))
    town.guild.allow(town.channel, ANYWHERE)
    town.discord.advance(gap)
    (there,) = everything(town)
    told = await stage.delivery.tell(tried(done), Notice(files=files))
    assert told is not None
    assert told.message_id == there.id
    assert posted(town) == [files[0].filename]


async def test_further_files_that_no_place_takes_go_out_as_links(
    stage: Stage, town: Town, done: Generation, tmp_path: Path
) -> None:
    files = results(tmp_path, done, 12)
    town.discord.fail_next("POST", MESSAGES, "slow")
    town.discord.fail_next("POST", MESSAGES, 403, times=3)
    await stage.delivery.tell(with_results(done, files), Notice(files=files))
    first, second = everything(town)
    assert len(names(first)) == 10
    assert names(second) == []
    assert [f"<{file.url}>" in second.content for file in files] == [False] * 10 + [True] * 2


async def test_where_no_place_takes_files_a_link_is_posted(
    stage: Stage, town: Town, done: Generation, tmp_path: Path
) -> None:
    files = results(tmp_path, done, 1)
    town.guild.deny(town.channel, Permission.ATTACH_FILES)
    town.ada.close_dms()
    told = await stage.delivery.tell(with_results(done, files), Notice(files=files))
    (message,) = everything(town)
    assert told is not None
    assert f"<{files[0].url}>" in message.content
    assert "could not be uploaded to Discord" in message.content


async def test_before_the_gateway_told_of_the_guild_its_limit_is_asked_for(stage: Stage, town: Town) -> None:
    made = town.generation(origin={"guild_id": town.guild.id, "upload_limit": 100 * MIB})
    town.guild.premium_tier = 2
    assert stage.bot.get_guild(town.guild.id) is None
    assert await stage.delivery.upload_limit(made) == 50 * MIB - ROOM_FOR_FORM
    town.discord.fail_next("GET", "/guilds/{guild_id}", 503)
    with pytest.raises(DeliveryDelayedError):
        await stage.delivery.upload_limit(made)
    town.discord.fail_next("GET", "/guilds/{guild_id}", 404)
    assert await stage.delivery.upload_limit(made) == 10 * MIB - ROOM_FOR_FORM


async def test_the_word_that_it_takes_longer_is_said_once(stage: Stage, town: Town, done: Generation) -> None:
    running = done.evolve(state=State.RUNNING)
    town.discord.fail_next("POST", MESSAGES, "cut-after")
    with pytest.raises(DeliveryDelayedError):
        await stage.delivery.tell_slow(running, done.state_at)
    town.discord.advance(HOUR)
    await stage.delivery.tell_slow(running, done.state_at)
    said: list[Message] = list(everything(town))
    assert len(said) == 1

"""Notices over the wire: where they go, in how many messages, and never twice."""

from pathlib import Path

import pytest

from bot.chat import parts as cutting
from bot.domain.errors import BadFile, FileFault
from bot.domain.generation import Generation, Reason, State
from bot.domain.request import MediaKind
from bot.media.files import ResultFile
from bot.work.protocols import DeliveryDelayedError, Notice
from sandbox.discord import Permission
from tests.chat.samples import WILD, result
from tests.chat.stage import Stage
from tests.chat.told import MESSAGES, MIB, at, everything, names, thread, tried
from tests.chat.town import Town


async def test_the_video_comes_as_a_file_into_the_thread(
    stage: Stage, town: Town, done: Generation, tmp_path: Path
) -> None:
    told = await stage.delivery.tell(done, Notice(files=(result(tmp_path, "a.mp4", 1000),)))
    (message,) = everything(town)
    assert told == at(message)
    assert message.place is thread(town)
    assert (names(message), message.attachments[0].size) == (["a.mp4"], 1000)
    assert message.content.startswith(f"<@{town.ada.id}> your video is ready.")
    assert message.mentions == [town.ada.id]


async def test_where_no_result_can_be_used_no_video_is_said_to_be_ready(
    stage: Stage, town: Town, done: Generation
) -> None:
    await stage.delivery.tell(done, Notice(unusable=2))
    (message,) = everything(town)
    assert "ready" not in message.content
    said, counted, _mark = message.content.split("\n")
    assert said == f"<@{town.ada.id}> the video service finished, but handed over no usable video."
    assert counted == "It counts all the same; a moderator can give that back with /mod release."


async def test_where_some_results_can_be_used_both_is_said(
    stage: Stage, town: Town, done: Generation, tmp_path: Path
) -> None:
    await stage.delivery.tell(done, Notice(files=(result(tmp_path, "a.mp4", 1000),), unusable=1))
    (message,) = everything(town)
    assert "your video is ready." in message.content
    assert "Some of what the video service handed over can't be posted here" in message.content


async def test_all_results_go_out_together(stage: Stage, town: Town, done: Generation, tmp_path: Path) -> None:
    files = tuple(result(tmp_path, f"{number}.mp4", 1000) for number in range(10))
    await stage.delivery.tell(done, Notice(files=files))
    (message,) = everything(town)
    assert names(message) == [file.filename for file in files]


async def test_more_than_ten_results_take_two_messages(
    stage: Stage, town: Town, done: Generation, tmp_path: Path
) -> None:
    files = tuple(result(tmp_path, f"{number}.mp4", 1000) for number in range(12))
    told = await stage.delivery.tell(done, Notice(files=files))
    first, second = everything(town)
    assert told == at(first)
    assert names(first) + names(second) == [file.filename for file in files]
    assert (first.mentions, second.mentions) == ([town.ada.id], [])


async def test_results_over_24_mib_in_sum_take_two_messages(
    stage: Stage, town: Town, done: Generation, tmp_path: Path
) -> None:
    files = tuple(result(tmp_path, f"{number}.mp4", 9 * MIB) for number in range(3))
    await stage.delivery.tell(done, Notice(files=files))
    assert [names(message) for message in everything(town)] == [["0.mp4", "1.mp4"], ["2.mp4"]]


async def test_a_result_over_the_limit_is_a_link(stage: Stage, town: Town, done: Generation, tmp_path: Path) -> None:
    large = result(tmp_path, "large.mp4", 11 * MIB, url="https://videos.example/large?signature=1_2_3")
    await stage.delivery.tell(done, Notice(files=(large, result(tmp_path, "small.mp4", 10))))
    (message,) = everything(town)
    assert names(message) == ["small.mp4"]
    assert "<https://videos.example/large?signature=1_2_3>" in message.content
    assert "too large" in message.content


async def test_a_boosted_guild_takes_larger_files(connected: Stage, town: Town, tmp_path: Path) -> None:
    boosted = town.discord.add_guild("Patrons", premium_tier=2)
    channel = boosted.add_text_channel("videos")
    await town.discord.wait_for(lambda: connected.bot.get_guild(boosted.id))
    made = town.generation(
        state=State.SUCCEEDED,
        origin={"guild_id": boosted.id, "channel_id": channel.id, "upload_limit": 50 * MIB, "in_thread": True},
    )
    await connected.delivery.tell(made, Notice(files=(result(tmp_path, "a.mp4", 30 * MIB),)))
    assert names(channel.messages[0]) == ["a.mp4"]


async def test_a_file_that_only_its_server_takes_is_made_smaller_for_a_direct_message(
    connected: Stage, town: Town, tmp_path: Path
) -> None:
    boosted = town.discord.add_guild("Patrons", premium_tier=2)
    channel = boosted.add_text_channel("videos")
    boosted.add_member(town.ada)
    await town.discord.wait_for(lambda: connected.bot.get_guild(boosted.id))
    place = {"guild_id": boosted.id, "channel_id": channel.id, "upload_limit": 50 * MIB, "in_thread": True}
    made = town.generation(state=State.SUCCEEDED, origin=place)
    channel.delete()
    assert await connected.delivery.upload_limit(made) > 30 * MIB
    with pytest.raises(DeliveryDelayedError):
        await connected.delivery.tell(made, Notice(files=(result(tmp_path, "a.mp4", 30 * MIB),)))
    assert await connected.delivery.upload_limit(made) < 10 * MIB
    await connected.delivery.tell(tried(made), Notice(files=(result(tmp_path, "a-small.mp4", 9 * MIB),)))
    (message,) = town.ada.direct_messages
    assert names(message) == ["a-small.mp4"]


async def test_files_that_turn_out_too_large_become_links(
    stage: Stage, town: Town, done: Generation, tmp_path: Path
) -> None:
    files = tuple(result(tmp_path, f"{number}.mp4", 1000) for number in range(12))
    town.discord.fail_next("POST", MESSAGES, 413)
    await stage.delivery.tell(done, Notice(files=files))
    (message,) = everything(town)
    assert names(message) == []
    assert all(f"<{file.url}>" in message.content for file in files)


async def test_what_was_posted_as_files_is_not_told_as_links_too(
    stage: Stage, town: Town, done: Generation, tmp_path: Path
) -> None:
    files = tuple(result(tmp_path, f"{number}.mp4", 1000) for number in range(12))
    town.discord.fail_next("POST", MESSAGES, "slow")
    town.discord.fail_next("POST", MESSAGES, 413)
    await stage.delivery.tell(done, Notice(files=files))
    first, second = everything(town)
    assert names(first) == [file.filename for file in files[:10]]
    assert [f"<{file.url}>" in second.content for file in files] == [False] * 10 + [True] * 2


async def test_a_direct_message_takes_smaller_files_than_the_boosted_guild(
    connected: Stage, town: Town, tmp_path: Path
) -> None:
    boosted = town.discord.add_guild("Patrons", premium_tier=2)
    channel = boosted.add_text_channel("videos")
    boosted.deny(channel, Permission.SEND_MESSAGES)
    await town.discord.wait_for(lambda: connected.bot.get_guild(boosted.id))
    made = town.generation(
        state=State.SUCCEEDED, origin={"guild_id": boosted.id, "channel_id": channel.id, "upload_limit": 50 * MIB}
    )
    file = result(tmp_path, "a.mp4", 20 * MIB)
    with pytest.raises(DeliveryDelayedError):
        await connected.delivery.tell(made, Notice(files=(file,)))
    assert await connected.delivery.tell(tried(made), Notice(files=(file,))) is not None  # it can't be made smaller
    assert f"<{file.url}>" in town.ada.direct_messages[0].content


async def test_many_long_links_take_several_messages(stage: Stage, town: Town, done: Generation) -> None:
    links = tuple(f"https://videos.example/{number}?signature={'x' * 700}" for number in range(7))
    assert await stage.delivery.tell(done, Notice(unfetched=links)) is not None
    contents = [message.content for message in everything(town)]
    assert len(contents) == 4
    assert all(any(f"<{link}>" in content for content in contents) for link in links)


async def test_a_result_that_could_not_be_fetched_is_a_link(stage: Stage, town: Town, done: Generation) -> None:
    await stage.delivery.tell(done, Notice(unfetched=("https://videos.example/a",)))
    (message,) = everything(town)
    assert "could not be fetched" in message.content
    assert "<https://videos.example/a>" in message.content


async def test_without_a_thread_it_goes_to_the_channel(stage: Stage, town: Town, done: Generation) -> None:
    told = await stage.delivery.tell(done.evolve(thread_id=None), Notice())
    (message,) = everything(town)
    assert message.place is town.channel
    assert told == at(message)


async def test_a_thread_that_may_not_be_written_in_gives_way_to_the_channel(
    stage: Stage, town: Town, done: Generation
) -> None:
    town.guild.deny(town.channel, Permission.SEND_MESSAGES_IN_THREADS)
    await stage.delivery.tell(done, Notice())
    (message,) = everything(town)
    assert message.place is town.channel


async def test_a_thread_that_is_gone_gives_way_to_the_channel(stage: Stage, town: Town, done: Generation) -> None:
    thread(town).delete()
    await stage.delivery.tell(done, Notice())
    (message,) = everything(town)
    assert message.place is town.channel


async def test_a_locked_thread_gives_way_to_the_channel(stage: Stage, town: Town, done: Generation) -> None:
    thread(town).lock()
    await stage.delivery.tell(done, Notice())
    (message,) = everything(town)
    assert message.place is town.channel


async def test_an_archived_thread_is_opened_again_by_the_video(stage: Stage, town: Town, done: Generation) -> None:
    thread(town).archive()
    await stage.delivery.tell(done, Notice())
    (message,) = everything(town)
    assert message.place is thread(town)


async def test_files_that_may_not_be_attached_give_way_to_a_direct_message(
    stage: Stage, town: Town, done: Generation, tmp_path: Path
) -> None:
    town.guild.deny(town.channel, Permission.ATTACH_FILES)
    await stage.delivery.tell(done, Notice(files=(result(tmp_path, "a.mp4", 10),)))
    (message,) = town.ada.direct_messages
    assert names(message) == ["a.mp4"]


async def test_the_last_resort_is_a_direct_message(stage: Stage, town: Town, done: Generation) -> None:
    town.channel.delete()
    told = await stage.delivery.tell(done, Notice())
    (message,) = town.ada.direct_messages
    assert told == at(message)


async def test_with_no_way_left_nobody_is_told(stage: Stage, town: Town, done: Generation) -> None:
    town.channel.delete()
    town.ada.close_dms()
    assert await stage.delivery.tell(done, Notice()) is None


async def test_in_a_direct_message_it_goes_right_there(stage: Stage, town: Town) -> None:
    direct = town.discord.world.direct_channel(town.ada.user)
    made = town.generation(state=State.SUCCEEDED, origin={"guild_id": None, "channel_id": direct.id, "in_thread": True})
    assert await stage.delivery.tell(made, Notice()) == at(town.ada.direct_messages[0])


async def test_the_end_is_told_after_what_was_unclear(stage: Stage, town: Town, done: Generation) -> None:
    unclear = done.evolve(state=State.UNCONFIRMED, reason=Reason.NO_ANSWER)
    await stage.delivery.tell(unclear, Notice())
    await stage.delivery.tell(tried(done.evolve(state=State.FAILED, reason=Reason.UNDECIDED)), Notice())
    first, second = everything(town)
    assert "for a few days at the most" in first.content
    assert "no longer counts" in second.content


@pytest.mark.parametrize("state", [State.UNCONFIRMED, State.FAILED, State.CANCELLED, State.EXPIRED])
async def test_a_notice_pings_nobody_but_its_requester(
    stage: Stage, town: Town, done: Generation, state: State
) -> None:
    town.guild.allow(town.channel, Permission.MENTION_EVERYONE)
    bea = town.guild.add_member("bea")
    fault = BadFile(f"{WILD} <@{bea.id}>.png", MediaKind.IMAGE, FileFault.UNREADABLE)
    detail = fault.to_detail() if state is State.FAILED else None
    reason = Reason.BAD_INPUT if detail else Reason.EXPIRED
    await stage.delivery.tell(done.evolve(state=state, reason=reason, detail=detail), Notice())
    (message,) = everything(town)
    assert (message.mentions, message.mentions_everyone, message.mention_roles) == ([town.ada.id], False, [])
    body = town.discord.requests_to("POST", MESSAGES)[-1].body
    assert body["allowed_mentions"] == {"parse": [], "users": [town.ada.id]}
    assert (body["enforce_nonce"], len(body["nonce"]) <= 25) == (True, True)


async def test_a_slow_one_is_told_once(stage: Stage, town: Town, done: Generation) -> None:
    running = done.evolve(state=State.RUNNING)
    await stage.delivery.tell_slow(running, done.state_at)
    await stage.delivery.tell_slow(running, done.state_at)
    (message,) = everything(town)
    assert message.place is thread(town)
    assert "/cancel" in message.content
    assert message.mentions == [town.ada.id]


async def test_a_slow_one_is_told_where_it_can_be(stage: Stage, town: Town, done: Generation) -> None:
    town.guild.deny(town.channel, Permission.SEND_MESSAGES_IN_THREADS | Permission.SEND_MESSAGES)
    await stage.delivery.tell_slow(done.evolve(state=State.RUNNING), done.state_at)
    assert len(town.ada.direct_messages) == 1
    town.ada.close_dms()
    await stage.delivery.tell_slow(done.evolve(state=State.RUNNING), done.state_at)


async def test_a_slow_one_is_told_later_while_discord_fails(stage: Stage, town: Town, done: Generation) -> None:
    town.discord.fail_next("POST", MESSAGES, 503)
    with pytest.raises(DeliveryDelayedError):
        await stage.delivery.tell_slow(done.evolve(state=State.RUNNING), done.state_at)


def test_a_file_larger_than_a_whole_message_goes_alone(tmp_path: Path) -> None:
    sizes = (1, 30 * MIB, 1)
    files = tuple(ResultFile(path=tmp_path, filename=str(size), size=size, url="u") for size in sizes)
    assert [[file.size for file in part.files] for part in cutting.parts_of(Notice(files=files), 50 * MIB)] == [
        [1],
        [30 * MIB],
        [1],
    ]

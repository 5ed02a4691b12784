"""Uploads that keep failing: bounded in number and in tries, and links in the end."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from bot.chat import uploads
from bot.domain.generation import Generation
from bot.work.protocols import DeliveryDelayedError, Notice
from tests.chat.samples import result, results
from tests.chat.stage import Stage
from tests.chat.told import MESSAGES, MIB, everything, names, tried
from tests.chat.town import Town


async def fail(stage: Stage, town: Town, done: Generation, notice: Notice, fault: Any, times: int) -> None:
    """Try to tell, so many times in vain."""
    for _number in range(times):
        town.discord.fail_next("POST", MESSAGES, fault, retry_after=60)
        with pytest.raises(DeliveryDelayedError):
            await stage.delivery.tell(tried(done), notice)


@pytest.mark.parametrize("fault", [503, "cut-before"])
async def test_an_upload_that_keeps_failing_becomes_a_link(
    stage: Stage, town: Town, done: Generation, tmp_path: Path, fault: Any
) -> None:
    notice = Notice(files=(result(tmp_path, "a.mp4", MIB),))
    await fail(stage, town, done, notice, fault, uploads.UPLOAD_TRIES)
    await stage.delivery.tell(tried(done), notice)
    (message,) = everything(town)
    assert names(message) == []
    assert f"<{notice.files[0].url}>" in message.content
    assert "could not be uploaded to Discord" in message.content


async def test_an_upload_that_works_at_the_last_try_is_a_file(
    stage: Stage, town: Town, done: Generation, tmp_path: Path
) -> None:
    notice = Notice(files=(result(tmp_path, "a.mp4", 100),))
    await fail(stage, town, done, notice, 503, uploads.UPLOAD_TRIES - 1)
    await stage.delivery.tell(tried(done), notice)
    assert [names(message) for message in everything(town)] == [["a.mp4"]]


async def test_what_was_uploaded_before_is_not_a_link_too(
    stage: Stage, town: Town, done: Generation, tmp_path: Path
) -> None:
    notice = Notice(files=results(tmp_path, done, 12))
    town.discord.fail_next("POST", MESSAGES, "slow")
    await fail(stage, town, done, notice, 503, uploads.UPLOAD_TRIES)
    await stage.delivery.tell(tried(done), notice)
    first, second = everything(town)
    assert [f"<{file.url}>" in second.content for file in notice.files] == [False] * 10 + [True] * 2
    assert len(names(first)) == 10


async def test_a_rate_limit_is_not_held_against_a_file(
    stage: Stage, town: Town, done: Generation, tmp_path: Path
) -> None:
    notice = Notice(files=(result(tmp_path, "a.mp4", 100),))
    await fail(stage, town, done, notice, 429, uploads.UPLOAD_TRIES)
    await stage.delivery.tell(tried(done), notice)
    assert [names(message) for message in everything(town)] == [["a.mp4"]]


async def test_where_links_are_not_taken_either_the_files_are_tried_anew(
    stage: Stage, town: Town, done: Generation, tmp_path: Path
) -> None:
    notice = Notice(files=(result(tmp_path, "a.mp4", 100),))
    await fail(stage, town, done, notice, 503, uploads.UPLOAD_TRIES + 1)
    await stage.delivery.tell(tried(done), notice)
    assert [names(message) for message in everything(town)] == [["a.mp4"]]


async def test_few_uploads_are_under_way_at_once_and_other_posts_do_not_wait_for_them() -> None:
    here = uploads.Uploads()
    under_way: list[int] = []
    most = 0

    async def upload(number: int) -> None:
        nonlocal most
        async with here.room(f"g{number}", has_files=True):
            under_way.append(number)
            most = max(most, len(under_way))
            async with here.room("text", has_files=False):
                await asyncio.sleep(0)
            under_way.remove(number)

    async with asyncio.timeout(5):
        await asyncio.gather(*(upload(number) for number in range(50)))
    assert most == uploads.UPLOADS_AT_ONCE

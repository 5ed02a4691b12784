"""Signals: the work in hand is finished or handed back, and the next start goes on with it."""

import asyncio
import signal
import time
from collections.abc import Callable

import pytest

from sandbox.provider import Era
from tests.stage import Stage

WITHIN = 10.0
"""Seconds; what a container is given by default before it is killed."""

MESSAGES = "/channels/{channel_id}/messages"
HUGE = 400_000_000


async def _ask(stage: Stage, prompt: str = "a cat") -> None:
    result = await stage.ada.run("video text", channel=stage.channel, options={"prompt": prompt, "duration": 4})
    assert result.error is None


async def _stopped(stage: Stage) -> float:
    """How many seconds it takes to end by SIGTERM, with code 0."""
    began = time.monotonic()
    assert await stage.end(signal.SIGTERM) == 0
    return time.monotonic() - began


def _notices(stage: Stage, state: str) -> int:
    """How many messages in threads tell of this state."""
    return sum(f" · {state}" in message.content for thread in stage.discord.threads for message in thread.messages)


async def _until(condition: Callable[[], object]) -> None:
    """Wait for something of which Discord hears nothing."""
    async with asyncio.timeout(WITHIN):
        while not condition():  # noqa: ASYNC110 - it happens in another process
            await asyncio.sleep(0.01)


async def _until_submitting(stage: Stage) -> None:
    await _until(lambda: stage.provider.submissions)


async def test_a_submission_under_way_is_finished_and_delivered_by_the_next_start(stage: Stage) -> None:
    stage.provider.era = Era.CREATE_COMPLETED  # answers when the video is made
    stage.provider.pace = 0.3
    await stage.start()
    await _ask(stage)
    await _until_submitting(stage)
    assert await _stopped(stage) < WITHIN
    await stage.start()
    await stage.until(stage.videos)
    assert (len(stage.videos()), len(stage.provider.submissions)) == (1, 1)


async def test_a_submission_without_an_answer_holds_the_end_up_for_ten_seconds_at_most(stage: Stage) -> None:
    await stage.start()
    await _ask(stage, "[timeout] a cat")
    await _until_submitting(stage)
    assert await _stopped(stage) < WITHIN
    await stage.start()
    await stage.until(lambda: _notices(stage, "unconfirmed"))
    assert len(stage.provider.submissions) == 1


async def test_a_download_that_is_cut_short_is_made_again_by_the_next_start(stage: Stage) -> None:
    stage.provider.huge(HUGE)
    await stage.start(media={"result_max": 512})
    await _ask(stage, "[huge] a cat")
    spool = stage.folder / "data" / "spool"
    await _until(lambda: any(path.is_file() for path in spool.rglob("*")))
    assert await _stopped(stage) < WITHIN
    await stage.start(media={"result_max": 1})  # now it is too large, so that its address is told
    await stage.until(lambda: _notices(stage, "succeeded"))
    assert _notices(stage, "succeeded") == 1
    assert len(stage.provider.submissions) == 1


async def test_an_upload_under_way_is_finished(stage: Stage) -> None:
    await stage.start()
    await _ask(stage)
    await stage.until(lambda: stage.discord.threads)
    stage.discord.fail_next("POST", MESSAGES, "slow", delay=1.5)
    await _until(lambda: any(task.clips for task in stage.provider.tasks.values()))
    await asyncio.sleep(0.5)  # until it is noticed, fetched and on its way up
    assert await _stopped(stage) < WITHIN
    await stage.start()
    await stage.until(stage.videos)
    assert len(stage.videos()) == 1


async def _never_answers(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        await asyncio.sleep(3600)
    finally:
        writer.close()


@pytest.mark.parametrize("part", ["provider", "discord"])
async def test_a_start_that_hangs_ends_at_the_first_signal(stage: Stage, part: str) -> None:
    async with await asyncio.start_server(_never_answers, "127.0.0.1", 0) as server:
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        key = {"provider": "base_url", "discord": "api_url"}[part]
        await stage.launch(None, **{part: {key: address}})
        await _until(lambda: "store_opened" in stage.log)
        await asyncio.sleep(1)
        assert await _stopped(stage) < WITHIN
    assert "Traceback" not in stage.log


async def test_a_second_signal_ends_at_once(stage: Stage) -> None:
    await stage.start()
    await _ask(stage, "[timeout] a cat")
    await _until_submitting(stage)
    assert stage.process is not None
    stage.process.send_signal(signal.SIGTERM)
    await asyncio.sleep(0.3)
    began = time.monotonic()
    assert await stage.end(signal.SIGTERM) == 1
    assert time.monotonic() - began < 1

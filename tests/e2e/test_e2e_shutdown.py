"""Signals: the work in hand is finished or handed back, and the next start goes on with it."""

import asyncio
import os
import re
import signal
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from sandbox.provider import Era
from tests.leftovers import files_in
from tests.media.footage import Footage
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
    assert "stopping" in stage.log
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
    await _until(lambda: files_in(spool))
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


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_while_the_program_is_loaded_ends_it_with_code_0(stage: Stage, number: signal.Signals) -> None:
    process = await stage.launch()
    signals = Path(f"/proc/{process.pid}/status")
    await _until(lambda: _catches(signals, signal.SIGTERM))  # the last that it sees to
    assert await stage.end(number) == 0
    assert "Traceback" not in stage.log


def _catches(status: Path, number: signal.Signals) -> bool:
    (caught,) = re.findall(r"SigCgt:\s*(\w+)", status.read_text())
    return bool(int(caught, 16) >> number - 1 & 1)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("helper", ["bot.media.shrink", "bot.media.probe"])
async def test_a_signal_to_all_processes_at_once_is_not_held_against_the_video(
    stage: Stage, tmp_path: Path, helper: str, number: signal.Signals
) -> None:
    source = Footage(sides=(1280, 720), seconds=3, bits=60_000_000).shoot(tmp_path / "source.mp4")
    stage.provider.always_result_in(source.read_bytes())
    await stage.start()
    await _ask(stage)
    assert stage.process is not None
    main = stage.process.pid
    await _until(lambda: _children(main, helper))
    for pid in (*_children(main, helper), main):  # as a supervisor and a terminal do
        os.kill(pid, number)
    assert await stage.gone() == 0
    assert _notices(stage, "succeeded") == 0
    await stage.start()
    await stage.until(stage.videos, within=60)
    assert (len(stage.videos()), _notices(stage, "succeeded")) == (1, 1)


def _children(parent: int, module: str) -> list[int]:
    """The processes of a module that a process has started."""
    pids = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [int(pid) for pid in pids if module.encode() in Path(f"/proc/{pid}/cmdline").read_bytes()]


async def test_a_database_that_is_locked_at_the_end_is_no_failure(stage: Stage) -> None:
    await stage.start()
    await _ask(stage, "[timeout] a cat")
    await _ask(stage, "[slow] a dog")
    await _until(lambda: len(stage.provider.submissions) == 2)
    with closing(sqlite3.connect(stage.database, isolation_level=None)) as another:
        another.execute("BEGIN IMMEDIATE")
        await asyncio.sleep(1)  # until something has to be written
        assert await _stopped(stage) < WITHIN
    assert "\nTraceback" not in stage.log
    await stage.start()
    await stage.until(lambda: _notices(stage, "unconfirmed"))
    assert len(stage.provider.submissions) == 2


HANGING = """
import asyncio
from datetime import timedelta
from bot import app as root
root.CLOSE_WITHIN = timedelta(seconds=2)
async def hang(*_):
    await asyncio.sleep(60)
root.ShowreelClient.close = hang
from bot.cli import app
app()
"""
"""The bot with a part that never closes, and less patience with it."""


async def test_an_end_that_hangs_is_cut_short(stage: Stage) -> None:
    stage.program = (sys.executable, "-c", HANGING)
    await stage.start()
    assert await stage.end() == 0
    assert "ending_hangs" in stage.log


async def test_a_refused_start_that_hangs_is_cut_short(stage: Stage) -> None:
    stage.program = (sys.executable, "-c", HANGING)
    async with await asyncio.start_server(_never_answers, "127.0.0.1", 0) as taken:
        await stage.launch(server={"port": taken.sockets[0].getsockname()[1]})
        assert await stage.gone() == 2
    assert "ending_hangs" in stage.log

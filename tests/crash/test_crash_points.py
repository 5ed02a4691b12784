"""The process is killed at each named instant, started again, and everything is accounted for."""

import asyncio
import os
import random
import signal
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pytest

from bot.crash_points import POINTS, VARIABLE
from sandbox.discord import Permission
from tests.crash.crowd import Crowd, quiet
from tests.crash.verdict import PROPERTY, Verdict, examine, rows_of
from tests.stage import READY_WITHIN, Stage

Record = Callable[[str, object], None]

SHORT = ("accept.stored", "answer.sent", "thread.before", "submitting.stored", "running.before", "told.before")
"""The points of the short version: where a naive bot loses, pays twice or posts twice."""

CALLBACK = "/interactions/{interaction_id}/{interaction_token}/callback"

MOODS = {
    "accepted": "[busy] ",
    "expired": "[expired] ",
    "failed": "[policy] ",
    "unconfirmed": "[cut] ",
}
"""What has to be asked for so that the point is reached; a picture otherwise, which passes them all."""

DECIDED = ("decided.before", "decided.stored")
CANCELLED = ("cancelled.before", "cancelled.stored")
ASKED = "asked"
"""No point: the provider has cancelled the task and not answered yet."""

UNNAMED = ("other.before", "other.stored")
"""Reached by writes without a name of their own, such as that of a cancellation that was refused."""

ELSEWHERE = {*DECIDED, *CANCELLED, *UNNAMED}


def hold(verdict: Verdict, record: Record) -> None:
    """Keep a verdict for the table of all kills, and see that everything is accounted for."""
    record(PROPERTY, asdict(verdict))
    assert verdict.differences == [], verdict.table()


async def _killed_at(stage: Stage, point: str) -> Verdict:
    """Let the bot die at a point, start it again, and hold everything against everything."""
    crowd = Crowd(stage=stage, rng=random.Random(point))
    crowd.gather(2)
    what = point.split(".", maxsplit=1)[0]
    await stage.start(environment={VARIABLE: point})
    if what == "card":  # reached only where the answer to the command's answer was lost
        stage.discord.fail_next("POST", CALLBACK, status="cut-after")
    crowd.ask(MOODS.get(what, ""), with_picture=True)
    assert await stage.gone() == -signal.SIGKILL
    await crowd.be_answered()
    await stage.start()
    crowd.ask("")
    await crowd.be_answered()
    await quiet(stage)
    return examine(stage, kills=1)


async def _until(stage: Stage, condition: str) -> None:
    async with asyncio.timeout(READY_WITHIN):
        while not rows_of(stage, condition):  # noqa: ASYNC110 - what changes is the database of another process
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    "point", [one for one in POINTS if one not in ELSEWHERE] if os.environ.get("SHOWREEL_TEST_CRASH") else SHORT
)
async def test_killed_at(stage: Stage, point: str, record_property: Record) -> None:
    verdict = await _killed_at(stage, point)
    hold(verdict, record_property)
    assert verdict.videos >= 1


async def _killed_while_decided(stage: Stage, point: str, decide: Callable[[Crowd], None]) -> Verdict:
    """Let the bot die where a decision is written, start it again, and decide then if it is still to be decided."""
    crowd = Crowd(stage=stage, rng=random.Random(point))
    crowd.gather(1)
    await stage.start(environment={VARIABLE: point})
    crowd.ask("[cut] ")
    await _until(stage, "told = 'unconfirmed'")
    decide(crowd)
    assert await stage.gone() == -signal.SIGKILL
    await crowd.be_answered()
    is_undecided = bool(rows_of(stage, "state = 'unconfirmed'"))
    assert is_undecided == (point == "decided.before")
    await stage.start()
    await quiet(stage)
    if is_undecided:
        decide(crowd)
        await crowd.be_answered()
        await _until(stage, "state <> 'unconfirmed'")
        await quiet(stage)
    return examine(stage, kills=1)


@pytest.mark.parametrize("point", DECIDED)
async def test_killed_while_given_up(stage: Stage, point: str, record_property: Record) -> None:
    verdict = await _killed_while_decided(stage, point, lambda crowd: crowd.decide("give-up"))
    hold(verdict, record_property)
    assert (verdict.videos, verdict.releases) == (0, 1)


@pytest.mark.parametrize("point", DECIDED)
async def test_killed_while_its_task_is_attached(stage: Stage, point: str, record_property: Record) -> None:
    verdict = await _killed_while_decided(stage, point, Crowd.attach)
    hold(verdict, record_property)
    assert (verdict.submissions, verdict.videos, verdict.charges) == (1, 1, 1)


def _kills(
    stage: Stage, kind: str, wanted: Callable[[Mapping[str, Any]], bool]
) -> Callable[[str, dict[str, Any]], None]:
    """A listener that kills the bot once, at the instant when a simulator has its request and has not answered."""
    killed: list[bool] = []

    def listen(heard: str, facts: dict[str, Any]) -> None:
        if heard == kind and wanted(facts) and not killed and stage.process is not None:
            killed.append(True)
            stage.process.kill()

    return listen


async def _killed_while_cancelled(stage: Stage, point: str, pace: float, *, is_cancellable: bool) -> Verdict:
    """Let the bot die where it asks for a cancellation or writes what came of it, and start it again."""
    stage.provider.pace = pace
    crowd = Crowd(stage=stage, rng=random.Random(point))
    crowd.gather(1)
    if point == ASKED:
        stage.provider.on_event = _kills(stage, "finished", lambda facts: facts["status"] == "cancelled")
    await stage.start(environment={VARIABLE: point})
    crowd.ask("", is_cancellable=is_cancellable)
    await _until(stage, "state = 'running'")
    crowd.cancel()
    assert await stage.gone() == -signal.SIGKILL
    await crowd.be_answered()
    await stage.start()
    await quiet(stage)
    return examine(stage, kills=1)


@pytest.mark.parametrize("point", [ASKED, *CANCELLED])
async def test_killed_while_cancelled(stage: Stage, point: str, record_property: Record) -> None:
    verdict = await _killed_while_cancelled(stage, point, pace=5.0, is_cancellable=True)
    hold(verdict, record_property)
    assert (verdict.videos, verdict.releases) == (0, 1)


@pytest.mark.parametrize("point", UNNAMED)
async def test_killed_while_a_cancellation_is_refused(stage: Stage, point: str, record_property: Record) -> None:
    verdict = await _killed_while_cancelled(stage, point, pace=1.5, is_cancellable=False)
    hold(verdict, record_property)
    assert (verdict.videos, verdict.charges) == (1, 1)


@pytest.mark.parametrize("point", UNNAMED)
async def test_killed_while_it_says_that_it_takes_longer_it_has_said_so_once(stage: Stage, point: str) -> None:
    stage.sections["worker"] = {"deadline": 1}
    await stage.start(environment={VARIABLE: point})
    await stage.ada.run("video text", channel=stage.channel, options={"prompt": "[stuck] a cat"})
    assert await stage.gone() == -signal.SIGKILL
    assert bool(rows_of(stage, "deadline_told")) == (point == "other.stored")
    await stage.start()
    await _until(stage, "deadline_told")
    (thread,) = stage.discord.threads
    assert len([message for message in thread.messages if "takes longer" in message.content]) == 1


async def test_killed_after_a_direct_message_it_posts_nothing_into_a_thread_that_takes_it_again(
    stage: Stage, record_property: Record
) -> None:
    crowd = Crowd(stage=stage, rng=random.Random(1))
    crowd.gather(1)
    posting = Permission.SEND_MESSAGES | Permission.SEND_MESSAGES_IN_THREADS
    stage.guild.deny(stage.channel, posting)
    await stage.start(environment={VARIABLE: "told.before"})
    crowd.ask("")
    assert await stage.gone() == -signal.SIGKILL
    await crowd.be_answered()
    stage.guild.allow(stage.channel, posting)
    await stage.start()
    await quiet(stage)
    verdict = examine(stage, kills=1)
    hold(verdict, record_property)
    assert verdict.videos == 1


async def test_killed_after_the_video_where_it_may_not_read_what_it_posted_it_posts_it_once(
    stage: Stage, record_property: Record
) -> None:
    crowd = Crowd(stage=stage, rng=random.Random(1))
    crowd.gather(1)
    stage.guild.deny(stage.channel, Permission.READ_MESSAGE_HISTORY)
    await stage.start(environment={VARIABLE: "told.before"})
    crowd.ask("")
    assert await stage.gone() == -signal.SIGKILL
    await crowd.be_answered()
    stage.discord.advance(timedelta(hours=1))  # its nonce is forgotten
    with closing(sqlite3.connect(stage.database)) as connection, connection:  # and that long ago it was, by our clock
        connection.execute("UPDATE generations SET telling_since = telling_since - 3600 * 1000000")
    await stage.start()
    await quiet(stage)
    verdict = examine(stage, kills=1)
    hold(verdict, record_property)
    assert verdict.videos == 1


@pytest.mark.parametrize("instant", ["submission", "card", "thread", "inputs", "upload"])
async def test_killed_between_request_and_answer(stage: Stage, instant: str, record_property: Record) -> None:
    crowd = Crowd(stage=stage, rng=random.Random(instant))
    crowd.gather(2)
    if instant == "submission":
        stage.provider.on_event = _kills(stage, "submission", lambda _facts: True)
    else:
        kind, wanted = {
            "card": ("message_posted", lambda facts: bool(facts["embeds"])),
            "thread": ("thread_created", lambda _facts: True),
            "inputs": ("message_edited", lambda facts: bool(facts["files"])),
            "upload": ("message_posted", lambda facts: bool(facts["files"])),
        }[instant]
        stage.discord.on_event = _kills(stage, kind, wanted)
    await stage.start()
    crowd.ask("", with_picture=True)
    assert await stage.gone() == -signal.SIGKILL
    await crowd.be_answered()
    await stage.start()
    await quiet(stage)
    verdict = examine(stage, kills=1)
    hold(verdict, record_property)
    assert verdict.accepted == 1

"""Running the process that makes a video smaller, one at a time or as many as the rules say."""

import asyncio
import shutil
import sys
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path

from bot.media.files import DiskFullError, MediaDelayedError, MediaRefusedError
from bot.media.plan import Ending
from bot.media.probing import TOLD_TO_END, environment
from bot.media.rules import MediaRules


class Shrinker:
    """Makes videos fit, each in a process of its own."""

    def __init__(self, rules: MediaRules) -> None:
        self._rules = rules
        self._slots = asyncio.Semaphore(rules.shrink_at_once)

    async def shrink(self, source: Path, target: Path, limit: int) -> int:
        """Make an MP4 of at most `limit` bytes; returns its size.

        MediaRefusedError where it can't be made to fit, not within the bounds on time and memory, or is unreadable;
        DiskFullError where the disk is full; MediaDelayedError where the process could not do its work. A target may be
        left then: it is the caller's.
        """
        async with self._slots:
            await asyncio.to_thread(self._check_disk, target.parent, limit)
            try:
                async with asyncio.timeout(self._rules.shrink_timeout.total_seconds()):
                    code = await self._run(source, target, limit)
            except TimeoutError as error:
                raise MediaRefusedError("it could not be shrunk in time") from error
            except OSError as error:
                raise MediaDelayedError("the shrinking could not be started") from error
        _check(code)
        return (await asyncio.to_thread(target.stat)).st_size

    async def _run(self, source: Path, target: Path, limit: int) -> int:
        seconds = self._rules.shrink_timeout.total_seconds()
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-B", "-P", "-m", "bot.media.shrink", str(source), str(target), str(limit), str(seconds)),
            stdin=PIPE,
            stdout=DEVNULL,
            stderr=DEVNULL,
            env=environment(),
        )
        try:
            return await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    def _check_disk(self, folder: Path, limit: int) -> None:
        if shutil.disk_usage(folder).free - limit < self._rules.free_least:
            raise DiskFullError(f"too little free disk space to shrink a video to {limit} bytes")


def _check(code: int) -> None:
    match code:
        case Ending.DONE:
            return
        case Ending.UNFIT:
            raise MediaRefusedError("it can't be made to fit within the bounds")
        case Ending.DISK_FULL:
            raise DiskFullError("the disk is full")
        case Ending.UNREADABLE:
            raise MediaRefusedError("unreadable")
        case _ if code < 0 and code not in TOLD_TO_END:
            raise MediaRefusedError(f"it brought the shrinking down with signal {-code}")
        case _:
            raise MediaDelayedError(f"the shrinking ended with {code}")

"""Running the probe: a short-lived process per file."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from datetime import timedelta
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from bot.media.files import MediaDelayedError, MediaRefusedError, Probed
from bot.media.probe import UNREADABLE

MOST_PROBES = 2
PROBE_TIMEOUT = timedelta(seconds=60)
"""Well above the probe's own bound on processor time: passing it means that the machine is busy, not the file bad."""

TOLD_TO_END = frozenset({-signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP})
"""What a process ends with that was told to, as every one of the bot is by a supervisor or a terminal: no word on the
file."""

_ANSWER_MOST = 4096
_PROBED = TypeAdapter(Probed)


class Prober:
    """Examines files by their content, a few at a time."""

    def __init__(self, timeout: timedelta = PROBE_TIMEOUT) -> None:
        self._timeout = timeout
        self._slots = asyncio.Semaphore(MOST_PROBES)

    async def probe(self, path: Path) -> Probed:
        """What a file is.

        MediaRefusedError where it is unreadable, or brought the probe down; MediaDelayedError where the probe itself
        could not do its work.
        """
        async with self._slots:
            try:
                async with asyncio.timeout(self._timeout.total_seconds()):
                    answer, code = await _run(path)
            except TimeoutError as error:
                raise MediaDelayedError("the probe was not done in time") from error
            except OSError as error:
                raise MediaDelayedError("the probe could not be started") from error
        return _read(answer, code)


async def _run(path: Path) -> tuple[bytes, int]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-B", "-P", "-m", "bot.media.probe", str(path)),
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=DEVNULL,
        env=environment(),
        limit=_ANSWER_MOST,
    )
    try:
        return await _line(process), await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def _line(process: Process) -> bytes:
    assert process.stdout is not None  # noqa: S101 - it was asked for as a pipe
    try:
        return await process.stdout.readline()
    except ValueError:
        process.kill()
        return b""


def environment() -> dict[str, str]:
    """The probe's environment: how to find the libraries, and none of the bot's secrets.

    One malloc arena, as each more would reserve 64 MiB of the address space that is bounded.
    """
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "MALLOC_ARENA_MAX": "1"}


def _read(answer: bytes, code: int) -> Probed:
    if code == UNREADABLE or (code < 0 and code not in TOLD_TO_END):
        raise MediaRefusedError("unreadable")
    if code != 0:
        raise MediaDelayedError(f"the probe ended with {code}")
    try:
        return _PROBED.validate_json(answer)
    except ValidationError as error:
        raise MediaRefusedError("unreadable") from error

"""How much memory the whole bot takes for deliveries of 50 MB: from the end of a task to the file in the thread.

Run it as `python -m bench.delivery`. The bot is a process of its own between the two simulators, in a guild that takes
files of 100 MB. Printed is the most that was resident over what was resident before: for one delivery, and for each
further of twenty at once. Linux only.
"""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from bench.media import FURTHER_MOST, MB, ONE_MOST, TOGETHER, VIDEO, make_videos
from bot.cli.play import running_bot, staged

PATIENCE = 300.0
"""Seconds that a round may take."""

HIGHEST_TIER = 3
"""Of a guild's boosts: files of 100 MB."""


async def _measure() -> None:
    with tempfile.TemporaryDirectory() as folder:
        make_videos(Path(folder))
        clip = (Path(folder) / VIDEO).read_bytes()
        async with staged(0, 0) as stage:
            stage.channel.guild.premium_tier = HIGHEST_TIER
            stage.provider.always_result_in(clip)
            async with running_bot(stage, Path(folder), {"limits": {"concurrent": 0, "generations_per_day": 0}}) as bot:
                await stage.discord.ready(timeout=30)
                status = Path(f"/proc/{bot}")
                await _round(stage, status, 1)  # what is loaded once is not counted
                one = await _round(stage, status, 1)
                many = await _round(stage, status, TOGETHER)
    further = (many - one) / (TOGETHER - 1)
    print(f"one delivery of 50 MB: +{one / MB:.1f} MB (goal: at most {ONE_MOST})")  # noqa: T201 - the result
    print(f"each further of {TOGETHER} at once: {further / MB:+.2f} MB (goal: at most {FURTHER_MOST})")  # noqa: T201


async def _round(stage: Any, process: Path, count: int) -> int:
    """Ask for that many at once; the bytes that were resident at the most over those before."""
    there = len(_videos(stage))
    await asyncio.sleep(1)
    (process / "clear_refs").write_text("5", encoding="ascii")
    before = _resident(process, "VmRSS")
    for number in range(count):
        options = {"prompt": f"request {number}", "duration": 4}
        await stage.member.run("video text", channel=stage.channel, options=options)
    await stage.discord.wait_for(lambda: len(_videos(stage)) == there + count, timeout=PATIENCE)
    return _resident(process, "VmHWM") - before


def _videos(stage: Any) -> list[Any]:
    return [file for thread in stage.discord.threads for message in thread.messages for file in message.attachments]


def _resident(process: Path, name: str) -> int:
    lines = (process / "status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


if __name__ == "__main__":
    asyncio.run(_measure())

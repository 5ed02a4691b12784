"""How soon the bot acknowledges a slash command, as a ratio to a bare request over the same loopback.

Prints both, in milliseconds, with the 99th percentile; Discord itself allows 3 seconds.
"""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

import aiohttp

from bot.cli.play import running_bot, staged

COMMANDS = 200


async def _measure() -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with staged(0, 0) as stage, running_bot(stage, Path(folder)):
            await stage.discord.ready(timeout=30)
            floor = await _floor(stage.discord.api_url + "/gateway")
            taken = []
            for number in range(COMMANDS):
                options = {"prompt": f"request {number}", "model": "veo3.1-fast"} if number % 2 else {}
                name = "video text" if number % 2 else "usage"
                result = await stage.member.run(name, channel=stage.channel, options=options)
                taken.append(result.acknowledged_after or 3.0)
    _print("bare request", floor)
    _print("command acknowledged", taken)
    print(f"ratio of the medians: {statistics.median(taken) / statistics.median(floor):.1f}")  # noqa: T201 - the result


async def _floor(url: str) -> list[float]:
    taken = []
    async with aiohttp.ClientSession() as session:
        for _ in range(COMMANDS):
            begun = time.perf_counter()
            async with session.get(url) as response:
                await response.read()
            taken.append(time.perf_counter() - begun)
    return taken


def _print(what: str, taken: list[float]) -> None:
    ordered = sorted(1000 * seconds for seconds in taken)
    last = ordered[int(len(ordered) * 0.99) - 1]
    print(f"{what}: median {statistics.median(ordered):.1f} ms, 99th percentile {last:.1f} ms")  # noqa: T201 - the result


if __name__ == "__main__":
    asyncio.run(_measure())

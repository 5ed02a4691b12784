"""A crowd of members who ask for videos, whatever becomes of the bot."""

import asyncio
import contextlib
import random
from dataclasses import dataclass, field
from typing import Any

from sandbox.discord import InvalidCommand
from sandbox.discord.errors import DiscordError
from tests.crash.verdict import is_quiet
from tests.media_files import picture
from tests.stage import Stage

QUIET_WITHIN = 60.0

MOODS = ("", "", "", "", "[policy] ", "[fail] ", "[cut] ", "[refused] ", "[busy] ", "[gateway] ")
"""How requests end: mostly well, but in each of the other ways too."""


@dataclass(kw_only=True)
class Crowd:
    """Members and their requests; every request has a prompt of its own."""

    stage: Stage
    rng: random.Random
    members: list[Any] = field(default_factory=list)
    asked: int = 0
    asking: set[asyncio.Task[None]] = field(default_factory=set)

    def gather(self, count: int) -> None:
        """Let members join."""
        self.members = [self.stage.guild.add_member(f"member{number}") for number in range(count)]

    def ask(self, mood: str | None = None, *, with_picture: bool = False) -> None:
        """One member asks for one video; whether the bot lives to answer is another matter."""
        self.asked += 1
        prompt = f"{self.rng.choice(MOODS) if mood is None else mood}request {self.asked}"
        options: dict[str, Any] = {"prompt": prompt, "duration": 4}
        if with_picture:
            options["image"] = picture()
        command = "video image" if with_picture else "video text"
        task = asyncio.create_task(self._run(self.rng.choice(self.members), command, options))
        self.asking.add(task)
        task.add_done_callback(self.asking.discard)

    async def _run(self, member: Any, command: str, options: dict[str, Any]) -> None:
        with contextlib.suppress(InvalidCommand, DiscordError, TimeoutError):
            await member.run(command, channel=self.stage.channel, options=options, timeout=4)

    async def be_answered(self) -> None:
        """Wait until every request was answered or will never be."""
        await asyncio.gather(*self.asking)

    async def turn_away(self) -> None:
        """Wait no longer for answers: the bot is gone."""
        for task in self.asking:
            task.cancel()
        await asyncio.gather(*self.asking, return_exceptions=True)


async def quiet(stage: Stage) -> None:
    """Wait until the bot has nothing left to do."""
    async with asyncio.timeout(QUIET_WITHIN):
        while not is_quiet(stage):  # noqa: ASYNC110 - what changes is the database of another process
            await asyncio.sleep(0.05)

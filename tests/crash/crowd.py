"""A crowd of members who ask for videos, whatever becomes of the bot."""

import asyncio
import contextlib
import random
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from sandbox.discord import InvalidCommand, Message, Permission
from sandbox.discord.errors import DiscordError
from tests.crash.verdict import is_quiet, prompt_of, rows_of
from tests.media_files import picture
from tests.stage import Stage

QUIET_WITHIN = 60.0

MOODS = ("", "", "", "", "[policy] ", "[fail] ", "[expired] ", "[cut] ", "[refused] ", "[busy] ", "[gateway] ")
"""How requests end: mostly well, but in each of the other ways too."""

CANCELLABLE = "seedance-2.0-fast"
"""A model whose tasks can be cancelled while they wait."""

UNDER_WAY = "state IN ('accepted', 'submitting', 'running')"


@dataclass(kw_only=True)
class Crowd:
    """Members and their requests; every request has a prompt of its own. One moderator decides for them."""

    stage: Stage
    rng: random.Random
    members: list[Any] = field(default_factory=list)
    moderator: Any = None
    asked_by: dict[str, Any] = field(default_factory=dict)
    asked: int = 0
    asking: set[asyncio.Task[None]] = field(default_factory=set)

    def gather(self, count: int) -> None:
        """Let members join."""
        guild = self.stage.guild
        self.members = [guild.add_member(f"member{number}") for number in range(count)]
        self.moderator = guild.add_member("moderator", roles=[guild.add_role("mods", Permission.MANAGE_GUILD)])

    def ask(self, mood: str | None = None, *, with_picture: bool = False, is_cancellable: bool = False) -> None:
        """One member asks for one video; whether the bot lives to answer is another matter."""
        self.asked += 1
        prompt = f"{self.rng.choice(MOODS) if mood is None else mood}request {self.asked}"
        options: dict[str, Any] = {"prompt": prompt, "duration": 4}
        if is_cancellable:
            options["model"] = CANCELLABLE
        if with_picture:
            options["image"] = picture()
        command = "video image" if with_picture else "video text"
        self.asked_by[prompt] = self.rng.choice(self.members)
        self._run(self.asked_by[prompt], command, options)

    def cancel(self) -> None:
        """One member wants one of their videos no more, if there are any under way."""
        rows = rows_of(self.stage, UNDER_WAY)
        if rows:
            row = self.rng.choice(rows)
            self._run(self.asked_by[prompt_of(row)], "cancel", {"generation": row["id"]})

    def decide(self, decision: str) -> None:
        """The moderator decides about one of those that are unconfirmed, if there are any."""
        notices = self.notices()
        if notices:
            notice = self.rng.choice(notices)
            custom_id = next(one for one in _buttons(notice) if decision in one)
            self._try(self.moderator.press(notice, custom_id, timeout=4))

    def attach(self) -> None:
        """The owner attaches the task of the only one that is unconfirmed."""
        (row,) = rows_of(self.stage, "state = 'unconfirmed'")
        (task_id,) = self.stage.provider.tasks
        self._run(self.stage.discord.owner, "owner attach", {"generation": row["id"], "task_id": task_id})

    def notices(self) -> list[Message]:
        """What asks for a decision."""
        return [message for thread in self.stage.discord.threads for message in thread.messages if _buttons(message)]

    def _run(self, member: Any, command: str, options: dict[str, Any]) -> None:
        self._try(member.run(command, channel=self.stage.channel, options=options, timeout=4))

    def _try(self, act: Coroutine[Any, Any, Any]) -> None:
        """Do something in Discord, whatever becomes of it."""

        async def trying() -> None:
            with contextlib.suppress(InvalidCommand, DiscordError, TimeoutError):
                await act

        task = asyncio.create_task(trying())
        self.asking.add(task)
        task.add_done_callback(self.asking.discard)

    async def be_answered(self) -> None:
        """Wait until everything was answered or will never be."""
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


def _buttons(message: Message) -> list[str]:
    buttons = [button for row in message.components for button in row.get("components", ())]
    return [str(button["custom_id"]) for button in buttons if "give-up" in str(button) or "submit-again" in str(button)]

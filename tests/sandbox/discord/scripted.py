"""A discord.py bot that a test scripts, and a bare REST client."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import aiohttp
import discord
from discord import app_commands
from discord.ext import commands

from sandbox.discord import SimulatedDiscord

Script: TypeAlias = Callable[..., Awaitable[object]]


class Video(app_commands.Group, name="video", description="Make videos"):
    """The commands that the tests run; what they do is the test's script."""

    @app_commands.command(description="From a text")
    async def text(
        self,
        interaction: discord.Interaction[ScriptedBot],
        prompt: app_commands.Range[str, 2, 50],
        model: str = "",
        duration: app_commands.Range[int, 1, 10] = 5,
        *,
        sound: bool = False,
    ) -> None:
        await interaction.client.script(interaction, prompt=prompt, model=model, duration=duration, sound=sound)

    @text.autocomplete("model")
    async def suggest(
        self, interaction: discord.Interaction[ScriptedBot], current: str
    ) -> list[app_commands.Choice[str]]:
        prompt = interaction.namespace.prompt
        return [app_commands.Choice(name=f"{current}3 for {prompt}", value=f"{current}-3")]

    @app_commands.command(description="From an image")
    @app_commands.choices(ratio=[app_commands.Choice(name="wide", value="16:9")])
    async def image(
        self,
        interaction: discord.Interaction[ScriptedBot],
        image: discord.Attachment,
        ratio: str = "16:9",
        who: discord.Member | None = None,
        where: discord.TextChannel | None = None,
        strength: float = 0.5,
    ) -> None:
        await interaction.client.script(interaction, image=image, ratio=ratio, who=who, where=where, strength=strength)


class ScriptedBot(commands.Bot):
    """An ordinary discord.py bot."""

    def __init__(self) -> None:
        super().__init__(
            command_prefix="!",
            intents=discord.Intents(guilds=True),
            guild_ready_timeout=0.1,
            help_command=None,
        )
        self.script: Script = answer_ok
        self.resumes = 0

    async def setup_hook(self) -> None:
        self.tree.add_command(Video())
        await self.tree.sync()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Identify again at once: discord.py waits five seconds, which a test need not."""

    async def on_resumed(self) -> None:
        self.resumes += 1


async def answer_ok(interaction: discord.Interaction[ScriptedBot], **_options: object) -> None:
    await interaction.response.send_message("ok")


class Rest:
    """A client that sends exactly what a test says."""

    def __init__(self, session: aiohttp.ClientSession, simulated: SimulatedDiscord) -> None:
        self._session = session
        self._simulated = simulated

    async def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        files: dict[str, tuple[str, bytes]] | None = None,
        authorization: str = "Bot sandbox-token",
    ) -> tuple[int, Any]:
        headers = {"Authorization": authorization}
        data: Any = None
        if files:
            data = aiohttp.FormData(quote_fields=False)
            data.add_field("payload_json", json.dumps(body))
            for field, (filename, content) in files.items():
                data.add_field(field, io.BytesIO(content), filename=filename, content_type="application/octet-stream")
        elif body is not None:
            data = json.dumps(body)
            headers["Content-Type"] = "application/json"
        url = self._simulated.api_url + path
        async with self._session.request(method, url, data=data, headers=headers) as response:
            text = await response.text()
            return response.status, json.loads(text) if text else None

    async def get_file(self, url: str) -> tuple[int, bytes]:
        async with self._session.get(url) as response:
            return response.status, await response.read()


@asynccontextmanager
async def running(bot: commands.Bot | commands.AutoShardedBot, *, login: str = "sandbox-token") -> AsyncIterator[None]:
    task = asyncio.create_task(bot.start(login))
    try:
        yield
    finally:
        await bot.close()
        await asyncio.gather(task, return_exceptions=True)

"""The bot as `showreel run` starts it, between the two simulators."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from sandbox.discord import SimulatedDiscord
from sandbox.provider import SimulatedProvider

TOKEN = "sandbox-token"
KEY = "sk-sandbox"
PACE = 0.05
READY_WITHIN = 60.0
STOP_WITHIN = 60.0
"""Seconds; many times what either takes, since a busy machine is no defect."""


@dataclass(kw_only=True)
class Stage:
    """Both simulators with a guild, a channel and a member, and the bot's processes."""

    discord: SimulatedDiscord
    provider: SimulatedProvider
    folder: Path
    guild: Any
    channel: Any
    ada: Any
    program: tuple[str, ...] = (sys.executable, "-m", "bot")
    process: asyncio.subprocess.Process | None = None
    processes: list[asyncio.subprocess.Process] = field(default_factory=list)
    sections: dict[str, dict[str, object]] = field(default_factory=dict)

    @property
    def database(self) -> Path:
        return self.folder / "data" / "showreel.db"

    @property
    def log(self) -> str:
        return "\n".join(path.read_text() for path in sorted(self.folder.glob("run-*.log")))

    def configure(self, **changes: Mapping[str, object]) -> Path:
        """Write the configuration file, with sections changed or added."""
        sections: dict[str, dict[str, object]] = {
            "discord": {"token": TOKEN, "api_url": self.discord.api_url, "gateway_url": self.discord.gateway_url},
            "provider": {"base_url": self.provider.url, "api_key": KEY},
            "database": {"url": f"sqlite:///{self.database}"},
            "worker": {"poll_interval": 0.1, "poll_interval_max": 0.3},
            "limits": {"generations_per_day": 50, "concurrent": 20},
            "server": {"port": 0},
        }
        for section, values in (*self.sections.items(), *changes.items()):
            sections.setdefault(section, {}).update(values)
        path = self.folder / "config.toml"
        path.write_text(
            "".join(
                f"[{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())
                for name, values in sections.items()
            )
        )
        return path

    async def launch(
        self, environment: Mapping[str, str] | None = None, **changes: Mapping[str, object]
    ) -> asyncio.subprocess.Process:
        """Start the bot without waiting for it, with further variables in its environment."""
        config = self.configure(**changes)
        variables = {key: value for key, value in os.environ.items() if not key.startswith("SHOWREEL_")}
        variables.update({"PYTHONFAULTHANDLER": "1"} | dict(environment or {}))
        with (self.folder / f"run-{len(self.processes) + 1}.log").open("wb") as log:
            self.process = await asyncio.create_subprocess_exec(
                *self.program, "run", "--config", str(config), stdout=log, stderr=log, env=variables
            )
        self.processes.append(self.process)
        return self.process

    async def start(self, environment: Mapping[str, str] | None = None, **changes: Mapping[str, object]) -> None:
        """Start the bot and wait until it is connected and its commands are registered."""
        await self.launch(environment, **changes)
        try:
            await self.discord.ready(timeout=READY_WITHIN)
        except TimeoutError:
            pytest.fail(f"the bot did not become ready:\n{self.log}")

    async def gone(self) -> int:
        """Wait until the bot has ended by itself; its exit code."""
        assert self.process is not None
        try:
            async with asyncio.timeout(STOP_WITHIN):
                return await self.process.wait()
        except TimeoutError:
            self.process.send_signal(signal.SIGABRT)  # its stacks go to its log
            await self.process.wait()
            pytest.fail(f"the bot did not end within {STOP_WITHIN} s:\n{self.log[-8000:]}")

    async def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End the bot by a signal; its exit code."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(number)
        return await self.gone()

    def videos(self) -> list[Any]:
        """The MP4 files that stand in threads, in order."""
        return [
            attachment
            for thread in self.discord.threads
            for message in thread.messages
            for attachment in message.attachments
            if attachment.filename.endswith(".mp4")
        ]

    async def until(self, condition: Any, within: float = 20.0) -> None:
        """Wait for something to become visible in Discord."""
        try:
            await self.discord.wait_for(condition, timeout=within)
        except TimeoutError:
            pytest.fail(f"it did not happen within {within} s:\n{self.log[-4000:]}")


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with (
        SimulatedDiscord(token=TOKEN) as discord,
        SimulatedProvider(api_key=KEY, pace=PACE) as provider,
    ):
        guild = discord.add_guild("Film Club")
        stage = Stage(
            discord=discord,
            provider=provider,
            folder=tmp_path,
            guild=guild,
            channel=guild.add_text_channel("videos"),
            ada=guild.add_member("ada"),
        )
        yield stage
        for process in stage.processes:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()


@contextlib.asynccontextmanager
async def answering(port: int, status: int, code: str) -> AsyncIterator[dict[str, object]]:
    """A video service that answers everything in the same way; yields its section of the configuration."""

    async def answer(_request: web.Request) -> web.Response:
        return web.json_response({"error": {"message": "no", "type": code, "code": code}}, status=status)

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield {"base_url": f"http://127.0.0.1:{port}/v1"}
    finally:
        await runner.cleanup()

"""`showreel demo` and `showreel sandbox`: both simulators, and between them the real bot as a process of its own."""

import asyncio
import json
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from bot.cli.narration import Narrator, readable
from bot.i18n import _
from sandbox.discord import Message, SimulatedDiscord, Upload
from sandbox.provider import SimulatedProvider

PATIENCE = 120.0
"""Seconds that the scripted run waits for the videos."""

STOP_WITHIN = 10.0
"""Seconds that the bot has to stop by itself."""

BOT_TOKEN = "sandbox-token"  # noqa: S105 - the simulators' own
API_KEY = "sk-sandbox"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Both simulators with a small community in place."""

    discord: SimulatedDiscord
    provider: SimulatedProvider
    channel: Any
    member: Any


async def demo(*, once: bool, console: Console) -> bool:
    """Run the bot between the simulators: a scripted run, or until interrupted. Returns whether all went well."""
    folder = Path(tempfile.mkdtemp(prefix="showreel-demo-"))
    async with staged(0, 0) as stage, running_bot(stage, folder):
        await stage.discord.ready(timeout=30)
        console.print(Panel(_("The real bot runs between a simulated Discord and a simulated video service.")))
        if once:
            return await _scripted(stage, folder, console)
        _print_addresses(stage, console)
        console.print(_("Its figures: showreel report --config {folder}/config.toml", folder=folder), soft_wrap=True)
        _narrate(stage, console)
        await _told_to_stop()
    return True


async def sandbox(discord_port: int, provider_port: int, console: Console) -> None:
    """Run the simulators alone until interrupted."""
    async with staged(discord_port, provider_port) as stage:
        _print_addresses(stage, console)
        _narrate(stage, console)
        await _told_to_stop()


@asynccontextmanager
async def staged(discord_port: int, provider_port: int) -> AsyncIterator[Stage]:
    """Both simulators with a guild, a channel and a member; port 0 means any that is free."""
    async with (
        SimulatedDiscord(port=discord_port, token=BOT_TOKEN) as discord,
        SimulatedProvider(port=provider_port, api_key=API_KEY, pace=0.6) as provider,
    ):
        guild = discord.add_guild("Film Club")
        yield Stage(
            discord=discord,
            provider=provider,
            channel=guild.add_text_channel("videos"),
            member=guild.add_member("ada"),
        )


@asynccontextmanager
async def running_bot(
    stage: Stage, folder: Path, further: Mapping[str, Mapping[str, object]] | None = None
) -> AsyncIterator[int]:
    """The bot as `showreel run` starts it, its log beside its database in `folder`; stopped as a supervisor would.

    `further` are sections of its configuration. Yields the id of its process.
    """
    config = folder / "config.toml"
    config.write_text(_configuration(stage, folder, further or {}))
    with (folder / "bot.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "run", "--config", str(config), stdout=log, stderr=log
        )
        try:
            yield process.pid
        finally:
            await _ended(process)


async def _told_to_stop() -> None:
    """Wait for a signal, so that nothing is left behind however the play ends."""
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    await stopping.wait()


async def _ended(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(STOP_WITHIN):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def _configuration(stage: Stage, folder: Path, further: Mapping[str, Mapping[str, object]]) -> str:
    """A configuration file; JSON's strings are TOML's."""
    sections: dict[str, Mapping[str, object]] = {
        "discord": {"token": BOT_TOKEN, "api_url": stage.discord.api_url, "gateway_url": stage.discord.gateway_url},
        "provider": {"base_url": stage.provider.url, "api_key": API_KEY},
        "database": {"url": f"sqlite:///{folder / 'showreel.db'}"},
        "worker": {"poll_interval": 0.5, "poll_interval_max": 2.0},
        "server": {"port": 0},
        **further,
    }
    return "".join(
        f"[{section}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())
        for section, values in sections.items()
    )


async def _scripted(stage: Stage, folder: Path, console: Console) -> bool:
    _narrate(stage, console)
    member, channel = stage.member, stage.channel
    prompts = ("A lighthouse in a storm, waves breaking", "The picture comes to life, a slow move closer")
    await member.run("video text", channel=channel, options={"prompt": prompts[0], "duration": 4})
    picture = Upload("poster.png", _picture(), content_type="image/png")
    await member.run("video image", channel=channel, options={"image": picture, "prompt": prompts[1]})
    try:
        await stage.discord.wait_for(lambda: len(_videos(stage)) >= len(prompts), timeout=PATIENCE)
    except TimeoutError:
        console.print(_("The videos did not arrive in time; see {log}.", log=folder / "bot.log"), style="red")
        return False
    _print_threads(stage, console)
    _print_files(stage, folder, console)
    usage = await member.run("usage", channel=channel, options={})
    with suppress(TimeoutError):
        await stage.discord.wait_for(lambda: usage.message and not usage.message.loading, timeout=PATIENCE)
    if usage.message is not None:
        console.print(_message_panel(stage, usage.message, _("/usage, as only ada sees it")))
    return True


def _narrate(stage: Stage, console: Console) -> None:
    """Print what happens as it happens."""
    narrator = Narrator(console, stage.member.name)
    stage.discord.on_event = narrator.discord
    stage.provider.on_event = narrator.service


def _print_addresses(stage: Stage, console: Console) -> None:
    table = Table(title=_("Running; interrupt to stop"), show_header=False)
    for setting, value in (
        ("[discord] api_url", stage.discord.api_url),
        ("[discord] gateway_url", stage.discord.gateway_url),
        ("[discord] token", BOT_TOKEN),
        ("[provider] base_url", stage.provider.url),
        ("[provider] api_key", API_KEY),
    ):
        table.add_row(Text(setting), value)
    table.add_row(_("what the simulated Discord can be asked"), stage.discord.url + "/sandbox/help")
    table.add_row(_("what the simulated service can be asked"), stage.provider.origin + "/sandbox/help")
    console.print(table)
    console.print(_("Ask for a video as the member ada:"))
    asked = 'curl -F member=ada -F channel=videos -F command="video text" -F prompt="a cat"'
    console.print(f"{asked} {stage.discord.url}/sandbox/run", markup=False, highlight=False, soft_wrap=True)


def _print_threads(stage: Stage, console: Console) -> None:
    for thread in stage.discord.threads:
        for message in thread.messages:
            console.print(_message_panel(stage, message, _("thread “{name}”", name=thread.name)))


def _message_panel(stage: Stage, message: Message, title: str) -> Panel:
    lines = [message.content] if message.content else []
    for embed in message.embeds:
        lines += [embed.get("title") or "", embed.get("description") or ""]
        lines += [f"{field['name']}: {field['value']}" for field in embed.get("fields", ())]
    lines += [f"[{attachment.filename}, {attachment.size:,} bytes]" for attachment in message.attachments]
    text = readable("\n".join(filter(None, lines)), stage.member.name)
    return Panel(Text(text), title=title, title_align="left")


def _print_files(stage: Stage, folder: Path, console: Console) -> None:
    for attachment in _videos(stage):
        path = folder / attachment.filename
        path.write_bytes(attachment.data)
        console.print(_("video: {path}", path=path), markup=False, highlight=False, soft_wrap=True)


def _videos(stage: Stage) -> list[Any]:
    return [
        attachment
        for thread in stage.discord.threads
        for message in thread.messages
        for attachment in message.attachments
        if attachment.filename.endswith(".mp4")
    ]


def _picture() -> bytes:
    """A picture to attach: a sunset of bands."""
    from PIL import Image, ImageDraw  # noqa: PLC0415 - heavy, and needed by the demo alone

    image = Image.new("RGB", (960, 540))
    draw = ImageDraw.Draw(image)
    for band in range(18):
        draw.rectangle((0, band * 30, 960, band * 30 + 30), fill=(255 - band * 6, 120 + band * 4, 40 + band * 11))
    draw.ellipse((380, 160, 580, 360), fill=(255, 236, 150))
    out = BytesIO()
    image.save(out, "PNG")
    return out.getvalue()

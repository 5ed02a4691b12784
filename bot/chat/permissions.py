"""Which permissions the bot needs, and where it lacks them."""

from dataclasses import dataclass

import discord

from bot.chat.client import login_faults
from bot.chat.endpoints import point_at

NEEDED = discord.Permissions(
    view_channel=True,
    send_messages=True,
    create_public_threads=True,
    send_messages_in_threads=True,
    attach_files=True,
    embed_links=True,
    read_message_history=True,
)
"""For cards, threads, videos, and the look back before a notice is posted again."""

GUILDS_ASKED = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Lacking:
    """A guild and the permissions, by Discord's names, that the bot lacks there."""

    guild: str
    permissions: tuple[str, ...]


async def lacking_permissions(api_url: str, token: str) -> tuple[int, list[Lacking]]:
    """How many guilds the bot is in (at most 200 are asked), and what it lacks in which.

    Raises TokenRefusedError or DiscordUnreachableError.
    """
    point_at(api_url, "")
    with login_faults():
        async with discord.Client(intents=discord.Intents(guilds=True)) as client:
            await client.login(token)
            guilds = await client.http.get_guilds(GUILDS_ASKED)
    lacking = [
        Lacking(guild=guild["name"], permissions=missing)
        for guild in guilds
        if (missing := missing_from(discord.Permissions(int(guild["permissions"]))))
    ]
    return len(guilds), lacking


def missing_from(held: discord.Permissions) -> tuple[str, ...]:
    """The needed permissions that are not among those held."""
    if held.administrator:
        return ()
    return tuple(name for name, needed in NEEDED if needed and not getattr(held, name))

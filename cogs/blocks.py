"""Naming somebody who is blocked: as a member, or from the list, where those who left are too."""

import re
from collections.abc import Sequence

import discord
from discord import app_commands

from bot.chat.lists import clip, id_of
from bot.domain.errors import OneOfThese, Rejection
from bot.domain.guild import Block
from bot.i18n import _
from cogs.choices import CHOICES_MOST, NAME_MOST

_MENTION = re.compile(r"<@!?([0-9]+)>")


def one_of(member: discord.User | discord.Member | None, listed: str | None) -> int:
    """The id of whom somebody chose; raises Rejection(OneOfThese or NotListed)."""
    if (member is None) is (listed is None):
        raise Rejection(OneOfThese(("member", "listed")))
    if member is not None:
        return member.id
    typed = (listed or "").strip()
    mention = _MENTION.fullmatch(typed)
    return id_of(mention[1] if mention else typed)


def block_choices(blocks: Sequence[Block], current: str) -> list[app_commands.Choice[str]]:
    """The blocks that match what was typed, latest first."""
    typed = current.strip().lower()
    lines = [(_line(block), str(block.user_id)) for block in blocks]
    return [
        app_commands.Choice(name=clip(line, NAME_MOST), value=value) for line, value in lines if typed in line.lower()
    ][:CHOICES_MOST]


def _line(block: Block) -> str:
    until = _("until {day}", day=f"{block.until:%Y-%m-%d}") if block.until else _("without end")
    return " · ".join(part for part in (str(block.user_id), until, block.why) if part)

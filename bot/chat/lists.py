"""Lists in private answers: whole lines, page by page, and nothing in them that formats."""

from collections.abc import Sequence

import discord

from bot.chat import texts
from bot.domain.errors import NotListed, Rejection
from bot.i18n import _

DESCRIPTION_MOST = 4096
"""Characters of an embed's description, by Discord's bound."""

TOLD_MOST = 300
"""Characters of a text from people in a line."""

IDS = 2**63
"""Ids are below: Discord's, and those that a database gives."""

_DIGITS_MOST = 19


def listing(title: str, lines: Sequence[str], empty: str, page: int = 1) -> discord.Embed:
    """A page of a list with the count of all in the title, or the sentence for an empty one.

    Pages count from 1; one after the last is the last. The foot says which page it is where there are several.
    """
    pages = _pages(lines)
    number = min(page, len(pages))
    heading = f"{title} · {len(lines)}" if lines else title
    text = "\n".join(pages[number - 1]) if pages else empty
    embed = discord.Embed(title=heading, description=text, colour=discord.Colour.blurple())
    if number < len(pages):
        foot = _("Page {page} of {pages}. More comes with page: {next}", page=number, pages=len(pages), next=number + 1)
        embed.set_footer(text=foot)
    elif number > 1:
        embed.set_footer(text=_("Page {page}, the last one.", page=number))
    return embed


def fitting(lines: Sequence[str]) -> Sequence[str]:
    """The first of the lines, as many as fit whole into an embed; at least one."""
    left = DESCRIPTION_MOST
    for count, line in enumerate(lines):
        left -= len(line) + 1
        if left < -1:
            return lines[: max(1, count)]
    return lines


def id_of(text: str) -> int:
    """An id that was chosen from a list, or typed. Raises Rejection(NotListed) for what can be none."""
    typed = text.strip()
    is_number = typed.isascii() and typed.isdecimal() and len(typed) <= _DIGITS_MOST
    if not is_number or int(typed) >= IDS:
        raise Rejection(NotListed())
    return int(typed)


def told(text: str, most: int = TOLD_MOST) -> str:
    """A text from people on one line: plain, and clipped."""
    return texts.plain(clip(" ".join(text.split()), most))


def code(text: str) -> str:
    """A text from people as it is, in a code span; a backtick, which would end it, becomes its like."""
    return "`" + " ".join(text.split()).replace("`", "\N{MODIFIER LETTER GRAVE ACCENT}") + "`"


def clip(text: str, most: int) -> str:
    """A text of so many characters at most."""
    return text if len(text) <= most else text[: most - 1] + "…"


def _pages(lines: Sequence[str]) -> list[Sequence[str]]:
    """All lines, as many on each page as fit."""
    pages = []
    while lines:
        pages.append(fitting(lines))
        lines = lines[len(pages[-1]) :]
    return pages

"""Lists in private answers: as many whole lines as fit, the others counted, and nothing in them that formats."""

from collections.abc import Sequence

import discord

from bot.chat import texts
from bot.domain.errors import NotListed, Rejection
from bot.i18n import n_

DESCRIPTION_MOST = 4096
"""Characters of an embed's description, by Discord's bound."""

ROOM = 60
"""Characters that are left for counting the others."""

TOLD_MOST = 300
"""Characters of a text from people in a line."""

IDS = 2**63
"""Ids are below: Discord's, and those that a database gives."""

_DIGITS_MOST = 19


def listing(title: str, lines: Sequence[str], empty: str) -> discord.Embed:
    """A list with its count in the title, or the sentence for an empty one."""
    heading = f"{title} · {len(lines)}" if lines else title
    return discord.Embed(title=heading, description=clipped(lines) or empty, colour=discord.Colour.blurple())


def clipped(lines: Sequence[str]) -> str:
    """As many whole lines as fit into an embed, the others counted."""
    shown: list[str] = []
    left = DESCRIPTION_MOST - ROOM
    for line in lines:
        left -= len(line) + 1
        if left < 0:
            shown.append(n_("and {count} more", "and {count} more", len(lines) - len(shown)))
            break
        shown.append(line)
    return "\n".join(shown)


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

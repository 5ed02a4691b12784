"""Lengths of time as people type them: 30m, 2h, 7d, 4w, or several together."""

import re
from datetime import timedelta

from discord import app_commands

from bot.domain.errors import Rejection, SpanUnreadable
from bot.i18n import n_

USUAL = ("30m", "2h", "12h", "1d", "7d", "4w")
"""Suggested while nothing is typed."""

_UNITS = "wdhm"
_PARTS = re.compile("".join(rf"(?:([0-9]{{1,6}})\s*{unit}\s*)?" for unit in _UNITS), re.IGNORECASE)


def span_of(text: str) -> timedelta:
    """A length of time; raises Rejection(SpanUnreadable)."""
    found = _PARTS.fullmatch(text.strip())
    if found is None or not any(found.groups()):
        raise Rejection(SpanUnreadable(text))
    weeks, days, hours, minutes = (int(number or 0) for number in found.groups())
    return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes)


def suggested(typed: str) -> list[app_commands.Choice[str]]:
    """Lengths that somebody may mean who has typed so much: what can be read already, a number in every unit."""
    text = typed.strip().lower()
    if not text:
        return [_choice(usual) for usual in USUAL]
    if re.fullmatch("[0-9]{1,6}", text):
        return [_choice(f"{int(text)}{unit}") for unit in reversed(_UNITS)]
    try:
        span_of(text)
    except Rejection:
        return []
    return [_choice(text)]


def _choice(text: str) -> app_commands.Choice[str]:
    return app_commands.Choice(name=_in_words(text), value=text)


def _in_words(text: str) -> str:
    found = _PARTS.fullmatch(text)
    weeks, days, hours, minutes = (int(number or 0) for number in (found.groups() if found else "0000"))
    words = (
        n_("{count} week", "{count} weeks", weeks) if weeks else "",
        n_("{count} day", "{count} days", days) if days else "",
        n_("{count} hour", "{count} hours", hours) if hours else "",
        n_("{count} minute", "{count} minutes", minutes) if minutes else "",
    )
    return ", ".join(word for word in words if word) or text

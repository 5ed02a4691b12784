"""How the rows and figures of reports are written: on one line, with nothing in it that does something when shown."""

import unicodedata
from datetime import timedelta

from bot.domain.figures import Figures, Group
from bot.i18n import _

NONE = "\N{EN DASH}"
"""In place of a figure that there is none of."""

_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co"})
_MARKS = frozenset({"Mn", "Me"})
_MARKS_MOST = 2
_DIGITS_SHOWN = 4


def key(group: Group) -> str:
    """What the row's generations share, as it is."""
    return plain(group.key)


def operation(group: Group) -> str:
    """An operation by the API's own name."""
    return key(group)


def member(group: Group) -> str:
    """A member's name; where none is known, or nothing of it can be shown, the end of their id."""
    return plain(group.name or "") or member_id(group)


def member_id(group: Group) -> str:
    """A member by the end of their id alone."""
    if group.user_id is None:
        return _("former member")
    return _("member …{digits}", digits=str(group.user_id)[-_DIGITS_SHOWN:])


def channel(group: Group) -> str:
    """A channel by the end of its id; only Discord knows its name."""
    return channel_id(group.key)


def channel_id(id_: str | int) -> str:
    """A channel by the end of its id; direct messages, which are entered as 0, all as one."""
    if str(id_) == "0":
        return _("direct messages")
    return _("channel …{digits}", digits=str(id_)[-_DIGITS_SHOWN:])


def plain(text: str) -> str:
    """A text from outside on one line: no directions, no control characters, no towers of accents."""
    kept: list[str] = []
    marks = 0
    for char in " ".join(text.split()):
        category = unicodedata.category(char)
        marks = marks + 1 if category in _MARKS else 0
        if category not in _INVISIBLE and marks <= _MARKS_MOST:
            kept.append(char)
    return "".join(kept).strip()


def dollars(micros: int) -> str:
    """Micro-dollars in dollars: to the cent, less than ten cents more finely; only nothing is shown as nothing."""
    finely = 4 if micros >= 100 else 6
    digits = 2 if micros >= 100_000 or micros % 10_000 == 0 else finely
    return _("${dollars}", dollars=f"{micros / 1_000_000:,.{digits}f}")


def spend(figures: Figures) -> str:
    """What was charged, and that there is more of an unknown price."""
    known = dollars(figures.micros)
    return _("{known} + {count} unpriced", known=known, count=figures.unpriced) if figures.unpriced else known


def spend_in_short(figures: Figures) -> str:
    """The same, where there is little room."""
    known = dollars(figures.micros)
    return f"{known} + ?" if figures.unpriced else known


def share(rate: float | None) -> str:
    """A share in percent, a dash where there is none; never rounded up to all of it."""
    if rate is None:
        return NONE
    return _("{percent:.0f} %", percent=100 * rate if rate in {0, 1} else min(99, max(1, 100 * rate)))


def length(time: timedelta | None) -> str:
    """A length of time as minutes and seconds, a dash where there is none."""
    if time is None:
        return NONE
    seconds = round(time.total_seconds())
    if seconds < 60:
        return _("{seconds} s", seconds=seconds)
    if seconds < 3600:
        return _("{minutes} min {seconds} s", minutes=seconds // 60, seconds=seconds % 60)
    return _("{hours} h {minutes} min", hours=seconds // 3600, minutes=seconds % 3600 // 60)

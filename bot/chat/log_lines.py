"""Lines of the audit in words, for /mod log and for the log channel."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType

from bot.chat import texts
from bot.domain.limits import Limit, Measure, Scope, Window
from bot.domain.moderating import Action, LogLine
from bot.i18n import N_, _
from bot.reports.labels import dollars

LINE_MOST = 380
"""Characters of one line, so that ten fit into an embed's description."""

_CHARGED = re.compile(r"generations (\d+), seconds (\d+), micros (\d+|unknown)")

ACTIONS: Mapping[Action, str] = MappingProxyType(
    {
        Action.CHANGE_SETTINGS: N_("changed a setting"),
        Action.PAUSE: N_("paused new videos"),
        Action.RESUME: N_("resumed new videos"),
        Action.SET_LIMIT: N_("set a limit"),
        Action.CLEAR_LIMIT: N_("cleared a limit"),
        Action.BLOCK: N_("blocked a member"),
        Action.UNBLOCK: N_("unblocked a member"),
        Action.ADD_RULE: N_("added a word rule"),
        Action.REMOVE_RULE: N_("removed a word rule"),
        Action.ALLOW_CHANNEL: N_("allowed a channel"),
        Action.REMOVE_CHANNEL: N_("removed a channel"),
        Action.ALLOW_MODEL: N_("allowed a model"),
        Action.REMOVE_MODEL: N_("removed a model"),
        Action.SET_SCHEDULE: N_("scheduled reports"),
        Action.CLEAR_SCHEDULE: N_("stopped the scheduled reports"),
        Action.CANCEL: N_("asked to stop a video"),
        Action.REFUND: N_("gave a charge back"),
        Action.GIVE_UP: N_("gave up an unclear video"),
        Action.ATTACH_TASK: N_("attached a task"),
        Action.GRACE_OVER: N_("released an unclear video's hold"),
        Action.SETTLE_MISSING: N_("completed a settlement"),
    }
)


def action_name(action: str) -> str:
    """What was done; a word of another version stays as it is."""
    known = ACTIONS.get(Action(action)) if action in set(Action) else None
    return _(known) if known else texts.word(action)


def line(found: LogLine) -> str:
    """One line: when, who, what, to whom, from what to what, and why. People in it are links; nobody is pinged."""
    parts = [f"{texts.instant(found.at, 'f')} {_who(found)} {action_name(found.action)}"]
    subject = _subject(found)
    if subject:
        parts.append(subject)
    if found.generation_id:
        parts.append(f"`{found.generation_id}`")
    if found.before or found.after:
        parts.append(f"{_value(found.action, found.before)} → {_value(found.action, found.after)}")
    if found.why:
        parts.append(_("“{why}”", why=texts.word(found.why)))
    text = " · ".join(parts)
    return text if len(text) <= LINE_MOST else text[: LINE_MOST - 1] + "…"


def _who(found: LogLine) -> str:
    if found.actor_key is None:
        return _("The bot")
    return f"<@{found.actor_id}>" if found.actor_id else _("A former member")


def _value(action: str, stored: str | None) -> str:
    """What was before or after, in words where those of its action have some."""
    if stored is None:
        return _("nothing")
    words = _IN_WORDS.get(action)
    return (words(stored) if words else None) or texts.word(stored)


def _setting(stored: str) -> str | None:
    """A setting that is an instant or a link."""
    name, _separator, value = stored.partition(": ")
    if name == "paused_at":
        at = _instant(value)
        return _("paused since {when}", when=texts.instant(at, "f")) if at else None
    links = {"log_channel_id": f"<#{value}>", "moderator_role_id": f"<@&{value}>"}
    return links.get(name) if value.isdigit() else None


def _block(stored: str) -> str | None:
    """The end of a block, which stands before its reason."""
    end, _separator, _reason = stored.partition(": ")
    at = _instant(end.removeprefix("until "))
    return _("until {when}", when=texts.instant(at, "f")) if at else None


def _instant(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _limit(stored: str) -> str | None:
    """A limit as the audit has it, such as "guild micros/month: 5000000"; whose it is stands in the subject."""
    name, _separator, value = stored.partition(": ")
    scope, _separator, counted = name.partition(" ")
    measure, _slash, window = counted.partition("/")
    if scope not in set(Scope) or measure not in set(Measure) or not value.isdigit():
        return None
    if window and window not in set(Window):
        return None
    span = Window(window) if window else None
    return texts.whole_amount(Limit(scope=Scope(scope), measure=Measure(measure), window=span, amount=int(value)))


def _charge(stored: str) -> str | None:
    """What was charged, as the audit has it: "generations 1, seconds 8, micros 4000000", or "micros unknown"."""
    match = _CHARGED.fullmatch(stored)
    if match is None:
        return None
    counts = zip((Measure.GENERATIONS, Measure.SECONDS), (match[1], match[2]), strict=True)
    price = dollars(int(match[3])) if match[3].isdigit() else _("price unknown")
    return ", ".join([*(texts.amount(measure, int(count)) for measure, count in counts), price])


def _subject(found: LogLine) -> str:
    kind, _separator, name = (found.subject or "").partition(":")
    match kind:
        case "member":
            return f"<@{found.member_id}>" if found.member_id else _("a former member")
        case "role":
            return f"<@&{name}>"
        case "channel":
            return f"<#{name}>"
        case _:
            return texts.word(name or kind)


_IN_WORDS: Mapping[str, Callable[[str], str | None]] = MappingProxyType(
    {
        **dict.fromkeys((Action.CHANGE_SETTINGS, Action.PAUSE, Action.RESUME), _setting),
        **dict.fromkeys((Action.SET_LIMIT, Action.CLEAR_LIMIT), _limit),
        **dict.fromkeys((Action.BLOCK, Action.UNBLOCK), _block),
        Action.REFUND: _charge,
    }
)
"""How what was before and after is read, by what was done; anything else is told as it was written down."""

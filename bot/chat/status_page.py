"""How the whole bot is doing, in words, for its owner."""

import discord

from bot.chat import texts
from bot.domain.generation import State
from bot.domain.overview import Overview, Spend, Waiting
from bot.i18n import _, n_
from bot.reports.labels import dollars
from bot.work.ownership import Status

HOLDS_SHOWN = 8
ANSWER_SHOWN = 200
"""Characters of what the video service answered."""


def embed(status: Status) -> discord.Embed:
    """The whole status on one page."""
    overview = status.overview
    made = discord.Embed(title=_("Status of the bot"), colour=discord.Colour.blurple())
    made.add_field(name=_("New videos"), value=_accepting(status), inline=False)
    made.add_field(name=_("Video service"), value=_provider(status), inline=False)
    made.add_field(name=_("Under way"), value=_queue(overview), inline=False)
    made.add_field(name=_("Running for longest"), value=_oldest(overview.oldest_running), inline=False)
    made.add_field(name=_("Spent today"), value=_spent(overview.spend), inline=False)
    made.add_field(
        name=_("Open for more than a day"), value=_holds(overview.old_holds, overview.old_hold_count), inline=False
    )
    made.timestamp = status.at
    return made


def _accepting(status: Status) -> str:
    if status.paused_at is None:
        return _("are taken")
    return _("are paused since {when}; /owner resume takes them again", when=texts.instant(status.paused_at))


def _provider(status: Status) -> str:
    lines = []
    if status.door_closed_at is not None:
        answer = texts.word((status.door_closed_by or "?")[:ANSWER_SHOWN])
        when = texts.instant(status.door_closed_at)
        lines.append(_("takes nothing from us since {when}: {answer}", when=when, answer=answer))
    if status.away_since is not None:
        lines.append(_("gives no usable answer since {when}", when=texts.instant(status.away_since)))
    return "\n".join(lines) or _("answers")


def _queue(overview: Overview) -> str:
    lines = [f"{texts.state_name(state)}: {overview.queue[state]}" for state in State if overview.queue.get(state)]
    return "\n".join(lines) or _("nothing")


def _oldest(waiting: Waiting | None) -> str:
    return _("nothing") if waiting is None else _waiting(waiting)


def _waiting(waiting: Waiting) -> str:
    where = _("directly") if waiting.guild_id is None else _("server {id}", id=waiting.guild_id)
    return f"`{waiting.generation_id}` · {texts.state_name(waiting.state)} · {texts.instant(waiting.since)} · {where}"


def _spent(spend: Spend) -> str:
    known = n_("{money} for {count} video", "{money} for {count} videos", spend.known, money=dollars(spend.micros))
    if not spend.unknown:
        return known
    return known + ", " + n_("and {count} of unknown price", "and {count} of unknown price", spend.unknown)


def _holds(holds: tuple[Waiting, ...], count: int) -> str:
    lines = [_waiting(hold) for hold in holds[:HOLDS_SHOWN]]
    rest = count - len(lines)
    if rest > 0:
        lines.append(n_("and {count} more", "and {count} more", rest))
    return "\n".join(lines) or _("nothing")

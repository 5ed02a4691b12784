"""What is stored of a member, and what became of it, in plain words."""

import re
from datetime import timedelta
from typing import Any

import discord

from bot.chat import texts
from bot.domain.holdings import Holdings
from bot.i18n import _, n_
from bot.work.privacy import LONGEST_WINDOW, Stored

_CUSTOM_ID = re.compile(r"showreel:privacy:erase:([0-9]+)")


def stored(found: Stored, retention: timedelta | None) -> discord.Embed:
    """What is stored, until when and why."""
    holdings = found.holdings
    made = discord.Embed(title=_("What I have stored of you"), colour=discord.Colour.blurple())
    if holdings.key is None:
        made.description = _("Nothing: you have not asked me for a video yet.")
    else:
        made.add_field(name=_("Your videos"), value=_videos(found, retention), inline=False)
        made.add_field(name=_("Your name"), value=_name(holdings), inline=False)
        made.add_field(name=_("Figures"), value=_figures(holdings), inline=False)
    if holdings.refused_prompts:
        made.add_field(name=_("Refused prompts"), value=_refused(holdings), inline=False)
    if holdings.blocks:
        made.add_field(name=_("Blocks"), value=_blocks(holdings), inline=False)
    if holdings.limits:
        made.add_field(name=_("Limits"), value=_limits(holdings), inline=False)
    made.add_field(name=_("Not with me"), value=_elsewhere(), inline=False)
    made.set_footer(text=_("/privacy delete erases what is yours."))
    return made


def question(found: Stored) -> discord.Embed:
    """What will be erased, before it is."""
    lines = [
        _("I will erase your prompts, the names and addresses of your files and videos, and your name."),
        _("On my cards in servers I take prompts and files away as well; the videos stay where they were posted."),
        _("/show and /history can't bring those videos back, and none of them can be extended here any more."),
        _("The figures stay, without your name, so that limits and reports stay right."),
    ]
    if found.holdings.under_way:
        lines.append(
            n_(
                "{count} video is under way: it is made and delivered first, and erased then.",
                "{count} videos are under way: they are made and delivered first, and erased then.",
                found.holdings.under_way,
            )
        )
    lines.append(_("This can't be undone."))
    return discord.Embed(
        title=_("Erase what is stored of you?"), description="\n".join(lines), colour=discord.Colour.red()
    )


def erased(count: int, after: Holdings) -> discord.Embed:
    """What was erased now, what will be, and what stays."""
    made = discord.Embed(title=_("Erased"), colour=discord.Colour.blurple())
    if after.key is None:
        made.description = _("There was nothing of yours to erase.")
    else:
        now = n_(
            "Prompt, files and addresses of {count} video, your name, and the prompts that were refused.",
            "Prompts, files and addresses of {count} videos, your name, and the prompts that were refused.",
            count,
        )
        made.add_field(name=_("Now"), value=now, inline=False)
        if after.kept:
            later = n_(
                "{count} video that has not ended, or was not told to you yet: as soon as it has.",
                "{count} videos that have not ended, or were not told to you yet: as soon as they have.",
                after.kept,
            )
            made.add_field(name=_("Later, by itself"), value=later, inline=False)
        made.add_field(name=_("The figures"), value=_parting(after), inline=False)
    if after.blocks:
        made.add_field(name=_("Blocks"), value=_blocks(after), inline=False)
    made.add_field(name=_("Not with me"), value=_elsewhere(), inline=False)
    return made


def erase_button(user_id: int) -> discord.ui.View:
    """The button that erases; its custom id says for whom."""
    view = discord.ui.View(timeout=None)
    custom_id = f"showreel:privacy:erase:{user_id}"
    view.add_item(
        discord.ui.Button(label=_("Erase it for good"), style=discord.ButtonStyle.danger, custom_id=custom_id)
    )
    view.stop()  # nothing waits for it in memory: the custom id says it all
    return view


def pressed_for(interaction: discord.Interaction[Any]) -> int | None:
    """Whose data a pressed button would erase; None for any other interaction."""
    if interaction.type is not discord.InteractionType.component:
        return None
    data: Any = interaction.data or {}
    match = _CUSTOM_ID.fullmatch(str(data.get("custom_id", "")))
    return int(match[1]) if match else None


def _videos(found: Stored, retention: timedelta | None) -> str:
    holdings = found.holdings
    lines = [n_("{count} request for a video in all.", "{count} requests for videos in all.", holdings.generations)]
    if holdings.kept:
        lines.append(
            n_(
                "Of {count} I still have the prompt, the names of attached files, and where card and video are: to make"
                " and deliver it, and for /history and /show.",
                "Of {count} I still have the prompts, the names of attached files, and where cards and videos are: to"
                " make and deliver them, and for /history and /show.",
                holdings.kept,
            )
        )
    if holdings.under_way:
        lines.append(n_("{count} is under way.", "{count} are under way.", holdings.under_way))
    if retention is None:
        lines.append(_("They are kept until you erase them."))
    elif found.kept_until is not None:
        days, when = retention.days, texts.instant(found.kept_until, "D")
        lines.append(_("Each is erased {days} days after its end, the last on {when}.", days=days, when=when))
    return "\n".join(lines)


def _name(holdings: Holdings) -> str:
    if holdings.name is None:
        return _("None; only your Discord id, to count what you use.")
    name = texts.word(holdings.name)
    return _(
        "{name}, as Discord showed it last, and your Discord id: for reports, and to count what you use.", name=name
    )


def _figures(holdings: Holdings) -> str:
    lines = [
        n_(
            "{count} entry about usage and cost, for limits and reports; kept, under a number instead of your name.",
            "{count} entries about usage and cost, for limits and reports; kept, under a number instead of your name.",
            holdings.ledger_entries,
        )
    ]
    if holdings.log_lines:
        lines.append(
            n_(
                "{count} line in the log of what moderators do, by or about you; kept under the same number.",
                "{count} lines in the log of what moderators do, by or about you; kept under the same number.",
                holdings.log_lines,
            )
        )
    if holdings.forget_since is not None:
        lines.append(
            _("You asked to be forgotten {when}.", when=texts.instant(holdings.forget_since)) + " " + _parting(holdings)
        )
    return "\n".join(lines)


def _parting(holdings: Holdings) -> str:
    """What becomes of the figures; a block or a limit that holds names whom the lines of the log about it are about."""
    days = LONGEST_WINDOW.days
    if holdings.blocks or holdings.limits:
        return _(
            "They stay. The link to your account is dropped once no limit needs it, {days} days after your last request"
            " at the earliest. But what a server has set against your Discord id stays, and so do the lines of its log"
            " about that: by these it can still be told which figures are yours.",
            days=days,
        )
    return _(
        "They stay, but nobody will be able to tell by what I keep that they are yours: the link to your account is"
        " dropped once no limit needs it, {days} days after your last request at the earliest.",
        days=days,
    )


def _refused(holdings: Holdings) -> str:
    return n_(
        "{count} prompt that was refused by this server's rules, for its moderators.",
        "{count} prompts that were refused by a server's rules, for its moderators.",
        holdings.refused_prompts,
    )


def _blocks(holdings: Holdings) -> str:
    return n_(
        "You are blocked in {count} server. That stays with your Discord id, whatever is erased.",
        "You are blocked in {count} servers. That stays with your Discord id, whatever is erased.",
        holdings.blocks,
    )


def _limits(holdings: Holdings) -> str:
    return n_(
        "{count} limit was set for you alone. That stays with your Discord id, whatever is erased.",
        "{count} limits were set for you alone. They stay with your Discord id, whatever is erased.",
        holdings.limits,
    )


def _elsewhere() -> str:
    return _(
        "Videos that stand in Discord: ask the moderators to delete them. And what the video service keeps for a"
        " limited time by its own rules."
    )

"""The pages of the setup in words: what is set, what is missing, what it is for."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import assert_never

import discord

from bot.chat import texts
from bot.chat.channel_checks import FOR_LOG, FOR_REPORTS, LACKING, check, check_everywhere, line
from bot.chat.setup_controls import Page
from bot.chat.setup_view import EVERY_NAMES, PAGE_NAMES, Present
from bot.domain.limits import Limit, Scope
from bot.i18n import N_, _, n_

IN_FIELD = 1000
ON_PAGE = 3000
"""Characters of lines in the overview and on a page; what is over is counted."""

_ABOUT: Mapping[Page, str] = MappingProxyType(
    {
        Page.OVERVIEW: N_(
            "What is set in this server. Everything has a default, is saved at once and can be changed later."
        ),
        Page.CHANNELS: N_(
            "Where videos may be made: in the channels and categories that you choose; everywhere if you choose none."
        ),
        Page.LOG: N_("What moderators change here is told in this channel too. Choose none to keep it to /mod log."),
        Page.REPORTS: N_("A report of usage and cost comes by itself for each day, week or month that is over."),
        Page.MODEL: N_("The model that is taken where a member chooses none and it can do what they ask for."),
        Page.LIMITS: N_(
            "How much may be made here. Members see what is left with /usage; /mod limits sets it for roles, for single"
            " members and for other spans."
        ),
        Page.ZONE: N_("Days, weeks and months of limits and reports begin at midnight here."),
        Page.ROLE: N_("Who has this role may do with this bot what those with Manage Server may."),
    }
)


def embed(page: Page, present: Present) -> discord.Embed:
    """A page in words."""
    made = discord.Embed(
        title=_("Setup: {page}", page=_(PAGE_NAMES[page])),
        description=_(_ABOUT[page]),
        colour=discord.Colour.blurple(),
    )
    if page is not Page.OVERVIEW:
        made.description = "\n\n".join([_(_ABOUT[page]), *_paragraphs(page, present)])
        return made
    for other in list(Page)[1:]:
        made.add_field(name=_(PAGE_NAMES[other]), value=_fitting(_lines(other, present), IN_FIELD), inline=False)
    return made


def _paragraphs(page: Page, present: Present) -> list[str]:
    found = _lines(page, present)
    paragraphs = [_fitting(found, ON_PAGE)]
    if any(one.startswith(LACKING) for one in found):
        paragraphs.append(
            _("Give me what is missing in the channel's settings under Permissions, then press “Look again”.")
        )
    if page is Page.ROLE:
        paragraphs.append(_integrations(present.bot_name))
    return paragraphs


def _integrations(bot_name: str) -> str:
    """The one step that no bot can take for an administrator."""
    return _(
        "Discord shows /mod and /setup to those with Manage Server only, and no bot may change that. So an"
        " administrator has to open Server Settings > Integrations > {bot}, choose /mod and then /setup, and add the"
        " role there.",
        bot=texts.plain(bot_name),
    )


def _fitting(found: Sequence[str], room: int) -> str:
    """As many whole lines as fit, the others counted."""
    text = found[0][:room]
    for index, one in enumerate(found[1:], 1):
        if len(text) + 1 + len(one) > room:
            rest = len(found) - index
            return text + "\n" + n_("and {count} more", "and {count} more", rest)
        text += f"\n{one}"
    return text


def _lines(page: Page, present: Present) -> list[str]:  # noqa: PLR0911 - one per page
    """What is set, at least a line."""
    settings = present.settings
    match page:
        case Page.OVERVIEW | Page.CHANNELS:
            return _channel_lines(present)
        case Page.LOG:
            return _told_in(present, settings.log_channel_id, FOR_LOG) or [_("none")]
        case Page.REPORTS:
            return _report_lines(present)
        case Page.MODEL:
            return [settings.default_model or _own(present.default_model or _("none"))]
        case Page.LIMITS:
            return _limit_lines(present.limits)
        case Page.ZONE:
            return [settings.time_zone or _own(present.time_zone)]
        case Page.ROLE:
            return [f"<@&{settings.moderator_role_id}>" if settings.moderator_role_id else _("none")]
        case _:
            assert_never(page)


def _own(value: str) -> str:
    return _("{value} (as the bot is configured)", value=value)


def _channel_lines(present: Present) -> list[str]:
    if not present.is_known:
        return [_("I don't know this server's channels yet. Press “Look again” in a minute.")]
    if present.channels:
        return [line(finding) for finding in check(present.guild, present.channels)]
    lacking = check_everywhere(present.guild)
    if not lacking:
        return ["✅ " + _("everywhere; in the channels that I see I have all that I need")]
    return [_("everywhere"), *(line(finding) for finding in lacking)]


def _told_in(present: Present, channel_id: int | None, needed: discord.Permissions) -> list[str]:
    if channel_id is None:
        return []
    if not present.is_known:
        return [f"<#{channel_id}>"]
    return [line(finding) for finding in check(present.guild, [channel_id], needed)]


def _report_lines(present: Present) -> list[str]:
    schedule = present.schedule
    if schedule is None:
        return [_("none")]
    name = EVERY_NAMES.get(schedule.every)
    return [*([_(name)] if name else []), *_told_in(present, schedule.channel_id, FOR_REPORTS)]


def _limit_lines(limits: Sequence[Limit]) -> list[str]:
    """What holds for everybody here; those of roles and single members are counted."""
    everyones = [limit for limit in limits if not limit.scope_id and limit.scope is not Scope.BOT]
    others = sum(1 for limit in limits if limit.scope_id)
    shown = [_own(texts.limit_name(one)) if one.is_default else texts.limit_name(one) for one in everyones]
    if others:
        shown.append(n_("and {count} for a role or a member", "and {count} for roles or members", others))
    return shown or [_("none")]

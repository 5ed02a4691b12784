"""The view of the setup: its controls, with what is set at present shown as chosen."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, assert_never

import discord

from bot.chat.setup_controls import Control, Page, control_id, page_id
from bot.domain.catalog import Model
from bot.domain.guild import GuildSettings, Schedule
from bot.domain.limits import Limit, Measure, Scope, Window
from bot.i18n import N_, _

CHOICES_MOST = 25
"""Options of a select menu, and what can be chosen in one, by Discord's bound."""

OWN_DEFAULT = "*"
"""In place of a model's id: the bot's own default."""

NEVER = "never"

PAGE_NAMES: Mapping[Page, str] = MappingProxyType(
    {
        Page.OVERVIEW: N_("Overview"),
        Page.CHANNELS: N_("Channels for videos"),
        Page.LOG: N_("Log channel"),
        Page.REPORTS: N_("Reports"),
        Page.MODEL: N_("Default model"),
        Page.LIMITS: N_("Limits"),
        Page.ZONE: N_("Time zone"),
        Page.ROLE: N_("Moderator role"),
    }
)

EVERY_NAMES: Mapping[Window, str] = MappingProxyType(
    {Window.DAY: N_("every day"), Window.WEEK: N_("every week"), Window.MONTH: N_("every month")}
)

_TALKED = (discord.ChannelType.text, discord.ChannelType.news)
_CHOSEN = (*_TALKED, discord.ChannelType.forum, discord.ChannelType.category)


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """What is set at present in a guild. `default_model` and `time_zone` are the bot's own; None: there is none.

    `is_known`: whether the gateway has told of the guild's channels and roles yet.
    """

    guild: discord.Guild
    is_known: bool
    bot_name: str
    settings: GuildSettings
    channels: tuple[int, ...]
    schedule: Schedule | None
    limits: tuple[Limit, ...]
    models: tuple[Model, ...]
    default_model: str | None
    time_zone: str

    def limit(self, counts: tuple[Scope, Measure, Window | None]) -> Limit | None:
        """The limit of this kind that moderators have set for everyone; None where there is none."""
        for limit in self.limits:
            if (limit.scope, limit.measure, limit.window) == counts and not limit.scope_id and not limit.is_default:
                return limit
        return None


def view(page: Page, present: Present) -> discord.ui.View:
    """A page's controls, and those that lead to the others."""
    made = discord.ui.View(timeout=None)
    for row, item in _controls(page, present):
        item.row = row
        made.add_item(item)
    for item in _turning(page):
        made.add_item(item)
    made.add_item(_pages(page))
    made.stop()  # nothing waits for it in memory: the custom ids say it all
    return made


def selectable(guild: discord.Guild, channel_ids: Iterable[int]) -> list[int]:
    """Those channels that the menu can show as chosen: known, of its kinds, and as many as it takes."""
    known = (guild.get_channel(channel_id) for channel_id in sorted(channel_ids))
    return [channel.id for channel in known if channel is not None and channel.type in _CHOSEN][:CHOICES_MOST]


def _controls(page: Page, present: Present) -> Iterator[tuple[int, discord.ui.Item[Any]]]:
    settings = present.settings
    match page:
        case Page.OVERVIEW:
            return
        case Page.CHANNELS:
            chosen = selectable(present.guild, present.channels)
            most = max(1, min(CHOICES_MOST, len([one for one in present.guild.channels if one.type in _CHOSEN])))
            yield 0, _channel_menu(Control.ALLOWED, _CHOSEN, chosen, least=0, most=most)
            is_open = not present.channels
            yield 1, _button(Control.EVERYWHERE, _("Allow every channel"), disabled=is_open)
        case Page.LOG:
            yield (
                0,
                _channel_menu(Control.LOG_CHANNEL, _TALKED, _known(present.guild, settings.log_channel_id), least=0),
            )
        case Page.REPORTS:
            yield 0, _every_menu(present.schedule)
            channel = present.schedule.channel_id if present.schedule else None
            yield 1, _channel_menu(Control.REPORT_CHANNEL, _TALKED, _known(present.guild, channel))
        case Page.MODEL:
            yield 0, _model_menu(present)
            yield 1, _button(Control.MODEL_NAME, _("Type another model…"))
        case Page.LIMITS:
            yield 0, _button(Control.LIMITS, _("Change limits…"), discord.ButtonStyle.primary)
        case Page.ZONE:
            yield 0, _button(Control.ZONE, _("Change the time zone…"), discord.ButtonStyle.primary)
        case Page.ROLE:
            role = present.guild.get_role(settings.moderator_role_id or 0)
            yield 0, _role_menu(role)
        case _:
            assert_never(page)


def _known(guild: discord.Guild, channel_id: int | None) -> list[int]:
    """A channel that can be shown as chosen; none where it is gone."""
    return [] if channel_id is None or guild.get_channel(channel_id) is None else [channel_id]


def _channel_menu(
    control: Control, kinds: tuple[discord.ChannelType, ...], chosen: list[int], *, least: int = 1, most: int = 1
) -> discord.ui.ChannelSelect[Any]:
    kind = discord.SelectDefaultValueType.channel
    return discord.ui.ChannelSelect(
        custom_id=control_id(control),
        channel_types=list(kinds),
        placeholder=_("Choose channels") if most > 1 else _("Choose a channel"),
        min_values=least,
        max_values=most,
        default_values=[discord.SelectDefaultValue(id=channel_id, type=kind) for channel_id in chosen],
    )


def _role_menu(role: discord.Role | None) -> discord.ui.RoleSelect[Any]:
    kind = discord.SelectDefaultValueType.role
    return discord.ui.RoleSelect(
        custom_id=control_id(Control.ROLE),
        placeholder=_("Choose a role, or none"),
        min_values=0,
        default_values=[discord.SelectDefaultValue(id=role.id, type=kind)] if role else [],
    )


def _every_menu(schedule: Schedule | None) -> discord.ui.Select[Any]:
    menu: discord.ui.Select[Any] = discord.ui.Select(custom_id=control_id(Control.REPORT_EVERY))
    menu.add_option(label=_("Send no reports"), value=NEVER, default=schedule is None)
    for every, name in EVERY_NAMES.items():
        is_set = schedule is not None and schedule.every is every
        menu.add_option(label=_("Send a report {every}", every=_(name)), value=every.value, default=is_set)
    return menu


def _model_menu(present: Present) -> discord.ui.Select[Any]:
    menu: discord.ui.Select[Any] = discord.ui.Select(custom_id=control_id(Control.MODEL))
    own = present.settings.default_model
    menu.add_option(label=_("The bot's own default"), value=OWN_DEFAULT, default=own is None)
    ids = dict.fromkeys([*([own] if own else []), *(model.id for model in present.models)])
    for model_id in list(ids)[: CHOICES_MOST - 1]:
        menu.add_option(label=model_id[:100], value=model_id[:100], default=model_id == own)
    return menu


def _button(
    control: Control,
    label: str,
    style: discord.ButtonStyle = discord.ButtonStyle.secondary,
    *,
    disabled: bool = False,
) -> discord.ui.Button[Any]:
    return discord.ui.Button(label=label, style=style, custom_id=control_id(control), disabled=disabled)


def _turning(page: Page) -> Iterator[discord.ui.Button[Any]]:
    """Back, look again, next: in the row above the last."""
    pages = list(Page)
    place = pages.index(page)
    if place > 0:
        yield _turn(pages[place - 1], _("Back"))
    yield _turn(page, _("Look again"))
    if place + 1 < len(pages):
        style = discord.ButtonStyle.primary if page is Page.OVERVIEW else discord.ButtonStyle.secondary
        yield _turn(pages[place + 1], _("Next: {page}", page=_(PAGE_NAMES[pages[place + 1]])), style)


def _turn(page: Page, label: str, style: discord.ButtonStyle = discord.ButtonStyle.secondary) -> discord.ui.Button[Any]:
    return discord.ui.Button(label=label, style=style, custom_id=page_id(page), row=3)


def _pages(page: Page) -> discord.ui.Select[Any]:
    menu: discord.ui.Select[Any] = discord.ui.Select(custom_id=control_id(Control.GO), row=4)
    for one, name in PAGE_NAMES.items():
        menu.add_option(label=_(name), value=one.value, default=one is page)
    return menu

"""The forms of the setup, filled in with what is set at present."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import discord

from bot.chat.setup_controls import Control, control_id
from bot.chat.setup_view import Present
from bot.domain.limits import Limit, Measure, Scope, Window
from bot.i18n import N_, _

LIMITS: Mapping[str, tuple[Scope, Measure, Window | None]] = MappingProxyType(
    {
        "per-day": (Scope.MEMBER, Measure.GENERATIONS, Window.DAY),
        "at-once": (Scope.MEMBER, Measure.CONCURRENT, None),
        "dollars": (Scope.GUILD, Measure.MICROS, Window.MONTH),
    }
)
"""The limits of the form, by the custom ids of its fields."""

_LIMIT_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "per-day": N_("Videos a day for each member"),
        "at-once": N_("Videos at a time for each member"),
        "dollars": N_("Dollars a month for the whole server"),
    }
)


def form(control: Control, present: Present) -> discord.ui.Modal:
    """The form that a button opens, filled in with what is set."""
    if control is Control.LIMITS:
        return _modal(N_("Limits"), control, (_limit_field(name, present) for name in LIMITS))
    settings = present.settings
    if control is Control.ZONE:
        label = _("Time zone, such as Europe/Berlin")
        return _modal(N_("Time zone"), control, [_field("zone", label, settings.time_zone, present.time_zone)])
    label = _("The model's id, as /models shows it")
    return _modal(N_("Default model"), control, [_field("model", label, settings.default_model, present.default_model)])


def _modal(title: str, control: Control, fields: Iterable[discord.ui.Label[Any]]) -> discord.ui.Modal:
    made = discord.ui.Modal(title=_(title), custom_id=control_id(control))
    for item in fields:
        made.add_item(item)
    made.stop()
    return made


def _limit_field(name: str, present: Present) -> discord.ui.Label[Any]:
    here = present.limit(LIMITS[name])
    default = next(
        (one for one in present.limits if (one.scope, one.measure, one.window) == LIMITS[name] and one.is_default), None
    )
    figure = None if here is None else _figure(here)
    return _field(name, _(_LIMIT_NAMES[name]), figure, _figure(default) if default else _("no limit"))


def _figure(limit: Limit) -> str:
    return f"{Decimal(limit.amount) / 1_000_000:f}" if limit.measure is Measure.MICROS else str(limit.amount)


def _field(name: str, label: str, value: str | None, default: str | None) -> discord.ui.Label[Any]:
    entry: discord.ui.TextInput[Any] = discord.ui.TextInput(
        custom_id=name, default=value, placeholder=default, required=False, max_length=100
    )
    return discord.ui.Label(text=label, description=_("Empty: as the bot is configured"), component=entry)

"""What can be pressed, chosen and filled in while setting the bot up; the custom ids say it all.

Nothing is kept in memory, so that every view goes on working after a restart.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import discord


class Page(StrEnum):
    """A page of the setup, in the order in which they are gone through."""

    OVERVIEW = "overview"
    CHANNELS = "channels"
    LOG = "log"
    REPORTS = "reports"
    MODEL = "model"
    LIMITS = "limits"
    ZONE = "zone"
    ROLE = "role"


class Control(StrEnum):
    """A control of the setup; a form has the custom id of the button that opens it."""

    GO = "go"
    ALLOWED = "allowed"
    EVERYWHERE = "everywhere"
    LOG_CHANNEL = "log-channel"
    REPORT_EVERY = "report-every"
    REPORT_CHANNEL = "report-channel"
    MODEL = "default-model"
    MODEL_NAME = "model-name"
    LIMITS = "set-limits"
    ZONE = "time-zone"
    ROLE = "moderator-role"


PAGES: Mapping[Control, Page] = MappingProxyType(
    {
        Control.GO: Page.OVERVIEW,
        Control.ALLOWED: Page.CHANNELS,
        Control.EVERYWHERE: Page.CHANNELS,
        Control.LOG_CHANNEL: Page.LOG,
        Control.REPORT_EVERY: Page.REPORTS,
        Control.REPORT_CHANNEL: Page.REPORTS,
        Control.MODEL: Page.MODEL,
        Control.MODEL_NAME: Page.MODEL,
        Control.LIMITS: Page.LIMITS,
        Control.ZONE: Page.ZONE,
        Control.ROLE: Page.ROLE,
    }
)
"""Where each control stands."""

FORMS = frozenset({Control.MODEL_NAME, Control.LIMITS, Control.ZONE})
"""Buttons that open a form."""

_CUSTOM_ID = re.compile(rf"showreel:setup:(?:page:({'|'.join(Page)})|({'|'.join(Control)}))")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was pressed, chosen or sent: no control for a mere turn to `page`.

    `values` were chosen in a select menu, `fields` filled in in a form, which is None where none was sent.
    """

    page: Page
    control: Control | None = None
    values: tuple[str, ...] = ()
    fields: Mapping[str, str] | None = field(default=None)


def control_id(control: Control) -> str:
    """The custom id of a control."""
    return f"showreel:setup:{control}"


def page_id(page: Page) -> str:
    """The custom id of a button that turns to a page."""
    return f"showreel:setup:page:{page}"


def asked(interaction: discord.Interaction[Any]) -> Asked | None:
    """What an interaction asks of the setup; None for any other interaction."""
    is_form = interaction.type is discord.InteractionType.modal_submit
    if not is_form and interaction.type is not discord.InteractionType.component:
        return None
    data: Any = interaction.data or {}
    match = _CUSTOM_ID.fullmatch(str(data.get("custom_id", "")))
    if match is None:
        return None
    if match[1]:
        return Asked(page=Page(match[1]))
    control, values = Control(match[2]), tuple(str(value) for value in data.get("values") or ())
    if control is Control.GO:
        return Asked(page=Page(values[0]) if values and values[0] in set(Page) else Page.OVERVIEW)
    fields = dict(_filled(data.get("components") or ())) if is_form else None
    return Asked(page=PAGES[control], control=control, values=values, fields=fields)


def _filled(components: Iterable[Any]) -> Iterator[tuple[str, str]]:
    """The texts of a form by custom id, however deep they stand."""
    for component in components:
        if "value" in component:
            yield str(component["custom_id"]), str(component["value"])
        yield from _filled(component.get("components") or ())
        if component.get("component"):
            yield from _filled([component["component"]])

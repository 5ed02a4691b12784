"""/mod report: what was made in this guild, by whom, and what it cost; a part of /mod."""

import inspect
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import tzinfo
from types import MappingProxyType
from typing import Any

import discord
from discord import app_commands
from discord.app_commands import locale_str

from bot.chat import texts
from bot.chat.moderators import Moderators
from bot.chat.report_parts import ReportParts, ReportTools, report_parts
from bot.domain.catalog import Catalog
from bot.domain.errors import Rejection, ReportBusy, ReportUnderWay
from bot.domain.request import Operation
from bot.i18n import N_, _
from bot.reports.definitions import DEFINITIONS
from bot.reports.periods import Period
from bot.reports.turns import NoTurnError, Turns, UnderWayError
from bot.reports.usage import Asked
from cogs.choices import CHOICES_MOST, NAME_MOST

REPORTS_AT_ONCE = 2
WAITING_MOST = 4
"""Guilds whose reports wait for their turn; the last one still has it within the quarter of an hour to answer in."""

_DATE = app_commands.Range[str, 1, 20]


class _AnyPlace(app_commands.Transformer):
    """A channel or thread as Discord states it, whether or not the bot sees it."""

    @property
    def type(self) -> discord.AppCommandOptionType:
        """The type of option."""
        return discord.AppCommandOptionType.channel

    @property
    def channel_types(self) -> list[discord.ChannelType]:
        """Where commands can be used."""
        return [
            discord.ChannelType.text,
            discord.ChannelType.news,
            discord.ChannelType.voice,
            discord.ChannelType.stage_voice,
            discord.ChannelType.public_thread,
            discord.ChannelType.private_thread,
            discord.ChannelType.news_thread,
        ]

    async def transform(self, _interaction: discord.Interaction[Any], value: Any, /) -> discord.abc.Snowflake:
        """The channel, with its id."""
        found: discord.abc.Snowflake = value
        return found


@dataclass(frozen=True, slots=True)
class _Option:
    """One option: its type as discord.py reads it, and its description (at most 45 characters)."""

    annotation: Any
    description: str


_OPTIONS: Mapping[str, _Option] = MappingProxyType(
    {
        "period": _Option(str, N_("Which days; else the last 30")),
        "by": _Option(str, N_("What a row is about; else a member")),
        "member": _Option(discord.User, N_("Only this member's videos")),
        "model": _Option(app_commands.Range[str, 1, NAME_MOST], N_("Only videos of this model")),
        "operation": _Option(str, N_("Only videos of this kind")),
        "channel": _Option(
            app_commands.Transform[discord.abc.Snowflake, _AnyPlace], N_("Only videos asked for in this channel")
        ),
        "first": _Option(_DATE, N_("The first day, as 2026-03-01")),
        "last": _Option(_DATE, N_("The last day, as 2026-03-31")),
        "public": _Option(bool, N_("Post it here for everyone, without the file")),
    }
)
_RENAMED = MappingProxyType({"first": "from", "last": "to"})

_PERIODS: Mapping[Period, str] = MappingProxyType(
    {
        Period.TODAY: N_("today"),
        Period.DAYS_7: N_("the last 7 days"),
        Period.DAYS_30: N_("the last 30 days"),
        Period.THIS_MONTH: N_("this month"),
        Period.LAST_MONTH: N_("last month"),
        Period.CUSTOM: N_("from one day to another"),
    }
)


def report_command(
    tools: ReportTools, catalog: Callable[[], Catalog], moderators: Moderators
) -> app_commands.Command[Any, Any, Any]:
    """The command, to be added to /mod."""
    turns = Turns(at_once=REPORTS_AT_ONCE, waiting_most=WAITING_MOST)

    async def callback(interaction: discord.Interaction[Any], /, **values: Any) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        guild_id = (await moderators.actor(interaction)).moderated_guild()
        asked = asked_of(values, guild_id, await tools.zone_of(guild_id))
        is_public = bool(values.get("public"))
        async with _turn(turns, guild_id):
            parts = await report_parts(tools, asked, interaction.filesize_limit, is_public=is_public)
            await _answer(interaction, parts, is_public=is_public)

    async def model(_interaction: discord.Interaction[Any], current: str) -> list[app_commands.Choice[str]]:
        return _models(catalog(), current)

    callback.__signature__ = _signature()  # type: ignore[attr-defined]  # discord.py reads the options from it
    app_commands.describe(**{name: locale_str(option.description) for name, option in _OPTIONS.items()})(callback)
    app_commands.rename(**_RENAMED)(callback)
    app_commands.choices(
        period=[app_commands.Choice(name=locale_str(name), value=period.value) for period, name in _PERIODS.items()],
        by=[app_commands.Choice(name=locale_str(each.choice), value=name) for name, each in DEFINITIONS.items()],
        operation=[
            app_commands.Choice(name=locale_str(name), value=operation.value)
            for operation, name in texts.OPERATIONS.items()
        ],
    )(callback)
    command: app_commands.Command[Any, Any, Any] = app_commands.Command(
        name="report", description=locale_str(N_("What was made here, and what it cost")), callback=callback
    )
    command.autocomplete("model")(model)
    return command


def asked_of(values: Mapping[str, Any], guild_id: int, zone: tzinfo) -> Asked:
    """What was filled in; days of one's own choice go before a period, and one of them alone is a day."""
    first, last = values.get("first") or "", values.get("last") or ""
    period = Period(values.get("period") or Period.DAYS_30)
    member, channel, operation = values.get("member"), values.get("channel"), values.get("operation")
    return Asked(
        period=Period.CUSTOM if first or last else period,
        by=values.get("by") or "member",
        zone=zone,
        first=first or last,
        last=last or first,
        guild_id=guild_id,
        member_id=None if member is None else member.id,
        model=values.get("model"),
        operation=None if operation is None else Operation(operation),
        channel_id=None if channel is None else channel.id,
    )


@asynccontextmanager
async def _turn(turns: Turns, guild_id: int) -> AsyncIterator[None]:
    """The guild's turn; raises Rejection(ReportUnderWay or ReportBusy) where it can't have any for now."""
    try:
        async with turns.turn(guild_id):
            yield
    except UnderWayError as error:
        raise Rejection(ReportUnderWay()) from error
    except NoTurnError as error:
        raise Rejection(ReportBusy()) from error


async def _answer(interaction: discord.Interaction[Any], parts: ReportParts, *, is_public: bool) -> None:
    """Answer privately; a public one is a message of its own, after the private answer that has the file of rows."""
    nobody = discord.AllowedMentions.none()
    try:
        if is_public:
            await interaction.followup.send(
                _of_public(parts), files=list(parts.apart), ephemeral=True, allowed_mentions=nobody
            )
        await interaction.followup.send(
            embed=parts.embed, files=list(parts.files), ephemeral=not is_public, allowed_mentions=nobody
        )
    finally:
        parts.close()


def _of_public(parts: ReportParts) -> str:
    """What is said to the moderator alone."""
    if not parts.apart:
        said = _("Here it is, for everyone in this channel.")
    else:
        said = _("Here it is, for everyone in this channel. The file of every video is for you alone.")
    return "\n".join(filter(None, (said, parts.remark)))


def _models(catalog: Catalog, current: str) -> list[app_commands.Choice[str]]:
    """Models by what was typed of their names, those that begin with it first."""
    typed = current.strip().lower()
    found = sorted(
        (name for name in catalog.models if typed in name.lower()),
        key=lambda name: (not name.lower().startswith(typed), name),
    )
    return [app_commands.Choice(name=name, value=name) for name in found if len(name) <= NAME_MOST][:CHOICES_MOST]


def _signature() -> inspect.Signature:
    named = inspect.Parameter.POSITIONAL_OR_KEYWORD
    return inspect.Signature(
        [
            inspect.Parameter("interaction", named, annotation=discord.Interaction),
            *(
                inspect.Parameter(name, named, default=None, annotation=option.annotation | None)
                for name, option in _OPTIONS.items()
            ),
        ]
    )

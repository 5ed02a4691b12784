"""/mod schedule: reports that are sent by themselves; a part of /mod."""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

import discord
from discord import app_commands
from discord.app_commands import locale_str

from bot.chat import texts
from bot.chat.channel_checks import FOR_REPORTS, check, line
from bot.chat.moderators import Moderators
from bot.chat.replies import whisper
from bot.chat.report_parts import ReportTools
from bot.domain.guild import Schedule
from bot.domain.limits import Window
from bot.i18n import N_, _
from bot.work.moderation import Moderation
from cogs.mod import WHY, Reason

_EVERY: Mapping[Window, str] = MappingProxyType(
    {Window.DAY: N_("every day"), Window.WEEK: N_("every week"), Window.MONTH: N_("every month")}
)


class ScheduleGroup(app_commands.Group):
    """The group, to be added to /mod."""

    def __init__(
        self, moderators: Moderators, moderation: Moderation, tools: ReportTools, clock: Callable[[], datetime]
    ) -> None:
        super().__init__(name="schedule", description=locale_str(N_("Reports that are sent by themselves")))
        self._moderators = moderators
        self._moderation = moderation
        self._tools = tools
        self._clock = clock

    @app_commands.command(name="set", description=locale_str(N_("Send reports to a channel from now on")))
    @app_commands.describe(
        every=locale_str(N_("How often; each is about what is over")),
        channel=locale_str(N_("Where they go; all who can read it see them")),
        reason=locale_str(WHY),
    )
    @app_commands.choices(
        every=[app_commands.Choice(name=locale_str(name), value=window.value) for window, name in _EVERY.items()]
    )
    async def set_(
        self,
        interaction: discord.Interaction[Any],
        every: str,
        channel: discord.TextChannel,
        reason: Reason | None = None,
    ) -> None:
        """Set it, where the bot may post."""
        actor = await self._moderators.actor(interaction)
        actor.moderated_guild()
        lacking = [found for found in check(channel.guild, [channel.id], FOR_REPORTS) if not found.is_fine]
        if lacking:
            text = _("Nothing was changed: allow me what is missing there, then try again.")
            await whisper(interaction, "\n".join([*map(line, lacking), text]))
            return
        schedule = await self._moderation.set_schedule(actor, channel.id, Window(every), reason)
        await whisper(interaction, await self._said(schedule))

    @app_commands.command(name="clear", description=locale_str(N_("Send no more reports")))
    @app_commands.describe(reason=locale_str(WHY))
    async def clear(self, interaction: discord.Interaction[Any], reason: Reason | None = None) -> None:
        """Clear it."""
        before = await self._moderation.clear_schedule(await self._moderators.actor(interaction), reason)
        await whisper(interaction, _("No more reports are sent to {channel}.", channel=f"<#{before.channel_id}>"))

    @app_commands.command(name="show", description=locale_str(N_("When reports are sent, and where")))
    async def show(self, interaction: discord.Interaction[Any]) -> None:
        """Show it."""
        schedule = await self._moderation.schedule(await self._moderators.actor(interaction))
        none = _("No reports are sent by themselves. Begin with /mod schedule set.")
        await whisper(interaction, none if schedule is None else await self._said(schedule))

    async def _said(self, schedule: Schedule) -> str:
        zone = await self._tools.zone_of(schedule.guild_id)
        return _(
            "A report goes to {channel} {every}; the next one comes on {when}, when the days of {zone} change.",
            channel=f"<#{schedule.channel_id}>",
            every=_(_EVERY[schedule.every]),
            when=texts.instant(schedule.every.end(self._clock(), zone), "F"),
            zone=texts.plain(str(zone)),
        )

"""/models, /usage and /cancel: what members ask about what there is and what is theirs."""

import discord
from discord import app_commands
from discord.app_commands import locale_str
from discord.ext import commands

from bot.chat import allowances, intake, texts
from bot.chat.own_usage import answer_with_own_days
from bot.chat.problems import problem
from bot.chat.replies import whisper
from bot.chat.report_parts import ReportTools
from bot.domain.catalog import Model
from bot.domain.generation import State
from bot.domain.limits import Allowance, Measure
from bot.domain.request import Operation
from bot.i18n import N_, _, n_
from bot.work.gate import Here
from bot.work.service import Service
from cogs.choices import Suggestions, is_under_way

DESCRIPTION_MOST = 4096
"""Characters of an embed's description, by Discord's bound."""

FIELDS_MOST = 24
"""Limits that are shown, one less than Discord takes fields; a member's own come first, the bot's last."""


class Members(commands.Cog):
    """Commands whose answers only the one who asked can see."""

    def __init__(self, service: Service, reports: ReportTools) -> None:
        self._service = service
        self._reports = reports
        self._suggestions = Suggestions(service)

    @app_commands.command(name="models", description=locale_str(N_("Which models there are, and what they can do")))
    @app_commands.describe(operation=locale_str(N_("Only models that can do this")))
    @app_commands.choices(
        operation=[
            app_commands.Choice(name=locale_str(name), value=operation.value)
            for operation, name in texts.OPERATIONS.items()
        ]
    )
    async def models(self, interaction: discord.Interaction, operation: str | None = None) -> None:
        """List the models on offer."""
        here = await self._here(interaction)
        embed = self._overview(here) if operation is None else self._of_operation(Operation(operation), here)
        await whisper(interaction, embed=embed)

    @app_commands.command(name="usage", description=locale_str(N_("What you have used, and what is left")))
    async def usage(self, interaction: discord.Interaction) -> None:
        """Show used and remaining of each limit, and what the member made here in the last days."""
        await interaction.response.defer(ephemeral=True)
        role_ids = intake.standing(interaction).role_ids
        in_force = await self._service.usage(interaction.user.id, interaction.guild_id, role_ids)
        embed = discord.Embed(title=_("Your usage"), colour=discord.Colour.blurple())
        for allowance in in_force[:FIELDS_MOST]:
            embed.add_field(name=texts.limit_name(allowance.limit), value=_allowance_lines(allowance), inline=False)
        found = (await self._here(interaction)).entry_problem()
        if found is not None:
            embed.description = problem(found)
        elif not in_force:
            embed.description = _("There are no limits here.")
        await answer_with_own_days(interaction, embed, self._reports)

    @app_commands.command(name="cancel", description=locale_str(N_("Stop one of your videos")))
    @app_commands.describe(generation=locale_str(N_("Which one")))
    async def cancel(self, interaction: discord.Interaction, generation: str) -> None:
        """Ask to stop it, and say how that went as far as it is known."""
        await interaction.response.defer(ephemeral=True)
        after = await self._service.cancel(generation, interaction.user.id)
        if after.state is State.CANCELLED:
            await whisper(interaction, _("Cancelled. It was not counted against your limits."))
        else:
            await whisper(interaction, _("I have asked for it to be stopped; how it ends is told with the video."))

    @cancel.autocomplete("generation")
    async def _under_way(self, interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        return await self._suggestions.generations(interaction, current, is_under_way)

    async def _here(self, interaction: discord.Interaction) -> Here:
        """What holds for the member where they ask: only models that they may use there are listed."""
        return await self._service.here(interaction.guild_id, interaction.user.id, intake.standing(interaction))

    def _overview(self, here: Here) -> discord.Embed:
        embed = discord.Embed(
            title=_("Models"),
            description=_("The default is {model}. Ask for one kind of video to see more.", model=self._default(here)),
            colour=discord.Colour.blurple(),
        )
        for operation in Operation:
            able = tuple(model.id for model in self._service.models_for(operation, here))
            value = texts.listed(able) if able else self._none(operation)
            embed.add_field(name=texts.operation_name(operation), value=value, inline=False)
        return embed

    def _of_operation(self, operation: Operation, here: Here) -> discord.Embed:
        lines = [_model_line(model, operation) for model in self._service.models_for(operation, here)]
        text = _clipped(lines) if lines else self._none(operation)
        return discord.Embed(title=texts.operation_name(operation), description=text, colour=discord.Colour.blurple())

    def _none(self, operation: Operation) -> str:
        if self._service.catalog.able(operation):
            return _("No model for this is open to you here; ask a moderator.")
        return _("No model can do this at present.")

    def _default(self, here: Here) -> str:
        able = self._service.models_for(Operation.TEXT, here)
        return self._service.model_for(Operation.TEXT, None, here) if able else _("none")


def _allowance_lines(allowance: Allowance) -> str:
    """What was used and is left of a limit, and where the limit comes from."""
    source = _("From: {source}", source=texts.limit_source(allowance.limit))
    return f"{_allowance_line(allowance)}\n{source}"


def _allowance_line(allowance: Allowance) -> str:
    when = None if allowance.resets_at is None else texts.instant(allowance.resets_at)
    if allowance.limit.measure is Measure.COOLDOWN:
        return _("You can ask for the next one {when}.", when=when) if when else _("Nothing to wait for now.")
    line = allowances.used_and_left(allowance)
    return line + " · " + _("starts over {when}", when=when) if when else line


def _model_line(model: Model, operation: Operation) -> str:
    capability = model.capabilities[operation]
    facts = []
    if capability.durations:
        seconds = ", ".join(str(item) for item in capability.durations)
        facts.append(_("{seconds} s", seconds=seconds))
    if capability.resolutions:
        facts.append(", ".join(capability.resolutions))
    if model.audio_default is not None:
        facts.append(_("with sound") if model.audio_default else _("silent unless asked"))
    line = f"**{texts.plain(model.id)}**"
    return f"{line} · {' · '.join(facts)}" if facts else line


def _clipped(lines: list[str]) -> str:
    """As many whole lines as fit, the others counted."""
    text = ""
    for index, line in enumerate(lines):
        if len(text) + len(line) > DESCRIPTION_MOST - 50:
            rest = len(lines) - index
            return text + n_("and {count} more", "and {count} more", rest)
        text += line + "\n"
    return text

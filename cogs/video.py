"""/video: eight ways to ask for a video, one per operation of the API."""

from typing import Any

import discord
import structlog
from discord import app_commands
from discord.app_commands import locale_str
from discord.ext import commands

from bot.chat import intake
from bot.chat.replies import answer_with_card
from bot.domain.request import Input, Options, ReferenceRole
from bot.i18n import N_
from bot.work.service import Draft, Service
from cogs.choices import Suggestions
from cogs.options import COMMANDS, OPTIONS, CommandSpec, signature

log = structlog.get_logger(__name__)

_ROLE_CHOICES = [
    app_commands.Choice(name=locale_str(N_("the things in them")), value=ReferenceRole.ASSET.value),
    app_commands.Choice(name=locale_str(N_("their style")), value=ReferenceRole.STYLE.value),
]


class Video(commands.Cog):
    """The command group, built from the table of its commands."""

    def __init__(self, bot: commands.AutoShardedBot, service: Service) -> None:
        self._bot = bot
        self._service = service
        self._suggestions = Suggestions(service)
        self._group = app_commands.Group(name="video", description=locale_str(N_("Make a video")))
        for spec in COMMANDS:
            self._group.add_command(self._command(spec))

    async def cog_load(self) -> None:
        """Add the group to the bot's commands."""
        self._bot.tree.add_command(self._group)

    async def cog_unload(self) -> None:
        """Take the group out again."""
        self._bot.tree.remove_command(self._group.name)

    def _command(self, spec: CommandSpec) -> app_commands.Command[Any, Any, Any]:
        async def callback(interaction: discord.Interaction, /, **values: Any) -> None:
            await self._make(interaction, spec, values)

        callback.__signature__ = signature(spec)  # type: ignore[attr-defined]  # discord.py reads the options from it
        names = (*spec.required, *spec.optional)
        app_commands.describe(**{name: locale_str(OPTIONS[name].description) for name in names})(callback)
        if "role" in names:
            app_commands.choices(role=_ROLE_CHOICES)(callback)
        command: app_commands.Command[Any, Any, Any] = app_commands.Command(
            name=spec.name, description=locale_str(spec.description), callback=callback
        )
        for name, suggest in self._suggestions.by_option(spec.operation).items():
            if name in names:
                command.autocomplete(name)(suggest)
        return command

    async def _make(self, interaction: discord.Interaction, spec: CommandSpec, values: dict[str, Any]) -> None:
        """Accept the request and answer with its card; what happens then is the worker's."""
        origin, standing = intake.origin(interaction), intake.standing(interaction)
        generation = await self._service.accept(draft(spec, values), origin, standing)
        await answer_with_card(interaction, generation, self._service.card_posted)


def draft(spec: CommandSpec, values: dict[str, Any]) -> Draft:
    """What the member filled in, as a draft."""
    inputs: list[Input] = [
        intake.attached(role, values[name]) for name, role in spec.inputs.items() if values.get(name) is not None
    ]
    options = {name: values[name] for name in Options.__dataclass_fields__ if values.get(name) is not None}
    if "role" in options:
        options["role"] = ReferenceRole(options["role"])
    return Draft(
        operation=spec.operation,
        model=values.get("model"),
        prompt=values.get("prompt"),
        inputs=tuple(inputs),
        options=Options(**options),
        source=values.get("generation"),
    )

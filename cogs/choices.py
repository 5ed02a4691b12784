"""Choices that appear while a member types: from memory or the store, never from the network."""

from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any, TypeAlias

import discord
from discord import app_commands

from bot.chat import intake, texts
from bot.domain.catalog import Capability, Model
from bot.domain.generation import Generation, State
from bot.domain.quote import Quote, quote
from bot.domain.request import RANGES, Operation, Options
from bot.work.service import Service

CHOICES_MOST = 25
NAME_MOST = 100
"""Discord's bounds on autocomplete: choices in an answer, characters in a name."""

USUAL_DURATIONS = (4, 5, 6, 8, 10, 12, 15)
USUAL_RATIOS = ("16:9", "9:16", "1:1", "4:3", "3:4", "21:9")
USUAL_RESOLUTIONS = ("480p", "720p", "1080p", "4k")
"""Suggested where nothing is known of a model; published values of the API (provider contract, section 3.1)."""

Suggest: TypeAlias = Callable[[discord.Interaction, str], Coroutine[Any, Any, list[app_commands.Choice[Any]]]]


class Suggestions:
    """The autocompletes of /video and /cancel."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def by_option(self, operation: Operation) -> Mapping[str, Suggest]:
        """The options of an operation's command that are completed, each with its function."""

        async def model(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
            asked_by = intake.standing(interaction)
            here = await self._service.here(interaction.guild_id, interaction.user.id, asked_by)
            return _priced(self._service.models_for(operation, here), operation, current, _filled_in(interaction))

        async def duration(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[int]]:
            known = self._capability(interaction, operation).durations or USUAL_DURATIONS
            return [
                app_commands.Choice(name=str(seconds), value=seconds)
                for seconds in known
                if str(seconds).startswith(str(current or ""))
            ][:CHOICES_MOST]

        async def aspect_ratio(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
            return _matching(self._capability(interaction, operation).aspect_ratios or USUAL_RATIOS, current)

        async def resolution(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
            return _matching(self._capability(interaction, operation).resolutions or USUAL_RESOLUTIONS, current)

        async def generation(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
            return await self.generations(interaction, current, _is_extendable)

        return {
            "model": model,
            "duration": duration,
            "aspect_ratio": aspect_ratio,
            "resolution": resolution,
            "generation": generation,
        }

    async def generations(
        self, interaction: discord.Interaction, current: str, wanted: Callable[[Generation], bool]
    ) -> list[app_commands.Choice[str]]:
        """The member's own latest generations that are `wanted` and match what was typed."""
        recent = await self._service.recent(interaction.user.id, interaction.guild_id)
        lines = [(_clip(_generation_line(item)), item.id) for item in recent if wanted(item)]
        typed = current.strip().lower()
        return [
            app_commands.Choice(name=line, value=value)
            for line, value in lines
            if typed in line.lower() or typed == value
        ][:CHOICES_MOST]

    def _capability(self, interaction: discord.Interaction, operation: Operation) -> Capability:
        """What the model already chosen, or the one that would be taken, can do."""
        chosen = getattr(interaction.namespace, "model", None)
        able = self._service.catalog.able(operation)
        if not able:
            return Capability()
        model = self._service.catalog.models.get(self._service.model_for(operation, chosen))
        return model.capabilities.get(operation, Capability()) if model else Capability()


def is_under_way(generation: Generation) -> bool:
    """Whether it can still be cancelled, as far as we know."""
    return generation.state in {State.ACCEPTED, State.SUBMITTING, State.RUNNING}


def _priced(
    able: Iterable[Model], operation: Operation, current: str, options: Options
) -> list[app_commands.Choice[str]]:
    """Models that match what was typed, those that begin with it first.

    Each is shown with what it will cost, as far as the options that are filled in already can tell.
    """
    wanted = current.strip().lower()
    found = [model for model in able if wanted in _haystack(model)]
    found.sort(key=lambda model: not model.id.lower().startswith(wanted))
    return [
        app_commands.Choice(name=_model_line(model, quote(model, operation, options)), value=model.id)
        for model in found[:CHOICES_MOST]
    ]


def _is_extendable(generation: Generation) -> bool:
    return generation.state is State.SUCCEEDED and generation.task_id is not None


def _matching(values: Iterable[str], current: str) -> list[app_commands.Choice[str]]:
    typed = current.strip().lower()
    return [app_commands.Choice(name=value, value=value) for value in values if typed in value.lower()][:CHOICES_MOST]


def _haystack(model: Model) -> str:
    return f"{model.id} {model.series}".lower()


def _model_line(model: Model, quoted: Quote) -> str:
    """A model with its maker and its price; what is too long is cut before the price."""
    name = f"{model.id} · {model.series}" if model.series else model.id
    cost = f" · {texts.quoted(quoted)}"
    return _clip(name, NAME_MOST - len(cost)) + cost


def _filled_in(interaction: discord.Interaction) -> Options:
    """The options so far that a price depends on; one that is still being typed comes as a text, and doesn't count."""
    return Options(
        duration=_whole_number(interaction, "duration"), extend_times=_whole_number(interaction, "extend_times")
    )


def _whole_number(interaction: discord.Interaction, option: str) -> int | None:
    value = getattr(interaction.namespace, option, None)
    least, most = RANGES[option]
    return value if isinstance(value, int) and least <= value <= most else None


def _generation_line(generation: Generation) -> str:
    prompt = " ".join((generation.request.prompt or "").split())
    return f"{generation.request.model} · {texts.state_name(generation.state)} · {prompt or generation.id}"


def _clip(text: str, most: int = NAME_MOST) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"

"""/mod filter, /mod channels and /mod models: three lists that moderators keep."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, TypeAlias

import discord
from discord import app_commands
from discord.app_commands import locale_str

from bot.chat import places
from bot.chat.lists import clip, code, id_of, listing
from bot.chat.moderators import Moderators
from bot.chat.replies import whisper
from bot.domain.guild import AllowedModel
from bot.domain.word_rules import RuleKind, WordRule
from bot.i18n import N_, _
from bot.work.moderation import Moderation
from bot.work.service import Service
from cogs.choices import CHOICES_MOST, NAME_MOST
from cogs.mod import WHICH_PAGE, WHY, PageNumber, Reason

Entry: TypeAlias = app_commands.Range[str, 1, NAME_MOST]

_KINDS = {RuleKind.WORD: N_("word"), RuleKind.PATTERN: N_("pattern")}


class PlaceId(app_commands.Transformer):
    """The id of a channel, a category or a thread, whether the bot can see it or not."""

    @property
    def type(self) -> discord.AppCommandOptionType:
        """The type of the option."""
        return discord.AppCommandOptionType.channel

    @property
    def channel_types(self) -> list[discord.ChannelType]:
        """What commands can be used in, by Discord's specification of options, and categories."""
        kinds = discord.ChannelType
        threads = (kinds.news_thread, kinds.public_thread, kinds.private_thread)
        return [kinds.text, kinds.news, kinds.voice, kinds.stage_voice, kinds.category, kinds.forum, *threads]

    async def transform(self, _interaction: discord.Interaction[Any], value: Any, /) -> int:
        """The id."""
        return int(value.id)


class Filter(app_commands.Group):
    """The word rules: what may not stand in prompts here."""

    def __init__(self, moderators: Moderators, moderation: Moderation) -> None:
        super().__init__(name="filter", description=locale_str(N_("Words that prompts here must not have")))
        self._moderators = moderators
        self._moderation = moderation

    @app_commands.command(name="add", description=locale_str(N_("Turn prompts down that have a word in them")))
    @app_commands.describe(
        text=locale_str(N_("A word, a phrase or a pattern")),
        kind=locale_str(N_("A pattern has the RE2 syntax; else a word")),
        reason=locale_str(WHY),
    )
    @app_commands.choices(
        kind=[app_commands.Choice(name=locale_str(name), value=kind.value) for kind, name in _KINDS.items()]
    )
    async def add(
        self,
        interaction: discord.Interaction,
        text: app_commands.Range[str, 1, 200],
        kind: str = RuleKind.WORD.value,
        reason: Reason | None = None,
    ) -> None:
        """Add a rule."""
        actor = await self._moderators.actor(interaction)
        rule = await self._moderation.add_rule(actor, RuleKind(kind), text, reason)
        if rule is None:
            await whisper(interaction, _("That is on the list already."))
        else:
            await whisper(interaction, _("Prompts with {rule} are turned down from now on.", rule=code(rule.text)))

    @app_commands.command(name="remove", description=locale_str(N_("Take a rule away")))
    @app_commands.describe(rule=locale_str(N_("Which one")), reason=locale_str(WHY))
    async def remove(self, interaction: discord.Interaction, rule: Entry, reason: Reason | None = None) -> None:
        """Remove a rule."""
        actor = await self._moderators.actor(interaction)
        removed = await self._moderation.remove_rule(actor, _number(rule), reason)
        await whisper(interaction, _("{rule} is off the list.", rule=code(removed.text)))

    @remove.autocomplete("rule")
    async def _rules(self, interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        rules = await self._moderation.rules(await self._moderators.actor(interaction))
        return _matching([(f"{_(_KINDS[rule.kind])}: {rule.text}", str(rule.id)) for rule in rules], current)

    @app_commands.command(name="list", description=locale_str(N_("Show the rules to you alone")))
    @app_commands.describe(page=locale_str(WHICH_PAGE))
    async def list_rules(self, interaction: discord.Interaction, page: PageNumber = 1) -> None:
        """List the rules, oldest first."""
        rules = await self._moderation.rules(await self._moderators.actor(interaction))
        lines = [_rule_line(rule) for rule in rules]
        await whisper(interaction, embed=listing(_("Word rules"), lines, _("There are no word rules here."), page))


class Channels(app_commands.Group):
    """The channels and categories where videos are made."""

    def __init__(self, moderators: Moderators, moderation: Moderation) -> None:
        super().__init__(name="channels", description=locale_str(N_("Where videos are made")))
        self._moderators = moderators
        self._moderation = moderation

    @app_commands.command(name="allow", description=locale_str(N_("Let videos be made in a channel or category")))
    @app_commands.describe(channel=locale_str(N_("A category stands for all in it")), reason=locale_str(WHY))
    async def allow(
        self,
        interaction: discord.Interaction,
        channel: app_commands.Transform[int, PlaceId],
        reason: Reason | None = None,
    ) -> None:
        """Put a channel on the list; from the first one on, videos are made only in those on it."""
        actor = await self._moderators.actor(interaction)
        actor.moderated_guild()
        places.here(interaction, [str(channel)])
        if await self._moderation.allow_channel(actor, channel, reason):
            text = _("Videos are made in {channel}, and nowhere that isn't on the list.", channel=f"<#{channel}>")
            await whisper(interaction, text)
        else:
            await whisper(interaction, _("That is on the list already."))

    @app_commands.command(name="remove", description=locale_str(N_("Take a channel or category off the list")))
    @app_commands.describe(channel=locale_str(N_("Which one")), reason=locale_str(WHY))
    async def remove(self, interaction: discord.Interaction, channel: Entry, reason: Reason | None = None) -> None:
        """Take a channel off the list, whether it is still there or not."""
        actor = await self._moderators.actor(interaction)
        await self._moderation.remove_channel(actor, _number(channel), reason)
        left = await self._moderation.channels(actor)
        text = _("<#{id}> is off the list.", id=_number(channel))
        await whisper(interaction, text if left else text + " " + _("It is empty: videos are made everywhere."))

    @remove.autocomplete("channel")
    async def _channels(self, interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        ids = await self._moderation.channels(await self._moderators.actor(interaction))
        return _matching([(_channel_name(interaction.guild, id_), str(id_)) for id_ in ids], current)

    @app_commands.command(name="list", description=locale_str(N_("Show where videos are made")))
    @app_commands.describe(page=locale_str(WHICH_PAGE))
    async def list_channels(self, interaction: discord.Interaction, page: PageNumber = 1) -> None:
        """List the channels and categories."""
        ids = await self._moderation.channels(await self._moderators.actor(interaction))
        lines = [f"<#{channel_id}>" for channel_id in ids]
        await whisper(interaction, embed=listing(_("Channels"), lines, _("Videos are made everywhere."), page))


class Models(app_commands.Group):
    """The models that roles, or everyone, may use."""

    def __init__(self, moderators: Moderators, moderation: Moderation, service: Service) -> None:
        super().__init__(name="models", description=locale_str(N_("Who may use which models")))
        self._moderators = moderators
        self._moderation = moderation
        self._service = service

    @app_commands.command(name="allow", description=locale_str(N_("Let everyone, or a role, use a model")))
    @app_commands.describe(
        model=locale_str(N_("Which model")),
        role=locale_str(N_("Only those with this role; else everyone")),
        reason=locale_str(WHY),
    )
    async def allow(
        self,
        interaction: discord.Interaction,
        model: Entry,
        role: discord.Role | None = None,
        reason: Reason | None = None,
    ) -> None:
        """Put a model on a list; from the first one on, only models on the lists may be used."""
        actor = await self._moderators.actor(interaction)
        allowed = AllowedModel(role_id=role.id if role else actor.moderated_guild(), model=model.strip())
        if await self._moderation.allow_model(actor, allowed.model, allowed.role_id, reason):
            whose = _role(allowed.role_id, actor.moderated_guild())
            text = _("{model} may be used by {whose}; models on no list by nobody.", model=code(model), whose=whose)
            await whisper(interaction, text)
        else:
            await whisper(interaction, _("That is on the list already."))

    @allow.autocomplete("model")
    async def _known(self, _interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        return _matching([(model, model) for model in sorted(self._service.catalog.models)], current)

    @app_commands.command(name="remove", description=locale_str(N_("Take a model off the list")))
    @app_commands.describe(model=locale_str(N_("Which one")), reason=locale_str(WHY))
    async def remove(self, interaction: discord.Interaction, model: Entry, reason: Reason | None = None) -> None:
        """Take a model off a role's list, or that of everyone."""
        actor = await self._moderators.actor(interaction)
        allowed = _allowed_of(model, actor.moderated_guild())
        await self._moderation.remove_model(actor, allowed.model, allowed.role_id, reason)
        left = await self._moderation.models(actor)
        whose = _role(allowed.role_id, actor.moderated_guild())
        text = _("{model} is off the list of {whose}.", model=code(allowed.model), whose=whose)
        await whisper(interaction, text if left else text + " " + _("No list is left: everyone may use all models."))

    @remove.autocomplete("model")
    async def _listed(self, interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        listed = await self._moderation.models(await self._moderators.actor(interaction))
        entries = [(f"{it.model} · {_role_name(interaction.guild, it.role_id)}", _key_of(it)) for it in listed]
        return _matching([(line, key) for line, key in entries if len(key) <= NAME_MOST], current)

    @app_commands.command(name="list", description=locale_str(N_("Show who may use which models")))
    @app_commands.describe(page=locale_str(WHICH_PAGE))
    async def list_models(self, interaction: discord.Interaction, page: PageNumber = 1) -> None:
        """List the models by role."""
        actor = await self._moderators.actor(interaction)
        by_role: dict[int, list[str]] = defaultdict(list)
        for allowed in await self._moderation.models(actor):
            by_role[allowed.role_id].append(code(allowed.model))
        lines = [
            f"{_role(role_id, actor.moderated_guild())}: {model}"
            for role_id, models in by_role.items()
            for model in models
        ]
        await whisper(interaction, embed=listing(_("Models"), lines, _("Everyone may use all models."), page))


def _matching(entries: Sequence[tuple[str, str]], current: str) -> list[app_commands.Choice[str]]:
    """The entries, with their values, that match what was typed."""
    typed = current.strip().lower()
    return [
        app_commands.Choice(name=clip(line, NAME_MOST), value=value)
        for line, value in entries
        if typed in line.lower() or typed == value
    ][:CHOICES_MOST]


def _number(text: str) -> int:
    """An id that was chosen from a list, or typed; raises Rejection(NotListed) for what is none."""
    return id_of(text.strip().removeprefix("<#").removesuffix(">"))


def _rule_line(rule: WordRule) -> str:
    return f"{_(_KINDS[rule.kind])} · {code(rule.text)}"


def _channel_name(guild: discord.Guild | None, channel_id: int) -> str:
    channel = guild.get_channel_or_thread(channel_id) if guild else None
    return f"#{channel.name}" if channel else _("a channel that is gone: {id}", id=channel_id)


def _key_of(allowed: AllowedModel) -> str:
    return f"{allowed.role_id}:{allowed.model}"


def _allowed_of(key: str, guild_id: int) -> AllowedModel:
    """The entry that was chosen; what is only a model's name is the entry of everyone.

    Raises Rejection(NotListed) where what stands for a role can't be its id.
    """
    role_id, _separator, model = key.strip().partition(":")
    if model and role_id.isdecimal():
        return AllowedModel(role_id=id_of(role_id), model=model)
    return AllowedModel(role_id=guild_id, model=key.strip())


def _role(role_id: int, guild_id: int) -> str:
    return _("everyone") if role_id == guild_id else f"<@&{role_id}>"


def _role_name(guild: discord.Guild | None, role_id: int) -> str:
    if guild is not None and role_id == guild.id:
        return _("everyone")
    role = guild.get_role(role_id) if guild else None
    return f"@{role.name}" if role else str(role_id)

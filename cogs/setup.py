"""/setup: what moderators choose for their server, step by step, in a private view."""

from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from functools import partial
from types import MappingProxyType
from typing import Any, TypeAlias

import discord
from discord import app_commands
from discord.app_commands import locale_str
from discord.ext import commands

from bot.chat import places, setup_forms, setup_pages, setup_view, zones
from bot.chat.client import ShowreelClient
from bot.chat.replies import answer_press
from bot.chat.setup_controls import FORMS, Asked, Control, Page, asked
from bot.domain.errors import FigureUnreadable, LimitUnfit, Rejection
from bot.domain.ledger import to_micros
from bot.domain.limits import Limit, Measure, Window, fault_of
from bot.domain.request import Operation
from bot.i18n import N_
from bot.work.actors import Actor
from bot.work.moderation import Moderation
from bot.work.service import Service

Save: TypeAlias = Callable[[Actor, Asked, discord.Interaction[Any]], Awaitable[object]]

_MODELS_SHOWN = 24
_FIGURE_MOST = 10**15


class Setup(commands.Cog):
    """The view and what it saves. Rights are checked afresh whenever something is pressed, chosen or sent.

    `time_zone` is the configuration's.
    """

    def __init__(self, bot: ShowreelClient, moderation: Moderation, service: Service, time_zone: str) -> None:
        self._bot = bot
        self._moderation = moderation
        self._service = service
        self._time_zone = time_zone
        self._saves: Mapping[Control, Save] = MappingProxyType(
            {
                Control.ALLOWED: self._save_channels,
                Control.EVERYWHERE: self._save_everywhere,
                Control.LOG_CHANNEL: self._save_log_channel,
                Control.REPORT_EVERY: self._save_report_span,
                Control.REPORT_CHANNEL: self._save_report_channel,
                Control.MODEL: self._save_model,
                Control.MODEL_NAME: self._save_model_name,
                Control.LIMITS: self._save_limits,
                Control.ZONE: self._save_zone,
                Control.ROLE: self._save_role,
            }
        )

    @app_commands.command(name="setup", description=locale_str(N_("Set this bot up for your server, step by step")))
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.default_permissions(manage_guild=True)
    async def setup(self, interaction: discord.Interaction) -> None:
        """Show what is set, and the way through it."""
        present = await self._present(await self._bot.moderators.actor(interaction), interaction)
        await interaction.response.send_message(
            embed=setup_pages.embed(Page.OVERVIEW, present),
            view=setup_view.view(Page.OVERVIEW, present),
            ephemeral=True,
            allowed_mentions=discord.AllowedMentions.none(),
        )

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Answer what was done in any view of the setup, however old."""
        wish = asked(interaction)
        if wish is not None:
            is_served = self._bot.served.serves_here(interaction)
            what = f"setup {wish.control or wish.page}"
            await answer_press(interaction, partial(self._answer, interaction, wish), what, is_served=is_served)

    async def _answer(self, interaction: discord.Interaction[Any], wish: Asked) -> None:
        actor = await self._bot.moderators.actor(interaction)
        actor.moderated_guild()
        if wish.control in FORMS and wish.fields is None:
            present = await self._present(actor, interaction)
            await interaction.response.send_modal(setup_forms.form(wish.control, present))
            return
        if wish.control is not None:
            await self._saves[wish.control](actor, wish, interaction)
        present = await self._present(actor, interaction)
        embed, view = setup_pages.embed(wish.page, present), setup_view.view(wish.page, present)
        await interaction.response.edit_message(embed=embed, view=view)

    async def _present(self, actor: Actor, interaction: discord.Interaction[Any]) -> setup_view.Present:
        """What is set; raises Rejection(ModeratorOnly) for anybody else."""
        moderation, service = self._moderation, self._service
        settings = await moderation.settings(actor)
        able, guild = service.catalog.able(Operation.TEXT), _guild(interaction)
        return setup_view.Present(
            guild=guild,
            is_known=self._bot.get_guild(guild.id) is not None and not guild.unavailable,
            bot_name=interaction.client.user.name if interaction.client.user else "Showreel",
            settings=settings,
            channels=tuple(await moderation.channels(actor)),
            schedule=await moderation.schedule(actor),
            limits=tuple(await moderation.show_limits(actor)),
            models=able[:_MODELS_SHOWN],
            default_model=service.model_for(Operation.TEXT, None) if able else None,
            time_zone=self._time_zone,
        )

    async def _save_channels(self, actor: Actor, wish: Asked, interaction: discord.Interaction[Any]) -> None:
        """Make the list what is chosen; what the menu can't show stays on it. Never empties it on the way."""
        listed = await self._moderation.channels(actor)
        chosen = set(places.here(interaction, wish.values))
        for channel_id in sorted(chosen.difference(listed)):
            await self._moderation.allow_channel(actor, channel_id)
        for channel_id in setup_view.selectable(_guild(interaction), listed):
            if channel_id not in chosen:
                await self._moderation.remove_channel(actor, channel_id)

    async def _save_everywhere(self, actor: Actor, _wish: Asked, _interaction: discord.Interaction[Any]) -> None:
        for channel_id in await self._moderation.channels(actor):
            await self._moderation.remove_channel(actor, channel_id)

    async def _save_log_channel(self, actor: Actor, wish: Asked, interaction: discord.Interaction[Any]) -> None:
        chosen = places.here(interaction, wish.values[:1])
        await self._moderation.change_settings(actor, log_channel_id=chosen[0] if chosen else None)

    async def _save_report_span(self, actor: Actor, wish: Asked, interaction: discord.Interaction[Any]) -> None:
        """A first schedule goes to the log channel, or else to where the setup is open."""
        before = await self._moderation.schedule(actor)
        if wish.values[0] == setup_view.NEVER:
            if before is not None:
                await self._moderation.clear_schedule(actor)
            return
        log_channel = (await self._moderation.settings(actor)).log_channel_id
        channel_id = before.channel_id if before else log_channel or _channel_id(interaction)
        await self._moderation.set_schedule(actor, channel_id, Window(wish.values[0]))

    async def _save_report_channel(self, actor: Actor, wish: Asked, interaction: discord.Interaction[Any]) -> None:
        """Where there is no schedule yet, reports come every week."""
        (channel_id,) = places.here(interaction, wish.values[:1])
        before = await self._moderation.schedule(actor)
        every = before.every if before else Window.WEEK
        await self._moderation.set_schedule(actor, channel_id, every)

    async def _save_model(self, actor: Actor, wish: Asked, _interaction: discord.Interaction[Any]) -> None:
        model = wish.values[0]
        await self._moderation.change_settings(actor, default_model=None if model == setup_view.OWN_DEFAULT else model)

    async def _save_model_name(self, actor: Actor, wish: Asked, _interaction: discord.Interaction[Any]) -> None:
        await self._moderation.change_settings(actor, default_model=_text(wish, "model"))

    async def _save_limits(self, actor: Actor, wish: Asked, _interaction: discord.Interaction[Any]) -> None:
        """All that is filled in is read before any of it is saved; an empty field takes the limit away."""
        wanted = {name: _limit(name, _text(wish, name)) for name in setup_forms.LIMITS}
        here = await self._moderation.show_limits(actor)
        for name, (scope, measure, window) in setup_forms.LIMITS.items():
            limit = wanted[name]
            if limit is not None:
                await self._moderation.set_limit(actor, limit)
                continue
            kind = Limit(scope=scope, measure=measure, window=window, amount=0)
            if any(_is_same_kind(one, kind) for one in here):
                await self._moderation.clear_limit(actor, kind)

    async def _save_zone(self, actor: Actor, wish: Asked, _interaction: discord.Interaction[Any]) -> None:
        typed = _text(wish, "zone")
        await self._moderation.change_settings(actor, time_zone=None if typed is None else zones.canonical(typed))

    async def _save_role(self, actor: Actor, wish: Asked, _interaction: discord.Interaction[Any]) -> None:
        await self._moderation.change_settings(actor, moderator_role_id=int(wish.values[0]) if wish.values else None)


def _guild(interaction: discord.Interaction[Any]) -> discord.Guild:
    if interaction.guild is None:
        raise TypeError("the setup is used in guilds only")
    return interaction.guild


def _channel_id(interaction: discord.Interaction[Any]) -> int:
    """The channel that an interaction comes from, or the one that its thread is in."""
    channel = interaction.channel
    if isinstance(channel, discord.Thread):
        return channel.parent_id
    return interaction.channel_id or 0


def _text(wish: Asked, name: str) -> str | None:
    """What was filled in; None for an empty field."""
    return (wish.fields or {}).get(name, "").strip() or None


def _is_same_kind(limit: Limit, kind: Limit) -> bool:
    is_own = not limit.is_default and not limit.scope_id
    return is_own and (limit.scope, limit.measure, limit.window) == (kind.scope, kind.measure, kind.window)


def _limit(name: str, text: str | None) -> Limit | None:
    """What was typed as a limit. Raises Rejection(FigureUnreadable or LimitUnfit)."""
    if text is None:
        return None
    scope, measure, window = setup_forms.LIMITS[name]
    limit = Limit(scope=scope, measure=measure, window=window, amount=_amount(measure, text))
    fault = fault_of(limit)
    if fault is not None:
        raise Rejection(LimitUnfit(fault))
    return limit


def _amount(measure: Measure, text: str) -> int:
    """A figure as it is stored, dollars as micro-dollars. Raises Rejection(FigureUnreadable).

    Also for one that would be stored as another: a part of a video, or money of which nothing would be left.
    """
    figure = _figure(text)
    amount = to_micros(figure) if measure is Measure.MICROS else int(figure)
    is_kept = bool(amount) is bool(figure) if measure is Measure.MICROS else amount == figure
    if not is_kept:
        raise Rejection(FigureUnreadable(text))
    return amount


def _figure(text: str) -> Decimal:
    """A number that can be reckoned with."""
    try:
        figure = Decimal(text.removeprefix("$").strip())
        is_sound = figure.is_finite() and abs(figure) <= _FIGURE_MOST
    except ArithmeticError as error:
        raise Rejection(FigureUnreadable(text)) from error
    if not is_sound:
        raise Rejection(FigureUnreadable(text))
    return figure

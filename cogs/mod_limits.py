"""/mod limits: what members may use here, as it was set, and as it is in force for one of them."""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

import discord
from discord import app_commands
from discord.app_commands import locale_str

from bot.chat import allowances, texts
from bot.chat.lists import clip, id_of, listing
from bot.chat.moderators import Moderators
from bot.chat.replies import whisper
from bot.domain.errors import FigureUnreadable, NotListed, OneOfThese, Rejection
from bot.domain.limits import Allowance, Limit, Measure, Scope, Window
from bot.i18n import N_, _
from bot.work.moderation import Moderation
from bot.work.service import Service
from cogs.choices import CHOICES_MOST, NAME_MOST
from cogs.mod import WHICH_PAGE, WHY, PageNumber, Reason

MEASURES: Mapping[Measure, str] = MappingProxyType(
    {
        Measure.GENERATIONS: N_("videos"),
        Measure.SECONDS: N_("seconds of video"),
        Measure.MICROS: N_("dollars"),
        Measure.CONCURRENT: N_("videos at a time"),
        Measure.COOLDOWN: N_("seconds between videos"),
    }
)
WINDOWS: Mapping[Window, str] = MappingProxyType(
    {Window.HOUR: N_("an hour"), Window.DAY: N_("a day"), Window.WEEK: N_("a week"), Window.MONTH: N_("a month")}
)
MICROS = 1_000_000


class Limits(app_commands.Group):
    """The commands below /mod limits."""

    def __init__(self, moderators: Moderators, moderation: Moderation, service: Service) -> None:
        super().__init__(name="limits", description=locale_str(N_("What members may use here")))
        self._moderators = moderators
        self._moderation = moderation
        self._service = service

    @app_commands.command(name="show", description=locale_str(N_("Which limits there are, and where from")))
    @app_commands.describe(member=locale_str(N_("Those of a member, and what is left")), page=locale_str(WHICH_PAGE))
    async def show(
        self, interaction: discord.Interaction, member: discord.User | None = None, page: PageNumber = 1
    ) -> None:
        """List what was set here and what holds beside it, or what is in force for a member."""
        actor = await self._moderators.actor(interaction)
        guild_id = actor.moderated_guild()
        if member is None:
            lines = [_limit_line(limit) for limit in await self._moderation.show_limits(actor)]
        else:
            found = await self._service.usage(member.id, guild_id, _role_ids(member, guild_id))
            lines = [_allowance_line(allowance) for allowance in found]
        embed = listing(_("Limits"), lines, _("There are no limits here."), page)
        if member is not None:
            embed.add_field(name=_("In force for"), value=_whom(member))
        await whisper(interaction, embed=embed)

    @app_commands.command(name="set", description=locale_str(N_("Set a limit for everybody, a role or a member")))
    @app_commands.describe(
        measure=locale_str(N_("What it counts")),
        amount=locale_str(N_("How much at most")),
        window=locale_str(N_("In which span it counts")),
        role=locale_str(N_("For those with this role, each")),
        member=locale_str(N_("For this member")),
        for_server=locale_str(N_("For all members together")),
        reason=locale_str(WHY),
    )
    @app_commands.choices(
        measure=[app_commands.Choice(name=locale_str(name), value=it.value) for it, name in MEASURES.items()],
        window=[app_commands.Choice(name=locale_str(name), value=it.value) for it, name in WINDOWS.items()],
    )
    async def set_limit(  # noqa: PLR0913 - an argument for each option of the command
        self,
        interaction: discord.Interaction,
        measure: str,
        amount: app_commands.Range[float, 0],
        window: str | None = None,
        role: discord.Role | None = None,
        member: discord.User | None = None,
        *,
        for_server: bool = False,
        reason: Reason | None = None,
    ) -> None:
        """Set a limit, in place of one that counts the same for the same."""
        actor = await self._moderators.actor(interaction)
        scope, scope_id = target(role, member, for_server=for_server)
        limit = Limit(
            scope=scope,
            scope_id=scope_id,
            measure=Measure(measure),
            window=Window(window) if window else None,
            amount=whole(Measure(measure), amount),
        )
        before = await self._moderation.set_limit(actor, limit, reason)
        text = _("From now on: {limit} for {whose}.", limit=texts.whole_amount(limit), whose=_whose(limit))
        if before is not None:
            text += " " + _("Before: {amount}.", amount=texts.amount(limit.measure, before))
        await whisper(interaction, text)

    @app_commands.command(name="clear", description=locale_str(N_("Take a limit away that was set here")))
    @app_commands.describe(limit=locale_str(N_("Which one")), reason=locale_str(WHY))
    async def clear(
        self,
        interaction: discord.Interaction,
        limit: app_commands.Range[str, 1, NAME_MOST],
        reason: Reason | None = None,
    ) -> None:
        """Take a limit away; what the configuration says holds again."""
        actor = await self._moderators.actor(interaction)
        wanted = limit_of(limit)
        amount = await self._moderation.clear_limit(actor, wanted, reason)
        was = texts.whole_amount(_with(wanted, amount))
        await whisper(interaction, _("Taken away: {limit} for {whose}.", limit=was, whose=_whose(wanted)))

    @clear.autocomplete("limit")
    async def _set_here(self, interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        limits = await self._moderation.show_limits(await self._moderators.actor(interaction))
        typed = current.strip().lower()
        lines = [(_label(limit, interaction.guild), key_of(limit)) for limit in limits if not limit.is_default]
        return [
            app_commands.Choice(name=clip(line, NAME_MOST), value=key)
            for line, key in lines
            if typed in line.lower() or typed == key
        ][:CHOICES_MOST]


def whole(measure: Measure, amount: float) -> int:
    """The amount of a limit as it is stored, dollars as micro-dollars; raises Rejection(FigureUnreadable)."""
    exact = Decimal(repr(amount)) * (MICROS if measure is Measure.MICROS else 1)
    if not exact.is_finite() or exact != exact.to_integral_value():
        raise Rejection(FigureUnreadable(f"{amount:g}"))
    return int(exact)


def target(
    role: discord.Role | None, member: discord.User | discord.Member | None, *, for_server: bool
) -> tuple[Scope, int]:
    """For whom a limit is; without any, for every member. Raises Rejection(OneOfThese)."""
    if sum((role is not None, member is not None, for_server)) > 1:
        raise Rejection(OneOfThese(("role", "member", "for_server")))
    if for_server:
        return Scope.GUILD, 0
    if member is not None:
        return Scope.MEMBER, member.id
    if role is None or role.is_default():
        return Scope.MEMBER, 0
    return Scope.ROLE, role.id


def key_of(limit: Limit) -> str:
    """What names a limit among those of a guild, whatever its amount."""
    return f"{limit.scope}:{limit.scope_id}:{limit.measure}:{limit.window or ''}"


def limit_of(key: str) -> Limit:
    """The limit of a key, with no amount; raises Rejection(NotListed) for what is none."""
    try:
        scope, scope_id, measure, window = key.strip().split(":")
        return Limit(
            scope=Scope(scope),
            scope_id=id_of(scope_id),
            measure=Measure(measure),
            window=Window(window) if window else None,
            amount=0,
        )
    except ValueError as error:
        raise Rejection(NotListed()) from error


def _with(limit: Limit, amount: int) -> Limit:
    return Limit(scope=limit.scope, scope_id=limit.scope_id, measure=limit.measure, window=limit.window, amount=amount)


def _role_ids(member: discord.User | discord.Member, guild_id: int) -> frozenset[int]:
    """The roles of a member as Discord stated them with the command; nobody knows those of one who left."""
    roles = member.roles if isinstance(member, discord.Member) else []
    return frozenset({guild_id, *(role.id for role in roles)})


def _whom(member: discord.User | discord.Member) -> str:
    if isinstance(member, discord.Member):
        return member.mention
    return member.mention + " · " + _("not a member any more, so without roles")


def _whose(limit: Limit) -> str:
    """For whom a limit is, with links to the role or member."""
    match limit.scope:
        case Scope.BOT:
            return _("the whole bot")
        case Scope.GUILD:
            return _("this server")
        case Scope.ROLE:
            return _("each with {role}", role=f"<@&{limit.scope_id}>")
        case Scope.MEMBER:
            return f"<@{limit.scope_id}>" if limit.scope_id else _("each member")


def _source(limit: Limit) -> str:
    if limit.is_default:
        return _("the bot's configuration")
    return _("the bot's owner") if limit.scope is Scope.BOT else _("set here")


def _limit_line(limit: Limit) -> str:
    name = _("{what} for {whose}", what=f"**{texts.whole_amount(limit)}**", whose=_whose(limit))
    return f"{name} · {_source(limit)}"


def _allowance_line(allowance: Allowance) -> str:
    """A limit with what was used and is left of it."""
    limit, when = allowance.limit, allowance.resets_at
    line = _limit_line(limit) + "\n"
    if limit.measure is Measure.COOLDOWN:
        return line + (_("next one {when}", when=texts.instant(when)) if when else _("nothing to wait for"))
    line += allowances.used_and_left(allowance)
    return line + " · " + _("starts over {when}", when=texts.instant(when)) if when else line


def _label(limit: Limit, guild: discord.Guild | None) -> str:
    """A limit as a plain text, for a list of choices, where links don't show."""
    what = texts.whole_amount(limit)
    if limit.scope is Scope.ROLE:
        role = guild.get_role(limit.scope_id) if guild else None
        return _("{what} for {whose}", what=what, whose=f"@{role.name}" if role else str(limit.scope_id))
    whose = str(limit.scope_id) if limit.scope is Scope.MEMBER and limit.scope_id else _whose(limit)
    return _("{what} for {whose}", what=what, whose=whose)

"""/owner: what only the one who runs the bot may do."""

import discord
from discord import app_commands
from discord.app_commands import locale_str
from discord.ext import commands

from bot.chat import log_lines, status_page, texts
from bot.chat.buttons import owner_actor
from bot.chat.lists import listing
from bot.chat.moderators import FOR_GUILDS, IN_GUILDS
from bot.chat.replies import whisper
from bot.domain.limits import Limit, Measure, Scope, Window
from bot.domain.moderating import Action, LogFilter
from bot.i18n import N_, _
from bot.work.decisions import Decisions
from bot.work.ownership import Ownership
from cogs.mod import WHY, Reason
from cogs.mod_limits import MEASURES, WINDOWS, whole
from cogs.mod_log import LINES, page_of

TASK_ID_MOST = 200
GENERATION_MOST = 100

_MEASURES = [app_commands.Choice(name=locale_str(name), value=it.value) for it, name in MEASURES.items()]
_DEEDS = [
    app_commands.Choice(name=locale_str(log_lines.ACTIONS[it]), value=it.value)
    for it in (Action.PAUSE, Action.RESUME, Action.SET_LIMIT, Action.CLEAR_LIMIT)
]
_WINDOWS = [app_commands.Choice(name=locale_str(name), value=it.value) for it, name in WINDOWS.items()]


class Owner(commands.Cog):
    """The owner's commands; whatever Discord's client shows, the owner is checked here."""

    owner = app_commands.Group(
        name="owner",
        description=locale_str(N_("For the one who runs this bot")),
        default_permissions=discord.Permissions(administrator=True),
        guild_only=True,
        allowed_contexts=IN_GUILDS,
        allowed_installs=FOR_GUILDS,
    )
    limits = app_commands.Group(
        name="limits", description=locale_str(N_("Limits of the whole bot, in every server")), parent=owner
    )

    def __init__(self, bot: commands.AutoShardedBot, decisions: Decisions, ownership: Ownership) -> None:
        self._bot = bot
        self._decisions = decisions
        self._ownership = ownership

    @owner.command(name="status", description=locale_str(N_("How the bot is doing, in all servers")))
    async def status(self, interaction: discord.Interaction) -> None:
        """Show the queue, the video service's health, today's spend and what has stood still."""
        status = await self._ownership.status(await owner_actor(interaction, self._bot))
        await whisper(interaction, embed=status_page.embed(status))

    @owner.command(name="pause", description=locale_str(N_("Take no new videos anywhere until resumed")))
    @app_commands.describe(reason=locale_str(WHY))
    async def pause(self, interaction: discord.Interaction, reason: Reason | None = None) -> None:
        """Accept nothing anywhere; what is under way goes on."""
        settings = await self._ownership.pause(await owner_actor(interaction, self._bot), reason)
        since = texts.instant(settings.paused_at) if settings.paused_at else _("now")
        await whisper(
            interaction,
            _("No new videos are taken in any server (paused {since}); those under way go on.", since=since),
        )

    @owner.command(name="resume", description=locale_str(N_("Take new videos again")))
    @app_commands.describe(reason=locale_str(WHY))
    async def resume(self, interaction: discord.Interaction, reason: Reason | None = None) -> None:
        """Accept again, but for guilds that their moderators have paused."""
        await self._ownership.resume(await owner_actor(interaction, self._bot), reason)
        await whisper(
            interaction, _("New videos are taken again, but for servers that their own moderators have paused.")
        )

    @owner.command(name="attach", description=locale_str(N_("Follow a task that was found for an unclear video")))
    @app_commands.describe(
        generation=locale_str(N_("Its id, from the footer of its card")),
        task_id=locale_str(N_("The id of the task at the video service")),
    )
    async def attach(
        self,
        interaction: discord.Interaction,
        generation: app_commands.Range[str, 1, GENERATION_MOST],
        task_id: app_commands.Range[str, 1, TASK_ID_MOST],
    ) -> None:
        """Attach the task; from then on the generation is followed like any other."""
        actor = await owner_actor(interaction, self._bot)
        actor.require_owner()
        await interaction.response.defer(ephemeral=True)  # the video service is asked first
        followed = await self._decisions.attach(generation.strip(), task_id.strip(), actor)
        await whisper(interaction, _("{generation} is followed again.", generation=followed.id))

    @owner.command(name="log", description=locale_str(N_("What was set for the whole bot, by whom and why")))
    @app_commands.describe(
        owner=locale_str(N_("Only what they did")),
        action=locale_str(N_("Only this")),
        before=locale_str(N_("Only lines before this number")),
    )
    @app_commands.choices(action=_DEEDS)
    async def log(
        self,
        interaction: discord.Interaction,
        owner: discord.User | None = None,
        action: str | None = None,
        before: app_commands.Range[int, 1] | None = None,
    ) -> None:
        """Show what was done to the whole bot, the latest first."""
        actor = await owner_actor(interaction, self._bot)
        wanted = LogFilter(actor_id=owner.id if owner else None, action=action, before_id=before)
        lines = await self._ownership.log(actor, wanted, LINES + 1)
        await whisper(interaction, embed=page_of(lines, _("Log of the whole bot"), _("Nothing like that was done.")))

    @limits.command(name="show", description=locale_str(N_("Which limits the whole bot has, and where from")))
    async def show_limits(self, interaction: discord.Interaction) -> None:
        """List what the owner has set, and the configuration's that hold beside it."""
        found = await self._ownership.show_limits(await owner_actor(interaction, self._bot))
        lines = [f"**{texts.whole_amount(limit)}** · {texts.limit_source(limit)}" for limit in found]
        await whisper(interaction, embed=listing(_("Limits of the whole bot"), lines, _("There are none.")))

    @limits.command(name="set", description=locale_str(N_("Set a limit of the whole bot")))
    @app_commands.describe(
        measure=locale_str(N_("What it counts")),
        amount=locale_str(N_("How much at most")),
        window=locale_str(N_("In which span it counts")),
        reason=locale_str(WHY),
    )
    @app_commands.choices(measure=_MEASURES, window=_WINDOWS)
    async def set_limit(
        self,
        interaction: discord.Interaction,
        measure: str,
        amount: app_commands.Range[float, 0],
        window: str | None = None,
        reason: Reason | None = None,
    ) -> None:
        """Set a limit, in place of one that counts the same."""
        actor = await owner_actor(interaction, self._bot)
        limit = _limit(measure, window, whole(Measure(measure), amount))
        before = await self._ownership.set_limit(actor, limit, reason)
        text = _("From now on, in all servers together: {limit}.", limit=texts.whole_amount(limit))
        if before is not None:
            text += " " + _("Before: {amount}.", amount=texts.amount(limit.measure, before))
        await whisper(interaction, text)

    @limits.command(name="clear", description=locale_str(N_("Take a limit of the whole bot away")))
    @app_commands.describe(
        measure=locale_str(N_("What it counts")),
        window=locale_str(N_("In which span it counts")),
        reason=locale_str(WHY),
    )
    @app_commands.choices(measure=_MEASURES, window=_WINDOWS)
    async def clear_limit(
        self, interaction: discord.Interaction, measure: str, window: str | None = None, reason: Reason | None = None
    ) -> None:
        """Take a limit away; what the configuration says holds again."""
        actor = await owner_actor(interaction, self._bot)
        amount = await self._ownership.clear_limit(actor, _limit(measure, window, 0), reason)
        was = texts.whole_amount(_limit(measure, window, amount))
        await whisper(interaction, _("Taken away: {limit}.", limit=was))


def _limit(measure: str, window: str | None, amount: int) -> Limit:
    return Limit(scope=Scope.BOT, measure=Measure(measure), window=Window(window) if window else None, amount=amount)

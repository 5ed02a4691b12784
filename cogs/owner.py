"""/owner: what only the one who runs the bot may do."""

import discord
from discord import app_commands
from discord.app_commands import locale_str
from discord.ext import commands

from bot.chat.buttons import owner_actor
from bot.chat.replies import whisper
from bot.i18n import N_, _
from bot.work.decisions import Decisions

TASK_ID_MOST = 200


class Owner(commands.Cog):
    """The owner's commands; whatever Discord's client shows, the owner is checked here."""

    owner = app_commands.Group(
        name="owner",
        description=locale_str(N_("For the one who runs this bot")),
        default_permissions=discord.Permissions(administrator=True),
    )

    def __init__(self, bot: commands.AutoShardedBot, decisions: Decisions) -> None:
        self._bot = bot
        self._decisions = decisions

    @owner.command(name="attach", description=locale_str(N_("Follow a task that was found for an unclear video")))
    @app_commands.describe(
        generation=locale_str(N_("Its id, from the footer of its card")),
        task_id=locale_str(N_("The id of the task at the video service")),
    )
    async def attach(
        self,
        interaction: discord.Interaction,
        generation: str,
        task_id: app_commands.Range[str, 1, TASK_ID_MOST],
    ) -> None:
        """Attach the task; from then on the generation is followed like any other."""
        actor = await owner_actor(interaction, self._bot)
        followed = await self._decisions.attach(generation.strip(), task_id.strip(), actor)
        await whisper(interaction, _("{generation} is followed again.", generation=followed.id))

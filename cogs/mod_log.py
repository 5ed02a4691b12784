"""/mod log: what moderators and the bot did here, and the prompts that were refused."""

from collections.abc import Sequence

import discord
from discord import app_commands
from discord.app_commands import locale_str

from bot.chat import log_lines, texts
from bot.chat.lists import code, fitting, told
from bot.chat.moderators import Moderators
from bot.chat.replies import whisper
from bot.domain.moderating import LogFilter, LogLine, RefusedPrompt
from bot.i18n import N_, _
from bot.work.moderation import Moderation

LINES = 10
"""Lines on a page, so that none is left out where they are long (see log_lines.LINE_MOST)."""


def log_command(moderators: Moderators, moderation: Moderation) -> app_commands.Command[app_commands.Group, ..., None]:
    """The command, to be added to /mod."""

    @app_commands.command(name="log", description=locale_str(N_("What was done here, and by whom")))
    @app_commands.describe(
        moderator=locale_str(N_("Only what they did")),
        action=locale_str(N_("Only this")),
        member=locale_str(N_("Only what concerns them")),
        before=locale_str(N_("Only lines before this number")),
        refused=locale_str(N_("Show prompts that were refused instead")),
    )
    @app_commands.choices(
        action=[app_commands.Choice(name=locale_str(name), value=it.value) for it, name in log_lines.ACTIONS.items()]
    )
    async def log(
        interaction: discord.Interaction,
        moderator: discord.User | None = None,
        action: str | None = None,
        member: discord.User | None = None,
        before: app_commands.Range[int, 1] | None = None,
        *,
        refused: bool = False,
    ) -> None:
        actor = await moderators.actor(interaction)
        if refused:
            await whisper(interaction, embed=_refusals(await moderation.refusals(actor, before, LINES + 1)))
            return
        wanted = LogFilter(
            actor_id=moderator.id if moderator else None,
            action=action,
            member_id=member.id if member else None,
            before_id=before,
        )
        lines = await moderation.log(actor, wanted, LINES + 1)
        await whisper(interaction, embed=page_of(lines, _("Log"), _("Nothing like that was done here.")))

    return log


def page_of(lines: Sequence[LogLine], title: str, empty: str) -> discord.Embed:
    """A page of lines, of which one more than it shows says that there are older ones; or the sentence for none."""
    shown = [log_lines.line(line) for line in lines[:LINES]]
    embed = discord.Embed(title=title, description="\n".join(shown) or empty, colour=discord.Colour.blurple())
    if len(lines) > LINES:
        embed.set_footer(text=_older(lines[LINES - 1].id))
    return embed


def _refusals(found: list[RefusedPrompt]) -> discord.Embed:
    shown = fitting([_refusal_line(prompt) for prompt in found[:LINES]])
    embed = discord.Embed(title=_("Refused prompts"), description="\n".join(shown), colour=discord.Colour.blurple())
    if not found:
        embed.description = _("No prompt was refused here.")
    elif len(found) > len(shown):
        embed.set_footer(text=_older(found[len(shown) - 1].id))
    return embed


def _older(number: int) -> str:
    return _("Older lines come with before: {number}", number=number)


def _refusal_line(found: RefusedPrompt) -> str:
    """When, who, where, by which rule, and what they asked for."""
    who = f"<@{found.user_id}>" if found.user_id else _("A former member")
    prompt = _("no longer kept") if found.prompt is None else told(found.prompt)
    return f"{texts.instant(found.at, 'f')} · {who} · <#{found.channel_id}> · {code(found.rule)}\n{prompt}"

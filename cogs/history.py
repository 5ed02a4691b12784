"""/history and /show: what members made, and their videos once more."""

from collections.abc import Mapping
from types import MappingProxyType

import discord
from discord import app_commands
from discord.app_commands import locale_str
from discord.ext import commands

from bot.chat import cards, problems, texts
from bot.chat.buttons import undecided_view
from bot.chat.handover import file_limit, hand_over
from bot.chat.replies import whisper
from bot.chat.whereabouts import card_link, told_link
from bot.domain.generation import Generation, State
from bot.i18n import N_, _
from bot.work.service import Service
from bot.work.showing import Group, HistoryPage, Showing
from cogs.choices import Suggestions

PAGES_MOST = 1000
REFERENCE_MOST = 200
REASON_SHOWN = 300
"""Characters of a reason in the history, so that a full page stays under the 6,000 of an embed."""

_GROUP_NAMES: Mapping[Group, str] = MappingProxyType(
    {Group.UNDER_WAY: N_("under way"), Group.FINISHED: N_("finished"), Group.NOT_MADE: N_("not made")}
)
_ALL = "all"


class History(commands.Cog):
    """Commands about one's own generations; only the one who asked can see the answers."""

    def __init__(self, service: Service, showing: Showing) -> None:
        self._service = service
        self._showing = showing
        self._suggestions = Suggestions(service)

    @app_commands.command(name="history", description=locale_str(N_("What you have made here")))
    @app_commands.describe(
        state=locale_str(N_("Only some of them")), page=locale_str(N_("Which page; 1 has the latest"))
    )
    @app_commands.choices(
        state=[
            app_commands.Choice(name=locale_str(N_("all")), value=_ALL),
            *(app_commands.Choice(name=locale_str(name), value=group.value) for group, name in _GROUP_NAMES.items()),
        ]
    )
    async def history(
        self,
        interaction: discord.Interaction,
        state: str = _ALL,
        page: app_commands.Range[int, 1, PAGES_MOST] = 1,
    ) -> None:
        """List the member's generations of this guild, or of direct messages, newest first."""
        group = None if state == _ALL else Group(state)
        found = await self._showing.history(interaction.user.id, interaction.guild_id, group, page)
        await whisper(interaction, embed=_history_embed(found, group))

    @app_commands.command(name="show", description=locale_str(N_("Show one of your videos once more")))
    @app_commands.describe(
        generation=locale_str(N_("Which one")), again=locale_str(N_("Fetch the video for you once more"))
    )
    async def show(
        self,
        interaction: discord.Interaction,
        generation: app_commands.Range[str, 1, REFERENCE_MOST],
        *,
        again: bool = False,
    ) -> None:
        """Show the card and where the video is; hand the video over where that is wished, or nowhere else to be had.

        One that is unconfirmed can be decided about here as well: its notice may be gone, or never have had a place.
        One's own may be shown wherever the bot serves, whichever guild it was made in: the answer is private.
        """
        await interaction.response.defer(ephemeral=True)
        found = await self._service.find(generation, interaction.user.id)
        is_fetched = await self._showing.is_to_be_fetched(found, again=again)
        await whisper(
            interaction,
            embed=_shown(found, is_fetched=is_fetched, again=again),
            view=_decisions(found, interaction.guild_id),
        )
        if is_fetched:
            limit = file_limit(interaction)
            async with self._showing.fetched(found, limit) as handover:
                await hand_over(interaction, handover, limit)

    @show.autocomplete("generation")
    async def _own(self, interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        return await self._suggestions.generations(interaction, current, lambda _generation: True)


def _history_embed(page: HistoryPage, group: Group | None) -> discord.Embed:
    title = _("Your videos") if group is None else _("Your videos: {group}", group=_(_GROUP_NAMES[group]))
    embed = discord.Embed(title=title, colour=discord.Colour.blurple())
    for generation in page.generations:
        request = generation.request
        name = f"{texts.operation_name(request.operation)} · {request.model}"
        embed.add_field(name=name, value="\n".join(_history_lines(generation)), inline=False)
    if not page.generations:
        embed.description = _nothing(page, group)
    elif page.has_older:
        embed.set_footer(text=_("Page {page}. Older ones are on page {next}.", page=page.number, next=page.number + 1))
    elif page.number > 1:
        embed.set_footer(text=_("Page {page}, the last one.", page=page.number))
    return embed


def _nothing(page: HistoryPage, group: Group | None) -> str:
    if page.number > 1:
        return _("There is nothing on this page. The latest ones are on page 1.")
    if group is not None:
        return _("None of your videos here is like that.")
    return _("You have not made a video here yet. Begin with /video text.")


def _history_lines(generation: Generation) -> list[str]:
    prompt = " ".join((generation.request.prompt or "").split())
    lines = [f"{texts.instant(generation.accepted_at, 'f')} · `{generation.id}`"]
    if prompt:
        lines.append(texts.word(prompt))
    lines.append(f"**{texts.state_name(generation.state)}**" + _outcome(generation))
    return lines


def _outcome(generation: Generation) -> str:
    """How it ended as far as the state's name doesn't say, and where it was told."""
    link = told_link(generation)
    if link is not None:
        where = " · " + _("[message]({link})", link=link)
    elif generation.state is State.SUCCEEDED and generation.told is State.SUCCEEDED:
        where = " · " + _("delivered nowhere: /show hands it to you")
    else:
        where = ""
    reason = problems.reason(generation)
    clipped = reason if len(reason) <= REASON_SHOWN else reason[: REASON_SHOWN - 1] + "…"
    return (f" · {clipped}" if clipped else "") + where


def _shown(generation: Generation, *, is_fetched: bool, again: bool) -> discord.Embed:
    """The card, in which the line of a success says where its video is from here."""
    embed = cards.card(generation)
    if generation.state is State.SUCCEEDED:
        lines = [_video_line(generation, is_gone=is_fetched and not again)]
        if is_fetched:
            lines.append(_("I am fetching it for you now; that may take a few minutes."))
        elif told_link(generation) and not generation.reason:
            lines.append(_("If it doesn't open for you, use /show with “again”."))
        embed.set_field_at(0, name=texts.state_name(generation.state), value=" ".join(lines), inline=False)
        return embed
    link = told_link(generation) or card_link(generation)
    if link is not None:
        embed.add_field(name=_("Where"), value=_("[Go to its message]({link})", link=link), inline=False)
    return embed


def _decisions(generation: Generation, guild_id: int | None) -> discord.ui.View:
    """The buttons under what is shown in a guild (None: directly): decisions where one is to be taken, else none."""
    if generation.state is not State.UNCONFIRMED:
        return discord.ui.View(timeout=None)
    return undecided_view(generation, is_elsewhere=generation.origin.guild_id != guild_id)


def _video_line(generation: Generation, *, is_gone: bool) -> str:
    """Where a finished video is, or was before its message was found to be gone."""
    if generation.reason:
        return problems.reason(generation)
    link = told_link(generation)
    if link is not None:
        return _("The message with it is gone.") if is_gone else _("The video is in [this message]({link}).", link=link)
    if generation.told is State.SUCCEEDED:
        return _("The video could not be delivered anywhere.")
    card = card_link(generation)
    if card is None:
        return _("The video is being fetched.")
    return _("The video is being fetched, and comes where [its card]({link}) is.", link=card)

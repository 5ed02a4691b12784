"""A member's own last days in the answer to /usage: figures, and a small picture of them."""

import discord
import structlog

from bot.chat import report_cards
from bot.chat.faults import discord_faults
from bot.chat.replies import whisper
from bot.chat.report_parts import CHART, SMALL_CHART_WIDTH, ReportTools, chart_of, picture_file
from bot.i18n import _
from bot.reports.periods import Period
from bot.reports.turns import NoTurnError
from bot.reports.usage import Asked, Report
from bot.work.protocols import DeliveryDelayedError

log = structlog.get_logger(__name__)


async def answer_with_own_days(interaction: discord.Interaction, embed: discord.Embed, tools: ReportTools) -> None:
    """Answer privately with an embed, to which what the member made here in the last 30 days is added.

    Nothing of anybody else is in it. The figures don't wait for the picture, which comes into the same answer once it
    is drawn; there is none without anything made, where it can't be drawn, or while too many are.
    """
    report = await _own_days(tools, interaction.user.id, interaction.guild_id)
    said = _("Nothing asked for yet.") if report.is_empty else report_cards.sums(report.totals)
    embed.add_field(name=_("Your last 30 days here"), value=said, inline=False)
    await whisper(interaction, embed=embed)
    chart = None if report.is_empty else await _drawn(tools, report)
    if chart is not None:
        await _add_picture(interaction, embed, chart)


async def _own_days(tools: ReportTools, user_id: int, guild_id: int | None) -> Report:
    zone = await tools.zone_of(guild_id)
    asked = Asked(
        period=Period.DAYS_30,
        by="day",
        zone=zone,
        guild_id=guild_id,
        member_id=user_id,
        is_own=True,
        with_rows=False,
    )
    return await tools.reports.usage(asked)


async def _drawn(tools: ReportTools, report: Report) -> bytes | None:
    try:
        return await chart_of(tools.charts.own_chart_of, report, SMALL_CHART_WIDTH, _("Your videos by day"))
    except NoTurnError as error:
        log.info("own_chart_left_out", reason=type(error).__name__)
        return None


async def _add_picture(interaction: discord.Interaction, embed: discord.Embed, chart: bytes) -> None:
    """Put the picture into the answer; one that was dismissed meanwhile is left."""
    embed.set_image(url=f"attachment://{CHART}")
    file = picture_file(chart)
    try:
        async with discord_faults("add picture"):
            await interaction.edit_original_response(embed=embed, attachments=[file])
    except (discord.HTTPException, DeliveryDelayedError) as error:
        log.info("picture_not_added", error=str(error))
    finally:
        file.close()

"""From accepted videos to the line in the log channel: a server's budget that is low, short, spent."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, timedelta
from pathlib import Path

import pytest

from bot.chat.announcer import DiscordAnnouncer
from bot.domain.catalog import Price, PriceUnit
from bot.domain.limits import Limit, Measure, Scope, Window
from bot.domain.moderating import Action, Deed
from bot.providers.lemondata.bundled import bundled_catalog
from bot.work.announcing import LEASE, Announcing, Told
from sandbox.discord.channels import Channel
from tests.chat.stage import Setting, Stage, now
from tests.chat.town import Town, connecting

DIME, USUAL, DEAR, FREE = "wan-2.5", "veo3.1-fast", "veo3.1", "viduq3-turbo"
PRICES = {DIME: 100_000, USUAL: 700_000, DEAR: 12_000_000, FREE: 0}
"""Micro-dollars for a video."""

LOW, SHORT, SPENT = "80 % of the budget is used", "The budget turned a video down", "The budget is used up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ward:
    """A server with a budget of ten dollars a month and a log channel."""

    stage: Stage
    town: Town
    log: Channel

    async def ask(self, model: str, times: int = 1) -> None:
        """Let ada ask for videos; the last one's answer is in `refusal`."""
        for _ in range(times):
            options = {"prompt": "a cat", "model": model}
            await self.town.ada.run("video text", channel=self.town.channel, options=options)

    async def accepted(self) -> int:
        """How many of them were accepted."""
        return len(await self.stage.all_of(self.town.ada.id, self.town.guild.id))

    async def look(self, *, after: timedelta = timedelta(0)) -> None:
        """What a bot that was started just now tells."""
        reports = self.stage.reports
        told = Told(
            store=self.stage.store.announcements,
            guilds=self.stage.store.guilds,
            budgets=self.stage.store.generations.budget_use,
            announcer=DiscordAnnouncer(self.stage.bot, reports),
            zone=UTC,
            clock=lambda: now() + after,
        )
        await Announcing(told).look()

    async def set_budget(self, dollars: int) -> None:
        """Set the budget, as moderators do."""
        limit = Limit(scope=Scope.GUILD, measure=Measure.MICROS, amount=dollars * 1_000_000, window=Window.MONTH)
        await self.stage.store.guilds.set_limit(limit, self.deed(Action.SET_LIMIT))

    def deed(self, action: Action = Action.CHANGE_SETTINGS) -> Deed:
        return Deed(at=now(), action=action, guild_id=self.town.guild.id, actor_id=self.town.ada.id)

    @property
    def titles(self) -> list[str]:
        """The titles of what stands in the log channel, without the lines of the audit."""
        return [str(embed["title"]) for message in self.log.messages for embed in message.embeds if "title" in embed]


@pytest.fixture
async def ward(town: Town, migrated: Path, tmp_path: Path) -> AsyncIterator[Ward]:
    prices = {
        model: Price(unit=PriceUnit.REQUEST, least=micros, most=micros, is_override=True)
        for model, micros in PRICES.items()
    }
    setting = Setting(
        api_url=town.discord.api_url,
        gateway_url=town.discord.gateway_url,
        limits=(),
        catalog=bundled_catalog().with_prices(prices),
    )
    async with connecting(town, setting, migrated, tmp_path) as stage:
        ward = Ward(stage=stage, town=town, log=town.guild.add_text_channel("log"))
        await ward.set_budget(10)
        await stage.store.guilds.change_settings({"log_channel_id": ward.log.id}, ward.deed())
        yield ward


async def test_a_budget_that_runs_low_is_told_of_and_then_the_first_video_that_it_turned_down(ward: Ward) -> None:
    await ward.ask(USUAL, times=11)
    await ward.look()
    assert ward.titles == []
    await ward.ask(USUAL)
    await ward.look()
    assert ward.titles == [LOW]
    await ward.ask(USUAL, times=4)
    assert await ward.accepted() == 14
    for _ in range(2):
        await ward.look()
    assert ward.titles == [LOW, SHORT]
    said = str(ward.log.messages[-1].embeds[0]["description"])
    assert said.startswith("$9.80 of $10.00 a month for this server are used. It starts over <t:")


async def test_what_is_free_or_still_fits_passes_a_budget_that_turned_a_video_down(ward: Ward) -> None:
    await ward.ask(USUAL, times=15)
    await ward.ask(FREE)
    await ward.ask(DIME, times=2)
    await ward.ask(FREE)
    assert await ward.accepted() == 18
    await ward.look()
    assert ward.titles == [SPENT]


async def test_a_budget_is_told_of_when_it_is_spent_after_it_was_short_for_a_video(ward: Ward) -> None:
    await ward.ask(USUAL, times=15)
    await ward.look()
    assert ward.titles == [SHORT]
    await ward.ask(DIME, times=3)
    await ward.look()
    assert ward.titles == [SHORT, SPENT]


async def test_a_budget_that_was_short_for_one_video_is_told_of_as_low_later(ward: Ward) -> None:
    await ward.ask(DEAR)
    await ward.look()
    await ward.ask(USUAL, times=12)
    await ward.look()
    assert ward.titles == [SHORT, LOW]


async def test_a_budget_that_was_raised_meanwhile_says_nothing_of_what_it_turned_down(ward: Ward) -> None:
    await ward.ask(USUAL, times=15)
    await ward.set_budget(20)
    await ward.look()
    assert ward.titles == []
    await ward.ask(USUAL)
    assert await ward.accepted() == 15


async def test_a_notice_that_did_not_get_through_stands_there_once_in_the_end(ward: Ward) -> None:
    await ward.look()  # the lines of the audit
    await ward.ask(USUAL, times=15)
    ward.town.discord.fail_next("POST", "/channels/{channel_id}/messages", "cut-after")
    await ward.look()
    ward.town.discord.advance(timedelta(hours=1))  # and Discord has forgotten the nonce
    for _ in range(2):
        await ward.look(after=LEASE)
    assert ward.titles == [SHORT]

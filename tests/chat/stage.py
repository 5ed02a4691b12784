"""The bot as its composition root joins it, but for the worker: the real client, service and SQLite store."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.chat.client import CogMaker, Served, ShowreelClient
from bot.chat.delivery import DiscordDelivery
from bot.chat.endpoints import point_at
from bot.chat.moderators import Moderators
from bot.chat.report_parts import ReportTools
from bot.chat.whereabouts import Lookout
from bot.domain.catalog import Catalog
from bot.domain.change import Change
from bot.domain.generation import Generation, Reason, State
from bot.domain.ledger import release, settle
from bot.domain.limits import Limit, Measure, Scope, Window
from bot.media.fetch import MediaFiles
from bot.media.rules import MediaRules
from bot.moderation.rules import first_match
from bot.providers.lemondata.bundled import bundled_catalog
from bot.providers.lemondata.client import LemonDataProvider
from bot.reports.chart import Charts
from bot.reports.usage import Reports
from bot.store.database import Database
from bot.store.store import Store
from bot.work.actors import Rights
from bot.work.budget import CallBudget
from bot.work.decisions import Decisions
from bot.work.door import Door
from bot.work.feed import CatalogFeed
from bot.work.gate import AgeRestricted, Gate
from bot.work.inputs import InputDesk
from bot.work.interventions import Interventions
from bot.work.moderation import Moderation
from bot.work.outage import Outage
from bot.work.ownership import Ownership
from bot.work.pace import Pace
from bot.work.policy import Policy
from bot.work.privacy import Privacy
from bot.work.service import Service, Terms
from bot.work.showing import Showing
from bot.work.steps import Tools
from cogs.decisions import DecisionButtons
from cogs.history import History
from cogs.members import Members
from cogs.mod import Mod, Part
from cogs.mod_limits import Limits
from cogs.mod_lists import Channels, Filter, Models
from cogs.mod_log import log_command
from cogs.mod_report import report_command
from cogs.mod_schedule import ScheduleGroup
from cogs.owner import Owner
from cogs.privacy import PrivacyCommands
from cogs.setup import Setup
from cogs.video import Video

NOWHERE = "http://127.0.0.1:9"
"""An address that nobody answers; none of these tests asks the provider anything."""

RETENTION = timedelta(days=90)

PER_DAY = Limit(scope=Scope.MEMBER, measure=Measure.GENERATIONS, amount=10, window=Window.DAY, is_default=True)


def now() -> datetime:
    """The clock of these tests."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What differs between stages."""

    api_url: str = f"{NOWHERE}/api/v10"
    gateway_url: str = ""
    served: Served = field(default_factory=Served)
    limits: tuple[Limit, ...] = (PER_DAY,)
    catalog: Catalog | None = None
    policy: Policy = field(default_factory=Policy)
    rules: MediaRules = field(default_factory=MediaRules)
    result_origins: tuple[str, ...] = ()
    guild_id: int | None = None
    charts: Charts = field(default_factory=lambda: Charts(within=timedelta(0)))  # none is drawn in time


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Everything that is open, but for the media: a test that fetches opens them."""

    bot: ShowreelClient
    store: Store
    service: Service
    door: Door
    feed: CatalogFeed
    provider: LemonDataProvider
    delivery: DiscordDelivery
    media: MediaFiles
    reports: ReportTools
    policy: Policy
    woken: asyncio.Event

    async def latest(self, user_id: int, guild_id: int | None) -> Generation:
        """A member's latest generation, once its card is stored."""
        async with asyncio.timeout(5):
            await self.woken.wait()
        return (await self.all_of(user_id, guild_id))[0]

    async def all_of(self, user_id: int, guild_id: int | None) -> list[Generation]:
        """What is stored of a member, newest first."""
        return await self.store.generations.of_member(user_id, guild_id, 100)

    async def finish(self, generation: Generation) -> None:
        """Take an accepted generation to success, settled, as the worker does; its task is named after it."""
        store = self.store.generations
        held = await store.hold_of(generation.id)
        assert held is not None
        await store.release_leases()
        claimed = await store.claim(now() + timedelta(days=1), timedelta(minutes=1), 100)
        here = next(one for one in claimed if one.id == generation.id)
        for step in (State.SUBMITTING, State.RUNNING, State.SUCCEEDED):
            entries = settle(held, held.amounts, now()) if step.is_end else ()
            after = here.move(step, now(), task_id=f"task-{here.id}")
            here = await store.save(Change(before=here, after=after, entries=entries, keeps_lease=not step.is_end))

    async def end(self, generation_id: str, state: State, reason: Reason) -> None:
        """Take an accepted generation to an end without a video, as the worker does."""
        store = self.store.generations
        held = await store.hold_of(generation_id)
        assert held is not None
        await store.release_leases()
        claimed = await store.claim(now() + timedelta(days=1), timedelta(minutes=1), 100)
        here = next(one for one in claimed if one.id == generation_id)
        after = here.move(state, now(), reason=reason)
        await store.save(Change(before=here, after=after, entries=(release(held, now()),)))

    async def lose(self, generation: Generation) -> Generation:
        """Take an accepted generation to unconfirmed, as the worker does where no answer comes."""
        store = self.store.generations
        await store.release_leases()
        here = await store.claim_one(generation.id, State.ACCEPTED, now(), timedelta(minutes=1))
        assert here is not None
        for step in (State.SUBMITTING, State.UNCONFIRMED):
            is_last = step is State.UNCONFIRMED
            after = here.move(step, now(), reason=Reason.NO_ANSWER if is_last else None)
            here = await store.save(Change(before=here, after=after, keeps_lease=not is_last))
        return here

    async def used(self, user_id: int, guild_id: int | None) -> int:
        """How many generations of today are counted for a member."""
        return (await self.store.generations.used_amounts(user_id, guild_id, Window.DAY, now())).generations


@asynccontextmanager
async def joined(setting: Setting, migrated: Path, folder: Path) -> AsyncIterator[Stage]:
    """A stage on a fresh database in `folder`; the client isn't logged in yet."""
    async with AsyncExitStack() as stack:
        stack.callback(point_at, Route.BASE, str(DiscordWebSocket.DEFAULT_GATEWAY))
        shutil.copy(migrated, folder / "showreel.db")
        database = Database(f"sqlite:///{folder / 'showreel.db'}")
        await database.open()
        stack.push_async_callback(database.close)
        provider = LemonDataProvider("tokenlab", f"{NOWHERE}/v1", "key", timeout=1)
        stack.push_async_callback(provider.close)
        media = MediaFiles(folder / "spool", setting.rules, trusted_origins=setting.result_origins)
        stage = _joined(setting, Store(database), provider, media)
        stack.push_async_callback(stage.bot.close)
        yield stage


def _joined(setting: Setting, store: Store, provider: LemonDataProvider, media: MediaFiles) -> Stage:
    cogs: list[CogMaker] = []
    woken = asyncio.Event()
    bot = ShowreelClient(
        served=setting.served,
        api_url=setting.api_url,
        gateway_url=setting.gateway_url,
        cogs=cogs,
        moderators=Moderators(Rights(store.guilds)),
        guild_ready_timeout=0.05,
    )
    delivery = DiscordDelivery(bot, now)
    outage = Outage()
    door = Door(provider, now, delivery.tell_owner, outage)
    feed = CatalogFeed(setting.catalog or bundled_catalog(), provider, store.snapshots, now, timedelta(hours=1), outage)
    service = Service(
        store=store.generations,
        feed=feed,
        door=door,
        terms=Terms(limits=setting.limits, default_model="veo3.1-fast", default_models={}, rules=setting.rules),
        policy=setting.policy,
        provider_name="tokenlab",
        clock=now,
        wake=woken.set,
        gate=Gate(
            store=store.guilds,
            match=first_match,
            age_restricted=AgeRestricted(),
            clock=now,
        ),
    )
    reports = ReportTools(reports=Reports(store.reports, now), charts=setting.charts, guilds=store.guilds, zone=UTC)
    moderation = Moderation(store=store.guilds, catalog=lambda: feed.catalog, defaults=setting.limits, clock=now)
    tools = Tools(
        store=store.generations,
        provider=provider,
        delivery=delivery,
        inputs=InputDesk(media, delivery, inline=False),
        door=door,
        budget=CallBudget(1000),
        outage=outage,
        pace=Pace(setting.policy),
        policy=setting.policy,
        clock=now,
    )
    decisions = Decisions(tools, service)
    interventions = Interventions(
        store=store.guilds,
        generations=store.generations,
        service=service,
        decisions=decisions,
        clock=now,
    )
    ownership = Ownership(
        store=store.guilds,
        overviews=store.overviews,
        defaults=setting.limits,
        door=door,
        outage=outage,
        clock=now,
    )
    of_moderators: list[Part] = [
        Limits(bot.moderators, moderation, service),
        Filter(bot.moderators, moderation),
        Channels(bot.moderators, moderation),
        Models(bot.moderators, moderation, service),
        log_command(bot.moderators, moderation),
        report_command(reports, lambda: feed.catalog, bot.moderators),
        ScheduleGroup(bot.moderators, moderation, reports, now),
    ]
    cogs += [
        lambda client: Video(client, service),
        lambda _client: Members(service, reports),
        lambda _client: History(service, Showing(store.history, media, Lookout(bot).stands)),
        lambda _client: Mod(bot.moderators, moderation, interventions, of_moderators),
        lambda client: DecisionButtons(client, decisions, service),
        lambda client: Owner(client, decisions, ownership),
        lambda client: Setup(client, moderation, service, "UTC"),
        lambda client: PrivacyCommands(client, Privacy(store.privacy, now, RETENTION), RETENTION),
    ]
    return Stage(
        bot=bot,
        store=store,
        service=service,
        door=door,
        feed=feed,
        provider=provider,
        delivery=delivery,
        media=media,
        reports=reports,
        policy=setting.policy,
        woken=woken,
    )

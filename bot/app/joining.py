"""Joining the open parts: who works with whom."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from bot.app.opening import now
from bot.chat.announcer import DiscordAnnouncer
from bot.chat.client import CogMaker, Served, ShowreelClient
from bot.chat.delivery import DiscordDelivery
from bot.chat.moderators import Moderators
from bot.chat.report_parts import ReportTools
from bot.chat.whereabouts import Lookout
from bot.domain.generation import State
from bot.media.fetch import MediaFiles
from bot.moderation.endpoint import ModerationEndpoint
from bot.moderation.rules import first_match
from bot.providers.lemondata.bundled import bundled_catalog
from bot.providers.lemondata.client import LemonDataProvider
from bot.reports.chart import Charts
from bot.reports.usage import Reports
from bot.settings import Settings, seconds
from bot.store.store import Store
from bot.terms import overrides, terms
from bot.work.actors import Rights
from bot.work.announcing import Announcing, Told
from bot.work.budget import CallBudget
from bot.work.decisions import Decisions
from bot.work.door import Door
from bot.work.feed import CatalogFeed
from bot.work.following import Following
from bot.work.gate import AgeRestricted, Gate
from bot.work.inputs import InputDesk
from bot.work.interventions import Interventions
from bot.work.moderation import Moderation
from bot.work.outage import Outage
from bot.work.ownership import Ownership
from bot.work.pace import Pace
from bot.work.policy import Policy
from bot.work.privacy import Privacy, Retention
from bot.work.reconciling import Reconciler
from bot.work.screening import Screening
from bot.work.service import Service
from bot.work.showing import Showing
from bot.work.steps import Step, Tools
from bot.work.submitting import Accepting, FoundSubmitting
from bot.work.telling import Telling
from bot.work.worker import Worker
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

GUILD_READY_TIMEOUT = 0.5
"""Seconds without a further guild after which discord.py calls itself ready."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What is open before anything is joined; `endpoint` is None where prompts are not asked about."""

    settings: Settings
    store: Store
    provider: LemonDataProvider
    media: MediaFiles
    endpoint: ModerationEndpoint | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything that goes on by itself, and what is asked of it."""

    store: Store
    bot: ShowreelClient
    worker: Worker
    service: Service
    feed: CatalogFeed
    door: Door
    pace: Pace
    announcing: Announcing
    reconciler: Reconciler
    retention: Retention


def joined(opened: Opened) -> Parts:
    """Join the parts; the client comes first since delivery needs it, its commands last since they need the service."""
    settings, store = opened.settings, opened.store
    cogs: list[CogMaker] = []
    bot = _client(opened, cogs)
    tools = _tools(opened, DiscordDelivery(bot, now))
    worker = Worker(
        store.generations, _steps(opened, tools), now, slots=settings.worker.slots, lease=tools.policy.lease
    )
    feed = _feed(opened, tools.outage)
    service = Service(
        store=store.generations,
        feed=feed,
        door=tools.door,
        terms=terms(settings),
        policy=tools.policy,
        provider_name=settings.provider.name,
        clock=now,
        wake=worker.wake,
        gate=_gate(settings, store),
    )
    reports = _reports(opened)
    cogs += _cogs(opened, tools, service, reports)
    return Parts(
        store=store,
        bot=bot,
        worker=worker,
        service=service,
        feed=feed,
        door=tools.door,
        pace=tools.pace,
        announcing=_announcing(store, DiscordAnnouncer(bot, reports), reports),
        reconciler=Reconciler(store.reconciling, now),
        retention=Retention(store.privacy, now, _retention(settings)),
    )


def _client(opened: Opened, cogs: list[CogMaker]) -> ShowreelClient:
    discord = opened.settings.discord
    return ShowreelClient(
        served=Served(guild_ids=discord.guild_ids, user_install=discord.user_install),
        api_url=discord.api_url,
        gateway_url=discord.gateway_url,
        cogs=cogs,
        moderators=Moderators(Rights(opened.store.guilds)),
        clock=now,
        guild_ready_timeout=GUILD_READY_TIMEOUT,
    )


def _tools(opened: Opened, delivery: DiscordDelivery) -> Tools:
    policy, outage = _policy(opened.settings), Outage()
    return Tools(
        store=opened.store.generations,
        provider=opened.provider,
        delivery=delivery,
        inputs=InputDesk(opened.media, delivery, inline=policy.inline_inputs),
        door=Door(opened.provider, now, delivery.tell_owner, outage),
        budget=CallBudget(opened.settings.provider.calls_per_minute),
        outage=outage,
        pace=Pace(policy),
        policy=policy,
        clock=now,
    )


def _feed(opened: Opened, outage: Outage) -> CatalogFeed:
    settings = opened.settings
    catalog, every = bundled_catalog().with_prices(overrides(settings)), seconds(settings.provider.models_refresh)
    return CatalogFeed(catalog, opened.provider, opened.store.snapshots, now, every, outage)


def _steps(opened: Opened, tools: Tools) -> Mapping[State, Step]:
    screening = Screening(tools, opened.endpoint, opened.store.guilds) if opened.endpoint else None
    told = (State.UNCONFIRMED, State.SUCCEEDED, State.FAILED, State.CANCELLED, State.EXPIRED)
    return {
        State.ACCEPTED: Accepting(tools, screening),
        State.SUBMITTING: FoundSubmitting(tools),
        State.RUNNING: Following(tools),
        **dict.fromkeys(told, Telling(tools, opened.media)),
    }


def _reports(opened: Opened) -> ReportTools:
    return ReportTools(
        reports=Reports(opened.store.reports, now),
        charts=Charts(),
        guilds=opened.store.guilds,
        zone=ZoneInfo(opened.settings.limits.time_zone),
    )


def _announcing(store: Store, announcer: DiscordAnnouncer, reports: ReportTools) -> Announcing:
    return Announcing(
        Told(
            store=store.announcements,
            guilds=store.guilds,
            budgets=store.generations.budget_use,
            announcer=announcer,
            zone=reports.zone,
            clock=now,
        )
    )


def _cogs(opened: Opened, tools: Tools, service: Service, reports: ReportTools) -> list[CogMaker]:
    """The commands of members, of moderators, and of the owner."""
    settings, store = opened.settings, opened.store
    decisions, retention = Decisions(tools, service), _retention(settings)
    moderation = _moderation(opened, service)
    ownership = Ownership(
        store=store.guilds,
        overviews=store.overviews,
        defaults=terms(settings).limits,
        door=tools.door,
        outage=tools.outage,
        clock=now,
    )
    return [
        lambda bot: Video(bot, service),
        lambda _bot: Members(service, reports),
        lambda bot: History(service, Showing(store.history, opened.media, Lookout(bot).stands)),
        lambda bot: DecisionButtons(bot, decisions, service),
        lambda bot: PrivacyCommands(bot, Privacy(store.privacy, now, retention), retention),
        lambda bot: _mod(bot, moderation, _interventions(opened, service, decisions), reports, service),
        lambda bot: Setup(bot, moderation, service, settings.limits.time_zone),
        lambda bot: Owner(bot, decisions, ownership),
    ]


def _moderation(opened: Opened, service: Service) -> Moderation:
    defaults = terms(opened.settings).limits
    return Moderation(store=opened.store.guilds, catalog=lambda: service.catalog, defaults=defaults, clock=now)


def _interventions(opened: Opened, service: Service, decisions: Decisions) -> Interventions:
    store = opened.store
    return Interventions(
        store=store.guilds, generations=store.generations, service=service, decisions=decisions, clock=now
    )


def _mod(
    bot: ShowreelClient,
    moderation: Moderation,
    interventions: Interventions,
    reports: ReportTools,
    service: Service,
) -> Mod:
    parts: list[Part] = [
        Limits(bot.moderators, moderation, service),
        Filter(bot.moderators, moderation),
        Channels(bot.moderators, moderation),
        Models(bot.moderators, moderation, service),
        log_command(bot.moderators, moderation),
        report_command(reports, lambda: service.catalog, bot.moderators),
        ScheduleGroup(bot.moderators, moderation, reports, now),
    ]
    return Mod(bot.moderators, moderation, interventions, parts)


def _policy(settings: Settings) -> Policy:
    worker = settings.worker
    return Policy(
        poll_interval=seconds(worker.poll_interval),
        poll_interval_longest=seconds(worker.poll_interval_max),
        deadline=seconds(worker.deadline),
        give_up_after=seconds(worker.give_up_after),
        grace=seconds(worker.unconfirmed_grace),
        lease=seconds(worker.lease),
        call_timeout=seconds(settings.provider.timeout + 5),
        inline_inputs=settings.media.inputs == "inline",
    )


def _retention(settings: Settings) -> timedelta | None:
    days = settings.privacy.retention_days
    return timedelta(days=days) if days else None


def _gate(settings: Settings, store: Store) -> Gate:
    restricted = settings.moderation
    return Gate(
        store=store.guilds,
        match=first_match,
        age_restricted=AgeRestricted(
            models=frozenset(restricted.age_restricted_models),
            operations=frozenset(restricted.age_restricted_operations),
        ),
        clock=now,
    )

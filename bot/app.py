"""The composition root: opens every part in order, joins them, and closes them in reverse."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

import structlog

from bot.chat.announcer import DiscordAnnouncer
from bot.chat.client import CogMaker, DiscordUnreachableError, Served, ShowreelClient, TokenRefusedError
from bot.chat.delivery import DiscordDelivery
from bot.chat.moderators import Moderators
from bot.chat.report_parts import ReportTools
from bot.chat.whereabouts import Lookout
from bot.domain.generation import State
from bot.health import PortTakenError, Vitals, Watchdog, serving
from bot.media.fetch import MediaFiles
from bot.moderation.endpoint import ModerationEndpoint
from bot.moderation.rules import WordRules
from bot.providers.errors import ProviderError, Refused
from bot.providers.lemondata.bundled import bundled_catalog
from bot.providers.lemondata.client import LemonDataProvider
from bot.reports.chart import Charts
from bot.reports.usage import Reports
from bot.settings import Settings, seconds
from bot.store.database import Database
from bot.store.errors import DatabaseUnusableError
from bot.store.lock import DataFolderLock
from bot.store.schema import migrate
from bot.store.store import Store
from bot.terms import media_rules, overrides, terms
from bot.work.actors import Rights
from bot.work.announcing import Announcing, Told
from bot.work.budget import CallBudget
from bot.work.clock import SteadyClock
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

log = structlog.get_logger(__name__)

STOP_WITHIN = timedelta(seconds=8)
"""For the work in hand; what is left is handed back to the next start."""

CLOSE_WITHIN = timedelta(seconds=20)
"""For everything that ending takes: what hangs then, such as a database, would hang for ever."""

HISTORY_REFRESH = timedelta(minutes=10)
HISTORY_SPAN = timedelta(days=30)
GUILD_READY_TIMEOUT = 0.5
"""Seconds without a further guild after which discord.py calls itself ready."""


class StartError(Exception):
    """The bot can't start; the text is one sentence, `code` the exit code (2: the configuration is to be mended)."""

    def __init__(self, sentence: str, code: int = 2) -> None:
        super().__init__(sentence)
        self.code = code


now = SteadyClock()
"""The clock of the whole program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything that is open."""

    settings: Settings
    store: Store
    bot: ShowreelClient
    worker: Worker
    service: Service
    feed: CatalogFeed
    door: Door
    pace: Pace
    announcing: Announcing


async def run(settings: Settings) -> None:
    """Run the bot until it is told to stop; raises StartError where it can't start or go on."""
    stopping = asyncio.Event()
    _stop_on_signals(stopping)
    async with AsyncExitStack() as stack:
        parts = await _open(settings, stack)
        watchdog = Watchdog(
            now,
            turned_at=lambda: parts.worker.turned_at,
            failing_since=lambda: parts.worker.failing_since,
            is_connected=parts.bot.is_ready,
            away_since=lambda: parts.bot.away_since,
        )
        vitals = Vitals(
            alive=watchdog.alive,
            ready=watchdog.ready,
            in_flight=lambda: _in_flight(parts.store),
        )
        try:
            await stack.enter_async_context(serving(settings.server.host, settings.server.port, vitals))
        except PortTakenError as error:
            raise StartError(f"{error}; choose another [server] port, or 0 to switch it off.") from error
        await _work(parts, watchdog, stopping)


async def _work(parts: Parts, watchdog: Watchdog, stopping: asyncio.Event) -> None:
    """Do everything at once until asked to stop or until something that must go on has ended."""
    tasks = [
        asyncio.create_task(parts.bot.connect(), name="discord"),
        asyncio.create_task(parts.worker.run(), name="worker"),
        asyncio.create_task(parts.feed.run(), name="catalog"),
        asyncio.create_task(parts.door.watch(), name="door"),
        asyncio.create_task(_keep_history(parts), name="history"),
        asyncio.create_task(_announce(parts), name="announcements"),
        asyncio.create_task(watchdog.watch(), name="watchdog"),
        asyncio.create_task(Reconciler(parts.store.reconciling, now).run(), name="reconciliation"),
        asyncio.create_task(Retention(parts.store.privacy, now, _retention(parts.settings)).run(), name="retention"),
    ]
    asked = asyncio.create_task(stopping.wait(), name="stop")
    try:
        ended, _ = await asyncio.wait([asked, *tasks], return_when=asyncio.FIRST_COMPLETED)
        log.info("stopping", asked=asked in ended)
        asyncio.get_running_loop().call_later(CLOSE_WITHIN.total_seconds(), _cut_short)
        parts.service.stop_accepting()
        await parts.worker.stop(STOP_WITHIN)
        await parts.bot.close()
    finally:
        for task in (asked, *tasks):
            task.cancel()
        outcomes = await asyncio.gather(asked, *tasks, return_exceptions=True)
    if asked not in ended:
        raise _fatal(outcomes[1:])


def _cut_short() -> None:
    """End what can't be ended in order; every row says how it goes on."""
    log.error("ending_hangs", after=str(CLOSE_WITHIN))
    os._exit(1)


def _fatal(outcomes: Sequence[object]) -> StartError:
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            log.error("part_ended", exc_info=outcome)
            return StartError(f"A part that must go on has ended ({type(outcome).__name__}); start again.", code=1)
    return StartError("A part that must go on has ended; start again.", code=1)


async def _open(settings: Settings, stack: AsyncExitStack) -> Parts:
    if not settings.discord.token.get_secret_value():
        raise StartError("There is no Discord token; see [discord] token.")
    store = await stack.enter_async_context(opened_store(settings, owner=True))
    handed_back = await store.generations.release_leases() if settings.database.url.startswith("sqlite") else 0
    log.info("store_opened", leases_handed_back=handed_back)
    provider = provider_of(settings)
    stack.push_async_callback(provider.close)
    await _check_key(provider)
    media = MediaFiles(
        settings.data_folder() / "spool",
        media_rules(settings),
        trusted_origins=(provider.result_origin, *settings.media.trusted_origins),
        attachment_origins=_attachment_origins(settings),
    )
    try:
        await media.open()
    except OSError as error:
        raise StartError(f"The folder {error.filename} for files can't be used: {error.strerror}.") from error
    stack.push_async_callback(media.close)
    endpoint = _moderation_endpoint(settings)
    if endpoint is not None:
        stack.push_async_callback(endpoint.close)
    parts = _joined(settings, store, provider, media, endpoint)
    await parts.feed.restore()
    stack.push_async_callback(parts.bot.close)
    await _log_in(parts.bot, settings)
    return parts


def _joined(
    settings: Settings,
    store: Store,
    provider: LemonDataProvider,
    media: MediaFiles,
    endpoint: ModerationEndpoint | None,
) -> Parts:
    """Join the parts; the client comes first since delivery needs it, its commands last since they need the service."""
    served = Served(guild_ids=settings.discord.guild_ids, user_install=settings.discord.user_install)
    cogs: list[CogMaker] = []
    bot = ShowreelClient(
        served=served,
        api_url=settings.discord.api_url,
        gateway_url=settings.discord.gateway_url,
        cogs=cogs,
        moderators=Moderators(Rights(store.guilds)),
        guild_ready_timeout=GUILD_READY_TIMEOUT,
    )
    delivery, policy = DiscordDelivery(bot), _policy(settings)
    catalog = bundled_catalog().with_prices(overrides(settings))
    feed = CatalogFeed(catalog, provider, store.snapshots, now, seconds(settings.provider.models_refresh))
    door, pace = Door(provider, now, delivery.tell_owner), Pace(policy)
    inputs = InputDesk(media, delivery, inline=policy.inline_inputs)
    tools = Tools(
        store=store.generations,
        provider=provider,
        delivery=delivery,
        inputs=inputs,
        door=door,
        budget=CallBudget(settings.provider.calls_per_minute),
        outage=Outage(),
        pace=pace,
        policy=policy,
        clock=now,
    )
    telling = Telling(tools, media)
    steps: Mapping[State, Step] = {
        State.ACCEPTED: Accepting(tools, Screening(tools, endpoint, store.guilds) if endpoint else None),
        State.SUBMITTING: FoundSubmitting(tools),
        State.RUNNING: Following(tools),
        **dict.fromkeys((State.UNCONFIRMED, State.SUCCEEDED, State.FAILED, State.CANCELLED, State.EXPIRED), telling),
    }
    worker = Worker(store.generations, steps, now, slots=settings.worker.slots, lease=policy.lease)
    service = Service(
        store=store.generations,
        feed=feed,
        door=door,
        terms=terms(settings),
        policy=policy,
        provider_name=settings.provider.name,
        clock=now,
        wake=worker.wake,
        gate=_gate(settings, store),
    )
    decisions = Decisions(tools, service)
    reports = ReportTools(
        reports=Reports(store.reports, now),
        charts=Charts(),
        guilds=store.guilds,
        zone=ZoneInfo(settings.limits.time_zone),
    )
    moderation = Moderation(
        store=store.guilds, catalog=lambda: service.catalog, defaults=terms(settings).limits, clock=now
    )
    interventions = Interventions(
        store=store.guilds, generations=store.generations, service=service, decisions=decisions, clock=now
    )
    ownership = Ownership(
        store=store.guilds,
        overviews=store.overviews,
        defaults=terms(settings).limits,
        door=door,
        outage=tools.outage,
        clock=now,
    )
    told = Told(
        store=store.announcements,
        guilds=store.guilds,
        budgets=store.generations.budget_use,
        announcer=DiscordAnnouncer(bot, reports),
        zone=reports.zone,
        clock=now,
    )
    retention = _retention(settings)
    of_moderators: list[Part] = [
        Limits(bot.moderators, moderation, service),
        Filter(bot.moderators, moderation),
        Channels(bot.moderators, moderation),
        Models(bot.moderators, moderation, service),
        log_command(bot.moderators, moderation),
        report_command(reports, lambda: service.catalog, bot.moderators),
        ScheduleGroup(bot.moderators, moderation, reports, now),
    ]
    cogs += [
        lambda client: Video(client, service),
        lambda _client: Members(service, reports),
        lambda _client: History(service, Showing(store.history, media, Lookout(bot).stands)),
        lambda client: DecisionButtons(client, decisions, service),
        lambda client: Owner(client, decisions, ownership),
        lambda _client: Mod(bot.moderators, moderation, interventions, of_moderators),
        lambda client: Setup(client, moderation, service, settings.limits.time_zone),
        lambda client: PrivacyCommands(client, Privacy(store.privacy, now, retention), retention),
    ]
    return Parts(
        settings=settings,
        store=store,
        bot=bot,
        worker=worker,
        service=service,
        feed=feed,
        door=door,
        pace=pace,
        announcing=Announcing(told),
    )


@asynccontextmanager
async def opened_store(settings: Settings, *, owner: bool) -> AsyncIterator[Store]:
    """The store, migrated; as its owner, no other process may run the bot on the same SQLite file meanwhile.

    Raises StartError where the database can't be used.
    """
    async with AsyncExitStack() as stack:
        try:
            database = Database(settings.database.url)
            if owner and database.folder:
                database.folder.mkdir(parents=True, exist_ok=True)
                stack.enter_context(DataFolderLock(database.folder))
            await migrate(settings.database.url)
            await database.open()
            gap = await database.clock_gap(now())
        except DatabaseUnusableError as error:
            raise StartError(str(error)) from error
        except OSError as error:
            raise StartError(f"The data folder can't be made: {error.strerror} ({error.filename}).") from error
        stack.push_async_callback(database.close)
        if gap > seconds(settings.worker.lease) / 4:
            apart = f"{gap.total_seconds():.0f} s"
            raise StartError(f"The clocks of this machine and of the database are {apart} apart: set both right.", 1)
        yield Store(database, zone=ZoneInfo(settings.limits.time_zone))


def provider_of(settings: Settings) -> LemonDataProvider:
    """The configured provider; raises StartError for an address or a key that can't be one."""
    configured = settings.provider
    key = configured.api_key.get_secret_value()
    if not key:
        raise StartError("There is no key for the video service; see [provider] api_key.")
    try:
        return LemonDataProvider(configured.name, configured.base_url, key, timeout=configured.timeout)
    except ValueError as error:
        raise StartError(f"The video service can't be used as configured in [provider]: {error}.") from error


def _moderation_endpoint(settings: Settings) -> ModerationEndpoint | None:
    """The configured one, None where there is none; raises StartError for an address or a key that can't be one."""
    configured = settings.moderation
    if not configured.endpoint:
        return None
    key, model = configured.api_key.get_secret_value(), configured.model or None
    try:
        return ModerationEndpoint(configured.endpoint, key, model, seconds(configured.timeout), configured.fail_open)
    except ValueError as error:
        raise StartError(f"Prompts can't be checked as configured in [moderation]: {error}.") from error


async def _check_key(provider: LemonDataProvider) -> None:
    """A wrong key ends the start; a provider that is away does not."""
    try:
        await provider.check_key()
    except Refused as refusal:
        if refusal.status in {401, 403}:
            raise StartError("The video service does not accept the key; see [provider] api_key.") from refusal
        if 300 <= (refusal.status or 0) < 400:
            raise StartError("The video service is at another address; see [provider] base_url.") from refusal
        log.warning("provider_refuses", status=refusal.status, code=refusal.code)
    except ProviderError as error:
        log.warning("provider_away", error=error.message)


async def _log_in(bot: ShowreelClient, settings: Settings) -> None:
    try:
        await bot.log_in(settings.discord.token.get_secret_value())
    except TokenRefusedError as error:
        raise StartError("Discord does not accept the token; see [discord] token.") from error
    except DiscordUnreachableError as error:
        raise StartError(f"Discord could not be reached at {settings.discord.api_url}.", code=1) from error


async def _keep_history(parts: Parts) -> None:
    """Learn from time to time how long generations take here."""
    while True:
        try:
            parts.pace.usual = await parts.store.generations.usual_durations(now() - HISTORY_SPAN)
        except Exception:  # the edge of the loop: a row that can't be read must not end the bot
            log.exception("history_not_read")
        await asyncio.sleep(HISTORY_REFRESH.total_seconds())


async def _announce(parts: Parts) -> None:
    """Tell guilds what is due, once Discord has told which guilds there are."""
    await parts.bot.wait_until_ready()
    await parts.announcing.run()


async def _in_flight(store: Store) -> int:
    return sum((await store.generations.counts()).values())


def _stop_on_signals(stopping: asyncio.Event) -> None:
    """The first signal asks to stop, the second one ends the process at once."""

    def stop() -> None:
        if stopping.is_set():
            os._exit(1)
        stopping.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)


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
        match=lambda rules, text: WordRules(rules).match(text),
        age_restricted=AgeRestricted(
            models=frozenset(restricted.age_restricted_models),
            operations=frozenset(restricted.age_restricted_operations),
        ),
        clock=now,
    )


def _attachment_origins(settings: Settings) -> tuple[str, ...]:
    """Discord itself, where its REST base is another than Discord's own (a sandbox serves its files from there)."""
    base = settings.discord.api_url
    return ("/".join(base.split("/")[:3]),)

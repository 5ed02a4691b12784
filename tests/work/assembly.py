"""Joining the parts of a bot, as its composition root does, but with a recorded delivery and a driven clock."""

import random
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from bot.domain.catalog import Catalog
from bot.domain.generation import State
from bot.domain.limits import Limit
from bot.domain.request import Operation
from bot.media.fetch import MediaFiles
from bot.media.rules import MediaRules
from bot.moderation.rules import first_match
from bot.providers.lemondata.bundled import bundled_catalog
from bot.providers.lemondata.client import LemonDataProvider
from bot.store.database import Database
from bot.store.store import Store
from bot.work.budget import CallBudget
from bot.work.door import Door
from bot.work.feed import CatalogFeed
from bot.work.following import Following
from bot.work.gate import AgeRestricted, Gate
from bot.work.inputs import InputDesk
from bot.work.outage import Outage
from bot.work.pace import Pace
from bot.work.policy import Policy
from bot.work.screening import Endpoint, Screening
from bot.work.service import Service, Terms
from bot.work.steps import Step, Tools
from bot.work.submitting import Accepting, FoundSubmitting
from bot.work.telling import Telling
from bot.work.worker import Worker
from sandbox.provider import SimulatedProvider
from tests.work.stage import Clock, RecordedDelivery, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Where a stage is opened, and what is particular to it."""

    folder: Path
    simulated: SimulatedProvider
    attachment_origin: str
    base_url: str
    policy: Policy
    limits: tuple[Limit, ...] = ()
    assumed_micros: int | None = None
    catalog: Catalog = field(default_factory=bundled_catalog)
    default_models: Mapping[Operation, str] = field(default_factory=dict)
    rules: MediaRules = field(default_factory=MediaRules)
    slots: int = 8
    calls_per_minute: int = 1_000_000
    clock: Clock = field(default_factory=Clock)
    around: Callable[[Tools], Tools] = lambda tools: tools
    endpoint: Endpoint | None = None
    age_restricted: AgeRestricted = field(default_factory=AgeRestricted)


async def opened(setting: Setting, stack: AsyncExitStack) -> Stage:
    """A stage whose parts are open until the stack is closed."""
    clock, policy = setting.clock, setting.policy
    provider = LemonDataProvider("tokenlab", setting.base_url, "sk-sandbox", timeout=5.0, connections=4)
    stack.push_async_callback(provider.close)
    media = await _media(setting, provider, stack)
    database = Database(f"sqlite:///{setting.folder}/showreel.db")
    await database.open()
    stack.push_async_callback(database.close)
    store, delivery, outage = Store(database), RecordedDelivery(clock), Outage(random.Random(7))
    tools = setting.around(
        Tools(
            store=store.generations,
            provider=provider,
            delivery=delivery,
            inputs=InputDesk(media, delivery, inline=policy.inline_inputs),
            door=Door(provider, clock.now, delivery.tell_owner, outage),
            budget=CallBudget(setting.calls_per_minute, lambda: clock.now().timestamp()),
            outage=outage,
            pace=Pace(policy, rng=random.Random(7)),
            policy=policy,
            clock=clock.now,
        )
    )
    steps = _steps(tools, media, _screening(setting, tools, store))
    worker = Worker(store.generations, steps, clock.now, slots=setting.slots, lease=policy.lease)
    feed = CatalogFeed(setting.catalog, provider, store.snapshots, clock.now, timedelta(hours=1), outage)
    return Stage(
        folder=setting.folder,
        clock=clock,
        simulated=setting.simulated,
        database=database,
        store=store,
        delivery=delivery,
        tools=tools,
        feed=feed,
        worker=worker,
        service=_service(setting, tools, feed, worker, gate_of(store, setting)),
    )


async def _media(setting: Setting, provider: LemonDataProvider, stack: AsyncExitStack) -> MediaFiles:
    media = MediaFiles(
        setting.folder / "spool",
        setting.rules,
        trusted_origins=[setting.simulated.origin, provider.result_origin],
        attachment_origins=[setting.attachment_origin],
    )
    await media.open()
    stack.push_async_callback(media.close)
    return media


def gate_of(store: Store, setting: Setting) -> Gate:
    """The gate, with the word rules as they are."""
    return Gate(
        store=store.guilds,
        match=first_match,
        age_restricted=setting.age_restricted,
        clock=setting.clock.now,
    )


def _service(setting: Setting, tools: Tools, feed: CatalogFeed, worker: Worker, gate: Gate) -> Service:
    terms = Terms(
        limits=setting.limits,
        default_model="veo3.1-fast",
        default_models=setting.default_models,
        rules=setting.rules,
        assumed_micros=setting.assumed_micros,
    )
    return Service(
        store=tools.store,
        feed=feed,
        door=tools.door,
        terms=terms,
        policy=setting.policy,
        provider_name=tools.provider.name,
        clock=setting.clock.now,
        wake=worker.wake,
        gate=gate,
    )


def _screening(setting: Setting, tools: Tools, store: Store) -> Screening | None:
    return Screening(tools, setting.endpoint, store.guilds) if setting.endpoint else None


def _steps(tools: Tools, media: MediaFiles, screening: Screening | None) -> dict[State, Step]:
    telling = Telling(tools, media)
    return {
        State.ACCEPTED: Accepting(tools, screening),
        State.SUBMITTING: FoundSubmitting(tools),
        State.RUNNING: Following(tools),
        **dict.fromkeys((State.UNCONFIRMED, State.SUCCEEDED, State.FAILED, State.CANCELLED, State.EXPIRED), telling),
    }

"""Moderators and an owner at work on a stage, and every use case of theirs with something to call it with."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from bot.domain.limits import Limit, Measure, Scope, Window
from bot.domain.word_rules import RuleKind
from bot.work.actors import Actor
from bot.work.decisions import Decisions
from bot.work.interventions import Interventions
from bot.work.moderation import Moderation
from bot.work.ownership import Ownership
from tests.work.stage import GUILD, MEMBER, Stage

OTHER_GUILD = 7_002
MODERATOR = Actor(user_id=5_001, guild_id=GUILD, is_moderator=True)
ELSEWHERE = Actor(user_id=5_002, guild_id=OTHER_GUILD, is_moderator=True)
OWNER = Actor(user_id=5_003, guild_id=None, is_owner=True)
ANYBODY = Actor(user_id=5_004, guild_id=GUILD)
IN_DIRECT_MESSAGES = Actor(user_id=5_005, guild_id=None, is_moderator=True)

GUILD_LIMIT = Limit(scope=Scope.GUILD, measure=Measure.GENERATIONS, amount=10, window=Window.DAY)
BOT_LIMIT = Limit(scope=Scope.BOT, measure=Measure.MICROS, amount=5_000_000, window=Window.DAY)
DEFAULT = Limit(scope=Scope.MEMBER, measure=Measure.GENERATIONS, amount=10, window=Window.DAY, is_default=True)

BOT_DEFAULT = Limit(scope=Scope.BOT, measure=Measure.CONCURRENT, amount=500, is_default=True)


@dataclass(frozen=True, slots=True)
class Desk:
    """The use cases, joined as the composition root does."""

    moderation: Moderation
    interventions: Interventions
    ownership: Ownership


def desk(stage: Stage) -> Desk:
    store, clock = stage.store, stage.clock.now
    return Desk(
        moderation=Moderation(
            store=store.guilds, catalog=lambda: stage.feed.catalog, defaults=(DEFAULT, BOT_DEFAULT), clock=clock
        ),
        interventions=Interventions(
            store=store.guilds,
            generations=store.generations,
            service=stage.service,
            decisions=Decisions(stage.tools, stage.service),
            clock=clock,
        ),
        ownership=Ownership(
            store=store.guilds,
            overviews=store.overviews,
            door=stage.door,
            outage=stage.tools.outage,
            defaults=(DEFAULT, BOT_DEFAULT),
            clock=clock,
        ),
    )


CALLS: Mapping[str, tuple[Any, ...]] = MappingProxyType(
    {
        "moderation.show_limits": (),
        "moderation.set_limit": (GUILD_LIMIT,),
        "moderation.clear_limit": (GUILD_LIMIT,),
        "moderation.block": (MEMBER, timedelta(hours=1), "spam"),
        "moderation.unblock": (MEMBER,),
        "moderation.blocked": (),
        "moderation.add_rule": (RuleKind.WORD, "cabbage"),
        "moderation.remove_rule": (1,),
        "moderation.rules": (),
        "moderation.allow_channel": (8_002,),
        "moderation.remove_channel": (8_002,),
        "moderation.channels": (),
        "moderation.allow_model": ("veo3.1-fast",),
        "moderation.remove_model": ("veo3.1-fast",),
        "moderation.models": (),
        "moderation.set_schedule": (8_003, Window.WEEK),
        "moderation.clear_schedule": (),
        "moderation.schedule": (),
        "moderation.settings": (),
        "moderation.change_settings": (),
        "moderation.pause": (),
        "moderation.resume": (),
        "moderation.log": (),
        "moderation.refusals": (),
        "interventions.cancel": ("REFERENCE", "too loud"),
        "interventions.release": ("REFERENCE", "it was broken"),
        "ownership.status": (),
        "ownership.pause": (),
        "ownership.resume": (),
        "ownership.show_limits": (),
        "ownership.set_limit": (BOT_LIMIT,),
        "ownership.clear_limit": (BOT_LIMIT,),
        "ownership.log": (),
    }
)
"""Every use case, with what comes after the actor."""

WISHES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {"moderation.change_settings": {"time_zone": "Europe/Berlin", "log_channel_id": 8_009}}
)

OF_MODERATORS = [name for name in CALLS if not name.startswith("ownership.")]
OF_THE_OWNER = [name for name in CALLS if name.startswith("ownership.")]


def public_methods() -> set[str]:
    """Every use case that there is, by the names of CALLS."""
    parts = {"moderation": Moderation, "interventions": Interventions, "ownership": Ownership}
    return {
        f"{part}.{name}"
        for part, kind in parts.items()
        for name, _method in inspect.getmembers(kind, inspect.isfunction)
        if not name.startswith("_")
    }


async def call(stage: Stage, name: str, actor: Actor, reference: str = "nothing") -> Any:
    """Do one of CALLS."""
    part, method = name.split(".")
    arguments = [reference if argument == "REFERENCE" else argument for argument in CALLS[name]]
    return await getattr(getattr(desk(stage), part), method)(actor, *arguments, **WISHES.get(name, {}))


async def contents(stage: Stage, *but_not: str) -> dict[str, list[tuple[object, ...]]]:
    """All that is stored."""
    names = await stage.rows("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    tables = [str(name) for (name,) in names if name not in {"sqlite_sequence", *but_not}]
    return {table: await stage.rows(f"SELECT * FROM {table}") for table in tables}  # noqa: S608 - the schema's own names

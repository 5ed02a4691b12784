"""How the whole bot is doing, for its owner."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.domain.generation import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A generation that has been in its state since some time."""

    generation_id: str
    guild_id: int | None
    state: State
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Spend:
    """What was charged and not given back: in micro-dollars, for `known` generations; `unknown` ones have no price."""

    micros: int
    known: int
    unknown: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What is stored of all guilds: how many are in each state that is no end, and what deserves a look.

    `oldest_running`: since the provider has it. `spend`: of those asked for since `day_start`. `old_holds`: the oldest
    open holds, by acceptance, that are older than was asked, of `old_hold_count` in all.
    """

    queue: Mapping[State, int]
    oldest_running: Waiting | None
    day_start: datetime
    spend: Spend
    old_holds: tuple[Waiting, ...]
    old_hold_count: int

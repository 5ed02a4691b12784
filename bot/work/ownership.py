"""What the owner sees and sets for the whole bot."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bot.domain.errors import LimitUnfit, Rejection
from bot.domain.guild import BOT, GuildSettings
from bot.domain.limits import Limit, LimitFault, Scope, fault_of
from bot.domain.moderating import Action, Deed, LogFilter, LogLine
from bot.domain.overview import Overview
from bot.work.actors import Actor
from bot.work.deeds import PAGE, deed_of, there
from bot.work.door import Door
from bot.work.guild_store import GuildStore
from bot.work.outage import Outage

OLD = timedelta(days=1)
"""A hold that is open for longer deserves a look."""


class OverviewStore(Protocol):
    """Where the figures of all guilds are."""

    async def look(self, now: datetime, held_before: datetime) -> Overview:
        """All of it at one instant; holds count as old that were entered before `held_before`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How the bot is doing at an instant.

    `paused_at`: since when the owner has it paused. `door_closed_by`: what the provider answered when its door closed,
    `door_closed_at` when. `away_since`: since when the provider gives no usable answer. None: it isn't so.
    """

    at: datetime
    overview: Overview
    paused_at: datetime | None
    door_closed_by: str | None
    door_closed_at: datetime | None
    away_since: datetime | None


class Ownership:
    """The use cases of the bot's owner; every method raises Rejection(OwnerOnly) for anybody else."""

    def __init__(
        self,
        *,
        store: GuildStore,
        overviews: OverviewStore,
        door: Door,
        outage: Outage,
        defaults: Sequence[Limit],
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._overviews = overviews
        self._door = door
        self._outage = outage
        self._defaults = defaults
        self._clock = clock

    async def status(self, actor: Actor) -> Status:
        """The queue, the oldest running, the provider's health, what was spent today, and holds older than a day."""
        actor.require_owner()
        now = self._clock()
        return Status(
            at=now,
            overview=await self._overviews.look(now, now - OLD),
            paused_at=(await self._store.settings(BOT)).paused_at,
            door_closed_by=self._door.closed_by,
            door_closed_at=self._door.closed_at,
            away_since=self._outage.began,
        )

    async def pause(self, actor: Actor, why: str | None = None) -> GuildSettings:
        """Accept nothing anywhere until resumed; what is under way goes on. A pause that holds already stays."""
        deed = self._deed(actor, Action.PAUSE, why)
        settings = await self._store.settings(BOT)
        return settings if settings.paused_at else await self._store.change_settings({"paused_at": deed.at}, deed)

    async def resume(self, actor: Actor, why: str | None = None) -> GuildSettings:
        """Accept again, but for guilds that their moderators have paused."""
        return await self._store.change_settings({"paused_at": None}, self._deed(actor, Action.RESUME, why))

    async def show_limits(self, actor: Actor) -> list[Limit]:
        """The limits of the whole bot that were set, then those of the configuration: all of them hold."""
        actor.require_owner()
        return [*await self._store.limits(BOT), *(limit for limit in self._defaults if limit.scope is Scope.BOT)]

    async def set_limit(self, actor: Actor, limit: Limit, why: str | None = None) -> int | None:
        """Set a limit of the whole bot; returns the amount before. Raises Rejection(LimitUnfit)."""
        deed = self._deed(actor, Action.SET_LIMIT, why)
        fault = LimitFault.WRONG_SCOPE if limit.scope is not Scope.BOT or limit.scope_id else fault_of(limit)
        if fault is not None:
            raise Rejection(LimitUnfit(fault))
        return await self._store.set_limit(limit, deed)

    async def clear_limit(self, actor: Actor, limit: Limit, why: str | None = None) -> int:
        """Take a limit away, whatever its amount; returns what that was. Raises Rejection(NotListed)."""
        return there(await self._store.clear_limit(limit, self._deed(actor, Action.CLEAR_LIMIT, why)))

    async def log(self, actor: Actor, wanted: LogFilter | None = None, count: int = PAGE) -> list[LogLine]:
        """The latest lines of what was set for the whole bot, newest first."""
        actor.require_owner()
        return await self._store.log(BOT, wanted or LogFilter(), count)

    def _deed(self, actor: Actor, action: Action, why: str | None) -> Deed:
        actor.require_owner()
        return deed_of(actor, action, BOT, self._clock(), why)

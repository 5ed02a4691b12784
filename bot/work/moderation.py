"""What moderators set and do in their guild; each deed is checked here and kept in the audit."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TypedDict, Unpack, assert_never
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.domain.catalog import Catalog
from bot.domain.errors import (
    LimitUnfit,
    NotOneself,
    Rejection,
    RoleUnfit,
    ScheduleUnfit,
    SpanUnfit,
    TimeZoneUnknown,
    UnknownModel,
)
from bot.domain.guild import AllowedModel, Block, GuildSettings, Schedule
from bot.domain.limits import Limit, LimitFault, Scope, Window, fault_of
from bot.domain.moderating import Action, Deed, LogFilter, LogLine, RefusedPrompt
from bot.domain.word_rules import RuleKind, WordRule
from bot.moderation import rules as word_rules
from bot.work.actors import Actor
from bot.work.deeds import PAGE, deed_of, require_room, require_room_for_rule, there
from bot.work.guild_store import GuildStore

LONGEST_BLOCK = timedelta(days=3650)


class SettingsWish(TypedDict, total=False):
    """The settings to change, by their names; None goes back to the configuration's."""

    time_zone: str | None
    moderator_role_id: int | None
    log_channel_id: int | None
    default_model: str | None


class Moderation:
    """The use cases of moderators, each inside the guild that they act in.

    Every method raises Rejection(ModeratorOnly) for anybody else. Moderators may block each other, and the bot's owner:
    the guild is theirs, and a block stops new videos there, nothing else. `why` is kept in the audit.
    """

    def __init__(
        self,
        *,
        store: GuildStore,
        catalog: Callable[[], Catalog],
        defaults: Sequence[Limit],
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._catalog = catalog
        self._defaults = defaults
        self._clock = clock

    async def show_limits(self, actor: Actor) -> list[Limit]:
        """The limits that were set here, then those of the configuration that hold beside them."""
        here = [limit for limit in await self._store.limits(actor.moderated_guild()) if limit.scope is not Scope.BOT]
        replaced = {limit.counts for limit in here if limit.scope is Scope.MEMBER and not limit.scope_id}
        members = [limit for limit in self._defaults if limit.scope is Scope.MEMBER]
        return [*here, *(limit for limit in members if limit.counts not in replaced)]

    async def set_limit(self, actor: Actor, limit: Limit, why: str | None = None) -> int | None:
        """Set a limit of the guild, a role or a member; returns the amount before. Raises Rejection(LimitUnfit)."""
        deed = self._deed(actor, Action.SET_LIMIT, why)
        fault = LimitFault.WRONG_SCOPE if not _is_of_guild(limit) else fault_of(limit)
        if fault is not None:
            raise Rejection(LimitUnfit(fault))
        return await self._store.set_limit(limit, deed)

    async def clear_limit(self, actor: Actor, limit: Limit, why: str | None = None) -> int:
        """Take a limit away, whatever its amount; returns what that was. Raises Rejection(NotListed)."""
        return there(await self._store.clear_limit(limit, self._deed(actor, Action.CLEAR_LIMIT, why)))

    async def block(self, actor: Actor, user_id: int, length: timedelta | None, why: str | None = None) -> Block:
        """Let a member make nothing here, for some time or (None) without an end; an earlier block is replaced.

        Raises Rejection(NotOneself or SpanUnfit).
        """
        deed = self._deed(actor, Action.BLOCK, why)
        if user_id == actor.user_id:
            raise Rejection(NotOneself())
        if length is not None and not timedelta(0) < length <= LONGEST_BLOCK:
            raise Rejection(SpanUnfit(LONGEST_BLOCK))
        until = None if length is None else deed.at + length
        block = Block(user_id=user_id, blocked_at=deed.at, until=until, why=deed.why)
        await self._store.block(block, deed)
        return block

    async def unblock(self, actor: Actor, user_id: int, why: str | None = None) -> Block:
        """End a member's block; returns it. Raises Rejection(NotListed) where none holds."""
        return there(await self._store.unblock(user_id, self._deed(actor, Action.UNBLOCK, why)))

    async def blocked(self, actor: Actor) -> list[Block]:
        """The blocks that hold now, latest first."""
        return await self._store.blocked(actor.moderated_guild(), self._clock())

    async def add_rule(self, actor: Actor, kind: RuleKind, text: str, why: str | None = None) -> WordRule | None:
        """Add a word rule; None where it is there already. Raises Rejection(BadRule or ListFull)."""
        deed = self._deed(actor, Action.ADD_RULE, why)
        word_rules.check(kind, text.strip())
        require_room_for_rule(await self._store.word_rules(deed.guild_id), kind)
        return await self._store.add_rule(kind, text.strip(), deed)

    async def remove_rule(self, actor: Actor, rule_id: int, why: str | None = None) -> WordRule:
        """Remove a word rule; returns it. Raises Rejection(NotListed)."""
        return there(await self._store.remove_rule(rule_id, self._deed(actor, Action.REMOVE_RULE, why)))

    async def rules(self, actor: Actor) -> tuple[WordRule, ...]:
        """The guild's own word rules, oldest first."""
        return await self._store.word_rules(actor.moderated_guild())

    async def allow_channel(self, actor: Actor, channel_id: int, why: str | None = None) -> bool:
        """Let videos be made in a channel or category: from the first one on, only in those on the list.

        False where it is there already. Raises Rejection(ListFull).
        """
        deed = self._deed(actor, Action.ALLOW_CHANNEL, why)
        require_room(await self._store.channels(deed.guild_id))
        return await self._store.allow_channel(channel_id, deed)

    async def remove_channel(self, actor: Actor, channel_id: int, why: str | None = None) -> None:
        """Take a channel from the list; once it is empty, videos are made everywhere. Raises Rejection(NotListed)."""
        deed = self._deed(actor, Action.REMOVE_CHANNEL, why)
        there(await self._store.remove_channel(channel_id, deed) or None)

    async def channels(self, actor: Actor) -> list[int]:
        """The channels and categories where videos are made; none: everywhere."""
        return await self._store.channels(actor.moderated_guild())

    async def allow_model(self, actor: Actor, model: str, role_id: int | None = None, why: str | None = None) -> bool:
        """Let those with a role, or (None) everyone, use a model: from the first one on, only those on the list.

        False where it is there already. Raises Rejection(UnknownModel or ListFull).
        """
        deed = self._deed(actor, Action.ALLOW_MODEL, why)
        self._require_known(model)
        require_room(await self._store.models(deed.guild_id))
        return await self._store.allow_model(AllowedModel(role_id=role_id or deed.guild_id, model=model), deed)

    async def remove_model(self, actor: Actor, model: str, role_id: int | None = None, why: str | None = None) -> None:
        """Take a model from a role's list; once all are empty, everyone may use all. Raises Rejection(NotListed)."""
        deed = self._deed(actor, Action.REMOVE_MODEL, why)
        allowed = AllowedModel(role_id=role_id or deed.guild_id, model=model)
        there(await self._store.remove_model(allowed, deed) or None)

    async def models(self, actor: Actor) -> list[AllowedModel]:
        """The models that roles may use (the role of @everyone has the guild's own id); none: all."""
        return await self._store.models(actor.moderated_guild())

    async def set_schedule(self, actor: Actor, channel_id: int, every: Window, why: str | None = None) -> Schedule:
        """Send a report of each day, week or month that is over to a channel. Raises Rejection(ScheduleUnfit)."""
        deed = self._deed(actor, Action.SET_SCHEDULE, why)
        if every is Window.HOUR:
            raise Rejection(ScheduleUnfit())
        schedule = Schedule(guild_id=deed.guild_id, channel_id=channel_id, every=every, set_at=deed.at)
        await self._store.set_schedule(schedule, deed)
        return schedule

    async def clear_schedule(self, actor: Actor, why: str | None = None) -> Schedule:
        """Send no more reports; returns the schedule that there was. Raises Rejection(NotListed)."""
        return there(await self._store.clear_schedule(self._deed(actor, Action.CLEAR_SCHEDULE, why)))

    async def schedule(self, actor: Actor) -> Schedule | None:
        """When reports are sent."""
        return await self._store.schedule(actor.moderated_guild())

    async def settings(self, actor: Actor) -> GuildSettings:
        """The guild's settings."""
        return await self._store.settings(actor.moderated_guild())

    async def change_settings(
        self, actor: Actor, why: str | None = None, **wish: Unpack[SettingsWish]
    ) -> GuildSettings:
        """Change what is named; returns all as they are then.

        Raises Rejection(TimeZoneUnknown, UnknownModel, or RoleUnfit for the role that everyone has).
        """
        deed = self._deed(actor, Action.CHANGE_SETTINGS, why)
        zone, model = wish.get("time_zone"), wish.get("default_model")
        if zone is not None:
            _require_zone(zone)
        if model is not None:
            self._require_known(model)
        if wish.get("moderator_role_id") == deed.guild_id:
            raise Rejection(RoleUnfit())
        return await self._store.change_settings(wish, deed)

    async def pause(self, actor: Actor, why: str | None = None) -> GuildSettings:
        """Accept nothing here until resumed; what is under way goes on. A pause that holds already stays as it is."""
        deed = self._deed(actor, Action.PAUSE, why)
        settings = await self._store.settings(deed.guild_id)
        return settings if settings.paused_at else await self._store.change_settings({"paused_at": deed.at}, deed)

    async def resume(self, actor: Actor, why: str | None = None) -> GuildSettings:
        """Accept again; does nothing where nothing is paused."""
        return await self._store.change_settings({"paused_at": None}, self._deed(actor, Action.RESUME, why))

    async def log(self, actor: Actor, wanted: LogFilter | None = None, count: int = PAGE) -> list[LogLine]:
        """The latest lines of the guild's audit that fit, newest first."""
        return await self._store.log(actor.moderated_guild(), wanted or LogFilter(), count)

    async def refusals(self, actor: Actor, before_id: int | None = None, count: int = PAGE) -> list[RefusedPrompt]:
        """The latest prompts that were refused here, newest first; `before_id` goes on from an earlier answer."""
        return await self._store.refusals(actor.moderated_guild(), count, before_id)

    def _deed(self, actor: Actor, action: Action, why: str | None) -> Deed:
        return deed_of(actor, action, actor.moderated_guild(), self._clock(), why)

    def _require_known(self, model: str) -> None:
        catalog = self._catalog()
        if model not in catalog.models:
            raise Rejection(UnknownModel(model, catalog.near(model)))


def _is_of_guild(limit: Limit) -> bool:
    """Whether moderators can set such a limit; `scope_id` says which role or member, where it has to."""
    match limit.scope:
        case Scope.GUILD:
            return limit.scope_id == 0
        case Scope.ROLE:
            return limit.scope_id > 0
        case Scope.MEMBER:
            return limit.scope_id >= 0
        case Scope.BOT:
            return False
        case _:
            assert_never(limit.scope)


def _require_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # a folder's name is an OSError
        raise Rejection(TimeZoneUnknown(name)) from error

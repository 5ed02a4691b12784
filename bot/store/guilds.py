"""What moderators have set in their guilds, and the owner for the whole bot (guild 0), with the audit of it."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.errors import GenerationUnknown, Rejection
from bot.domain.generation import Generation
from bot.domain.guild import AllowedModel, Block, GuildRules, GuildSettings, Schedule
from bot.domain.limits import Limit
from bot.domain.moderating import Deed, LogFilter, LogLine, Mirror, Refusal, RefusedPrompt
from bot.domain.word_rules import RuleKind, WordRule
from bot.store import audit_log, guild_rows, limits, listing, moderating, noting, refusing
from bot.store.database import Database

Result = TypeVar("Result")


class Guilds:
    """Every method is one transaction; one that changes something writes the line of its deed with it.

    The line says what was before and after, as they were in that transaction. Where nothing differs nothing is written.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def settings(self, guild_id: int) -> GuildSettings:
        """A guild's settings."""
        return await self._database.read(lambda connection: guild_rows.settings_of(connection, guild_id))

    async def rules(self, guild_id: int | None, user_id: int, now: datetime) -> GuildRules:
        """Everything that is checked before a member's request, in a guild or (None) in direct messages."""
        return await self._database.read(lambda connection: guild_rows.all_of(connection, guild_id, user_id, now))

    async def change_settings(self, changes: Mapping[str, object], deed: Deed) -> GuildSettings:
        """Change settings by their names in GuildSettings; returns all as they are then."""
        return await self._in_turn(deed, lambda connection: moderating.change_settings(connection, changes, deed))

    async def limits(self, guild_id: int) -> list[Limit]:
        """The limits that were set in a guild, and for the whole bot; given guild 0, only the latter."""
        return await self._database.read(lambda connection: limits.of_guild(connection, guild_id))

    async def set_limit(self, limit: Limit, deed: Deed) -> int | None:
        """Set a limit; returns the amount before, None where there was none."""
        return await self._in_turn(deed, lambda connection: moderating.set_limit(connection, limit, deed))

    async def clear_limit(self, limit: Limit, deed: Deed) -> int | None:
        """Take a limit away, whatever its amount; returns what that was, None where there was none."""
        return await self._in_turn(deed, lambda connection: moderating.clear_limit(connection, limit, deed))

    async def block(self, block: Block, deed: Deed) -> Block | None:
        """Block a member, or change their block; returns the one that held before."""
        return await self._in_turn(deed, lambda connection: moderating.block(connection, block, deed))

    async def unblock(self, user_id: int, deed: Deed) -> Block | None:
        """End a member's block; returns it, None where none held."""
        return await self._in_turn(deed, lambda connection: moderating.unblock(connection, user_id, deed))

    async def blocked(self, guild_id: int, now: datetime) -> list[Block]:
        """The blocks that hold now, latest first."""
        return await self._database.read(lambda connection: guild_rows.blocks_of(connection, guild_id, now))

    async def add_rule(self, kind: RuleKind, text: str, deed: Deed) -> WordRule | None:
        """Add a word rule; returns it, None where it is there already."""
        return await self._in_turn(deed, lambda connection: listing.add_rule(connection, kind, text, deed))

    async def remove_rule(self, rule_id: int, deed: Deed) -> WordRule | None:
        """Remove one of the guild's own word rules; returns it, None where it has no such rule."""
        return await self._in_turn(deed, lambda connection: listing.remove_rule(connection, rule_id, deed))

    async def word_rules(self, guild_id: int) -> tuple[WordRule, ...]:
        """A guild's own word rules, oldest first."""
        return await self._database.read(lambda connection: guild_rows.rules_of(connection, guild_id))

    async def allow_channel(self, channel_id: int, deed: Deed) -> bool:
        """Put a channel or category on the list; False where it is there already."""
        return await self._in_turn(deed, lambda connection: listing.allow_channel(connection, channel_id, deed))

    async def remove_channel(self, channel_id: int, deed: Deed) -> bool:
        """Take a channel or category from the list; False where it isn't there."""
        return await self._in_turn(deed, lambda connection: listing.remove_channel(connection, channel_id, deed))

    async def channels(self, guild_id: int) -> list[int]:
        """The channels and categories where videos may be made; none: everywhere."""
        return await self._database.read(lambda connection: guild_rows.channels_of(connection, guild_id))

    async def allow_model(self, allowed: AllowedModel, deed: Deed) -> bool:
        """Put a model on a role's list; False where it is there already."""
        return await self._in_turn(deed, lambda connection: listing.allow_model(connection, allowed, deed))

    async def remove_model(self, allowed: AllowedModel, deed: Deed) -> bool:
        """Take a model from a role's list; False where it isn't there."""
        return await self._in_turn(deed, lambda connection: listing.remove_model(connection, allowed, deed))

    async def models(self, guild_id: int) -> list[AllowedModel]:
        """The models that roles may use, by role; none: all."""
        return await self._database.read(lambda connection: guild_rows.models_of(connection, guild_id))

    async def set_schedule(self, schedule: Schedule, deed: Deed) -> Schedule | None:
        """Let reports be sent; returns the schedule before."""
        return await self._in_turn(deed, lambda connection: listing.set_schedule(connection, schedule, deed))

    async def clear_schedule(self, deed: Deed) -> Schedule | None:
        """Let no more reports be sent; returns the schedule that there was."""
        return await self._in_turn(deed, lambda connection: listing.clear_schedule(connection, deed))

    async def schedule(self, guild_id: int) -> Schedule | None:
        """When a guild gets its reports."""
        return await self._database.read(lambda connection: guild_rows.schedule_of(connection, guild_id))

    async def all_schedules(self) -> list[Schedule]:
        """When which guild gets its reports."""
        return await self._database.read(guild_rows.schedules_of_all)

    async def cancel(self, generation_id: str, deed: Deed) -> Generation:
        """Note a moderator's wish to cancel what is under way; returns the row as it is then.

        An earlier wish stays; a line is written for the first one of a moderator. Raises Rejection(GenerationUnknown).
        """
        found = await self._in_turn(deed, lambda connection: moderating.cancel(connection, generation_id, deed))
        if found is None:
            raise Rejection(GenerationUnknown(generation_id))
        return found

    async def log(self, guild_id: int, wanted: LogFilter, count: int) -> list[LogLine]:
        """The latest lines of a guild's audit that fit, newest first."""
        return await self._database.read(lambda connection: audit_log.page(connection, guild_id, wanted, count))

    async def mirrors(self) -> list[Mirror]:
        """The guilds that have a log channel."""
        return await self._database.read(audit_log.mirrors)

    async def records_after(self, guild_id: int, last_id: int, count: int = 50) -> list[LogLine]:
        """The next lines of a guild's audit, oldest first; none that is written later comes before them."""
        return await self._database.read(lambda connection: audit_log.after(connection, guild_id, last_id, count))

    async def set_mirrored(self, guild_id: int, last_id: int) -> None:
        """Note the last line that the log channel has got; it never goes back."""
        await self._database.write(lambda connection: audit_log.set_mirrored(connection, guild_id, last_id))

    async def refuse(self, refusal: Refusal) -> None:
        """Record a refused prompt, of one member so many in an hour at most; nothing is charged for it."""
        await self._database.write(lambda connection: refusing.refuse(connection, refusal))

    async def refusals(self, guild_id: int, count: int, before_id: int | None = None) -> list[RefusedPrompt]:
        """The latest refused prompts of a guild, newest first; only those that were recorded before one of them."""
        return await self._database.read(
            lambda connection: refusing.refusals_of(connection, guild_id, count, before_id)
        )

    async def _in_turn(self, deed: Deed, work: Callable[[AsyncConnection], Awaitable[Result]]) -> Result:
        async def in_turn(connection: AsyncConnection) -> Result:
            await noting.take_turn(connection, deed.guild_id)
            return await work(connection)

        return await self._database.write(in_turn)

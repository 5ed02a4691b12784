"""What the work needs of what moderators set: the store of guilds."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from bot.domain.generation import Generation
from bot.domain.guild import AllowedModel, Block, GuildRules, GuildSettings, Schedule
from bot.domain.limits import Limit
from bot.domain.moderating import Deed, LogFilter, LogLine, Mirror, Refusal, RefusedPrompt
from bot.domain.word_rules import RuleKind, WordRule


class GuildStore(Protocol):
    """What is set in guilds, and for the whole bot (guild 0); every method is one transaction.

    One that changes something writes the line of its deed with it, unless nothing differs.
    """

    async def settings(self, guild_id: int) -> GuildSettings:
        """A guild's settings."""
        ...

    async def rules(self, guild_id: int | None, user_id: int, now: datetime) -> GuildRules:
        """Everything that is checked before a member's request, in a guild or (None) in direct messages."""
        ...

    async def change_settings(self, changes: Mapping[str, object], deed: Deed) -> GuildSettings:
        """Change settings by their names in GuildSettings; returns all as they are then."""
        ...

    async def limits(self, guild_id: int) -> list[Limit]:
        """The limits that were set in a guild, and for the whole bot; given guild 0, only the latter."""
        ...

    async def set_limit(self, limit: Limit, deed: Deed) -> int | None:
        """Set a limit; returns the amount before, None where there was none."""
        ...

    async def clear_limit(self, limit: Limit, deed: Deed) -> int | None:
        """Take a limit away, whatever its amount; returns what that was, None where there was none."""
        ...

    async def block(self, block: Block, deed: Deed) -> Block | None:
        """Block a member, or change their block; returns the one that held before."""
        ...

    async def unblock(self, user_id: int, deed: Deed) -> Block | None:
        """End a member's block; returns it, None where none held."""
        ...

    async def blocked(self, guild_id: int, now: datetime) -> list[Block]:
        """The blocks that hold now, latest first."""
        ...

    async def add_rule(self, kind: RuleKind, text: str, deed: Deed) -> WordRule | None:
        """Add a word rule; returns it, None where it is there already."""
        ...

    async def remove_rule(self, rule_id: int, deed: Deed) -> WordRule | None:
        """Remove one of the guild's own word rules; returns it, None where it has no such rule."""
        ...

    async def word_rules(self, guild_id: int) -> tuple[WordRule, ...]:
        """A guild's own word rules, oldest first."""
        ...

    async def allow_channel(self, channel_id: int, deed: Deed) -> bool:
        """Put a channel or category on the list; False where it is there already."""
        ...

    async def remove_channel(self, channel_id: int, deed: Deed) -> bool:
        """Take a channel or category from the list; False where it isn't there."""
        ...

    async def channels(self, guild_id: int) -> list[int]:
        """The channels and categories where videos may be made; none: everywhere."""
        ...

    async def allow_model(self, allowed: AllowedModel, deed: Deed) -> bool:
        """Put a model on a role's list; False where it is there already."""
        ...

    async def remove_model(self, allowed: AllowedModel, deed: Deed) -> bool:
        """Take a model from a role's list; False where it isn't there."""
        ...

    async def models(self, guild_id: int) -> list[AllowedModel]:
        """The models that roles may use, by role; none: all."""
        ...

    async def set_schedule(self, schedule: Schedule, deed: Deed) -> Schedule | None:
        """Let reports be sent; returns the schedule before."""
        ...

    async def clear_schedule(self, deed: Deed) -> Schedule | None:
        """Let no more reports be sent; returns the schedule that there was."""
        ...

    async def schedule(self, guild_id: int) -> Schedule | None:
        """When a guild gets its reports."""
        ...

    async def all_schedules(self) -> list[Schedule]:
        """When which guild gets its reports."""
        ...

    async def cancel(self, generation_id: str, deed: Deed) -> Generation:
        """Note a moderator's wish to cancel what is under way; returns the row as it is then.

        An earlier wish stays; a line is written for the first one of a moderator. Raises Rejection(GenerationUnknown).
        """
        ...

    async def log(self, guild_id: int, wanted: LogFilter, count: int) -> list[LogLine]:
        """The latest lines of a guild's audit that fit, newest first."""
        ...

    async def mirrors(self) -> list[Mirror]:
        """The guilds that have a log channel."""
        ...

    async def records_after(self, guild_id: int, last_id: int, count: int = 50) -> list[LogLine]:
        """The next lines of a guild's audit, oldest first; none that is written later comes before them."""
        ...

    async def set_mirrored(self, guild_id: int, last_id: int) -> None:
        """Note the last line that the log channel has got; it never goes back."""
        ...

    async def refuse(self, refusal: Refusal) -> None:
        """Record a refused prompt, of one member so many in an hour at most; nothing is charged for it."""
        ...

    async def refusals(self, guild_id: int, count: int, before_id: int | None = None) -> list[RefusedPrompt]:
        """The latest refused prompts of a guild, newest first; only those that were recorded before one of them."""
        ...

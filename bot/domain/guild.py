"""What the moderators of a guild have set, and whom it concerns."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from bot.domain.limits import Window
from bot.domain.word_rules import WordRule

BOT = 0
"""In place of a guild's id: the whole bot, for what its owner sets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuildSettings:
    """A guild's own settings; None is the configuration's.

    `paused_at`: since when nothing is accepted. `moderator_role_id`: who may do what managers of the server may do.
    """

    guild_id: int
    time_zone: str | None = None
    paused_at: datetime | None = None
    moderator_role_id: int | None = None
    log_channel_id: int | None = None
    default_model: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A member who may make nothing here; `until` is None for one without an end."""

    user_id: int
    blocked_at: datetime
    until: datetime | None = None
    why: str | None = None

    def is_over(self, now: datetime) -> bool:
        """Whether it no longer holds."""
        return self.until is not None and self.until <= now


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class AllowedModel:
    """A model that those with a role may use; the role of @everyone has the guild's own id."""

    role_id: int
    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A report of each `every` that is over (a day, a week or a month), sent to a channel.

    `time_zone` is the guild's own, None for the configuration's.
    """

    guild_id: int
    channel_id: int
    every: Window
    set_at: datetime
    time_zone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GuildRules:
    """All that is checked, apart from limits, before a member's request is accepted in a guild (or directly).

    `bot_paused_at`: since when the owner has the whole bot paused. `channels`: where videos may be made, channels and
    categories; none means everywhere. `models`: none means all.
    """

    settings: GuildSettings
    bot_paused_at: datetime | None = None
    block: Block | None = None
    channels: frozenset[int] = frozenset()
    models: frozenset[AllowedModel] = frozenset()
    word_rules: tuple[WordRule, ...] = ()

    def are_here(self, channel_ids: Collection[int]) -> bool:
        """Whether videos may be made in a channel, given its id with those of the channel and category above it."""
        return not self.channels or not self.channels.isdisjoint(channel_ids)

    def models_of(self, role_ids: Collection[int]) -> frozenset[str] | None:
        """The models that somebody with these roles may use; None for all."""
        if not self.models:
            return None
        roles = {*role_ids, self.settings.guild_id}
        return frozenset(allowed.model for allowed in self.models if allowed.role_id in roles)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What Discord states about who asks, and from where, that is not stored with the request.

    `name` is the account's, not its nickname in a guild. `channel_ids`: the channel with the channel and the category
    above it. `is_age_restricted`: whether that channel is.
    """

    name: str = ""
    role_ids: frozenset[int] = frozenset()
    channel_ids: frozenset[int] = frozenset()
    is_age_restricted: bool = False

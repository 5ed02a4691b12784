"""What moderators and the owner do, as the audit keeps it, and prompts that were refused."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Action(StrEnum):
    """What was done; the audit may hold words of older and newer versions too."""

    CHANGE_SETTINGS = "change_settings"
    PAUSE = "pause"
    RESUME = "resume"
    SET_LIMIT = "set_limit"
    CLEAR_LIMIT = "clear_limit"
    BLOCK = "block"
    UNBLOCK = "unblock"
    ADD_RULE = "add_rule"
    REMOVE_RULE = "remove_rule"
    ALLOW_CHANNEL = "allow_channel"
    REMOVE_CHANNEL = "remove_channel"
    ALLOW_MODEL = "allow_model"
    REMOVE_MODEL = "remove_model"
    SET_SCHEDULE = "set_schedule"
    CLEAR_SCHEDULE = "clear_schedule"
    CANCEL = "cancel"
    REFUND = "refund"
    GIVE_UP = "give_up_unconfirmed"
    ATTACH_TASK = "attach_task"
    GRACE_OVER = "release_unconfirmed"
    SETTLE_MISSING = "settle_missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Who does what, where and why; what was before and after is added where it is done.

    `guild_id` is BOT for what concerns the whole bot.
    """

    at: datetime
    action: Action
    guild_id: int
    actor_id: int
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFilter:
    """Which lines of the audit are wanted; None: all. `before_id` goes on from the last line of an earlier answer."""

    actor_id: int | None = None
    action: str | None = None
    member_id: int | None = None
    since: datetime | None = None
    before_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line of the audit.

    `actor_key` is None for the bot itself; `actor_id` is None too for a member who was forgotten. `member_id` is that
    of the subject "member:KEY", while it is known.
    """

    id: int
    at: datetime
    action: str
    guild_id: int | None
    actor_key: str | None = None
    actor_id: int | None = None
    generation_id: str | None = None
    subject: str | None = None
    member_id: int | None = None
    before: str | None = None
    after: str | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    """A guild's log channel, the last line of the audit that it has got, and the newest that there is.

    `time_zone` is the guild's own, None for the configuration's; `has_budget`: whether it has a limit on money as a
    whole.
    """

    guild_id: int
    channel_id: int
    last_id: int
    newest_id: int = 0
    time_zone: str | None = None
    has_budget: bool = False

    @property
    def is_behind(self) -> bool:
        """Whether there are lines that the channel has not got."""
        return self.newest_id > self.last_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A prompt that was refused before anything was charged; `rule` is the word, the pattern or the categories."""

    at: datetime
    guild_id: int | None
    channel_id: int
    user_id: int
    rule: str
    prompt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedPrompt:
    """A refusal as it is kept: without the user's id once they are forgotten, without the prompt once it is erased."""

    id: int
    at: datetime
    channel_id: int
    member_key: str
    user_id: int | None
    rule: str
    prompt: str | None

"""The places where messages stand: channels, threads and direct channels."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import TYPE_CHECKING, TypeAlias

from sandbox.discord.messages import Message, MessageLog
from sandbox.discord.permissions import Overwrite

if TYPE_CHECKING:
    from sandbox.discord.guilds import Guild
    from sandbox.discord.members import User
    from sandbox.discord.world import World


class ChannelKind(IntEnum):
    """Discord's channel types that occur here."""

    TEXT = 0
    DIRECT = 1
    CATEGORY = 4
    ANNOUNCEMENT_THREAD = 10
    PUBLIC_THREAD = 11
    PRIVATE_THREAD = 12


@dataclass(slots=True, eq=False, kw_only=True)
class Channel:
    """A text channel or a category of a guild."""

    world: World = field(repr=False)
    guild: Guild = field(repr=False)
    id: int
    name: str
    kind: ChannelKind = ChannelKind.TEXT
    position: int = 0
    category: Channel | None = field(default=None, repr=False)
    nsfw: bool = False
    topic: str | None = None
    overwrites: dict[int, Overwrite] = field(default_factory=dict, repr=False)
    log: MessageLog = field(default_factory=MessageLog, repr=False)

    @property
    def messages(self) -> list[Message]:
        """What was written here, oldest first, private answers included."""
        return self.log.written()

    @property
    def threads(self) -> list[Thread]:
        """The threads that hang on this channel, archived ones included."""
        return [thread for thread in self.guild.threads.values() if thread.parent is self]

    def delete(self) -> None:
        """Delete the channel with its threads."""
        for thread in self.threads:
            self.world.forget_place(thread)
        self.world.forget_place(self)
        self.world.emit("CHANNEL_DELETE", self)

    def remove_message(self, message: Message) -> None:
        """Delete a message that stands here."""
        _remove(self.world, self.log, message)


@dataclass(slots=True, eq=False, kw_only=True)
class Thread:
    """A thread of a text channel; one that was started from a message has that message's id."""

    world: World = field(repr=False)
    parent: Channel = field(repr=False)
    id: int
    name: str
    owner_id: int
    kind: ChannelKind = ChannelKind.PUBLIC_THREAD
    created_at: datetime
    archive_changed_at: datetime
    starter_message_id: int | None = None
    auto_archive_minutes: int = 4320
    rate_limit_per_user: int = 0
    archived: bool = False
    locked: bool = False
    invitable: bool = True
    member_ids: dict[int, datetime] = field(default_factory=dict)
    sent_in_all: int = 0
    log: MessageLog = field(default_factory=MessageLog, repr=False)

    @property
    def guild(self) -> Guild:
        """The guild that it belongs to."""
        return self.parent.guild

    @property
    def nsfw(self) -> bool:
        """Whether its channel is age-restricted."""
        return self.parent.nsfw

    @property
    def messages(self) -> list[Message]:
        """What was written here, oldest first, without Discord's own first line."""
        return self.log.written()

    def set_archived(self, archived: bool, *, locked: bool | None = None) -> None:  # noqa: FBT001 - it names itself
        """Close or reopen the thread, and lock or unlock it if told."""
        if archived != self.archived:
            self.archived = archived
            self.archive_changed_at = self.world.clock.now()
        if locked is not None:
            self.locked = locked
        self.world.emit("THREAD_UPDATE", self)

    def archive(self) -> None:
        """Close the thread; the next message reopens it."""
        self.set_archived(True)

    def lock(self) -> None:
        """Close the thread for all but moderators."""
        self.set_archived(True, locked=True)

    def delete(self) -> None:
        """Delete the thread with its messages."""
        self.world.forget_place(self)
        self.world.emit("THREAD_DELETE", self)

    def join(self, user_id: int) -> None:
        """Make somebody a member of the thread."""
        self.member_ids.setdefault(user_id, self.world.clock.now())

    def remove_message(self, message: Message) -> None:
        """Delete a message that stands here."""
        _remove(self.world, self.log, message)


@dataclass(slots=True, eq=False, kw_only=True)
class DirectChannel:
    """The direct channel between the bot and one user."""

    world: World = field(repr=False)
    user: User = field(repr=False)
    id: int
    kind: ChannelKind = ChannelKind.DIRECT
    log: MessageLog = field(default_factory=MessageLog, repr=False)

    @property
    def guild(self) -> None:
        """A direct channel belongs to no guild."""
        return

    @property
    def nsfw(self) -> bool:
        """A direct channel is never age-restricted."""
        return False

    @property
    def messages(self) -> list[Message]:
        """What was written here, oldest first."""
        return self.log.written()

    def remove_message(self, message: Message) -> None:
        """Delete a message that stands here."""
        _remove(self.world, self.log, message)


Place: TypeAlias = Channel | Thread | DirectChannel
"""Where a message can stand."""


def _remove(world: World, log: MessageLog, message: Message) -> None:
    log.remove(message)
    for attachment in message.attachments:
        world.cdn.forget(attachment)
    world.emit("MESSAGE_DELETE", message)

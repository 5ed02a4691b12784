"""Messages as the simulated Discord keeps them."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, IntFlag
from itertools import count
from typing import TYPE_CHECKING

from sandbox.discord.errors import Json
from sandbox.discord.files import Attachment

if TYPE_CHECKING:
    from sandbox.discord.channels import Place, Thread


class MessageKind(IntEnum):
    """Discord's message types that occur here."""

    DEFAULT = 0
    THREAD_CREATED = 18
    REPLY = 19
    CHAT_INPUT_COMMAND = 20
    THREAD_STARTER = 21


class MessageFlag(IntFlag):
    """Discord's message flags that occur here."""

    NONE = 0
    SUPPRESS_EMBEDS = 1 << 2
    HAS_THREAD = 1 << 5
    EPHEMERAL = 1 << 6
    LOADING = 1 << 7
    SUPPRESS_NOTIFICATIONS = 1 << 12
    COMPONENTS_V2 = 1 << 15


_SYSTEM_KINDS = frozenset({MessageKind.THREAD_CREATED, MessageKind.THREAD_STARTER})


@dataclass(frozen=True, slots=True)
class Version:
    """What a message said before an edit."""

    content: str
    embeds: tuple[Json, ...]
    attachments: tuple[str, ...]
    until: datetime


@dataclass(frozen=True, slots=True)
class Reference:
    """The message that another one answers or starts from."""

    channel_id: int
    message_id: int


@dataclass(frozen=True, slots=True)
class Origin:
    """The interaction that a message answers."""

    interaction_id: int
    interaction_kind: int
    command: str | None
    user_id: int


@dataclass(slots=True, eq=False, kw_only=True)
class Message:
    """One message; ids are integers, embeds are the JSON that was sent, components too but for their ids."""

    id: int
    place: Place = field(repr=False)
    author_id: int
    kind: MessageKind
    created_at: datetime
    content: str = ""
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    mentions: list[int] = field(default_factory=list)
    mention_roles: list[int] = field(default_factory=list)
    mentions_everyone: bool = False
    nonce: str | int | None = None
    flags: MessageFlag = MessageFlag.NONE
    reference: Reference | None = None
    origin: Origin | None = None
    thread: Thread | None = field(default=None, repr=False)
    edits: int = 0
    edited_at: datetime | None = None
    history: list[Version] = field(default_factory=list, repr=False)
    deleted: bool = False

    @property
    def channel_id(self) -> int:
        """The id of the channel, thread or direct channel that it stands in."""
        return self.place.id

    @property
    def ephemeral(self) -> bool:
        """Whether only the one who asked sees it."""
        return MessageFlag.EPHEMERAL in self.flags

    @property
    def loading(self) -> bool:
        """Whether it only says that the bot is thinking."""
        return MessageFlag.LOADING in self.flags

    @property
    def system(self) -> bool:
        """Whether Discord itself wrote it."""
        return self.kind in _SYSTEM_KINDS

    def all_components(self) -> Iterator[Json]:
        """Yield every component, however deep."""
        yield from walk_components(self.components)

    def delete(self) -> None:
        """Take it away, as a moderator would."""
        self.place.remove_message(self)


def walk_components(components: list[Json]) -> Iterator[Json]:
    """Yield components with those inside them, outer ones first."""
    for component in components:
        yield component
        nested = [*component.get("components", ()), *(component.get(key) for key in ("accessory", "component"))]
        yield from walk_components([inner for inner in nested if inner])


def numbered(components: list[Json]) -> list[Json]:
    """Return a copy in which every component has an id, as Discord gives one to those that have none."""
    copy = deepcopy(components)
    taken = {component.get("id") for component in walk_components(copy)}
    free = (number for number in count(1) if number not in taken)
    for component in walk_components(copy):
        component["id"] = component.get("id") or next(free)
    return copy


@dataclass(slots=True)
class MessageLog:
    """The messages of one channel in order, and the nonces that were used there."""

    by_id: dict[int, Message] = field(default_factory=dict)
    nonces: dict[tuple[int, str], Message] = field(default_factory=dict)
    last_id: int | None = None
    """Of the last message that is not private, deleted or not."""

    def add(self, message: Message) -> None:
        """Append a message."""
        self.by_id[message.id] = message
        if not message.ephemeral:
            self.last_id = message.id
        if message.nonce is not None:
            self.nonces[message.author_id, str(message.nonce)] = message

    def remove(self, message: Message) -> None:
        """Take a message away; its nonce stays known."""
        message.deleted = True
        self.by_id.pop(message.id, None)

    def written(self) -> list[Message]:
        """Return what people and bots wrote, without Discord's own lines."""
        return [message for message in self.by_id.values() if not message.system]

    def public(self) -> list[Message]:
        """Return what the API lists: all that is not private to one member."""
        return [message for message in self.by_id.values() if not message.ephemeral]

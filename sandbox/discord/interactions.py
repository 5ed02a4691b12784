"""Interactions: what a member asks of the bot, and how the bot answers in time."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from typing import TYPE_CHECKING

from sandbox.discord.errors import Json, refusal

if TYPE_CHECKING:
    from sandbox.discord.channels import Place
    from sandbox.discord.members import User
    from sandbox.discord.messages import Message
    from sandbox.discord.world import World

ACKNOWLEDGE_WITHIN = timedelta(seconds=3)
"""How long Discord waits for the first answer."""

TOKEN_LIVES = timedelta(minutes=15)
"""How long an interaction's token is good for."""


class InteractionKind(IntEnum):
    """Discord's interaction types."""

    COMMAND = 2
    COMPONENT = 3
    AUTOCOMPLETE = 4
    MODAL = 5


class AnswerKind(IntEnum):
    """Discord's interaction callback types."""

    MESSAGE = 4
    DEFERRED_MESSAGE = 5
    DEFERRED_UPDATE = 6
    UPDATE = 7
    CHOICES = 8
    MODAL = 9


@dataclass(slots=True, eq=False, kw_only=True)
class Interaction:
    """One interaction and what came of it."""

    id: int
    token: str = field(repr=False)
    kind: InteractionKind
    user: User
    place: Place
    data: Json
    command: str | None
    guild_command: bool = True
    source: Message | None = None
    created_at: datetime
    acknowledged_at: datetime | None = None
    answer_kind: AnswerKind | None = None
    message: Message | None = None
    choices: list[Json] = field(default_factory=list)
    modal: Json | None = None
    followups: list[Message] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Result:
    """What a member sees of the bot's answer; the message goes on changing as the bot edits it."""

    interaction: Interaction = field(repr=False)

    @property
    def acknowledged_after(self) -> float | None:
        """Seconds from sending until the first answer."""
        answered = self.interaction.acknowledged_at
        return None if answered is None else (answered - self.interaction.created_at).total_seconds()

    @property
    def deferred(self) -> bool:
        """Whether the first answer was "thinking" or a silent acknowledgement."""
        return self.interaction.answer_kind in {AnswerKind.DEFERRED_MESSAGE, AnswerKind.DEFERRED_UPDATE}

    @property
    def message(self) -> Message | None:
        """The answer, or the message whose button was pressed."""
        return self.interaction.message

    @property
    def ephemeral(self) -> bool:
        """Whether only the member sees the answer."""
        return self.message is not None and self.message.ephemeral

    @property
    def followups(self) -> list[Message]:
        """What the bot added after its first answer."""
        return self.interaction.followups

    @property
    def modal(self) -> Json | None:
        """The form that was opened instead of a message."""
        return self.interaction.modal

    @property
    def error(self) -> str | None:
        """Why there is no answer."""
        return None if self.interaction.acknowledged_at is not None else "no response"


class Interactions:
    """All interactions, found by id or by token."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._by_id: dict[int, Interaction] = {}
        self._by_token: dict[str, Interaction] = {}

    def open(  # noqa: PLR0913 - the facts of an interaction, each by name
        self,
        kind: InteractionKind,
        user: User,
        place: Place,
        data: Json,
        *,
        command: str | None = None,
        guild_command: bool = True,
        source: Message | None = None,
    ) -> Interaction:
        """Create an interaction and send it to the bot."""
        interaction = Interaction(
            id=self._world.ids.next(),
            token=secrets.token_urlsafe(48),
            kind=kind,
            user=user,
            place=place,
            data=data,
            command=command,
            guild_command=guild_command,
            source=source,
            created_at=self._world.clock.now(),
        )
        self._by_id[interaction.id] = interaction
        self._by_token[interaction.token] = interaction
        self._world.emit("INTERACTION_CREATE", interaction)
        return interaction

    def all(self) -> list[Interaction]:
        """Return every interaction, oldest first."""
        return list(self._by_id.values())

    def to_answer(self, interaction_id: int, token: str) -> Interaction:
        """Return an interaction that may still get its first answer; 10062 when too late, 40060 when it had one."""
        interaction = self._by_id.get(interaction_id)
        if interaction is None or interaction.token != token:
            raise refusal(10062)
        if interaction.acknowledged_at is not None:
            raise refusal(40060)
        if self._world.clock.now() - interaction.created_at > ACKNOWLEDGE_WITHIN:
            raise refusal(10062)
        return interaction

    def acknowledge(self, interaction: Interaction, kind: AnswerKind) -> None:
        """Note the first answer."""
        interaction.answer_kind = kind
        interaction.acknowledged_at = self._world.clock.now()

    def by_token(self, token: str) -> Interaction:
        """Return an answered interaction whose token is good; 50027 after 15 minutes, 10015 when never answered."""
        interaction = self._by_token.get(token)
        if interaction is None or self._world.clock.now() - interaction.created_at > TOKEN_LIVES:
            raise refusal(50027)
        if interaction.acknowledged_at is None:
            raise refusal(10015)
        return interaction

"""A finished generation, and a look at what was told of it."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot.domain.generation import Generation, MessageRef, State
from sandbox.discord import Message
from sandbox.discord.channels import Thread
from tests.chat.stage import Stage, now
from tests.chat.town import Town

MESSAGES = "/channels/{channel_id}/messages"
MIB = 1_048_576
HOUR = timedelta(hours=1)
"""Longer than anybody remembers a nonce."""


@pytest.fixture
async def done(stage: Stage, town: Town) -> Generation:
    """A finished generation with its card and its thread."""
    made = town.generation(state=State.SUCCEEDED, state_at=now())
    made = made.evolve(card=await stage.delivery.find_or_post_card(made))
    return made.evolve(thread_id=await stage.delivery.open_thread(made))


def thread(town: Town) -> Thread:
    return town.discord.threads[0]


def tried(generation: Generation) -> Generation:
    """The same after a try that failed."""
    return generation.evolve(telling_failures=1, telling_since=now())


def at(message: Message) -> MessageRef:
    return MessageRef(channel_id=message.channel_id, message_id=message.id)


def names(message: Message) -> list[str]:
    return [attachment.filename for attachment in message.attachments]


def everything(town: Town) -> Iterator[Message]:
    """All that was written anywhere but for the card."""
    yield from town.channel.messages[1:]
    for one in town.discord.threads:
        yield from one.messages
    yield from town.ada.direct_messages

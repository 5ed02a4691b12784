"""What stands of a notice already, after a try of which nobody knows how far it came."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field, replace

import discord

from bot.chat.links import endless, shown
from bot.domain.generation import Generation, MessageRef
from bot.work.protocols import Notice

UNKNOWN = 0
"""Results count from one."""


@dataclass(slots=True)
class Standing:
    """Messages by their number in the notice, and the numbers of the results that they hold.

    Results are known by their own numbers, as another try may cut the notice differently: by another limit, or because
    something can no longer be fetched.
    """

    messages: dict[int, MessageRef] = field(default_factory=dict)
    results: set[int] = field(default_factory=set)
    unread: MessageRef | None = None
    """What came last in the generation's own thread where that may not be read; where nothing else is found, it is
    taken for the notice, and that to stand whole: how many messages there are of it can't be seen."""

    @property
    def first(self) -> MessageRef | None:
        """The one with the lowest number; None where nothing stands."""
        return self.messages[min(self.messages)] if self.messages else self.unread

    @property
    def next_number(self) -> int:
        """What the next message counts from."""
        return max(self.messages, default=-1) + 1

    def add(self, generation: Generation, message: discord.Message) -> None:
        """Note a message of the notice."""
        number = message.content.rsplit(" · ", 1)[-1]
        index = int(number) - 1 if number.isdigit() else 0
        self.messages[index] = MessageRef(channel_id=message.channel.id, message_id=message.id)
        files = {_number_in(generation, attachment.filename) for attachment in message.attachments}
        self.results |= files - {UNKNOWN}
        self.results |= {
            count for count, url in enumerate(generation.results, start=1) if shown(url) in message.content
        }

    def lacking(self, generation: Generation, notice: Notice) -> Notice | None:
        """What is still to be posted of a notice; None where all of it stands."""
        if not self.messages:
            return None if self.unread else notice
        files = tuple(file for file in notice.files if _number_in(generation, file.filename) not in self.results)
        unfetched = tuple(url for url in notice.unfetched if self._is_lacking(url, generation.results))
        return replace(notice, files=files, unfetched=unfetched, unusable=0) if files or unfetched else None

    def _is_lacking(self, url: str, results: Collection[str]) -> bool:
        numbers = {number for number, result in enumerate(results, start=1) if result == url}
        return not numbers & self.results and not endless((url,))


def _number_in(generation: Generation, filename: str) -> int:
    """The number of the result that a file is, as its name tells."""
    found = re.match(rf"showreel-{generation.id}-(\d+)\b", filename)
    return int(found[1]) if found else UNKNOWN

"""What the cards of the generations under way say, as far as it was shown from here: so that none is edited in vain."""

from datetime import datetime, timedelta
from typing import TypeAlias

from bot.domain.generation import Generation, State

EDIT_PAUSE = timedelta(seconds=15)
"""The shortest time between two edits for progress alone; it grows with the age of the generation."""

NEWS = timedelta(seconds=30)
"""For how long a generation is running newly, so that its card is edited though nothing is known of it here."""

CATCHING_UP = timedelta(milliseconds=200)
"""Between the edits of two cards that are running for longer, of which nothing is known here, as after a start."""

CARDS_REMEMBERED = 100_000
"""About 220 bytes each."""

_Entry: TypeAlias = tuple[int | None, float]


class ShownCards:
    """Of each card a fingerprint of its text, None where it isn't known, and when progress alone is shown again."""

    def __init__(self, most: int = CARDS_REMEMBERED) -> None:
        self.entries: dict[str, _Entry] = {}
        self._most = most
        self._caught_up = 0.0

    def __len__(self) -> int:
        return len(self.entries)

    def is_worth_an_edit(self, generation: Generation, text: str, now: datetime) -> bool:
        """Whether the card says something else, and it is time to show it.

        A card that is looked at for the first time long after it turned running most likely says so: it only gets its
        turn, so that thousands of them are edited one after another.
        """
        entry = self.entries.get(generation.id)
        if entry is None:
            is_news = generation.state is not State.RUNNING or now - generation.state_at < NEWS
            if not is_news:
                self._put(generation.id, (None, self._turn(now)))
            return is_news
        fingerprint, not_before = entry
        if fingerprint == hash(text):
            return False
        return generation.state is not State.RUNNING or now.timestamp() >= not_before

    def begin(self, generation: Generation, now: datetime) -> None:
        """Note that a card is about to be edited: where that fails, progress is not shown again at every look."""
        if generation.state is State.RUNNING:
            fingerprint, _not_before = self.entries.get(generation.id, (None, 0.0))
            self._put(generation.id, (fingerprint, _next(generation, now)))

    def remember(self, generation: Generation, text: str, now: datetime) -> None:
        """Note what a card says now; after an end that is nobody's concern any more."""
        if generation.state.is_end:
            self.entries.pop(generation.id, None)
        else:
            self._put(generation.id, (hash(text), _next(generation, now)))

    def _put(self, generation_id: str, entry: _Entry) -> None:
        self.entries[generation_id] = entry
        if len(self.entries) > self._most:
            del self.entries[next(iter(self.entries))]

    def _turn(self, now: datetime) -> float:
        self._caught_up = max(self._caught_up + CATCHING_UP.total_seconds(), (now + EDIT_PAUSE).timestamp())
        return self._caught_up


def _next(generation: Generation, now: datetime) -> float:
    """When progress alone is worth an edit again; that it turned running is so at once."""
    if generation.state is not State.RUNNING:
        return 0.0
    return (now + max(EDIT_PAUSE, generation.running_for(now) / 10)).timestamp()

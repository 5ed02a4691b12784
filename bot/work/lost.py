"""Lost tasks: whether a provider that doesn't know a task is to be believed."""

from datetime import datetime, timedelta

STORM = 3
"""So many tasks unknown, and none known between, say something of the provider rather than of the tasks."""


class LostTasks:
    """Notes which tasks the provider said it doesn't know; afresh after a restart.

    One is believed lost after a few such answers over a span that a mishap there would hardly last, as its hold is
    given back then, whatever the provider charges. Answers of a storm count for none of them.
    """

    def __init__(self, polls: int, after: timedelta) -> None:
        self._polls = polls
        self._after = after
        self._unknown: dict[str, tuple[datetime, int]] = {}
        self._in_row: set[str] = set()

    @property
    def is_storm(self) -> bool:
        """Whether the last answers were about so many unknown tasks that they count as none."""
        return len(self._in_row) >= STORM

    def known(self, generation_id: str) -> None:
        """There was an answer about its task."""
        self.unanswered(generation_id)
        self._in_row.clear()

    def unanswered(self, generation_id: str) -> None:
        """Its task was asked for without an answer, so what was said of it before counts no more."""
        self._unknown.pop(generation_id, None)

    def unknown(self, generation_id: str, now: datetime) -> bool:
        """The provider doesn't know its task; returns whether that is believed now."""
        self._in_row.add(generation_id)
        if self.is_storm:
            return False
        since, polls = self._unknown.get(generation_id, (now, 0))
        self._unknown[generation_id] = since, polls + 1
        if polls + 1 < self._polls or now - since < self._after:
            return False
        self.unanswered(generation_id)
        self._in_row.discard(generation_id)
        return True

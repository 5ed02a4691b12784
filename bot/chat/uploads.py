"""Uploads to Discord: a few at once, and not for ever."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.work.protocols import DeliveryDelayedError

UPLOADS_AT_ONCE = 8
"""As many as results are fetched at once; the others wait, and their time-out with them."""

UPLOAD_TRIES = 6
"""After so many tries that failed the results go out as links: a slow line, say, or a file that Discord breaks on."""


class Uploads:
    """Room for uploads, and how each generation's have failed since this process started."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(UPLOADS_AT_ONCE)
        self._failed: Counter[str] = Counter()
        self._cramped: set[str] = set()

    def are_given_up(self, generation_id: str) -> bool:
        """Whether links are to take the place of a generation's files."""
        return self._failed[generation_id] >= UPLOAD_TRIES

    def are_cramped(self, generation_id: str) -> bool:
        """Whether the place that is left for a generation's files takes less than was stated."""
        return generation_id in self._cramped

    def cramp(self, generation_id: str) -> None:
        """Note that it does."""
        self._cramped.add(generation_id)

    def forget(self, generation_id: str) -> None:
        """Remember nothing of it: it is told."""
        self._failed.pop(generation_id, None)
        self._cramped.discard(generation_id)

    @asynccontextmanager
    async def room(self, generation_id: str, *, has_files: bool) -> AsyncIterator[None]:
        """Room for a post. Where one without files is delayed as well, it was not the files: they get their tries anew.

        A rate limit, which says when to come again, counts for nothing.
        """
        if not has_files:
            try:
                yield
            except DeliveryDelayedError:
                self._failed.pop(generation_id, None)
                raise
            return
        async with self._slots:
            try:
                yield
            except DeliveryDelayedError as error:
                self._failed[generation_id] += error.retry_after is None
                raise

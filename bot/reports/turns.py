"""Turns at work that is too much for everybody at once: drawing pictures, making reports."""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager


class NoTurnError(Exception):
    """As many wait for their turn as may."""


class UnderWayError(NoTurnError):
    """Whoever asks is at work, or waits, already."""


class Turns:
    """Lets so many work at once, each who asks with one piece of work, while so many others wait in their order."""

    def __init__(self, *, at_once: int, waiting_most: int) -> None:
        self._slots = asyncio.Semaphore(at_once)
        self._most = at_once + waiting_most
        self._asked: set[Hashable] = set()

    @asynccontextmanager
    async def turn(self, key: Hashable) -> AsyncIterator[None]:
        """Wait for the turn of whoever the key stands for; raises NoTurnError, or its kind UnderWayError, at once."""
        if key in self._asked:
            raise UnderWayError
        if len(self._asked) >= self._most:
            raise NoTurnError
        self._asked.add(key)
        try:
            async with self._slots:
                yield
        finally:
            self._asked.discard(key)

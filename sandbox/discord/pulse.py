"""Waking whoever waits for the simulated world to change."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

_ANYWAY = 0.05
"""Seconds after which a condition is looked at even if nothing here changed: it may depend on something else."""

T = TypeVar("T")


class Pulse:
    """Beats on every change."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()

    def beat(self) -> None:
        """Wake all who wait."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def wait_for(self, condition: Callable[[], T], seconds: float) -> T:
        """Return the condition's value as soon as it is true; TimeoutError when it never was.

        A condition that looks up what is not there yet (`thread.messages[0]`) counts as not true yet.
        """
        async with asyncio.timeout(seconds):
            while True:
                with suppress(LookupError):
                    value = condition()
                    if value:
                        return value
                with suppress(TimeoutError):
                    async with asyncio.timeout(_ANYWAY):
                        await self._changed.wait()

"""Discord's global rate limit: closed by discord.py, and opened again at its end, whatever became of the call.

discord.py lets the very call that meets the limit open it again after its sleep (http.py, `_global_over`); where that
call is cancelled in the sleep, by a time-out or a lost lease, it would stay closed to all calls for ever.
"""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace

import aiohttp
import discord
import structlog

log = structlog.get_logger(__name__)

LONGEST = 30.0
"""Seconds that a call waits for a limit (discord.py's least); for more it fails at once, to come again later."""

GRACE = 2.0
"""Seconds after a limit's end until it is opened here: discord.py comes first, unless its call was cancelled."""


class GlobalLimit:
    """Watches a client's answers for rate limits and sees that each one ends."""

    def __init__(self, client: Callable[[], discord.Client]) -> None:
        self._client = client
        self._timer: asyncio.TimerHandle | None = None
        self.trace = aiohttp.TraceConfig()
        self.trace.on_request_end.append(self._answered)

    async def _answered(
        self, _session: aiohttp.ClientSession, _context: SimpleNamespace, answer: aiohttp.TraceRequestEndParams
    ) -> None:
        """Set the timer by any 429: those of a route end no global limit early, as the later end counts."""
        if answer.response.status != 429:
            return
        loop = asyncio.get_running_loop()
        end = loop.time() + _asked(answer.response.headers.get("Retry-After")) + GRACE
        if self._timer is not None:
            end = max(end, self._timer.when())
            self._timer.cancel()
        self._timer = loop.call_at(end, self._open)

    def _open(self) -> None:
        self._timer = None
        is_over = self._client().http._global_over  # noqa: SLF001 - there is no public way to it
        if not is_over.is_set():
            log.warning("global_limit_opened")
            is_over.set()


def _asked(header: str | None) -> float:
    try:
        return min(float(header or LONGEST), LONGEST)
    except ValueError:
        return LONGEST

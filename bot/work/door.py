"""The provider's door: closed while our account or key would be refused anyway."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from bot.domain.errors import DoorClosed, Rejection
from bot.providers.base import Provider
from bot.providers.errors import ProviderError, Refused

log = structlog.get_logger(__name__)

PROBE_EVERY = timedelta(minutes=1)
BALANCE_RETRY = timedelta(minutes=5)
"""No harmless call tells of an empty balance, so after this the next request itself is the probe."""


class Door:
    """Whether the provider takes anything from us; its owner is told once when it closes and once when it opens."""

    def __init__(
        self,
        provider: Provider,
        clock: Callable[[], datetime],
        tell_owner: Callable[[str | None], Awaitable[None]],
    ) -> None:
        self._provider = provider
        self._clock = clock
        self._tell_owner = tell_owner
        self._closed_at: datetime | None = None
        self._by_balance = False
        self._is_told = False

    @property
    def is_open(self) -> bool:
        """Whether a submission may be tried."""
        if self._closed_at is None:
            return True
        return self._by_balance and self._clock() - self._closed_at >= BALANCE_RETRY

    def require_open(self) -> None:
        """Raises Rejection(DoorClosed) while it is closed."""
        if not self.is_open:
            raise Rejection(DoorClosed())

    async def close(self, refusal: Refused) -> None:
        """Close it on a refusal that any other call would meet as well."""
        self._closed_at = self._clock()
        self._by_balance = refusal.status == 402
        log.error("provider_door_closed", status=refusal.status, code=refusal.code)
        if not self._is_told:
            self._is_told = True
            await self._tell_owner(f"{refusal.status} {refusal.code or ''}".strip())

    async def passed(self) -> None:
        """Note that the provider took a submission, so the door is open."""
        if self._closed_at is None:
            return
        self._closed_at = None
        self._is_told = False
        log.info("provider_door_opened")
        await self._tell_owner(None)

    async def watch(self) -> None:
        """Probe a door that was closed for its key until it opens; runs until cancelled."""
        while True:
            await asyncio.sleep(PROBE_EVERY.total_seconds())
            await self.probe()

    async def probe(self) -> None:
        """One harmless authenticated call, if the door is closed for its key."""
        if self._closed_at is None or self._by_balance:
            return
        try:
            await self._provider.check_key()
        except ProviderError as error:
            log.info("provider_door_probed", still_closed=True, status=error.status)
            return
        await self.passed()

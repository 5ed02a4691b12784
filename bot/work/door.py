"""The provider's door: closed while our account or key would be refused anyway."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from bot.domain.errors import DoorClosed, Rejection
from bot.providers.base import Provider
from bot.providers.errors import ProviderError, Refused
from bot.work.outage import Outage
from bot.work.protocols import DeliveryDelayedError

log = structlog.get_logger(__name__)

PROBE_EVERY = timedelta(minutes=1)

TELL_WITHIN = timedelta(seconds=30)
"""For telling the owner once: a Discord that hangs must not keep the door from being probed."""

BALANCE_CODES = frozenset({"insufficient_balance", "insufficient_quota", "quota_exceeded"})
"""What the API calls an empty balance, whatever the status (provider contract, section 6)."""

BALANCE_RETRY = timedelta(minutes=5)
"""No harmless call tells of an empty balance, so after this the next request itself is the probe."""


def is_about_balance(refusal: Refused) -> bool:
    """Whether a refusal that closes the door is for the account's balance, rather than for its key."""
    return refusal.status == 402 or refusal.code in BALANCE_CODES


class Door:
    """Whether the provider takes anything from us; its owner is told once when it closes and once when it opens."""

    def __init__(
        self,
        provider: Provider,
        clock: Callable[[], datetime],
        tell_owner: Callable[[str | None], Awaitable[None]],
        outage: Outage,
    ) -> None:
        self._provider = provider
        self._clock = clock
        self._tell_owner = tell_owner
        self._outage = outage
        self._closed_at: datetime | None = None
        self._by_balance = False
        self._answer = ""
        self._is_told = False
        self._moved = asyncio.Event()

    @property
    def is_open(self) -> bool:
        """Whether a submission may be tried."""
        if self._closed_at is None:
            return True
        return self._by_balance and self._clock() - self._closed_at >= BALANCE_RETRY

    @property
    def closed_at(self) -> datetime | None:
        """When it was last found closed; None while it is open."""
        return self._closed_at

    @property
    def closed_by(self) -> str | None:
        """What the provider answered then; None while it is open."""
        return None if self._closed_at is None else self._answer

    def require_open(self) -> None:
        """Raises Rejection(DoorClosed) while it is closed."""
        if not self.is_open:
            raise Rejection(DoorClosed())

    def close(self, refusal: Refused) -> None:
        """Close it on a refusal that any other call would meet as well; `watch` tells its owner."""
        if self._closed_at is None:
            log.error("provider_door_closed", status=refusal.status, code=refusal.code)
            self._moved.set()
        self._closed_at = self._clock()
        self._by_balance = is_about_balance(refusal)
        self._answer = f"{refusal.status} {refusal.code or ''}".strip()

    def passed(self) -> None:
        """Note that the provider took a submission, so the door is open; `watch` tells its owner."""
        if self._closed_at is None:
            return
        self._closed_at = None
        log.info("provider_door_opened")
        self._moved.set()

    async def watch(self) -> None:
        """Tell its owner when it closes or opens, and probe one that was closed for its key; runs until cancelled."""
        while True:
            is_moved = await self._moves_within(PROBE_EVERY)
            try:
                if not is_moved:
                    await self.probe()
                await self.tell()
            except Exception:  # the edge of the loop: one mishap must not end the bot
                log.exception("provider_door_watch_tripped")

    async def probe(self) -> None:
        """One harmless authenticated call, if the door is closed for its key."""
        if self._closed_at is None or self._by_balance:
            return
        try:
            await self._outage.outside_holds(self._clock, self._provider.check_key)
        except ProviderError as error:
            log.info("provider_door_probed", still_closed=True, status=error.status)
            return
        self.passed()

    async def tell(self) -> None:
        """Tell the owner how it stands, unless that is known; where it can't be told now, the next time may do."""
        is_closed = self._closed_at is not None
        if is_closed is self._is_told:
            return
        try:
            async with asyncio.timeout(TELL_WITHIN.total_seconds()):
                await self._tell_owner(self._answer if is_closed else None)
        except (DeliveryDelayedError, TimeoutError) as error:
            log.warning("owner_not_told", error=str(error) or "not in time")
            return
        self._is_told = is_closed

    async def _moves_within(self, span: timedelta) -> bool:
        """Wait until it closes or opens, for so long at the most; whether it did."""
        try:
            async with asyncio.timeout(span.total_seconds()):
                await self._moved.wait()
        except TimeoutError:
            return False
        self._moved.clear()
        return True

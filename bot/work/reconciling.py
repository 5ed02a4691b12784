"""Reconciliation: now and then, what is stored is held against what should be, and what can be mended is."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import assert_never

import structlog

from bot import metrics
from bot.domain.findings import Finding, FindingKind
from bot.work.protocols import ReconcilingStore

log = structlog.get_logger(__name__)

EVERY = timedelta(hours=1)
UNDECIDED_AFTER = timedelta(days=1)


class Reconciler:
    """Finds what no step would ever come across, and mends it by the ordinary means.

    A generation is made due, so that the worker takes the arrows there are, or gets the entries that its settlement
    lacks. No state is ever written here.
    """

    def __init__(self, store: ReconcilingStore, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock

    async def findings(self) -> list[Finding]:
        """Whatever is not as it should be; changes nothing."""
        return [*await self.of_ledger(), *await self.of_progress()]

    async def of_ledger(self) -> list[Finding]:
        """Generations whose entries are not complete."""
        return await self._store.of_ledger()

    async def of_progress(self) -> list[Finding]:
        """Generations that don't go on, or not without a person."""
        now = self._clock()
        return await self._store.of_progress(now, now - UNDECIDED_AFTER)

    async def mend(self) -> int:
        """Mend what can be mended; returns how many generations were."""
        return sum([await self._mended(finding) for finding in await self.findings()])

    async def run(self) -> None:
        """Mend at once and then every hour, until cancelled."""
        while True:
            try:
                await self.mend()
            except Exception:  # the edge of the loop: the next round may do better, and nothing waits for this one
                log.exception("reconciliation_tripped")
            await asyncio.sleep(EVERY.total_seconds())

    async def _mended(self, finding: Finding) -> bool:
        """Mend one, and log what became of it; one that can't be mended is in no other's way."""
        logged = log.bind(kind=finding.kind, generation=finding.generation_id)
        try:
            is_mended = await self._mend(finding)
        except Exception:  # the edge of the loop: a row that breaks an invariant must not stop the others
            logged.exception("finding_needs_person")
            return False
        if is_mended:
            logged.warning("finding_mended")
        elif finding.kind.needs_person:
            logged.error("finding_needs_person")
        else:
            logged.info("finding_left")
        return is_mended

    async def _mend(self, finding: Finding) -> bool:
        match finding.kind:
            case FindingKind.STUCK | FindingKind.UNTOLD:
                return await self._store.wake(finding.generation_id, self._clock())
            case FindingKind.OPEN_HOLD | FindingKind.UNSETTLED:
                return await self._settle(finding.generation_id)
            case FindingKind.QUARANTINED:
                return await self._store.put_aside(finding.generation_id)
            case FindingKind.UNDECIDED | FindingKind.ORPHANED:
                return False
            case _:
                assert_never(finding.kind)

    async def _settle(self, generation_id: str) -> bool:
        entries = await self._store.settle(generation_id, self._clock())
        for entry in entries:
            metrics.LEDGER_MICROS.labels(entry.kind.value).inc(entry.amounts.micros or 0)
        return bool(entries)

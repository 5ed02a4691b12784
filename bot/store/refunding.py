"""Refunds: what a generation was charged is given back once, with a record of who did it and of how much that was."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.change import AuditRecord
from bot.domain.errors import GenerationUnknown, NothingToRelease, Rejection
from bot.domain.ledger import Amounts, Entry, EntryKind
from bot.domain.ledger import refund as refund_of
from bot.store import audit, generations, ledger


async def refund(connection: AsyncConnection, generation_id: str, record: AuditRecord, now: datetime) -> Entry:
    """Give the charge back; the row is locked meanwhile, so that two who do it at once don't both find it there."""
    generation = (await generations.locked(connection, [generation_id])).get(generation_id)
    if generation is None:
        raise Rejection(GenerationUnknown(generation_id))
    entries = await ledger.entries_of(connection, generation_id)
    found = {(entry.kind, entry.releases): entry for entry in entries}
    charged = found.get((EntryKind.CHARGE, None))
    if charged is None or (EntryKind.RELEASE, EntryKind.CHARGE) in found:
        raise Rejection(NothingToRelease(generation_id))
    given_back = refund_of(charged, now)
    await ledger.add(connection, [(generation, given_back)])
    await audit.add(connection, [replace(record, before=_figures(charged.amounts))])
    return given_back


def _figures(amounts: Amounts) -> str:
    """What was taken, such as "generations 1, seconds 8, micros 4000000"."""
    micros = "unknown" if amounts.micros is None else amounts.micros
    return f"generations {amounts.generations}, seconds {amounts.seconds}, micros {micros}"

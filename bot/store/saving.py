"""Saving: guarded writes of claimed generations, with the entries and audit records that ride along."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.change import Change, LeaseLostError
from bot.domain.generation import Generation
from bot.store import audit, generations, ledger, rows

_FIXED = frozenset({"id", "member_key", "lease_token", "accepted_at", "micros_per_second"})


async def save_all(connection: AsyncConnection, changes: Sequence[Change]) -> list[Generation | Exception]:
    """Save one after another what is still ours; returns the rows as they are then, or LeaseLostError.

    The rows are read and locked first: what is decided here is what is written.
    """
    stored = await generations.locked(connection, {change.before.id for change in changes})
    columns: dict[str, dict[str, object]] = defaultdict(dict)
    outcomes: list[Generation | Exception] = []
    written: list[Change] = []
    for change in changes:
        try:
            fresh, changed = _merged(stored.get(change.before.id), change)
        except (LeaseLostError, ValueError) as error:
            outcomes.append(error)
            continue
        columns[fresh.id] |= rows.columns(fresh, changed) | ({} if change.keeps_lease else {"lease_until": None})
        stored[fresh.id] = fresh
        outcomes.append(fresh)
        written.append(change)
    await generations.write(connection, columns)
    await ledger.add(connection, [(change.before, entry) for change in written for entry in change.entries])
    await audit.add(connection, [record for change in written for record in change.audit])
    return outcomes


def require_ours(stored: Generation | None, change: Change) -> Generation:
    """The row as it is stored; LeaseLostError unless its state and lease are those that the change began from."""
    before = change.before
    if stored is None or (stored.state, stored.lease_token) != (before.state, before.lease_token):
        raise LeaseLostError(f"{before.id} is no longer {before.state} under lease {before.lease_token}")
    return stored


def _merged(found: Generation | None, change: Change) -> tuple[Generation, set[str]]:
    """The row as it shall be, and which fields of it are new; what others wrote meanwhile stays as they wrote it."""
    before, after = change.before, change.after
    stored = require_ours(found, change)
    changed = rows.changed_fields(before, after)
    if changed & _FIXED:
        raise ValueError(f"{before.id}: {', '.join(sorted(changed & _FIXED))} can't be changed")
    if stored.card != before.card:
        changed.discard("card")
    if stored.cancel_requested is not before.cancel_requested:
        changed.discard("cancel_requested")
        if after.due_at is not None:
            changed.discard("due_at")  # the wish to cancel made it due
    return replace(stored, **{name: getattr(after, name) for name in changed}), changed

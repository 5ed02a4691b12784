"""The append-only record of usage and money, and the arithmetic over it.

A hold is closed by exactly one release of the same amounts; a success adds one charge of the real figures; a refund is
a release that names its charge. Money is integer micro-dollars; None means that the price is unknown, never that it is
zero.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_CEILING, Decimal
from enum import StrEnum


class EntryKind(StrEnum):
    """What an entry does: takes, settles or gives back."""

    HOLD = "hold"
    CHARGE = "charge"
    RELEASE = "release"


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """What one generation uses: generations, whole seconds of video, micro-dollars (None: unknown)."""

    generations: int = 1
    seconds: int = 0
    micros: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the ledger.

    `held_at` is the instant of the generation's hold: a unit belongs to the window of its hold, whenever it is settled.
    `releases` is the kind of entry that a release closes: the hold, or (a refund) the charge.
    """

    generation_id: str
    kind: EntryKind
    amounts: Amounts
    at: datetime
    held_at: datetime
    releases: EntryKind | None = None


def to_micros(dollars: Decimal) -> int:
    """Dollars as whole micro-dollars, rounded up."""
    return int((dollars * 1_000_000).to_integral_value(ROUND_CEILING))


def hold(generation_id: str, amounts: Amounts, at: datetime) -> Entry:
    """Take `amounts` for a generation that is being accepted."""
    return Entry(generation_id=generation_id, kind=EntryKind.HOLD, amounts=amounts, at=at, held_at=at)


def release(held: Entry, at: datetime) -> Entry:
    """Give back all that a hold took."""
    return replace(held, kind=EntryKind.RELEASE, at=at, releases=EntryKind.HOLD)


def settle(held: Entry, real: Amounts, at: datetime) -> tuple[Entry, Entry]:
    """Close a hold and charge the real figures."""
    return release(held, at), replace(held, kind=EntryKind.CHARGE, amounts=real, at=at)


def refund(charged: Entry, at: datetime) -> Entry:
    """Give back all that a charge took."""
    return replace(charged, kind=EntryKind.RELEASE, at=at, releases=EntryKind.CHARGE)


def missing(entries: Iterable[Entry], real: Amounts | None, at: datetime) -> tuple[Entry, ...]:
    """What the settlement of an ended generation still lacks; `real` are the figures of a success, else None.

    Nothing where there is no hold: none can be closed.
    """
    found = {(entry.kind, entry.releases): entry for entry in entries}
    held = found.get((EntryKind.HOLD, None))
    if held is None:
        return ()
    due = (release(held, at),) if real is None else settle(held, real, at)
    return tuple(entry for entry in due if (entry.kind, entry.releases) not in found)


def used(entries: Iterable[Entry]) -> Amounts:
    """What a set of entries amounts to: held + charged - refunded; unknown prices count as nothing in `micros`."""
    generations = seconds = micros = 0
    for entry in entries:
        sign = -1 if entry.kind is EntryKind.RELEASE else 1
        generations += sign * entry.amounts.generations
        seconds += sign * entry.amounts.seconds
        micros += sign * (entry.amounts.micros or 0)
    return Amounts(generations=generations, seconds=seconds, micros=micros)

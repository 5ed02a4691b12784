"""What may be found wrong with what is stored, though no write of ours leaves it so."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class FindingKind(StrEnum):
    """In which way a stored generation is not as it should be."""

    OPEN_HOLD = "open_hold"  # ended, and its hold was not released
    UNSETTLED = "unsettled"  # it succeeded without a charge, or has no hold at all
    ORPHANED = "orphaned"  # the ledger has entries of it, but it is gone itself
    UNDECIDED = "undecided"  # unconfirmed for more than a day
    QUARANTINED = "quarantined"  # it can't be read back and was put aside, or could never be settled
    STUCK = "stuck"  # under way, but no step of it will ever be due
    UNTOLD = "untold"  # ended, but its requester will never be told

    @property
    def needs_person(self) -> bool:
        """Whether nothing but a person can mend it."""
        return self in {FindingKind.ORPHANED, FindingKind.QUARANTINED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One generation that is not as it should be; `since`: when it came into its present state, or was held."""

    kind: FindingKind
    generation_id: str
    since: datetime

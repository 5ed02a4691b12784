"""What is stored of a member, for the member."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """What is stored of one member: how much of each kind, never the thing itself.

    `key` is the pseudonym under which ledger and audit know them, `name` is as Discord showed it last. `generations`
    are all of theirs, `kept` those with prompt, files and addresses still, `under_way` those that have not ended.
    `refused_prompts` counts those that still have their text. `log_lines` are those of the audit by or about them.
    `blocks` is how many guilds have them blocked, and `limits` how many limits were set for them alone, with their user
    id: both are kept whatever they wish.
    `oldest` and `newest_end` are the first acceptance and the last end of what has its prompt still.
    """

    key: str | None = None
    name: str | None = None
    forget_since: datetime | None = None
    generations: int = 0
    kept: int = 0
    under_way: int = 0
    ledger_entries: int = 0
    refused_prompts: int = 0
    log_lines: int = 0
    blocks: int = 0
    limits: int = 0
    oldest: datetime | None = None
    newest_end: datetime | None = None

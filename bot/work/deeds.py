"""What the deeds of moderators and the owner have in common."""

from collections.abc import Sequence, Sized
from datetime import datetime
from typing import TypeVar

from bot.domain.errors import ListFull, NotListed, Rejection, WhyMissing
from bot.domain.moderating import Action, Deed
from bot.domain.word_rules import RuleKind, WordRule
from bot.work.actors import Actor

Found = TypeVar("Found")

WHY_MOST = 500
"""Characters that are kept of a reason."""

MOST_PATTERNS = 50
"""Patterns of a guild: each may take tens of milliseconds of a prompt's time."""

MOST_LISTED = 500
"""Word rules, channels or models of a guild: they are held against every request."""

PAGE = 50
"""Lines of a log that are shown where nobody says how many."""


def deed_of(actor: Actor, action: Action, guild_id: int, at: datetime, why: str | None) -> Deed:
    """What somebody is about to do, with the reason clipped; an empty one is none."""
    told = (why or "").strip()[:WHY_MOST] or None
    return Deed(at=at, action=action, guild_id=guild_id, actor_id=actor.user_id, why=told)


def require_why(deed: Deed) -> str:
    """The reason; raises Rejection(WhyMissing)."""
    if deed.why is None:
        raise Rejection(WhyMissing())
    return deed.why


def require_room(listed: Sized, most: int | None = None) -> None:
    """Raises Rejection(ListFull) where a list takes no more."""
    most = MOST_LISTED if most is None else most
    if len(listed) >= most:
        raise Rejection(ListFull(most))


def require_room_for_rule(listed: Sequence[WordRule], kind: RuleKind) -> None:
    """The same for word rules, of which fewer may be patterns."""
    require_room(listed)
    if kind is RuleKind.PATTERN:
        require_room([rule for rule in listed if rule.kind is RuleKind.PATTERN], MOST_PATTERNS)


def there(found: Found | None) -> Found:
    """What was taken away; raises Rejection(NotListed) where there was nothing."""
    if found is None:
        raise Rejection(NotListed())
    return found

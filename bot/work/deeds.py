"""What the deeds of moderators and the owner have in common."""

from collections.abc import Sized
from datetime import datetime
from typing import TypeVar

from bot.domain.errors import ListFull, NotListed, Rejection, WhyMissing
from bot.domain.moderating import Action, Deed
from bot.work.actors import Actor

Found = TypeVar("Found")

WHY_MOST = 500
"""Characters that are kept of a reason."""

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


def require_room(listed: Sized) -> None:
    """Raises Rejection(ListFull) where a list takes no more."""
    if len(listed) >= MOST_LISTED:
        raise Rejection(ListFull(MOST_LISTED))


def there(found: Found | None) -> Found:
    """What was taken away; raises Rejection(NotListed) where there was nothing."""
    if found is None:
        raise Rejection(NotListed())
    return found

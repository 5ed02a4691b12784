"""Who a message mentions: what its text names, as far as the sender and `allowed_mentions` let it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.discord.errors import FormErrors, Json
from sandbox.discord.guilds import permissions_in
from sandbox.discord.permissions import Permission

if TYPE_CHECKING:
    from sandbox.discord.channels import Place
    from sandbox.discord.members import User
    from sandbox.discord.messages import Message
    from sandbox.discord.world import World

_USER = re.compile(r"<@!?(\d+)>")
_ROLE = re.compile(r"<@&(\d+)>")
_EVERYONE = re.compile(r"@(?:everyone|here)\b")
_PARSED = ("roles", "users", "everyone")
_MOST_IDS = 100


@dataclass(frozen=True, slots=True)
class Mentions:
    """The mentions that count."""

    users: list[int]
    roles: list[int]
    everyone: bool


def check(allowed: Json | None, errors: FormErrors) -> None:
    """Note what is wrong with an `allowed_mentions`."""
    if allowed is None:
        return
    parsed = allowed.get("parse") or []
    if any(kind not in _PARSED for kind in parsed):
        errors.add("allowed_mentions.parse", "BASE_TYPE_CHOICES", f"Value must be one of {_PARSED}.")
    for kind in ("users", "roles"):
        ids = allowed.get(kind) or []
        errors.check_count(f"allowed_mentions.{kind}", ids, _MOST_IDS)
        if ids and kind in parsed:
            code = "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE"
            message = f"parse:[{kind!r}] and {kind}: [ids...] are mutually exclusive."
            errors.add("allowed_mentions", code, message)


def resolve(world: World, place: Place, author: User, text: str, allowed: Json | None) -> Mentions:
    """Return the mentions of a text; without `allowed_mentions` everything counts."""
    users = [
        user_id for user_id in _ids(_USER, text) if user_id in world.users and _is_allowed(allowed, "users", user_id)
    ]
    if place.guild is None:
        return Mentions(users, [], everyone=False)
    may_mention_all = Permission.MENTION_EVERYONE in permissions_in(place, author)
    roles = [
        role_id
        for role_id in _ids(_ROLE, text)
        if role_id in place.guild.roles
        and (may_mention_all or place.guild.roles[role_id].mentionable)
        and _is_allowed(allowed, "roles", role_id)
    ]
    parses_everyone = allowed is None or "everyone" in (allowed.get("parse") or [])
    everyone = may_mention_all and parses_everyone and _EVERYONE.search(text) is not None
    return Mentions(users, roles, everyone=everyone)


def mentions_replied(allowed: Json | None, replied: Message | None) -> list[int]:
    """Return the author who is mentioned because the message replies to theirs."""
    if replied is None:
        return []
    return [replied.author_id] if allowed is None or allowed.get("replied_user") else []


def _ids(pattern: re.Pattern[str], text: str) -> list[int]:
    return list(dict.fromkeys(int(found) for found in pattern.findall(text)))


def _is_allowed(allowed: Json | None, kind: str, entity_id: int) -> bool:
    if allowed is None or kind in (allowed.get("parse") or []):
        return True
    return entity_id in {int(listed) for listed in allowed.get(kind) or []}

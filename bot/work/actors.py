"""Who acts: what Discord states of them, and what that allows."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from bot.domain.errors import ModeratorOnly, OwnerOnly, Rejection
from bot.domain.generation import Generation
from bot.domain.guild import GuildSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who decides, as Discord states it: where, and with which rights there."""

    user_id: int
    guild_id: int | None
    is_moderator: bool = False
    is_owner: bool = False

    def may_decide(self, generation: Generation) -> bool:
        """Whether this is the requester, or a moderator of the same guild."""
        if self.user_id == generation.origin.requester_id:
            return True
        return self.is_moderator and self.guild_id is not None and self.guild_id == generation.origin.guild_id

    def moderated_guild(self) -> int:
        """The guild whose moderator this is, and in which they act; raises Rejection(ModeratorOnly)."""
        if not self.is_moderator or self.guild_id is None:
            raise Rejection(ModeratorOnly())
        return self.guild_id

    def require_owner(self) -> None:
        """Raises Rejection(OwnerOnly) unless this is the bot's owner."""
        if not self.is_owner:
            raise Rejection(OwnerOnly())


class SettingsStore(Protocol):
    """Where a guild's settings are."""

    async def settings(self, guild_id: int) -> GuildSettings:
        """A guild's settings."""
        ...


class Rights:
    """Who counts as a moderator: managers of the server, and those with its moderator role."""

    def __init__(self, store: SettingsStore) -> None:
        self._store = store

    async def actor(self, user_id: int, guild_id: int | None, role_ids: Collection[int], *, manages: bool) -> Actor:
        """Somebody with these roles in a guild, who `manages` it or doesn't, with their rights there."""
        is_moderator = guild_id is not None and (manages or await self._has_role(guild_id, role_ids))
        return Actor(user_id=user_id, guild_id=guild_id, is_moderator=is_moderator)

    async def _has_role(self, guild_id: int, role_ids: Collection[int]) -> bool:
        return (await self._store.settings(guild_id)).moderator_role_id in role_ids

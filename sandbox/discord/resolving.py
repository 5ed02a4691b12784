"""What an interaction says about the users, roles and channels that its values name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.discord import payloads
from sandbox.discord.channels import Channel, Place, Thread
from sandbox.discord.errors import Json
from sandbox.discord.guilds import Role, permissions_in
from sandbox.discord.members import User

if TYPE_CHECKING:
    from sandbox.discord.world import World


class Resolving:
    """Fills a table of resolved things; every method returns the id as it stands among the values."""

    def __init__(self, world: World, asker: User, place: Place, table: dict[str, Json]) -> None:
        self._world = world
        self._asker = asker
        self._place = place
        self._table = table

    def add(self, kind: str, entity_id: int, payload: Json) -> str:
        """Note one thing under its kind."""
        self._table.setdefault(kind, {})[str(entity_id)] = payload
        return str(entity_id)

    def user(self, user: User) -> str:
        """Note a user, and what they are in the guild."""
        member = self._world.member_of(self._place.guild, user)
        if member is not None:
            payload = payloads.of_member(member)
            for left_out in ("user", "deaf", "mute"):
                payload.pop(left_out)
            payload["permissions"] = str(int(permissions_in(self._place, user)))
            self.add("members", user.id, payload)
        return self.add("users", user.id, payloads.of_user(user))

    def role(self, role: Role) -> str:
        """Note a role."""
        return self.add("roles", role.id, payloads.of_role(role))

    def channel(self, channel: Channel | Thread) -> str:
        """Note a channel, with what the one who asks may do there."""
        permissions = permissions_in(channel, self._asker)
        return self.add("channels", channel.id, {**payloads.of_place(channel), "permissions": str(int(permissions))})

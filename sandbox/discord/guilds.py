"""Guilds with their roles, channels and members."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from sandbox.discord.channels import Channel, ChannelKind, DirectChannel, Place, Thread
from sandbox.discord.files import MEBIBYTE
from sandbox.discord.members import Member, User
from sandbox.discord.permissions import (
    BOT_BY_DEFAULT,
    EVERYONE_BY_DEFAULT,
    EVERYTHING,
    IN_DIRECT_MESSAGES,
    NOTHING,
    Overwrite,
    Permission,
    in_channel,
    with_sending,
)

if TYPE_CHECKING:
    from sandbox.discord.world import World

UPLOAD_BY_TIER = (10 * MEBIBYTE, 10 * MEBIBYTE, 50 * MEBIBYTE, 100 * MEBIBYTE)
"""How large a file may be in a guild, by boost tier."""


@dataclass(slots=True, eq=False, kw_only=True)
class Role:
    """A role of a guild."""

    id: int
    name: str
    permissions: Permission
    position: int
    managed_for: int | None = None
    mentionable: bool = False


@dataclass(slots=True, eq=False, kw_only=True)
class Guild:
    """A guild; whether the bot is in it can change."""

    world: World = field(repr=False)
    id: int
    name: str
    owner: User
    created_at: datetime
    premium_tier: int = 0
    locale: str = "en-US"
    has_bot: bool = True
    active_thread_limit: int = 1000
    roles: dict[int, Role] = field(default_factory=dict, repr=False)
    members: dict[int, Member] = field(default_factory=dict, repr=False)
    channels: dict[int, Channel] = field(default_factory=dict, repr=False)
    threads: dict[int, Thread] = field(default_factory=dict, repr=False)

    @property
    def everyone(self) -> Role:
        """The role that everybody has; its id is the guild's."""
        return self.roles[self.id]

    @property
    def bot(self) -> Member:
        """The bot as a member."""
        return self.members[self.world.bot.id]

    @property
    def upload_limit(self) -> int:
        """The largest file that may be posted here, in bytes."""
        return UPLOAD_BY_TIER[self.premium_tier]

    def found(self) -> None:
        """Give a new guild its @everyone role, its owner and the bot with a role of its own."""
        everyone = Role(id=self.id, name="@everyone", permissions=EVERYONE_BY_DEFAULT, position=0)
        self.roles[self.id] = everyone
        self._admit(self.owner, ())
        bot = self.world.bot
        own = self._new_role(bot.name, BOT_BY_DEFAULT)
        own.managed_for = bot.id
        self._admit(bot, [own])

    def add_role(self, name: str, permissions: Permission = NOTHING, *, mentionable: bool = False) -> Role:
        """Add a role above the others."""
        role = self._new_role(name, permissions)
        role.mentionable = mentionable
        self.world.emit("GUILD_ROLE_CREATE", (self, role))
        return role

    def add_member(
        self, who: str | User | Member, roles: Iterable[Role] = (), *, locale: str = "en-US", nitro: bool = False
    ) -> Member:
        """Let a new user join by name, or one who exists already; they can act at once."""
        if isinstance(who, str):
            user = self.world.add_user(who, locale=locale, nitro=nitro)
        else:
            user = who if isinstance(who, User) else who.user
        member = self._admit(user, roles)
        self.world.emit("GUILD_MEMBER_ADD", member)
        return member

    def remove_member(self, member: Member) -> None:
        """Let a member leave."""
        del self.members[member.id]
        self.world.emit("GUILD_MEMBER_REMOVE", member)

    def add_category(self, name: str) -> Channel:
        """Add a category."""
        return self._new_channel(name, ChannelKind.CATEGORY)

    def add_text_channel(self, name: str, *, category: Channel | None = None, nsfw: bool = False) -> Channel:
        """Add a text channel."""
        return self._new_channel(name, ChannelKind.TEXT, category=category, nsfw=nsfw)

    def deny(self, channel: Channel, permission: Permission, target: Member | Role | None = None) -> None:
        """Take permissions away in one channel, from the bot unless told otherwise."""
        overwrite = self._overwrite(channel, target)
        overwrite.deny |= permission
        overwrite.allow &= ~permission
        self.world.emit("CHANNEL_UPDATE", channel)

    def allow(self, channel: Channel, permission: Permission, target: Member | Role | None = None) -> None:
        """Give permissions in one channel, to the bot unless told otherwise."""
        overwrite = self._overwrite(channel, target)
        overwrite.allow |= permission
        overwrite.deny &= ~permission
        self.world.emit("CHANNEL_UPDATE", channel)

    def remove_bot(self) -> None:
        """Throw the bot out."""
        self.has_bot = False
        self.world.emit("GUILD_DELETE", self)

    def invite_bot(self) -> None:
        """Let the bot in again."""
        self.has_bot = True
        self.world.emit("GUILD_CREATE", self)

    def permissions_of(self, member: Member, place: Channel | Thread | None = None) -> Permission:
        """Return what a member may do in the guild, or in one of its channels or threads."""
        if member.id == self.owner.id:
            return EVERYTHING
        base = self.everyone.permissions
        for role in member.roles:
            base |= role.permissions
        if Permission.ADMINISTRATOR in base:
            return EVERYTHING
        if place is None:
            return base
        channel = place.parent if isinstance(place, Thread) else place
        role_ids = [role.id for role in member.roles]
        granted = in_channel(base, channel.overwrites, self.id, role_ids, member.id)
        return with_sending(granted, in_thread=isinstance(place, Thread))

    def _overwrite(self, channel: Channel, target: Member | Role | None) -> Overwrite:
        target_id = self.world.bot.id if target is None else target.id
        fresh = Overwrite(target_id, for_member=not isinstance(target, Role))
        return channel.overwrites.setdefault(target_id, fresh)

    def _new_role(self, name: str, permissions: Permission) -> Role:
        role = Role(id=self.world.ids.next(), name=name, permissions=permissions, position=len(self.roles))
        self.roles[role.id] = role
        return role

    def _admit(self, user: User, roles: Iterable[Role]) -> Member:
        member = Member(guild=self, user=user, roles=list(roles), joined_at=self.world.clock.now())
        self.members[user.id] = member
        return member

    def _new_channel(
        self, name: str, kind: ChannelKind, *, category: Channel | None = None, nsfw: bool = False
    ) -> Channel:
        channel = Channel(
            world=self.world,
            guild=self,
            id=self.world.ids.next(),
            name=name,
            kind=kind,
            position=len(self.channels),
            category=category,
            nsfw=nsfw,
        )
        self.world.add_place(channel)
        self.world.emit("CHANNEL_CREATE", channel)
        return channel


def permissions_in(place: Place, user: User) -> Permission:
    """Return what a user may do in a place, nothing if they are not there at all."""
    if isinstance(place, DirectChannel):
        return IN_DIRECT_MESSAGES
    guild = place.guild
    if user.id not in guild.members or (user is guild.world.bot and not guild.has_bot):
        return NOTHING
    return guild.permissions_of(guild.members[user.id], place)

"""The simulated Discord's memory: everything that exists, and who is told when it changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from sandbox.discord.acting import Acting
from sandbox.discord.cdn import Cdn
from sandbox.discord.channels import Channel, DirectChannel, Place, Thread
from sandbox.discord.clock import Clock, Snowflakes
from sandbox.discord.commands import CommandStore
from sandbox.discord.guilds import Guild
from sandbox.discord.interactions import Interactions
from sandbox.discord.members import Member, User
from sandbox.discord.messages import Message
from sandbox.discord.pulse import Pulse

Listener: TypeAlias = Callable[[str, Any], None]
"""Is told the name of a gateway event and what it is about."""

Narrator: TypeAlias = Callable[[str, dict[str, Any]], None]
"""Is told what happened, for people to read."""


class World:
    """Guilds, users, messages and interactions; every change goes through `emit`."""

    def __init__(self, *, privileged_intents: bool = False) -> None:
        self.privileged_intents = privileged_intents
        self.gateway_url = ""
        self.shards = 1
        self.clock = Clock()
        self.ids = Snowflakes(self.clock)
        self.pulse = Pulse()
        self.cdn = Cdn(self.clock)
        self.commands = CommandStore(self.ids)
        self.interactions = Interactions(self)
        self.acting = Acting(self)
        self.users: dict[int, User] = {}
        self.guilds: dict[int, Guild] = {}
        self.places: dict[int, Place] = {}
        self.application_id = self.ids.next()
        self.bot = self.add_user("showreel", bot=True)
        self.owner = self.add_user("owner")
        self.listeners: list[Listener] = []
        self.narrator: Narrator | None = None

    def add_user(self, name: str, *, bot: bool = False, locale: str = "en-US", nitro: bool = False) -> User:
        """Create a user who is in no guild yet."""
        user = User(world=self, id=self.ids.next(), name=name, is_bot=bot, locale=locale, nitro=nitro)
        self.users[user.id] = user
        return user

    def add_guild(self, name: str, *, premium_tier: int = 0, owner: User | None = None, locale: str = "en-US") -> Guild:
        """Found a guild that the bot is in; it belongs to the application's owner unless told otherwise."""
        guild = Guild(
            world=self,
            id=self.ids.next(),
            name=name,
            owner=owner or self.owner,
            created_at=self.clock.now(),
            premium_tier=premium_tier,
            locale=locale,
        )
        self.guilds[guild.id] = guild
        guild.found()
        self.emit("GUILD_CREATE", guild)
        return guild

    def add_place(self, place: Place) -> None:
        """Remember a new channel, thread or direct channel."""
        self.places[place.id] = place
        if isinstance(place, Thread):
            place.guild.threads[place.id] = place
        elif isinstance(place, Channel):
            place.guild.channels[place.id] = place

    def forget_place(self, place: Channel | Thread) -> None:
        """Forget a channel or thread."""
        self.places.pop(place.id, None)
        place.guild.threads.pop(place.id, None)
        place.guild.channels.pop(place.id, None)

    def direct_channel(self, user: User) -> DirectChannel:
        """Return the direct channel between the bot and a user, opened if need be."""
        if user.direct is None:
            user.direct = DirectChannel(world=self, user=user, id=self.ids.next())
            self.add_place(user.direct)
        return user.direct

    def member_of(self, guild: Guild | None, user: User) -> Member | None:
        """Return a user's membership of a guild, if they have one."""
        return None if guild is None else guild.members.get(user.id)

    def shares_guild_with_bot(self, user: User) -> bool:
        """Tell whether the bot and a user are in one guild."""
        return any(guild.has_bot and user.id in guild.members for guild in self.guilds.values())

    def emit(self, event: str, subject: object) -> None:
        """Tell the gateway, and whoever waits, that something changed."""
        for listener in self.listeners:
            listener(event, subject)
        self.pulse.beat()

    def narrate(self, kind: str, **facts: object) -> None:
        """Tell whoever follows along what happened."""
        if self.narrator is not None:
            self.narrator(kind, facts)

    def find_message(self, place: Place, message_id: int) -> Message | None:
        """Return a message by its id."""
        return place.log.by_id.get(message_id)

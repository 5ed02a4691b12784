"""Users and members, and what they do in their Discord clients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sandbox.discord.files import MEBIBYTE

if TYPE_CHECKING:
    from sandbox.discord.channels import DirectChannel, Place
    from sandbox.discord.guilds import Guild, Role
    from sandbox.discord.interactions import Result
    from sandbox.discord.messages import Message
    from sandbox.discord.world import World

_NITRO_UPLOAD = 500 * MEBIBYTE
_FREE_UPLOAD = 10 * MEBIBYTE


@dataclass(frozen=True, slots=True)
class Entered:
    """What somebody has entered: a command's full name, where, and the values of its options."""

    command: str
    place: Place | None
    values: Mapping[str, Any]


@dataclass(slots=True, eq=False, kw_only=True)
class User:
    """Somebody with an account; acts in any channel of the guilds they are in, or in their direct channel."""

    world: World = field(repr=False)
    id: int
    name: str
    is_bot: bool = False
    locale: str = "en-US"
    nitro: bool = False
    accepts_direct_messages: bool = True
    direct: DirectChannel | None = field(default=None, repr=False)

    @property
    def mention(self) -> str:
        """The text that mentions them."""
        return f"<@{self.id}>"

    @property
    def upload_limit(self) -> int:
        """The largest file that their subscription lets them upload, in bytes."""
        return _NITRO_UPLOAD if self.nitro else _FREE_UPLOAD

    @property
    def direct_messages(self) -> list[Message]:
        """What stands in the direct channel with the bot."""
        return [] if self.direct is None else self.direct.messages

    def close_dms(self) -> None:
        """Accept no more direct messages."""
        self.accepts_direct_messages = False

    def open_dms(self) -> None:
        """Accept direct messages again."""
        self.accepts_direct_messages = True

    async def run(
        self,
        command: str,
        *,
        channel: Place | None = None,
        options: Mapping[str, Any] | None = None,
        timeout: float = 5.0,  # noqa: ASYNC109 - fixed by those who use the sandbox
    ) -> Result:
        """Run a slash command, in the direct channel with the bot if no channel is given.

        Returns when the bot has acknowledged it, or could not any more. InvalidCommand when a client would not send it.
        """
        return await self.world.acting.run(self, Entered(command, channel, options or {}), timeout)

    async def autocomplete(
        self,
        command: str,
        *,
        focused: str,
        channel: Place | None = None,
        options: Mapping[str, Any] | None = None,
        timeout: float = 5.0,  # noqa: ASYNC109 - fixed by those who use the sandbox
    ) -> list[dict[str, Any]]:
        """Return the choices that the bot suggests for the focused option; TimeoutError when it is silent."""
        return await self.world.acting.autocomplete(self, Entered(command, channel, options or {}), focused, timeout)

    async def press(
        self,
        message: Message,
        custom_id: str,
        *,
        values: Sequence[Any] | None = None,
        timeout: float = 5.0,  # noqa: ASYNC109 - fixed by those who use the sandbox
    ) -> Result:
        """Press a button of a message, or choose in its select menu: texts, or users, roles and channels."""
        return await self.world.acting.press(self, message, custom_id, values, timeout)

    async def submit(
        self,
        opened: Result,
        values: Mapping[str, Any],
        *,
        timeout: float = 5.0,  # noqa: ASYNC109 - fixed by those who use the sandbox
    ) -> Result:
        """Send the form that a command or button opened, with values by custom id."""
        return await self.world.acting.submit(self, opened, values, timeout)

    def send(self, channel: Place, content: str) -> Message:
        """Write a plain message."""
        return self.world.acting.send(self, channel, content)


@dataclass(slots=True, eq=False, kw_only=True)
class Member:
    """A user in one guild; acts exactly as the user does."""

    guild: Guild = field(repr=False)
    user: User
    roles: list[Role] = field(default_factory=list, repr=False)
    joined_at: datetime
    nick: str | None = None

    @property
    def id(self) -> int:
        """The user's id."""
        return self.user.id

    @property
    def name(self) -> str:
        """The user's name."""
        return self.user.name

    @property
    def mention(self) -> str:
        """The text that mentions them."""
        return self.user.mention

    @property
    def direct_messages(self) -> list[Message]:
        """What stands in the direct channel with the bot."""
        return self.user.direct_messages

    def close_dms(self) -> None:
        """Accept no more direct messages."""
        self.user.close_dms()

    def open_dms(self) -> None:
        """Accept direct messages again."""
        self.user.open_dms()

    async def run(
        self,
        command: str,
        *,
        channel: Place | None = None,
        options: Mapping[str, Any] | None = None,
        timeout: float = 5.0,  # noqa: ASYNC109 - fixed by those who use the sandbox
    ) -> Result:
        """Run a slash command: see `User.run`."""
        return await self.user.run(command, channel=channel, options=options, timeout=timeout)

    async def autocomplete(
        self,
        command: str,
        *,
        focused: str,
        channel: Place | None = None,
        options: Mapping[str, Any] | None = None,
        timeout: float = 5.0,  # noqa: ASYNC109 - fixed by those who use the sandbox
    ) -> list[dict[str, Any]]:
        """Return the suggested choices: see `User.autocomplete`."""
        return await self.user.autocomplete(command, focused=focused, channel=channel, options=options, timeout=timeout)

    async def press(
        self,
        message: Message,
        custom_id: str,
        *,
        values: Sequence[Any] | None = None,
        timeout: float = 5.0,  # noqa: ASYNC109 - fixed by those who use the sandbox
    ) -> Result:
        """Press a button: see `User.press`."""
        return await self.user.press(message, custom_id, values=values, timeout=timeout)

    async def submit(
        self,
        opened: Result,
        values: Mapping[str, Any],
        *,
        timeout: float = 5.0,  # noqa: ASYNC109 - fixed by those who use the sandbox
    ) -> Result:
        """Send a form: see `User.submit`."""
        return await self.user.submit(opened, values, timeout=timeout)

    def send(self, channel: Place, content: str) -> Message:
        """Write a plain message."""
        return self.user.send(channel, content)

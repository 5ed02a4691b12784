"""From what a member typed to the data of an interaction, with the checks of a Discord client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.discord import message_payloads
from sandbox.discord.channels import Channel, DirectChannel, Place, Thread
from sandbox.discord.errors import InvalidCommand, Json
from sandbox.discord.files import Attachment, Upload, clean_name, content_type_of, image_size
from sandbox.discord.guilds import Role, permissions_in
from sandbox.discord.members import Member, User
from sandbox.discord.permissions import Permission
from sandbox.discord.resolving import Resolving

if TYPE_CHECKING:
    from sandbox.discord.world import World

_SUBCOMMAND, _GROUP = 1, 2
_STRING, _INTEGER, _BOOLEAN, _USER, _CHANNEL, _ROLE, _MENTIONABLE, _NUMBER, _ATTACHMENT = range(3, 12)
_LARGEST_INTEGER = 2**53
_LONGEST_STRING = 6000


@dataclass(slots=True)
class Invocation:
    """A command as it goes over the wire: the registered command, the path below it, its options."""

    command: Json
    path: list[Json]
    options: list[Json] = field(default_factory=list)
    resolved: dict[str, Json] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The full name, such as `video text`."""
        return " ".join([self.command["name"], *(step["name"] for step in self.path)])

    @property
    def leaf_options(self) -> list[Json]:
        """The options that the member can fill in."""
        described = (self.path[-1] if self.path else self.command).get("options", [])
        return list(described)

    def data(self) -> Json:
        """Return the interaction's data."""
        options = self.options
        for step in reversed(self.path):
            options = [{"name": step["name"], "type": step["type"], "options": options}]
        data = {"id": self.command["id"], "name": self.command["name"], "type": 1, "options": options}
        if "guild_id" in self.command:
            data["guild_id"] = self.command["guild_id"]
        return {**data, "resolved": self.resolved} if self.resolved else data


def find(world: World, user: User, name: str, place: Place) -> Invocation:
    """Return the command of this name as the member sees it in this place; InvalidCommand if they do not."""
    first, *rest = name.split()
    guild = place.guild
    command = world.commands.visible_in(None if guild is None else guild.id, first)
    if command is None or (guild is not None and not guild.has_bot):
        raise InvalidCommand(f"there is no command /{first} here")
    _check_may_use(command, user, place)
    path: list[Json] = []
    options: list[Json] = command["options"]
    for part in rest:
        step = next((o for o in options if o["name"] == part and o["type"] in {_SUBCOMMAND, _GROUP}), None)
        if step is None:
            raise InvalidCommand(f"/{name}: there is no subcommand {part}")
        path.append(step)
        options = step.get("options", [])
    if any(option["type"] in {_SUBCOMMAND, _GROUP} for option in options):
        raise InvalidCommand(f"/{name} is only a group of commands")
    return Invocation(command, path)


class Filling:
    """Fills the options of an invocation with values."""

    def __init__(self, world: World, user: User, place: Place, invocation: Invocation) -> None:
        self._world = world
        self._user = user
        self._place = place
        self._invocation = invocation
        self._resolving = Resolving(world, user, place, invocation.resolved)
        self._described = {option["name"]: option for option in invocation.leaf_options}

    def fill(self, values: Mapping[str, Any]) -> None:
        """Fill in everything for a command that is sent."""
        self._check_known(values)
        for name, described in self._described.items():
            if described.get("required") and name not in values:
                raise InvalidCommand(f"/{self._invocation.name}: option {name} is required")
        for name, value in values.items():
            converted = self._convert(self._described[name], value)
            self._add(name, converted)

    def fill_while_typing(self, values: Mapping[str, Any], focused: str) -> None:
        """Fill in what has been typed so far; only the focused option may be unfinished."""
        self._check_known({**values, focused: None})
        if not self._described[focused].get("autocomplete"):
            raise InvalidCommand(f"/{self._invocation.name}: option {focused} has no autocomplete")
        for name, value in {**values, focused: values.get(focused, "")}.items():
            if name == focused:
                self._add(name, str(value), focused=True)
            elif not isinstance(value, Upload):
                self._add(name, self._convert(self._described[name], value))

    def _check_known(self, values: Mapping[str, Any]) -> None:
        for name in values:
            if name not in self._described:
                raise InvalidCommand(f"/{self._invocation.name}: there is no option {name}")

    def _add(self, name: str, value: object, **more: bool) -> None:
        option = {"name": name, "type": self._described[name]["type"], "value": value, **more}
        self._invocation.options.append(option)

    def _convert(self, option: Json, value: Any) -> object:  # noqa: PLR0911 - one per type of option
        match option["type"], value:
            case (4 | 10, bool()):
                pass
            case (3, str()):
                return _check_string(option, value)
            case (4, int()) | (10, int() | float()):
                return _check_number(option, value)
            case (5, bool()):
                return value
            case (6 | 9, User() | Member()):
                return self._resolving.user(value if isinstance(value, User) else value.user)
            case (7, Channel() | Thread()):
                return self._channel(option, value)
            case (8 | 9, Role()):
                return self._resolving.role(value)
            case (11, Upload()):
                return self._upload(option, value)
        raise InvalidCommand(f"option {option['name']} cannot be {value!r}")

    def _channel(self, option: Json, channel: Channel | Thread) -> str:
        if option.get("channel_types") and channel.kind not in option["channel_types"]:
            raise InvalidCommand(f"option {option['name']} takes no channel of this kind")
        return self._resolving.channel(channel)

    def _upload(self, option: Json, upload: Upload) -> str:
        guild_limit = 0 if self._place.guild is None else self._place.guild.upload_limit
        if len(upload.data) > max(guild_limit, self._user.upload_limit):
            raise InvalidCommand(f"option {option['name']}: {upload.filename} is too large to upload")
        attachment = stored_upload(self._world, upload)
        return self._resolving.add("attachments", attachment.id, message_payloads.of_attachment(attachment))


def stored_upload(world: World, upload: Upload) -> Attachment:
    """Keep a member's file where Discord keeps those of interactions: private, and only for a while."""
    content_type = upload.content_type or content_type_of(upload.filename, None)
    width, height = image_size(upload.data, content_type)
    attachment = Attachment(
        cdn=world.cdn,
        id=world.ids.next(),
        owner_id=world.application_id,
        filename=clean_name(upload.filename),
        content_type=content_type,
        data=upload.data,
        width=upload.width or width,
        height=upload.height or height,
        ephemeral=True,
        area="ephemeral-attachments",
    )
    world.cdn.store(attachment)
    return attachment


def _check_may_use(command: Json, user: User, place: Place) -> None:
    name = command["name"]
    in_guild = not isinstance(place, DirectChannel)
    granted = permissions_in(place, user)
    if Permission.USE_APPLICATION_COMMANDS not in granted or Permission.VIEW_CHANNEL not in granted:
        raise InvalidCommand(f"{user.name} may not use commands here")
    contexts = command["contexts"]
    if contexts is not None and (0 if in_guild else 1) not in contexts:
        raise InvalidCommand(f"/{name} cannot be used here")
    if not in_guild and not command["dm_permission"]:
        raise InvalidCommand(f"/{name} cannot be used in direct messages")
    if command["nsfw"] and not place.nsfw:
        raise InvalidCommand(f"/{name} is for age-restricted channels")
    if in_guild and command["default_member_permissions"] is not None:
        needed = Permission(int(command["default_member_permissions"])) or Permission.ADMINISTRATOR
        if needed not in granted:
            raise InvalidCommand(f"{user.name} may not use /{name}")


def _check_string(option: Json, value: str) -> str:
    shortest, longest = option.get("min_length") or 1, option.get("max_length") or _LONGEST_STRING
    if not shortest <= len(value) <= longest:
        raise InvalidCommand(f"option {option['name']} takes {shortest} to {longest} characters")
    _check_choice(option, value)
    return value


def _check_number(option: Json, value: float) -> float:
    least, most = option.get("min_value"), option.get("max_value")
    if (least is not None and value < least) or (most is not None and value > most) or abs(value) > _LARGEST_INTEGER:
        raise InvalidCommand(f"option {option['name']} takes numbers from {least} to {most}")
    _check_choice(option, value)
    return value


def _check_choice(option: Json, value: object) -> None:
    choices = [choice["value"] for choice in option.get("choices") or ()]
    if choices and value not in choices:
        raise InvalidCommand(f"option {option['name']} takes one of {choices}")

"""What a Discord client lets a member choose in a select menu and write into a form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sandbox.discord.channels import Channel, Place, Thread
from sandbox.discord.errors import InvalidCommand, Json
from sandbox.discord.guilds import Role
from sandbox.discord.members import Member, User
from sandbox.discord.resolving import Resolving

if TYPE_CHECKING:
    from sandbox.discord.world import World

TEXT_INPUT, LABEL = 4, 18
STRINGS, USERS, ROLES, MENTIONABLES, CHANNELS = 3, 5, 6, 7, 8
SELECTS = frozenset({STRINGS, USERS, ROLES, MENTIONABLES, CHANNELS})
_LONGEST_TEXT = 4000


def chosen(world: World, user: User, place: Place, menu: Json, values: Sequence[Any]) -> Json:
    """Return the values of an interaction with a menu, and what they name; InvalidCommand for others than it offers.

    Things of the guild are given as they are or by their ids.
    """
    least, most = menu.get("min_values", 1), menu.get("max_values", 1)
    if not least <= len(values) <= most or len(set(map(_key, values))) != len(values):
        raise InvalidCommand(f"{menu['custom_id']} takes {least} to {most} values")
    if menu["type"] == STRINGS:
        offered = {option["value"] for option in menu["options"]}
        if not offered.issuperset(values):
            raise InvalidCommand(f"{menu['custom_id']} offers {sorted(offered)} only")
        return {"values": list(values)}
    table: dict[str, Json] = {}
    resolving = Resolving(world, user, place, table)
    ids = [_entity(world, resolving, place, menu, value) for value in values]
    return {"values": ids, "resolved": table} if table else {"values": ids}


def filled(component: Json, values: Mapping[str, Any]) -> Json:
    """Return a form's component as it is sent; InvalidCommand for what its fields don't take."""
    sent: Json = {"type": component["type"], "id": component.get("id", 1)}
    if "components" in component:
        sent["components"] = [filled(inner, values) for inner in component["components"]]
    if "component" in component:
        sent["component"] = filled(component["component"], values)
    if "custom_id" in component:
        custom_id = component["custom_id"]
        sent["custom_id"] = custom_id
        if component["type"] == TEXT_INPUT:
            sent["value"] = _written(component, values.get(custom_id, component.get("value") or ""))
        else:
            sent["values"] = values.get(custom_id, [])
    return sent


def _written(field: Json, text: Any) -> str:
    least = max(field.get("min_length") or 0, 1 if field.get("required", True) else 0)
    most = field.get("max_length") or _LONGEST_TEXT
    if not isinstance(text, str) or len(text) > most or (len(text) < least and (text or field.get("required", True))):
        raise InvalidCommand(f"{field['custom_id']} takes {least} to {most} characters")
    return text


def _key(value: Any) -> str:
    return value if isinstance(value, str) else str(value.id)


def _entity(world: World, resolving: Resolving, place: Place, menu: Json, value: Any) -> str:
    found = _found(world, place, value) if isinstance(value, str) else value
    kinds: list[int] = menu.get("channel_types") or []
    match menu["type"], found:
        case (5 | 7, User() | Member()):
            return resolving.user(found if isinstance(found, User) else found.user)
        case (6 | 7, Role()):
            return resolving.role(found)
        case (8, Channel() | Thread()) if not kinds or int(found.kind) in kinds:
            return resolving.channel(found)
    raise InvalidCommand(f"{menu['custom_id']} does not offer {value!r}")


def _found(world: World, place: Place, entity_id: str) -> object:
    """What has an id in the guild; nothing of another guild is on offer."""
    guild, number = place.guild, int(entity_id)
    if guild is None:
        return world.users.get(number)
    return (
        guild.roles.get(number) or guild.channels.get(number) or guild.threads.get(number) or guild.members.get(number)
    )

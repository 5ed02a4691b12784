"""The application's registered commands."""

from __future__ import annotations

from sandbox.discord.clock import Snowflakes
from sandbox.discord.command_rules import check_command
from sandbox.discord.errors import DiscordError, FormErrors, Json, invalid, refusal

_MOST = {1: 100, 2: 15, 3: 15}
"""How many commands of each type one scope may hold."""


class CommandStore:
    """Commands by scope: None for the global ones, else a guild's id."""

    def __init__(self, ids: Snowflakes) -> None:
        self._ids = ids
        self._scopes: dict[int | None, dict[int, Json]] = {}
        self.registered = False
        """Whether the bot has ever registered anything."""

    def everywhere(self) -> list[Json]:
        """Return all commands; those of a guild carry its `guild_id`."""
        return [command for scope in self._scopes.values() for command in scope.values()]

    def in_scope(self, scope: int | None) -> list[Json]:
        """Return the commands of one scope."""
        return list(self._scopes.get(scope, {}).values())

    def visible_in(self, guild_id: int | None, name: str) -> Json | None:
        """Return the slash command of this name; a guild's own goes before a global one."""
        for scope in (guild_id, None) if guild_id is not None else (None,):
            for command in self.in_scope(scope):
                if command["name"] == name and command["type"] == 1:
                    return command
        return None

    def get(self, scope: int | None, command_id: int) -> Json:
        """Return one command; 10063 if there is none."""
        try:
            return self._scopes[scope][command_id]
        except KeyError:
            raise refusal(10063) from None

    def replace(self, scope: int | None, application_id: int, bodies: object) -> list[Json]:
        """Register exactly these commands in a scope."""
        if not isinstance(bodies, list):
            raise invalid("_errors", "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
        errors = FormErrors()
        for index, body in enumerate(bodies):
            check_command(body, str(index), errors)
        errors.raise_if_any()
        _check_together(bodies)
        before = {_key(command): command["id"] for command in self.in_scope(scope)}
        stored = [self._stored(scope, application_id, body, before.get(_key(body))) for body in bodies]
        self._scopes[scope] = {int(command["id"]): command for command in stored}
        self.registered = True
        return stored

    def upsert(self, scope: int | None, application_id: int, body: object) -> tuple[Json, bool]:
        """Register one command beside the others; tells whether it is new."""
        checked = _checked(body)
        others = [command for command in self.in_scope(scope) if _key(command) != _key(checked)]
        _check_together([*others, checked])
        before = {_key(command): command["id"] for command in self.in_scope(scope)}
        stored = self._stored(scope, application_id, checked, before.get(_key(checked)))
        self._scopes.setdefault(scope, {})[int(stored["id"])] = stored
        self.registered = True
        return stored, _key(checked) not in before

    def change(self, scope: int | None, command_id: int, body: object) -> Json:
        """Change some fields of a command."""
        current = self.get(scope, command_id)
        if not isinstance(body, dict):
            raise refusal(50109)
        changed = _checked({**current, **body})
        stored = self._stored(scope, int(current["application_id"]), changed, current["id"])
        self._scopes[scope][command_id] = stored
        return stored

    def remove(self, scope: int | None, command_id: int) -> None:
        """Unregister a command."""
        self.get(scope, command_id)
        del self._scopes[scope][command_id]

    def _stored(self, scope: int | None, application_id: int, body: Json, known_id: str | None) -> Json:
        permissions = body.get("default_member_permissions")
        stored = {
            "id": known_id or str(self._ids.next()),
            "application_id": str(application_id),
            "version": str(self._ids.next()),
            "type": body.get("type") or 1,
            "name": body["name"],
            "name_localizations": body.get("name_localizations"),
            "description": body.get("description") or "",
            "description_localizations": body.get("description_localizations"),
            "default_member_permissions": None if permissions is None else str(permissions),
            "dm_permission": body.get("dm_permission") is not False,
            "contexts": body.get("contexts"),
            "integration_types": body.get("integration_types") or [0],
            "nsfw": bool(body.get("nsfw")),
            "options": body.get("options") or [],
        }
        return stored if scope is None else {**stored, "guild_id": str(scope)}


def without_localizations(command: Json) -> Json:
    """Return a command as it is listed unless localizations are asked for."""
    kept = {key: value for key, value in command.items() if not key.endswith("_localizations")}
    for nested in ("options", "choices"):
        if nested in kept:
            kept[nested] = [without_localizations(inner) for inner in kept[nested]]
    return kept


def _checked(body: object) -> Json:
    errors = FormErrors()
    check_command(body, "", errors)
    errors.raise_if_any()
    if not isinstance(body, dict):
        raise refusal(50109)
    return body


def _key(body: Json) -> tuple[int, str]:
    return body.get("type") or 1, body["name"]


def _check_together(bodies: list[Json]) -> None:
    keys = [_key(body) for body in bodies]
    for index, key in enumerate(keys):
        if key in keys[:index]:
            code, message = "APPLICATION_COMMANDS_DUPLICATE_NAME", "Application command names must be unique"
            raise invalid(f"{index}.name", code, message)
    for kind, most in _MOST.items():
        if sum(key[0] == kind for key in keys) > most:
            raise DiscordError(400, 30032, f"Maximum number of application commands reached ({most}).")

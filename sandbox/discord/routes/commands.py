"""Registering application commands, globally and per guild."""

from __future__ import annotations

from sandbox.discord.access import guild_of
from sandbox.discord.commands import without_localizations
from sandbox.discord.errors import refusal
from sandbox.discord.wire import NO_CONTENT, Call, Endpoint, Reply

_GLOBAL = "/applications/{application_id}/commands"
_GUILD = "/applications/{application_id}/guilds/{guild_id}/commands"


def list_commands(call: Call) -> Reply:
    """List the commands of a scope."""
    commands = call.world.commands.in_scope(_scope(call))
    if call.query.get("with_localizations", "0").lower() in {"1", "true"}:
        return Reply(commands)
    return Reply([without_localizations(command) for command in commands])


def replace_commands(call: Call) -> Reply:
    """Register exactly the commands of the body."""
    scope = _scope(call)
    stored = call.world.commands.replace(scope, call.world.application_id, call.body)
    _tell(call, scope, len(stored))
    return Reply(stored)


def create_command(call: Call) -> Reply:
    """Register one command, in the place of one with its name."""
    scope = _scope(call)
    stored, is_new = call.world.commands.upsert(scope, call.world.application_id, call.body)
    _tell(call, scope, 1)
    return Reply(stored, 201 if is_new else 200)


def get_command(call: Call) -> Reply:
    """Answer with one command."""
    return Reply(call.world.commands.get(_scope(call), call.id("command_id")))


def change_command(call: Call) -> Reply:
    """Change some fields of a command."""
    return Reply(call.world.commands.change(_scope(call), call.id("command_id"), call.body))


def delete_command(call: Call) -> Reply:
    """Unregister a command."""
    call.world.commands.remove(_scope(call), call.id("command_id"))
    return NO_CONTENT


def _scope(call: Call) -> int | None:
    if call.id("application_id") != call.world.application_id:
        raise refusal(20012)
    if "guild_id" not in call.path:
        return None
    guild = call.world.guilds.get(call.id("guild_id"))
    if guild is None or not guild.has_bot:
        raise refusal(50001)
    return guild_of(call.world, guild.id).id


def _tell(call: Call, scope: int | None, count: int) -> None:
    call.world.pulse.beat()
    call.world.narrate("commands_registered", guild=scope, count=count)


ENDPOINTS = tuple(
    endpoint
    for base in (_GLOBAL, _GUILD)
    for endpoint in (
        Endpoint("GET", base, list_commands),
        Endpoint("PUT", base, replace_commands),
        Endpoint("POST", base, create_command),
        Endpoint("GET", base + "/{command_id}", get_command),
        Endpoint("PATCH", base + "/{command_id}", change_command),
        Endpoint("DELETE", base + "/{command_id}", delete_command),
    )
)

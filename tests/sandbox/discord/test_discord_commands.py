"""Registering commands: what Discord refuses, and how registrations replace each other."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.discord import SimulatedDiscord
from sandbox.discord.guilds import Guild
from tests.sandbox.discord.scripted import Rest


def _command(**fields: Any) -> dict[str, Any]:
    return {"name": "video", "description": "d", **fields}


def _option(**fields: Any) -> dict[str, Any]:
    return {"type": 3, "name": "prompt", "description": "d", **fields}


def _choice(value: str) -> dict[str, Any]:
    return {"name": value, "value": value}


def _sub(*options: dict[str, Any]) -> dict[str, Any]:
    return {"type": 1, "name": "sub", "description": "d", "options": list(options)}


def _large() -> dict[str, Any]:
    options = [_option(name=f"o{number}", description="x" * 100) for number in range(25)]
    subcommands = [{"type": 1, "name": f"s{number}", "description": "d", "options": options} for number in range(4)]
    return _command(options=subcommands)


@pytest.mark.parametrize(
    ("command", "where"),
    [
        (_command(name="Video"), "name"),
        (_command(name="video text"), "name"),
        (_command(name="x" * 33), "name"),
        ({"description": "d"}, "name"),
        (_command(description=""), "description"),
        (_command(description="x" * 101), "description"),
        (_command(description_localizations={"xx": "d"}), "description_localizations.xx"),
        (_command(name_localizations={"de": "Film"}), "name_localizations.de"),
        (_command(type=9), "type"),
        (_command(type=2), "description"),
        (_command(contexts=[3]), "contexts"),
        (_command(options=[_option(name=f"o{number}") for number in range(26)]), "options"),
        (_command(options=[_option(), _option(name="other", required=True)]), "options.1"),
        (_command(options=[_option(), _option()]), "options.1.name"),
        (_command(options=[_option(type=12)]), "options.0.type"),
        (_command(options=[_option(), _sub()]), "options"),
        (_command(options=[_sub(_option(type=1))]), "options.0.options.0.type"),
        (_command(options=[_option(choices=[_choice(str(n)) for n in range(26)])]), "options.0.choices"),
        (_command(options=[_option(choices=[{"name": "a", "value": "x"}] * 2)]), "options.0.choices.1.name"),
        (_command(options=[_option(choices=[{"name": "a", "value": 1}])]), "options.0.choices.0.value"),
        (_command(options=[_option(type=4, choices=[{"name": "a", "value": "1"}])]), "options.0.choices.0.value"),
        (_command(options=[_option(type=11, choices=[{"name": "a", "value": "1"}])]), "options.0.choices"),
        (_command(options=[_option(autocomplete=True, choices=[_choice("x")])]), "options.0.autocomplete"),
        (_command(options=[_option(min_value=1)]), "options.0.min_value"),
        (_command(options=[_option(max_length=6001)]), "options.0.max_length"),
        (_large(), "_command"),
    ],
)
async def test_a_command_against_the_rules_is_refused(
    simulated: SimulatedDiscord, rest: Rest, command: dict[str, Any], where: str
) -> None:
    status, body = await rest("POST", f"/applications/{simulated.application_id}/commands", command)
    assert (status, body["code"]) == (400, 50035)
    node = body["errors"]
    for part in where.split("."):
        node = node[part]
    assert node["_errors"][0]["code"]
    assert simulated.commands == []


async def test_names_in_other_scripts_are_fine(simulated: SimulatedDiscord, rest: Rest) -> None:
    base = f"/applications/{simulated.application_id}/commands"
    for name in ("動画", "видео", "วิดีโอ", "vid-eo_1"):
        assert (await rest("POST", base, _command(name=name)))[0] == 201


async def test_faults_of_a_bulk_registration_are_told_by_index(simulated: SimulatedDiscord, rest: Rest) -> None:
    base = f"/applications/{simulated.application_id}/commands"
    status, body = await rest("PUT", base, [_command(), _command(name="Bad")])
    assert (status, list(body["errors"])) == (400, ["1"])
    status, body = await rest("PUT", base, [_command(), _command()])
    assert body["errors"]["1"]["name"]["_errors"][0]["code"] == "APPLICATION_COMMANDS_DUPLICATE_NAME"
    status, body = await rest("PUT", base, [_command(name=f"c{number}") for number in range(101)])
    assert (status, body["code"]) == (400, 30032)


async def test_a_registration_replaces_the_one_before_and_keeps_ids(
    simulated: SimulatedDiscord, guild: Guild, rest: Rest
) -> None:
    base = f"/applications/{simulated.application_id}/commands"
    _, first = await rest("PUT", base, [_command(), _command(name="models")])
    _, second = await rest("PUT", base, [_command(description="changed")])
    assert [command["id"] for command in second] == [first[0]["id"]]
    status, upserted = await rest("POST", base, _command(description="again"))
    assert (status, upserted["id"]) == (200, first[0]["id"])
    status, changed = await rest("PATCH", f"{base}/{first[0]['id']}", {"description": "d2"})
    assert (status, changed["description"]) == (200, "d2")
    assert (await rest("GET", f"{base}/{first[0]['id']}"))[1]["description"] == "d2"
    in_guild = f"/applications/{simulated.application_id}/guilds/{guild.id}/commands"
    assert (await rest("POST", in_guild, _command()))[0] == 201
    assert [command.get("guild_id") for command in simulated.commands] == [None, str(guild.id)]
    assert (await rest("DELETE", f"{base}/{first[0]['id']}"))[0] == 204
    assert (await rest("GET", f"{base}/{first[0]['id']}"))[1]["code"] == 10063


async def test_localizations_are_listed_only_on_request(simulated: SimulatedDiscord, rest: Rest) -> None:
    base = f"/applications/{simulated.application_id}/commands"
    await rest("PUT", base, [_command(name_localizations={"de": "film"}, options=[_option()])])
    assert "name_localizations" not in (await rest("GET", base))[1][0]
    assert (await rest("GET", base + "?with_localizations=1"))[1][0]["name_localizations"] == {"de": "film"}


async def test_another_application_or_a_guild_without_the_bot_is_refused(
    simulated: SimulatedDiscord, guild: Guild, rest: Rest
) -> None:
    assert (await rest("GET", "/applications/1/commands"))[1]["code"] == 20012
    guild.remove_bot()
    path = f"/applications/{simulated.application_id}/guilds/{guild.id}/commands"
    assert (await rest("PUT", path, []))[1]["code"] == 50001

"""Cut out of Discord's OpenAPI description what the bot asks of Discord.

    python tests/contracts/discord_openapi/cut.py path/to/specs/openapi.json

reads the full description (1.2 MB, from the public repository discord/discord-api-spec) and writes `excerpt.json`
beside this file: the operations named below and every schema that their requests need, without responses, without
prose. To let the bot use another operation, name it below and cut again; to follow a newer description, change SOURCE
too.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

SOURCE: Final = (
    "discord/discord-api-spec, specs/openapi.json, commit 74fda0f of 2026-07-18, MIT (see LICENSE-discord-api-spec)"
)
EXCERPT: Final = Path(__file__).with_name("excerpt.json")

APPLICATION: Final = "/applications/{application_id}"
GUILD: Final = f"{APPLICATION}/guilds/{{guild_id}}"
WEBHOOK: Final = "/webhooks/{webhook_id}/{webhook_token}"
CHANNEL: Final = "/channels/{channel_id}"

OPERATIONS: Final[Mapping[str, tuple[str, ...]]] = {
    f"{APPLICATION}/commands": ("get", "put", "post"),
    f"{APPLICATION}/commands/{{command_id}}": ("patch", "delete"),
    f"{GUILD}/commands": ("get", "put", "post"),
    f"{GUILD}/commands/{{command_id}}": ("patch", "delete"),
    CHANNEL: ("get", "patch"),
    f"{CHANNEL}/messages": ("get", "post"),
    f"{CHANNEL}/messages/{{message_id}}": ("get", "patch", "delete"),
    f"{CHANNEL}/messages/{{message_id}}/threads": ("post",),
    f"{CHANNEL}/threads": ("post",),
    "/gateway/bot": ("get",),
    "/guilds/{guild_id}": ("get",),
    "/interactions/{interaction_id}/{interaction_token}/callback": ("post",),
    "/oauth2/applications/@me": ("get",),
    "/users/@me": ("get",),
    "/users/@me/channels": ("post",),
    WEBHOOK: ("post",),
    f"{WEBHOOK}/messages/@original": ("get", "patch", "delete"),
    f"{WEBHOOK}/messages/{{message_id}}": ("get", "patch", "delete"),
}

# Named by no request schema, but the list of languages that the checker needs.
EXTRA_SCHEMAS: Final = ("AvailableLocalesEnum",)

_REFERENCE: Final = "#/components/schemas/"


def cut(specification: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of the description that covers OPERATIONS; cutting it once more changes nothing."""
    paths = {path: _path_item(specification["paths"][path], methods) for path, methods in OPERATIONS.items()}
    return {
        "openapi": specification["openapi"],
        "info": {
            "title": specification["info"]["title"],
            "version": specification["info"]["version"],
            "license": specification["info"]["license"],
            "x-source": SOURCE,
        },
        "paths": paths,
        "components": {"schemas": _needed_schemas(paths, specification["components"]["schemas"])},
    }


def _path_item(item: Mapping[str, Any], methods: tuple[str, ...]) -> dict[str, Any]:
    operations = {method: _operation(item[method]) for method in methods}
    return {"parameters": _without_prose(item.get("parameters", [])), **operations}


def _operation(operation: Mapping[str, Any]) -> dict[str, Any]:
    kept = {"operationId": operation["operationId"]}
    if "parameters" in operation:
        kept["parameters"] = _without_prose(operation["parameters"])
    if "requestBody" in operation:
        # The form and multipart variants repeat the JSON one.
        schema = _without_prose(operation["requestBody"]["content"]["application/json"]["schema"])
        kept["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return kept


def _without_prose(schema: Any) -> Any:
    """Drop descriptions and extensions, but never a property that happens to be called description."""
    if isinstance(schema, list):
        return [_without_prose(element) for element in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: {name: _without_prose(member) for name, member in value.items()}
        if key == "properties"
        else _without_prose(value)
        for key, value in schema.items()
        if key != "description" and not key.startswith("x-")
    }


def _needed_schemas(paths: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    wanted = [*EXTRA_SCHEMAS, *_references(paths)]
    while wanted:
        name = wanted.pop()
        if name not in found:
            found[name] = _without_prose(schemas[name])
            wanted.extend(_references(found[name]))
    return dict(sorted(found.items()))


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(reference := node.get("$ref"), str):
            yield reference.removeprefix(_REFERENCE)
        node = list(node.values())
    if isinstance(node, list):
        for member in node:
            yield from _references(member)


def main() -> None:
    """Read the full description named on the command line and write the excerpt."""
    if len(sys.argv) != 2:
        sys.exit("usage: cut.py path/to/specs/openapi.json")
    specification = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    EXCERPT.write_text(json.dumps(cut(specification), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

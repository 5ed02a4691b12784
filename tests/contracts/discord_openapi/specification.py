"""Discord's OpenAPI excerpt as validators: which operation a request is, and where its body leaves the schema.

Two amendments make the description usable as a check of discord.py's requests:

- Snowflakes may be integers. The description says "string"; the documentation of attachments says "snowflake or
  number" and means the index of the file, and discord.py sends every other id (allowed mentions, recipients) as an
  integer too.
- Objects are closed, so that a misspelt key is found. The keys in DOCUMENTED_KEYS, which the description forgot and the
  documentation or discord.py knows, stay allowed.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from tests.contracts.discord_openapi.cut import EXCERPT

_ADDRESS: Final = "urn:discord-api"
_SNOWFLAKE: Final = "#/components/schemas/SnowflakeType"
_BOOLEAN: Final = {"type": ["boolean", "null"]}
_INTEGER: Final = {"type": ["integer", "null"]}
_TEXT: Final = {"type": ["string", "null"]}
_LONGEST_MESSAGE: Final = 300

DOCUMENTED_KEYS: Final[Mapping[str, Mapping[str, Any]]] = {
    "ApplicationCommandCreateRequest": {"nsfw": _BOOLEAN},
    "ApplicationCommandPatchRequestPartial": {"nsfw": _BOOLEAN},
    "ApplicationCommandUpdateRequest": {"nsfw": _BOOLEAN},
    # discord.py builds edits and new messages alike, with "tts": false.
    "BaseCreateMessageCreateRequest": {"tts": _BOOLEAN},
    "IncomingWebhookUpdateForInteractionCallbackRequestPartial": {"tts": _BOOLEAN},
    "IncomingWebhookUpdateRequestPartial": {"tts": _BOOLEAN},
    "MessageEditRequestPartial": {"tts": _BOOLEAN},
    "RichEmbed": {"flags": _INTEGER},
    "ComponentEmojiForRequest": {"animated": _BOOLEAN},
    # A file that an edit keeps is sent back as it was received.
    "MessageAttachmentRequest": {
        "url": _TEXT,
        "proxy_url": _TEXT,
        "content_type": _TEXT,
        "size": _INTEGER,
        "height": _INTEGER,
        "width": _INTEGER,
        "spoiler": _BOOLEAN,
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method on one path of Discord's API, and what its requests may hold."""

    method: str
    path: str
    pattern: re.Pattern[str]
    parameters: Mapping[str, Draft202012Validator]
    body: Draft202012Validator | None


def find_operation(method: str, path: str) -> Operation | None:
    """Return the operation that the request is, or None when the excerpt has none such."""
    return next((o for o in _operations() if o.method == method.upper() and o.pattern.fullmatch(path)), None)


def body_violations(operation: Operation, body: object) -> Iterator[str]:
    """Yield where a body leaves the operation's schema, each with its place as a JSON path."""
    if operation.body is None:
        if body is not None:
            yield "$: this operation takes no body"
    elif body is None:
        yield "$: this operation needs a body"
    else:
        for error in operation.body.iter_errors(body):
            yield from _explained(error)


def query_violations(operation: Operation, query: Mapping[str, str]) -> Iterator[str]:
    """Yield the query parameters that are unknown or hold a value of the wrong kind."""
    for name, value in query.items():
        validator = operation.parameters.get(name)
        if validator is None:
            yield f"?{name}: this operation has no such query parameter"
        elif not any(validator.is_valid(reading) for reading in _readings(value)):
            yield f"?{name}: {value!r} is not a valid value"


@cache
def known_locales() -> frozenset[str]:
    """Return the languages that Discord knows, as they may stand in localisations."""
    languages = _amended_excerpt()["components"]["schemas"]["AvailableLocalesEnum"]["oneOf"]
    return frozenset(language["const"] for language in languages)


@cache
def _operations() -> tuple[Operation, ...]:
    excerpt = _amended_excerpt()
    registry: Registry[Any] = Registry().with_resource(_ADDRESS, Resource.from_contents(excerpt, DRAFT202012))
    return tuple(
        _operation(registry, path, method, item)
        for path, item in excerpt["paths"].items()
        for method in item
        if method != "parameters"
    )


def _operation(registry: Registry[Any], path: str, method: str, item: Mapping[str, Any]) -> Operation:
    def validator(*pointer: str | int) -> Draft202012Validator:
        steps = "/".join(str(step).replace("~", "~0").replace("/", "~1") for step in ("paths", path, method, *pointer))
        return Draft202012Validator({"$ref": f"{_ADDRESS}#/{steps}"}, registry=registry)

    operation = item[method]
    has_body = "requestBody" in operation
    return Operation(
        method=method.upper(),
        path=path,
        pattern=_pattern(path, item["parameters"]),
        parameters={
            parameter["name"]: validator("parameters", index, "schema")
            for index, parameter in enumerate(operation.get("parameters", []))
        },
        body=validator("requestBody", "content", "application/json", "schema") if has_body else None,
    )


def _pattern(path: str, parameters: Iterable[Mapping[str, Any]]) -> re.Pattern[str]:
    pattern = re.escape(path)
    for parameter in parameters:
        is_snowflake = parameter["schema"].get("$ref") == _SNOWFLAKE
        pattern = pattern.replace(re.escape(f"{{{parameter['name']}}}"), "[0-9]+" if is_snowflake else "[^/]+")
    return re.compile(pattern)


@cache
def _amended_excerpt() -> dict[str, Any]:
    excerpt: dict[str, Any] = json.loads(EXCERPT.read_text(encoding="utf-8"))
    schemas = excerpt["components"]["schemas"]
    for name, members in DOCUMENTED_KEYS.items():
        schemas[name]["properties"].update(members)
    schemas["SnowflakeType"] = {"anyOf": [schemas["SnowflakeType"], {"type": "integer", "minimum": 0}]}
    _close_objects(excerpt)
    return excerpt


def _close_objects(node: Any) -> None:
    if isinstance(node, dict):
        if isinstance(node.get("properties"), dict) and node.get("type") == "object":
            node.setdefault("additionalProperties", False)
        node = list(node.values())
    if isinstance(node, list):
        for member in node:
            _close_objects(member)


def _readings(value: str) -> Iterator[object]:
    """Read a query value as what it may stand for (booleans as Discord's reference page spells them)."""
    yield value
    if value.isascii() and value.isdigit():
        yield int(value)
    if value in {"True", "true", "1", "False", "false", "0"}:
        yield value in {"True", "true", "1"}


def _explained(error: ValidationError) -> Iterator[str]:
    """Say what is wrong inside the alternative that was meant, not that no alternative fits."""
    instance: Any = error.instance
    if error.validator in {"maxLength", "maxItems"}:
        yield f"{error.json_path}: {len(instance)} is too long, at most {error.validator_value} are allowed"
    elif error.validator not in {"oneOf", "anyOf"} or not error.context:
        yield f"{error.json_path}: {_shortened(error.message)}"
    elif all(cause.validator == "const" for cause in error.context):
        allowed = [cause.validator_value for cause in error.context]
        yield f"{error.json_path}: {instance!r} is not one of {allowed}"
    else:
        for cause in _nearest_alternative(error):
            yield from _explained(cause)


def _nearest_alternative(error: ValidationError) -> list[ValidationError]:
    alternatives = [list(causes) for _, causes in groupby(error.context or (), key=lambda cause: cause.schema_path[0])]
    return min(alternatives, key=_distance)


def _distance(causes: Iterable[ValidationError]) -> tuple[bool, int]:
    """Tell how far an alternative is from what was meant: another kind of value is farther than any mistake in it."""
    is_other_kind = False
    mistakes = 0
    for cause in causes:
        place = list(cause.relative_path)
        is_other_kind |= (cause.validator == "type" and not place) or (cause.validator == "enum" and place == ["type"])
        mistakes += _unknown_keys(cause.instance, cause.schema) if cause.validator == "additionalProperties" else 1
    return is_other_kind, mistakes


def _unknown_keys(instance: Any, schema: Any) -> int:
    return len(instance.keys() - schema["properties"].keys())


def _shortened(message: str) -> str:
    half = _LONGEST_MESSAGE // 2
    return message if len(message) <= _LONGEST_MESSAGE else f"{message[:half]} ... {message[-half:]}"

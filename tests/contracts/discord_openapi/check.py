"""Does what the bot sends fit Discord's own specification? Give a request, get what is wrong with it.

First the OpenAPI description (`specification`), then, for a body of the right shape, the rules of the documentation
that the description misses (`command_rules`, `message_rules`).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from tests.contracts.discord_openapi.command_rules import (
    command_violations,
    commands_violations,
    suggestions_violations,
)
from tests.contracts.discord_openapi.message_rules import edit_violations, modal_violations, new_message_violations
from tests.contracts.discord_openapi.specification import (
    Operation,
    body_violations,
    find_operation,
    query_violations,
)

BASE_PATH = "/api/v10"


class Recorded(Protocol):
    """A request that was sent, as the simulated Discord keeps it."""

    @property
    def method(self) -> str:
        """The HTTP method."""
        ...

    @property
    def path(self) -> str:
        """The path, with or without /api/v10."""
        ...

    @property
    def body(self) -> object:
        """The JSON body, or the payload_json of a multipart one, parsed; None without a body."""
        ...

    @property
    def query(self) -> Mapping[str, str]:
        """The query parameters."""
        ...

    @property
    def status(self) -> int | None:
        """The HTTP status that answered it."""
        ...


def violations(method: str, path: str, body: object, query: Mapping[str, str] | None = None) -> list[str]:
    """Return what is wrong with a request to Discord; an empty list means that nothing is.

    The path is the one after /api/v10; the body is parsed JSON, for a multipart request its payload_json, or None.
    """
    operation = find_operation(method, path)
    if operation is None:
        return ["the bot's excerpt of the specification has no such operation"]
    found = list(body_violations(operation, body))
    if not found:
        found.extend(_rule_violations(operation, body))
    return [*query_violations(operation, query or {}), *found]


def rest_violations(requests: Iterable[Recorded], *, skip_refused: bool = False) -> list[str]:
    """Return what is wrong with recorded requests, each with its method and path in front.

    With skip_refused, requests that were answered with a status of 400 or above are passed over.
    """
    return [
        f"{request.method} {request.path}: {violation}"
        for request in requests
        if not (skip_refused and (request.status or 0) >= 400)
        for violation in violations(request.method, request.path.removeprefix(BASE_PATH), request.body, request.query)
    ]


def _rule_violations(operation: Operation, body: Any) -> Iterator[str]:
    match operation.method, operation.path.rsplit("/", maxsplit=1)[-1]:
        case "PUT", "commands":
            yield from commands_violations(body or ())
        case "POST", "commands":
            yield from command_violations(body)
        case "PATCH", "{command_id}":
            changes = {member: value for member, value in body.items() if value is not None}
            yield from command_violations({"name": "unchanged", "description": "unchanged", **changes})
        case "POST", "callback":
            yield from _callback_violations(body)
        case "POST", "messages" | "{webhook_token}":
            yield from new_message_violations(body)
        case "POST", "threads" if "message" in body:
            yield from new_message_violations(body["message"])
        case "PATCH", "{message_id}" | "@original":
            yield from edit_violations(body)


def _callback_violations(callback: Mapping[str, Any]) -> Iterator[str]:
    data = callback.get("data") or {}
    match callback["type"]:
        case 4:
            yield from new_message_violations(data)
        case 7:
            yield from edit_violations(data)
        case 8:
            yield from suggestions_violations(data)
        case 9:
            yield from modal_violations(data)

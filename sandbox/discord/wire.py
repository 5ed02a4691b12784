"""How a request looks to the routes, and what they answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from aiohttp import BodyPartReader, web

from sandbox.discord.attaching import FilePart
from sandbox.discord.errors import Json, invalid, refusal
from sandbox.discord.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request to the API whose body has been read."""

    world: World = field(repr=False)
    path: dict[str, str]
    query: dict[str, str]
    body: Any = None
    parts: list[FilePart] = field(default_factory=list)

    def id(self, name: str) -> int:
        """Return an id from the path; 50035 when it is no number."""
        return snowflake(self.path[name], name)

    def json(self) -> Json:
        """Return the body as an object; an absent one is empty."""
        if self.body is None:
            return {}
        if not isinstance(self.body, dict):
            raise refusal(50109)
        return self.body


@dataclass(frozen=True, slots=True)
class Reply:
    """A successful answer; no body is 204."""

    body: Any = None
    status: int = 200


Handler: TypeAlias = Callable[[Call], Reply]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method of one path; the template uses the names of Discord's own specification."""

    method: str
    template: str
    handler: Handler
    needs_token: bool = True


NO_CONTENT = Reply(None, 204)


def snowflake(text: object, name: str) -> int:
    """Read an id; 50035 when it is none."""
    try:
        return int(str(text))
    except ValueError:
        raise invalid(name, "NUMBER_TYPE_COERCE", f'Value "{text}" is not snowflake.') from None


async def read_body(request: web.Request) -> tuple[Any, list[FilePart]]:
    """Return the JSON of a body, and its files if it is multipart; the JSON is then the part `payload_json`."""
    if not request.can_read_body:
        return None, []
    if request.content_type == "multipart/form-data":
        return await _read_multipart(request)
    if request.content_type != "application/json":
        return None, []
    text = await request.read()
    return (_parse(text) if text else None), []


async def _read_multipart(request: web.Request) -> tuple[Any, list[FilePart]]:
    body: Any = None
    parts: list[FilePart] = []
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            raise refusal(50109)
        data = bytes(await part.read(decode=False))
        if part.name == "payload_json":
            body = _parse(data)
        elif part.filename is not None:
            content_type = part.headers.get("Content-Type")
            parts.append(
                FilePart(field_name=part.name or "", filename=part.filename, content_type=content_type, data=data)
            )
    return body, parts


def _parse(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise refusal(50109) from None

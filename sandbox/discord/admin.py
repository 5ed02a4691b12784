"""Looking at the simulated Discord and acting in it over HTTP, for whoever has only a shell."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aiohttp import BodyPartReader, web

from sandbox.discord import invocation, message_payloads, payloads
from sandbox.discord.channels import Place
from sandbox.discord.errors import InvalidCommand, Json
from sandbox.discord.files import Upload
from sandbox.discord.interactions import Result
from sandbox.discord.members import User
from sandbox.discord.recorder import RecordedRequest

if TYPE_CHECKING:
    from sandbox.discord.server import SimulatedDiscord

_HELP = """\
GET  /sandbox/state     guilds, channels, threads, members, messages and commands
GET  /sandbox/requests  what the bot asked of the API
POST /sandbox/run       {"member": "ada", "channel": "videos", "command": "video text", "options": {"prompt": "a cat"}}
                        as JSON, or as a form: the fields member, channel and command; every other field is an option,
                        files too: curl -F member=ada -F channel=videos -F command="video image" \\
                                        -F prompt="a cat" -F image=@cat.png URL/sandbox/run
POST /sandbox/press     {"member": "ada", "channel": "videos", "message": "123", "custom_id": "again"}
                        and for a select menu "values": ["week"], or ids of channels, roles and users
"""

_RESERVED = frozenset({"member", "channel", "command"})
_NOT_TEXT = frozenset({4, 5, 10})


class Admin:
    """The routes below /sandbox/."""

    def __init__(self, discord: SimulatedDiscord) -> None:
        self._discord = discord

    def add_routes(self, app: web.Application) -> None:
        """Serve them."""
        app.router.add_get("/sandbox/help", self._help)
        app.router.add_get("/sandbox/state", self._state)
        app.router.add_get("/sandbox/requests", self._requests)
        app.router.add_post("/sandbox/run", self._run)
        app.router.add_post("/sandbox/press", self._press)

    async def _help(self, _request: web.Request) -> web.Response:
        return web.Response(text=_HELP)

    async def _requests(self, _request: web.Request) -> web.Response:
        return web.json_response([_of_request(request) for request in self._discord.requests])

    async def _state(self, _request: web.Request) -> web.Response:
        state = {
            "application_id": str(self._discord.application_id),
            "commands": self._discord.commands,
            "guilds": [
                {
                    **payloads.of_guild(guild),
                    "members": [payloads.of_member(member) for member in guild.members.values()],
                    "channels": [self._of_place(channel) for channel in guild.channels.values()],
                    "threads": [self._of_place(thread) for thread in guild.threads.values()],
                }
                for guild in self._discord.guilds
            ],
            "direct_channels": [
                self._of_place(user.direct) for user in self._discord.world.users.values() if user.direct is not None
            ],
        }
        return web.json_response(state)

    async def _run(self, request: web.Request) -> web.Response:
        entered = await _read_form(request) if request.content_type == "multipart/form-data" else await request.json()
        try:
            user, place = self._user(entered), self._place(entered)
            options = self._typed(user, place, entered["command"], entered.get("options") or {})
            result = await user.run(entered["command"], channel=place, options=options)
        except (InvalidCommand, LookupError) as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response(self._of_result(result))

    async def _press(self, request: web.Request) -> web.Response:
        entered = await request.json()
        try:
            place = self._place(entered) or self._discord.world.direct_channel(self._user(entered))
            message = place.log.by_id[int(entered["message"])]
            result = await self._user(entered).press(message, entered["custom_id"], values=entered.get("values"))
        except (InvalidCommand, LookupError) as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response(self._of_result(result))

    def _user(self, entered: Json) -> User:
        wanted = entered["member"]
        for user in self._discord.world.users.values():
            if wanted in {user.name, str(user.id)}:
                return user
        raise LookupError(f"there is no member {wanted}")

    def _place(self, entered: Json) -> Place | None:
        return self._discord.find_channel(str(entered["channel"])) if entered.get("channel") else None

    def _typed(self, user: User, place: Place | None, command: str, options: Json) -> Json:
        world = self._discord.world
        called = invocation.find(world, user, command, place or world.direct_channel(user))
        kinds = {option["name"]: option["type"] for option in called.leaf_options}
        return {
            name: json.loads(value) if isinstance(value, str) and kinds.get(name) in _NOT_TEXT else value
            for name, value in options.items()
        }

    def _of_place(self, place: Place) -> Json:
        messages = [self._of_message(message) for message in place.messages]
        return {**payloads.of_place(place), "messages": messages}

    def _of_message(self, message: Any) -> Json:
        edits = {"edits": message.edits, "ephemeral": message.ephemeral}
        return {**message_payloads.of_message(self._discord.world, message), **edits}

    def _of_result(self, result: Result) -> Json:
        return {
            "acknowledged_after": result.acknowledged_after,
            "deferred": result.deferred,
            "ephemeral": result.ephemeral,
            "error": result.error,
            "message": None if result.message is None else self._of_message(result.message),
        }


async def _read_form(request: web.Request) -> Json:
    entered: Json = {"options": {}}
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader) or part.name is None:
            continue
        data = bytes(await part.read(decode=False))
        if part.filename is not None:
            content_type = part.headers.get("Content-Type")
            entered["options"][part.name] = Upload(part.filename, data, content_type)
        elif part.name in _RESERVED:
            entered[part.name] = data.decode()
        else:
            entered["options"][part.name] = data.decode()
    return entered


def _of_request(request: RecordedRequest) -> Json:
    return {
        "at": request.at.isoformat(),
        "method": request.method,
        "path": request.path,
        "route": request.route,
        "query": dict(request.query),
        "body": request.body,
        "files": [
            {"field": file.field, "filename": file.filename, "content_type": file.content_type, "size": file.size}
            for file in request.files
        ],
        "status": request.status,
    }

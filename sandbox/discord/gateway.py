"""The gateway: the WebSocket over which the bot hears what happens."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from sandbox.discord import events, payloads
from sandbox.discord.events import PRIVILEGED, Intent
from sandbox.discord.recorder import Faults
from sandbox.discord.sessions import Connection, Op, Session
from sandbox.discord.world import World

_SESSION_LIVES = timedelta(minutes=5)
_FORGIVEN = 1.5
"""How many heartbeat intervals may pass in silence."""

_FOR_GOOD = frozenset({WSCloseCode.OK, WSCloseCode.GOING_AWAY})
"""The close codes by which a bot says that it will not resume."""

_IGNORED = frozenset({Op.PRESENCE, Op.VOICE_STATE, Op.REQUEST_MEMBERS})


class _CloseError(Exception):
    """The connection is to be closed with one of Discord's gateway close codes."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Gateway:
    """All sessions and connections."""

    def __init__(self, world: World, token: str, faults: Faults, heartbeat_interval: float) -> None:
        self._world = world
        self._token = token
        self._faults = faults
        self._interval = heartbeat_interval
        self._sessions: dict[str, Session] = {}
        self._connections: set[Connection] = set()
        self.identified = 0
        """How many times a bot has begun a session."""
        self.resumed = 0
        """How many times a bot has resumed one."""
        world.listeners.append(self._publish)

    @property
    def connected(self) -> bool:
        """Whether a bot has a session and listens."""
        return any(session.connection is not None for session in self._sessions.values())

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Hold one connection from HELLO to its end; a fault on `WS /gateway` refuses it."""
        fault = self._faults.take("WS", "/gateway")
        if fault is not None:
            return web.Response(status=fault.outcome if isinstance(fault.outcome, int) else 503)
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        connection = Connection(socket, compressed=request.query.get("compress") == "zlib-stream")
        self._connections.add(connection)
        writer = asyncio.create_task(connection.write())
        try:
            connection.put_op(Op.HELLO, {"heartbeat_interval": int(self._interval * 1000), "_trace": []})
            await self._listen(connection)
        finally:
            self._leave(connection)
            connection.finish()
            await writer
        return socket

    def ask_to_reconnect(self) -> None:
        """Tell every bot to reconnect and resume (op 7)."""
        for connection in self._connections:
            connection.put_op(Op.RECONNECT)

    def invalidate(self, *, resumable: bool = False) -> None:
        """Tell every bot that its session is invalid (op 9)."""
        if not resumable:
            for session in self._sessions.values():
                session.connection = None
            self._sessions.clear()
        for connection in self._connections:
            connection.put_op(Op.INVALID_SESSION, resumable)

    async def drop(self) -> None:
        """Close every connection as a failing gateway does; the sessions can be resumed."""
        for connection in list(self._connections):
            await connection.socket.close(code=4000, message=b"Unknown error")

    async def close(self) -> None:
        """Close every connection for good."""
        for connection in list(self._connections):
            await connection.socket.close(code=WSCloseCode.GOING_AWAY)

    def _publish(self, name: str, subject: object) -> None:
        if not self._sessions:
            return
        dispatch = events.describe(self._world, name, subject)
        if dispatch is None:
            return
        for session in self._sessions.values():
            if session.wants(dispatch):
                session.dispatch(dispatch.name, dispatch.payload)

    async def _listen(self, connection: Connection) -> None:
        try:
            while True:
                message = await connection.socket.receive(timeout=self._interval * _FORGIVEN)
                if message.type not in {WSMsgType.TEXT, WSMsgType.BINARY}:
                    connection.ended_by_bot = message.type is WSMsgType.CLOSE and message.data in _FOR_GOOD
                    return
                self._take(connection, _parse(message.data))
        except TimeoutError:
            await connection.socket.close(code=4009, message=b"Session timed out")
        except _CloseError as end:
            await connection.socket.close(code=end.code, message=end.reason.encode())

    def _take(self, connection: Connection, frame: dict[str, Any]) -> None:
        op, data = frame.get("op"), frame.get("d")
        if op == Op.HEARTBEAT:
            connection.put_op(Op.HEARTBEAT_ACK)
        elif op == Op.IDENTIFY:
            self._identify(connection, data or {})
        elif op == Op.RESUME:
            self._resume(connection, data or {})
        elif op in _IGNORED:
            if self._session_of(connection) is None:
                raise _CloseError(4003, "Not authenticated.")
        else:
            raise _CloseError(4001, "Unknown opcode.")

    def _identify(self, connection: Connection, data: dict[str, Any]) -> None:
        if self._session_of(connection) is not None:
            raise _CloseError(4005, "Already authenticated.")
        self._check_token(data)
        if not isinstance(data.get("intents"), int):
            raise _CloseError(4013, "Invalid intent(s).")
        intents = Intent(data["intents"])
        if intents & PRIVILEGED and not self._world.privileged_intents:
            raise _CloseError(4014, "Disallowed intent(s).")
        number, count = data.get("shard") or (0, 1)
        if not 0 <= number < count:
            raise _CloseError(4010, "Invalid shard.")
        self._forget_old()
        session = Session(intents=intents, shard=(number, count), connection=connection)
        self._sessions[session.id] = session
        self._welcome(session)
        self.identified += 1
        self._world.pulse.beat()
        self._world.narrate("bot_identified", shard=number, intents=int(intents))

    def _welcome(self, session: Session) -> None:
        number, count = session.shard
        guilds = [one for one in self._world.guilds.values() if one.has_bot and (one.id >> 22) % count == number]
        ready = {
            "v": 10,
            "user": payloads.of_own_user(self._world.bot),
            "user_settings": {},
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "session_type": "normal",
            "resume_gateway_url": self._world.gateway_url,
            "shard": [number, count],
            "application": {"id": str(self._world.application_id), "flags": 0},
            "private_channels": [],
            "presences": [],
            "relationships": [],
            "guild_join_requests": [],
            "geo_ordered_rtc_regions": [],
            "_trace": [],
        }
        session.dispatch("READY", ready)
        if Intent.GUILDS in session.intents:
            with_members = Intent.GUILD_MEMBERS in session.intents
            for guild in guilds:
                session.dispatch("GUILD_CREATE", payloads.of_joined_guild(guild, with_members=with_members))

    def _resume(self, connection: Connection, data: dict[str, Any]) -> None:
        self._check_token(data)
        session = self._sessions.get(str(data.get("session_id")))
        sequence = data.get("seq") or 0
        if session is None or not session.can_resume_after(sequence):
            connection.put_op(Op.INVALID_SESSION, data=False)
            return
        session.replay(sequence, connection)
        self.resumed += 1
        self._world.pulse.beat()
        self._world.narrate("bot_resumed", shard=session.shard[0])

    def _check_token(self, data: dict[str, Any]) -> None:
        if str(data.get("token")).removeprefix("Bot ") != self._token:
            raise _CloseError(4004, "Authentication failed.")

    def _session_of(self, connection: Connection) -> Session | None:
        return next((one for one in self._sessions.values() if one.connection is connection), None)

    def _leave(self, connection: Connection) -> None:
        self._connections.discard(connection)
        session = self._session_of(connection)
        if session is None:
            return
        session.connection = None
        session.left_at = self._world.clock.now()
        if connection.ended_by_bot:
            del self._sessions[session.id]
        self._world.pulse.beat()

    def _forget_old(self) -> None:
        now = self._world.clock.now()
        for session in list(self._sessions.values()):
            if session.left_at is not None and now - session.left_at > _SESSION_LIVES:
                del self._sessions[session.id]


def _parse(data: str | bytes) -> dict[str, Any]:
    try:
        frame = json.loads(data)
    except ValueError:
        raise _CloseError(4002, "Decode error.") from None
    if not isinstance(frame, dict):
        raise _CloseError(4002, "Decode error.")
    return frame

"""Gateway sessions: what a bot has been sent, kept so that it can resume."""

from __future__ import annotations

import asyncio
import json
import secrets
import zlib
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Any

from aiohttp import web

from sandbox.discord.events import Dispatch, Intent

_REMEMBERED = 2000
"""How many events a session keeps for a resume."""


class Op(IntEnum):
    """Discord's gateway opcodes that occur here."""

    DISPATCH = 0
    HEARTBEAT = 1
    IDENTIFY = 2
    PRESENCE = 3
    VOICE_STATE = 4
    RESUME = 6
    RECONNECT = 7
    REQUEST_MEMBERS = 8
    INVALID_SESSION = 9
    HELLO = 10
    HEARTBEAT_ACK = 11


class Connection:
    """One WebSocket with its outbox; frames are compressed if the bot asked for zlib-stream."""

    def __init__(self, socket: web.WebSocketResponse, *, compressed: bool) -> None:
        self.socket = socket
        self.ended_by_bot = False
        """Whether the bot closed it with no wish to resume."""
        self._outbox: asyncio.Queue[str | None] = asyncio.Queue()
        self._compressor = zlib.compressobj() if compressed else None

    def put(self, text: str) -> None:
        """Send a frame as soon as the ones before it are gone."""
        self._outbox.put_nowait(text)

    def put_op(self, op: Op, data: Any = None) -> None:
        """Send a frame that is no event."""
        self.put(json.dumps({"op": int(op), "d": data, "s": None, "t": None}))

    def finish(self) -> None:
        """Let the writer end after what is queued."""
        self._outbox.put_nowait(None)

    async def write(self) -> None:
        """Send what is put, until finished or disconnected."""
        while (text := await self._outbox.get()) is not None:
            try:
                await self._send(text)
            except ConnectionError:
                return

    async def _send(self, text: str) -> None:
        if self._compressor is None:
            await self.socket.send_str(text)
            return
        data = self._compressor.compress(text.encode()) + self._compressor.flush(zlib.Z_SYNC_FLUSH)
        await self.socket.send_bytes(data)


@dataclass(slots=True, eq=False, kw_only=True)
class Session:
    """What one IDENTIFY began."""

    id: str = field(default_factory=lambda: secrets.token_hex(16))
    intents: Intent
    shard: tuple[int, int]
    connection: Connection | None = None
    left_at: datetime | None = None
    sequence: int = 0
    sent: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=_REMEMBERED), repr=False)

    def wants(self, dispatch: Dispatch) -> bool:
        """Tell whether an event is for this shard and its intents."""
        number, count = self.shard
        shard_of_event = 0 if dispatch.guild_id is None else (dispatch.guild_id >> 22) % count
        return shard_of_event == number and (dispatch.intent is None or bool(dispatch.intent & self.intents))

    def dispatch(self, name: str, payload: Any) -> None:
        """Send an event, or keep it for a resume."""
        self.sequence += 1
        text = json.dumps({"op": int(Op.DISPATCH), "t": name, "s": self.sequence, "d": payload})
        self.sent.append((self.sequence, text))
        if self.connection is not None:
            self.connection.put(text)

    def can_resume_after(self, sequence: int) -> bool:
        """Tell whether everything after this number is still known."""
        oldest = self.sent[0][0] if self.sent else self.sequence + 1
        return oldest - 1 <= sequence <= self.sequence

    def replay(self, sequence: int, connection: Connection) -> None:
        """Send everything after this number over a new connection and go on there."""
        for number, text in self.sent:
            if number > sequence:
                connection.put(text)
        self.connection = connection
        self.left_at = None
        self.dispatch("RESUMED", {"_trace": []})

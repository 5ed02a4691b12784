"""The CDN: files under signed links that expire."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from aiohttp import web

from sandbox.discord.clock import Clock
from sandbox.discord.files import Attachment

_LINK_LIVES = timedelta(hours=24)


class Cdn:
    """Keeps the files, signs links to them and serves them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._secret = secrets.token_bytes(32)
        self._files: dict[str, Attachment] = {}
        self.root = ""

    def store(self, attachment: Attachment) -> None:
        """Keep a file."""
        self._files[attachment.path] = attachment

    def forget(self, attachment: Attachment) -> None:
        """Drop a file; its links answer 404 from now on."""
        self._files.pop(attachment.path, None)

    def sign(self, attachment: Attachment) -> str:
        """Return a link with its time of issue, its expiry and its signature, all in hex as Discord writes them."""
        issued = self._clock.now()
        issued_hex = f"{int(issued.timestamp()):x}"
        expiry_hex = f"{int((issued + _LINK_LIVES).timestamp()):x}"
        signature = self._signature(attachment.path, expiry_hex, issued_hex)
        return f"{self.root}/{quote(attachment.path)}?ex={expiry_hex}&is={issued_hex}&hm={signature}&"

    async def serve(self, request: web.Request) -> web.Response:
        """Answer a GET or HEAD for a file; 404 without a good link."""
        path = request.match_info["path"]
        found = self._files.get(path)
        if found is None or not self._is_good(path, request):
            return web.Response(status=404, text="This content is no longer available.")
        return web.Response(body=found.data, content_type=found.content_type or "application/octet-stream")

    def _is_good(self, path: str, request: web.Request) -> bool:
        expiry_hex, issued_hex = request.query.get("ex", ""), request.query.get("is", "")
        expected = self._signature(path, expiry_hex, issued_hex)
        if not hmac.compare_digest(expected, request.query.get("hm", "")):
            return False
        return self._clock.now() < datetime.fromtimestamp(int(expiry_hex, 16), UTC)

    def _signature(self, path: str, expiry_hex: str, issued_hex: str) -> str:
        text = f"{path}?{expiry_hex}&{issued_hex}"
        return hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()

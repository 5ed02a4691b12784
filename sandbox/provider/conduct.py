"""How the provider behaves at the moment: what every route looks at, and tests change under way."""

import asyncio
from dataclasses import dataclass, field

from aiohttp import web

from sandbox.provider.answers import Era
from sandbox.provider.errors import invalid_key, refuse


@dataclass(slots=True, kw_only=True)
class Conduct:
    """Key, pace, era, addresses; `closing` is set when the provider stops, so that nothing holds on longer."""

    api_key: str
    pace: float
    era: Era
    origin: str = ""
    foreign_origin: str = ""
    huge_bytes: int = 64 * 2**20
    huge_announced: bool = True
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    def demand_key(self, request: web.Request) -> None:
        """Refuse a request without the right key."""
        if request.headers.get("Authorization") != f"Bearer {self.api_key}":
            refuse(invalid_key())

    def is_foreign(self, request: web.Request) -> bool:
        """Tell whether a request came by the other name of this server."""
        return f"http://{request.host}" == self.foreign_origin

"""The simulated Discord as one object: start it, populate it, watch what the bot does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from aiohttp import web

from sandbox.discord.admin import Admin
from sandbox.discord.api import BASE, Api
from sandbox.discord.gateway import Gateway
from sandbox.discord.recorder import Fault, Faults, Outcome, RecordedRequest
from sandbox.discord.world import Narrator, World

if TYPE_CHECKING:
    from sandbox.discord.channels import Thread
    from sandbox.discord.errors import Json
    from sandbox.discord.guilds import Guild
    from sandbox.discord.members import User

T = TypeVar("T")


class SimulatedDiscord:
    """REST, gateway and CDN on one port of this machine."""

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        token: str = "sandbox-token",  # noqa: S107 - the token of a simulation is no secret
        *,
        heartbeat_interval: float = 41.25,
        privileged_intents: bool = False,
    ) -> None:
        self.token = token
        self.world = World(privileged_intents=privileged_intents)
        self.faults = Faults()
        self.gateway = Gateway(self.world, token, self.faults, heartbeat_interval)
        self._api = Api(self.world, token, self.faults)
        self._host = host
        self._port = port
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen; from then on the addresses are known."""
        app = web.Application(client_max_size=1 << 30)
        self._api.add_routes(app)
        app.router.add_get("/gateway", self.gateway.serve)
        for root in ("/cdn", "/media"):
            app.router.add_get(root + "/{path:.+}", self.world.cdn.serve)
        Admin(self).add_routes(app)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        self.world.gateway_url = self.gateway_url
        self.world.cdn.root = f"{self.url}/cdn"

    async def stop(self) -> None:
        """Close every connection and stop listening."""
        if self._runner is None:
            return
        await self.gateway.close()
        await self._runner.cleanup()
        self._runner = None

    @property
    def url(self) -> str:
        """The root of everything that is served."""
        return f"http://{self._host}:{self._port}"

    @property
    def api_url(self) -> str:
        """The base of the REST API."""
        return self.url + BASE

    @property
    def gateway_url(self) -> str:
        """The address of the gateway."""
        return f"ws://{self._host}:{self._port}/gateway"

    @property
    def application_id(self) -> int:
        """The application's id; as with older applications it is not the bot's user id."""
        return self.world.application_id

    @property
    def bot_user_id(self) -> int:
        """The bot's user id."""
        return self.world.bot.id

    @property
    def owner(self) -> User:
        """The application's owner, who also owns the guilds."""
        return self.world.owner

    @property
    def guilds(self) -> list[Guild]:
        """All guilds."""
        return list(self.world.guilds.values())

    @property
    def commands(self) -> list[Json]:
        """The registered commands; those of a guild carry its `guild_id`."""
        return self.world.commands.everywhere()

    @property
    def threads(self) -> list[Thread]:
        """All threads, oldest first."""
        threads = [thread for guild in self.guilds for thread in guild.threads.values()]
        return sorted(threads, key=lambda thread: thread.created_at)

    @property
    def requests(self) -> list[RecordedRequest]:
        """Every request to the API in the order of the answers."""
        return self._api.requests

    @property
    def on_event(self) -> Narrator | None:
        """Who is told what happens: a callback with a kind and the facts."""
        return self.world.narrator

    @on_event.setter
    def on_event(self, narrator: Narrator | None) -> None:
        self.world.narrator = narrator

    def add_guild(self, name: str, premium_tier: int = 0, *, owner: User | None = None, locale: str = "en-US") -> Guild:
        """Found a guild that the bot is in."""
        return self.world.add_guild(name, premium_tier=premium_tier, owner=owner, locale=locale)

    def add_user(self, name: str, *, locale: str = "en-US") -> User:
        """Create somebody who shares no guild with the bot."""
        return self.world.add_user(name, locale=locale)

    async def ready(self, timeout: float = 10.0) -> None:  # noqa: ASYNC109 - fixed by those who use the sandbox
        """Wait until the bot is connected and has registered commands."""
        await self.wait_for(lambda: self.gateway.connected and self.world.commands.registered, timeout)

    async def wait_for(
        self,
        condition: Callable[[], T],
        timeout: float = 10.0,  # noqa: ASYNC109 - fixed by those who use the sandbox
    ) -> T:
        """Return the condition's value once it is true; a failed look-up in it counts as not yet; else TimeoutError."""
        return await self.world.pulse.wait_for(condition, timeout)

    def advance(self, by: float | timedelta) -> None:
        """Let simulated time pass at once, in seconds."""
        self.world.clock.advance(by if isinstance(by, timedelta) else timedelta(seconds=by))
        self.world.pulse.beat()

    def fail_next(
        self,
        method: str,
        route: str,
        status: Outcome,
        times: int = 1,
        *,
        retry_after: float = 1.0,
        delay: float = 0.0,
    ) -> None:
        """Answer the next requests of a route with a status, or cut them.

        `cut-before` loses the request, `cut-after` does the work and loses the answer, `slow` only waits for the delay
        (in seconds). 429 is the limit of a route, `global-429` that of the whole bot; `page` is a 403 with a page, as
        of a filter before Discord; `page-after` and `torn-after` do the work and answer 200 with a page, or with half
        of the JSON. The method WS with the route /gateway refuses the gateway's handshake.
        """
        fault = Fault(method=method, route=route, outcome=status, times=times, retry_after=retry_after, delay=delay)
        self.faults.add(fault)

    def requests_to(self, method: str, route: str) -> list[RecordedRequest]:
        """Return the requests of one method and route template."""
        return [request for request in self.requests if (request.method, request.route) == (method, route)]

    def find_channel(self, name_or_id: str) -> Any:
        """Return a channel or thread by its id or its name; LookupError if there is none."""
        places = self.world.places.values()
        for place in places:
            if name_or_id in {str(place.id), getattr(place, "name", None)}:
                return place
        raise LookupError(f"there is no channel {name_or_id}")

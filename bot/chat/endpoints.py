"""Where discord.py finds Discord.

Class attributes of discord.py 2.7.1, the only way there is (REST proxies use it too).
"""

import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route


def point_at(api_url: str, gateway_url: str) -> None:
    """Point every client of this process at a REST base and, where one is given, at a gateway."""
    Route.BASE = api_url.rstrip("/")
    if gateway_url:
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url)

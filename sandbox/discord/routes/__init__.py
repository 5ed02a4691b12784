"""The routes of the simulated API, one module per resource."""

from sandbox.discord.routes import (
    application,
    channels,
    commands,
    guilds,
    interactions,
    messages,
    threads,
    users,
    webhooks,
)
from sandbox.discord.wire import Endpoint

ENDPOINTS: tuple[Endpoint, ...] = (
    *application.ENDPOINTS,
    *commands.ENDPOINTS,
    *interactions.ENDPOINTS,
    *webhooks.ENDPOINTS,
    *users.ENDPOINTS,
    *guilds.ENDPOINTS,
    *threads.ENDPOINTS,
    *messages.ENDPOINTS,
    *channels.ENDPOINTS,
)
"""Every endpoint; of two that match a path, the earlier one is meant."""

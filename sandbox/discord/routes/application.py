"""Who the bot is and where its gateway is."""

from __future__ import annotations

from sandbox.discord import payloads
from sandbox.discord.errors import Json
from sandbox.discord.wire import Call, Endpoint, Reply

_MAY_READ_CONTENT = 1 << 19
"""The application flag of a bot in few guilds that may use the message content intent."""


def get_application(call: Call) -> Reply:
    """Answer with the application, its owner included."""
    world = call.world
    body: Json = {
        "id": str(world.application_id),
        "name": world.bot.name,
        "icon": None,
        "description": "",
        "summary": "",
        "type": None,
        "bot": payloads.of_user(world.bot),
        "bot_public": True,
        "bot_require_code_grant": False,
        "verify_key": "0" * 64,
        "flags": _MAY_READ_CONTENT if world.privileged_intents else 0,
        "flags_new": "0",
        "hook": True,
        "redirect_uris": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "owner": payloads.of_user(world.owner),
        "team": None,
        "approximate_guild_count": sum(guild.has_bot for guild in world.guilds.values()),
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0,
        "eligible_oauth2_scopes": ["bot", "applications.commands"],
        "integration_types_config": {"0": {}, "1": {}},
    }
    return Reply(body)


def get_gateway(call: Call) -> Reply:
    """Answer with the gateway's address."""
    return Reply({"url": call.world.gateway_url})


def get_gateway_for_bot(call: Call) -> Reply:
    """Answer with the gateway's address and how many shards to open."""
    limit = {"total": 1000, "remaining": 999, "reset_after": 86_400_000, "max_concurrency": 1}
    return Reply({"url": call.world.gateway_url, "shards": call.world.shards, "session_start_limit": limit})


ENDPOINTS = (
    Endpoint("GET", "/gateway", get_gateway, needs_token=False),
    Endpoint("GET", "/gateway/bot", get_gateway_for_bot),
    Endpoint("GET", "/oauth2/applications/@me", get_application),
    Endpoint("GET", "/applications/@me", get_application),
)

"""What Discord's refusals mean for a delivery: come back later, or this way is closed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import aiohttp
import discord

from bot.chat.answers import GARBLED
from bot.work.protocols import DeliveryDelayedError

CALL_TIMEOUT = timedelta(minutes=5)
"""For one call, uploads included."""

TOO_LARGE = 40005
"""Discord's code for an upload over the limit."""

PAGE_TRIES = 12
"""After so many tries, most of an hour, a page in place of Discord's answer is believed: a filter may turn a text down
for good."""

INTERACTION_OVER = 50027
"""Discord's code, under status 401, for an interaction's token that is worn out: the bot's own is still good."""


@asynccontextmanager
async def discord_faults(what: str, tries: int = 0) -> AsyncIterator[None]:
    """Turn what will pass (rate limits, Discord's own failures, a cut connection) into DeliveryDelayedError.

    So will a success that is no answer of Discord's, which may have done what was asked; a refusal of the bot's own
    token, which is a matter for the owner and no verdict on what was sent; and a page, which is a word of whatever
    stands before Discord, until it was tried `tries` = PAGE_TRIES times before. Refusals that will not pass come
    through as discord.HTTPException.
    """
    try:
        async with asyncio.timeout(CALL_TIMEOUT.total_seconds()):
            yield
    except discord.RateLimited as error:
        raise DeliveryDelayedError(what, timedelta(seconds=error.retry_after)) from error
    except discord.HTTPException as error:
        is_page = tries < PAGE_TRIES and _is_page(error)
        if error.status == 429 or error.status >= 500 or _is_token_refused(error) or is_page:
            raise DeliveryDelayedError(f"{what}: {error.status}") from error
        raise
    except (aiohttp.ClientError, OSError, TimeoutError, *GARBLED) as error:
        raise DeliveryDelayedError(f"{what}: {type(error).__name__}") from error


def _is_token_refused(error: discord.HTTPException) -> bool:
    return error.status == 401 and error.code != INTERACTION_OVER


def _is_page(error: discord.HTTPException) -> bool:
    """Whether it has not Discord's own shape; an upload may be too large for what stands before it as well."""
    return error.response.headers.get("Content-Type") != "application/json" and not is_too_large(error)


def is_gone(error: discord.HTTPException) -> bool:
    """Whether the thing asked for is not there (any more)."""
    return error.status == 404


def is_too_large(error: discord.HTTPException) -> bool:
    """Whether an upload was over the limit."""
    return error.status == 413 or error.code == TOO_LARGE

"""What Discord's refusals mean for a delivery: come back later, or this way is closed."""

import asyncio
from collections import Counter
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
"""After so many pages in place of Discord's answer, most of an hour, the next one is believed: a filter may turn a text
down for good."""

INTERACTION_OVER = 50027
"""Discord's code, under status 401, for an interaction's token that is worn out: the bot's own is still good."""


class PageError(DeliveryDelayedError):
    """A page came in place of Discord's answer."""


class Pages:
    """How many pages each generation's calls have met since this process started; what else failed is not counted."""

    def __init__(self) -> None:
        self._met: Counter[str] = Counter()

    @asynccontextmanager
    async def faults(self, what: str, generation_id: str) -> AsyncIterator[None]:
        """The same as `discord_faults`, but a page is believed after PAGE_TRIES others."""
        try:
            async with discord_faults(what, self._met[generation_id]):
                yield
        except PageError:
            self._met[generation_id] += 1
            raise

    def forget(self, generation_id: str) -> None:
        """Count no longer: it is told."""
        self._met.pop(generation_id, None)


@asynccontextmanager
async def discord_faults(what: str, pages: int = 0) -> AsyncIterator[None]:
    """Turn what will pass (rate limits, Discord's own failures, a cut connection) into DeliveryDelayedError.

    So will a success that is no answer of Discord's, which may have done what was asked; a refusal of the bot's own
    token, which is a matter for the owner and no verdict on what was sent; and a page, which is a word of whatever
    stands before Discord, unless `pages` came before it and are enough. Refusals that will not pass come through as
    discord.HTTPException.
    """
    try:
        async with asyncio.timeout(CALL_TIMEOUT.total_seconds()):
            yield
    except discord.RateLimited as error:
        raise DeliveryDelayedError(what, timedelta(seconds=error.retry_after)) from error
    except discord.HTTPException as error:
        if error.status == 429 or error.status >= 500 or _is_token_refused(error):
            raise DeliveryDelayedError(f"{what}: {error.status}") from error
        if pages < PAGE_TRIES and _is_page(error):
            raise PageError(f"{what}: {error.status}") from error
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

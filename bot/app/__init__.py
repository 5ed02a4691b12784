"""The composition root: opens every part in order (`opening`), joins them (`joining`), and closes them in reverse."""

import asyncio
import os
import signal
import time
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import structlog

from bot.app.joining import Opened, Parts, joined
from bot.app.opening import (
    StartError,
    check_key,
    moderation_endpoint,
    now,
    opened_media,
    opened_store,
    provider_of,
    watch_clocks,
)
from bot.chat.client import DiscordUnreachableError, ShowreelClient, TokenRefusedError
from bot.health import DatabaseCheck, PortTakenError, Pulse, Vitals, Watchdog, serving
from bot.settings import Settings
from bot.store.store import Store

log = structlog.get_logger(__name__)

STOP_WITHIN = timedelta(seconds=6)
"""For the work in hand; what is left is handed back to the next start."""

CLOSE_WITHIN = timedelta(seconds=9)
"""For everything that ending takes: a container is killed after ten. What hangs then, would hang for ever."""

HISTORY_REFRESH = timedelta(minutes=10)
HISTORY_SPAN = timedelta(days=30)


async def run(settings: Settings) -> None:
    """Run the bot until it is told to stop; raises StartError where it can't start or go on."""
    stopping = asyncio.Event()
    _stop_on_signals(stopping)
    async with AsyncExitStack() as stack:
        stack.enter_context(Pulse(time.monotonic()).beating())
        try:
            parts = await _unless_stopped(_open(settings, stack), stopping)
            if parts is not None:
                await _run(parts, settings, stack, stopping)
        except Exception as error:
            _end_within(CLOSE_WITHIN, code=error.code if isinstance(error, StartError) else 1, why=str(error))
            raise


async def _run(parts: Parts, settings: Settings, stack: AsyncExitStack, stopping: asyncio.Event) -> None:
    """Serve the health pages and work, until asked to stop."""
    watchdog = Watchdog(
        now,
        turned_at=lambda: parts.worker.turned_at,
        oldest_steps=parts.worker.oldest_steps,
        failing_since=lambda: parts.worker.failing_since,
        is_connected=parts.bot.is_ready,
        away_since=lambda: parts.bot.away_since,
    )
    vitals = Vitals(
        alive=watchdog.alive,
        ready=watchdog.ready,
        database=DatabaseCheck(parts.store.generations.next_due),
        in_flight=lambda: _in_flight(parts.store),
    )
    try:
        await stack.enter_async_context(serving(settings.server.host, settings.server.port, vitals))
    except PortTakenError as error:
        raise StartError(f"{error}; choose another [server] port, or 0 to switch it off.") from error
    await _work(parts, watchdog, settings, stopping)


async def _unless_stopped(opening: Coroutine[Any, Any, Parts], stopping: asyncio.Event) -> Parts | None:
    """What is opened; None where it is asked to stop before that, whatever hangs then."""
    task, asked = asyncio.create_task(opening, name="opening"), asyncio.create_task(stopping.wait(), name="stop")
    await asyncio.wait([task, asked], return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    if task.done():
        return task.result()
    log.info("stopping", asked=True)
    task.cancel()
    await asyncio.wait([task])
    return None


async def _work(parts: Parts, watchdog: Watchdog, settings: Settings, stopping: asyncio.Event) -> None:
    """Do everything at once until asked to stop or until something that must go on has ended."""
    tasks = [
        asyncio.create_task(parts.bot.connect(), name="discord"),
        asyncio.create_task(parts.worker.run(), name="worker"),
        asyncio.create_task(parts.feed.run(), name="catalog"),
        asyncio.create_task(parts.door.watch(), name="door"),
        asyncio.create_task(_keep_history(parts), name="history"),
        asyncio.create_task(_announce(parts), name="announcements"),
        asyncio.create_task(watchdog.watch(), name="watchdog"),
        asyncio.create_task(parts.reconciler.run(), name="reconciliation"),
        asyncio.create_task(parts.retention.run(), name="retention"),
        asyncio.create_task(watch_clocks(settings, parts.store), name="clocks"),
    ]
    asked = asyncio.create_task(stopping.wait(), name="stop")
    try:
        ended, _ = await asyncio.wait([asked, *tasks], return_when=asyncio.FIRST_COMPLETED)
        log.info("stopping", asked=asked in ended)
        if asked not in ended:
            _end_within(CLOSE_WITHIN, code=1, why="a part that must go on has ended")
        parts.service.stop_accepting()
        await parts.worker.stop(STOP_WITHIN)
        await parts.bot.close()
    finally:
        for task in (asked, *tasks):
            task.cancel()
        outcomes = await asyncio.gather(asked, *tasks, return_exceptions=True)
    if asked not in ended:
        raise _fatal(outcomes[1:])


def _end_within(span: timedelta, *, code: int, why: str) -> None:
    """End what can't be ended in order by then; every row says how it goes on."""

    def cut_short() -> None:
        log.error("ending_hangs", after=str(span), why=why)
        os._exit(code)

    asyncio.get_running_loop().call_later(span.total_seconds(), cut_short)


def _fatal(outcomes: Sequence[object]) -> StartError:
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            log.error("part_ended", exc_info=outcome)
            return StartError(f"A part that must go on has ended ({type(outcome).__name__}); start again.", code=1)
    return StartError("A part that must go on has ended; start again.", code=1)


async def _open(settings: Settings, stack: AsyncExitStack) -> Parts:
    if not settings.discord.token.get_secret_value():
        raise StartError("There is no Discord token; see [discord] token.")
    store = await stack.enter_async_context(opened_store(settings, owner=True))
    handed_back = await store.generations.release_leases() if settings.database.url.startswith("sqlite") else 0
    log.info("store_opened", leases_handed_back=handed_back)
    provider = provider_of(settings)
    stack.push_async_callback(provider.close)
    refused_key = await check_key(provider, store)
    media = await stack.enter_async_context(opened_media(settings, provider))
    endpoint = moderation_endpoint(settings)
    if endpoint is not None:
        stack.push_async_callback(endpoint.close)
    parts = joined(Opened(settings=settings, store=store, provider=provider, media=media, endpoint=endpoint))
    if refused_key is not None:
        parts.door.close(refused_key)
    await parts.feed.restore()
    stack.push_async_callback(parts.bot.close)
    await _log_in(parts.bot, settings)
    return parts


async def _log_in(bot: ShowreelClient, settings: Settings) -> None:
    try:
        await bot.log_in(settings.discord.token.get_secret_value())
    except TokenRefusedError as error:
        raise StartError("Discord does not accept the token; see [discord] token.") from error
    except DiscordUnreachableError as error:
        raise StartError(f"Discord could not be reached at {settings.discord.api_url}.", code=1) from error


async def _keep_history(parts: Parts) -> None:
    """Learn from time to time how long generations take here."""
    while True:
        try:
            parts.pace.usual = await parts.store.generations.usual_durations(now() - HISTORY_SPAN)
        except Exception:  # the edge of the loop: a row that can't be read must not end the bot
            log.exception("history_not_read")
        await asyncio.sleep(HISTORY_REFRESH.total_seconds())


async def _announce(parts: Parts) -> None:
    """Tell guilds what is due, once Discord has told which guilds there are."""
    await parts.bot.wait_until_ready()
    await parts.announcing.run()


async def _in_flight(store: Store) -> int:
    return sum((await store.generations.counts()).values())


def _stop_on_signals(stopping: asyncio.Event) -> None:
    """The first signal asks to stop, the second one ends the process at once."""

    def stop() -> None:
        if stopping.is_set():
            os._exit(1)
        stopping.set()
        _end_within(CLOSE_WITHIN, code=0, why="asked to stop")

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)

"""Opening what the bot works with: the database, the provider, files, and what is asked about prompts."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, contextmanager, nullcontext
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

from bot.media.fetch import MediaFiles
from bot.moderation.endpoint import ModerationEndpoint
from bot.providers.errors import ProviderError, Refused
from bot.providers.lemondata.client import LemonDataProvider
from bot.settings import Settings, seconds
from bot.store.database import Database
from bot.store.errors import DatabaseAwayError, DatabaseDamagedError, DatabaseUnusableError
from bot.store.lock import DataFolderLock
from bot.store.schema import migrate
from bot.store.store import Store
from bot.terms import media_rules
from bot.work.clock import SteadyClock
from bot.work.door import is_about_balance

log = structlog.get_logger(__name__)


class StartError(Exception):
    """The bot can't start; the text is one sentence, `code` the exit code.

    2: somebody has to mend something first; 1: a start later may help.
    """

    def __init__(self, sentence: str, code: int = 2) -> None:
        super().__init__(sentence)
        self.code = code


now = SteadyClock()
"""The clock of the whole program."""


CLOCKS_EVERY = timedelta(minutes=1)
CLOCKS_APART_FOR = 3
"""How often, and how many times on end, the database's clock is another one until the process ends."""


class ClocksApartError(Exception):
    """The time of this process is no longer that of the database, whose other processes share leases with it."""


class NoDatabaseError(StartError):
    """There is no database yet."""


@asynccontextmanager
async def opened_store(settings: Settings, *, owner: bool) -> AsyncIterator[Store]:
    """The store. Its owner makes and migrates it, and keeps others from running the bot on the same SQLite file.

    Anybody else finds it as it is, and changes nothing. Raises StartError where the database can't be used, of which
    NoDatabaseError is one, also for what it fails at while it is open.
    """
    async with AsyncExitStack() as stack:
        with _told_as_start_errors(owner=owner):
            database = Database(settings.database.url)
            if owner:
                stack.enter_context(_held(database.folder))
                await migrate(settings.database.url)
            else:
                _require_database(settings, database)
            await database.open(owner=owner)
            gap = await database.clock_gap(now())
        stack.push_async_callback(database.close)
        if gap > _most_apart(settings):
            apart = f"{gap.total_seconds():.0f} s"
            raise StartError(f"The clocks of this machine and of the database are {apart} apart: set both right.", 1)
        with _told_as_start_errors(owner=owner), database.naming_faults():
            yield Store(database, zone=ZoneInfo(settings.limits.time_zone))


async def migrated(settings: Settings) -> str:
    """Bring the database to this version's shape, a SQLite file while nobody works with it; returns its revision.

    Raises StartError where it can't be.
    """
    url = settings.database.url
    with _told_as_start_errors(owner=True), _held(Database(url).folder):
        return await migrate(url)


def _held(folder: Path | None) -> AbstractContextManager[object]:
    """The data folder held against other processes; with PostgreSQL there is none."""
    return nullcontext() if folder is None else DataFolderLock(folder)


@contextmanager
def _told_as_start_errors(*, owner: bool) -> Iterator[None]:
    """Turn what is wrong with the database into StartError, with code 1 where a later start may do better.

    Damage is 2 for the owner, since no later start does, and 1 for a command that read as far as it could.
    """
    try:
        yield
    except DatabaseAwayError as error:
        raise StartError(str(error), 1) from error
    except DatabaseDamagedError as error:
        raise StartError(str(error), 2 if owner else 1) from error
    except DatabaseUnusableError as error:
        raise StartError(str(error)) from error


async def watch_clocks(settings: Settings, store: Store) -> None:
    """Look every minute, for good; raises ClocksApartError where a start at the machine's time of day may help."""
    looks = 0
    while looks < CLOCKS_APART_FOR:
        await asyncio.sleep(CLOCKS_EVERY.total_seconds())
        try:
            gap = await store.clock_gap(now())
        except Exception as error:  # noqa: BLE001 - the edge of the loop: a database that is away says nothing of its clock
            log.info("clocks_not_compared", error=type(error).__name__)
            continue
        looks = looks + 1 if gap > _most_apart(settings) else 0
    log.error("clocks_apart", by=str(gap))
    raise ClocksApartError(str(gap))


def _most_apart(settings: Settings) -> timedelta:
    return seconds(settings.worker.lease) / 4


def _require_database(settings: Settings, database: Database) -> None:
    file = Path(settings.database.url.removeprefix("sqlite:///"))
    if database.folder is not None and not file.exists():
        raise NoDatabaseError(f"There is no database {file} yet: the first `showreel run` makes it.")


def provider_of(settings: Settings) -> LemonDataProvider:
    """The configured provider; raises StartError for an address or a key that can't be one."""
    configured = settings.provider
    key = configured.api_key.get_secret_value()
    if not key:
        raise StartError("There is no key for the video service; see [provider] api_key.")
    try:
        return LemonDataProvider(configured.name, configured.base_url, key, timeout=configured.timeout)
    except ValueError as error:
        raise StartError(f"The video service can't be used as configured in [provider]: {error}.") from error


def moderation_endpoint(settings: Settings) -> ModerationEndpoint | None:
    """The configured one, None where there is none; raises StartError for an address or a key that can't be one."""
    configured = settings.moderation
    if not configured.endpoint:
        return None
    key, model = configured.api_key.get_secret_value(), configured.model or None
    try:
        return ModerationEndpoint(configured.endpoint, key, model, seconds(configured.timeout), configured.fail_open)
    except ValueError as error:
        raise StartError(f"Prompts can't be checked as configured in [moderation]: {error}.") from error


async def check_key(provider: LemonDataProvider, store: Store) -> Refused | None:
    """A wrong key ends the start where nothing is under way, and is returned where something is.

    What is under way goes on behind a closed door, and so does a start without a balance. A provider that is away ends
    nothing.
    """
    try:
        await provider.check_key()
    except Refused as refusal:
        if 300 <= (refusal.status or 0) < 400:
            raise StartError("The video service is at another address; see [provider] base_url.") from refusal
        log.warning("provider_refuses", status=refusal.status, code=refusal.code)
        if not refusal.closes_door:
            return None
        if is_about_balance(refusal) or await _is_anything_under_way(store):
            return refusal
        raise StartError("The video service does not accept the key; see [provider] api_key.") from refusal
    except ProviderError as error:
        log.warning("provider_away", error=error.message)
    return None


async def _is_anything_under_way(store: Store) -> bool:
    generations = store.generations
    return await generations.next_due() is not None or any((await generations.counts()).values())


@asynccontextmanager
async def opened_media(settings: Settings, provider: LemonDataProvider) -> AsyncIterator[MediaFiles]:
    """The files of this run; raises StartError where their folder can't be used."""
    media = MediaFiles(
        settings.data_folder() / "spool",
        media_rules(settings),
        trusted_origins=(provider.result_origin, *settings.media.trusted_origins),
        attachment_origins=_attachment_origins(settings),
    )
    try:
        await media.open()
    except OSError as error:
        raise StartError(f"The folder {error.filename} for files can't be used: {error.strerror}.") from error
    try:
        yield media
    finally:
        await media.close()


def _attachment_origins(settings: Settings) -> tuple[str, ...]:
    """Discord itself, where its REST base is another than Discord's own (a sandbox serves its files from there)."""
    base = settings.discord.api_url
    return ("/".join(base.split("/")[:3]),)

"""What a member may see again of their own: the history, and videos that are fetched anew."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, StrEnum, auto
from types import MappingProxyType
from typing import Protocol

import structlog

from bot.domain.errors import FetchUnderWay, Rejection
from bot.domain.generation import Generation, State
from bot.media.fetch import MediaFiles
from bot.media.files import MediaDelayedError, MediaRefusedError, ResultFile
from bot.media.transfer import GoneError, TooLargeError
from bot.work.protocols import Notice

log = structlog.get_logger(__name__)

PAGE = 6
"""Generations on a page of the history."""

FETCH_WITHIN = timedelta(minutes=8)
"""For waiting and fetching: the answer must go out before its interaction's token dies, after 15 minutes."""

FETCHES_AT_ONCE = 2
"""How many members' videos are on the disk at once; the others wait."""


class Group(StrEnum):
    """What a member may look for in the history."""

    UNDER_WAY = "under_way"
    FINISHED = "finished"
    NOT_MADE = "not_made"


GROUPS: Mapping[Group, frozenset[State]] = MappingProxyType(
    {
        Group.UNDER_WAY: frozenset({State.ACCEPTED, State.SUBMITTING, State.RUNNING, State.UNCONFIRMED}),
        Group.FINISHED: frozenset({State.SUCCEEDED}),
        Group.NOT_MADE: frozenset({State.FAILED, State.CANCELLED, State.EXPIRED}),
    }
)
"""Every state is in one group."""


class HistoryStore(Protocol):
    """What is stored of a member, page by page."""

    async def of_member(
        self, user_id: int, guild_id: int | None, states: Collection[State], within: range
    ) -> list[Generation]:
        """A member's generations of these states in a guild (or in direct messages), newest first."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryPage:
    """Generations, newest first; `number` counts from 1."""

    number: int
    generations: tuple[Generation, ...]
    has_older: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """What was fetched anew; `gone` counts results that the provider has no more, and that so are no link either."""

    notice: Notice
    gone: int = 0


class Showing:
    """Shows members what is theirs. A generation changes nothing by being shown.

    `stands` says whether the message that told of a generation is still there.
    """

    def __init__(
        self,
        store: HistoryStore,
        media: MediaFiles,
        stands: Callable[[Generation], Awaitable[bool]],
        fetch_within: timedelta = FETCH_WITHIN,
    ) -> None:
        self._store = store
        self._media = media
        self._stands = stands
        self._fetch_within = fetch_within
        self._slots = asyncio.Semaphore(FETCHES_AT_ONCE)
        self._fetching: set[int] = set()

    async def history(self, user_id: int, guild_id: int | None, group: Group | None, number: int) -> HistoryPage:
        """A page of what the member asked for in this guild (or in direct messages)."""
        states = GROUPS[group] if group else frozenset(State)
        start = (number - 1) * PAGE
        found = await self._store.of_member(user_id, guild_id, states, range(start, start + PAGE + 1))
        return HistoryPage(number=number, generations=tuple(found[:PAGE]), has_older=len(found) > PAGE)

    async def is_to_be_fetched(self, generation: Generation, *, again: bool) -> bool:
        """Whether its videos are handed over anew.

        That is so where there are any, and the member wishes it, or they could be told nowhere, or the message that
        told of them is gone. Raises Rejection(FetchUnderWay) as `fetched` does.
        """
        if generation.state is not State.SUCCEEDED:
            return False
        is_wanted = again or (generation.told is State.SUCCEEDED and not await self._is_told_somewhere(generation))
        if is_wanted:
            self._require_idle(generation)
        return is_wanted

    @asynccontextmanager
    async def fetched(self, generation: Generation, limit: int) -> AsyncIterator[Handover]:
        """The videos, fetched anew and made to fit `limit` bytes each; their files are gone when the block ends.

        What can't be had in time is an address. Raises Rejection(FetchUnderWay) where this requester's last wish is
        still being worked on: each has one at a time, so no member takes all the disk.
        """
        self._require_idle(generation)
        requester = generation.origin.requester_id
        self._fetching.add(requester)
        try:
            async with AsyncExitStack() as stack:
                outcomes: list[ResultFile | _Missing] = []
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._fetch_within.total_seconds()):
                        await stack.enter_async_context(self._slots)
                        stack.callback(self._media.discard, _key(generation))
                        await self._fetch_all(generation, limit, outcomes)
                yield _handover(generation, outcomes)
        finally:
            self._fetching.discard(requester)

    def _require_idle(self, generation: Generation) -> None:
        if generation.origin.requester_id in self._fetching:
            raise Rejection(FetchUnderWay())

    async def _is_told_somewhere(self, generation: Generation) -> bool:
        return generation.told_as is not None and await self._stands(generation)

    async def _fetch_all(self, generation: Generation, limit: int, outcomes: "list[ResultFile | _Missing]") -> None:
        """Add an outcome for each result, one after the other, so that what was done in time counts."""
        for index, url in enumerate(generation.results):
            outcomes.append(await self._fetch(generation, index, url, limit))

    async def _fetch(self, generation: Generation, index: int, url: str, limit: int) -> "ResultFile | _Missing":
        try:
            file = await self._media.fetch_result(url, _key(generation), index)
        except GoneError:
            return _Missing.GONE
        except (TooLargeError, MediaDelayedError) as error:
            log.warning("result_not_fetched_anew", generation=generation.id, error=str(error))
            return _Missing.LINK
        except MediaRefusedError as error:
            log.warning("result_refused", generation=generation.id, error=str(error))
            return _Missing.UNUSABLE
        return await self._fitting(generation, file, limit)

    async def _fitting(self, generation: Generation, file: ResultFile, limit: int) -> ResultFile:
        """The file, made smaller where it is too large; as it is where that can't be done."""
        try:
            return await self._media.shrunk(file, limit)
        except (MediaRefusedError, MediaDelayedError) as error:
            log.info("result_not_shrunk", generation=generation.id, size=file.size, error=str(error))
            return file


class _Missing(Enum):
    """Why there is no file for a result."""

    LINK = auto()  # not to be had as a file now; its address may be handed on
    GONE = auto()
    UNUSABLE = auto()


def _key(generation: Generation) -> str:
    """A folder's name that no generation has, so that a delivery under way keeps its files."""
    return f"{generation.id}-again"


def _handover(generation: Generation, outcomes: "Sequence[ResultFile | _Missing]") -> Handover:
    """The outcomes sorted; results that nobody came to are addresses."""
    untried = [_Missing.LINK] * (len(generation.results) - len(outcomes))
    every = [*outcomes, *untried]
    files = tuple(outcome for outcome in every if isinstance(outcome, ResultFile))
    links = tuple(url for url, outcome in zip(generation.results, every, strict=True) if outcome is _Missing.LINK)
    log.info("fetched_anew", generation=generation.id, files=len(files), links=len(links))
    notice = Notice(files=files, unfetched=links, unusable=every.count(_Missing.UNUSABLE))
    return Handover(notice=notice, gone=every.count(_Missing.GONE))

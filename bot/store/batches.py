"""Group commit: what callers want written at the same time goes into one transaction."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.database import Database

Item = TypeVar("Item")
Result = TypeVar("Result")
Run = Callable[[AsyncConnection, Sequence[Item]], Awaitable[Sequence[Result | Exception]]]

_MOST = 64  # items in one transaction: others wait for the writer meanwhile


@dataclass(frozen=True, slots=True)
class _Place(Generic[Item, Result]):
    item: Item
    outcome: asyncio.Future[Result]


class Batch(Generic[Item, Result]):
    """Writes single items for many callers, as many as are waiting in one transaction.

    `run` writes items in their order and returns a result or an exception for each; an item with an exception must have
    written nothing that would have to be undone. Where `run` itself raises, each item is written in a transaction of
    its own, so that one which the database refuses fails alone.
    """

    def __init__(self, database: Database, run: Run[Item, Result]) -> None:
        self._database = database
        self._run = run
        self._waiting: list[_Place[Item, Result]] = []
        self._task: asyncio.Task[None] | None = None

    async def write(self, item: Item) -> Result:
        """Write an item; returns when it is committed, or raises what became of it."""
        outcome: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        place = _Place(item, outcome)
        self._waiting.append(place)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._write_all())
        return await outcome

    async def _write_all(self) -> None:
        while self._waiting:
            places = [place for place in self._waiting[:_MOST] if not place.outcome.done()]
            del self._waiting[:_MOST]
            if places:
                await self._settle(places)
            await asyncio.sleep(0)  # whoever was just answered may have the next item ready

    async def _settle(self, places: Sequence[_Place[Item, Result]]) -> None:
        try:
            outcomes = await self._write_together(places)
        except (OperationalError, InterfaceError) as error:  # the database is at fault, not one of the items
            outcomes = [error] * len(places)
        except Exception:  # noqa: BLE001 - whatever it is, it reaches the caller whose item it is
            outcomes = [await self._write_alone(place) for place in places]
        for place, outcome in zip(places, outcomes, strict=True):
            if place.outcome.done():
                continue  # its caller was cancelled
            if isinstance(outcome, Exception):
                place.outcome.set_exception(outcome)
            else:
                place.outcome.set_result(outcome)

    async def _write_together(self, places: Sequence[_Place[Item, Result]]) -> Sequence[Result | Exception]:
        items = [place.item for place in places]
        return await self._database.write(lambda connection: self._run(connection, items))

    async def _write_alone(self, place: _Place[Item, Result]) -> Result | Exception:
        try:
            (outcome,) = await self._write_together([place])
        except Exception as error:  # noqa: BLE001 - handed to the caller
            return error
        return outcome

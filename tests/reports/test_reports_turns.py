"""Turns: one at a time for each who asks, so many at work, and so many waiting."""

import asyncio

import pytest

from bot.reports.turns import NoTurnError, Turns, UnderWayError


class Works:
    """Work that is done in turns, each piece until it is let go."""

    def __init__(self, turns: Turns) -> None:
        self.begun: list[int] = []
        self._turns = turns
        self._go_on: dict[int, asyncio.Event] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}

    async def begin(self, key: int) -> None:
        """Let one work, or wait for its turn."""
        self._go_on[key] = asyncio.Event()
        self._tasks[key] = asyncio.create_task(self._work(key))
        await asyncio.sleep(0)

    async def end(self, key: int) -> None:
        """Let one end its work; whoever is next has begun afterwards."""
        self._go_on[key].set()
        await self._tasks[key]
        await asyncio.sleep(0)

    async def give_up(self, key: int) -> None:
        """Cancel one, at work or waiting."""
        self._tasks[key].cancel()
        await asyncio.wait({self._tasks[key]})

    async def _work(self, key: int) -> None:
        async with self._turns.turn(key):
            self.begun.append(key)
            await self._go_on[key].wait()


async def test_so_many_work_at_once_and_the_others_wait_in_their_order() -> None:
    works = Works(Turns(at_once=2, waiting_most=3))
    for key in (1, 2, 3, 4):
        await works.begin(key)
    assert works.begun == [1, 2]
    await works.end(2)
    assert works.begun == [1, 2, 3]
    for key in (1, 3, 4):
        await works.end(key)
    assert works.begun == [1, 2, 3, 4]


async def test_one_who_is_at_work_or_waits_gets_no_second_turn() -> None:
    turns = Turns(at_once=1, waiting_most=3)
    works = Works(turns)
    for key in (1, 2):
        await works.begin(key)
        with pytest.raises(UnderWayError):
            async with turns.turn(key):
                raise AssertionError("both at once")
    await works.end(1)
    await works.end(2)
    async with turns.turn(1):
        pass


async def test_nobody_waits_in_a_queue_that_is_full() -> None:
    turns = Turns(at_once=1, waiting_most=1)
    works = Works(turns)
    await works.begin(1)
    await works.begin(2)
    with pytest.raises(NoTurnError) as raised:
        async with turns.turn(3):
            raise AssertionError("three of two")
    assert not isinstance(raised.value, UnderWayError)
    await works.end(1)
    await works.begin(3)
    await works.end(2)
    await works.end(3)
    assert works.begun == [1, 2, 3]


async def test_whoever_gives_up_leaves_the_place_to_others() -> None:
    works = Works(Turns(at_once=1, waiting_most=1))
    await works.begin(1)
    await works.begin(2)
    await works.give_up(2)
    await works.begin(3)
    await works.give_up(1)
    await works.end(3)
    assert works.begun == [1, 3]

"""Sums that are remembered between acceptances: always those that a fresh look at the ledger gives."""

import asyncio
import itertools
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.change import AuditRecord, Change
from bot.domain.errors import Rejection
from bot.domain.generation import Generation, State
from bot.domain.ledger import Amounts, hold, release, settle
from bot.domain.limits import Limit, Measure, Scope, Window
from bot.store import accepting, ledger, totals
from bot.store.database import Database
from bot.store.store import Store
from bot.store.totals import Counted, Totals
from bot.store.usage import Usage, Who
from tests.store.samples import GUILD, MEMBER, NOW, acceptance, accepted, origin

HOUR = timedelta(hours=1)
RECORD = AuditRecord(at=NOW, action="release", guild_id=GUILD)
GUILDS = (GUILD, GUILD + 1, None)
MONTHLY = tuple(
    Limit(scope=scope, measure=Measure.MICROS, amount=10**9, window=Window.MONTH) for scope in (Scope.GUILD, Scope.BOT)
)
_examples = itertools.count()


async def amounts_of(connection: AsyncConnection, known: Totals, now: object = NOW) -> list[Amounts]:
    """All windows of the bot and of every guild, as one transaction finds them."""
    usage = Usage(connection, known)
    return [
        await usage.amounts(scope, Who(member_key="", guild_id=guild), window, now, UTC)  # type: ignore[arg-type]
        for scope in (Scope.BOT, Scope.GUILD)
        for guild in GUILDS
        for window in (*Window, None)
    ]


@contextmanager
def counted_sums(database: Database) -> Iterator[Counter[str]]:
    """Counts how often the ledger is summed up, and how often single entries are read."""
    found: Counter[str] = Counter()

    def count(_connection: object, _cursor: object, statement: str, *_others: object) -> None:
        found["sums"] += "sum(" in statement and "FROM ledger" in statement
        found["entries"] += "ledger.id >" in statement

    engines = {database._writer.sync_engine, database._reader.sync_engine}
    for engine in engines:
        event.listen(engine, "before_cursor_execute", count)
    yield found
    for engine in engines:
        event.remove(engine, "before_cursor_execute", count)


class TurnedBackError(Exception):
    """Undoes a transaction."""


class Lives:
    """Generations that come and go in two stores on one file, as two processes would have them."""

    def __init__(self, database: Database, stores: tuple[Store, Store]) -> None:
        self.database = database
        self.stores = stores
        self.now = NOW
        self.known = (stores[0].generations._totals, stores[1].generations._totals)
        self.all: list[Generation] = []

    async def accept(self, which: int, guild: int | None, micros: int | None) -> None:
        wanted = acceptance(*MONTHLY, of=origin(MEMBER, guild), now=self.now, amounts=Amounts(seconds=8, micros=micros))
        try:
            self.all.append(await self.stores[which].generations.accept(wanted))
        except Rejection:
            assert micros is None

    async def turn_back(self, which: int, guild: int | None) -> None:
        async def work(connection: AsyncConnection) -> None:
            wanted = acceptance(*MONTHLY, of=origin(MEMBER, guild), now=self.now)
            (outcome,) = await accepting.accept_all(connection, [wanted], UTC, self.known[which])
            assert isinstance(outcome, Generation)
            raise TurnedBackError

        with pytest.raises(TurnedBackError):
            await self.database.write(work)

    async def end(self, which: int, number: int, real: Amounts) -> None:
        if not self.all:
            return
        before = self.all[number % len(self.all)]
        if before.state.is_end:
            return
        held = hold(before.id, before.amounts, before.accepted_at)
        is_good = real.seconds % 2 == 0
        entries = settle(held, real, self.now) if is_good else (release(held, self.now),)
        after = before
        for state in (State.SUBMITTING, State.SUCCEEDED if is_good else State.FAILED):
            change = Change(before=after, after=after.move(state, self.now), entries=entries if state.is_end else ())
            after = await self.stores[which].generations.save(change)
        self.all[number % len(self.all)] = after

    async def refund(self, which: int, number: int) -> None:
        if self.all:
            generation = self.all[number % len(self.all)]
            with_record = replace(RECORD, generation_id=generation.id)
            outcome = self.stores[which].generations.refund(generation.id, with_record, self.now)
            (_found,) = await asyncio.gather(outcome, return_exceptions=True)

    async def wait(self, hours: int) -> None:
        self.now += hours * HOUR

    async def check(self) -> None:
        async def compare(connection: AsyncConnection) -> None:
            fresh = await amounts_of(connection, Totals(), self.now)
            for known in self.known:
                assert await amounts_of(connection, known, self.now) == fresh

        await self.database.read(compare)
        await self.database.write(compare)


WHICH, NUMBERS, WHERE = st.integers(0, 1), st.integers(0, 99), st.sampled_from(GUILDS)
STEPS = st.one_of(
    st.tuples(st.just("accept"), WHICH, WHERE, st.none() | st.integers(0, 99)),
    st.tuples(st.just("accept"), WHICH, WHERE, st.integers(0, 99)),
    st.tuples(st.just("turn_back"), WHICH, WHERE),
    st.tuples(st.just("end"), WHICH, NUMBERS, st.builds(Amounts, seconds=st.integers(0, 9), micros=st.integers(0, 99))),
    st.tuples(st.just("refund"), WHICH, NUMBERS),
    st.tuples(st.just("wait"), st.integers(1, 40)),
    st.tuples(st.just("check")),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=20))
async def test_what_is_remembered_is_what_a_fresh_sum_gives(
    store: Store, database: Database, steps: list[tuple[object, ...]]
) -> None:
    lives = Lives(database, (store, Store(database)))
    lives.now += next(_examples) * timedelta(days=3)
    for name, *facts in steps:
        await getattr(lives, str(name))(*facts)
    await lives.check()


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_a_window_is_summed_once_and_then_carried_on(store: Store, database: Database) -> None:
    await accepted(store, *MONTHLY)
    with counted_sums(database) as found:
        for _ in range(5):
            await accepted(store, *MONTHLY)
            await store.generations.allowances(MEMBER, GUILD, (), MONTHLY, NOW)
    assert found == {"sums": 0, "entries": 10}
    (guild, bot) = await store.generations.allowances(MEMBER, GUILD, (), MONTHLY, NOW)
    assert (guild.used, bot.used) == (6 * 400_000, 6 * 400_000)


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
async def test_where_entries_are_committed_in_any_order_they_are_summed(store: Store, database: Database) -> None:
    await accepted(store, *MONTHLY)
    with counted_sums(database) as found:
        await accepted(store, *MONTHLY)
    assert found == {"sums": 2, "entries": 0}


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_who_looks_at_an_older_state_sees_that_one(store: Store, database: Database) -> None:
    await accepted(store, *MONTHLY)
    known = store.generations._totals

    async def look(connection: AsyncConnection) -> None:
        before = await amounts_of(connection, Totals())
        await accepted(store, *MONTHLY)
        await accepted(store, *MONTHLY)  # whose batch has read what came before it
        assert await amounts_of(connection, known) == before

    await database.read(look)
    assert await database.read(lambda it: amounts_of(it, known)) == await database.read(
        lambda it: amounts_of(it, Totals())
    )


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_a_sum_that_is_overtaken_while_it_is_made_is_not_remembered(store: Store, database: Database) -> None:
    await accepted(store)
    known, counted = Totals(), Counted(Scope.BOT)

    async def look(connection: AsyncConnection) -> None:
        seen = await known.catch_up(connection)
        summed = await ledger.used(connection)
        await accepted(store)
        await database.read(known.catch_up)
        known.remember(counted, None, summed, seen)

    await database.read(look)
    newest = await database.read(known.catch_up)
    assert known.find(counted, None, newest) is None


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_two_who_catch_up_at_once_add_an_entry_once(store: Store, database: Database) -> None:
    known = store.generations._totals
    await database.read(lambda it: amounts_of(it, known))
    await accepted(store)

    async def with_another(one: AsyncConnection) -> None:
        await database.read(lambda other: asyncio.gather(known.catch_up(one), known.catch_up(other)))

    await database.read(with_another)
    found = await database.read(lambda it: amounts_of(it, known))
    assert found == await database.read(lambda it: amounts_of(it, Totals()))


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_after_very_many_entries_all_is_summed_anew(
    store: Store, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(totals, "_MOST_ENTRIES", 2)
    await accepted(store, *MONTHLY)
    for _ in range(3):
        await accepted(store)
    with counted_sums(database) as found:
        (guild, bot) = await store.generations.allowances(MEMBER, GUILD, (), MONTHLY, NOW)
    assert (guild.used, bot.used) == (4 * 400_000, 4 * 400_000)
    assert found == {"sums": 2, "entries": 1}


def test_only_so_many_guilds_and_windows_are_remembered_those_asked_for_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(totals, "_MOST_COUNTED", 2)
    monkeypatch.setattr(totals, "_MOST_SPANS", 2)
    known = Totals()
    spans = [(NOW + number * HOUR, NOW + (number + 1) * HOUR) for number in range(3)]
    one, two, three = (Counted(Scope.GUILD, guild) for guild in range(3))
    for span in spans:
        known.remember(one, span, Amounts(), 0)
    assert [known.find(one, span, 0) for span in spans] == [None, Amounts(), Amounts()]
    known.remember(two, None, Amounts(), 0)
    assert known.find(one, spans[1], 0) == Amounts()
    known.remember(one, spans[0], Amounts(), 0)
    assert known.find(one, spans[2], 0) is None
    known.remember(three, None, Amounts(), 0)
    assert known.find(two, None, 0) is None
    assert known.find(one, spans[1], 0) == Amounts()


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_entries_get_their_numbers_in_the_order_in_which_they_are_committed(store: Store, url: str) -> None:
    await accepted(store)
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as connection:
        columns = "kind, releases, generations, seconds, micros, at, held_at, member_key, channel_id, model, operation"
        copy = f"INSERT INTO ledger (generation_id, {columns}) SELECT ?, {columns} FROM ledger LIMIT 1"  # noqa: S608
        for end in ("ROLLBACK", "COMMIT"):
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(copy, ("other",))
            connection.execute(end)
        assert connection.execute("SELECT id, generation_id FROM ledger ORDER BY id DESC LIMIT 1").fetchone() == (
            2,
            "other",
        )

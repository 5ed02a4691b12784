"""Limits and money over random lives: no hold goes over a limit, and what is given back is what was taken."""

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.change import AuditRecord, Change
from bot.domain.errors import GenerationUnknown, LimitReached, NothingToRelease, PriceUnknown, Rejection
from bot.domain.generation import Generation, State
from bot.domain.guild import BOT
from bot.domain.ledger import Amounts, Entry, EntryKind, hold, refund, release, settle, used
from bot.domain.limits import Limit, Measure, Scope, Window, in_force
from bot.store import ledger, limits
from bot.store.database import Database
from bot.store.store import Store
from tests.store.samples import GUILD, MEMBER, NOW, acceptance, accepted, claimed, ended, origin

RECORD = AuditRecord(at=NOW, action="release", guild_id=GUILD)
DEFAULT = Limit(scope=Scope.MEMBER, measure=Measure.GENERATIONS, amount=4, window=Window.DAY, is_default=True)
_numbers = itertools.count(1)


def value(amounts: Amounts, measure: Measure) -> int:
    """One measure of amounts."""
    return {
        Measure.GENERATIONS: amounts.generations,
        Measure.CONCURRENT: amounts.generations,
        Measure.SECONDS: amounts.seconds,
        Measure.MICROS: amounts.micros or 0,
    }[measure]


def wanted_of(amounts: Amounts, measure: Measure) -> int:
    """What a request needs to be left; an unknown length is a second at least."""
    return max(1, amounts.seconds) if measure is Measure.SECONDS else value(amounts, measure)


@dataclass(slots=True)
class Book:
    """All that was asked for in one guild, reckoned up without a database."""

    store: Store
    database: Database
    guild: int
    now: datetime
    set_limits: dict[tuple[object, ...], Limit] = field(default_factory=dict)
    lives: list[tuple[int, Generation, list[Entry]]] = field(default_factory=list)

    def here(self, member: int, roles: frozenset[int]) -> tuple[Limit, ...]:
        stored = sorted(self.set_limits.values(), key=lambda limit: limit.scope_id)  # of two alike the first counts
        return in_force((DEFAULT, *stored), member, roles)

    def used(self, limit: Limit, member: int) -> int:
        theirs = [life for life in self.lives if limit.scope in {Scope.GUILD, Scope.BOT} or life[0] == member]
        if limit.measure is Measure.CONCURRENT:
            return sum(not generation.state.is_end for _, generation, _ in theirs)
        assert limit.window is not None
        start, end = limit.window.start(self.now, UTC), limit.window.end(self.now, UTC)
        counted = [entry for *_, entries in theirs for entry in entries if start <= entry.held_at < end]
        return value(used(counted), limit.measure)

    async def ask(self, member: int, roles: frozenset[int], amounts: Amounts) -> None:
        here = self.here(member, roles)
        wanted = acceptance(DEFAULT, of=origin(member, self.guild), now=self.now, amounts=amounts)
        try:
            generation = await self.store.generations.accept(replace(wanted, role_ids=roles))
        except Rejection as rejection:
            self.check_rejection(rejection, here, member, amounts)
            return
        assert amounts.micros is not None or all(limit.measure is not Measure.MICROS for limit in here)
        binding = [limit for limit in here if wanted_of(amounts, limit.measure)]
        self.lives.append((member, generation, [hold(generation.id, amounts, self.now)]))
        assert all(self.used(limit, member) <= limit.amount for limit in binding)

    def check_rejection(self, rejection: Rejection, here: Sequence[Limit], member: int, amounts: Amounts) -> None:
        problem = rejection.problem
        if isinstance(problem, PriceUnknown):
            assert amounts.micros is None
            assert any(limit.measure is Measure.MICROS for limit in here)
            return
        assert isinstance(problem, LimitReached)
        assert problem.limit in here
        assert problem.used == self.used(problem.limit, member)
        wanted = wanted_of(amounts, problem.limit.measure)
        assert wanted > 0, "what is free always fits"
        assert problem.used + wanted > problem.limit.amount

    async def end(self, which: int, state: State, real: Amounts) -> None:
        member, generation, entries = self.lives[which % len(self.lives)]
        if generation.state.is_end:
            return
        written = settle(entries[0], real, self.now) if state is State.SUCCEEDED else (release(entries[0], self.now),)
        if state is State.SUCCEEDED:
            generation = await self.save(generation, State.SUBMITTING)
        after = await self.save(generation, state, written)
        self.lives[which % len(self.lives)] = (member, after, [*entries, *written])

    async def save(self, before: Generation, state: State, entries: tuple[Entry, ...] = ()) -> Generation:
        change = Change(before=before, after=before.move(state, self.now), entries=entries)
        return await self.store.generations.save(change)

    async def refund(self, which: int) -> None:
        _, generation, entries = self.lives[which % len(self.lives)]
        charged = next((entry for entry in entries if entry.kind is EntryKind.CHARGE), None)
        if charged is None or entries[-1].releases is EntryKind.CHARGE:
            with pytest.raises(Rejection) as caught:
                await self.store.generations.refund(generation.id, RECORD, self.now)
            assert caught.value.problem == NothingToRelease(generation.id)
            return
        given_back = await self.store.generations.refund(generation.id, RECORD, self.now)
        assert given_back == refund(charged, self.now)
        entries.append(given_back)

    async def set(self, limit: Limit) -> None:
        key = (limit.scope, limit.scope_id, *limit.counts)
        before = await self.database.write(lambda it: limits.put(it, BOT if _is_bot(limit) else self.guild, limit))
        assert before == (self.set_limits[key].amount if key in self.set_limits else None)
        self.set_limits[key] = limit

    async def clear(self) -> None:
        """Take all limits away, so that those of the bot bind nobody afterwards."""
        for limit in self.set_limits.values():
            guild_id = BOT if _is_bot(limit) else self.guild
            amount = await self.database.write(lambda it, one=limit, of=guild_id: limits.remove(it, of, one))  # type: ignore[misc]
            assert amount == limit.amount
        self.set_limits.clear()

    async def check(self) -> None:
        """The store counts as the book does, and every closed hold is given back whole."""
        for member, roles in itertools.product(range(MEMBER, MEMBER + 3), (frozenset[int](), frozenset({5, 6}))):
            found = await self.store.generations.allowances(member, self.guild, roles, [DEFAULT], self.now)
            assert {allowance.limit: allowance.used for allowance in found} == {
                limit: self.used(limit, member) for limit in self.here(member, roles)
            }
            assert all(one.remaining == max(0, one.limit.amount - one.used) for one in found)
        for _, generation, entries in self.lives:
            stored = await self.database.read(lambda it, one=generation: ledger.entries_of(it, one.id))  # type: ignore[misc]
            assert stored == entries
            if generation.state.is_end:
                closed = [one for one in stored if EntryKind.HOLD in {one.kind, one.releases}]
                assert used(closed) == Amounts(generations=0, seconds=0, micros=0)
                assert len(closed) == 2


def _is_bot(limit: Limit) -> bool:
    return limit.scope is Scope.BOT


MEMBERS = st.integers(MEMBER, MEMBER + 2)
ROLES = st.frozensets(st.sampled_from([5, 6]))
AMOUNTS = st.builds(Amounts, seconds=st.integers(0, 10), micros=st.none() | st.integers(0, 10))
WHICH = st.integers(0, 99)
SCOPES = st.sampled_from(
    [
        (Scope.BOT, 0),
        (Scope.GUILD, 0),
        (Scope.MEMBER, 0),
        (Scope.MEMBER, MEMBER),
        (Scope.ROLE, 5),
        (Scope.ROLE, 6),
    ]
)
MEASURES = st.sampled_from(
    [
        (Measure.GENERATIONS, Window.DAY),
        (Measure.GENERATIONS, Window.HOUR),
        (Measure.SECONDS, Window.DAY),
        (Measure.MICROS, Window.DAY),
        (Measure.MICROS, Window.MONTH),
        (Measure.CONCURRENT, None),
    ]
)


@st.composite
def set_limits(draw: st.DrawFn) -> Limit:
    (scope, scope_id), (measure, window) = draw(SCOPES), draw(MEASURES)
    if scope is Scope.BOT and window is None:
        window, measure = Window.DAY, Measure.GENERATIONS  # what other examples left under way would count as well
    return Limit(scope=scope, scope_id=scope_id, measure=measure, window=window, amount=draw(st.integers(0, 20)))


ASKS = st.tuples(st.just("ask"), MEMBERS, ROLES, AMOUNTS)
STEPS = st.one_of(
    ASKS,
    ASKS,
    st.tuples(st.just("end"), WHICH, st.sampled_from([State.SUCCEEDED, State.SUCCEEDED, State.FAILED]), AMOUNTS),
    st.tuples(st.just("refund"), WHICH),
    st.tuples(st.just("set"), set_limits()),
    st.tuples(st.just("wait"), st.integers(1, 30)),
)


async def live(book: Book, steps: Sequence[tuple[object, ...]]) -> None:
    for name, *facts in steps:
        if name == "wait":
            book.now += timedelta(hours=int(str(facts[0])))
        elif name in {"ask", "set"} or book.lives:
            await getattr(book, str(name))(*facts)
    await book.check()
    await book.clear()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=25))
async def test_no_hold_goes_over_a_limit_and_nothing_is_given_back_but_what_was_taken(
    store: Store, database: Database, steps: list[tuple[object, ...]]
) -> None:
    number = next(_numbers)
    await live(Book(store, database, GUILD + number, NOW + timedelta(days=100 * number)), steps)


async def test_a_refund_is_given_once_and_with_a_record(store: Store, database: Database) -> None:
    generation = await claimed(store)
    await store.generations.save(await ended(store, generation, State.SUCCEEDED))
    later = NOW + timedelta(days=40)
    entry = await store.generations.refund(generation.id, replace(RECORD, generation_id=generation.id), later)
    assert (entry.kind, entry.releases, entry.held_at, entry.at) == (EntryKind.RELEASE, EntryKind.CHARGE, NOW, later)
    assert entry.amounts == generation.amounts
    with pytest.raises(Rejection) as caught:
        await store.generations.refund(generation.id, RECORD, later)
    assert caught.value.problem == NothingToRelease(generation.id)
    query = "SELECT action, generation_id, before, after FROM audit"
    records = await database.read(lambda it: it.exec_driver_sql(query))
    figures = f"generations 1, seconds {entry.amounts.seconds}, micros {entry.amounts.micros}"
    assert [tuple(row) for row in records] == [("release", generation.id, figures, None)]


async def test_what_was_not_charged_can_t_be_refunded(store: Store) -> None:
    failed = await claimed(store)
    await store.generations.save(await ended(store, failed, State.FAILED))
    for generation in (failed, await accepted(store)):
        with pytest.raises(Rejection) as caught:
            await store.generations.refund(generation.id, RECORD, NOW)
        assert caught.value.problem == NothingToRelease(generation.id)
    with pytest.raises(Rejection) as caught:
        await store.generations.refund("nowhere", RECORD, NOW)
    assert caught.value.problem == GenerationUnknown("nowhere")


async def test_two_who_refund_at_once_give_back_once(store: Store, url: str) -> None:
    generation = await claimed(store)
    await store.generations.save(await ended(store, generation, State.SUCCEEDED))
    other = Database(url)
    await other.open()
    wanted = [
        each.generations.refund(generation.id, replace(RECORD, generation_id=generation.id), NOW)
        for each in (store, Store(other)) * 2
    ]
    outcomes = await asyncio.gather(*wanted, return_exceptions=True)
    await other.close()
    assert sum(isinstance(outcome, Entry) for outcome in outcomes) == 1
    assert {outcome.problem for outcome in outcomes if isinstance(outcome, Rejection)} == {
        NothingToRelease(generation.id)
    }


async def test_the_use_of_a_guild_s_budgets_is_that_of_its_limits_on_money(store: Store, database: Database) -> None:
    budget = Limit(scope=Scope.GUILD, measure=Measure.MICROS, amount=1_000_000, window=Window.MONTH)
    others = [replace(budget, measure=Measure.SECONDS), replace(budget, scope=Scope.MEMBER)]
    for limit in (budget, *others):
        await database.write(lambda it, one=limit: limits.put(it, GUILD, one))  # type: ignore[misc]
    await database.write(lambda it: limits.put(it, BOT, replace(budget, scope=Scope.BOT)))
    await accepted(store, of=origin(MEMBER + 1))
    await accepted(store, of=origin(guild=GUILD + 1))
    (use,) = await store.generations.budget_use(GUILD, NOW)
    assert (use.limit, use.used, use.resets_at) == (budget, 400_000, NOW.replace(month=4, day=1, hour=0))
    assert await store.generations.budget_use(GUILD + 1, NOW) == []

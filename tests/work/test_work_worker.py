"""The loop: claims that exclude one another, leases that last, and a stop that hands back."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from sqlalchemy.exc import OperationalError

from bot.domain.change import Change
from bot.domain.generation import Generation, State, StepKind
from bot.work.steps import Step
from bot.work.worker import TRIPPED_PAUSE, TRIPPED_PAUSE_LONGEST, Worker
from sandbox.provider import Outcome
from tests.work.conftest import OpenStage
from tests.work.stage import Stage

LEASE = timedelta(minutes=2)


def now() -> datetime:
    return datetime.now(UTC)


def only(step: Step) -> Mapping[State, Step]:
    return dict.fromkeys(State, step)


def worker_of(stage: Stage, step: Step, *, lease: timedelta = LEASE, slots: int = 8) -> Worker:
    return Worker(stage.store.generations, only(step), stage.clock.now, slots=slots, lease=lease)


def later(stage: Stage, pause: timedelta) -> Callable[[Generation], Awaitable[Generation | None]]:
    """A step that does nothing but put its generation off."""

    async def put_off(generation: Generation) -> Generation | None:
        return generation.evolve(due_at=stage.clock.now() + pause)

    return put_off


async def test_no_more_steps_are_under_way_than_there_are_slots(stage: Stage) -> None:
    under_way, most = 0, 0

    async def step(generation: Generation) -> Generation | None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.005)
        under_way -= 1
        return generation.evolve(due_at=None)

    for _ in range(7):
        await stage.ask()
    worker = worker_of(stage, step, slots=3)
    begun = [await worker.turn(), await worker.turn()]
    await worker.settle()
    assert begun == [3, 0]
    while await worker.turn():
        await worker.settle()
    assert most == 3
    assert await stage.store.generations.next_due() is None


async def test_deliveries_that_hang_hold_up_neither_polls_nor_submissions(open_stage: OpenStage) -> None:
    stage = await open_stage(slots=4)
    stage.simulated.plan(Outcome.REFUSED, 4)
    stage.simulated.plan(Outcome.STUCK)
    stage.delivery.delay("tell", times=4)
    for _ in range(4):
        await stage.follow(await stage.ask(), State.FAILED)
    await stage.follow(await stage.ask(), State.RUNNING)
    stage.delivery.hanging.add("tell")
    stage.clock.advance(timedelta(minutes=10))
    asked, polls, tells = await stage.ask(), len(stage.simulated.polls), stage.delivery.calls["tell"]
    async with asyncio.timeout(20):
        while (await stage.read(asked)).state is State.ACCEPTED or len(stage.simulated.polls) == polls:
            await stage.worker.turn()
            await asyncio.sleep(0.01)
    assert stage.delivery.calls["tell"] - tells == 2
    await stage.worker.stop(timedelta(0))


async def test_nothing_that_waits_takes_the_slots_of_polls(stage: Stage) -> None:
    states: list[State] = []

    async def step(generation: Generation) -> Generation | None:
        states.append(generation.state)
        await asyncio.sleep(10)
        return generation

    for _ in range(9):
        await stage.ask()
    worker = worker_of(stage, step, slots=8)
    begun = [await worker.turn(), await worker.turn()]
    await worker.stop(timedelta(0))
    assert begun == [6, 0]


async def test_the_oldest_step_of_each_kind_is_known(stage: Stage) -> None:
    async def step(generation: Generation) -> Generation | None:
        await asyncio.sleep(10)
        return generation

    worker, began = worker_of(stage, step), stage.clock.now()
    for _ in range(2):
        await stage.ask()
        await worker.turn()
        stage.clock.advance(timedelta(minutes=1))
    assert worker.oldest_steps() == {StepKind.SUBMISSION: began}
    await worker.stop(timedelta(0))
    assert worker.oldest_steps() == {}


async def test_two_workers_never_step_the_same_row_at_once(stage: Stage, open_stage: OpenStage) -> None:
    other = await open_stage(clock=stage.clock)
    under_way: set[str] = set()
    twice: list[str] = []
    steps: Counter[str] = Counter()

    async def step(generation: Generation) -> Generation | None:
        if generation.id in under_way:
            twice.append(generation.id)
        under_way.add(generation.id)
        await asyncio.sleep(0.002)
        under_way.discard(generation.id)
        steps[generation.id] += 1
        return generation.evolve(due_at=stage.clock.now() if steps[generation.id] < 4 else None)

    for _ in range(12):
        await stage.ask()
    workers = [worker_of(one, step, slots=4) for one in (stage, other)]
    while await stage.store.generations.next_due() is not None:
        await asyncio.gather(*(worker.turn() for worker in workers))
        await asyncio.gather(*(worker.settle() for worker in workers))
    assert twice == []
    assert sorted(steps.values()) == [4] * 12


async def test_two_bots_on_one_store_submit_and_tell_each_generation_once(stage: Stage, open_stage: OpenStage) -> None:
    other = await open_stage(clock=stage.clock)
    asked = [await stage.ask() for _ in range(4)]
    for _ in range(12):
        await asyncio.gather(stage.work(), other.work())
        stage.clock.advance(timedelta(seconds=5))
    for generation in asked:
        assert (await stage.read(generation)).told is State.SUCCEEDED
        told = stage.delivery.states_told(generation) + other.delivery.states_told(generation)
        assert told == [State.SUCCEEDED]
    assert stage.attempts() == 4


async def test_a_step_that_raises_stops_no_other(stage: Stage) -> None:
    bad, good = await stage.ask(), await stage.ask()

    async def step(generation: Generation) -> Generation | None:
        if generation.id == bad.id:
            raise ValueError("a mistake of the program")
        return generation.evolve(due_at=None)

    worker = worker_of(stage, step)
    assert await worker.turn() == 2
    await worker.settle()
    assert (await stage.read(good)).due_at is None
    assert (await stage.read(bad)).due_at is not None
    assert await worker.turn() == 0
    stage.clock.advance(LEASE)
    assert await worker.turn() == 1
    await worker.settle()


async def test_a_step_that_outlasts_its_lease_keeps_it(stage: Stage) -> None:
    stage.clock.time = now()
    await stage.ask()
    begun: list[str] = []

    async def step(generation: Generation) -> Generation | None:
        begun.append(generation.id)
        await asyncio.sleep(0.8)
        return generation.evolve(due_at=None)

    lease = timedelta(seconds=0.3)
    workers = [
        Worker(stage.store.generations, only(step), now, slots=4, lease=lease),
        Worker(stage.store.generations, only(step), now, slots=4, lease=lease),
    ]
    running = [asyncio.create_task(worker.run()) for worker in workers]
    await asyncio.sleep(0.7)
    await asyncio.gather(*(worker.stop(timedelta(seconds=1)) for worker in workers), *running)
    assert len(begun) == 1


async def test_a_step_whose_lease_was_lost_is_ended(stage: Stage) -> None:
    stage.clock.time = now()
    generation = await stage.ask()
    begun, ended = asyncio.Event(), asyncio.Event()

    async def step(claimed: Generation) -> Generation | None:
        begun.set()
        try:
            await asyncio.sleep(10)
        finally:
            ended.set()
        return claimed

    worker = Worker(stage.store.generations, only(step), now, slots=1, lease=timedelta(seconds=0.15))
    running = asyncio.create_task(worker.run())
    async with asyncio.timeout(5):
        await begun.wait()
    (taken,) = await stage.store.generations.claim(now() + timedelta(hours=1), LEASE, 1)
    assert taken.id == generation.id
    async with asyncio.timeout(2):
        await ended.wait()
    await worker.stop(timedelta(seconds=1))
    await running


async def test_a_stop_ends_what_takes_too_long_and_hands_it_back(stage: Stage) -> None:
    quick, slow = await stage.ask(), await stage.ask()
    begun = asyncio.Event()

    async def step(generation: Generation) -> Generation | None:
        begun.set()
        await asyncio.sleep(0.01 if generation.id == quick.id else 10)
        return generation.evolve(due_at=None)

    worker = worker_of(stage, step)
    running = asyncio.create_task(worker.run())
    async with asyncio.timeout(5):
        await begun.wait()
    async with asyncio.timeout(8):  # the slow step alone would take 10 s
        await worker.stop(timedelta(seconds=0.2))
        await running
    assert (await stage.read(quick)).due_at is None
    (handed_back,) = await stage.store.generations.claim(stage.clock.now(), LEASE, 5)
    assert handed_back.id == slow.id


async def test_a_stop_never_hands_back_what_is_being_submitted(open_stage: OpenStage) -> None:
    stage = await open_stage(call_timeout=timedelta(seconds=30))
    generation = await stage.ask(prompt="a harbour [timeout]")
    await stage.worker.turn()
    async with asyncio.timeout(5):
        while not stage.attempts():  # noqa: ASYNC110 - the provider tells nobody when a submission arrives
            await asyncio.sleep(0.005)
    await stage.worker.stop(timedelta(0))
    assert await stage.store.generations.claim(stage.clock.now(), LEASE, 5) == []
    next_run = await open_stage(clock=stage.clock)
    await next_run.store.generations.release_leases()
    assert (await next_run.follow(generation, State.UNCONFIRMED)).told is State.UNCONFIRMED
    assert stage.attempts() == 1


async def test_nothing_begins_or_goes_on_after_a_stop(stage: Stage) -> None:
    done: list[str] = []

    async def step(generation: Generation) -> Generation | None:
        await asyncio.sleep(0.01)
        done.append(generation.id)
        return generation.evolve(due_at=None)

    for _ in range(5):
        await stage.ask()
    worker = worker_of(stage, step)
    turn = asyncio.create_task(worker.turn())
    await asyncio.sleep(0)
    await worker.stop(timedelta(seconds=1))
    assert len(done) == await turn
    assert await worker.turn() == 0
    left = await stage.store.generations.claim(stage.clock.now(), LEASE, 10)
    assert len(left) == 5 - len(done)


async def test_a_new_row_is_taken_up_when_the_worker_is_woken(stage: Stage) -> None:
    stage.clock.time = now()
    begun = asyncio.Event()

    async def step(generation: Generation) -> Generation | None:
        begun.set()
        return generation.evolve(due_at=None)

    worker = Worker(stage.store.generations, only(step), now, slots=1, lease=LEASE)
    running = asyncio.create_task(worker.run())
    await asyncio.sleep(0.05)
    await stage.ask()
    worker.wake()
    async with asyncio.timeout(30):
        await begun.wait()
    await worker.stop(timedelta(seconds=1))
    await running


class FailingStore:
    """The store's claims, with a database that fails a few times first."""

    def __init__(self, stage: Stage, failures: int) -> None:
        self._real = stage.store.generations
        self.failures = failures
        self.deferred = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)

    async def next_due(self, *kinds: Collection[StepKind]) -> datetime | None:
        self._fail()
        return await self._real.next_due(*kinds)

    async def defer(self, generations: list[Generation]) -> None:
        self._fail()
        await self._real.defer(generations)
        self.deferred += len(generations)

    def _fail(self) -> None:
        if self.failures:
            self.failures -= 1
            raise OperationalError("SELECT 1", {}, Exception("database is locked"))


async def test_what_was_to_be_written_back_is_not_lost_with_a_database_that_fails(stage: Stage) -> None:
    generation = await stage.ask()
    store = FailingStore(stage, failures=0)
    worker = Worker(store, only(later(stage, LEASE)), stage.clock.now, slots=1, lease=LEASE)  # type: ignore[arg-type]
    await worker.turn()
    store.failures = 1
    try:
        await worker.settle()
    except OperationalError:
        await worker.settle()
    assert store.deferred == 1
    assert (await stage.read(generation)).due_at == stage.clock.now() + LEASE


async def test_the_loop_outlives_a_database_that_fails_for_a_moment(stage: Stage) -> None:
    stage.clock.time = now()
    store = FailingStore(stage, failures=1)
    worker = Worker(store, only(later(stage, LEASE)), now, slots=1, lease=LEASE)  # type: ignore[arg-type]
    running = asyncio.create_task(worker.run())
    await asyncio.sleep(0.1)
    assert not running.done()
    await worker.stop(timedelta(seconds=1))
    await running


async def test_a_row_whose_step_trips_rests_ever_longer_and_holds_up_no_other(stage: Stage) -> None:
    generation = await stage.ask()
    tried: list[datetime] = []

    async def step(claimed: Generation) -> Generation | None:
        tried.append(stage.clock.now())
        raise LookupError(claimed.id)

    worker = worker_of(stage, step)
    for _ in range(12):
        stage.clock.time = await stage.store.generations.next_due() or stage.clock.time
        await worker.turn()
        await worker.settle()
    pauses = [later - earlier for earlier, later in pairwise(tried)]
    assert pauses[:3] == [TRIPPED_PAUSE, 2 * TRIPPED_PAUSE, 4 * TRIPPED_PAUSE]
    assert pauses[-1] == TRIPPED_PAUSE_LONGEST
    assert (await stage.read(generation)).state is generation.state


async def test_a_step_that_trips_after_its_write_undoes_nothing(stage: Stage) -> None:
    generation = await stage.ask()

    async def step(claimed: Generation) -> Generation | None:
        now = stage.clock.now()
        submitting = claimed.move(State.SUBMITTING, now, submitted_at=now)
        await stage.store.generations.save(Change(before=claimed, after=submitting, keeps_lease=True))
        raise LookupError(claimed.id)

    worker = worker_of(stage, step)
    await worker.turn()
    await worker.settle()
    assert (await stage.read(generation)).state is State.SUBMITTING
    assert await stage.store.generations.claim(stage.clock.now() + LEASE / 2, LEASE, 1) == []


async def test_turns_that_fail_are_turns_and_say_since_when(stage: Stage) -> None:
    stage.clock.time = now()
    store = FailingStore(stage, failures=1)
    worker = Worker(store, only(later(stage, LEASE)), now, slots=1, lease=LEASE)  # type: ignore[arg-type]
    before = worker.turned_at
    running = asyncio.create_task(worker.run())
    async with asyncio.timeout(10):
        while worker.failing_since is None:  # noqa: ASYNC110 - no event tells of a turn that failed
            await asyncio.sleep(0.01)
    failing: list[datetime | None] = [worker.failing_since]
    assert worker.turned_at > before
    await worker.turn()
    failing.append(worker.failing_since)
    assert [since is None for since in failing] == [False, True]
    await worker.stop(timedelta(seconds=1))
    await running

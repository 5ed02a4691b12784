"""Two bots on one store whose steps stop at every call to the outside until a test lets them on, or ends them."""

import asyncio
import contextlib
import inspect
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.exc import OperationalError

from bot.domain.errors import Rejection
from bot.domain.generation import ARROWS, Generation, MessageRef, Reason, State
from bot.providers.errors import Unreachable
from bot.work.actors import Actor
from bot.work.decisions import Decisions
from bot.work.policy import Policy
from bot.work.protocols import Check, DeliveryDelayedError, Notice, nothing_to_check
from bot.work.steps import Tools
from bot.work.worker import CLAIM_EVERY
from sandbox.provider import Outcome, SimulatedProvider
from tests.work.assembly import Setting, opened
from tests.work.stage import (
    CHANNEL,
    CHARGED,
    GUILD,
    HELD,
    MEMBER,
    RELEASED,
    STANDING,
    Clock,
    RecordedDelivery,
    Stage,
    origin,
)

POLICY = Policy(
    poll_interval=timedelta(minutes=3),
    poll_interval_longest=timedelta(minutes=3),
    slow_poll_interval=timedelta(minutes=10),
    deadline=timedelta(minutes=10),
    give_up_after=timedelta(minutes=30),
)
MOVES = """
CREATE TABLE moves (id INTEGER PRIMARY KEY, generation TEXT, was TEXT, state TEXT);
CREATE TRIGGER moved AFTER UPDATE OF state ON generations WHEN old.state <> new.state
BEGIN INSERT INTO moves (generation, was, state) VALUES (old.id, old.state, new.state); END;
"""
"""Lets the database itself note every arrow."""

Lost = Callable[[], Exception]
StepTask = asyncio.Task[Any]


@dataclass(frozen=True, slots=True)
class _Stop:
    name: str
    lost: Lost
    leave: asyncio.Future[None]


@dataclass(slots=True)
class Gates:
    """Stops every step before and after each of its calls, so that nothing happens but what a test lets happen."""

    is_open: bool = False
    waiting: dict[StepTask, _Stop] = field(default_factory=dict)
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def stop(self, name: str, lost: Lost) -> None:
        """Wait here until let on; what is not a step passes."""
        task = asyncio.current_task()
        if self.is_open or task is None or not task.get_name().startswith("step-"):
            return
        self.waiting[task] = _Stop(name, lost, asyncio.get_running_loop().create_future())
        self._arrived.set()
        try:
            await self.waiting[task].leave
        finally:
            self.waiting.pop(task, None)

    async def let_on(self, task: StepTask, error: Exception | None = None) -> None:
        """Let one step go on to its next stop or its end, with an error in place of its call's outcome if given."""
        self.release(task, error)
        await self.arrival(task)

    async def arrival(self, task: StepTask) -> None:
        """Wait until a step has stopped or ended."""
        task.add_done_callback(lambda _: self._arrived.set())
        while not task.done() and task not in self.waiting:
            self._arrived.clear()
            await self._arrived.wait()

    def open(self) -> None:
        """Stop nobody any more."""
        self.is_open = True
        for task in list(self.waiting):
            self.release(task)

    def release(self, task: StepTask, error: Exception | None = None) -> None:
        """Let one step leave its stop, and don't wait for where it gets to."""
        leave = self.waiting.pop(task).leave
        if error is None:
            leave.set_result(None)
        else:
            leave.set_exception(error)


class Gated:
    """A part of a bot whose every call stops before and after it is made."""

    def __init__(self, part: Any, gates: Gates, before: Lost, after: Lost) -> None:
        self._part = part
        self._gates = gates
        self._before = before
        self._after = after

    def __getattr__(self, name: str) -> Any:
        """The part's own, with the stops where it is a call."""
        call = getattr(self._part, name)
        if not inspect.iscoroutinefunction(call):
            return call

        async def stopping(*values: Any, **named: Any) -> Any:
            await self._gates.stop(f"before {name}", self._before)
            outcome = await call(*values, **named)
            await self._gates.stop(f"after {name}", self._after)
            return outcome

        return stopping


@dataclass(slots=True)
class NoncedDelivery(RecordedDelivery):
    """Makes one message of all that is posted about the same generation and state, as Discord's nonce does."""

    messages: dict[tuple[str, State], MessageRef] = field(default_factory=dict)
    posts: list[tuple[tuple[str, State], StepTask | None]] = field(default_factory=list)

    async def tell(self, generation: Generation, notice: Notice, check: Check = nothing_to_check) -> MessageRef | None:
        await check()
        key = (generation.id, generation.state)
        self.posts.append((key, asyncio.current_task()))
        assert all(file.path.is_file() for file in notice.files)
        return self.messages.setdefault(key, MessageRef(channel_id=CHANNEL, message_id=len(self.messages) + 1))


def _locked() -> Exception:
    return OperationalError("COMMIT", {}, Exception("database is locked"))


def _away() -> Exception:
    return DeliveryDelayedError("Discord is away")


def _unreachable() -> Exception:
    return Unreachable("no connection")


@dataclass(slots=True)
class Pair:
    """Two bots that share a store, a provider and Discord, and what is known of their past."""

    folder: Path
    stack: AsyncExitStack
    simulated: SimulatedProvider
    clock: Clock = field(default_factory=Clock)
    gates: Gates = field(default_factory=Gates)
    bots: list[Stage] = field(default_factory=list)
    asked: list[Generation] = field(default_factory=list)
    prompts: list[str] = field(default_factory=list)
    steps: dict[StepTask, tuple[int, datetime]] = field(default_factory=dict)
    disturbed: set[StepTask] = field(default_factory=set)
    delivery: NoncedDelivery = field(init=False)
    database: sqlite3.Connection = field(init=False)

    def __post_init__(self) -> None:
        self.delivery = NoncedDelivery(self.clock)

    async def open(self) -> None:
        """Start both bots on a migrated database."""
        self.database = sqlite3.connect(self.folder / "showreel.db")
        self.stack.callback(self.database.close)
        self.database.executescript(MOVES)
        self.bots = [await self._opened(number) for number in range(2)]

    @property
    def stopped(self) -> list[StepTask]:
        """The steps that wait at a stop, longest begun first."""
        return [task for task in self.steps if task in self.gates.waiting]

    async def ask(self, outcome: Outcome, *, has_card: bool) -> None:
        """Let a member ask for a video which the provider treats as the outcome says."""
        self.prompts.append(f"harbour {len(self.prompts)} [{outcome.value}]")
        bot = self.bots[0]
        if not bot.door.is_open:
            return
        ask = bot.ask if has_card else bot.ask_without_card
        self.asked.append(await ask(prompt=self.prompts[-1]))

    async def turn(self, number: int) -> None:
        """Let one bot claim what is due and begin the steps, up to their first stop.

        Where no step is under way, time goes on to when something is due.
        """
        if not self.stopped:
            self._hop()
        await self.bots[number].worker.turn()
        for task in asyncio.all_tasks():
            if task.get_name().startswith("step-") and task not in self.steps:
                self.steps[task] = (number, self.clock.now())
                await self.gates.arrival(task)

    async def go(self, index: int, stops: int) -> None:
        """Let one step go on for so many stops."""
        task = await self._chosen(index)
        for _ in range(stops):
            if task is not None and task in self.gates.waiting:
                await self.gates.let_on(task)

    async def go_to(self, index: int, stop: str) -> None:
        """Let one step go on up to a stop of that name, or to its end."""
        task = await self._chosen(index)
        while task is not None and task in self.gates.waiting and self.gates.waiting[task].name != stop:
            await self.gates.let_on(task)

    async def lose(self, index: int) -> None:
        """Let the call at which a step stopped fail: never made, or its answer lost."""
        task = await self._chosen(index)
        if task is not None:
            self.disturbed.add(task)
            await self.gates.let_on(task, self.gates.waiting[task].lost())

    async def cut(self, index: int, spins: int) -> None:
        """End a step within its next call, as one is ended whose lease is gone."""
        task = await self._chosen(index)
        if task is not None:
            self.gates.release(task)
            for _ in range(spins):
                await asyncio.sleep(0)
            await self._end(task)

    async def die(self, number: int) -> None:
        """Kill one bot with all that it had in hand, and start another in its place."""
        await self._end(*(task for task, (owner, _) in self.steps.items() if owner == number))
        self.bots[number] = await self._opened(number)

    async def wait(self, pause: timedelta) -> None:
        """Let time go by."""
        self._pass(pause)

    async def cancel(self, index: int) -> None:
        """Let a member wish a generation cancelled."""
        if self.asked:
            chosen = self.asked[index % len(self.asked)]
            await self.bots[1].store.generations.request_cancel(chosen.id, Reason.BY_REQUESTER, self.clock.now())

    async def decide(self, index: int, decision: str) -> None:
        """Let an unconfirmed generation that nobody holds be given up or submitted again, or its task be attached."""
        for generation in self.asked[index % max(1, len(self.asked)) :]:
            free = "SELECT 1 FROM generations WHERE id = ? AND state = 'unconfirmed' AND lease_until IS NULL"
            if not self._rows(free, generation.id):
                continue
            bot = self.bots[0]
            decisions, actor = Decisions(bot.tools, bot.service), Actor(user_id=MEMBER, guild_id=GUILD, is_owner=True)
            tasks = [task for task in self._tasks_of(generation) if await bot.store.generations.find(task) is None]
            if decision == "give_up":
                await decisions.give_up(generation.id, actor)
            elif decision == "submit_again":
                with contextlib.suppress(Rejection):  # the door may be closed
                    self.asked.append(await decisions.submit_again(generation.id, actor, origin(), STANDING))
            elif tasks:
                await decisions.attach(generation.id, tasks[0], actor)
            return

    async def come_to_rest(self) -> None:
        """Let everything happen that still will, with no more faults."""
        self.gates.open()
        for _ in range(400):
            for bot in self.bots:
                await bot.work()
            if not self._rows("SELECT 1 FROM generations WHERE due_at IS NOT NULL"):
                return
            self._hop()
        raise AssertionError("something is stuck")

    def check(self) -> None:
        """What holds at any instant."""
        for was, state in self._rows("SELECT was, state FROM moves"):
            assert State(state) in ARROWS[State(was)]
        asked = Counter(generation.request.prompt for generation in self.asked)
        for generation in self.asked:
            assert len(self._tasks_of(generation)) <= asked[generation.request.prompt]
            self._check_ledger(generation)
        undisturbed = Counter(key for key, task in self.delivery.posts if task not in self.disturbed)
        assert all(times == 1 for times in undisturbed.values())

    def check_rest(self) -> None:
        """Everything ended, and was told, and of nothing else but that it was unclear before."""
        for generation in self.asked:
            ((state, told),) = self._rows("SELECT state, told FROM generations WHERE id = ?", generation.id)
            assert told == state
            passed = {
                State(one) for (one,) in self._rows("SELECT state FROM moves WHERE generation = ?", generation.id)
            }
            messages = {one for of, one in self.delivery.messages if of == generation.id}
            assert State(state).is_end
            assert {State(state)} <= messages <= passed
            assert messages <= {State(state), State.UNCONFIRMED}

    async def _chosen(self, index: int) -> StepTask | None:
        """One of the steps under way; where there is none, one is begun."""
        if not self.stopped:
            await self.turn(index % 2)
        stopped = self.stopped
        return stopped[index % len(stopped)] if stopped else None

    def _hop(self) -> None:
        """Go on to when a row is due whose lease is over, and has to be noticed."""
        free = "SELECT min(max(due_at, coalesce(lease_until, 0))) FROM generations WHERE due_at IS NOT NULL"
        ((micros,),) = self._rows(free)
        if micros is not None:
            due = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=micros)
            self._pass(max(due - self.clock.now(), CLAIM_EVERY))

    def _pass(self, pause: timedelta) -> None:
        """Let time go by; a step that is still stopped when its lease is over has lost it."""
        self.clock.advance(pause)
        for task in self.stopped:
            if self.clock.now() - self.steps[task][1] >= POLICY.lease:
                self.disturbed.add(task)

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        return self.database.execute(query, values).fetchall()

    def _tasks_of(self, generation: Generation) -> list[str]:
        prompt = generation.request.prompt
        return [made.task_id for made in self.simulated.submissions if made.task_id and made.body["prompt"] == prompt]

    def _check_ledger(self, generation: Generation) -> None:
        ((state,),) = self._rows("SELECT state FROM generations WHERE id = ?", generation.id)
        query = "SELECT kind, releases, generations, seconds FROM ledger WHERE generation_id = ? ORDER BY id"
        entries = self._rows(query, generation.id)
        ended = CHARGED if state == State.SUCCEEDED else RELEASED
        assert [entry[:2] for entry in entries] == (ended if State(state).is_end else HELD)
        assert {entry[2:] for entry in entries} == {(1, generation.amounts.seconds)}

    async def _end(self, *tasks: StepTask) -> None:
        for task in tasks:
            if not task.done():
                self.disturbed.add(task)
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _opened(self, number: int) -> Stage:
        """A bot with a spool of its own on the common database."""
        folder = self.folder / f"bot{number}"
        folder.mkdir(exist_ok=True)
        link = folder / "showreel.db"
        if not link.is_symlink():
            link.symlink_to(self.folder / "showreel.db")
        setting = Setting(
            folder=folder,
            simulated=self.simulated,
            attachment_origin=self.simulated.origin,
            base_url=self.simulated.url,
            policy=POLICY,
            clock=self.clock,
            around=self._gated,
        )
        return await opened(setting, self.stack)

    def _gated(self, tools: Tools) -> Tools:
        parts: dict[str, Any] = {
            "store": Gated(tools.store, self.gates, _locked, _locked),
            "provider": Gated(tools.provider, self.gates, _unreachable, TimeoutError),
            "delivery": Gated(self.delivery, self.gates, _away, _away),
        }
        return replace(tools, **parts)

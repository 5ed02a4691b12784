"""Everything that the work needs, real but for Discord: a driven clock, a recorded delivery, and all of it joined."""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.domain.generation import Generation, MessageRef, Origin, State
from bot.domain.guild import Standing
from bot.domain.ledger import Amounts
from bot.domain.limits import Window
from bot.domain.request import Input, Operation
from bot.store.database import Database
from bot.store.store import Store
from bot.work.door import Door
from bot.work.feed import CatalogFeed
from bot.work.policy import Policy
from bot.work.protocols import Check, DeliveryDelayedError, Notice, nothing_to_check
from bot.work.service import Draft, Service
from bot.work.steps import Tools
from bot.work.worker import Worker
from sandbox.provider import SimulatedProvider

START = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
MEMBER = 9_001
GUILD = 7_001
CHANNEL = 8_001
STANDING = Standing(name="Ada", channel_ids=frozenset({CHANNEL}))
_numbers = iter(range(1, 1_000_000))


Event = Callable[[], Awaitable[object]]


class Clock:
    """The time, which goes on only when it is told to."""

    def __init__(self) -> None:
        self.time = START

    def now(self) -> datetime:
        return self.time

    def advance(self, pause: timedelta) -> None:
        self.time += pause


@dataclass(slots=True)
class RecordedDelivery:
    """Keeps what it was asked to do; does it late (`delay`), never (`hanging`) or not at all (`refuses`) where told."""

    clock: Clock
    cards: list[str] = field(default_factory=list)
    threads: list[str] = field(default_factory=list)
    kept: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    kept_urls: dict[str, tuple[str, ...]] = field(default_factory=dict)
    shown: list[Generation] = field(default_factory=list)
    usual: timedelta | None = None
    limit: int = 10 * 1_048_576
    told: list[tuple[Generation, Notice]] = field(default_factory=list)
    bytes_told: list[tuple[int, ...]] = field(default_factory=list)
    slow: list[str] = field(default_factory=list)
    owner: list[str | None] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)
    hanging: set[str] = field(default_factory=set)
    calls: Counter[str] = field(default_factory=Counter)
    tried_at: list[datetime] = field(default_factory=list)
    _events: dict[str, Event] = field(default_factory=dict)
    _delays: dict[str, deque[timedelta | None]] = field(default_factory=dict)

    def during(self, method: str, event: Event) -> None:
        """Let something happen once while a method is under way."""
        self._events[method] = event

    def delay(self, method: str, times: int = 1, retry_after: timedelta | None = None) -> None:
        """Let the next calls of a method find Discord away."""
        self._delays.setdefault(method, deque()).extend([retry_after] * times)

    async def find_or_post_card(self, generation: Generation) -> MessageRef | None:
        await self._begin("find_or_post_card")
        if "find_or_post_card" in self.refuses:
            return None
        self.cards.append(generation.id)
        return MessageRef(channel_id=generation.origin.channel_id, message_id=next(_numbers))

    async def open_thread(self, generation: Generation) -> int | None:
        await self._begin("open_thread")
        if "open_thread" in self.refuses:
            return None
        self.threads.append(generation.id)
        return next(_numbers)

    async def keep_inputs(self, generation: Generation, files: Sequence[Path]) -> tuple[int, ...]:
        await self._begin("keep_inputs")
        if "keep_inputs" in self.refuses:
            return ()
        assert all(path.is_file() for path in files)
        self.kept.append((generation.id, tuple(path.name for path in files)))
        return tuple(next(_numbers) for _ in files)

    async def input_urls(self, generation: Generation) -> tuple[str, ...] | None:
        await self._begin("input_urls")
        return self.kept_urls.get(generation.id) if generation.kept_inputs else None

    async def show(self, generation: Generation, usual: timedelta | None, now: datetime) -> None:
        assert now == self.clock.now()
        await self._begin("show")
        self.shown.append(generation)
        self.usual = usual

    async def upload_limit(self, generation: Generation) -> int:  # noqa: ARG002 - one limit for all
        return self.limit

    async def tell(self, generation: Generation, notice: Notice, check: Check = nothing_to_check) -> MessageRef | None:
        await check()
        self.tried_at.append(self.clock.now())
        await self._begin("tell")
        if "tell" in self.refuses:
            self.told.append((generation, notice))
            return None
        self.bytes_told.append(tuple(file.path.stat().st_size for file in notice.files))
        self.told.append((generation, notice))
        return MessageRef(channel_id=generation.thread_id or CHANNEL, message_id=next(_numbers))

    async def tell_slow(self, generation: Generation, since: datetime) -> None:
        assert since <= self.clock.now()
        await self._begin("tell_slow")
        self.slow.append(generation.id)

    async def tell_owner(self, door_closed_by: str | None) -> None:
        await self._begin("tell_owner")
        self.owner.append(door_closed_by)

    def states_told(self, generation: Generation) -> list[State]:
        """The states that a generation's requester was told, in their order."""
        return [told.state for told, _ in self.told if told.id == generation.id]

    async def _begin(self, method: str) -> None:
        self.calls[method] += 1
        if method in self.hanging:
            await asyncio.Event().wait()
        event = self._events.pop(method, None)
        if event:
            await event()
        waiting = self._delays.get(method)
        if waiting:
            raise DeliveryDelayedError("Discord is away", waiting.popleft())


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One bot at work: `follow` drives it through time without waiting."""

    folder: Path
    clock: Clock
    simulated: SimulatedProvider
    database: Database
    store: Store
    delivery: RecordedDelivery
    tools: Tools
    feed: CatalogFeed
    worker: Worker
    service: Service

    @property
    def policy(self) -> Policy:
        return self.tools.policy

    @property
    def door(self) -> Door:
        return self.tools.door

    async def ask(self, operation: Operation = Operation.TEXT, *inputs: Input, **draft: object) -> Generation:
        """A request that is accepted, with its card posted."""
        generation = await self.ask_without_card(operation, *inputs, **draft)
        await self.service.card_posted(generation, MessageRef(channel_id=CHANNEL, message_id=next(_numbers)))
        return await self.read(generation)

    async def ask_without_card(
        self, operation: Operation = Operation.TEXT, *inputs: Input, **draft: object
    ) -> Generation:
        """A request that is accepted, and then the process died before its card was known."""
        facts = {"prompt": "a quiet harbour", "model": "veo3.1-fast"} | draft
        return await self.service.accept(Draft(operation=operation, inputs=inputs, **facts), origin(), STANDING)  # type: ignore[arg-type]

    async def read(self, generation: Generation) -> Generation:
        """The row as it is now."""
        found = await self.store.generations.get(generation.id)
        assert found is not None
        return found

    async def work(self) -> None:
        """Do all that is due at this instant, and tell the owner of the door, as its watch does beside it."""
        for _ in range(50):
            begun = await self.worker.turn()
            await self.worker.settle()
            await self.door.tell()
            if not begun:
                return
        raise AssertionError("there is no end of work at one instant")

    async def hop(self) -> None:
        """Go on to the next instant at which something is due, and do it."""
        due = await self.store.generations.next_due()
        assert due is not None, "nothing will ever be due"
        self.clock.time = max(self.clock.time, due)
        await self.work()

    async def follow(self, generation: Generation, *until: State, hops: int = 60) -> Generation:
        """Work until a generation is in one of these states, by default ended and told."""
        await self.work()
        for _ in range(hops):
            now = await self.read(generation)
            if now.state in until or (not until and now.state.is_end and not now.is_to_be_told):
                return now
            await self.hop()
        raise AssertionError(f"still {now.state}")

    async def settled(self, generation: Generation) -> list[tuple[str, str]]:
        """The kinds of the ledger's entries for a generation, each with what it releases."""
        query = "SELECT kind, releases FROM ledger WHERE generation_id = ? ORDER BY id"
        return [(str(row[0]), str(row[1])) for row in await self.rows(query, generation.id)]

    async def used(self) -> Amounts:
        """What the member used today."""
        return await self.store.generations.used_amounts(MEMBER, GUILD, Window.DAY, self.clock.now())

    async def rows(self, query: str, *values: object) -> list[tuple[object, ...]]:
        """Read straight from the database."""

        async def read(connection: object) -> list[tuple[object, ...]]:
            return [tuple(row) for row in (await connection.exec_driver_sql(query, values)).all()]  # type: ignore[attr-defined]

        return await self.database.read(read)

    def attempts(self) -> int:
        """How many submissions the provider has seen."""
        return len(self.simulated.submissions)


def origin(member: int = MEMBER, *, in_thread: bool = False) -> Origin:
    """A new interaction of a member in the guild."""
    return Origin(
        interaction_id=next(_numbers),
        interaction_token="token",
        guild_id=GUILD,
        channel_id=CHANNEL,
        requester_id=member,
        locale="en-GB",
        in_thread=in_thread,
        upload_limit=10 * 1024 * 1024,
    )


RELEASED: Sequence[tuple[str, str]] = [("hold", ""), ("release", "hold")]
HELD: Sequence[tuple[str, str]] = [("hold", "")]
CHARGED: Sequence[tuple[str, str]] = [("hold", ""), ("release", "hold"), ("charge", "")]

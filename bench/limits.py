"""How long accepting takes under limits of a month that count 900,000 rows, against the same without limits.

Run it as `python -m bench.limits`. Both databases hold the same ledger, all of it in this month; in one of them a guild
and the whole bot have budgets. What counts is the ratio, of what callers do together and of one after another.
"""

import asyncio
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.domain.change import Acceptance
from bot.domain.generation import Origin
from bot.domain.ledger import Amounts
from bot.domain.limits import LARGEST, Limit, Measure, Scope, Window
from bot.domain.request import Operation, Request
from bot.store.database import Database
from bot.store.schema import migrate
from bot.store.store import Store

ROWS = 900_000
MEMBERS = 20_000
GUILD = 7
CALLERS = 32
COUNT = 600  # acceptances in one round
ROUNDS = 5
NOW = datetime(2026, 6, 30, 12, 0, tzinfo=UTC)
BUDGETS = tuple(
    Limit(scope=scope, measure=Measure.MICROS, amount=LARGEST, window=Window.MONTH)
    for scope in (Scope.GUILD, Scope.BOT)
)

_INSERT = (
    "INSERT INTO ledger (generation_id, kind, releases, generations, seconds, micros, at, held_at, member_key, "
    "guild_id, channel_id, model, operation) "
    "VALUES (?, ?, ?, 1, 8, 400000, ?, ?, ?, ?, 8, 'veo3.1-fast', 'text-to-video')"
)


def fill(path: Path) -> None:
    """Write a month of one guild, in the order in which it would have come."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("BEGIN")
    members = ((f"{number:032x}", number + 1) for number in range(MEMBERS))
    connection.executemany("INSERT INTO members (key, user_id) VALUES (?, ?)", members)
    connection.executemany(_INSERT, _rows())
    connection.execute("COMMIT")
    connection.close()


def _rows() -> Iterator[tuple[object, ...]]:
    start = int((NOW - timedelta(days=29)).timestamp()) * 1_000_000
    length = int(timedelta(days=29).total_seconds()) * 1_000_000
    for number in range(ROWS // 3):
        held = start + length * number // (ROWS // 3)
        member = f"{number % MEMBERS:032x}"
        for kind, releases in (("hold", ""), ("release", "hold"), ("charge", "")):
            yield f"{number:032x}", kind, releases, held, held, member, GUILD


class Rounds:
    """Acceptances against one database, each of another interaction."""

    def __init__(self, database: Database, limits: Sequence[Limit]) -> None:
        self._store = Store(database)
        self._limits = tuple(limits)
        self._number = 0

    async def first(self) -> float:
        """Seconds for a single acceptance."""
        return await self._timed(1, 1)

    async def alone(self) -> float:
        """Acceptances a second, one after another."""
        return COUNT / 4 / await self._timed(COUNT // 4, 1)

    async def together(self) -> float:
        """Acceptances a second, by many callers at once."""
        return COUNT / await self._timed(COUNT, CALLERS)

    async def _timed(self, count: int, callers: int) -> float:
        wanted = iter([self._acceptance() for _ in range(count)])
        began = time.perf_counter()
        await asyncio.gather(*(self._call(wanted) for _ in range(callers)))
        return time.perf_counter() - began

    async def _call(self, wanted: Iterator[Acceptance]) -> None:
        for acceptance in wanted:
            await self._store.generations.accept(acceptance)

    def _acceptance(self) -> Acceptance:
        self._number += 1
        origin = Origin(
            interaction_id=self._number,
            interaction_token="",
            guild_id=GUILD,
            channel_id=8,
            requester_id=self._number % MEMBERS + 1,
            locale="en-GB",
            in_thread=False,
            upload_limit=1,
        )
        return Acceptance(
            id=f"new{self._number}",
            request=Request(operation=Operation.TEXT, model="veo3.1-fast", prompt="a lighthouse"),
            origin=origin,
            amounts=Amounts(seconds=8, micros=400_000),
            provider="tokenlab",
            now=NOW,
            due_at=NOW,
            defaults=self._limits,
        )


async def measure(without: Path, under: Path) -> None:
    """Print the medians of a few rounds, taken in turns."""
    databases = [Database(f"sqlite:///{path}") for path in (without, under)]
    for database in databases:
        await database.open()
    floor, ours = Rounds(databases[0], ()), Rounds(databases[1], BUDGETS)
    _say(f"{ROWS:,} rows of one guild in this month; acceptances without limits, and under its budget and the bot's")
    _say(f"the very first {1000 * await floor.first():6.1f} ms and {1000 * await ours.first():6.1f} ms")
    for name, plain, limited in (
        ("one after another", floor.alone, ours.alone),
        (f"{CALLERS} callers", floor.together, ours.together),
    ):
        pairs = [(await plain(), await limited()) for _ in range(ROUNDS)]
        fast, slow = (statistics.median(rates) for rates in zip(*pairs, strict=True))
        ratio = statistics.median(limited / plain for plain, limited in pairs)
        _say(f"{name:17} {fast:6.0f}/s and {slow:6.0f}/s, ratio {ratio:.2f} (goal: at least 1/2)")
    for database in databases:
        await database.close()


def main() -> None:
    """Make the ledger twice, then measure."""
    with tempfile.TemporaryDirectory() as folder:
        without, under = Path(folder) / "without.db", Path(folder) / "under.db"
        asyncio.run(migrate(f"sqlite:///{without}"))
        fill(without)
        shutil.copy(without, under)
        asyncio.run(measure(without, under))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()

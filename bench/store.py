"""How fast many callers change states together, against plain synchronous sqlite3 with one transaction each.

Run it as `python -m bench.store`. Both do the same to the same tables, durably (WAL, synchronous=FULL): one guarded
update of a running generation to succeeded, the release of its hold, and the charge. What counts is the ratio.
"""

import asyncio
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from bot.domain.change import Acceptance, Change
from bot.domain.generation import Generation, Origin, State
from bot.domain.ledger import Amounts, Entry, hold, settle
from bot.domain.request import Operation, Request
from bot.store import generations, ledger
from bot.store.database import Database
from bot.store.schema import migrate
from bot.store.store import Store

CALLERS = 32
COUNT = 2_000  # generations in one round
ROUNDS = 5
NOW = datetime(2026, 1, 1, tzinfo=UTC)
URL = "https://media.example/video.mp4"

_UPDATE = (
    "UPDATE generations SET state = 'succeeded', state_at = ?, due_at = ?, progress = 100, results = ?, "
    "lease_until = NULL WHERE id = ? AND state = 'running' AND lease_token = 0"
)
_INSERT = (
    "INSERT INTO ledger (generation_id, kind, releases, generations, seconds, micros, at, held_at, member_key, "
    "guild_id, channel_id, model, operation) "
    "VALUES (?, ?, ?, 1, 8, 400000, ?, ?, ?, 7, 8, 'veo3.1-fast', 'text-to-video')"
)


async def prepare(path: Path) -> list[Generation]:
    """A migrated database with running generations and their holds."""
    await migrate(f"sqlite:///{path}")
    database = Database(f"sqlite:///{path}")
    await database.open()
    try:
        first = await Store(database).generations.accept(_acceptance())
        running = replace(first, state=State.RUNNING, submitted_at=NOW)
        found = [
            replace(running, id=f"r{number}", origin=replace(first.origin, interaction_id=number), task_id=f"t{number}")
            for number in range(2, COUNT + 2)
        ]
        await database.write(lambda connection: generations.add(connection, *found))
        holds = [(each, hold(each.id, each.amounts, NOW)) for each in found]
        await database.write(lambda connection: ledger.add(connection, holds))
    finally:
        await database.close()
    return found


def run_plainly(path: Path, found: list[Generation]) -> float:
    """Changes a second with sqlite3 alone."""
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")
    at = int(NOW.timestamp()) * 1_000_000
    began = time.perf_counter()
    for each in found:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(_UPDATE, (at, at, f'["{URL}"]', each.id))
        connection.execute(_INSERT, (each.id, "release", "hold", at, at, each.member_key))
        connection.execute(_INSERT, (each.id, "charge", "", at, at, each.member_key))
        connection.execute("COMMIT")
    took = time.perf_counter() - began
    connection.close()
    return len(found) / took


async def run_together(path: Path, found: list[Generation], callers: int) -> float:
    """Changes a second with the store, by so many callers at once."""
    database = Database(f"sqlite:///{path}")
    await database.open()
    store = Store(database)
    changes = iter([_change(each) for each in found])
    began = time.perf_counter()
    await asyncio.gather(*(_call(store, changes) for _ in range(callers)))
    took = time.perf_counter() - began
    await database.close()
    return len(found) / took


async def _call(store: Store, changes: Iterator[Change]) -> None:
    for change in changes:
        await store.generations.save(change)


def _change(before: Generation) -> Change:
    after = before.move(State.SUCCEEDED, NOW, progress=100, results=(URL,))
    entries: tuple[Entry, ...] = settle(hold(before.id, before.amounts, NOW), before.amounts, NOW)
    return Change(before=before, after=after, entries=entries)


def _acceptance() -> Acceptance:
    origin = Origin(
        interaction_id=1,
        interaction_token="",
        guild_id=7,
        channel_id=8,
        requester_id=9,
        locale="en-GB",
        in_thread=False,
        upload_limit=1,
    )
    request = Request(operation=Operation.TEXT, model="veo3.1-fast", prompt="a lighthouse")
    amounts = Amounts(seconds=8, micros=400_000)
    return Acceptance(
        id="r1", request=request, origin=origin, amounts=amounts, provider="tokenlab", now=NOW, due_at=NOW
    )


def main() -> None:
    """Print the medians of a few rounds, taken in turns."""
    ratios = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(ROUNDS):
            plain, together = (Path(folder) / f"{kind}{number}.db" for kind in ("plain", "together"))
            floor = run_plainly(plain, asyncio.run(prepare(plain)))
            ours = asyncio.run(run_together(together, asyncio.run(prepare(together)), CALLERS))
            ratios.append(ours / floor)
            _say(f"sqlite3 alone {floor:6.0f}/s, {CALLERS} callers {ours:6.0f}/s, ratio {ratios[-1]:.2f}")
    _say(f"median ratio {statistics.median(ratios):.2f} (goal: at least 1)")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()

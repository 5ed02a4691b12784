"""How long a 30-day report takes over a ledger of a million rows, against reading the whole ledger without an index.

Run it as `python -m bench.reports`. Two years of a few guilds, of which the largest has 30 % of all rows. The floor is
the same report of the whole ledger, its figures and percentiles in two statements of plain sqlite3 that may use no
index. What counts is the ratio, ours with everything that making a report takes.
"""

import asyncio
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.reports.definitions import DEFINITIONS
from bot.reports.usage import Asked, Reports
from bot.store.database import Database
from bot.store.reports import Reports as StoredReports
from bot.store.schema import migrate

ROWS = 1_000_000
ROUNDS = 7
NOW = datetime(2026, 6, 30, 12, 0, tzinfo=UTC)
SPAN = timedelta(days=730)
ZONE = ZoneInfo("Europe/Berlin")
GUILDS = {1: 30, 2: 20, 3: 15, 4: 15, 5: 10, 6: 10}  # parts in a hundred
LARGEST = 1
MEMBERS = 20_000
MODELS = ("veo3.1-fast", "kling-3.0", "seedance-2", "wan2.6")
OPERATIONS = ("text-to-video", "image-to-video", "video-to-video")

_INSERT = (
    "INSERT INTO ledger (generation_id, kind, releases, generations, seconds, micros, at, held_at, member_key, "
    "guild_id, channel_id, model, operation) VALUES (?, ?, ?, 1, 8, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_SUMS = ", ".join(
    f"{what} FILTER (WHERE {which})"
    for what, kinds in {
        "count(*)": ("kind = 'hold'", "kind = 'charge'", "releases = 'hold'", "releases = 'charge'"),
        "sum(seconds)": ("kind = 'charge'", "releases = 'charge'"),
        "sum(micros)": ("kind = 'charge'", "releases = 'charge'"),
        "count(micros)": ("kind = 'charge'", "releases = 'charge'"),
    }.items()
    for which in kinds
)
_FROM = "FROM ledger NOT INDEXED"
_KEYS = {
    "member": "member_key",
    "model": "model",
    "operation": "operation",
    "channel": "channel_id",
    "day": "held_at / 86400000000",
}


def fill(path: Path) -> None:
    """Write a million rows in the order in which they would have come."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("BEGIN")
    members = ((f"{number:032x}", number + 1, f"member {number}") for number in range(MEMBERS))
    connection.executemany("INSERT INTO members (key, user_id, name) VALUES (?, ?, ?)", members)
    connection.executemany(_INSERT, _rows(random.Random(1)))  # noqa: S311 - made-up figures, the same every time
    connection.execute("COMMIT")
    connection.close()


def _rows(chance: random.Random) -> Iterator[tuple[object, ...]]:
    start = int((NOW - SPAN).timestamp()) * 1_000_000
    length = int(SPAN.total_seconds()) * 1_000_000
    written = number = 0
    while written < ROWS:
        number += 1
        held = start + length * written // ROWS
        guild = chance.choices(list(GUILDS), list(GUILDS.values()))[0]
        facts = (
            f"{int(chance.random() ** 2 * MEMBERS):032x}",
            guild,
            guild * 100 + chance.randrange(10),
            chance.choice(MODELS),
            chance.choice(OPERATIONS),
        )
        kinds = ("hold", "release", "charge") if chance.random() < 0.9 else ("hold", "release")
        at = held + chance.randrange(20_000_000, 400_000_000)
        for kind in kinds:
            releases = "hold" if kind == "release" else ""
            yield f"{number:032x}", kind, releases, 400_000, held if kind == "hold" else at, held, *facts
            written += 1


def scan(path: Path, by: str) -> float:
    """Seconds for the same figures of all guilds over all time, without an index."""
    connection = sqlite3.connect(path)
    began = time.perf_counter()
    connection.execute(f"SELECT {_KEYS[by]}, {_SUMS} {_FROM} GROUP BY 1 ORDER BY 2 DESC LIMIT 10").fetchall()
    connection.execute(f"SELECT at - held_at {_FROM} WHERE kind = 'charge' ORDER BY 1 LIMIT 1 OFFSET 9").fetchall()
    took = time.perf_counter() - began
    connection.close()
    return took


async def measure(path: Path) -> None:
    """Print the fastest of a few rounds, taken in turns: what else the machine does only ever adds."""
    database = Database(f"sqlite:///{path}")
    await database.open()
    reports = Reports(StoredReports(database), lambda: NOW)
    _say(f"{ROWS:,} rows; 30 days of the largest guild, against all time of all without an index (goal: at most 1/20)")
    for by in DEFINITIONS:
        floors, taken = [], []
        for _ in range(ROUNDS):
            floors.append(await asyncio.to_thread(scan, path, by))
            began = time.perf_counter()
            await reports.usage(Asked(guild_id=LARGEST, by=by, zone=ZONE))
            taken.append(time.perf_counter() - began)
        floor, ours = min(floors), min(taken)
        _say(f"by {by:9} {1000 * ours:5.1f} ms against {1000 * floor:6.1f} ms, ratio 1/{floor / ours:.0f}")
    await database.close()


def main() -> None:
    """Make the ledger, then measure."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "showreel.db"
        asyncio.run(migrate(f"sqlite:///{path}"))
        fill(path)
        asyncio.run(measure(path))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()

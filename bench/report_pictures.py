"""The pictures of reports in docs/pictures: `python -m bench.report_pictures [FOLDER]`.

A made-up community's month is stored in a database of its own, and reported and drawn by the code that the bot uses.
"""

import asyncio
import random
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.generation import Generation, Origin, State
from bot.domain.ledger import Amounts, Entry, hold, refund, release, settle
from bot.domain.request import Operation, Request
from bot.reports.chart import DESKTOP, PHONE, SMALL, Charts
from bot.reports.usage import Asked, Reports
from bot.store import generations, ledger
from bot.store.database import Database
from bot.store.reports import Reports as StoredReports
from bot.store.schema import migrate
from bot.store.tables import members

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
NOW = datetime(2026, 3, 31, 18, 0, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Berlin")
GUILD, CHANNEL, FIRST_MEMBER = 7_001, 8_001, 90_000_000_000_001_000
COUNT = 640
NAMES = (
    *("ada", "Grace H.", "小林さくら", "김민준", "王小明", "🎬 Director Jo", "إيمان", "Łukasz", "mei-ling ✨"),
    *("The one with the remarkably long name that goes on", "Théo", "Нина", "sam", "Ravi", "🦊🥑", "Ole", "Ines"),
)
MODELS = (("veo3.1-fast", 400_000), ("kling-3.0", 700_000), ("seedance-2", 250_000), ("wan2.6", None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A generation with all that the ledger has of it."""

    generation: Generation
    entries: tuple[Entry, ...]


def made_up(chance: random.Random) -> Iterator[Made]:
    """A month of generations, a few members asking for most of them, fewer on weekdays."""
    for number in range(1, COUNT + 1):
        at = NOW - timedelta(seconds=int(chance.random() ** 1.2 * 30 * 86_400))
        if at.weekday() < 5 and chance.random() < 0.35:
            at += timedelta(days=5 - at.weekday()) if at < NOW - timedelta(days=6) else timedelta()
        member = min(int(chance.expovariate(0.28)), len(NAMES) - 1)
        model, micros = chance.choices(MODELS, (8, 4, 3, 1))[0]
        amounts = Amounts(seconds=chance.choice((5, 8, 8, 10)), micros=micros)
        held = hold(f"g{number:04}", amounts, at)
        end = at + timedelta(seconds=chance.lognormvariate(4.6, 0.6))
        yield _made(held, _entries(chance, held, end), (number, member, model))


def _entries(chance: random.Random, held: Entry, end: datetime) -> tuple[Entry, ...]:
    if end > NOW or NOW - held.at < timedelta(hours=2):
        return (held,)
    if chance.random() < 0.12:
        return (held, release(held, end))
    settled = settle(held, held.amounts, end)
    return (held, *settled, *((refund(settled[1], end),) if chance.random() < 0.03 else ()))


def _made(held: Entry, entries: tuple[Entry, ...], facts: tuple[int, int, str]) -> Made:
    number, member, model = facts
    state = {1: State.RUNNING, 2: State.FAILED}.get(len(entries), State.SUCCEEDED)
    origin = Origin(
        interaction_id=number,
        interaction_token="",
        guild_id=GUILD,
        channel_id=CHANNEL,
        requester_id=FIRST_MEMBER + member,
        locale="en-GB",
        in_thread=False,
        upload_limit=1,
    )
    generation = Generation(
        id=held.generation_id,
        member_key=f"m{member}",
        request=Request(operation=Operation.TEXT, model=model, prompt="a lighthouse"),
        origin=origin,
        amounts=held.amounts,
        state=state,
        provider="tokenlab",
        accepted_at=held.at,
        state_at=entries[-1].at,
        due_at=None,
    )
    return Made(generation=generation, entries=entries)


async def store_all(connection: AsyncConnection, made: list[Made]) -> None:
    """Write members, generations and their entries."""
    rows = [{"key": f"m{n}", "user_id": FIRST_MEMBER + n, "name": name} for n, name in enumerate(NAMES)]
    await connection.execute(insert(members), rows)
    await generations.add(connection, *(each.generation for each in made))
    await ledger.add(connection, [(each.generation, entry) for each in made for entry in each.entries])


async def draw_all(folder: Path) -> list[Path]:
    """Draw every picture into a folder; returns their paths."""
    with tempfile.TemporaryDirectory() as data:
        url = f"sqlite:///{data}/showreel.db"
        await migrate(url)
        database = Database(url)
        await database.open()
        try:
            made = list(made_up(random.Random(3)))  # noqa: S311 - a made-up month, the same every time
            await database.write(lambda connection: store_all(connection, made))
            return await _draw(Reports(StoredReports(database), lambda: NOW), folder)
        finally:
            await database.close()


async def _draw(reports: Reports, folder: Path) -> list[Path]:
    by_member = await reports.usage(Asked(guild_id=GUILD, zone=ZONE))
    by_day = await reports.usage(Asked(guild_id=GUILD, zone=ZONE, by="day"))
    own = await reports.usage(Asked(guild_id=GUILD, zone=ZONE, by="day", member_id=FIRST_MEMBER))
    charts = Charts()
    pictures = {
        "report-desktop.png": await charts.chart_of(by_member, DESKTOP),
        "report-phone.png": await charts.chart_of(by_member, PHONE),
        "report-days.png": await charts.chart_of(by_day, DESKTOP),
        "usage.png": await charts.chart_of(own, SMALL, title="Your videos by day"),
    }
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    for name, picture in pictures.items():
        await asyncio.to_thread((folder / name).write_bytes, picture)
    return [folder / name for name in pictures]


if __name__ == "__main__":
    for path in asyncio.run(draw_all(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)):
        sys.stdout.write(f"{path} ({path.stat().st_size:,} bytes)\n")

"""The file of rows: what is in it, and what a spreadsheet must not make of it."""

import csv
import io
import re
import tracemalloc
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.figures import Chosen, Figures, Grouped, Measured, Outcome, UsageRow
from bot.reports import usage
from bot.reports.rows import COLUMNS, csv_of, harmless, write_csv
from bot.reports.usage import Asked, Reports
from bot.store.database import Database
from tests.reports.samples import FIRST_MEMBER, GUILD, NOW, Life, write

ROW = UsageRow(
    generation_id="g1",
    accepted_at=NOW,
    member_id=FIRST_MEMBER,
    member_name="ada",
    guild_id=GUILD,
    channel_id=8_001,
    model="veo3.1-fast",
    operation="text-to-video",
    outcome=Outcome.SUCCEEDED,
    seconds=8,
    micros=1_250_001,
    took=timedelta(seconds=90, microseconds=5),
)


class Rows:
    """A store with so many rows in it, made as they are read."""

    def __init__(self, *rows: UsageRow, count: int = 0) -> None:
        self._rows = rows
        self._count = count or len(rows)

    async def measure(self, _query: str, _chosen: Chosen, _most: int | None) -> Measured:
        return Measured(grouped=Grouped(groups=(), count=0, totals=Figures()), times={}, upto=0)

    async def rows(self, _chosen: Chosen, _upto: int, after: UsageRow | None, count: int) -> list[UsageRow]:
        start = 0 if after is None else int(after.generation_id) + 1
        numbers = range(start, min(start + count, self._count))
        return [replace(self._rows[number % len(self._rows)], generation_id=str(number)) for number in numbers]


async def written(*rows: UsageRow, zone: str = "Europe/Berlin") -> str:
    reports = Reports(Rows(*rows), lambda: NOW)
    report = await reports.usage(Asked(guild_id=GUILD, zone=ZoneInfo(zone)))
    return b"".join([piece async for piece in csv_of(reports, report)]).decode("utf-8-sig")


async def read(*rows: UsageRow, zone: str = "Europe/Berlin") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(await written(*rows, zone=zone), newline="")))


def cells(text: str, separator: str) -> list[str]:
    """What a spreadsheet makes of a file that it takes for one with this separator."""
    return [cell for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) for cell in row]


async def test_a_row_has_every_fact() -> None:
    (row,) = await read(ROW)
    assert row == {
        "accepted_at": "2026-03-31T20:00:00+02:00",
        "generation": "0",
        "member_id": str(FIRST_MEMBER),
        "member": "ada",
        "guild_id": str(GUILD),
        "channel_id": "8001",
        "model": "veo3.1-fast",
        "operation": "text-to-video",
        "outcome": "succeeded",
        "seconds": "8",
        "price": "1.250001",
        "seconds_to_video": "90.000005",
    }


async def test_an_unknown_price_a_forgotten_member_no_guild_and_no_video_are_empty() -> None:
    (row,) = await read(replace(ROW, micros=None, member_id=None, member_name=None, guild_id=None, took=None))
    empty = ["member_id", "member", "guild_id", "price", "seconds_to_video"]
    assert [name for name in COLUMNS if not row[name]] == empty


async def test_a_price_of_nothing_is_not_an_unknown_one() -> None:
    (row,) = await read(replace(ROW, micros=0))
    assert row["price"] == "0.000000"


async def test_the_file_says_that_it_is_utf_8_and_its_lines_end_with_both() -> None:
    reports = Reports(Rows(replace(ROW, member_name="王小明")), lambda: NOW)
    pieces = [piece async for piece in csv_of(reports, await reports.usage(Asked()))]
    assert pieces[0].startswith(b'\xef\xbb\xbf"accepted_at",')
    assert all(piece.endswith(b"\r\n") for piece in pieces)
    assert "王小明" in pieces[1].decode()


@pytest.mark.parametrize(
    "begins", ["=", "+", "-", "@", "\t", "\r", "\n", "  =", "\uff1d", "\uff0b", "\uff0d", "\uff20"]
)
async def test_a_name_is_never_a_formula(begins: str) -> None:
    (row,) = await read(replace(ROW, member_name=f"{begins}cmd|' /C calc'!A0"))
    assert row["member"] == f"'{begins}cmd|' /C calc'!A0"


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize(
    "name",
    [
        "x;=1+1;y",
        "x; @A1",
        "x,+1,y",
        "x\t-1",
        "x\n=1",
        "x\r=1",
        "x\u2028=1",
        'x;"=1+1',
        'x;" =1;"',
        "x;\uff1d1",
        ";;=1",
    ],
)
async def test_a_name_is_no_formula_whatever_a_spreadsheet_takes_for_a_separator(name: str, separator: str) -> None:
    for cell in cells(await written(replace(ROW, member_name=name, model=name)), separator):
        assert not cell.strip().startswith(tuple("=+-@\uff1d\uff0b\uff0d\uff20")), cell


@pytest.mark.parametrize("name", ["ada-lovelace", "a=b", "a; b", "mail@example.com", "1, 2 + 3", "a,'=b"])
def test_a_name_that_begins_no_formula_stays_as_it_is(name: str) -> None:
    assert harmless(name) == name


async def test_texts_are_quoted_and_numbers_are_not() -> None:
    row = (await written(ROW)).splitlines()[1]
    assert row == (
        f'"2026-03-31T20:00:00+02:00","0",{FIRST_MEMBER},"ada",{GUILD},8001,"veo3.1-fast","text-to-video","succeeded",'
        "8,1.250001,90.000005"
    )


@given(st.text(st.characters(exclude_categories=["Cs"])))
async def test_any_name_comes_back_from_the_file(name: str) -> None:
    (row,) = await read(replace(ROW, member_name=name))
    assert row["member"] == harmless(name)
    assert row["member"].replace("'", "") == name.replace("'", "")


@given(st.text(st.sampled_from("=+-@\uff1d;,\t\r\n \"'xy")))
def test_no_part_of_any_name_begins_a_formula(name: str) -> None:
    for part in re.split("[;,\t\r\n]", harmless(name)):
        assert not part.strip(' "').startswith(tuple("=+-@\uff1d"))


async def test_half_a_character_does_not_spoil_the_file() -> None:
    (row,) = await read(replace(ROW, member_name="a\ud800b"))
    assert row["member"] == "a?b"


async def test_all_pages_are_written(
    database: Database, reports: Reports, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage, "PAGE", 3)
    await write(database, *(Life(at=NOW - timedelta(minutes=number // 2)) for number in range(10)))
    report = await reports.usage(Asked(guild_id=GUILD))
    size = await write_csv(reports, report, tmp_path / "rows.csv", 10_000)
    written = (tmp_path / "rows.csv").read_bytes()
    assert (size, written.count(b"\r\n")) == (len(written), 11)


async def test_a_file_that_grows_too_large_is_not_written_to_its_end(tmp_path: Path) -> None:
    reports = Reports(Rows(ROW, count=10 * usage.PAGE), lambda: NOW)
    size = await write_csv(reports, await reports.usage(Asked()), tmp_path / "rows.csv", 100_000)
    page = 140 * usage.PAGE
    assert 100_000 < size < 100_000 + page
    assert (tmp_path / "rows.csv").stat().st_size == size


async def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    peaks: Sequence[int] = [await _peak(tmp_path / f"{count}.csv", count) for count in (2_000, 2_000, 30_000)]
    assert peaks[2] < peaks[1] + 1_000_000


async def _peak(path: Path, count: int) -> int:
    reports = Reports(Rows(ROW, count=count), lambda: NOW)
    report = await reports.usage(Asked())
    tracemalloc.start()
    size = await write_csv(reports, report, path, 10**9)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size > 80 * count
    return peak

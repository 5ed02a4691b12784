"""`showreel report` as a person uses it: as a process, on a database that may belong to a running bot."""

import asyncio
import csv
import io
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.domain.figures import Outcome
from bot.domain.request import Operation
from bot.store.database import Database
from bot.store.lock import DataFolderLock
from bot.store.schema import migrate
from tests.reports.samples import FIRST_MEMBER, Life, write

NOW = datetime.now(UTC)
LIVES = (
    Life(at=NOW - timedelta(days=1), member=0),
    Life(at=NOW - timedelta(days=1, seconds=1), member=3, micros=None, took=timedelta(seconds=30)),
    Life(at=NOW - timedelta(days=2), member=3, outcome=Outcome.FAILED, operation=Operation.IMAGE),
    Life(at=NOW - timedelta(days=3), guild_id=7_002, model="kling-3.0", channel_id=8_002),
    Life(at=datetime(2024, 2, 29, 12, tzinfo=UTC)),
)


@pytest.fixture
async def config(tmp_path: Path) -> Path:
    """A configuration whose database has a few generations."""
    url = f"sqlite:///{tmp_path}/data/showreel.db"
    await migrate(url)
    database = Database(url)
    await database.open()
    await write(database, *LIVES)
    await database.close()
    path = tmp_path / "config.toml"
    path.write_text(f"[database]\nurl = {json.dumps(url)}\n")
    return path


async def showreel_report(config: Path, *arguments: str) -> tuple[int, str, str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("SHOWREEL_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "report", "--config", str(config), *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
    )
    output, errors = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode(), errors.decode()


def lines(output: str) -> list[list[str]]:
    """Each line, cut where columns are apart."""
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in output.splitlines()]


async def test_the_figures_and_the_rows_of_one_server(config: Path) -> None:
    code, output, errors = await showreel_report(config, "--guild", "7001")
    assert (code, errors) == (0, "")
    assert "server 7001" in output
    found = lines(output)
    assert ["Asked for", "3"] in found
    assert ["Success rate", "67 %"] in found
    assert ["Seconds of video", "16"] in found
    assert ["Spend", "$0.40"] in found
    assert ["Of unknown price", "1"] in found
    assert ["Time to video, median", "30 s"] in found
    assert ["Time to video, 95th percentile", "1 min 30 s"] in found
    assert ["王小明", "2", "1", "1", "0", "0", "8", "$0.00 + 1 unpriced"] in found
    assert ["ada", "1", "1", "0", "0", "0", "8", "$0.40"] in found
    assert ["All", "3", "2", "1", "0", "0", "16", "$0.40 + 1 unpriced"] in found


async def test_without_a_server_all_are_counted(config: Path) -> None:
    code, output, _errors = await showreel_report(config, "--by", "model")
    assert code == 0
    assert "all servers" in output
    assert ["All", "4", "3", "1", "0", "0", "24", "$0.80 + 1 unpriced"] in lines(output)


@pytest.mark.parametrize(
    ("arguments", "count", "said"),
    [
        (("--member", str(FIRST_MEMBER + 3)), 2, f"member {FIRST_MEMBER + 3}"),
        (("--model", "kling-3.0"), 1, "kling-3.0"),
        (("--operation", "image-to-video"), 1, "image-to-video"),
        (("--channel", "8002"), 1, "channel 8002"),
        (("--member", str(FIRST_MEMBER), "--model", "veo3.1-fast"), 1, f"member {FIRST_MEMBER} · veo3.1-fast"),
        (("--channel", "1"), 0, "channel 1"),
    ],
)
async def test_filters_narrow_the_report(config: Path, arguments: tuple[str, ...], count: int, said: str) -> None:
    code, output, errors = await showreel_report(config, *arguments)
    assert (code, errors) == (0, "")
    assert ["Asked for", str(count)] in lines(output)
    assert f"Only: {said}" in output.splitlines()
    code, output, _errors = await showreel_report(config, "--csv", *arguments)
    assert (code, len(list(csv.DictReader(io.StringIO(output.removeprefix("\ufeff")))))) == (0, count)


async def test_any_days_can_be_chosen(config: Path) -> None:
    code, output, _errors = await showreel_report(config, "--from", "2024-02-29")
    assert (code, ["Asked for", "1"] in lines(output)) == (0, True)
    code, output, _errors = await showreel_report(config, "--from", "2024-01-01", "--to", "2024-02-28")
    assert code == 0
    assert "Nobody asked for a video in this time." in output


async def test_every_row_comes_as_csv(config: Path) -> None:
    code, output, errors = await showreel_report(config, "--csv")
    assert (code, errors) == (0, "")
    rows = list(csv.DictReader(io.StringIO(output.removeprefix("\ufeff"))))
    assert [row["outcome"] for row in rows] == ["succeeded", "failed", "succeeded", "succeeded"]
    assert [row["price"] for row in rows] == ["0.400000", "0.000000", "", "0.400000"]
    assert [row["guild_id"] for row in rows] == ["7002", "7001", "7001", "7001"]


async def test_it_works_beside_a_running_bot(config: Path) -> None:
    with DataFolderLock(config.parent / "data"):
        code, _output, errors = await showreel_report(config)
    assert (code, errors) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--by", "weather"), "weather"),
        (("--from", "2026-02-30"), "is not a day that a report can be about"),
        (("--guild", "here"), "--guild"),
        (("--operation", "dreaming"), "dreaming"),
    ],
)
async def test_what_can_not_be_is_wrong_usage(config: Path, arguments: tuple[str, ...], said: str) -> None:
    code, output, errors = await showreel_report(config, *arguments)
    assert (code, output) == (2, "")
    assert said in errors
    assert "Traceback" not in errors


async def test_where_there_is_no_database_none_is_made(config: Path) -> None:
    missing = config.parent / "data" / "showreel.db"
    missing.unlink()
    code, _output, errors = await showreel_report(config)
    assert code == 2
    assert f"There is no database {missing} yet" in errors
    assert not missing.exists()

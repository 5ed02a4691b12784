"""docs/howto/add-a-report.md is true: what it shows is followed to the letter."""

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.domain.request import Operation
from bot.reports import definitions
from bot.reports.chart import picture_of
from bot.reports.definitions import DEFINITIONS, Definition
from bot.reports.usage import Asked, Reports
from bot.store import reports as store_reports
from bot.store.database import Database
from tests.reports.samples import GUILD, Life, write

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "add-a-report.md"


@pytest.fixture
def followed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Definition]:
    """The new report's entry, once both steps of the page are done."""
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    entry, query = (textwrap.dedent(block) for block in blocks)
    definition: Definition = eval(entry, vars(definitions))  # noqa: S307 - our own page
    monkeypatch.setitem(DEFINITIONS, definition.name, definition)
    monkeypatch.setattr(store_reports, "QUERIES", dict(store_reports.QUERIES))
    exec(query, dict(vars(store_reports)))  # noqa: S102 - our own page
    yield definition
    store_reports.QUERIES.pop(definition.query, None)


async def test_one_entry_and_one_query_make_a_report(
    followed: Definition, database: Database, reports: Reports
) -> None:
    await write(database, Life(), Life(), Life(operation=Operation.IMAGE))
    report = await reports.usage(Asked(guild_id=GUILD, by=followed.name))
    assert [(group.key, group.figures.requested) for group in report.groups] == [
        ("veo3.1-fast: text-to-video", 2),
        ("veo3.1-fast: image-to-video", 1),
    ]
    assert picture_of(report).title == followed.title

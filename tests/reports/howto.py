"""docs/howto/add-a-report.md, followed to the letter: a fixture, imported by the conftests."""

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.reports import definitions
from bot.reports.definitions import DEFINITIONS, Definition
from bot.store import reports as store_reports

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

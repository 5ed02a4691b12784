"""A database of its own for each test, and reports made from it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.reports.usage import Reports
from bot.store.database import Database
from bot.store.schema import migrate
from bot.store.store import Store
from tests.reports.howto import followed
from tests.reports.samples import NOW

__all__ = ["followed"]


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """An open SQLite file with nothing in it."""
    url = f"sqlite:///{tmp_path}/showreel.db"
    await migrate(url)
    database = Database(url)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
def reports(database: Database) -> Reports:
    """Reports as they are at NOW."""
    return Reports(Store(database).reports, lambda: NOW)

"""The databases that the store is tested on: SQLite always, PostgreSQL where it is installed."""

import asyncio
import itertools
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from bot.store.database import Database
from bot.store.schema import migrate
from bot.store.store import Store
from bot.store.tables import metadata
from tests.store.cluster import binaries, running_cluster

_numbers = itertools.count()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a server's databases but for their name, with a migrated one named `showreel`."""
    programs = binaries()
    if programs is None:
        pytest.skip("PostgreSQL is not installed (no initdb on PATH or in /usr/lib/postgresql)")
    with running_cluster(programs) as address:
        _create(address, "showreel")
        asyncio.run(migrate(address % "showreel"))
        yield address


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "showreel.db"
    asyncio.run(migrate(f"sqlite:///{path}"))
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database without any table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/showreel.db"
    address: str = request.getfixturevalue("postgres")
    return address % _create(address, f"empty{next(_numbers)}")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a migrated database with nothing in it."""
    if request.param == "sqlite":
        path = tmp_path / "showreel.db"
        shutil.copy(request.getfixturevalue("migrated_file"), path)
        return f"sqlite:///{path}"
    address: str = request.getfixturevalue("postgres")
    return _emptied(address % "showreel")


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    """An open database with nothing in it."""
    database = Database(url)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
def store(database: Database) -> Store:
    """A store with nothing in it."""
    return Store(database)


def _create(address: str, name: str) -> str:
    with psycopg.connect(address % "postgres", autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
    return name


def _emptied(url: str) -> str:
    tables = sql.SQL(", ").join(map(sql.Identifier, metadata.tables))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")  # for once without the triggers
        connection.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY").format(tables))
    return url

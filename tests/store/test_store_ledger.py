"""The ledger and the audit: only ever added to, and at most one of each entry."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import TextClause, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from bot.domain.change import AuditRecord
from bot.domain.generation import Generation
from bot.domain.ledger import Amounts, Entry, EntryKind, hold, refund, release, settle, used
from bot.domain.limits import Window
from bot.store import audit, ledger
from bot.store.database import Database
from bot.store.store import Store
from tests.store.samples import GUILD, MEMBER, NOW, accepted, origin

Write = Callable[..., Awaitable[None]]


@pytest.fixture
async def generation(store: Store) -> Generation:
    return await accepted(store)


@pytest.fixture
def write(database: Database, generation: Generation) -> Write:
    """Adds entries of `generation`, all in one transaction."""

    async def add(*entries: Entry) -> None:
        await database.write(lambda connection: ledger.add(connection, [(generation, entry) for entry in entries]))

    return add


async def execute(database: Database, statement: str | TextClause) -> Any:
    clause = text(statement) if isinstance(statement, str) else statement
    return await database.write(lambda connection: connection.execute(clause))


async def test_a_whole_life_fits_in_the_ledger(store: Store, generation: Generation, write: Write) -> None:
    held = hold(generation.id, generation.amounts, NOW)
    released, charged = settle(held, Amounts(seconds=5), NOW)
    await write(released, charged, refund(charged, NOW))
    nothing = Amounts(generations=0, seconds=0, micros=0)
    assert await store.generations.used_amounts(MEMBER, GUILD, Window.DAY, NOW) == nothing


@pytest.mark.parametrize("which", ["hold", "release", "charge", "refund"])
async def test_no_entry_is_written_twice(generation: Generation, write: Write, which: str) -> None:
    held = hold(generation.id, generation.amounts, NOW)
    released, charged = settle(held, generation.amounts, NOW)
    entries = {"hold": held, "release": released, "charge": charged, "refund": refund(charged, NOW)}
    if which != "hold":  # accepting wrote it already
        await write(entries[which])
    with pytest.raises(IntegrityError):
        await write(replace(entries[which], amounts=Amounts(seconds=1)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"amounts": Amounts(seconds=-1)},
        {"amounts": Amounts(generations=-1)},
        {"amounts": Amounts(micros=-1)},
        {"releases": EntryKind.HOLD},
        {"kind": EntryKind.RELEASE, "releases": None},
        {"kind": EntryKind.RELEASE, "releases": EntryKind.RELEASE},
        {"generation_id": "nowhere"},
    ],
)
async def test_an_entry_that_makes_no_sense_is_refused(
    generation: Generation, write: Write, wrong: dict[str, Any]
) -> None:
    charge = Entry(generation_id=generation.id, kind=EntryKind.CHARGE, amounts=generation.amounts, at=NOW, held_at=NOW)
    with pytest.raises(IntegrityError):
        await write(replace(charge, **wrong))


@pytest.mark.parametrize("table", ["ledger", "audit"])
@pytest.mark.parametrize("deed", ["UPDATE {} SET at = 1", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
async def test_what_was_written_down_stays(
    database: Database, generation: Generation, url: str, table: str, deed: str
) -> None:
    if deed.startswith("TRUNCATE") and url.startswith("sqlite"):
        pytest.skip("SQLite knows no TRUNCATE")
    record = AuditRecord(at=NOW, action="pause", generation_id=generation.id)
    await database.write(lambda connection: audit.add(connection, [record]))
    with pytest.raises(DBAPIError, match=f"{table} is only ever added to"):
        await execute(database, deed.format(table))
    assert (await execute(database, f"SELECT count(*) FROM {table}")).scalar_one() == 1  # noqa: S608 - our own words


REST = "generations, seconds, at, held_at, member_key, channel_id, model, operation"


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("table", "columns", "values"),
    [
        ("ledger", f"id, generation_id, kind, releases, {REST}", f"id, generation_id, 'charge', '', {REST}"),
        ("ledger", f"generation_id, kind, releases, {REST}", f"generation_id, kind, releases, {REST}"),
        ("audit", "id, at, action", "id, at, 'resume'"),
    ],
    ids=["ledger by its id", "ledger by its key", "audit"],
)
async def test_what_was_written_down_is_not_replaced_either(
    database: Database, generation: Generation, table: str, columns: str, values: str
) -> None:
    record = AuditRecord(at=NOW, action="pause", generation_id=generation.id)
    await database.write(lambda connection: audit.add(connection, [record]))
    everything = f"SELECT * FROM {table}"  # noqa: S608 - our own words
    before = (await execute(database, everything)).all()
    replacing = f"INSERT OR REPLACE INTO {table} ({columns}) SELECT {values} FROM {table}"  # noqa: S608 - our own words
    with pytest.raises(IntegrityError, match=f"{table} is only ever added to"):
        await execute(database, replacing)
    assert (await execute(database, everything)).all() == before


NUMBERS = ("generations", "seconds", "micros", "at", "held_at", "guild_id", "channel_id")


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("value", ["'many'", "0.5", "x'00'"])
@pytest.mark.parametrize("column", NUMBERS)
async def test_what_is_no_whole_number_is_refused(
    database: Database, generation: Generation, column: str, value: str
) -> None:
    names = ("generation_id", "kind", "releases", "member_key", "model", "operation", *NUMBERS)
    values = {name: name for name in names} | {"kind": "'charge'", column: value}
    charge = f"INSERT INTO ledger ({', '.join(values)}) SELECT {', '.join(values.values())} FROM ledger"  # noqa: S608 - our own words
    with pytest.raises(IntegrityError, match="ledger takes whole numbers only"):
        await execute(database, charge)
    assert (await execute(database, "SELECT count(*) FROM ledger")).scalar_one() == 1


AMOUNTS = st.builds(
    Amounts,
    generations=st.integers(1, 9),
    seconds=st.integers(0, 2**31 - 1),
    micros=st.none() | st.integers(0, 10**12),
)
LIVES = st.sampled_from(["held", "given back", "charged", "refunded"])


def entries_of(held: Entry, life: str, real: Amounts) -> tuple[Entry, ...]:
    match life:
        case "held":
            return (held,)
        case "given back":
            return (held, release(held, NOW))
        case "charged":
            return (held, *settle(held, real, NOW))
        case _:
            _, charged = settled = settle(held, real, NOW)
            return (held, *settled, refund(charged, NOW))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lives=st.lists(st.tuples(LIVES, AMOUNTS, AMOUNTS), max_size=6), member=st.integers(1, 2**62))
async def test_the_database_adds_up_as_the_domain_does(
    store: Store, lives: list[tuple[str, Amounts, Amounts]], member: int
) -> None:
    before = await store.generations.used_amounts(member, GUILD, Window.DAY, NOW)
    written: list[Entry] = []
    for life, wanted, real in lives:
        generation = await accepted(store, of=origin(member))
        entries = entries_of(hold(generation.id, wanted, NOW), life, real)[1:]
        rows = [(generation, entry) for entry in entries]
        await store.generations._database.write(partial(ledger.add, entries=rows))
        written += [hold(generation.id, generation.amounts, NOW), *entries]
    after = await store.generations.used_amounts(member, GUILD, Window.DAY, NOW)
    gained = used(written)
    assert after == Amounts(
        generations=before.generations + gained.generations,
        seconds=before.seconds + gained.seconds,
        micros=(before.micros or 0) + (gained.micros or 0),
    )

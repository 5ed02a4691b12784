"""What reports read of the ledger, on both databases."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import add
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.days import day_of
from bot.domain.errors import Rejection, ReportBusy
from bot.domain.figures import Chosen, Figures, Grouped, Outcome
from bot.domain.ledger import refund
from bot.domain.request import Operation
from bot.reports.definitions import DEFINITIONS
from bot.store import generations, ledger
from bot.store import reports as stored_reports
from bot.store.database import Database
from bot.store.reports import QUERIES
from bot.store.store import Store
from bot.store.tables import members
from tests.reports.samples import FIRST_MEMBER, GUILD, NOW, Life, entries_of, write

BERLIN = ZoneInfo("Europe/Berlin")
ON_SQLITE = "SEARCH ledger USING COVERING INDEX ix_ledger_guild (guild_id=? AND held_at>? AND held_at<?)"
ON_POSTGRESQL = "Index Only Scan using ix_ledger_guild on ledger"
ONE_OF_EACH = tuple(Life(outcome=outcome, member=number % 2) for number, outcome in enumerate(Outcome))


def chosen(**facts: Any) -> Chosen:
    """Thirty days of the guild, up to NOW."""
    plain = Chosen(start=NOW - timedelta(days=30), end=NOW + timedelta(hours=1), zone=UTC, guild_id=GUILD)
    return replace(plain, **facts)


@asynccontextmanager
async def writing(database: Database) -> AsyncIterator[None]:
    """One generation is stored; while in here a second one is being written, and not committed yet."""
    (made,) = await write(database, Life(outcome=Outcome.FAILED))
    inserted, go_on = asyncio.Event(), asyncio.Event()

    async def slow(connection: AsyncConnection) -> None:
        other = replace(made, id="slow", origin=replace(made.origin, interaction_id=10**12))
        await generations.add(connection, other)
        await ledger.add(connection, [(other, entry) for entry in entries_of(other, Life())])
        inserted.set()
        await go_on.wait()

    slow_one = asyncio.create_task(database.write(slow))
    await inserted.wait()
    try:
        yield
    finally:
        go_on.set()
        await slow_one


def total(lives: Sequence[Life]) -> Figures:
    return reduce(add, (life.figures for life in lives), Figures())


async def grouped(store: Store, query: str, which: Chosen | None = None, most: int | None = None) -> Grouped:
    return (await store.reports.measure(query, which or chosen(), most)).grouped


async def figures(store: Store, query: str, which: Chosen | None = None) -> dict[str, Figures]:
    return {group.key: group.figures for group in (await grouped(store, query, which)).groups}


def test_every_definition_has_its_query_and_every_query_its_definition() -> None:
    assert {definition.query for definition in DEFINITIONS.values()} == set(QUERIES)


async def test_every_outcome_is_counted_as_what_it_is(database: Database, store: Store) -> None:
    await write(database, *ONE_OF_EACH)
    found = await grouped(store, "by_model")
    expected = Figures(requested=7, succeeded=1, refunded=1, failed=3, open=2, seconds=8, micros=400_000, unpriced=0)
    assert (found.count, found.totals) == (1, expected)


async def test_a_charge_without_a_price_is_counted_and_never_as_nothing(database: Database, store: Store) -> None:
    await write(database, Life(micros=None), Life(micros=None, outcome=Outcome.REFUNDED), Life(micros=0))
    totals = (await grouped(store, "by_model")).totals
    assert (totals.micros, totals.unpriced) == (0, 1)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("by_member", {"m0": 2, "m1": 1}),
        ("by_model", {"veo3.1-fast": 2, "kling-3.0": 1}),
        ("by_operation", {"text-to-video": 2, "image-to-video": 1}),
        ("by_channel", {"8001": 2, "8002": 1}),
        ("by_day", {"2026-03-31": 2, "2026-03-30": 1}),
    ],
)
async def test_generations_are_grouped(database: Database, store: Store, query: str, expected: dict[str, int]) -> None:
    other = Life(member=1, model="kling-3.0", operation=Operation.IMAGE, channel_id=8_002, at=NOW - timedelta(hours=20))
    await write(database, Life(), Life(outcome=Outcome.FAILED), other)
    assert {key: found.requested for key, found in (await figures(store, query)).items()} == expected


@pytest.mark.parametrize(
    ("facts", "count"),
    [
        ({"member_id": FIRST_MEMBER + 1}, 1),
        ({"member_id": 1}, 0),
        ({"model": "kling-3.0"}, 1),
        ({"operation": Operation.IMAGE}, 1),
        ({"channel_id": 8_002}, 1),
        ({"guild_id": None}, 1),
        ({"guild_id": 7_002}, 0),
        ({"all_guilds": True}, 6),
    ],
)
async def test_filters_choose(database: Database, store: Store, facts: dict[str, Any], count: int) -> None:
    await write(
        database,
        Life(),
        Life(member=1),
        Life(model="kling-3.0"),
        Life(operation=Operation.IMAGE),
        Life(channel_id=8_002),
        Life(guild_id=None),
    )
    which = chosen(**facts)
    assert (await grouped(store, "by_model", which)).totals.requested == count
    assert len(await store.reports.rows(which, 10**9, None, 100)) == count


async def test_a_generation_belongs_to_the_period_of_its_hold(database: Database, store: Store) -> None:
    day = day_of(NOW.date(), UTC)
    first, last = Life(at=day.start, took=timedelta(days=2)), Life(at=day.end - timedelta(microseconds=1))
    await write(database, first, last, Life(at=day.end), Life(at=day.start - timedelta(microseconds=1)))
    totals = (await grouped(store, "by_model", chosen(start=day.start, end=day.end))).totals
    assert totals == total([first, last])


async def test_only_the_largest_groups_are_returned_and_all_are_added_up(database: Database, store: Store) -> None:
    lives = [Life(member=number, outcome=outcome) for number in range(5) for outcome in list(Outcome)[: number + 1]]
    await write(database, *lives)
    found = await grouped(store, "by_member", most=2)
    assert {group.key: group.figures.requested for group in found.groups} == {"m4": 5, "m3": 4}
    assert (found.count, found.totals) == (5, total(lives))


async def test_without_a_generation_everything_is_nothing(store: Store) -> None:
    measured = await store.reports.measure("by_member", chosen(), 10)
    assert (measured.grouped, measured.times) == (Grouped(groups=(), count=0, totals=Figures()), {})


@pytest.mark.parametrize("forgotten", [{"user_id": None, "name": None}, {"forget_since": NOW}], ids=["parted", "asked"])
async def test_members_come_with_their_names_and_forgotten_ones_without(
    database: Database, store: Store, forgotten: dict[str, Any]
) -> None:
    await write(database, Life(member=0), Life(member=1))
    await database.write(
        lambda connection: connection.execute(update(members).where(members.c.key == "m1").values(forgotten))
    )
    groups = {group.key: group for group in (await grouped(store, "by_member")).groups}
    assert (groups["m0"].user_id, groups["m0"].name) == (FIRST_MEMBER, "ada")
    assert (groups["m1"].user_id, groups["m1"].name) == (None, None)
    rows = await store.reports.rows(chosen(), 10**9, None, 100)
    assert {(row.member_id, row.member_name) for row in rows} == {(FIRST_MEMBER, "ada"), (None, None)}


@pytest.mark.parametrize(
    ("zone", "day", "hours"), [("Europe/Berlin", (2026, 3, 29), 23), ("Europe/Berlin", (2026, 10, 25), 25)]
)
async def test_a_day_on_which_the_clocks_change_has_its_own_length(
    database: Database, store: Store, zone: str, day: tuple[int, int, int], hours: int
) -> None:
    start = day_of(datetime(*day, tzinfo=UTC).date() - timedelta(days=1), ZoneInfo(zone)).start
    await write(database, *(Life(at=start + timedelta(hours=hour)) for hour in range(24 + hours + 24)))
    which = chosen(start=start, end=start + timedelta(hours=48 + hours), zone=ZoneInfo(zone))
    assert [found.requested for found in (await figures(store, "by_day", which)).values()].count(hours) == 1
    assert sorted(each.requested for each in (await figures(store, "by_day", which)).values()) == sorted(
        [24, hours, 24]
    )


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "America/St_Johns", "Africa/Casablanca", "Pacific/Apia"])
async def test_days_are_those_of_the_zone_all_year_round(database: Database, store: Store, zone: str) -> None:
    here = ZoneInfo(zone)
    start, end = (day_of(date, here).start for date in (datetime(2026, 1, 1).date(), datetime(2027, 1, 1).date()))  # noqa: DTZ001 - only the date counts
    hours = int((end - start) / timedelta(hours=1))
    lives = [Life(at=start + timedelta(minutes=60 * hour + 17 * hour % 60)) for hour in range(0, hours, 5)]
    await write(database, *lives)
    expected: dict[str, int] = {}
    for life in lives:
        date = life.at.astimezone(here).date().isoformat()
        expected[date] = expected.get(date, 0) + 1
    found = await figures(store, "by_day", chosen(start=start, end=end, zone=here))
    assert {key: each.requested for key, each in found.items()} == expected


async def test_percentiles_are_of_every_charge_by_the_nearest_rank(database: Database, store: Store) -> None:
    lives = [Life(took=timedelta(seconds=second)) for second in range(1, 40)]
    await write(database, *lives, Life(took=timedelta(seconds=40), outcome=Outcome.REFUNDED))
    times = (await store.reports.measure("by_model", chosen(), 10)).times
    assert times == {50: timedelta(seconds=20), 95: timedelta(seconds=38)}


async def test_rows_come_page_by_page_in_the_order_of_acceptance(database: Database, store: Store) -> None:
    alike = [Life() for _ in range(5)]
    made = await write(database, *alike, Life(at=NOW - timedelta(hours=5)), Life(at=NOW - timedelta(hours=1)))
    pages, after = [], None
    while page := await store.reports.rows(chosen(), 10**9, after, 2):
        pages.append([row.generation_id for row in page])
        after = page[-1]
    assert [len(page) for page in pages] == [2, 2, 2, 1]
    assert [each for page in pages for each in page] == [generation.id for generation in made]


async def test_rows_say_which_guild_they_are_of(database: Database, store: Store) -> None:
    await write(database, Life(), Life(guild_id=7_002), Life(guild_id=None))
    rows = await store.reports.rows(chosen(all_guilds=True), 10**9, None, 100)
    assert [row.guild_id for row in rows] == [GUILD, 7_002, None]


async def test_every_row_says_what_became_of_its_generation(database: Database, store: Store) -> None:
    await write(database, *ONE_OF_EACH)
    rows = await store.reports.rows(chosen(), 10**9, None, 100)
    assert sorted(row.outcome for row in rows) == sorted(Outcome)
    for row in rows:
        is_made = row.outcome is Outcome.SUCCEEDED
        assert (row.seconds, row.micros) == ((8, 400_000) if is_made else (0, 0))
        assert (row.took == timedelta(seconds=90)) == (row.outcome in {Outcome.SUCCEEDED, Outcome.REFUNDED})


async def test_what_is_written_after_a_report_is_not_in_its_rows(database: Database, store: Store) -> None:
    made = await write(database, Life())
    upto = (await store.reports.measure("by_model", chosen(), 10)).upto
    charge = entries_of(made[0], Life())[2]
    await database.write(lambda connection: ledger.add(connection, [(made[0], refund(charge, NOW))]))
    await write(database, Life())
    rows = await store.reports.rows(chosen(), upto, None, 100)
    assert [(row.generation_id, row.outcome) for row in rows] == [(made[0].id, Outcome.SUCCEEDED)]
    totals = (await grouped(store, "by_model")).totals
    assert (totals.requested, totals.refunded) == (2, 1)


async def test_a_report_waits_for_those_who_are_writing(database: Database, store: Store, url: str) -> None:
    if url.startswith("sqlite"):
        pytest.skip("SQLite has one writer at a time, which gives out ids in the order of its commits")
    async with writing(database):
        await write(database, Life())
        report = asyncio.create_task(store.reports.measure("by_model", chosen(), 10))
        await asyncio.wait({report}, timeout=0.2)
    assert (await report).grouped.totals.requested == 3


async def test_a_report_that_would_hold_writers_up_for_long_is_turned_down(
    database: Database, store: Store, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if url.startswith("sqlite"):
        pytest.skip("SQLite's readers hold nobody up")
    monkeypatch.setattr(stored_reports, "_NOT_FOR_LONG", text("SET LOCAL lock_timeout = '20ms'"))
    async with writing(database):
        with pytest.raises(Rejection) as raised:
            await store.reports.measure("by_model", chosen(), 10)
        await write(database, Life())
    assert raised.value.problem == ReportBusy()
    assert (await grouped(store, "by_model")).totals.requested == 3


async def test_another_trouble_of_the_database_is_no_answer_to_the_member(
    database: Database, store: Store, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if url.startswith("sqlite"):
        pytest.skip("SQLite's readers hold nobody up")
    monkeypatch.setattr(stored_reports, "_NOT_FOR_LONG", text("SET LOCAL statement_timeout = '20ms'"))
    async with writing(database):
        with pytest.raises(DBAPIError, match="statement timeout"):
            await store.reports.measure("by_model", chosen(), 10)


async def test_figures_without_rows_neither_wait_for_writers_nor_hold_them_up(
    database: Database, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_reports, "_HOLD_WRITERS_BACK", text("nothing that a database knows"))
    async with writing(database):
        measured = await store.reports.measure("by_model", chosen(with_rows=False), 10)
    assert measured.grouped.totals.requested == 1


@pytest.mark.parametrize("query", [definition.query for definition in DEFINITIONS.values()])
async def test_a_guilds_report_reads_nothing_but_its_index(
    database: Database, store: Store, url: str, query: str
) -> None:
    await write(database, Life())
    statements: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_others: object) -> None:
        if "FROM ledger" in statement and "held_at" in statement:
            statements.append((statement, parameters))

    event.listen(database._reader.sync_engine, "before_cursor_execute", note)
    await store.reports.measure(query, chosen(zone=BERLIN), 10)
    event.remove(database._reader.sync_engine, "before_cursor_execute", note)
    assert len(statements) == 2
    plan_of, access = (_plan, ON_SQLITE) if url.startswith("sqlite") else (_postgresql_plan, ON_POSTGRESQL)
    for statement, parameters in statements:
        plan = await plan_of(database, statement, parameters)
        assert [line for line in plan if "ledger" in line] == [access]


async def _plan(database: Database, statement: str, parameters: Any) -> list[str]:
    async def work(connection: AsyncConnection) -> list[str]:
        rows = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        return [row["detail"] for row in rows.mappings()]

    return await database.read(work)


async def _postgresql_plan(database: Database, statement: str, parameters: Any) -> list[str]:
    """How the ledger is read where neither another index nor a look at all of its few entries can be preferred."""
    async with database._writer.connect() as connection:
        for change in (
            "DROP INDEX ix_ledger_member, ix_ledger_held",
            "ALTER TABLE ledger DROP CONSTRAINT pk_ledger, DROP CONSTRAINT uq_ledger_generation_id_kind_releases",
            "SET LOCAL enable_seqscan = off",
            "SET LOCAL enable_bitmapscan = off",
        ):
            await connection.exec_driver_sql(change)
        rows = await connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
        plan = [line.strip(" ->").partition("  (")[0] for line in rows.scalars() if " on ledger" in line]
        await connection.rollback()
    return plan


async def test_rows_are_found_by_the_index_as_well(database: Database, store: Store, url: str) -> None:
    if not url.startswith("sqlite"):
        pytest.skip("PostgreSQL chooses by what is in the table, which is next to nothing here")
    await write(database, Life())
    plans: list[str] = []
    statements: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_others: object) -> None:
        if "FROM ledger" in statement:
            statements.append((statement, parameters))

    event.listen(database._reader.sync_engine, "before_cursor_execute", note)
    await store.reports.rows(chosen(), 10**9, None, 10)
    event.remove(database._reader.sync_engine, "before_cursor_execute", note)
    for statement, parameters in statements:
        plans += await _plan(database, statement, parameters)
    assert not [line for line in plans if line.startswith("SCAN")]
    assert any("ix_ledger_guild" in line for line in plans)

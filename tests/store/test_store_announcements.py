"""What is told to a guild: noted when a budget turns a request down, skipped where nobody need be told any more."""

import asyncio
from dataclasses import replace
from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.domain.announcements import Announcement, BudgetLevel
from bot.domain.errors import LimitReached, Rejection
from bot.domain.guild import BOT
from bot.domain.ledger import Amounts
from bot.domain.limits import Limit, Measure, Scope, Window
from bot.domain.moderating import Action, Deed
from bot.store import limits
from bot.store.database import Database
from bot.store.store import Store
from tests.store.samples import GUILD, LEASE, MEMBER, NOW, acceptance

BUDGET = Limit(scope=Scope.GUILD, measure=Measure.MICROS, amount=700_000, window=Window.MONTH)
SHORT, SPENT = (
    Announcement.of_budget(GUILD, BUDGET, level, NOW, UTC) for level in (BudgetLevel.SHORT, BudgetLevel.SPENT)
)


async def put(database: Database, limit: Limit, guild_id: int = GUILD) -> None:
    await database.write(lambda connection: limits.put(connection, guild_id, limit))


async def turned_down(store: Store) -> None:
    """Ask for more than there is left."""
    with pytest.raises(Rejection) as caught:
        await store.generations.accept(acceptance(amounts=Amounts(micros=800_000)))
    assert isinstance(caught.value.problem, LimitReached)


async def test_a_budget_that_turns_a_request_down_is_noted_until_it_is_told(store: Store, database: Database) -> None:
    await put(database, BUDGET)
    assert await store.announcements.noted([SHORT]) == []
    await turned_down(store)
    assert await store.announcements.noted([SHORT, SPENT]) == [SHORT]
    attempt = await store.announcements.begin(SHORT, NOW, LEASE)
    assert attempt is not None
    assert not attempt.may_stand_there
    await store.announcements.told(attempt, NOW)
    await turned_down(store)
    assert await store.announcements.noted([SHORT]) == []


async def test_what_is_accepted_with_it_is_written_all_the_same(store: Store, database: Database) -> None:
    await put(database, BUDGET)
    wanted = [acceptance(amounts=Amounts(micros=micros)) for micros in (400_000, 400_000, 300_000)]
    outcomes = await asyncio.gather(*map(store.generations.accept, wanted), return_exceptions=True)
    assert [isinstance(outcome, Rejection) for outcome in outcomes] == [False, True, False]
    assert len(await store.generations.of_member(MEMBER, GUILD, 10)) == 2
    assert await store.announcements.noted([SHORT]) == [SHORT]


async def test_the_window_of_what_is_noted_is_the_one_of_the_guild(store: Store, database: Database) -> None:
    await put(database, replace(BUDGET, window=Window.DAY))
    zone = "Pacific/Kiritimati"
    deed = Deed(at=NOW, action=Action.CHANGE_SETTINGS, guild_id=GUILD, actor_id=1)
    await store.guilds.change_settings({"time_zone": zone}, deed)
    await turned_down(store)
    daily = replace(BUDGET, window=Window.DAY)
    there = Announcement.of_budget(GUILD, daily, BudgetLevel.SHORT, NOW, ZoneInfo(zone))
    assert there.period_start == NOW.replace(day=5, hour=0)
    assert await store.announcements.noted([there]) == [there]


@pytest.mark.parametrize(
    ("limit", "guild_id"),
    [(replace(BUDGET, scope=Scope.MEMBER), GUILD), (replace(BUDGET, scope=Scope.BOT), BOT)],
    ids=["a member's", "the whole bot's"],
)
async def test_no_other_limit_is_noted_as_a_budget(
    store: Store, database: Database, limit: Limit, guild_id: int
) -> None:
    await put(database, limit, guild_id)
    await turned_down(store)
    assert await store.announcements.noted([SHORT]) == []


async def test_what_is_skipped_is_never_told(store: Store) -> None:
    await store.announcements.skip([SPENT], NOW)
    await store.announcements.skip([SPENT], NOW + timedelta(days=1))
    assert await store.announcements.untold([SHORT, SPENT]) == [SHORT]
    assert await store.announcements.begin(SPENT, NOW + LEASE, LEASE) is None

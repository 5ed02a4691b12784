"""Erasing: content goes, figures stay, and a key is parted from its member once the limits don't need it any more."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.change import Change, LeaseLostError
from bot.domain.figures import Chosen
from bot.domain.generation import Generation, MessageRef, Origin, State
from bot.domain.guild import Block
from bot.domain.holdings import Holdings
from bot.domain.ledger import Amounts
from bot.domain.limits import Limit, Measure, Scope, Window
from bot.domain.moderating import Action, Deed, LogFilter, Refusal
from bot.domain.request import Operation, Options, Request
from bot.store import erasing
from bot.store.database import Database
from bot.store.refusing import HOURLY
from bot.store.store import Store
from tests.store.samples import GUILD, LEASE, MEMBER, NOW, SECOND, acceptance, accepted, claimed, ended, origin

DAY = timedelta(days=1)
LATER = NOW + DAY
MONTH = timedelta(days=32)
TWO_DAYS = Chosen(start=NOW - DAY, end=NOW + DAY, zone=UTC, guild_id=GUILD)
DEED = Deed(at=NOW, action=Action.BLOCK, guild_id=GUILD, actor_id=5_001, why="spam")


async def finished(
    store: Store, state: State = State.SUCCEEDED, of: Origin | None = None, **changes: Any
) -> Generation:
    """One that has ended, was told and is held by nobody."""
    card, told = MessageRef(channel_id=8_001, message_id=8_101), MessageRef(channel_id=8_002, message_id=8_102)
    running = await claimed(
        store,
        of=of,
        card=card,
        told_as=told,
        task_id=f"task-{state}-{len(changes)}",
        results=("https://files.example/1.mp4",),
    )
    over = await store.generations.save(await ended(store, running, state))
    facts = {"told": state, "due_at": None, "detail": "a lighthouse was refused", "kept_inputs": (7,), **changes}
    return await store.generations.save(Change(before=over, after=over.evolve(**facts)))


async def row(database: Database, generation: Generation) -> str:
    """Every column of a generation, as text."""

    async def read(connection: object) -> str:
        statement = text("SELECT * FROM generations WHERE id = :id")
        found = await connection.execute(statement, {"id": generation.id})  # type: ignore[attr-defined]
        return json.dumps([str(value) for value in found.one()])

    return await database.read(read)


async def read(store: Store, generation: Generation) -> Generation:
    found = await store.generations.get(generation.id)
    assert found is not None
    return found


async def refuse(store: Store, at: datetime = NOW, member: int = MEMBER) -> None:
    await store.guilds.refuse(
        Refusal(at=at, guild_id=GUILD, channel_id=1, user_id=member, rule="cabbage", prompt="a cabbage")
    )


async def prompts(store: Store) -> list[str | None]:
    return [refused.prompt for refused in await store.guilds.refusals(GUILD, 100)]


async def contents(database: Database, table: str) -> str:
    """All rows of a table, as text."""

    async def read(connection: AsyncConnection) -> str:
        rows = await connection.execute(text(f"SELECT * FROM {table}"))  # noqa: S608 - the schema's own names
        return json.dumps([[str(value) for value in row] for row in rows])

    return await database.read(read)


@pytest.mark.parametrize("state", [State.SUCCEEDED, State.FAILED, State.CANCELLED, State.EXPIRED])
async def test_an_erased_generation_keeps_its_figures_and_nothing_that_was_written_or_attached(
    store: Store, database: Database, state: State
) -> None:
    generation = await finished(store, state)
    used = await store.generations.used_amounts(MEMBER, GUILD, Window.DAY, NOW)
    assert await store.privacy.erase_before(NOW + SECOND, LATER, 10) == 1
    erased = await read(store, generation)
    assert erased.request == Request(
        operation=Operation.IMAGE, model="veo3.1-fast", options=Options(duration=8, sound=False, cfg_scale=0.5)
    )
    assert (erased.erased_at, erased.state, erased.told) == (LATER, state, state)
    assert (erased.origin.requester_id, erased.origin.interaction_token) == (0, "")
    assert (erased.results, erased.kept_inputs, erased.detail, erased.poll_url) == ((), (), None, None)
    assert erased.amounts == generation.amounts
    assert erased.member_key == generation.member_key
    stored = await row(database, generation)
    for trace in ("lighthouse", "tower.png", "cdn.example", "files.example", str(MEMBER), '"token"', str(2**62)):
        assert trace not in stored, trace
    assert await store.generations.used_amounts(MEMBER, GUILD, Window.DAY, NOW) == used
    assert await store.generations.of_member(MEMBER, GUILD, 10) == []


async def due(store: Store, *generations: Generation) -> list[datetime | None]:
    return [(await read(store, generation)).due_at for generation in generations]


async def test_at_a_members_wish_the_steps_that_clear_cards_are_due_one_after_another(store: Store) -> None:
    first, second = await finished(store), await finished(store, State.FAILED)
    assert await store.privacy.erase_of(MEMBER, LATER, 10) == 2
    assert await due(store, first, second) == [LATER, LATER + erasing.CLEAR_EVERY]


async def test_where_there_is_no_card_in_a_guild_or_no_wish_nothing_is_due(store: Store) -> None:
    bare = await finished(store, card=None)
    direct = await finished(store, of=origin(guild=None))
    assert await store.privacy.erase_of(MEMBER, LATER, 10) == 2
    aged = await finished(store, State.EXPIRED)
    assert await store.privacy.erase_before(LATER, LATER, 10) == 1
    assert await due(store, bare, direct, aged) == [None, None, None]


async def test_what_members_wrote_into_options_goes_too(store: Store) -> None:
    generation = await finished(store)
    options = Options(duration=5, aspect_ratio="my street 9", negative_prompt="my name", seed=1)
    changed = generation.evolve(request=replace(generation.request, options=options))
    await store.generations.save(Change(before=generation, after=changed))
    await store.privacy.erase_before(LATER, LATER, 10)
    assert (await read(store, generation)).request.options == Options(duration=5, seed=1)


async def test_only_what_ended_before_the_cutoff_is_erased_longest_ended_first(store: Store) -> None:
    first, second = await finished(store), await finished(store, State.FAILED, detail=None)
    assert await store.privacy.erase_before(NOW, LATER, 10) == 0
    assert await store.privacy.erase_before(NOW + SECOND, LATER, 1) == 1
    assert await store.privacy.erase_before(NOW + SECOND, LATER, 10) == 1
    assert await store.privacy.erase_before(NOW + SECOND, LATER, 10) == 0
    assert (await read(store, first)).erased_at == (await read(store, second)).erased_at == LATER


@pytest.mark.parametrize("changes", [{"told": None}, {"told": State.UNCONFIRMED}, {"due_at": LATER}])
async def test_what_is_not_told_or_still_due_is_not_erased(store: Store, changes: dict[str, Any]) -> None:
    generation = await finished(store, **changes)
    assert await store.privacy.erase_before(LATER, LATER, 10) == 0
    assert await read(store, generation) == generation


async def test_what_is_under_way_or_unconfirmed_is_not_erased(store: Store) -> None:
    await accepted(store)
    running = await claimed(store)
    submitting = await claimed(store)
    unsure = replace(submitting, state=State.SUBMITTING).move(
        State.UNCONFIRMED, NOW, told=State.UNCONFIRMED, due_at=None
    )
    await store.generations.save(Change(before=submitting, after=unsure))
    await store.generations.save(Change(before=running, after=running.evolve(due_at=None)))
    assert await store.privacy.erase_before(LATER, LATER, 10) == 0


async def test_a_row_that_a_worker_holds_is_left_and_one_that_was_frozen_can_t_write_any_more(store: Store) -> None:
    running = await claimed(store, results=("https://files.example/1.mp4",))
    over = await store.generations.save(replace(await ended(store, running, State.SUCCEEDED), keeps_lease=True))
    held = await store.generations.save(
        Change(before=over, after=over.evolve(told=State.SUCCEEDED, due_at=None), keeps_lease=True)
    )
    assert await store.privacy.erase_before(LATER, NOW + SECOND, 10) == 0
    assert await store.privacy.erase_before(LATER, NOW + LEASE, 10) == 1
    with pytest.raises(LeaseLostError):
        await store.generations.save(Change(before=held, after=held.evolve(detail="a lighthouse")))
    assert (await read(store, held)).detail is None


async def test_a_damaged_request_is_erased_as_well(store: Store, database: Database) -> None:
    generation = await finished(store)
    statement = text("""UPDATE generations SET request = '{"prompt": "a lighthouse"' WHERE id = :id""")
    await database.write(lambda connection: connection.execute(statement, {"id": generation.id}))
    assert await store.privacy.erase_before(LATER, LATER, 10) == 1
    assert (await read(store, generation)).request == Request(operation=Operation.IMAGE, model="veo3.1-fast")


async def test_refused_prompts_go_with_their_time(store: Store) -> None:
    await refuse(store)
    await refuse(store, LATER)
    await store.privacy.erase_before(LATER, LATER, 10)
    assert await prompts(store) == ["a cabbage", None]


async def test_a_prompt_refused_after_the_wish_is_kept_for_a_while_only(store: Store) -> None:
    await refuse(store)
    await store.privacy.forget(MEMBER, NOW)
    await refuse(store, LATER)
    await refuse(store, LATER, MEMBER + 1)
    assert await store.privacy.erase_forgotten(LATER, LATER, 10) == 0
    assert await prompts(store) == ["a cabbage", "a cabbage", None]
    assert await store.privacy.erase_forgotten(LATER + SECOND, LATER, 10) == 0
    assert await prompts(store) == ["a cabbage", None, None]


async def test_no_refused_prompt_outlives_the_parting(store: Store) -> None:
    await finished(store)
    await store.privacy.forget(MEMBER, NOW)
    await store.privacy.erase_of(MEMBER, LATER, 10)
    await refuse(store, LATER)
    await refuse(store, LATER, MEMBER + 1)
    assert await store.privacy.drop_forgotten(NOW + SECOND) == 1
    assert await prompts(store) == ["a cabbage", None]


async def test_of_one_member_so_many_refused_prompts_are_recorded_in_an_hour_and_no_more(store: Store) -> None:
    hour = timedelta(hours=1)
    for _ in range(HOURLY + 3):
        await refuse(store)
    await refuse(store, NOW, MEMBER + 1)
    assert len(await prompts(store)) == HOURLY + 1
    await store.privacy.forget(MEMBER, NOW)
    await refuse(store, NOW + hour - SECOND)
    assert len(await prompts(store)) == HOURLY + 1, "erasing makes no room"
    await refuse(store, NOW + hour)
    assert len(await prompts(store)) == HOURLY + 2


async def test_refused_prompts_are_recorded_no_oftener_by_asking_at_once(store: Store) -> None:
    await asyncio.gather(*(refuse(store) for _ in range(HOURLY + 5)))
    assert len(await prompts(store)) == HOURLY


async def test_older_refused_prompts_come_before_a_number(store: Store) -> None:
    for second in range(3):
        await refuse(store, NOW + SECOND * second)
    newest, *older = await store.guilds.refusals(GUILD, 10)
    assert await store.guilds.refusals(GUILD, 10, newest.id) == older
    assert await store.guilds.refusals(GUILD, 1, newest.id) == older[:1]


async def test_of_direct_messages_no_channel_is_kept_that_is_one_person_s(store: Store, database: Database) -> None:
    generation = await finished(store, of=origin(guild=None))
    await store.guilds.refuse(
        Refusal(at=NOW, guild_id=None, channel_id=8_001, user_id=MEMBER, rule="hate", prompt="a cabbage")
    )
    await store.privacy.forget(MEMBER, NOW)
    await store.privacy.erase_of(MEMBER, LATER, 10)
    for table in ("ledger", "refusals", "generations"):
        found = await contents(database, table)
        assert "8001" not in found, table
        assert "8002" not in found, table
    assert (await read(store, generation)).card is None


async def test_of_a_guild_the_channel_stays_with_the_figures(store: Store, database: Database) -> None:
    generation = await finished(store)
    await store.privacy.erase_of(MEMBER, LATER, 10)
    erased = await read(store, generation)
    assert erased.card == generation.card == MessageRef(channel_id=8_001, message_id=8_101)
    assert erased.told_as is None, "it may be a direct message"
    assert "8001" in await contents(database, "ledger")


async def test_a_member_sees_how_much_is_stored_of_them(store: Store) -> None:
    assert await store.privacy.holdings(MEMBER) == Holdings()
    generation = await finished(store)
    waiting = await accepted(store, now=NOW + SECOND)
    await refuse(store)
    await store.guilds.block(Block(user_id=MEMBER, blocked_at=NOW), DEED)
    assert await store.privacy.holdings(MEMBER) == Holdings(
        key=generation.member_key,
        generations=2,
        kept=2,
        under_way=1,
        ledger_entries=4,
        refused_prompts=1,
        log_lines=1,
        blocks=1,
        oldest=NOW,
        newest_end=waiting.state_at,
    )
    await store.privacy.erase_before(LATER, LATER, 10)
    holdings = await store.privacy.holdings(MEMBER)
    assert (holdings.generations, holdings.kept, holdings.refused_prompts) == (2, 1, 0)


async def test_a_wish_to_be_forgotten_erases_the_name_and_refused_prompts_at_once(
    store: Store, database: Database
) -> None:
    generation = await finished(store)
    await refuse(store)
    statement = text("UPDATE members SET name = 'Ada'")
    await database.write(lambda connection: connection.execute(statement))
    assert await store.privacy.forget(MEMBER, LATER) == generation.member_key
    assert await store.privacy.forget(1, LATER) is None
    holdings = await store.privacy.holdings(MEMBER)
    assert (holdings.name, holdings.forget_since, holdings.refused_prompts) == (None, LATER, 0)
    assert await prompts(store) == [None]


async def test_only_the_member_s_own_generations_are_erased_at_their_wish(store: Store) -> None:
    generation = await finished(store)
    assert await store.privacy.erase_of(1, LATER, 10) == 0
    assert await store.privacy.erase_forgotten(LATER, LATER, 10) == 0
    assert await store.privacy.erase_of(MEMBER, LATER, 10) == 1
    assert (await read(store, generation)).erased_at == LATER


async def test_what_was_under_way_at_the_wish_is_erased_once_it_is_over(store: Store) -> None:
    running = await claimed(store)
    await store.privacy.forget(MEMBER, NOW)
    assert await store.privacy.erase_forgotten(NOW, NOW, 10) == 0
    over = await store.generations.save(await ended(store, running, State.FAILED))
    await store.generations.save(Change(before=over, after=over.evolve(told=State.FAILED, due_at=None)))
    assert await store.privacy.erase_forgotten(NOW - DAY, LATER, 10) == 1


async def test_what_was_asked_for_after_the_wish_is_kept_for_a_while(store: Store) -> None:
    generation = await finished(store)
    await store.privacy.forget(MEMBER, NOW - SECOND)
    assert await store.privacy.erase_forgotten(NOW, LATER, 10) == 0
    assert (await read(store, generation)).erased_at is None
    assert await store.privacy.erase_forgotten(NOW + SECOND, LATER, 10) == 1


async def test_a_key_is_parted_from_its_member_once_nothing_needs_it(store: Store) -> None:
    generation = await finished(store)
    await store.guilds.block(Block(user_id=MEMBER, blocked_at=NOW), DEED)
    assert await store.privacy.drop_forgotten(LATER) == 0
    await store.privacy.forget(MEMBER, NOW)
    assert await store.privacy.drop_forgotten(LATER) == 0, "its content is still there"
    await store.privacy.erase_of(MEMBER, LATER, 10)
    assert await store.privacy.drop_forgotten(NOW) == 0, "limits still count it"
    assert await store.privacy.drop_forgotten(NOW + SECOND) == 1
    assert await store.privacy.drop_forgotten(NOW + SECOND) == 0
    assert await store.privacy.holdings(MEMBER) == Holdings(blocks=1)
    assert (await store.guilds.rules(GUILD, MEMBER, NOW)).block is not None, "a block stays"
    (line,) = await store.guilds.log(GUILD, LogFilter(), 10)
    assert (line.subject, line.member_id) == (f"member:{generation.member_key}", None)
    assert await store.generations.used_amounts(MEMBER, GUILD, Window.DAY, NOW) == Amounts(
        generations=0, seconds=0, micros=0
    )


async def test_a_forgotten_member_who_comes_back_is_somebody_new(store: Store) -> None:
    generation = await finished(store)
    await store.privacy.forget(MEMBER, NOW)
    await store.privacy.erase_of(MEMBER, LATER, 10)
    await store.privacy.drop_forgotten(NOW + SECOND)
    new = await accepted(store, now=NOW + MONTH)
    assert new.member_key != generation.member_key
    assert (await store.privacy.holdings(MEMBER)).forget_since is None


async def test_whoever_asks_again_after_the_wish_stays_a_former_member(store: Store) -> None:
    await store.generations.accept(replace(acceptance(), name="Ada"))
    await store.privacy.forget(MEMBER, NOW + SECOND)
    await store.generations.accept(replace(acceptance(now=NOW + 2 * SECOND), name="Ada"))
    assert (await store.privacy.holdings(MEMBER)).name is None
    (group,) = (await store.reports.measure("by_member", TWO_DAYS, None)).grouped.groups
    assert (group.figures.requested, group.user_id, group.name) == (2, None, None)
    rows = await store.reports.rows(TWO_DAYS, 10**9, None, 10)
    assert [(row.member_id, row.member_name) for row in rows] == [(None, None)] * 2


@pytest.mark.parametrize(("is_own", "count"), [(False, 0), (True, 2)], ids=["of moderators", "of their own"])
async def test_a_report_on_a_forgotten_member_has_what_they_made_for_themselves_alone(
    store: Store, *, is_own: bool, count: int
) -> None:
    await accepted(store)
    await store.privacy.forget(MEMBER, NOW)
    await accepted(store)
    chosen = replace(TWO_DAYS, member_id=MEMBER, is_own=is_own)
    assert (await store.reports.measure("by_day", chosen, None)).grouped.totals.requested == count
    assert len(await store.reports.rows(chosen, 10**9, None, 10)) == count


async def test_what_is_under_way_keeps_the_key(store: Store) -> None:
    await accepted(store)
    await store.privacy.forget(MEMBER, NOW)
    assert await store.privacy.drop_forgotten(LATER + MONTH) == 0


async def test_limits_that_were_set_for_a_member_alone_are_told(store: Store) -> None:
    deed = replace(DEED, action=Action.SET_LIMIT)
    for who in (MEMBER, MEMBER + 2, 0):
        limit = Limit(scope=Scope.MEMBER, scope_id=who, measure=Measure.GENERATIONS, window=Window.DAY, amount=3)
        await store.guilds.set_limit(limit, deed)
    assert (await store.privacy.holdings(MEMBER)).limits == 1

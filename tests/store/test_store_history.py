"""A member's history, page by page, on both databases."""

from bot.domain.generation import State
from bot.store.store import Store
from tests.store.samples import GUILD, MEMBER, NOW, SECOND, accepted, claimed, ended, origin


async def test_a_history_is_cut_into_pages_newest_first(store: Store) -> None:
    made = [await accepted(store, now=NOW + number * SECOND) for number in range(5)]
    await accepted(store, of=origin(MEMBER + 1))
    await accepted(store, of=origin(guild=None))
    pages = [await store.history.of_member(MEMBER, GUILD, list(State), range(start, start + 2)) for start in (0, 2, 4)]
    assert [found for page in pages for found in page] == made[::-1]
    assert await store.history.of_member(MEMBER, GUILD, list(State), range(6, 8)) == []


async def test_a_history_is_of_the_states_asked_for(store: Store) -> None:
    failed = await store.generations.save(await ended(store, await claimed(store), State.FAILED))
    waiting = await accepted(store, of=origin(guild=None))
    found = await store.history.of_member(MEMBER, GUILD, [State.FAILED, State.EXPIRED], range(7))
    assert found == [failed]
    assert await store.history.of_member(MEMBER, GUILD, [State.ACCEPTED], range(7)) == []
    assert await store.history.of_member(MEMBER, None, [State.ACCEPTED], range(7)) == [waiting]

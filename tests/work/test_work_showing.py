"""A member's own generations once more: the history, and videos that are fetched anew within bounds."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.errors import FetchUnderWay, Rejection
from bot.domain.generation import Generation, MessageRef, State
from bot.media.fetch import MediaFiles
from bot.media.rules import MediaRules
from bot.work.showing import FETCHES_AT_ONCE, GROUPS, PAGE, Group, Showing
from sandbox.provider import Outcome
from tests.chat import samples
from tests.media.footage import Footage
from tests.work.conftest import FileHost
from tests.work.scripted import ScriptedApi
from tests.work.stage import GUILD, MEMBER, Stage

MIB = 1_048_576
LIMIT = 10 * MIB


async def stands(generation: Generation) -> bool:
    """Every message is still there."""
    return generation.told_as is not None


async def is_gone(_generation: Generation) -> bool:
    """No message is there any more."""
    return False


@pytest.fixture
def rules() -> MediaRules:
    return MediaRules(result_most=2 * MIB)


@pytest.fixture
async def media(api: ScriptedApi, host: FileHost, rules: MediaRules, tmp_path: Path) -> AsyncIterator[MediaFiles]:
    files = MediaFiles(tmp_path / "again", rules, trusted_origins=(api.origin, host.origin))
    await files.open()
    yield files
    await files.close()


@pytest.fixture
def showing(stage: Stage, media: MediaFiles) -> Showing:
    return Showing(stage.store.history, media, stands)


def finished(*urls: str, member: int = MEMBER, id: str = "abcdefgh1234") -> Generation:  # noqa: A002 - as the field
    """A finished generation with these results, told somewhere."""
    return samples.generation(
        id=id,
        state=State.SUCCEEDED,
        origin=samples.origin(requester_id=member),
        results=urls,
        told=State.SUCCEEDED,
        told_as=MessageRef(channel_id=1, message_id=2),
    )


def left(tmp_path: Path) -> list[str]:
    """The files in the spool, but for those that are being removed."""
    return [path.name for path in (tmp_path / "again").rglob("*") if path.is_file()]


async def ended(stage: Stage, outcome: Outcome) -> Generation:
    stage.simulated.plan(outcome)
    return await stage.follow(await stage.ask())


async def test_every_state_is_in_one_group() -> None:
    assert sorted(state for group in Group for state in GROUPS[group]) == sorted(State)


async def test_the_history_is_of_one_member_in_one_guild_newest_first(stage: Stage, showing: Showing) -> None:
    first = await stage.ask_without_card()
    stage.clock.advance(timedelta(seconds=1))
    second = await stage.ask_without_card()
    page = await showing.history(MEMBER, GUILD, None, 1)
    assert ([found.id for found in page.generations], page.has_older) == ([second.id, first.id], False)
    assert (await showing.history(MEMBER, None, None, 1)).generations == ()
    assert (await showing.history(MEMBER + 1, GUILD, None, 1)).generations == ()


async def test_the_history_can_be_narrowed_to_how_it_went(stage: Stage, showing: Showing) -> None:
    failed = await ended(stage, Outcome.FAIL)
    succeeded = await ended(stage, Outcome.OK)
    waiting = await stage.ask_without_card()
    found = {group: await showing.history(MEMBER, GUILD, group, 1) for group in Group}
    assert {group: [one.id for one in page.generations] for group, page in found.items()} == {
        Group.UNDER_WAY: [waiting.id],
        Group.FINISHED: [succeeded.id],
        Group.NOT_MADE: [failed.id],
    }


async def test_older_pages_follow_without_a_gap(stage: Stage, showing: Showing) -> None:
    asked = []
    for _ in range(2 * PAGE + 1):
        stage.clock.advance(timedelta(seconds=1))
        asked.append((await stage.ask_without_card()).id)
    pages = [await showing.history(MEMBER, GUILD, None, number) for number in (1, 2, 3, 4)]
    assert [found.id for page in pages for found in page.generations] == asked[::-1]
    assert [(page.number, page.has_older) for page in pages] == [(1, True), (2, True), (3, False), (4, False)]


@pytest.mark.parametrize(
    ("changes", "again", "fetched"),
    [
        ({}, False, False),
        ({}, True, True),
        ({"told_as": None}, False, True),
        ({"told": None, "told_as": None}, False, False),
        ({"told": State.UNCONFIRMED}, False, False),
        ({"state": State.FAILED, "told": State.FAILED, "told_as": None}, True, False),
        ({"state": State.RUNNING, "told": None}, True, False),
    ],
    ids=["told", "wished", "told nowhere", "not told yet", "told before it was clear", "failed", "under way"],
)
async def test_a_video_is_fetched_anew_where_it_is_wished_or_to_be_had_nowhere(
    showing: Showing, changes: dict[str, object], *, again: bool, fetched: bool
) -> None:
    assert await showing.is_to_be_fetched(finished("u").evolve(**changes), again=again) is fetched


async def test_a_video_whose_message_is_gone_is_fetched_anew(stage: Stage, media: MediaFiles) -> None:
    showing = Showing(stage.store.history, media, is_gone)
    assert await showing.is_to_be_fetched(finished("u"), again=False)


async def test_every_video_is_fetched_anew_and_its_files_are_gone_afterwards(
    showing: Showing, api: ScriptedApi, tmp_path: Path
) -> None:
    url = f"{api.origin}/clip.mp4"
    async with showing.fetched(finished(url, url), LIMIT) as handover:
        files = handover.notice.files
        assert [file.path.read_bytes() for file in files] == [api.clip, api.clip]
        assert len({file.filename for file in files}) == 2
        assert (handover.notice.unfetched, handover.notice.unusable, handover.gone) == ((), 0, 0)
    assert not any(file.path.exists() for file in files)
    await asyncio.sleep(0)
    assert api.asked_for("GET /clip.mp4") == 2


async def test_the_files_are_gone_though_the_answer_failed(showing: Showing, api: ScriptedApi) -> None:
    generation = finished(f"{api.origin}/clip.mp4")
    with pytest.raises(RuntimeError):
        async with showing.fetched(generation, LIMIT) as handover:
            raise RuntimeError("Discord said no")
    assert not handover.notice.files[0].path.exists()
    async with showing.fetched(generation, LIMIT) as handover:
        assert handover.notice.files


async def test_the_files_of_a_delivery_under_way_are_left_alone(
    showing: Showing, media: MediaFiles, api: ScriptedApi
) -> None:
    generation = finished(f"{api.origin}/clip.mp4")
    delivered = await media.fetch_result(generation.results[0], generation.id, 0)
    async with showing.fetched(generation, LIMIT) as handover:
        assert handover.notice.files[0].path != delivered.path
    assert delivered.path.read_bytes() == api.clip
    media.discard(generation.id)


@pytest.mark.parametrize("rules", [MediaRules()], ids=["the usual rules"])
async def test_a_video_over_the_limit_is_made_smaller(showing: Showing, host: FileHost, tmp_path: Path) -> None:
    source = Footage(seconds=1, bits=8_000_000).shoot(tmp_path / "source.mp4")
    host.files["large.mp4"] = source.read_bytes()
    limit = source.stat().st_size // 2
    async with showing.fetched(finished(f"{host.origin}/large.mp4"), limit) as handover:
        (file,) = handover.notice.files
        assert file.size <= limit
        assert file.original_size == source.stat().st_size


async def test_a_video_that_can_t_be_made_smaller_is_handed_on_as_it_is(showing: Showing, api: ScriptedApi) -> None:
    async with showing.fetched(finished(f"{api.origin}/clip.mp4"), 100) as handover:
        (file,) = handover.notice.files
        assert (file.size, file.original_size) == (len(api.clip), None)


async def test_what_the_provider_has_no_more_is_counted_and_is_no_link(showing: Showing, host: FileHost) -> None:
    async with showing.fetched(finished(f"{host.origin}/gone.mp4"), LIMIT) as handover:
        assert (handover.gone, handover.notice.files, handover.notice.unfetched) == (1, (), ())


async def test_what_can_t_be_fetched_now_is_a_link(showing: Showing, host: FileHost) -> None:
    host.failures = 1
    url = f"{host.origin}/clip.mp4"
    async with showing.fetched(finished(url), LIMIT) as handover:
        assert (handover.gone, handover.notice.unfetched) == (0, (url,))


async def test_what_is_larger_than_is_fetched_is_a_link(showing: Showing, host: FileHost) -> None:
    host.files["huge.mp4"] = bytes(3 * MIB)
    url = f"{host.origin}/huge.mp4"
    async with showing.fetched(finished(url), LIMIT) as handover:
        assert (handover.notice.files, handover.notice.unfetched) == ((), (url,))


async def test_what_is_no_video_is_counted_and_is_no_link(showing: Showing, host: FileHost) -> None:
    host.files["page.mp4"] = b"<html>no</html>"
    async with showing.fetched(finished(f"{host.origin}/page.mp4"), LIMIT) as handover:
        assert (handover.notice.unusable, handover.notice.unfetched, handover.gone) == (1, (), 0)


async def test_a_member_has_one_fetch_at_a_time_and_another_one_is_not_kept_from_theirs(
    showing: Showing, api: ScriptedApi
) -> None:
    mine, theirs = finished(f"{api.origin}/clip.mp4"), finished(f"{api.origin}/clip.mp4", member=MEMBER + 1, id="b")
    async with showing.fetched(mine, LIMIT):
        with pytest.raises(Rejection) as caught:
            async with showing.fetched(mine, LIMIT):
                raise AssertionError
        with pytest.raises(Rejection):
            await showing.is_to_be_fetched(mine, again=True)
        async with showing.fetched(theirs, LIMIT) as handover:
            assert handover.notice.files
    assert caught.value.problem == FetchUnderWay()
    async with showing.fetched(mine, LIMIT) as handover:
        assert handover.notice.files


async def test_who_waits_longer_than_there_is_time_gets_links(
    stage: Stage, media: MediaFiles, api: ScriptedApi
) -> None:
    showing = Showing(stage.store.history, media, stands, fetch_within=timedelta(milliseconds=50))
    url = f"{api.origin}/clip.mp4"
    async with AsyncExitStack() as held:
        for number in range(FETCHES_AT_ONCE):
            await held.enter_async_context(showing.fetched(finished(member=number, id=f"held{number}"), LIMIT))
        async with showing.fetched(finished(url), LIMIT) as handover:
            assert (handover.notice.files, handover.notice.unfetched) == ((), (url,))
    assert api.asked_for("GET /clip.mp4") == 0


async def test_what_never_ends_is_a_link_and_leaves_no_file(stage: Stage, tmp_path: Path) -> None:
    left_by = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nthe beginning")
        await reader.read()
        writer.close()
        left_by.set()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/clip.mp4"
    files = MediaFiles(tmp_path / "again", MediaRules(), trusted_origins=(url.removesuffix("/clip.mp4"),))
    await files.open()
    showing = Showing(stage.store.history, files, stands, fetch_within=timedelta(milliseconds=200))
    async with showing.fetched(finished(url), LIMIT) as handover:
        assert (handover.notice.files, handover.notice.unfetched) == ((), (url,))
        assert left(tmp_path) == []
    await files.close()
    await left_by.wait()
    server.close()

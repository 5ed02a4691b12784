"""Finished videos are made to fit beside the old ones, one at a time, and nothing is left of what fails."""

import asyncio
import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.media.fetch import MediaFiles
from bot.media.files import MediaDelayedError, MediaRefusedError, ResultFile
from bot.media.rules import MediaRules
from tests.media.footage import Footage, play

if TYPE_CHECKING:
    from tests.media.conftest import Children, Site

LIMIT = 200_000
NAME = "showreel-g1-1.mp4"
Opening = Callable[[MediaRules], Awaitable[MediaFiles]]


@dataclass(kw_only=True)
class Watched:
    """How many processes were seen at once while something was awaited."""

    children: "Children"
    most: int = 0
    seen: set[str] = field(default_factory=set)

    async def during(self, deed: Awaitable[object]) -> None:
        task = asyncio.ensure_future(deed)
        while not task.done():
            found = self.children()
            self.most = max(self.most, len(found))
            self.seen.update(found)
            await asyncio.sleep(0.005)
        await task


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return Footage().shoot(tmp_path_factory.mktemp("footage") / "source").read_bytes()


@pytest.fixture
async def opening(tmp_path: Path, site: "Site") -> AsyncIterator[Opening]:
    """Open the files under rules of the test's own."""
    async with AsyncExitStack() as stack:

        async def open_under(rules: MediaRules) -> MediaFiles:
            media = MediaFiles(tmp_path / "media", rules, trusted_origins=[site.origin])
            await media.open()
            stack.push_async_callback(media.close)
            return media

        yield open_under


@pytest.fixture
async def result(site: "Site", media: MediaFiles, footage: bytes) -> ResultFile:
    return await media.fetch_result(site.serve(footage), "g1", 0)


async def test_a_video_is_made_to_fit_beside_the_old_one(
    media: MediaFiles, result: ResultFile, footage: bytes, tmp_path: Path
) -> None:
    shrunk = await media.shrunk(result, LIMIT)
    assert shrunk.size == shrunk.path.stat().st_size <= LIMIT
    assert (shrunk.filename, shrunk.url) == ("showreel-g1-1-small.mp4", result.url)
    assert play(shrunk.path).frames == play(result.path).frames
    assert result.path.read_bytes() == footage
    assert left_in(tmp_path / "media") == ["showreel-g1-1-small.mp4", NAME]


async def test_a_video_that_fits_is_handed_back_as_it_is(media: MediaFiles, result: ResultFile) -> None:
    assert await media.shrunk(result, result.size) is result


async def test_a_webm_becomes_an_mp4(site: "Site", media: MediaFiles, tmp_path: Path) -> None:
    footage = Footage(container="webm", codec="libvpx", sound="libopus").shoot(tmp_path / "source")
    result = await media.fetch_result(site.serve(footage.read_bytes()), "g1", 1)
    shrunk = await media.shrunk(result, LIMIT)
    assert (result.filename, shrunk.filename) == ("showreel-g1-2.webm", "showreel-g1-2-small.mp4")
    assert (await media.probe(shrunk.path)).format == "mp4"


async def test_a_limit_that_is_too_small_is_refused_and_leaves_nothing(
    media: MediaFiles, result: ResultFile, tmp_path: Path
) -> None:
    with pytest.raises(MediaRefusedError):
        await media.shrunk(result, 40_000)
    assert left_in(tmp_path / "media") == [NAME]


async def test_garbage_is_refused_and_leaves_nothing(media: MediaFiles, result: ResultFile, tmp_path: Path) -> None:
    result.path.write_bytes(random.Random(7).randbytes(result.size))
    with pytest.raises(MediaRefusedError):
        await media.shrunk(result, LIMIT)
    assert left_in(tmp_path / "media") == [NAME]


async def test_what_takes_too_long_is_refused_and_leaves_nothing(
    opening: Opening, site: "Site", footage: bytes, children: "Children", tmp_path: Path
) -> None:
    media = await opening(MediaRules(shrink_timeout=timedelta(seconds=0.5)))
    result = await media.fetch_result(site.serve(footage), "g1", 0)
    result.path.unlink()
    os.mkfifo(result.path)  # which makes the process wait for ever
    with pytest.raises(MediaRefusedError, match="time"):
        await media.shrunk(result, LIMIT)
    assert not children()
    assert not left_in(tmp_path / "media")


async def test_a_cancelled_shrinking_leaves_no_process_and_no_file(
    media: MediaFiles, result: ResultFile, children: "Children", tmp_path: Path
) -> None:
    task = asyncio.create_task(media.shrunk(result, LIMIT))
    async with asyncio.timeout(10):
        while len(left_in(tmp_path / "media")) == 1:  # noqa: ASYNC110 - a file tells no event that it was made
            await asyncio.sleep(0.002)
    assert children()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not children()
    assert left_in(tmp_path / "media") == [NAME]


@pytest.mark.parametrize("at_once", [1, 2])
async def test_only_so_many_are_shrunk_at_once(
    opening: Opening, site: "Site", footage: bytes, children: "Children", at_once: int
) -> None:
    media = await opening(MediaRules(shrink_at_once=at_once))
    results = [await media.fetch_result(site.serve(footage), f"g{number}", 0) for number in range(2)]
    shrinker, watched = media._shrinker, Watched(children=children)
    targets = [result.path.with_suffix(".small") for result in results]
    both = (shrinker.shrink(result.path, target, LIMIT) for result, target in zip(results, targets, strict=True))
    await watched.during(asyncio.gather(*both))
    assert watched.most == at_once
    assert len(watched.seen) == 2


async def test_the_event_loop_goes_on(media: MediaFiles, result: ResultFile) -> None:
    stalls: list[float] = []

    async def beat() -> None:
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            await asyncio.sleep(0.01)
            stalls.append(loop.time() - began)

    beating = asyncio.create_task(beat())
    await media.shrunk(result, LIMIT)
    beating.cancel()
    assert sum(stall > 0.1 for stall in stalls) * 10 < len(stalls)


async def test_without_room_on_the_disk_it_is_a_delay(
    opening: Opening, media: MediaFiles, result: ResultFile, tmp_path: Path
) -> None:
    full = await opening(MediaRules(free_least=2**60))
    with pytest.raises(MediaDelayedError):
        await full.shrunk(result, LIMIT)
    assert left_in(tmp_path / "media") == [NAME]

"""A disk that is full fails the one file, for now, and nothing is left of it."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from bot.media.fetch import MediaFiles
from bot.media.files import MediaDelayedError
from bot.media.rules import MIB, MediaRules
from tests import disks
from tests.media.footage import Footage

if TYPE_CHECKING:
    from tests.media.conftest import Site

NO_LEAST = -(2**60)
"""So that nobody looks ahead, and writing is what fails."""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    with disks.small_disk(tmp_path / "disk", "1m") as folder:
        yield folder


@pytest.fixture
async def cramped(small_disk: Path, site: "Site") -> AsyncIterator[MediaFiles]:
    media = MediaFiles(small_disk, MediaRules(free_least=NO_LEAST), trusted_origins=[site.origin])
    await media.open()
    yield media
    await media.close()


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("is_announced", [True, False])
async def test_a_result_that_the_disk_has_no_room_for_is_a_delay(
    cramped: MediaFiles, small_disk: Path, site: "Site", *, is_announced: bool
) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(4 * MIB)} if is_announced else {})
        await response.prepare(request)
        for _ in range(16):
            await response.write(bytes(MIB // 4))
        return response

    with pytest.raises(MediaDelayedError):
        await cramped.fetch_result(site.handle(answer), "g1", 0)
    assert not left_in(small_disk)


async def test_a_result_that_would_leave_too_little_room_is_a_delay(site: "Site", tmp_path: Path) -> None:
    media = MediaFiles(tmp_path, MediaRules(free_least=2**60), trusted_origins=[site.origin])
    await media.open()
    with pytest.raises(MediaDelayedError):
        await media.fetch_result(site.serve(bytes(1000)), "g1", 0)
    assert not left_in(tmp_path)
    await media.close()


async def test_after_room_was_made_the_same_result_is_fetched(
    cramped: MediaFiles, small_disk: Path, site: "Site", tmp_path: Path
) -> None:
    url = site.serve(Footage().shoot(tmp_path / "source").read_bytes())
    filler = small_disk / "filler"
    filler.write_bytes(bytes(MIB // 2))
    with pytest.raises(MediaDelayedError):
        await cramped.fetch_result(url, "g1", 0)
    filler.unlink()
    assert (await cramped.fetch_result(url, "g1", 0)).path.exists()


async def test_a_smaller_video_that_the_disk_has_no_room_for_is_a_delay(
    cramped: MediaFiles, small_disk: Path, site: "Site", tmp_path: Path
) -> None:
    url = site.serve(Footage().shoot(tmp_path / "source").read_bytes())
    result = await cramped.fetch_result(url, "g1", 0)
    (small_disk / "filler").write_bytes(bytes(MIB // 4))
    with pytest.raises(MediaDelayedError):
        await cramped.shrunk(result, 400_000)
    assert left_in(small_disk) == ["filler", result.filename]

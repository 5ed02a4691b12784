"""Inputs and results are fetched, checked by content and kept until they are discarded."""

import base64
import fcntl
import os
import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from bot.domain.errors import BadFile, FileFault, Rejection
from bot.domain.request import Input, InputRole
from bot.media.fetch import MediaFiles
from bot.media.files import MediaDelayedError, MediaRefusedError
from bot.media.rules import MediaRules

if TYPE_CHECKING:
    from tests.media.conftest import Site

Attach = Callable[..., Input]
Samples = Mapping[str, bytes]
IMAGE, VIDEO, AUDIO = InputRole.IMAGE, InputRole.VIDEO, InputRole.AUDIO


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@pytest.fixture
async def narrow(tmp_path: Path, site: "Site") -> AsyncIterator[MediaFiles]:
    """The files under rules that hardly anything passes."""
    rules = MediaRules(image_most=100, result_most=100, inline_most=100)
    media = MediaFiles(tmp_path / "media", rules, trusted_origins=[site.origin], attachment_origins=[site.origin])
    await media.open()
    yield media
    await media.close()


@pytest.fixture
def offer(site: "Site", samples: Samples, attach: Attach) -> Callable[..., Input]:
    """Put a sample up as an attachment."""

    def put_up(role: InputRole, name: str) -> Input:
        return attach(role, filename="odd.bin", url=site.serve(samples[name]))

    return put_up


@pytest.mark.parametrize(
    ("role", "name", "suffix"),
    [(IMAGE, "png", ".png"), (IMAGE, "jpeg", ".jpg"), (VIDEO, "mov", ".mov"), (AUDIO, "mp3", ".mp3")],
)
async def test_an_input_is_kept_under_the_suffix_of_its_content(
    media: MediaFiles, offer: Attach, samples: Samples, role: InputRole, name: str, suffix: str
) -> None:
    path = await media.fetch_input(offer(role, name), "g1", 0)
    assert (path.suffix, path.read_bytes()) == (suffix, samples[name])


async def test_a_png_named_jpg_is_taken_as_what_it_is(
    site: "Site", media: MediaFiles, samples: Samples, attach: Attach
) -> None:
    item = attach(filename="picture.jpg", content_type="image/jpeg", url=site.serve(samples["png"]))
    path = await media.fetch_input(item, "g1", 0)
    assert path.suffix == ".png"


@pytest.mark.parametrize(
    ("role", "name", "fault", "figures"),
    [
        (IMAGE, "mp4", FileFault.WRONG_KIND, ("video", "image")),
        (VIDEO, "png", FileFault.WRONG_KIND, ("image", "video")),
        (VIDEO, "mp4 of sound", FileFault.WRONG_KIND, ("audio", "video")),
        (AUDIO, "mp4", FileFault.WRONG_KIND, ("video", "audio")),
        (IMAGE, "gif", FileFault.WRONG_FORMAT, ("GIF", "PNG, JPEG, WebP")),
        (VIDEO, "webm", FileFault.WRONG_FORMAT, ("WebM", "MP4, MOV")),
        (AUDIO, "ogg", FileFault.WRONG_FORMAT, ("Ogg", "MP3, WAV, AAC")),
        (IMAGE, "html", FileFault.UNREADABLE, ()),
        (IMAGE, "hollow", FileFault.UNREADABLE, ()),
        (IMAGE, "bomb", FileFault.TOO_LARGE_SIDES, ("50000x50000", "6000")),
        (IMAGE, "tiny", FileFault.TOO_SMALL_SIDES, ("2x2", "300")),
        (IMAGE, "empty", FileFault.EMPTY, ()),
    ],
)
async def test_an_input_that_is_not_what_it_should_be_is_rejected(
    media: MediaFiles, offer: Attach, role: InputRole, name: str, fault: FileFault, figures: tuple[str, ...]
) -> None:
    with pytest.raises(Rejection) as caught:
        await media.fetch_input(offer(role, name), "g1", 0)
    assert caught.value.problem == BadFile("odd.bin", role.kind, fault, *figures)
    assert media.inputs_of("g1") == []


async def test_a_rejected_input_leaves_nothing(media: MediaFiles, offer: Attach, tmp_path: Path) -> None:
    with pytest.raises(Rejection):
        await media.fetch_input(offer(IMAGE, "html"), "g1", 0)
    assert not left_in(tmp_path / "media")


async def test_an_input_larger_than_stated_is_rejected(
    site: "Site", narrow: MediaFiles, samples: Samples, attach: Attach
) -> None:
    size = len(samples["png"])
    with pytest.raises(Rejection) as caught:
        await narrow.fetch_input(attach(size=10, url=site.serve(samples["png"])), "g1", 0)
    assert caught.value.problem == BadFile("file", IMAGE.kind, FileFault.TOO_LARGE, str(size), "100")


async def test_an_attachment_that_is_not_there_any_more_is_gone(
    site: "Site", media: MediaFiles, attach: Attach
) -> None:
    with pytest.raises(Rejection) as caught:
        await media.fetch_input(attach(url=f"{site.origin}/nothing"), "g1", 0)
    assert caught.value.problem == BadFile("file", IMAGE.kind, FileFault.GONE)


async def test_an_attachment_at_a_private_address_is_not_asked_for(
    site: "Site", media: MediaFiles, samples: Samples, attach: Attach
) -> None:
    site.serve(samples["png"])
    with pytest.raises(Rejection):
        await media.fetch_input(attach(url=f"http://localhost:{site.server.port}/file"), "g1", 0)
    assert not site.requests


async def test_a_fresh_url_replaces_the_one_that_ran_out(
    site: "Site", media: MediaFiles, samples: Samples, attach: Attach
) -> None:
    item = attach(url=f"{site.origin}/nothing")
    assert (await media.fetch_input(item, "g1", 0, url=site.serve(samples["png"]))).exists()


async def test_inputs_are_found_in_their_order_until_discarded(
    site: "Site", media: MediaFiles, samples: Samples, attach: Attach
) -> None:
    url = site.serve(samples["png"])
    fetched = {index: await media.fetch_input(attach(url=url), "g1", index) for index in (10, 0, 2)}
    await media.fetch_input(attach(url=url), "g2", 0)
    assert media.inputs_of("g1") == [fetched[0], fetched[2], fetched[10]]
    media.discard("g1")
    media.discard("g1")
    assert (media.inputs_of("g1"), fetched[0].exists()) == ([], False)
    assert len(media.inputs_of("g2")) == 1


@pytest.mark.parametrize("name", ["mp4", "mov", "webm", "silent"])
async def test_a_result_gets_a_name_of_its_own(site: "Site", media: MediaFiles, samples: Samples, name: str) -> None:
    url = site.serve(samples[name])
    result = await media.fetch_result(url, "g1", 0)
    assert result.filename == f"showreel-g1-1.{'mp4' if name == 'silent' else name}"
    assert (result.size, result.url, result.path.read_bytes()) == (len(samples[name]), url, samples[name])


@pytest.mark.parametrize("name", ["html", "png", "mp3", "mp4 of sound", "half"])
async def test_a_result_that_is_not_video_is_refused(
    site: "Site", media: MediaFiles, samples: Samples, tmp_path: Path, name: str
) -> None:
    with pytest.raises(MediaRefusedError):
        await media.fetch_result(site.serve(samples[name], "video.mp4"), "g1", 0)
    assert not left_in(tmp_path / "media")


async def test_a_result_over_the_most_is_refused(site: "Site", narrow: MediaFiles, samples: Samples) -> None:
    with pytest.raises(MediaRefusedError):
        await narrow.fetch_result(site.serve(samples["mp4"]), "g1", 0)


async def test_a_result_at_a_private_address_is_refused(site: "Site", media: MediaFiles, samples: Samples) -> None:
    site.serve(samples["mp4"])
    with pytest.raises(MediaRefusedError):
        await media.fetch_result(f"http://localhost:{site.server.port}/file", "g1", 0)
    assert not site.requests


@pytest.mark.parametrize("status", [404, 500])
async def test_a_result_that_is_not_there_yet_is_a_delay(site: "Site", media: MediaFiles, status: int) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status)

    with pytest.raises(MediaDelayedError):
        await media.fetch_result(site.handle(answer), "g1", 0)


async def test_an_empty_result_is_a_delay(site: "Site", media: MediaFiles) -> None:
    with pytest.raises(MediaDelayedError):
        await media.fetch_result(site.serve(b""), "g1", 0)


async def test_a_cut_transfer_leaves_no_part(site: "Site", media: MediaFiles, samples: Samples, tmp_path: Path) -> None:
    async def cut(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(len(samples["mp4"]))})
        await response.prepare(request)
        await response.write(samples["mp4"][:500])
        assert request.transport is not None
        request.transport.close()
        return response

    with pytest.raises(MediaDelayedError):
        await media.fetch_result(site.handle(cut), "g1", 0)
    assert not left_in(tmp_path / "media")


async def test_an_id_can_not_lead_out_of_the_folder(media: MediaFiles) -> None:
    with pytest.raises(ValueError, match="id"):
        media.discard("../..")


async def test_a_data_url_carries_the_file(media: MediaFiles, samples: Samples, tmp_path: Path) -> None:
    path = tmp_path / "picture.jpg"
    path.write_bytes(samples["jpeg"])
    head, _, content = (await media.data_url(path)).partition(",")
    assert (head, base64.b64decode(content)) == ("data:image/jpeg;base64", samples["jpeg"])
    assert (await media.data_url(path, "image/png")).startswith("data:image/png;base64,")


async def test_a_file_too_large_for_a_data_url_is_refused(narrow: MediaFiles, tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(bytes(101))
    with pytest.raises(MediaRefusedError):
        await narrow.data_url(path)


async def test_what_dead_runs_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    dead, alive, foreign = (tmp_path / name for name in ("run-dead", "run-alive", "foreign"))
    for folder in (dead, alive, foreign):
        (folder / "g1").mkdir(parents=True)
        (folder / "g1" / "0.part").write_bytes(b"left")
    lock = os.open(alive, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    media = MediaFiles(tmp_path, MediaRules())
    await media.open()
    assert (dead.exists(), alive.exists(), foreign.exists()) == (False, True, True)
    await media.close()
    os.close(lock)
    assert (alive.exists(), left_in(tmp_path)) == (True, ["0.part", "0.part"])


async def test_a_folder_that_somebody_removed_is_made_anew_and_is_ours(
    media: MediaFiles, offer: Attach, tmp_path: Path
) -> None:
    await media.fetch_input(offer(IMAGE, "png"), "g1", 0)
    shutil.rmtree(tmp_path / "media")
    path = await media.fetch_input(offer(IMAGE, "png"), "g1", 0)
    assert path.is_file()
    other = MediaFiles(tmp_path / "media", MediaRules())
    await other.open()
    assert path.is_file()
    await other.close()


async def test_a_folder_that_can_t_be_made_anew_yet_is_tried_again(
    media: MediaFiles, offer: Attach, tmp_path: Path
) -> None:
    folder = tmp_path / "media"
    shutil.rmtree(folder)
    folder.write_text("in the way")
    for _ in range(2):
        with pytest.raises(MediaDelayedError):
            await media.fetch_input(offer(IMAGE, "png"), "g1", 0)
    folder.unlink()
    assert (await media.fetch_input(offer(IMAGE, "png"), "g1", 0)).is_file()


async def test_two_runs_share_a_folder_without_touching_each_other(
    site: "Site", media: MediaFiles, samples: Samples, attach: Attach, tmp_path: Path
) -> None:
    path = await media.fetch_input(attach(url=site.serve(samples["png"])), "g1", 0)
    other = MediaFiles(tmp_path / "media", MediaRules())
    await other.open()
    assert other.inputs_of("g1") == []
    await other.close()
    assert path.exists()


async def test_the_folder_is_for_our_eyes_only(media: MediaFiles, tmp_path: Path) -> None:
    assert (tmp_path / "media").stat().st_mode & 0o777 == 0o700
    assert await media.data_url(Path(__file__), "text/plain")

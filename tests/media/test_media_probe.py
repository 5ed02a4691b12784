"""Files are examined by their content, in a process that they can't harm."""

import asyncio
import random
import subprocess
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.domain.request import MediaKind
from bot.media.fetch import MediaFiles
from bot.media.files import MediaDelayedError, MediaRefusedError, Probed
from bot.media.probing import Prober, environment

if TYPE_CHECKING:
    from tests.media.conftest import Children

IMAGE, VIDEO, AUDIO = MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.AUDIO
Samples = Mapping[str, bytes]


@pytest.fixture
def prober() -> Prober:
    return Prober()


async def probed(prober: Prober, path: Path, content: bytes) -> Probed:
    await asyncio.to_thread(path.write_bytes, content)
    return await prober.probe(path)


@pytest.mark.parametrize("name", ["png", "jpeg", "webp"])
async def test_accepted_pictures_are_measured(samples: Samples, prober: Prober, tmp_path: Path, name: str) -> None:
    found = await probed(prober, tmp_path / "file", samples[name])
    assert found == Probed(kind=IMAGE, format=name, content_type=f"image/{name}", width=320, height=300)


@pytest.mark.parametrize(
    ("name", "content_type", "has_audio"),
    [
        ("mp4", "video/mp4", True),
        ("mov", "video/quicktime", True),
        ("webm", "video/webm", True),
        ("silent", "video/mp4", False),
    ],
)
async def test_clips_are_measured(
    samples: Samples, prober: Prober, tmp_path: Path, name: str, content_type: str, *, has_audio: bool
) -> None:
    found = await probed(prober, tmp_path / "file", samples[name])
    assert (found.kind, found.content_type, found.width, found.height) == (VIDEO, content_type, 64, 48)
    assert found.has_audio is has_audio
    assert found.duration is not None
    assert timedelta(seconds=0.4) < found.duration < timedelta(seconds=0.7)


@pytest.mark.parametrize("name", ["mp3", "wav", "aac"])
async def test_accepted_sounds_are_measured(samples: Samples, prober: Prober, tmp_path: Path, name: str) -> None:
    found = await probed(prober, tmp_path / "file", samples[name])
    assert (found.kind, found.format, found.has_audio, found.width) == (AUDIO, name, True, None)
    assert found.duration is not None
    assert timedelta(seconds=0.4) < found.duration < timedelta(seconds=0.7)


@pytest.mark.parametrize(
    ("name", "kind", "known_as"),
    [
        ("gif", IMAGE, "gif"),
        ("tiff", IMAGE, "tiff"),
        ("bmp", IMAGE, "bmp"),
        ("avif", IMAGE, "avif"),
        ("m4a", AUDIO, "m4a"),
        ("ogg", AUDIO, "ogg"),
        ("flac", AUDIO, "flac"),
        ("mp4 of sound", AUDIO, "m4a"),
    ],
)
async def test_other_formats_are_recognised(
    samples: Samples, prober: Prober, tmp_path: Path, name: str, kind: MediaKind, known_as: str
) -> None:
    found = await probed(prober, tmp_path / "file", samples[name])
    assert (found.kind, found.format) == (kind, known_as)


@pytest.mark.parametrize("name", ["png", "jpeg", "webp", "mp4", "half", "hollow"])
async def test_a_file_that_is_cut_off_is_unreadable(
    samples: Samples, prober: Prober, tmp_path: Path, name: str
) -> None:
    content = samples[name]
    if name not in {"half", "hollow"}:
        content = content[: len(content) // 2]
    with pytest.raises(MediaRefusedError):
        await probed(prober, tmp_path / "file", content)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00",
        b"<!doctype html><title>Not found</title>",
        b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
    ],
)
async def test_what_is_no_media_is_unreadable(prober: Prober, tmp_path: Path, content: bytes) -> None:
    with pytest.raises(MediaRefusedError):
        await probed(prober, tmp_path / "file.mp4", content)


@pytest.mark.parametrize(
    "beginning",
    [
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff\xe0",
        b"RIFF\xff\xff\x00\x00WEBPVP8 ",
        b"RIFF\xff\xff\x00\x00WAVEfmt ",
        b"\x00\x00\x00\x14ftypisom\x00\x00\x00\x00isom",
        b"\x1a\x45\xdf\xa3webm",
        b"ID3\x04\x00\x00\x00\x00\x00\x00",
        b"\xff\xf1",
    ],
)
async def test_garbage_behind_a_true_beginning_is_unreadable(prober: Prober, tmp_path: Path, beginning: bytes) -> None:
    garbage = random.Random(7).randbytes(50_000)
    with pytest.raises(MediaRefusedError):
        await probed(prober, tmp_path / "file", beginning + garbage)


async def test_a_picture_with_huge_sides_is_measured_without_decoding(
    samples: Samples, prober: Prober, tmp_path: Path
) -> None:
    found = await probed(prober, tmp_path / "file", samples["bomb"])
    assert (found.width, found.height) == (50_000, 50_000)


async def test_a_probe_out_of_time_is_a_delay(samples: Samples, tmp_path: Path) -> None:
    with pytest.raises(MediaDelayedError):
        await probed(Prober(timedelta(milliseconds=1)), tmp_path / "file", samples["png"])


async def test_a_cancelled_probe_leaves_no_process(
    samples: Samples, prober: Prober, children: "Children", tmp_path: Path
) -> None:
    task = asyncio.create_task(probed(prober, tmp_path / "file", samples["mp4"]))
    async with asyncio.timeout(5):
        while not children():  # noqa: ASYNC110 - a process tells no event that it was started
            await asyncio.sleep(0.001)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not children()


def test_the_probe_does_not_see_the_secrets_of_the_bot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOWREEL_DISCORD__TOKEN", "secret")
    assert "secret" not in str(environment())


@pytest.mark.parametrize(
    "deed",
    ["bytearray(2 * 1024**3)", "open('file', 'wb', buffering=0).write(b'x')", "import os; assert os.nice(0) < 15"],
)
def test_the_limits_of_the_probe_hold(tmp_path: Path, deed: str) -> None:
    code = f"from bot.media.probe import bound_resources; bound_resources(); {deed}"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment(), cwd=tmp_path, check=False, capture_output=True)  # noqa: S603 - our own code
    assert done.returncode == 1


def test_the_bot_does_not_load_the_big_libraries() -> None:
    code = "import sys, bot.media.fetch; sys.exit(bool({'av', 'PIL'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], env=environment(), check=False)  # noqa: S603 - our own code
    assert done.returncode == 0


async def test_files_can_be_probed_through_the_whole(samples: Samples, media: MediaFiles, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(samples["mp4"])
    assert (await media.probe(path)).kind is VIDEO

"""The process that shrinks makes a video that fits and plays like the one it came from."""

import os
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import pytest

from bot.media.plan import Ending
from bot.media.probing import environment
from tests.media.footage import Footage, Seen, play

LIMIT = 200_000
SHOTS = {
    "mp4": Footage(),
    "mov": Footage(container="mov", sound="pcm_s16le"),
    "webm": Footage(container="webm", codec="libvpx", sound="libopus"),
    "silent": Footage(sound=None),
    "turned": Footage(turned=90),
    "anamorphic": Footage(sides=(240, 180), sample_aspect=Fraction(4, 3)),
    "uneven": Footage(is_uneven=True),
    "ten bits": Footage(pixels="yuv420p10le"),
    "odd sides": Footage(sides=(321, 181), pixels="yuv444p"),
    "large": Footage(sides=(1280, 720), bits=12_000_000),
}


@dataclass(frozen=True, slots=True)
class Pair:
    """A video before and after it was shrunk."""

    footage: Footage
    before: Seen
    after: Seen
    size: int


def shrink(source: Path, target: Path, limit: int, seconds: float = 60) -> int:
    """Run the process; returns its exit code."""
    command = [sys.executable, "-P", "-m", "bot.media.shrink", str(source), str(target), str(limit), str(seconds)]
    with subprocess.Popen(command, env=environment(), stdin=subprocess.PIPE) as process:  # noqa: S603 - our own code
        return process.wait(60)


@pytest.fixture(scope="module", params=SHOTS)
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Pair:
    footage, folder = SHOTS[request.param], tmp_path_factory.mktemp("shot")
    source, target = footage.shoot(folder / "source"), folder / "target"
    assert source.stat().st_size > LIMIT
    assert shrink(source, target, LIMIT) == Ending.DONE
    return Pair(footage, play(source), play(target), target.stat().st_size)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return Footage().shoot(tmp_path / "source")


def test_the_result_fits_and_makes_use_of_the_room(pair: Pair) -> None:
    assert LIMIT / 2 < pair.size <= LIMIT


def test_every_picture_is_kept_at_its_time(pair: Pair) -> None:
    assert pair.after.frames == pair.before.frames
    assert pair.after.seconds == pytest.approx(pair.before.seconds, abs=0.2)


def test_sound_is_kept_where_there_was_some(pair: Pair) -> None:
    assert pair.after.sound_seconds == pytest.approx(pair.before.sound_seconds, abs=0.2)
    assert bool(pair.after.sound_seconds) == (pair.footage.sound is not None)


def test_the_picture_keeps_its_shape_and_stays_upright(pair: Pair) -> None:
    assert pair.after.ratio == pytest.approx(pair.before.ratio, rel=0.01)
    assert pair.after.turned == pair.before.turned == pair.footage.turned


def test_the_result_is_what_every_player_plays(pair: Pair) -> None:
    assert (pair.after.codec, pair.after.pixels) == ("h264", "yuv420p")
    assert [side % 2 for side in pair.after.sides] == [0, 0]


def test_the_picture_is_made_smaller_only_where_the_bits_are_not_enough(pair: Pair) -> None:
    kept = tuple(side // 2 * 2 for side in pair.before.sides)
    assert pair.after.sides == ((960, 540) if pair.footage is SHOTS["large"] else kept)


def test_the_index_comes_first(source: Path, tmp_path: Path) -> None:
    assert shrink(source, tmp_path / "target", LIMIT) == Ending.DONE
    content = (tmp_path / "target").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


def test_what_fits_without_its_padding_is_only_copied(tmp_path: Path) -> None:
    source = Footage(turned=270).shoot(tmp_path / "source")
    before, size = play(source), source.stat().st_size
    with source.open("ab") as file:
        file.write((500_000).to_bytes(4, "big") + b"free" + bytes(500_000 - 8))
    assert shrink(source, tmp_path / "target", size + 10_000) == Ending.DONE
    assert play(tmp_path / "target") == before
    assert _pictures(tmp_path / "target") == _pictures(source)


@pytest.mark.parametrize("damage", ["cut", "garbled"])
def test_of_a_broken_end_the_rest_is_kept(tmp_path: Path, damage: str) -> None:
    footage = Footage(container="webm", codec="libvpx", sound="libopus") if damage == "cut" else Footage()
    source = footage.shoot(tmp_path / "source")
    content = source.read_bytes()
    end = len(content) if damage == "cut" else content.index(b"moov") - 4
    left, lost = content[: end * 3 // 4], _garbage(end - end * 3 // 4)
    source.write_bytes(left if damage == "cut" else left + lost + content[end:])
    assert shrink(source, tmp_path / "target", LIMIT) == Ending.DONE
    assert play(tmp_path / "target").frames > footage.rate * footage.seconds / 2


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _: b"",
        lambda _: _garbage(500_000),
        lambda content: content[:32] + _garbage(500_000),
        lambda content: content[: len(content) // 10] + _garbage(500_000),
    ],
    ids=["nothing", "garbage", "garbage behind a true beginning", "without an index"],
)
def test_what_is_no_video_is_unreadable(source: Path, tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    source.write_bytes(spoil(source.read_bytes()))
    assert shrink(source, tmp_path / "target", LIMIT) == Ending.UNREADABLE


def test_a_limit_that_nothing_watchable_fits_is_refused(source: Path, tmp_path: Path) -> None:
    assert shrink(source, tmp_path / "target", 40_000) == Ending.UNFIT


def test_what_will_not_be_done_in_time_is_given_up_early(source: Path, tmp_path: Path) -> None:
    assert shrink(source, tmp_path / "target", LIMIT, seconds=0.05) == Ending.UNFIT


def test_the_process_ends_with_its_parent(source: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "never")
    command = [sys.executable, "-P", "-m", "bot.media.shrink", str(tmp_path / "never"), "target", "1", "60"]
    with subprocess.Popen(command, env=environment(), stdin=subprocess.PIPE) as process:  # noqa: S603 - our own code
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(10) == 1


@pytest.mark.parametrize(
    "deed",
    [
        "bytearray(2 * 1024**3)",
        "open('file', 'wb', buffering=0).write(bytes(11)) > 10 or 1 / 0",
        "os.nice(0) < 15 or 1 / 0",
    ],
)
def test_the_limits_of_the_process_hold(tmp_path: Path, deed: str) -> None:
    code = f"import os; from bot.media.shrink import bound_resources as b; b(file_most=10, cpu_seconds=9); {deed}"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment(), cwd=tmp_path, check=False, capture_output=True)  # noqa: S603 - our own code
    assert done.returncode == 1


def _pictures(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(video=0)]


def _garbage(size: int) -> bytes:
    return random.Random(7).randbytes(size)

"""How much memory results take while they are fetched and shrunk, and how long the event loop stands still.

Run it as `python -m bench.media`. Results of 50 MB are fetched and checked, one alone and twenty at once, from a server
in another process; then a video is shrunk. Each round is a process of its own, so that none profits from memory that
another has left. The numbers are the most that is resident over what was resident before. Linux only.
"""

import asyncio
import multiprocessing
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter

from bot.media.fetch import MediaFiles
from bot.media.rules import MediaRules

MB = 1_000_000
SIZE = 50 * MB
TOGETHER = 20
ROUNDS = 3
RATE = 30
BEAT = 0.005  # seconds
LIMIT = 10 * 1024 * 1024 - 16 * 1024
ONE_MOST, FURTHER_MOST, STALL_MOST = 6, 2, 60  # the goals: MB, MB, ms
VIDEO, LARGE = "video.mp4", "large.mp4"

_spawn = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True)
class Figures:
    """What one round took: resident bytes more at the most, the longest stall of the loop and the whole, in seconds."""

    memory: int
    stall: float
    took: float


class _Handler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is inherited
        """Say nothing."""


def serve(folder: Path, port: Connection) -> None:
    """Serve a folder on loopback until terminated; sends the port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(folder))) as server:
        port.send(server.server_port)
        server.serve_forever()


def fetch(origin: str, count: int) -> Figures:
    """Fetch and check that many results at once."""

    async def deed(media: MediaFiles) -> None:
        await asyncio.gather(*(media.fetch_result(f"{origin}/{VIDEO}", "g1", index) for index in range(count)))

    return asyncio.run(_measured(origin, deed))


def shrink(origin: str) -> Figures:
    """Fetch a result and make it fit a message."""

    async def deed(media: MediaFiles) -> None:
        await media.shrunk(await media.fetch_result(f"{origin}/{LARGE}", "g1", 0), LIMIT)

    return asyncio.run(_measured(origin, deed))


async def _measured(origin: str, deed: Callable[[MediaFiles], Awaitable[None]]) -> Figures:
    async with _files(origin) as media:
        await media.fetch_result(f"{origin}/{VIDEO}", "warm", 0)
        media.discard("warm")
        stalls: list[float] = []
        beating = asyncio.create_task(_beat(stalls))
        _forget_peak()
        before, began = _resident("VmRSS"), perf_counter()
        await deed(media)
        figures = Figures(_resident("VmHWM") - before, max(stalls, default=0.0), perf_counter() - began)
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)
        return figures


@asynccontextmanager
async def _files(origin: str) -> AsyncIterator[MediaFiles]:
    with tempfile.TemporaryDirectory() as folder:
        media = MediaFiles(Path(folder), MediaRules(), trusted_origins=[origin])
        await media.open()
        yield media
        await media.close()


async def _beat(stalls: list[float]) -> None:
    while True:
        began = perf_counter()
        await asyncio.sleep(BEAT)
        stalls.append(perf_counter() - began - BEAT)


def _forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _resident(name: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


def make_videos(folder: Path) -> None:
    """One of 50 MB that are hardly more than padding, and 8 s at 1080p of some 25 MB that are real."""
    _encode(folder / VIDEO, 64, 64, seconds=1)
    with (folder / VIDEO).open("ab") as file:
        padding = SIZE - file.tell()
        file.write(padding.to_bytes(4, "big") + b"free" + bytes(padding - 8))
    _encode(folder / LARGE, 1920, 1080, seconds=8)


def _encode(path: Path, width: int, height: int, *, seconds: int) -> None:
    import av  # noqa: PLC0415 - the bot's own process has no such thing in memory, so neither have the measured ones

    graph = av.filter.Graph()
    pattern = graph.add("testsrc2", f"size={width}x{height}:rate={RATE}")
    grain = graph.add("noise", "alls=10:allf=t+u")
    graph.link_nodes(pattern, grain, graph.add("format", "yuv420p"), graph.add("buffersink")).configure()
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=RATE, options={"preset": "ultrafast", "b": "25M"})
        stream.width, stream.height = width, height
        for _ in range(RATE * seconds):
            output.mux(stream.encode(graph.vpull()))
        output.mux(stream.encode(None))


@contextmanager
def _server(folder: Path) -> Iterator[str]:
    ours, theirs = _spawn.Pipe()
    process = _spawn.Process(target=serve, args=(folder, theirs))
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.terminate()
        process.join()


def main() -> None:
    """Print the medians of a few rounds, and the goals."""
    with tempfile.TemporaryDirectory() as folder:
        make_videos(Path(folder))
        with _server(Path(folder)) as origin:
            one = _median("1 x 50 MB fetched", partial(fetch, origin, 1))
            many = _median(f"{TOGETHER} x 50 MB fetched", partial(fetch, origin, TOGETHER))
            shrunk = _median("25 MB fetched and shrunk", partial(shrink, origin))
    further = (many.memory - one.memory) / (TOGETHER - 1)
    stall = max(one.stall, many.stall, shrunk.stall)
    _say(f"one {one.memory / MB:.1f} MB (goal: at most {ONE_MOST})")
    _say(f"each further {further / MB:.2f} MB (goal: at most {FURTHER_MOST})")
    _say(f"longest stall {stall * 1000:.0f} ms (goal: at most {STALL_MOST})")


def _median(name: str, deed: Callable[[], Figures]) -> Figures:
    rounds = []
    for _ in range(ROUNDS):
        with ProcessPoolExecutor(1, mp_context=_spawn) as pool:
            rounds.append(pool.submit(deed).result())
    figures = Figures(
        *(statistics.median(each) for each in zip(*((r.memory, r.stall, r.took) for r in rounds), strict=True))
    )
    _say(f"{name}: +{figures.memory / MB:.1f} MB, stall {figures.stall * 1000:.0f} ms, took {figures.took:.2f} s")
    return figures


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()

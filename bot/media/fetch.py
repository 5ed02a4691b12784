"""Everything that the bot does with files: fetched, checked by content, kept until they are no longer needed."""

import asyncio
import base64
import shutil
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from threading import Lock

import httpx
import structlog

from bot.domain.errors import FileFault
from bot.domain.request import Input, MediaKind
from bot.media.addresses import origin_of
from bot.media.files import DiskFullError, MediaDelayedError, MediaRefusedError, Probed, ResultFile, is_full
from bot.media.formats import FORMATS, content_type_of
from bot.media.probing import Prober
from bot.media.rules import RESULT_FORMATS, MediaRules, check_content, check_size, rejected
from bot.media.run import RunFolder
from bot.media.shrinking import Shrinker
from bot.media.transfer import Fetcher, GoneError, Order, TooLargeError

log = structlog.get_logger(__name__)


class MediaFiles:
    """The files of this run: inputs and results, by generation.

    Nothing of it outlives the run (an input is fetched again, a result too), so nothing is forced to the disk.
    `trusted_origins` ("https://host:port", exactly) may be at private addresses as the source of results, and
    `attachment_origins` as that of inputs.
    """

    def __init__(
        self,
        folder: Path,
        rules: MediaRules,
        *,
        trusted_origins: Collection[str] = (),
        attachment_origins: Collection[str] = (),
    ) -> None:
        self._folder = folder
        self._rules = rules
        self._result_origins = _origins(trusted_origins)
        self._input_origins = _origins(attachment_origins)
        self._fetcher = Fetcher(rules)
        self._prober = Prober()
        self._shrinker = Shrinker(rules)
        self._claiming = Lock()
        self._numbers = count()
        self._removals: set[asyncio.Future[None]] = set()

    async def open(self) -> None:
        """Make this run's folder (for our eyes only) and remove what dead runs left."""
        self._run = await asyncio.to_thread(RunFolder.claim, self._folder)
        await self._fetcher.open()

    async def close(self) -> None:
        """Close the connections and remove this run's files."""
        await self._fetcher.close()
        await asyncio.gather(*self._removals)
        await asyncio.to_thread(self._run.release)

    async def fetch_input(self, item: Input, generation_id: str, index: int, *, url: str | None = None) -> Path:
        """Fetch an attachment and check it by its content; `url` replaces its own, which may have run out.

        `index` is the place among the generation's inputs. The file's suffix is that of its content. Raises
        Rejection(BadFile), or MediaDelayedError.
        """
        most = self._rules.most(item.role.kind)
        async with self._part(generation_id) as part:
            order = Order(url=url or item.url, part=part, most=most, trusted=self._input_origins)
            check_size(item, await self._fetch_attachment(item, order), self._rules)
            probed = await self._probe_attachment(item, part)
            check_content(item, probed, self._rules)
            return await _settle(part, f"input-{index:02}{FORMATS[probed.format].suffixes[0]}")

    async def fetch_result(self, url: str, generation_id: str, index: int) -> ResultFile:
        """Fetch a finished video; `index` is its place among the task's results, from 0 (file names count from 1).

        Raises MediaRefusedError where it isn't video with at least one frame that can be decoded, is too large or not
        at a public address; MediaDelayedError for anything else, a 404 included, as a CDN may be slow. What was fetched
        before in this run, and not discarded, is not fetched again.
        """
        stem = f"showreel-{generation_id}-{index + 1}"
        there = await asyncio.to_thread(self._fetched, generation_id, stem)
        if there is not None:
            return ResultFile(path=there, filename=there.name, size=there.stat().st_size, url=url)
        async with self._part(generation_id) as part:
            most = self._rules.result_most
            size = await self._fetcher.fetch(Order(url=url, part=part, most=most, trusted=self._result_origins))
            if size == 0:
                raise MediaDelayedError("an empty file")
            probed = await self._prober.probe(part)
            if probed.kind is not MediaKind.VIDEO or probed.format not in RESULT_FORMATS:
                raise MediaRefusedError(f"not video: {probed.content_type}")
            filename = f"{stem}{FORMATS[probed.format].suffixes[0]}"
            return ResultFile(path=await _settle(part, filename), filename=filename, size=size, url=url)

    async def shrunk(self, file: ResultFile, limit: int) -> ResultFile:
        """A finished video in at most `limit` bytes: itself where it fits, else an MP4 beside it, encoded anew.

        Raises MediaRefusedError where it can't be made to fit in a watchable way, or not within the bounds on time and
        memory; DiskFullError where the disk is full.
        """
        if file.size <= limit:
            return file
        filename = f"{file.path.stem}-small.mp4"
        there = file.path.with_name(filename)
        if there.is_file() and there.stat().st_size <= limit:  # shrunk before, for a delivery that failed
            return replace(file, path=there, filename=filename, size=there.stat().st_size, original_size=file.size)
        async with self._part(file.path.parent.name) as part:
            size = await self._shrinker.shrink(file.path, part, limit)
            await self._prober.probe(part)
            settled = await _settle(part, filename)
            return replace(file, path=settled, filename=filename, size=size, original_size=file.size)

    async def data_url(self, path: Path, content_type: str | None = None) -> str:
        """A fetched file as a data URL; MediaRefusedError above `inline_most`.

        Without a content type the file's own name decides: its suffix is that of its content.
        """
        content_type = content_type or content_type_of(path)
        return await asyncio.to_thread(_data_url, path, content_type, self._rules.inline_most)

    def inputs_of(self, generation_id: str) -> list[Path]:
        """The inputs that were fetched in this run, in their order."""
        return sorted(self._run.of_generation(generation_id).glob("input-*"))

    def discard(self, generation_id: str) -> None:
        """Remove a generation's files; none there is fine. They are out of sight at once, and off the disk soon."""
        doomed = self._run.path / f"{next(self._numbers)}.discarded"
        try:
            self._run.of_generation(generation_id).rename(doomed)
        except FileNotFoundError:
            return
        removal = asyncio.get_running_loop().run_in_executor(None, partial(shutil.rmtree, doomed, ignore_errors=True))
        self._removals.add(removal)
        removal.add_done_callback(self._removals.discard)

    async def probe(self, path: Path) -> Probed:
        """What a file is by its content; MediaRefusedError where it is unreadable, MediaDelayedError out of time."""
        return await self._prober.probe(path)

    def _folder_of(self, generation_id: str) -> Path:
        """A generation's folder, made where it is missing; so is that of this run, where somebody has removed it."""
        with self._claiming:
            if not self._run.path.exists():
                log.warning("run_folder_gone", folder=str(self._run.path))
                fresh = RunFolder.claim(self._folder)
                self._run.release()
                self._run = fresh
        folder = self._run.of_generation(generation_id)
        folder.mkdir(exist_ok=True)
        return folder

    def _fetched(self, generation_id: str, stem: str) -> Path | None:
        """The result that was fetched already; a smaller version beside it has another stem."""
        found = self._run.of_generation(generation_id).glob(f"{stem}.*")
        return next((path for path in found if path.stem == stem), None)

    @asynccontextmanager
    async def _part(self, generation_id: str) -> AsyncIterator[Path]:
        """A path to fetch to, of which nothing is left afterwards unless it was settled."""
        try:
            folder = await asyncio.to_thread(self._folder_of, generation_id)
        except OSError as error:
            raise _failed(error) from error
        part = folder / f"{next(self._numbers)}.part"
        try:
            yield part
        except OSError as error:
            raise _failed(error) from error
        finally:
            await asyncio.to_thread(part.unlink, missing_ok=True)

    async def _fetch_attachment(self, item: Input, order: Order) -> int:
        try:
            return await self._fetcher.fetch(order)
        except TooLargeError as error:
            raise rejected(item, FileFault.TOO_LARGE, str(error.size), str(order.most)) from error
        except (GoneError, MediaRefusedError) as error:
            raise rejected(item, FileFault.GONE) from error

    async def _probe_attachment(self, item: Input, part: Path) -> Probed:
        try:
            return await self._prober.probe(part)
        except MediaRefusedError as error:
            raise rejected(item, FileFault.UNREADABLE) from error


def _origins(origins: Collection[str]) -> frozenset[str]:
    return frozenset(origin_of(httpx.URL(origin)) for origin in origins)


async def _settle(part: Path, name: str) -> Path:
    return await asyncio.to_thread(part.replace, part.with_name(name))


def _data_url(path: Path, content_type: str, most: int) -> str:
    with path.open("rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise MediaRefusedError(f"more than {most} bytes for a data URL")
    return f"data:{content_type};base64,{base64.b64encode(content).decode('ascii')}"


def _failed(error: OSError) -> MediaDelayedError:
    kind = DiskFullError if is_full(error) else MediaDelayedError
    return kind(f"the disk failed: {error.strerror}")

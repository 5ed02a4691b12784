"""How a notice is cut into messages: files that fit together, and links where a file can't be posted."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from bot.chat import cards
from bot.domain.generation import Generation, State
from bot.media.files import ResultFile
from bot.work.protocols import Notice

FILES_PER_MESSAGE = 10
BYTES_PER_MESSAGE = 24 * 1_048_576
"""Discord's documents still name 25 MiB for a whole request; what is above it in sum goes out in further messages."""

LINKS_PER_MESSAGE = 1500
"""Characters of links in one message; Discord takes 2,000 in all."""


@dataclass(frozen=True, slots=True)
class Links:
    """Results that go out as links: too large for a file here, or not to be fetched."""

    too_large: tuple[str, ...] = ()
    unfetched: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """One message of a notice, by its place in the row."""

    index: int
    files: tuple[ResultFile, ...] = ()
    links: Links = Links()
    unusable: int = 0

    def text(self, generation: Generation) -> str:
        """What stands above the files; only the first part mentions the requester."""
        if generation.state is not State.SUCCEEDED:
            return cards.ending(generation)
        if self.index == 0:
            remarks = cards.Remarks(shrunk=any(file.original_size for file in self.files), unusable=self.unusable)
            return cards.success(generation, self.links.unfetched, self.links.too_large, remarks)
        return cards.further(generation, self.index + 1, self.links.unfetched, self.links.too_large)


def parts_of(notice: Notice, limit: int) -> list[Part]:
    """A notice as messages, at least one; `limit` is in bytes per file."""
    fitting = [file for file in notice.files if file.size <= limit]
    too_large = [file.url for file in notice.files if file.size > limit]
    endless = sum(len(url) > LINKS_PER_MESSAGE for url in (*too_large, *notice.unfetched))
    first, *others = _numbered(0, _groups(fitting), _batches(too_large, notice.unfetched))
    return [replace(first, unusable=notice.unusable + endless), *others]


def as_links(parts: Sequence[Part], first: int) -> list[Part]:
    """The same results with links in place of all files, in messages that count from `first`."""
    too_large = [url for part in parts for url in (*(file.url for file in part.files), *part.links.too_large)]
    unfetched = [url for part in parts for url in part.links.unfetched]
    return _numbered(first, (), _batches(too_large, unfetched))


def _numbered(first: int, groups: Iterable[tuple[ResultFile, ...]], batches: Iterable[Links]) -> list[Part]:
    rows = list(zip_longest(groups, batches)) or [(None, None)]
    return [Part(first + index, files or (), links or Links()) for index, (files, links) in enumerate(rows)]


def _batches(too_large: Iterable[str], unfetched: Iterable[str]) -> Iterator[Links]:
    """Links in batches that are short enough for a message each."""
    batch, length = Links(), 0
    for link in (*(Links((url,)) for url in too_large), *(Links((), (url,)) for url in unfetched)):
        more = sum(map(len, link.too_large + link.unfetched))
        if more > LINKS_PER_MESSAGE:
            continue  # no message can hold it; it is remarked upon instead
        if length and length + more > LINKS_PER_MESSAGE:
            yield batch
            batch, length = Links(), 0
        batch = Links(batch.too_large + link.too_large, batch.unfetched + link.unfetched)
        length += more
    if length:
        yield batch


def _groups(files: Iterable[ResultFile]) -> Iterator[tuple[ResultFile, ...]]:
    """Files in groups that one request can carry; one that is larger than that goes alone."""
    group: list[ResultFile] = []
    for file in files:
        size = sum(other.size for other in group)
        if group and (len(group) == FILES_PER_MESSAGE or size + file.size > BYTES_PER_MESSAGE):
            yield tuple(group)
            group = []
        group.append(file)
    if group:
        yield tuple(group)

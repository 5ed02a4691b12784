"""How a notice is cut into messages: files that fit together, and links where a file can't be posted."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from itertools import zip_longest

from bot.chat import cards
from bot.chat.links import Links, endless
from bot.domain.generation import Generation, State
from bot.media.files import ResultFile
from bot.work.protocols import Notice

FILES_PER_MESSAGE = 10
BYTES_PER_MESSAGE = 24 * 1_048_576
"""Discord's documents still name 25 MiB for a whole request; what is above it in sum goes out in further messages."""


@dataclass(frozen=True, slots=True)
class Part:
    """One message of a notice, by its place in the row."""

    index: int
    files: tuple[ResultFile, ...] = ()
    links: Links = field(default_factory=Links)
    unusable: int = 0

    def text(self, generation: Generation) -> str:
        """What stands above the files; only the first part mentions the requester."""
        if generation.state is not State.SUCCEEDED:
            return cards.ending(generation)
        if self.index == 0:
            shrunk = any(file.original_size for file in self.files)
            has_usable = bool(self.files or self.links.all)
            remarks = cards.Remarks(shrunk=shrunk, unusable=self.unusable, has_usable=has_usable)
            return cards.success(generation, self.links, remarks)
        return cards.further(generation, self.index + 1, self.links)


def parts_of(notice: Notice, limit: int, first: int = 0) -> list[Part]:
    """A notice as messages that count from `first`, at least one; `limit` is in bytes per file."""
    fitting = [file for file in notice.files if file.size <= limit]
    too_large = tuple(file.url for file in notice.files if file.size > limit)
    links = Links(too_large=too_large, unfetched=notice.unfetched)
    return _numbered(first, _groups(fitting), links, notice.unusable)


class Why(Enum):
    """Why links take the place of files."""

    TOO_LARGE = "too_large"
    UNPOSTED = "not_uploaded"


def as_links(parts: Sequence[Part], first: int, why: Why) -> list[Part]:
    """The same results with links in place of all files, in messages that count from `first`."""
    urls = tuple(file.url for part in parts for file in part.files)
    of_files = Links(too_large=urls) if why is Why.TOO_LARGE else Links(unposted=urls)
    links = sum((part.links for part in parts), start=of_files)
    return _numbered(first, (), links, sum(part.unusable for part in parts))


def _numbered(first: int, groups: Iterable[tuple[ResultFile, ...]], links: Links, unusable: int) -> list[Part]:
    """Files and links side by side; a link that is too long for any message counts as unusable."""
    rows = list(zip_longest(groups, links.batches())) or [(None, None)]
    head, *rest = (Part(first + index, files or (), batch or Links()) for index, (files, batch) in enumerate(rows))
    return [replace(head, unusable=unusable + endless(links.all)), *rest]


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

"""Results that go out as links, and what is said about them."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from bot.domain.addresses import written
from bot.i18n import _

LINKS_PER_MESSAGE = 1500
"""Characters of links in one message; Discord takes 2,000 in all."""

FRAME = 3
"""Characters around an address in its line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Addresses by why they are no files: too large for one here, not to be uploaded, not to be fetched."""

    too_large: tuple[str, ...] = ()
    unposted: tuple[str, ...] = ()
    unfetched: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        """Every address."""
        return (*self.too_large, *self.unposted, *self.unfetched)

    def __add__(self, other: "Links") -> "Links":
        """Both together."""
        return Links(
            too_large=self.too_large + other.too_large,
            unposted=self.unposted + other.unposted,
            unfetched=self.unfetched + other.unfetched,
        )

    def addresses(self) -> list[str]:
        """The lines that show the addresses, without previews."""
        return [shown(url) for url in self.all]

    def reasons(self) -> list[str]:
        """Why there are links, and how long they live: no document of the video service says (TokenLab, 2026-08)."""
        lines = []
        if self.too_large:
            lines.append(_("It is too large for this server, so here is a link."))
        if self.unposted:
            lines.append(_("It could not be uploaded to Discord, so here is a link."))
        if self.unfetched:
            lines.append(_("This could not be fetched as a file, so here is a link."))
        if lines:
            lines.append(_("The video service doesn't say how long its links work: save what you want to keep soon."))
        return lines

    def batches(self) -> Iterator["Links"]:
        """The links in batches that are short enough for a message each; what no message can hold is left out."""
        batch, length = Links(), 0
        for link in self._each():
            more = _length(link.all[0])
            if more > LINKS_PER_MESSAGE:
                continue
            if length and length + more > LINKS_PER_MESSAGE:
                yield batch
                batch, length = Links(), 0
            batch += link
            length += more
        if length:
            yield batch

    def _each(self) -> Iterator["Links"]:
        return chain(
            (Links(too_large=(url,)) for url in self.too_large),
            (Links(unposted=(url,)) for url in self.unposted),
            (Links(unfetched=(url,)) for url in self.unfetched),
        )


def shown(url: str) -> str:
    """An address in a text: without a preview, and with nothing in it that would end it."""
    return f"<{written(url)}>"


def endless(urls: tuple[str, ...]) -> int:
    """How many addresses are too long for any message; they are remarked upon instead."""
    return sum(_length(url) > LINKS_PER_MESSAGE for url in urls)


def _length(url: str) -> int:
    return len(written(url)) + FRAME

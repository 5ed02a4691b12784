"""Quotes: what a request will cost, known or unknown, before it is made."""

from collections.abc import Iterable
from dataclasses import dataclass

from bot.domain.catalog import Capability, Model, Price, PriceUnit
from bot.domain.ledger import Amounts
from bot.domain.request import Operation, Options


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What a request will cost at the most, in micro-dollars; None where nobody can tell, never zero for that.

    `basis` is the model's price, where it has one. `seconds` is the length that was reckoned with, 0 for an unknown
    one.
    """

    micros: int | None
    basis: Price | None
    seconds: int

    @property
    def is_span(self) -> bool:
        """Whether it may cost less than the figure."""
        return self.basis is not None and self.basis.least < self.basis.most

    @property
    def amounts(self) -> Amounts:
        """What is held for the request."""
        return Amounts(generations=1, seconds=self.seconds, micros=self.micros)


def quote(model: Model, operation: Operation, options: Options) -> Quote:
    """The quote for a model's work: of a price that is a span, the most is taken.

    Tokens can't be foretold, so a price for them gives no figure; neither does one per second without a length.
    """
    seconds = _seconds(model.capabilities.get(operation, Capability()), options)
    return Quote(micros=_micros(model.price, seconds), basis=model.price, seconds=seconds)


def _seconds(capability: Capability, options: Options) -> int:
    """The length asked for, the longest known where the model is to choose, else the shortest known.

    What is gone on with several times is as long as all of it together.
    """
    asked = options.duration
    known = [length for length in capability.durations if length > 0]  # -1 is no length: it lets the model choose
    once = asked if asked is not None and asked > 0 else _known(known, chosen_by_model=asked is not None)
    return once * (options.extend_times or 1)


def _known(lengths: Iterable[int], *, chosen_by_model: bool) -> int:
    return max(lengths, default=0) if chosen_by_model else min(lengths, default=0)


def _micros(price: Price | None, seconds: int) -> int | None:
    if price is None:
        return None
    if price.most == 0:
        return 0  # it is free, whatever it is counted in
    match price.unit:
        case PriceUnit.REQUEST:
            return price.most
        case PriceUnit.SECOND:
            return price.most * seconds if seconds else None
        case PriceUnit.MILLION_TOKENS:
            return None

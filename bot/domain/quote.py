"""Quotes: what a request will cost, known or unknown, before it is made."""

from dataclasses import dataclass

from bot.domain.catalog import Capability, Model, Price, PriceUnit
from bot.domain.ledger import Amounts
from bot.domain.request import Operation, Options


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What a request will cost at the most, in micro-dollars; None where nobody can tell, never zero for that.

    `basis` is the model's price, where it has one. `seconds` is the length that was reckoned with, 0 for an unknown
    one; the video may be as short as `least_seconds`.
    """

    micros: int | None
    basis: Price | None
    seconds: int
    least_seconds: int

    @property
    def is_span(self) -> bool:
        """Whether it may cost less than the figure."""
        may_be_shorter = self.least_seconds < self.seconds and bool(self.micros_per_second)
        return may_be_shorter or (self.basis is not None and self.basis.least < self.basis.most)

    @property
    def micros_per_second(self) -> int | None:
        """What a second costs at the most; None where the price isn't for seconds, or unknown."""
        if self.basis is None or self.basis.unit is not PriceUnit.SECOND:
            return None
        return self.basis.most

    @property
    def amounts(self) -> Amounts:
        """What is held for the request."""
        return Amounts(generations=1, seconds=self.seconds, micros=self.micros)


def quote(model: Model, operation: Operation, options: Options) -> Quote:
    """The quote for a model's work: of a price that is a span, the most is taken.

    Tokens can't be foretold, so a price for them gives no figure; neither does one per second without a length.
    """
    lengths = _lengths(model.capabilities.get(operation, Capability()), options)
    least, most = min(lengths, default=0), max(lengths, default=0)
    return Quote(micros=_micros(model.price, most), basis=model.price, seconds=most, least_seconds=least)


def _lengths(capability: Capability, options: Options) -> list[int]:
    """The length asked for, else all that are known of the model: which one it makes is its own choice.

    What is gone on with several times is as long as all of it together.
    """
    is_asked_for = options.duration is not None and options.duration > 0  # -1 is no length: it lets the model choose
    possible = (options.duration,) if is_asked_for else capability.durations
    return [length * (options.extend_times or 1) for length in possible if length is not None and length > 0]


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

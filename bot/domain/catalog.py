"""Models and what they can do, and the check of a request against them before anything is charged."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from difflib import get_close_matches
from enum import StrEnum
from types import MappingProxyType

from bot.domain import errors
from bot.domain.request import NEEDS, RANGES, InputRole, Operation, Options, Request

ALWAYS_TAKEN = frozenset({"duration", "aspect_ratio", "resolution", "sound"})
"""Options that are judged by their values, not by a model's list of parameters."""


class PriceUnit(StrEnum):
    """What a price is for (provider contract, section 8)."""

    SECOND = "per_second"
    REQUEST = "per_request"
    MILLION_TOKENS = "per_token"


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """A price as a span, in micro-dollars per unit; published, or set by the operator in its place."""

    unit: PriceUnit
    least: int
    most: int
    is_override: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """How a model does one operation; an empty tuple means that nothing is known.

    `durations` are whole seconds. `parameters` are the names of our options (see `Options`) that it takes, None where
    unknown. `most_inputs` are counts per role where they are narrower or wider than the operation's own.
    `exact`: the provider itself stated the values, so others are refused rather than warned about; but not those of the
    options in `assumed`, which it left open and our own facts fill.
    """

    durations: tuple[int, ...] = ()
    aspect_ratios: tuple[str, ...] = ()
    resolutions: tuple[str, ...] = ()
    parameters: frozenset[str] | None = None
    most_inputs: Mapping[InputRole, int] = field(default_factory=lambda: MappingProxyType({}))
    exact: bool = False
    assumed: frozenset[str] = frozenset()

    def is_firm(self, option: str) -> bool:
        """Whether the provider itself stated what is known of an option."""
        return self.exact and option not in self.assumed

    def known_values(self, option: str) -> tuple[str, ...]:
        """The known values of a valued option, as texts."""
        match option:
            case "duration":
                return tuple(str(seconds) for seconds in self.durations)
            case "aspect_ratio":
                return self.aspect_ratios
            case "resolution":
                return self.resolutions
            case _:
                return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One video model.

    `sources` name the documents behind the bundled facts. `not_offered` is the reason why it can't be chosen, if any.
    `prompt_most` is in characters. `audio_default` is what happens when sound isn't asked for, None where unknown.
    """

    id: str
    series: str
    capabilities: Mapping[Operation, Capability]
    audio_default: bool | None = None
    prompt_most: int | None = None
    price: Price | None = None
    sources: tuple[str, ...] = ()
    note: str = ""
    not_offered: str | None = None
    replacement: str | None = None
    is_live: bool = False

    @property
    def is_offered(self) -> bool:
        """Whether members can choose it."""
        return self.not_offered is None and bool(self.capabilities)

    def can(self, operation: Operation) -> bool:
        """Whether it is on offer for this operation."""
        return self.is_offered and operation in self.capabilities


NOT_LISTED = "not on the provider's current list"
"""Why a bundled model isn't offered while a live list says otherwise; the operator sees it in `showreel models`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """All models, in order of preference; `fetched_at` is None while only the bundled list is known.

    `overrides` are the operator's prices by model: they win over what is published.
    """

    models: Mapping[str, Model]
    fetched_at: datetime | None = None
    overrides: Mapping[str, Price] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def of(cls, models: Iterable[Model], fetched_at: datetime | None = None) -> "Catalog":
        """A catalog of `models` in the order given."""
        return cls(models=MappingProxyType({model.id: model for model in models}), fetched_at=fetched_at)

    def with_prices(self, overrides: Mapping[str, Price]) -> "Catalog":
        """This catalog with the operator's prices, which stay under any live list."""
        models = {
            model.id: replace(model, price=overrides.get(model.id, model.price)) for model in self.models.values()
        }
        return replace(self, models=MappingProxyType(models), overrides=MappingProxyType(dict(overrides)))

    def able(self, operation: Operation) -> tuple[Model, ...]:
        """The models on offer for an operation."""
        return tuple(model for model in self.models.values() if model.can(operation))

    def near(self, model_id: str) -> tuple[str, ...]:
        """Ids on offer that look like a mistyped one."""
        offered = [model.id for model in self.models.values() if model.is_offered]
        return tuple(get_close_matches(model_id, offered, n=3, cutoff=0.5))

    def pick(self, operation: Operation, wishes: Iterable[str | None]) -> Model:
        """The first wished model that can do the operation, else the catalog's own first.

        Rejects where there is none.
        """
        for wish in wishes:
            model = self.models.get(wish or "")
            if model and model.can(operation):
                return model
        able = self.able(operation)
        if not able:
            raise errors.Rejection(errors.NoModelFor(operation))
        return able[0]

    def with_live(self, live: Iterable[Model], fetched_at: datetime) -> "Catalog":
        """This bundled catalog under a live list.

        The list decides what is offered, its facts win, ours fill the gaps.
        """
        listed = {model.id: model for model in live}
        merged = [
            _merged(model, listed[model.id]) if model.id in listed else _unlisted(model)
            for model in self.models.values()
        ]
        new = [model for model in listed.values() if model.id not in self.models]
        return Catalog.of([*merged, *new], fetched_at).with_prices(self.overrides)


def check(request: Request, catalog: Catalog) -> tuple[str, ...]:
    """Check a request against the catalog; returns the options whose values the model may not take.

    Raises Rejection with the first problem. What only our bundled, possibly outdated facts speak against is let through
    with a warning (provider contract, section 15).
    """
    model = _chosen(request, catalog)
    capability = model.capabilities[request.operation]
    _check_prompt(request, model)
    _check_inputs(request, model, capability)
    _check_ranges(request)
    return _check_values(request, model, capability)


def _merged(bundled: Model, live: Model) -> Model:
    capabilities = {
        operation: _merged_capability(bundled.capabilities.get(operation), capability)
        for operation, capability in live.capabilities.items()
    }
    return replace(
        live,
        capabilities=MappingProxyType(capabilities or dict(bundled.capabilities)),
        series=bundled.series,
        audio_default=live.audio_default if live.audio_default is not None else bundled.audio_default,
        prompt_most=live.prompt_most or bundled.prompt_most,
        price=live.price or bundled.price,
        sources=bundled.sources,
        note=bundled.note,
        not_offered=live.not_offered or bundled.not_offered,
        replacement=live.replacement or bundled.replacement,
    )


def _merged_capability(bundled: Capability | None, live: Capability) -> Capability:
    if bundled is None:
        return live
    return replace(
        live,
        durations=live.durations or bundled.durations,
        aspect_ratios=live.aspect_ratios or bundled.aspect_ratios,
        resolutions=live.resolutions or bundled.resolutions,
        parameters=bundled.parameters if live.parameters is None else live.parameters,
        most_inputs=MappingProxyType({**bundled.most_inputs, **live.most_inputs}),
        assumed=frozenset(_left_open(live)),
    )


def _left_open(live: Capability) -> Iterator[str]:
    """The options of which a live capability states nothing."""
    for option in Options.__dataclass_fields__:
        if option in ALWAYS_TAKEN:
            if not live.known_values(option):
                yield option
        elif live.parameters is None:
            yield option


def _unlisted(model: Model) -> Model:
    return replace(model, not_offered=model.not_offered or NOT_LISTED)


def _chosen(request: Request, catalog: Catalog) -> Model:
    model = catalog.models.get(request.model)
    if model is None:
        raise errors.Rejection(errors.UnknownModel(request.model, catalog.near(request.model)))
    if not model.is_offered:
        raise errors.Rejection(errors.ModelNotOffered(model.id, model.not_offered or NOT_LISTED))
    if not model.can(request.operation):
        able = tuple(other.id for other in catalog.able(request.operation))
        if not able:
            raise errors.Rejection(errors.NoModelFor(request.operation))
        raise errors.Rejection(errors.ModelCannot(model.id, request.operation, able))
    return model


def _check_prompt(request: Request, model: Model) -> None:
    if not (request.prompt or "").strip() and NEEDS[request.operation].prompt:
        raise errors.Rejection(errors.PromptMissing(request.operation))
    length = len(request.prompt or "")
    if model.prompt_most is not None and length > model.prompt_most:
        raise errors.Rejection(errors.PromptTooLong(model.id, length, model.prompt_most))


def _check_inputs(request: Request, model: Model, capability: Capability) -> None:
    for slot in NEEDS[request.operation].slots:
        count = len(request.inputs_as(slot.role))
        most = capability.most_inputs.get(slot.role, slot.most)
        if count < slot.least:
            raise errors.Rejection(errors.InputMissing(request.operation, slot.role))
        if count > most:
            raise errors.Rejection(errors.TooManyInputs(model.id, slot.role, count, most))
    if request.operation is Operation.REFERENCE and not request.inputs_as(InputRole.REFERENCE_IMAGE):
        raise errors.Rejection(errors.InputMissing(request.operation, InputRole.REFERENCE_IMAGE))
    if request.operation is Operation.EXTENSION and not request.inputs and request.source is None:
        raise errors.Rejection(errors.SourceMissing())


def _check_ranges(request: Request) -> None:
    for option, value in request.options.given().items():
        if option in RANGES and isinstance(value, int | float):
            least, most = RANGES[option]
            if not least <= value <= most:
                raise errors.Rejection(errors.OptionOutOfRange(option, value, least, most))
    if request.options.duration == 0:
        raise errors.Rejection(errors.OptionOutOfRange("duration", 0, 1, RANGES["duration"][1]))


def _check_values(request: Request, model: Model, capability: Capability) -> tuple[str, ...]:
    warnings = []
    for option, value in request.options.given().items():
        known = capability.known_values(option)
        untaken = capability.parameters is not None and option not in capability.parameters | ALWAYS_TAKEN
        if untaken and capability.is_firm(option):
            raise errors.Rejection(errors.OptionNotTaken(model.id, option))
        if known and str(value) not in known and capability.is_firm(option):
            raise errors.Rejection(errors.ValueNotTaken(model.id, option, str(value), known))
        if untaken or (known and str(value) not in known):
            warnings.append(option)
    return tuple(warnings)

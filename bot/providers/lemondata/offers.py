"""What the API says of its models and their prices, in the shapes of every era, in our words (sections 7 and 8)."""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import AliasChoices, BeforeValidator, Field

from bot.domain.catalog import Capability, Model, Price, PriceUnit
from bot.domain.ledger import to_micros
from bot.domain.request import Operation, Options
from bot.providers.lemondata.lenient import Count, Durations, Items, Lenient, Money, Text, Texts, as_items, as_mapping
from bot.providers.lemondata.translate import OPTION_FIELDS

RETIRED = "retired by the provider"
"""Why a model that is listed as retired isn't offered."""

_EXTENSIONS = ("lemondata", "tokenlab")
_CONTRACTS = (
    "public_contract_summary",
    "public_contract",
    "request_format_summary",
    "request_format_details",
)
_OURS = {field: name for name, field in OPTION_FIELDS.items()} | {"generate_audio": "sound"}


def models_in(body: Mapping[str, Any]) -> list[Model]:
    """The video models of a list in its full or its compact view, or of one model's own page."""
    offers = [_Offer.model_validate(_flat(entry)) for entry in _entries(body)]
    return [_model(offer) for offer in offers if offer.id and offer.category in {None, "video"}]


def prices_in(body: Mapping[str, Any]) -> dict[str, Price]:
    """The published prices by model id; models whose price can't be told are left out."""
    offers = [_Offer.model_validate(_flat(entry)) for entry in _entries(body)]
    known = {offer.model or offer.id: _price(offer) for offer in offers}
    return {model: price for model, price in known.items() if model and price}


class _Constraint(Lenient):
    operation: Text = None
    supported_parameters: Texts = ()
    allowed_resolutions: Texts = ()
    allowed_durations: Durations = ()
    allowed_aspect_ratios: Texts = ()


class _ServiceLimits(Lenient):
    prompt_max_characters: Count = None


class _Contract(Lenient):
    public_operations: Texts = ()
    supported_parameters: Texts = ()
    resolutions: Texts = ()
    durations: Durations = ()
    aspect_ratios: Texts = ()
    operation_constraints: Items = ()
    service_limits: Annotated[_ServiceLimits, BeforeValidator(as_mapping)] = _ServiceLimits()
    prompt_max_characters: Count = None


class _Lifecycle(Lenient):
    stage: Text = None
    replacement_model: Text = None


class _Commercial(Lenient):
    user_charge_policy: Text = None


class _Figures(Lenient):
    """All figures about a price wherever they stood; a zero counts as not given."""

    unit: Text = Field(None, validation_alias=AliasChoices("unit", "pricing_unit"))
    currency: Text = None
    least: Money = Field(None, validation_alias=AliasChoices("min_price", "min"))
    most: Money = Field(None, validation_alias=AliasChoices("max_price", "max"))
    second: Money = Field(None, validation_alias="per_second")
    request: Money = Field(None, validation_alias=AliasChoices("per_request", "lock_price_per_request"))
    tokens_in: Money = Field(None, validation_alias=AliasChoices("input_per_1m", "input_per_1m_tokens"))
    tokens_out: Money = Field(None, validation_alias=AliasChoices("output_per_1m", "output_per_1m_tokens"))

    def of(self, unit: PriceUnit) -> Decimal | None:
        """The single figure for a unit."""
        match unit:
            case PriceUnit.SECOND:
                return self.second
            case PriceUnit.REQUEST:
                return self.request
            case PriceUnit.MILLION_TOKENS:
                return self.tokens_out or self.tokens_in


class _Offer(Lenient):
    id: Text = None
    model: Text = None
    category: Text = None
    provider: Text = None
    owned_by: Text = None
    status: Text = None
    capabilities: Texts = ()
    supported_operations: Texts = ()
    lifecycle: Annotated[_Lifecycle, BeforeValidator(as_mapping)] = _Lifecycle()
    commercial: Annotated[_Commercial, BeforeValidator(as_mapping)] = _Commercial()
    contract: _Contract
    figures: _Figures


def _entries(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    listed = as_items(body["data"]) if "data" in body else (body,)
    return [entry for entry in listed if isinstance(entry, dict)]


def _flat(entry: Mapping[str, Any]) -> dict[str, Any]:
    """One entry with its extension laid over it and its contract and figures gathered from where they may stand."""
    flat = dict(entry)
    for name in _EXTENSIONS:
        flat |= _given(entry.get(name))
    contract: dict[str, Any] = {}
    for name in _CONTRACTS:
        contract |= _given(flat.get(name))
    contract.setdefault("public_operations", as_mapping(flat.get("summary")).get("public_operations"))
    figures = {name: value for name, value in flat.items() if not isinstance(value, dict)}
    for name in ("scalar_pricing", "pricing", "pricing_summary"):
        figures |= _given(flat.get(name))
    return flat | {"contract": contract, "figures": {name: value for name, value in figures.items() if _counts(value)}}


def _given(value: object) -> dict[str, Any]:
    return {name: item for name, item in as_mapping(value).items() if item is not None}


def _counts(value: object) -> bool:
    """Whether a figure says anything: a field of a price that doesn't apply is null, empty or a zero."""
    return str(value).strip().strip("0.") != "" and value is not None


def _model(offer: _Offer) -> Model:
    stage = (offer.lifecycle.stage or offer.status or "").lower()
    contract = offer.contract
    return Model(
        id=offer.id or "",
        series=offer.provider or offer.owned_by or "",
        capabilities=MappingProxyType(
            {operation: _capability(operation, contract) for operation in _operations(offer)}
        ),
        prompt_most=contract.service_limits.prompt_max_characters or contract.prompt_max_characters,
        price=_price(offer),
        not_offered=RETIRED if stage == "retired" else None,
        replacement=offer.lifecycle.replacement_model,
        is_live=True,
    )


def _operations(offer: _Offer) -> list[Operation]:
    constraints = _constraints(offer.contract)
    stated = offer.contract.public_operations or offer.supported_operations or tuple(constraints) or offer.capabilities
    return [operation for operation in Operation if operation.value in stated]


def _constraints(contract: _Contract) -> dict[str, _Constraint]:
    read = [_Constraint.model_validate(as_mapping(item)) for item in contract.operation_constraints]
    return {constraint.operation: constraint for constraint in read if constraint.operation}


def _capability(operation: Operation, contract: _Contract) -> Capability:
    """What is stated for the operation, else for the model as a whole."""
    own = _constraints(contract).get(operation.value, _Constraint())
    durations = own.allowed_durations or contract.durations
    aspect_ratios = own.allowed_aspect_ratios or contract.aspect_ratios
    resolutions = own.allowed_resolutions or contract.resolutions
    parameters = own.supported_parameters or contract.supported_parameters
    return Capability(
        durations=durations,
        aspect_ratios=aspect_ratios,
        resolutions=resolutions,
        parameters=_options(parameters) if parameters else None,
        exact=bool(durations or aspect_ratios or resolutions or parameters),
    )


def _options(parameters: tuple[str, ...]) -> frozenset[str]:
    """Those of the API's parameters that are options of ours, by our names."""
    return frozenset(_OURS.get(name, name) for name in parameters) & frozenset(Options.__dataclass_fields__)


def _price(offer: _Offer) -> Price | None:
    figures = offer.figures
    if (figures.currency or "USD").upper() != "USD":
        return None
    unit = _unit(figures)
    if offer.commercial.user_charge_policy == "free":
        return Price(unit=unit or PriceUnit.REQUEST, least=0, most=0)
    if unit is None:
        return None
    single = figures.of(unit)
    bounds = [bound for bound in (figures.least or single, figures.most or single) if bound and bound > 0]
    return Price(unit=unit, least=to_micros(min(bounds)), most=to_micros(max(bounds))) if bounds else None


def _unit(figures: _Figures) -> PriceUnit | None:
    """The stated unit; where none is stated, that of the single figure which is given."""
    if figures.unit is not None:
        return PriceUnit(figures.unit) if figures.unit in set(PriceUnit) else None
    return next((unit for unit in PriceUnit if figures.of(unit)), None)

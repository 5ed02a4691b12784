"""The models that are known without asking anybody, read from `models.toml` beside this module."""

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from importlib import resources
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.domain.catalog import Capability, Catalog, Model, Price, PriceUnit
from bot.domain.ledger import to_micros
from bot.domain.request import InputRole, Operation


class BundledCatalogError(Exception):
    """The catalog's file can't be used; the text names the model and its key."""


def bundled_catalog() -> Catalog:
    """The bundled catalog, in the file's order of preference."""
    return read_catalog(resources.files(__package__).joinpath("models.toml").read_text(encoding="utf-8"))


def read_catalog(text: str) -> Catalog:
    """Read a catalog from TOML; raises BundledCatalogError."""
    try:
        file = _File.model_validate(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise BundledCatalogError(f"models.toml: {error}") from error
    models = [_model(_entry(table), file.sources) for table in file.model]
    ids = [model.id for model in models]
    repeated = sorted({model_id for model_id in ids if ids.count(model_id) > 1})
    if repeated:
        raise BundledCatalogError(f"models.toml: more than one model {', '.join(repeated)}")
    return Catalog.of(models)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Price(_Strict):
    unit: PriceUnit
    least: Annotated[Decimal, Field(ge=0)]
    most: Annotated[Decimal, Field(ge=0)]


class _Entry(_Strict):
    id: Annotated[str, Field(min_length=1)]
    series: Annotated[str, Field(min_length=1)]
    operations: tuple[Operation, ...]
    sources: Annotated[tuple[str, ...], Field(min_length=1)]
    audio_default: bool | None = None
    durations: tuple[Annotated[int, Field(ge=-1, le=60)], ...] = ()
    aspect_ratios: tuple[str, ...] = ()
    resolutions: tuple[str, ...] = ()
    prompt_most: Annotated[int, Field(ge=1)] | None = None
    most_inputs: dict[InputRole, Annotated[int, Field(ge=0)]] = {}
    price: _Price | None = None
    note: str = ""
    not_offered: Annotated[str, Field(min_length=1)] | None = None
    replacement: str | None = None


class _File(_Strict):
    sources: dict[str, str]
    model: list[dict[str, Any]]


def _entry(table: Mapping[str, Any]) -> _Entry:
    try:
        entry = _Entry.model_validate(table)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise BundledCatalogError(f"models.toml, model {table.get('id', '?')}: {problems}") from error
    if not entry.operations and entry.not_offered is None:
        raise BundledCatalogError(f"models.toml, model {entry.id}: operations: none, and no not_offered to say why")
    if entry.price and entry.price.least > entry.price.most:
        raise BundledCatalogError(f"models.toml, model {entry.id}: price: least is more than most")
    return entry


def _model(entry: _Entry, sources: Mapping[str, str]) -> Model:
    unknown = [key for key in entry.sources if key not in sources]
    if unknown:
        raise BundledCatalogError(f"models.toml, model {entry.id}: sources: no such key as {', '.join(unknown)}")
    capability = Capability(
        durations=entry.durations,
        aspect_ratios=entry.aspect_ratios,
        resolutions=entry.resolutions,
        most_inputs=MappingProxyType(dict(entry.most_inputs)),
    )
    return Model(
        id=entry.id,
        series=entry.series,
        capabilities=MappingProxyType(dict.fromkeys(entry.operations, capability)),
        audio_default=entry.audio_default,
        prompt_most=entry.prompt_most,
        price=_price(entry.price) if entry.price else None,
        sources=tuple(sources[key] for key in entry.sources),
        note=entry.note,
        not_offered=entry.not_offered,
        replacement=entry.replacement,
    )


def _price(price: _Price) -> Price:
    return Price(unit=price.unit, least=to_micros(price.least), most=to_micros(price.most))

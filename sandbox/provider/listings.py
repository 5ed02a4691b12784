"""The JSON of models and their prices; `old` is the generation with the `lemondata` extension."""

from typing import Any

from sandbox.provider.offer import Model, Operation, Unit
from sandbox.provider.orders import inputs_of, needs_of, parameters_of

ENDPOINT = "/v1/videos/generations"
_RELEASED = 1_706_000_000


def entry(model: Model, *, old: bool) -> dict[str, Any]:
    """Describe a model in the list."""
    if old:
        extension = {
            "category": model.category,
            "pricing_unit": model.price.unit.value,
            "capabilities": [model.category],
            "public_contract_summary": _summary(model),
            "agent_preferences": _preferences(model),
        }
        return _model(model) | {"lemondata": extension}
    return _model(model) | {"tokenlab": _extension(model) | {"request_format_summary": _summary(model)}}


def detail(model: Model, *, old: bool) -> dict[str, Any]:
    """Describe a model by itself, with what each operation takes."""
    if old:
        extension = {
            "category": model.category,
            "pricing_unit": model.price.unit.value,
            "supported_operations": list(model.operations),
            "public_contract": _details(model),
        }
        return _model(model) | {"lemondata": extension}
    extension = _extension(model) | {
        "supported_operations": list(model.operations),
        "accepted_request_formats": [],
        "request_format_summary": _summary(model),
        "request_format_details": _details(model),
    }
    return _model(model) | {"tokenlab": extension}


def compact(model: Model) -> dict[str, Any]:
    """Describe a model in the compact view."""
    bounds = {} if model.price.is_single else {"min_price": model.price.low, "max_price": model.price.high}
    return {
        "id": model.id,
        "provider": model.owner,
        "category": model.category,
        "capabilities": list(model.operations),
        "max_input_tokens": None,
        "max_output_tokens": None,
        "pricing": {
            "unit": model.price.unit.value,
            "currency": "USD",
            "has_complex_pricing": not model.price.is_single,
            **bounds,
            **_per_request(model),
        },
        "status": model.stage,
        "latest": model.stage == "preview",
        "supported_operations": list(model.operations),
        "request_endpoint": ENDPOINT,
        "recommendation": {name: value for name, value in _sample(model).items() if name != "updated_at"},
    }


def price(model: Model) -> dict[str, Any]:
    """Describe a price in the newer list; a figure per request stands only where it is one."""
    tokens = model.price.low if model.price.unit is Unit.TOKEN else None
    return {
        "model": model.id,
        "provider": model.owner,
        "is_lock_price": model.price.unit is Unit.REQUEST and model.price.is_single,
        "capabilities": list(model.operations),
        "aliases": list(model.aliases),
        "input_per_1m_tokens": tokens,
        "output_per_1m_tokens": tokens,
        "lock_price_per_request": _per_request(model).get("per_request"),
        "has_complex_pricing": not model.price.is_single,
        "supported_operations": list(model.operations),
        "pricing_summary": _price_summary(model),
    }


def old_price(model: Model) -> dict[str, Any]:
    """Describe a price as the oldest documents did: everything per request or per token, else nothing."""
    tokens = model.price.low if model.price.unit is Unit.TOKEN else None
    pricing = {
        "input_per_1m": tokens,
        "output_per_1m": tokens,
        "per_request": _per_request(model).get("per_request"),
        "is_lock_price": model.price.unit is Unit.REQUEST,
        "currency": "USD",
    }
    return {"model": model.id, "provider": model.owner, "pricing": pricing}


def pricing_of(model: Model) -> dict[str, Any]:
    """Describe one model's price in full; the keys inside the objects are not fixed by any document."""
    tiers = [
        {"resolution": resolution, "unit": model.price.unit.value, "price": figure}
        for resolution, figure in zip(model.resolutions, (model.price.low, model.price.high), strict=False)
    ]
    return {
        "model": model.id,
        "pricing_unit": model.price.unit.value,
        "has_complex_pricing": not model.price.is_single,
        "supported_operations": list(model.operations),
        "pricing_summary": _price_summary(model),
        "pricing_provenance": {"source": "sandbox"},
        "pricing_details": None if model.price.is_single else {"tiers": tiers},
        "scalar_pricing": _scalar(model),
    }


def _model(model: Model) -> dict[str, Any]:
    return {"id": model.id, "object": "model", "created": _RELEASED, "owned_by": model.owner}


def _extension(model: Model) -> dict[str, Any]:
    return {
        "category": model.category,
        "pricing_unit": model.price.unit.value,
        "capabilities": list(model.operations),
        "aliases": list(model.aliases),
        "max_input_tokens": None,
        "max_output_tokens": None,
        "pricing": _scalar(model),
        "has_complex_pricing": not model.price.is_single,
        "pricing_summary": _price_summary(model),
        "agent_preferences": _preferences(model),
        "lifecycle": _lifecycle(model),
        "commercial": {"user_charge_policy": "paid", "free_reason": None, "free_until": None},
        "badges": [],
    }


def _lifecycle(model: Model) -> dict[str, Any]:
    return {
        "stage": model.stage,
        "reason": None,
        "replacement_model": model.replacement,
        "released_at": None,
        "deprecated_at": "2026-09-01T00:00:00.000Z" if model.stage == "deprecated" else None,
        "retired_at": None,
        "sunset_at": None,
        "latest": model.stage == "preview",
        "latest_source": "none",
        "latest_window_days": None,
    }


def _sample(model: Model) -> dict[str, Any]:
    return {
        "preferred_rank": 1 + round(model.slowness * 10),
        "success_rate_24h": 0.95,
        "sample_count_24h": 12,
        "status": "ready",
        "updated_at": "2026-09-01T00:00:00.000Z",
    }


def _preferences(model: Model) -> dict[str, Any]:
    return {model.category: _sample(model)}


def _summary(model: Model) -> dict[str, Any]:
    return {"public_operations": list(model.operations), "request_endpoint": ENDPOINT}


def _details(model: Model) -> dict[str, Any]:
    """Write the request contract; durations are strings there."""
    parameters = sorted({name for operation in model.operations for name in parameters_of(model, operation)})
    return {
        "public_operations": list(model.operations),
        "supported_parameters": parameters,
        "required_selectors": [],
        "resolutions": list(model.resolutions),
        "durations": _durations(model),
        "aspect_ratios": list(model.ratios),
        "feature_flags": {"output_audio": "output_audio" in model.parameters},
        "output_formats": ["mp4"],
        "service_limits": {"online_rpm": None, "concurrency": None, "prompt_max_characters": model.prompt_max},
        "request_endpoint": ENDPOINT,
        "request_shape_mode": "json_url",
        "status_mode": "async",
        "fallback_status_endpoints": [f"{ENDPOINT}/{{id}}"],
        "operation_constraints": [_constraint(model, operation) for operation in model.operations],
        "recommended_request": _recommended(model),
    }


def _constraint(model: Model, operation: Operation) -> dict[str, Any]:
    return {
        "operation": operation.value,
        "request_endpoint": ENDPOINT,
        "supported_parameters": parameters_of(model, operation),
        "required_selectors": needs_of(operation),
        "documented_inputs": inputs_of(operation),
        "allowed_resolutions": list(model.resolutions),
        "allowed_durations": _durations(model),
        "allowed_aspect_ratios": list(model.ratios),
        "notes": [],
    }


def _recommended(model: Model) -> dict[str, Any]:
    firsts = {"duration": model.durations, "aspect_ratio": model.ratios, "resolution": model.resolutions}
    request: dict[str, Any] = {"model": model.id}
    if model.operations:
        request["operation"] = model.operations[0].value
    return request | {name: choices[0] for name, choices in firsts.items() if choices}


def _durations(model: Model) -> list[str]:
    return [str(seconds) for seconds in model.durations]


def _price_summary(model: Model) -> dict[str, Any]:
    unit = model.price.unit.value
    return {"unit": unit, "currency": "USD", "min_price": model.price.low, "max_price": model.price.high}


def _scalar(model: Model) -> dict[str, Any]:
    if not model.price.is_single:
        return {}
    return {model.price.unit.value: model.price.low, "currency": "USD"}


def _per_request(model: Model) -> dict[str, str]:
    single = model.price.unit is Unit.REQUEST and model.price.is_single
    return {"per_request": model.price.low} if single else {}

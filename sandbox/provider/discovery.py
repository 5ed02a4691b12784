"""The public routes about models and prices, in both generations of their JSON."""

from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from sandbox.provider import errors, listings
from sandbox.provider.answers import Era
from sandbox.provider.conduct import Conduct
from sandbox.provider.errors import refuse
from sandbox.provider.offer import MODELS, Model, find, near

CATEGORIES = ("chat", "image", "video", "audio", "tts", "stt", "music", "3d", "embedding", "rerank", "translation")


class Discovery:
    """Answers what needs no key: what is on offer, and at what price."""

    def __init__(self, conduct: Conduct) -> None:
        self._conduct = conduct

    def routes(self) -> list[web.RouteDef]:
        """List the routes."""
        return [
            web.get("/v1/models", self._models),
            web.get("/v1/models/{id:.+}/pricing", self._model_pricing),
            web.get("/v1/models/{id:.+}", self._model),
            web.get("/v1/pricing", self._pricing),
            web.get("/health", self._health),
        ]

    @property
    def _is_old(self) -> bool:
        return self._conduct.era is Era.LEGACY

    async def _health(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _models(self, request: web.Request) -> web.Response:
        models = _selected(request)
        if request.query.get("view", "full") == "compact" and not self._is_old:
            data = [listings.compact(model) for model in models]
            return web.json_response({"object": "list", "view": "compact", "count": len(data), "data": data})
        return web.json_response(
            {"object": "list", "data": [listings.entry(model, old=self._is_old) for model in models]}
        )

    async def _model(self, request: web.Request) -> web.Response:
        return web.json_response(listings.detail(_named(request), old=self._is_old))

    async def _model_pricing(self, request: web.Request) -> web.Response:
        return web.json_response(listings.pricing_of(_named(request)))

    async def _pricing(self, request: web.Request) -> web.Response:
        models = _selected(request)
        if self._is_old:
            wanted = request.query.get("model")
            chosen = [listings.old_price(model) for model in models if wanted in {None, model.id}]
            return web.json_response({"object": "list", "data": chosen})
        answer: dict[str, Any] = {"object": "pricing", "updated_at": datetime.now(UTC).isoformat(), "currency": "USD"}
        return web.json_response(answer | {"data": [listings.price(model) for model in models]})


def _selected(request: web.Request) -> list[Model]:
    category = request.query.get("category") or request.query.get("recommended_for")
    if category is not None and category not in CATEGORIES:
        refuse(errors.invalid([("category", f"Must be one of {', '.join(CATEGORIES)}")]))
    provider = request.query.get("provider")
    return [
        model
        for model in MODELS
        if model.category == (category or model.category) and model.owner == (provider or model.owner)
    ]


def _named(request: web.Request) -> Model:
    name = request.match_info["id"]
    model = find(name) or next((model for model in MODELS if model.id == name), None)
    if model is None:
        refuse(errors.unknown_model(404, near(name)))
    return model

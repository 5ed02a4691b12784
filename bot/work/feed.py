"""The catalog as it is now: the bundled list at first, the provider's own as soon and as long as it is known."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog
from pydantic import TypeAdapter, ValidationError

from bot.domain.catalog import Capability, Catalog, Model, Price
from bot.domain.request import Operation
from bot.providers.base import Provider
from bot.providers.errors import ProviderError
from bot.work.outage import Outage
from bot.work.protocols import SnapshotStore

log = structlog.get_logger(__name__)

SNAPSHOT = "live_models"
RETRY_AFTER = timedelta(minutes=1)
_MODELS = TypeAdapter(list[Model])


class CatalogFeed:
    """Keeps the catalog fresh in the background; reading it never waits."""

    def __init__(
        self,
        bundled: Catalog,
        provider: Provider,
        snapshots: SnapshotStore,
        clock: Callable[[], datetime],
        refresh_every: timedelta,
        outage: Outage,
    ) -> None:
        self._bundled = bundled
        self._provider = provider
        self._snapshots = snapshots
        self._clock = clock
        self._refresh_every = refresh_every
        self._outage = outage
        self._known_prices: dict[str, Price] = {}
        self.catalog = bundled

    async def restore(self) -> None:
        """Take up the live list of an earlier run, if one was kept."""
        kept = await self._snapshots.load(SNAPSHOT)
        if kept is None:
            return
        document, at = kept
        try:
            models = _MODELS.validate_json(document)
        except ValidationError:
            log.warning("catalog_snapshot_unreadable")
            return
        self._known_prices = {model.id: model.price for model in models if model.price is not None}
        self.catalog = self._bundled.with_live(models, at)

    async def refresh(self) -> bool:
        """Fetch the live list and its prices.

        On any failure what is known stays in use. Returns whether it was fetched.
        """
        try:
            models = await self._outage.outside_holds(self._clock, self._provider.models)
        except ProviderError as error:
            log.warning("catalog_refresh_failed", error=error.message)
            return False
        if not models:
            log.warning("catalog_refresh_empty")
            return False
        self._known_prices = await self._prices()
        models = _priced(models, self._known_prices)
        now = self._clock()
        self.catalog = self._bundled.with_live(models, now)
        await self._snapshots.keep(SNAPSHOT, _document(models), now)
        log.info("catalog_refreshed", models=len(models))
        return True

    async def run(self) -> None:
        """Refresh again and again until cancelled."""
        while True:
            try:
                fetched = await self.refresh()
            except Exception:  # the edge of the loop: a list that trips us must not end the bot
                log.exception("catalog_refresh_tripped")
                fetched = False
            await asyncio.sleep((self._refresh_every if fetched else RETRY_AFTER).total_seconds())

    async def _prices(self) -> dict[str, Price]:
        try:
            return await self._outage.outside_holds(self._clock, self._provider.prices)
        except ProviderError as error:
            log.warning("price_refresh_failed", error=error.message)
            return self._known_prices


def _document(models: Sequence[Model]) -> str:
    """The models as JSON; pydantic takes plain dicts only for the read-only mappings in them."""
    return _MODELS.dump_json([replace(model, capabilities=_plain(model)) for model in models]).decode()


def _plain(model: Model) -> dict[Operation, Capability]:
    return {
        operation: replace(capability, most_inputs=dict(capability.most_inputs))
        for operation, capability in model.capabilities.items()
    }


def _priced(models: Sequence[Model], prices: dict[str, Price]) -> list[Model]:
    return [replace(model, price=prices.get(model.id, model.price)) for model in models]

"""`showreel models`: the catalog as a table."""

from rich.console import Console
from rich.table import Table

from bot.app.opening import StartError, now, provider_of
from bot.chat import texts
from bot.domain.catalog import Catalog, Model, Price
from bot.domain.request import Operation
from bot.i18n import _, n_
from bot.providers.errors import ProviderError
from bot.providers.lemondata.bundled import bundled_catalog
from bot.settings import Settings
from bot.terms import overrides


def show(settings: Settings, operation: Operation | None, console: Console) -> None:
    """Print the bundled catalog, with the operator's prices."""
    catalog = bundled_catalog().with_prices(overrides(settings))
    shown = _shown(catalog, operation)
    console.print(_table(shown, operation))
    console.print(n_("{count} model.", "{count} models.", len(shown)))
    _print_unused_prices(catalog, console)


async def compare(settings: Settings, operation: Operation | None, console: Console) -> None:
    """Print the catalog under the provider's list, and what differs; raises StartError where it can't be had."""
    bundled = bundled_catalog().with_prices(overrides(settings))
    provider = provider_of(settings)
    try:
        live = await provider.models()
    except ProviderError as error:
        raise StartError(_("The provider's list could not be had: {error}.", error=error.message), code=1) from error
    finally:
        await provider.close()
    merged = bundled.with_live(live, now())
    console.print(_table(_shown(merged, operation), operation))
    live_ids = {model.id for model in live}
    offered = {model.id for model in bundled.models.values() if model.is_offered}
    _print_ids(console, _("Only in the provider's list"), live_ids - set(bundled.models))
    _print_ids(console, _("Not in the provider's list any more"), offered - live_ids)
    changed = {
        model.id
        for model in live
        if model.id in bundled.models and set(model.capabilities) != set(bundled.models[model.id].capabilities)
    }
    _print_ids(console, _("Other operations than in the bundled list"), changed)
    _print_unused_prices(merged, console)


def _shown(catalog: Catalog, operation: Operation | None) -> list[Model]:
    if operation is None:
        return list(catalog.models.values())
    return list(catalog.able(operation))


def _table(models: list[Model], operation: Operation | None) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(_("Model"), no_wrap=True)
    for heading in (_("Operations"), _("Seconds"), _("Sizes"), _("Price"), _("Note")):
        table.add_column(heading)
    for model in models:
        able = [item for item in model.capabilities if operation in {None, item}]
        durations = sorted({seconds for item in able for seconds in model.capabilities[item].durations})
        sizes = dict.fromkeys(size for item in able for size in model.capabilities[item].resolutions)
        table.add_row(
            model.id,
            ", ".join(item.removesuffix("-to-video") for item in model.capabilities),
            ", ".join(map(str, durations)),
            ", ".join(sizes),
            _price(model.price),
            _("not offered: {reason}", reason=model.not_offered) if model.not_offered else model.note,
        )
    return table


def _price(price: Price | None) -> str:
    if price is None:
        return _("unknown")
    shown = texts.price(price)
    return _("{price} (yours)", price=shown) if price.is_override else shown


def _print_ids(console: Console, heading: str, ids: set[str]) -> None:
    console.print(f"{heading}: {', '.join(sorted(ids)) or _('none')}")


def _print_unused_prices(catalog: Catalog, console: Console) -> None:
    unused = set(catalog.overrides) - set(catalog.models)
    if unused:
        _print_ids(console, _("Prices in the configuration for models that are not listed"), unused)

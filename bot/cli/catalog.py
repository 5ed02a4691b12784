"""`showreel models`: the catalog as a table."""

from rich.console import Console
from rich.table import Table

from bot.app import StartError, now, provider_of
from bot.domain.catalog import Catalog, Model, Price, PriceUnit
from bot.domain.request import Operation
from bot.i18n import _, n_
from bot.providers.errors import ProviderError
from bot.providers.lemondata.bundled import bundled_catalog
from bot.settings import Settings


def show(operation: Operation | None, console: Console) -> None:
    """Print the bundled catalog."""
    catalog = bundled_catalog()
    shown = _shown(catalog, operation)
    console.print(_table(shown, operation))
    console.print(n_("{count} model.", "{count} models.", len(shown)))


async def compare(settings: Settings, operation: Operation | None, console: Console) -> None:
    """Print the catalog under the provider's list, and what differs; raises StartError where it can't be had."""
    bundled = bundled_catalog()
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
    least, most = f"{price.least / 1_000_000:g}", f"{price.most / 1_000_000:g}"
    span = least if least == most else f"{least}-{most}"
    match price.unit:
        case PriceUnit.SECOND:
            return _("${span} a second", span=span)
        case PriceUnit.REQUEST:
            return _("${span} a video", span=span)
        case PriceUnit.MILLION_TOKENS:
            return _("${span} per million tokens", span=span)


def _print_ids(console: Console, heading: str, ids: set[str]) -> None:
    console.print(f"{heading}: {', '.join(sorted(ids)) or _('none')}")

"""From the configuration to what applies to every request: limits, prices, defaults and the sizes of files."""

from decimal import Decimal

from bot.domain.catalog import Price, PriceUnit
from bot.domain.ledger import to_micros
from bot.domain.limits import Limit, Measure, Scope, Window
from bot.media.rules import MIB, MediaRules
from bot.settings import Settings
from bot.work.service import Terms


def terms(settings: Settings) -> Terms:
    """What applies to every request."""
    return Terms(
        limits=default_limits(settings),
        default_model=settings.provider.default_model,
        default_models=settings.provider.default_models,
        rules=media_rules(settings),
        assumed_micros=to_micros(settings.prices.assumed) or None,
    )


def default_limits(settings: Settings) -> tuple[Limit, ...]:
    """The limits that apply where nobody has set another one; a 0 in the configuration is none."""
    member, bot = settings.limits, settings.limits.bot
    wanted: list[tuple[Scope, Measure, Window | None, int | Decimal]] = [
        (Scope.MEMBER, Measure.GENERATIONS, Window.DAY, member.generations_per_day),
        (Scope.MEMBER, Measure.SECONDS, Window.DAY, member.seconds_per_day),
        (Scope.MEMBER, Measure.MICROS, Window.MONTH, member.dollars_per_month),
        (Scope.MEMBER, Measure.CONCURRENT, None, member.concurrent),
        (Scope.MEMBER, Measure.COOLDOWN, None, member.cooldown),
        (Scope.BOT, Measure.GENERATIONS, Window.DAY, bot.generations_per_day),
        (Scope.BOT, Measure.MICROS, Window.DAY, bot.dollars_per_day),
        (Scope.BOT, Measure.MICROS, Window.MONTH, bot.dollars_per_month),
        (Scope.BOT, Measure.CONCURRENT, None, bot.concurrent),
    ]
    return tuple(
        Limit(scope=scope, measure=measure, window=window, amount=_whole(amount), is_default=True)
        for scope, measure, window, amount in wanted
        if amount
    )


def overrides(settings: Settings) -> dict[str, Price]:
    """The operator's prices by model."""
    found = {}
    for model, price in settings.prices.models.items():
        unit = PriceUnit.REQUEST if price.per_second is None else PriceUnit.SECOND
        micros = to_micros(price.per_second if price.per_second is not None else price.per_request or Decimal(0))
        found[model] = Price(unit=unit, least=micros, most=micros, is_override=True)
    return found


def media_rules(settings: Settings) -> MediaRules:
    """The sizes of files in bytes."""
    media = settings.media
    return MediaRules(
        image_most=media.image_max * MIB,
        video_most=media.video_max * MIB,
        audio_most=media.audio_max * MIB,
        result_most=media.result_max * MIB,
    )


def _whole(amount: int | Decimal) -> int:
    return to_micros(amount) if isinstance(amount, Decimal) else amount

"""From the configuration to limits and prices, as an operator writes them down."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bot import terms
from bot.domain.catalog import Price, PriceUnit
from bot.domain.limits import Limit, Measure, Scope, Window
from bot.settings import ConfigurationError, Settings, read

Read = Callable[..., Settings]


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Read:
    """Reads a configuration from its text, with variables of the environment."""

    def configured(text: str = "", **variables: str) -> Settings:
        path = tmp_path / "config.toml"
        path.write_text(text)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return read(path)

    return configured


def default(scope: Scope, measure: Measure, amount: int, window: Window | None = None) -> Limit:
    return Limit(scope=scope, measure=measure, amount=amount, window=window, is_default=True)


def test_without_a_word_a_member_has_ten_a_day_and_two_at_a_time(configured: Read) -> None:
    assert terms.default_limits(configured()) == (
        default(Scope.MEMBER, Measure.GENERATIONS, 10, Window.DAY),
        default(Scope.MEMBER, Measure.CONCURRENT, 2),
    )


def test_a_zero_switches_a_limit_off(configured: Read) -> None:
    assert terms.default_limits(configured("[limits]\ngenerations_per_day = 0\nconcurrent = 0")) == ()


def test_every_limit_of_the_configuration_is_a_default(configured: Read) -> None:
    found = terms.default_limits(
        configured(
            """
            [limits]
            generations_per_day = 1
            seconds_per_day = 60
            dollars_per_month = 0.07
            concurrent = 2
            cooldown = 30
            [limits.bot]
            generations_per_day = 100
            dollars_per_day = 20
            dollars_per_month = 199.99
            concurrent = 50
            """
        )
    )
    assert found == (
        default(Scope.MEMBER, Measure.GENERATIONS, 1, Window.DAY),
        default(Scope.MEMBER, Measure.SECONDS, 60, Window.DAY),
        default(Scope.MEMBER, Measure.MICROS, 70_000, Window.MONTH),
        default(Scope.MEMBER, Measure.CONCURRENT, 2),
        default(Scope.MEMBER, Measure.COOLDOWN, 30),
        default(Scope.BOT, Measure.GENERATIONS, 100, Window.DAY),
        default(Scope.BOT, Measure.MICROS, 20_000_000, Window.DAY),
        default(Scope.BOT, Measure.MICROS, 199_990_000, Window.MONTH),
        default(Scope.BOT, Measure.CONCURRENT, 50),
    )


def test_a_limit_of_the_bot_can_come_from_the_environment(configured: Read) -> None:
    settings = configured("[limits]\nconcurrent = 3", SHOWREEL_LIMITS__BOT__DOLLARS_PER_DAY="2.50")
    assert default(Scope.BOT, Measure.MICROS, 2_500_000, Window.DAY) in terms.default_limits(settings)
    assert settings.limits.concurrent == 3


def test_the_operator_s_prices_are_exact_to_the_micro_dollar(configured: Read) -> None:
    settings = configured(
        """
        [prices.models."kling-v2.6-pro"]
        per_second = 0.07
        [prices.models."seedance-2.0"]
        per_request = 0.5
        [prices.models.free]
        per_second = 0
        """
    )
    assert terms.overrides(settings) == {
        "kling-v2.6-pro": Price(unit=PriceUnit.SECOND, least=70_000, most=70_000, is_override=True),
        "seedance-2.0": Price(unit=PriceUnit.REQUEST, least=500_000, most=500_000, is_override=True),
        "free": Price(unit=PriceUnit.SECOND, least=0, most=0, is_override=True),
    }


def test_an_assumed_price_of_zero_is_none(configured: Read) -> None:
    assert terms.terms(configured()).assumed_micros is None
    assert terms.terms(configured("[prices]\nassumed = 0.5")).assumed_micros == 500_000


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[prices.models.m]\nper_second = 1\nper_request = 1", "prices.models.m"),
        ("[prices.models.m]", "prices.models.m"),
        ("[prices.models.m]\nper_token = 1", "prices.models.m.per_token"),
        ("[prices.models.m]\nper_second = -1", "prices.models.m.per_second"),
        ("[prices]\nassumed = nan", "prices.assumed"),
        ("[prices]\nassumed = inf", "prices.assumed"),
        ("[limits]\ncooldown = -1", "limits.cooldown"),
        ("[limits]\ncooldown = 9999999999", "limits.cooldown"),
        ("[limits.bot]\ncooldown = 1", "limits.bot.cooldown"),
        ("[limits.bot]\ndollars_per_day = 'much'", "limits.bot.dollars_per_day"),
    ],
)
def test_what_can_t_be_a_limit_or_a_price_is_refused_by_its_name(configured: Read, text: str, key: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"{key} "):
        configured(text)

"""How rows and figures are written."""

from datetime import timedelta

import pytest

from bot.domain.figures import Figures, Group
from bot.reports import labels


def group(name: str | None, user_id: int | None = 123_456_789) -> Group:
    return Group(key="0af3", figures=Figures(), user_id=user_id, name=name)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("ada", "ada"),
        ("王小明 🎬", "王小明 🎬"),
        ("  two \n lines\t", "two lines"),
        ("\x1b[31mred", "[31mred"),
        ("\u202egnp.exe", "gnp.exe"),
        ("Z\u0351\u0352\u0353\u0354algo", "Z\u0351\u0352algo"),
        ("\u200b\u2066", "member …6789"),
        ("", "member …6789"),
        (None, "member …6789"),
    ],
)
def test_a_member_is_called_by_what_can_be_shown_of_the_name(name: str | None, shown: str) -> None:
    assert labels.member(group(name)) == shown


def test_a_forgotten_member_is_a_former_one() -> None:
    assert labels.member(group(None, user_id=None)) == "former member"


def test_a_channel_is_called_by_the_end_of_its_id() -> None:
    assert labels.channel(Group(key="1234567", figures=Figures())) == "channel …4567"
    assert labels.channel(Group(key="0", figures=Figures())) == "direct messages"


@pytest.mark.parametrize(
    ("rate", "shown"), [(None, "\N{EN DASH}"), (0.0, "0 %"), (1.0, "100 %"), (0.9999, "99 %"), (0.001, "1 %")]
)
def test_a_share_is_rounded_but_never_to_all_or_nothing(rate: float | None, shown: str) -> None:
    assert labels.share(rate) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(None, "\N{EN DASH}"), (59.4, "59 s"), (59.6, "1 min 0 s"), (3599.4, "59 min 59 s"), (7322, "2 h 2 min")],
)
def test_a_length_of_time_is_told_in_two_units(seconds: float | None, shown: str) -> None:
    assert labels.length(None if seconds is None else timedelta(seconds=seconds)) == shown


def test_an_unknown_price_is_told_beside_the_known_spend() -> None:
    figures = Figures(micros=1_234_567_000, unpriced=2)
    assert labels.spend(figures) == "$1,234.57 + 2 unpriced"
    assert labels.spend_in_short(figures) == "$1,234.57 + ?"
    assert labels.spend(Figures(micros=5_000)) == labels.spend_in_short(Figures(micros=5_000)) == "$0.0050"


@pytest.mark.parametrize(
    ("micros", "shown"),
    [
        (0, "$0.00"),
        (1, "$0.000001"),
        (99, "$0.000099"),
        (100, "$0.0001"),
        (4_000, "$0.0040"),
        (50_000, "$0.05"),
        (99_999, "$0.1000"),
        (100_000, "$0.10"),
        (1_234_567_000, "$1,234.57"),
    ],
)
def test_a_small_amount_is_told_finely_enough_and_only_nothing_as_nothing(micros: int, shown: str) -> None:
    assert labels.dollars(micros) == shown

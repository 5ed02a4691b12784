"""What is taken out of the provider's words before they are logged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.providers.lemondata.scrub import MOST, scrub


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("see https://a.example/v.mp4?sig=1, then", "see [url] then"),
        ("key sk-live_ABC-123 and mt-9", "key [key] and [key]"),
        ("Authorization: Bearer abc.def", "[key]"),
        ("need ~$0.3500, have €1,20 or 3.5 USD", "need ~[amount], have [amount] or [amount]"),
        ("your balance is 12.50 now", "your balance is [amount] now"),
        ('{"balance_usd": 0.12}', '{"balance_usd": [amount]}'),
        ("got data:image/png;base64,iVBORw0KGgo= here", "got [data] here"),
        ("two\n lines\tand   spaces", "two lines and spaces"),
        ("resolution 4k of seedance-2.0-fast, 5 s", "resolution 4k of seedance-2.0-fast, 5 s"),
    ],
)
def test_a_text_is_made_fit_for_the_log(text: str, left: str) -> None:
    assert scrub(text) == left


@given(text=st.text(), secret=st.text("abcdef0123456789", min_size=8))
def test_the_secret_never_stays_and_the_text_never_grows(text: str, secret: str) -> None:
    left = scrub(f"{text}{secret}{text * 50}", secret)
    assert secret not in left
    assert len(left) <= MOST

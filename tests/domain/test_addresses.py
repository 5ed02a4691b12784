"""Addresses in a text: nothing in them ends, cuts or formats it, and they lead where they led."""

import string
from urllib.parse import unquote

import pytest

from bot.domain.addresses import written


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://a.example/v.mp4?sig=a%2Fb%3D&x=1#t", "https://a.example/v.mp4?sig=a%2Fb%3D&x=1#t"),
        ("http://[2001:db8::1]:8080/v(1)*_~.mp4", "http://[2001:db8::1]:8080/v(1)*_~.mp4"),
        ("https://bücher.example/größe.mp4", "https://bücher.example/größe.mp4"),
        ("https://a.example/my clip.mp4", "https://a.example/my%20clip.mp4"),
        ("https://a.example/v> <@13>`", "https://a.example/v%3E%20%3C@13%3E%60"),
        ("https://a.example/v\n# big\x1b\x7f", "https://a.example/v%0A#%20big%1B%7F"),
        ("https://a.example/a\u2028b\u202ec\u3000d", "https://a.example/a%E2%80%A8b%E2%80%AEc%E3%80%80d"),
        ("https://a.example/\ud800", "https://a.example/%3F"),
    ],
)
def test_only_what_stands_in_no_address_is_encoded(address: str, expected: str) -> None:
    assert written(address) == expected
    assert written(expected) == expected


def test_any_character_is_the_same_once_decoded() -> None:
    every = "https://a.example/" + string.printable.replace("%", "")
    assert unquote(written(every)) == every
    assert not set(written(every)) & set(string.whitespace + '<>`"\\^{|}')

"""What a member attaches, as Discord states it."""

from datetime import UTC, datetime

import pytest

from bot.domain.request import Input, InputRole


@pytest.mark.parametrize(
    ("query", "end"),
    [
        ("?ex=69a8e5c0&is=69a79440&hm=ab&", datetime(2026, 3, 5, 2, 9, 4, tzinfo=UTC)),
        ("", None),
        ("?ex=", None),
        ("?ex=soon", None),
        ("?ex=ffffffffffffffffff", None),
    ],
)
def test_an_address_says_until_when_it_is_good(query: str, end: datetime | None) -> None:
    item = Input(
        role=InputRole.IMAGE,
        attachment_id=1,
        filename="a.png",
        content_type=None,
        size=1,
        url=f"https://cdn.discordapp.com/ephemeral-attachments/1/2/a.png{query}",
    )
    assert item.url_ends_at == end

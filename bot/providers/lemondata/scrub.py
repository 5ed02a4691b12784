"""Making the provider's words fit for the log: no key, no balance, no address, and not too long."""

import re

MOST = 500
"""Characters that are kept of a text."""

_CUTS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"data:[\w.+/-]*;base64,[\w+/=]*", re.IGNORECASE), "[data]"),
    (re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://[^\s\"'<>]*", re.IGNORECASE), "[url]"),
    (re.compile(r"\b(authorization\W{1,4})?bearer\s+\S+", re.IGNORECASE), "[key]"),
    (re.compile(r"\b(?:sk|mt)-[\w*.-]+", re.IGNORECASE), "[key]"),
    (
        re.compile(r"[$€£¥]\s?-?\d+(?:[.,]\d+)*|-?\d+(?:[.,]\d+)*\s?(?:usd|dollars?|credits?)\b", re.IGNORECASE),
        "[amount]",
    ),
    (re.compile(r"(\bbalance\w*\W{1,3}(?:(?:is|of|was)\W)?\s*)-?\d+(?:[.,]\d+)*", re.IGNORECASE), r"\1[amount]"),
)


def scrub(text: str, secret: str = "") -> str:
    """Take keys, amounts, addresses and `secret` out of a text, put it on one line and cut it to `MOST` characters."""
    text = text[: 20 * MOST]
    if secret:
        text = text.replace(secret, "[key]")
    for pattern, instead in _CUTS:
        text = pattern.sub(instead, text)
    text = " ".join(text.split())
    return text if len(text) <= MOST else text[: MOST - 1] + "…"

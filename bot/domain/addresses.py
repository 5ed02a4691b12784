"""Addresses on the web as they can be written into a text."""

import re
from urllib.parse import quote

_ODD = re.compile(r"[^\w!#$%&'()*+,\-./:;=?@\[\]~]")
"""What stands in no address (RFC 3986), and may end, cut or format one in a text; letters of any script stay, since a
host may be named with them."""


def written(address: str) -> str:
    """The same address with nothing in it that would end it in a text; what is percent-encoded already stays so."""
    return _ODD.sub(lambda odd: quote(odd[0], safe="", errors="replace"), address)

"""Names of time zones as people type them."""

import zoneinfo
from difflib import get_close_matches
from functools import cache

SUGGESTED = 3


def canonical(name: str) -> str:
    """The name as the list of zones writes it, where only capitals and spaces differ; else as it was typed."""
    return _by_folded().get(_folded(name), name)


def near(name: str) -> tuple[str, ...]:
    """Zones that may have been meant: those whose city it is first, then those that look alike."""
    zones = _by_folded()
    typed = _folded(name)
    if not typed:
        return ()
    cities = [zone for folded, zone in zones.items() if folded.rpartition("/")[2] == typed]
    alike = get_close_matches(typed, zones, n=SUGGESTED, cutoff=0.6)
    endings = {folded.rpartition("/")[2]: zone for folded, zone in zones.items()}
    alike_cities = get_close_matches(typed.rpartition("/")[2], endings, n=SUGGESTED, cutoff=0.75)
    found = [*cities, *(zones[one] for one in alike), *(endings[one] for one in alike_cities)]
    return tuple(dict.fromkeys(found))[:SUGGESTED]


def _folded(name: str) -> str:
    return "_".join(name.casefold().split())


@cache
def _by_folded() -> dict[str, str]:
    """The zones of this machine; reading their names takes some milliseconds, once."""
    return {_folded(zone): zone for zone in sorted(zoneinfo.available_timezones())}

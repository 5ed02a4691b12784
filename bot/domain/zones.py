"""Time zones by their names."""

from datetime import tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def zone_named(name: str | None, default: tzinfo) -> tzinfo:
    """The zone with an IANA name; the default for no name, and for one that this machine doesn't know."""
    try:
        return ZoneInfo(name) if name else default
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a folder's name is an OSError
        return default

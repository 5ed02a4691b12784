"""The fixtures of the tests over the wire."""

from tests.chat.told import done
from tests.chat.town import connected, migrated, stage, town

__all__ = ["connected", "done", "migrated", "stage", "town"]

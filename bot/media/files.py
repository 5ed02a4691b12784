"""The values that fetching hands on, and the two ways in which it fails."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultFile:
    """One finished video on disk; `url` is where the provider has it, `size` is in bytes."""

    path: Path
    filename: str
    size: int
    url: str


class MediaDelayedError(Exception):
    """A file could not be fetched now; later may help."""


class MediaRefusedError(Exception):
    """A file will not be fetched: not video, too large, or not at a public address."""

"""The folder of one run of the bot: what is in it dies with the run."""

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

_PREFIX = "run-"
_GENERATION_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class RunFolder:
    """A folder of this process alone, held by a lock that ends with the process however it ends.

    Others may share the parent folder: only folders whose lock nobody holds are swept.
    """

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self._lock = lock

    @classmethod
    def claim(cls, parent: Path) -> Self:
        """Make the parent where it is missing, remove what dead runs left, and make a folder for this run."""
        parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(parent):
            for left in parent.glob(f"{_PREFIX}*"):
                _sweep(left)
            path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
            lock = os.open(path, os.O_RDONLY)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return cls(path, lock)

    def release(self) -> None:
        """Remove the folder and let go of it."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)

    def of_generation(self, generation_id: str) -> Path:
        """Where a generation's files are; ValueError for an id that can't name a folder."""
        if not _GENERATION_ID.fullmatch(generation_id):
            raise ValueError(f"not a generation's id: {generation_id!r}")
        return self.path / generation_id


def _sweep(left: Path) -> None:
    with suppress(OSError), _locked(left, fcntl.LOCK_NB):
        shutil.rmtree(left, ignore_errors=True)


@contextmanager
def _locked(path: Path, flags: int = 0) -> Iterator[None]:
    lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | flags)
        yield
    finally:
        os.close(lock)

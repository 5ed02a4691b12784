"""The folder of one run of the bot: what is in it dies with the run."""

import errno
import fcntl
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

SWEPT_WITHIN = 10.0
"""Seconds that another process's sweep is waited for: one that was frozen in the middle of it must not hold us up."""

PAUSE = 0.05
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
        with _locked(parent, patience=SWEPT_WITHIN):
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
    with suppress(OSError), _locked(left):
        shutil.rmtree(left, ignore_errors=True)


@contextmanager
def _locked(path: Path, patience: float = 0.0) -> Iterator[None]:
    """Hold a folder's lock; OSError where somebody else has it for longer than `patience` seconds."""
    lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        until = time.monotonic() + patience
        while not _is_taken(lock):
            if time.monotonic() > until:
                raise OSError(errno.EWOULDBLOCK, "another process has it", str(path))
            time.sleep(PAUSE)
        yield
    finally:
        os.close(lock)


def _is_taken(lock: int) -> bool:
    with suppress(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False

"""The lock of the data folder: with SQLite exactly one process works in it."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from bot.store.causes import unusable
from bot.store.errors import DataFolderTakenError

_NAME = "showreel.lock"


class DataFolderLock:
    """Holds a folder for this process, until released or until the process is gone, however it goes.

    The kernel keeps the lock (flock) for a process that is merely stopped, so no second one can come in between.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / _NAME
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the folder, made where it is missing; raises DataFolderTakenError where another process has it."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise unusable(f"The folder {self._path.parent}", error) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            raise DataFolderTakenError(
                f"Another process already works in {self._path.parent}: stop it first, or give this one another folder."
            ) from error
        self._descriptor = descriptor

    def release(self) -> None:
        """Let the folder go; does nothing where it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

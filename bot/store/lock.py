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

    The kernel keeps the lock (flock) for a process that is merely stopped, so no second one can come in between. The
    folder itself is locked as well as the file in it, which somebody may remove for a leftover.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / _NAME
        self._descriptors: list[int] = []

    def acquire(self) -> None:
        """Take the folder, made where it is missing; raises DataFolderTakenError where another process has it."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._descriptors.append(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
            fcntl.flock(self._descriptors[0], fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._descriptors.append(os.open(self._path.parent, os.O_RDONLY))
            _lock_if_possible(self._descriptors[1])
        except BlockingIOError as error:
            self.release()
            raise DataFolderTakenError(
                f"Another process already works in {self._path.parent}: stop it first, or give this one another folder."
            ) from error
        except OSError as error:
            self.release()
            raise unusable(f"The folder {self._path.parent}", error) from error

    def release(self) -> None:
        """Let the folder go; does nothing where it is not held."""
        while self._descriptors:
            os.close(self._descriptors.pop())

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _lock_if_possible(folder: int) -> None:
    """Lock a folder where its file system can; over a network some can't, and there its file has to do."""
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:
        return

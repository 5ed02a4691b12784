"""Errors of calls to a provider, sorted by what we know afterwards.

ProviderError
├── Refused      it answered no: nothing was taken, the same call would be refused again
├── Busy         it answered "not now": nothing was taken, the same call may pass after `retry_after`
├── Unreachable  nothing left this machine: no connection was made
└── Unsure       it may have been taken: cut or timed out after sending, or an answer that says nothing usable

`message` is for the log only: it may hold the provider's words, never a key, and never reaches a member.
"""

from datetime import timedelta

from bot.domain.generation import Reason


class ProviderError(Exception):
    """A call to a provider did not do what was asked; it may ask us to call again after `retry_after` only."""

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code
        self.retry_after = retry_after


class Refused(ProviderError):  # noqa: N818 - named by what we know afterwards, like its siblings
    """The provider turned the call down; `reason` says how that is told.

    `closes_door`: 402, 401 or a key-level 403, so that no other call of this kind would pass either.
    """

    def __init__(
        self,
        message: str,
        *,
        reason: Reason,
        status: int | None = None,
        code: str | None = None,
        closes_door: bool = False,
    ) -> None:
        super().__init__(message, status=status, code=code)
        self.reason = reason
        self.closes_door = closes_door

    @property
    def is_unknown_task(self) -> bool:
        """Whether it says that there is no such task."""
        return self.status == 404 or self.code == "async_task_not_found"


class Busy(ProviderError):  # noqa: N818 - named by what we know afterwards, like its siblings
    """The provider asks us to come back later, after `retry_after` where it says so."""


class Unreachable(ProviderError):  # noqa: N818 - named by what we know afterwards, like its siblings
    """No connection could be made, so nothing was sent."""


class Unsure(ProviderError):  # noqa: N818 - named by what we know afterwards, like its siblings
    """Nobody knows whether the call was taken."""


def asked_pause(error: Exception) -> timedelta | None:
    """How long a failed call asks us to wait before the next one, where it does."""
    return error.retry_after if isinstance(error, ProviderError) else None

"""Named instants at which a test kills the process, to prove that nothing is lost, paid twice or posted twice.

They stand before and after every call to the outside and every commit in the life of a generation. Nothing happens at
them unless the environment names one, which tests alone do. Instants inside a call (after sending, before the
answer) are the simulators' to choose.
"""

import os
import signal

VARIABLE = "SHOWREEL_CRASH_AT"

POINTS = (
    "accept.before",
    "accept.stored",
    "answer.sent",
    "answer.stored",
    "claimed.stored",
    "card.before",
    "card.stored",
    "thread.before",
    "thread.stored",
    "inputs.before",
    "inputs.stored",
    "submitting.before",
    "submitting.stored",
    "accepted.before",
    "accepted.stored",
    "running.before",
    "running.stored",
    "poll.before",
    "poll.answered",
    "succeeded.before",
    "succeeded.stored",
    "failed.before",
    "failed.stored",
    "expired.before",
    "expired.stored",
    "cancelled.before",
    "cancelled.stored",
    "unconfirmed.before",
    "unconfirmed.stored",
    "decided.before",
    "decided.stored",
    "download.done",
    "telling.before",
    "telling.stored",
    "told.before",
    "told.stored",
    "deferred.before",
    "deferred.stored",
    "other.before",
    "other.stored",
)
"""Each `before` of a write is also the instant after the answer of the call whose outcome is written; each `stored` is
also the instant before the call that comes next. `accepted` is the way back to that state, `decided` every way out of
unconfirmed, `claimed` and `deferred` what the worker writes of many rows at once, `other` any other write of a row.
"""

_armed = os.environ.get(VARIABLE)


def at(point: str) -> None:
    """Die here, as by a power cut, where the environment says so."""
    if _armed == point:
        os.kill(os.getpid(), signal.SIGKILL)

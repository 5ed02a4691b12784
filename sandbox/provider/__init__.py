"""A simulated video provider: the unified asynchronous video API, read from its documents and served on loopback."""

from sandbox.provider.answers import Era
from sandbox.provider.journal import Leak, Poll, Submission
from sandbox.provider.script import Outcome
from sandbox.provider.server import SimulatedProvider
from sandbox.provider.tasks import Status, Task

__all__ = ["Era", "Leak", "Outcome", "Poll", "SimulatedProvider", "Status", "Submission", "Task"]

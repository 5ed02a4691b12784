"""What all tests share: the stage, Hypothesis without a deadline (a busy machine is no defect), and a last bound.

A test that hangs is failed by pytest-timeout, once. What then hangs in its teardown, or in native code, ends the worker
with everybody's stack; the run goes on.
"""

import faulthandler
import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.stage import stage

__all__ = ["stage"]

settings.register_profile("showreel", deadline=None)
settings.load_profile("showreel")

TORN_DOWN_WITHIN = 420
"""Seconds; longer than the time-out of a test, which names what hangs more kindly."""

_stderr = os.dup(2)
"""What was standard error before pytest took it."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Iterator[None]:
    faulthandler.dump_traceback_later(TORN_DOWN_WITHIN, exit=True, file=_stderr)
    try:
        return (yield)
    finally:
        faulthandler.cancel_dump_traceback_later()

"""Sums the verdicts of all crash tests up into one table."""

from functools import reduce

import pytest

from tests.crash.verdict import PROPERTY, Verdict


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for outcome in ("passed", "failed") for report in terminalreporter.getreports(outcome)]
    verdicts = [
        Verdict(**value)
        for report in reports
        for name, value in getattr(report, "user_properties", ())
        if name == PROPERTY and getattr(report, "when", "") == "call"
    ]
    if verdicts:
        terminalreporter.section("kills and what became of them")
        terminalreporter.write_line(reduce(Verdict.plus, verdicts).table())

"""What the log shows where something trips: never a prompt, a token or a key, in either form."""

import logging
from collections.abc import Iterator

import pytest
import structlog

from bot import log

KEY = "sk-0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz"

PROMPT = "a very private prompt"


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_traceback_shows_no_values(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("info", form, [KEY])
    logger = structlog.get_logger("tests")

    def trip(prompt: str, token: str) -> None:
        raise LookupError(f"{len(prompt)} and {len(token)}")

    try:
        trip(PROMPT, KEY)
    except LookupError:
        logger.exception("tripped", key=KEY)
    shown = capsys.readouterr().err
    assert "LookupError" in shown
    assert PROMPT not in shown
    assert KEY[:20] not in shown

"""Structured logs: one line per event, facts as keys, never a secret."""

import logging
import sys
from collections.abc import Iterable

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

MASK = "[hidden]"
_SHARED: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
)


class Masking:
    """Takes the configured secrets out of every rendered line, wherever they came from."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = tuple(secret for secret in secrets if secret)

    def __call__(self, _logger: WrappedLogger, _method: str, rendered: EventDict | str) -> EventDict | str:
        """Mask a rendered line."""
        if not isinstance(rendered, str):
            return rendered
        for secret in self._secrets:
            rendered = rendered.replace(secret, MASK)
        return rendered


def configure(level: str, form: str, secrets: Iterable[str]) -> None:
    """Send every log of the process to standard error, as JSON lines or, for a terminal, in colour."""
    pretty = form == "console" or (form == "auto" and sys.stderr.isatty())
    renderer: list[Processor] = (
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]  # others show local values
        if pretty
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*_SHARED, structlog.stdlib.ExtraAdder()],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer, Masking(secrets)],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in ("discord", "httpx", "aiohttp", "alembic", "sqlalchemy"):
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    logging.getLogger("discord.client").setLevel(logging.ERROR)  # it warns at every start that it can't play voice
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )

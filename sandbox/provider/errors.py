"""The API's refusals: each function makes the answer that the contract describes for one of them.

Refusal (an answer that ends the handling of a request)
Cut     (no answer at all: the connection is closed)
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Never

from aiohttp import web

HTML = "<html><head><title>Just a moment...</title></head><body><h1>Bad gateway</h1></body></html>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One HTTP answer: a dict goes out as JSON, a str as an HTML page."""

    status: int
    body: Mapping[str, Any] | str
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> web.Response:
        """Make a fresh response of it."""
        if isinstance(self.body, str):
            return web.Response(status=self.status, text=self.body, content_type="text/html", headers=self.headers)
        return web.json_response(dict(self.body), status=self.status, headers=self.headers)


class Refusal(Exception):  # noqa: N818 - a refusal is the word of the API's side; it is no error of this program
    """Ends the handling of a request with an answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class Cut(Exception):  # noqa: N818 - names what happens to the connection
    """Ends the handling of a request by closing its connection."""


def refuse(answer: Answer) -> Never:
    """Raise the answer as a refusal."""
    raise Refusal(answer)


def envelope(status: int, message: str, kind: str, **extra: Any) -> Answer:
    """Wrap an error as the API does; `kind` is the envelope's `type`."""
    return Answer(status=status, body={"error": {"message": message, "type": kind, **extra}})


def invalid_key() -> Answer:
    """401: no key, or a wrong one."""
    return envelope(401, "Invalid API key provided", "invalid_api_key", code="invalid_api_key")


def invalid(problems: Sequence[tuple[str, str]], **extra: Any) -> Answer:
    """400: the body breaks a rule; a problem is a field and what is wrong with it."""
    name, message = problems[0]
    code = "invalid_request_error"
    error = {"message": f"{name}: {message}", "type": code, "param": name, "code": code, "retryable": False, **extra}
    listed = [{"field": name, "message": message, "code": "invalid"} for name, message in problems]
    return Answer(status=400, body={"error": error, "validation_errors": listed})


def unknown_model(status: int, near: Sequence[str]) -> Answer:
    """Refuse a model nobody knows: 400 where one generates, 404 where one asks about the model."""
    hints: dict[str, Any] = {}
    if near:
        hints = {"did_you_mean": near[0], "hint": f"Did you mean '{near[0]}'?"}
    return envelope(
        status,
        "Model not found: please check the model name",
        "invalid_request_error",
        param="model",
        code="model_not_found",
        suggestions=[{"id": name} for name in near],
        **hints,
    )


def unknown_task() -> Answer:
    """404: no such task, or it is no longer kept."""
    message = "Task not found or no longer available."
    return envelope(404, message, "invalid_request_error", code="async_task_not_found")


def unknown_route() -> Answer:
    """404: the API has no such path."""
    return envelope(404, "Not found", "not_found_error")


def uncancellable() -> Answer:
    """409: the task has started or ended."""
    message = "Task can no longer be cancelled."
    return envelope(409, message, "invalid_request_error", code="task_not_cancellable")


def unsupported_cancel() -> Answer:
    """400: tasks of this model are never cancelled."""
    message = "Cancellation is not supported for this task."
    return envelope(400, message, "invalid_request_error", code="unsupported_task_cancel")


def too_large() -> Answer:
    """413: the body is over the server's limit."""
    return envelope(413, "Payload too large", "invalid_request_error", code="payload_too_large")


def busy(*, as_date: bool = False) -> Answer:
    """429: over the rate limit; the wait is one second (an HTTP date is whole seconds, so up to two)."""
    headers = {
        "Retry-After": format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True) if as_date else "1",
        "X-RateLimit-Limit": "1000",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": str(int(time.time()) + 1),
    }
    kind = "rate_limit_exceeded"
    error = {"message": "Rate limit: 1000 rpm exceeded", "type": kind, "code": kind, "retryable": True}
    if not as_date:
        error |= {"retry_after": 1, "hint": "Rate limited. Retry after 1s."}
    return Answer(status=429, body={"error": error}, headers=headers)


def broke(model: str) -> Answer:
    """402: the account's balance is too low; the text tells the balance, as the real one does."""
    kind = "insufficient_balance"
    message = f"Insufficient balance: need ~$0.3500 for {model}, but balance is $0.1200."
    hint = "Try a cheaper model, or top up."
    return envelope(402, message, kind, code=kind, balance_usd=0.12, estimated_cost_usd=0.35, hint=hint)


def forbidden_model(model: str) -> Answer:
    """403: the key may not use this model."""
    return envelope(403, f"This API key may not use {model}.", "permission_error", code="model_not_allowed")


def unavailable(model: str) -> Answer:
    """503: every channel of the model is down; nothing was taken."""
    return envelope(
        503,
        "Model [redacted] is temporarily unavailable. Please try again later.",
        "all_channels_failed",
        code="model_unavailable",
        retryable=True,
        retry_after=30,
        hint=f"All channels for '{model}' are temporarily unavailable.",
        request_id="req_sandbox",
    )


def server_error() -> Answer:
    """500 with the API's envelope, which has no code."""
    return envelope(500, "An internal error occurred", "server_error")


def gateway() -> Answer:
    """502 with a page of the gateway in front of the API."""
    return Answer(status=502, body=HTML)


def garbage() -> Answer:
    """200 with a page instead of JSON."""
    return Answer(status=200, body=HTML)


def error_object() -> Answer:
    """200 with an error and no status."""
    return envelope(200, "Upstream provider returned an error", "upstream_error")

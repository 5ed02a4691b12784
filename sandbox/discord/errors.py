"""Discord's JSON errors.

Every refusal of the simulated API is a `DiscordError`: a status, one of Discord's codes, its text, and for an invalid
body the tree of what is wrong where. `InvalidCommand` is the other kind: what a Discord client would not even let a
member send.
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
"""A JSON object."""

_KNOWN = {
    10003: (404, "Unknown Channel"),
    10004: (404, "Unknown Guild"),
    10007: (404, "Unknown Member"),
    10008: (404, "Unknown Message"),
    10013: (404, "Unknown User"),
    10015: (404, "Unknown Webhook"),
    10062: (404, "Unknown interaction"),
    10063: (404, "Unknown application command"),
    20012: (403, "You are not authorized to perform this action on this application"),
    40005: (413, "Request entity too large"),
    40060: (400, "Interaction has already been acknowledged."),
    50001: (403, "Missing Access"),
    50005: (403, "Cannot edit a message authored by another user"),
    50006: (400, "Cannot send an empty message"),
    50007: (403, "Cannot send messages to this user"),
    50013: (403, "Missing Permissions"),
    50024: (400, "Cannot execute action on this channel type"),
    50027: (401, "Invalid Webhook Token"),
    50083: (400, "Thread is archived"),
    50109: (400, "The request body contains invalid JSON."),
    50278: (403, "Cannot send messages to this user due to having no mutual guilds"),
    160004: (400, "A thread has already been created for this message"),
    160005: (400, "Thread is locked"),
    160006: (400, "Maximum number of active threads has been reached"),
}


class DiscordError(Exception):
    """An answer of the API that is not a success."""

    def __init__(self, status: int, code: int, message: str, errors: Json | None = None) -> None:
        super().__init__(f"{status} ({code}): {message}")
        self.status = status
        self.code = code
        self.message = message
        self.errors = errors

    def as_json(self) -> Json:
        """Return the body that Discord answers with."""
        body: Json = {"message": self.message, "code": self.code}
        if self.errors is not None:
            body["errors"] = self.errors
        return body


class InvalidCommand(ValueError):  # noqa: N818 - the name is fixed by those who use the sandbox
    """A Discord client would not have let the member send this."""


def refusal(code: int) -> DiscordError:
    """Return the error that Discord documents under this code."""
    status, message = _KNOWN[code]
    return DiscordError(status, code, message)


def plain(status: int, text: str) -> DiscordError:
    """Return an error without a code of its own, such as 401 or an unknown path."""
    return DiscordError(status, 0, f"{status}: {text}")


class FormErrors:
    """Collects what is wrong with a body, to be told all at once under code 50035."""

    def __init__(self) -> None:
        self._tree: Json = {}

    def add(self, path: str, code: str, message: str) -> None:
        """Note one fault at a dotted path such as `embeds.0.title`."""
        node = self._tree
        for part in path.split("."):
            node = node.setdefault(part, {})
        node.setdefault("_errors", []).append({"code": code, "message": message})

    def required(self, path: str) -> None:
        """Note a field that is missing."""
        self.add(path, "BASE_TYPE_REQUIRED", "This field is required")

    def check_length(self, path: str, text: object, shortest: int, longest: int) -> None:
        """Note a text that is no text, too short or too long."""
        if not isinstance(text, str):
            self.add(path, "STRING_TYPE_CONVERT", "Could not interpret value as string.")
        elif shortest and not text:
            self.required(path)
        elif shortest and not shortest <= len(text) <= longest:
            self.add(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {shortest} and {longest} in length.")
        elif len(text) > longest:
            self.add(path, "BASE_TYPE_MAX_LENGTH", f"Must be {longest} or fewer in length.")

    def check_count(self, path: str, items: list[Any], most: int) -> None:
        """Note a list with too many items."""
        if len(items) > most:
            self.add(path, "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length.")

    def error(self) -> DiscordError:
        """Return what was collected as one refusal."""
        return DiscordError(400, 50035, "Invalid Form Body", self._tree)

    def raise_if_any(self) -> None:
        """Raise the collected faults, if there are any."""
        if self._tree:
            raise self.error()


def invalid(path: str, code: str, message: str) -> DiscordError:
    """Return the error for a single fault in a body."""
    errors = FormErrors()
    errors.add(path, code, message)
    return errors.error()

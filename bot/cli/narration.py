"""What happens between the simulators, told in sentences as it happens."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from rich.console import Console

from bot.i18n import _, n_

PROMPT_SHOWN = 60


def readable(text: str, member: str) -> str:
    """A text as Discord would show it: instants as a time of day, the one mention as a name."""

    def time_of_day(match: re.Match[str]) -> str:
        return f"{datetime.fromtimestamp(int(match[1])).astimezone():%H:%M:%S}"

    return re.sub(r"<@\d+>", f"@{member}", re.sub(r"<t:(\d+):\w>", time_of_day, text))


class Narrator:
    """Prints one line per event; an edit that changed nothing visible isn't told."""

    def __init__(self, console: Console, member: str) -> None:
        self._console = console
        self._member = member
        self._cards: dict[int, str] = {}

    def discord(self, kind: str, facts: Mapping[str, Any]) -> None:
        """Tell of an event of the simulated Discord."""
        self._tell(_("Discord"), "blue", self._discord_line(kind, facts))

    def service(self, kind: str, facts: Mapping[str, Any]) -> None:
        """Tell of an event of the simulated video service."""
        self._tell(_("service"), "magenta", _SERVICE.get(kind, _other)(kind, facts))

    def _tell(self, source: str, style: str, line: str) -> None:
        if line:
            self._console.print(f"{source:>8} ", style=style, end="")
            self._console.print(readable(line, self._member), markup=False, highlight=False, soft_wrap=True)

    def _discord_line(self, kind: str, facts: Mapping[str, Any]) -> str:
        match kind:
            case "command_invoked":
                return _("{who} runs /{command} {options}", who=facts["user"], **_command(facts))
            case "thread_created":
                return _("a thread is opened: “{name}”", name=facts["name"])
            case "message_posted" | "message_edited":
                return self._message_line(facts)
            case _:
                return ""

    def _message_line(self, facts: Mapping[str, Any]) -> str:
        if facts["embeds"] and not facts["content"]:
            return self._card_line(facts)
        if not facts["content"] and not facts["files"]:
            return ""  # an answer that is still being made
        files = ", ".join(facts["files"])
        text = facts["content"].splitlines()[0] if facts["content"] else ""
        place = _("thread") if facts["in_thread"] else _("channel")
        return _("{who} posts in the {place}: {text} {files}", who=facts["author"], place=place, text=text, files=files)

    def _card_line(self, facts: Mapping[str, Any]) -> str:
        embed = facts["embeds"][0]
        state = embed["fields"][0] if embed.get("fields") else {"name": "", "value": ""}
        line = f"“{embed.get('title', '')}”: {state['name']}. {state['value']}"
        if self._cards.get(facts["message"]) == line:
            return ""
        self._cards[facts["message"]] = line
        return _("only {who} sees: {line}", who=_("the member"), line=line) if facts["ephemeral"] else line


def _command(facts: Mapping[str, Any]) -> dict[str, str]:
    options = [f"{name}:{_shown(value)}" for name, value in facts["options"].items()]
    return {"command": facts["command"], "options": " ".join(options)}


def _shown(value: Any) -> str:
    return str(getattr(value, "filename", value))[:PROMPT_SHOWN]


def _submission(_kind: str, facts: Mapping[str, Any]) -> str:
    return _(
        "takes a request: {operation} with {model} (answer {status})",
        operation=facts.get("operation"),
        model=facts.get("model"),
        status=facts["status"],
    )


def _fetched(_kind: str, facts: Mapping[str, Any]) -> str:
    return _("fetches {field}: {kind}, {size:,} bytes", field=facts["field"], kind=facts["kind"], size=facts["bytes"])


def _finished(_kind: str, facts: Mapping[str, Any]) -> str:
    videos = facts["videos"]
    made = n_("{count} video", "{count} videos", len(videos))
    return _("task {status}: {made}, {size:,} bytes", status=facts["status"], made=made, size=sum(videos))


def _other(kind: str, _facts: Mapping[str, Any]) -> str:
    return kind


_SERVICE: Mapping[str, Callable[[str, Mapping[str, Any]], str]] = {
    "submission": _submission,
    "fetched-input": _fetched,
    "finished": _finished,
}

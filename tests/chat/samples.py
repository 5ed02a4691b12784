"""Generations to show and tell: made up, all alike but for what a test asks for."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from discord.utils import time_snowflake

from bot.domain.generation import Generation, Origin, Reason, State
from bot.domain.ledger import Amounts
from bot.domain.request import Operation, Options, Request
from bot.media.files import ResultFile

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
WILD = (
    "**bold** `code` ```block``` @everyone @here <@1> <@&2> [link](https://evil.example) # heading ~~no~~ ||spoiler|| "
)
"""Everything that Discord would format or ping, in a row."""

WILD_PROMPT = (WILD * 40)[:4000]

ENDS = {
    State.UNCONFIRMED: Reason.NO_ANSWER,
    State.FAILED: Reason.PROVIDER_FAILED,
    State.CANCELLED: Reason.BY_REQUESTER,
    State.EXPIRED: Reason.EXPIRED,
}


def origin(**changes: Any) -> Origin:
    """Where a request came from."""
    facts: dict[str, Any] = {
        "interaction_id": time_snowflake(NOW),
        "interaction_token": "interaction-token",
        "guild_id": 11,
        "channel_id": 12,
        "requester_id": 13,
        "locale": "en-US",
        "in_thread": False,
        "upload_limit": 10 * 1_048_576,
    }
    return Origin(**{**facts, **changes})


def request(**changes: Any) -> Request:
    """A request for a video from words."""
    facts: dict[str, Any] = {
        "operation": Operation.TEXT,
        "model": "veo3.1-fast",
        "prompt": "A lighthouse in a storm",
        "options": Options(duration=8, aspect_ratio="16:9"),
    }
    return Request(**{**facts, **changes})


def generation(**changes: Any) -> Generation:
    """A generation that was accepted a moment ago."""
    facts: dict[str, Any] = {
        "id": "abcdefgh1234",
        "member_key": "m1",
        "request": request(),
        "origin": origin(),
        "amounts": Amounts(seconds=8),
        "state": State.ACCEPTED,
        "provider": "tokenlab",
        "accepted_at": NOW,
        "state_at": NOW,
        "due_at": NOW,
    }
    state = changes.get("state", State.ACCEPTED)
    return Generation(**{**facts, "reason": ENDS.get(state), **changes})


def result(folder: Path, name: str, size: int, url: str | None = None) -> ResultFile:
    """A finished video on disk: so many bytes."""
    path = folder / name
    path.write_bytes(b"\0" * size)
    return ResultFile(path=path, filename=name, size=size, url=url or f"https://videos.example/{name}")


def results(
    folder: Path, generation: Generation, count: int, size: int = 100, suffix: str = ".mp4"
) -> tuple[ResultFile, ...]:
    """All results of a generation, named as they are when they are fetched."""
    names = [f"showreel-{generation.id}-{number}{suffix}" for number in range(1, count + 1)]
    return tuple(result(folder, name, size) for name in names)

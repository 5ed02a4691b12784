"""What the outside saw and what the store says, held against each other after a run with kills."""

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, NullPool, RowMapping, create_engine, text
from sqlalchemy.exc import DBAPIError

from sandbox.discord import Message, SimulatedDiscord
from sandbox.provider import SimulatedProvider
from tests.stage import Stage

PROPERTY = "crash_verdict"
"""Under this name a test reports its verdict, so that the run can sum them up."""

ENDS = ("succeeded", "failed", "cancelled", "expired")


@dataclass(kw_only=True)
class Verdict:
    """The figures of a run; `differences` name each promise that was broken."""

    kills: int = 0
    accepted: int = 0
    submissions: int = 0
    videos: int = 0
    notices: int = 0
    charges: int = 0
    releases: int = 0
    differences: list[str] = field(default_factory=list)

    def plus(self, other: "Verdict") -> "Verdict":
        """Both runs together."""
        return Verdict(**{name: getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__})

    def table(self) -> str:
        """One line of names, one of figures."""
        figures = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "differences"}
        figures["differences"] = len(self.differences)
        widths = {name: max(len(name), len(str(value))) for name, value in figures.items()}
        head = "  ".join(name.rjust(width) for name, width in widths.items())
        return head + "\n" + "  ".join(str(figures[name]).rjust(width) for name, width in widths.items())


def is_quiet(stage: Stage) -> bool:
    """Whether nothing is left to be done: no row is due but unconfirmed ones that were told."""
    due = (
        "SELECT count(*) FROM generations"
        " WHERE due_at IS NOT NULL AND NOT (state = 'unconfirmed' AND coalesce(told, '') = state)"
    )
    try:
        with _engine(stage).connect() as connection:
            return not connection.execute(text(due)).scalar_one()
    except DBAPIError:
        return False


def examine(stage: Stage, kills: int) -> Verdict:
    """Hold every promise against what happened; the bot is quiet or ended."""
    with _engine(stage).connect() as connection:
        rows = connection.execute(text("SELECT * FROM generations")).mappings().all()
        entries = connection.execute(text("SELECT * FROM ledger")).mappings().all()
    verdict = Verdict(kills=kills, accepted=len(rows))
    ledger: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for entry in entries:
        ledger[entry["generation_id"]][entry["kind"], entry["releases"]] += entry["generations"]
    messages = _messages(stage.discord)
    submissions = _submissions(stage.provider)
    for row in rows:
        _examine_row(row, verdict, ledger[row["id"]], messages, submissions)
    return verdict


def _engine(stage: Stage) -> Engine:
    """Reads the stage's database, SQLite or PostgreSQL; it keeps no connection."""
    configured = stage.sections.get("database", {}).get("url")
    if configured is None:
        return create_engine(f"sqlite:///file:{stage.database}?mode=ro&uri=true", poolclass=NullPool)
    return create_engine(str(configured).replace("postgresql:", "postgresql+psycopg:", 1), poolclass=NullPool)


def _examine_row(
    row: RowMapping,
    verdict: Verdict,
    entries: Counter[tuple[str, str]],
    messages: list[Message],
    submissions: Counter[str],
) -> None:
    prompt = json.loads(row["request"])["prompt"]

    def expect(what: str, found: object, expected: object) -> None:
        if found != expected:
            verdict.differences.append(f"{row['id']} ({prompt}, {row['state']}): {what} {found}, not {expected}")

    state = row["state"]
    ended = state in ENDS
    succeeded = state == "succeeded"
    expect("state is quiet", state if ended or state == "unconfirmed" else None, state)
    expect("told", row["told"], state)
    taken = submissions[prompt]
    expect("submissions taken by the provider", taken, 1 if succeeded else min(taken, 1))
    videos = [
        item for message in messages for item in message.attachments if item.filename == f"showreel-{row['id']}-1.mp4"
    ]
    expect("videos", len(videos), int(succeeded))
    for told in (*ENDS, "unconfirmed"):
        notices = [message for message in messages if f"-# {row['id']} · {told}" in message.content]
        expect(f"notices of {told}", len(notices), int(told == state))
        verdict.notices += len(notices) if told != "succeeded" else 0
    cards = [message for message in messages if any(_footer(embed) == row["id"] for embed in message.embeds)]
    expect("cards", len(cards), 1)
    expect("holds", entries["hold", ""], 1)
    expect("releases of the hold", entries["release", "hold"], int(ended))
    expect("charges", entries["charge", ""], int(succeeded))
    verdict.submissions += taken
    verdict.videos += len(videos)
    verdict.charges += entries["charge", ""]
    verdict.releases += entries["release", "hold"]


def _messages(discord: SimulatedDiscord) -> list[Message]:
    places: list[Any] = [channel for guild in discord.guilds for channel in guild.channels.values()]
    return [
        message
        for place in (*places, *discord.threads)
        for message in place.messages
        if message.author_id == discord.bot_user_id and not message.ephemeral
    ]


def _submissions(provider: SimulatedProvider) -> Counter[str]:
    """How many tasks the provider made, by prompt; every request has a prompt of its own."""
    return Counter(task.body.get("prompt", "") for task in provider.tasks.values())


def _footer(embed: dict[str, dict[str, str]]) -> str:
    return embed.get("footer", {}).get("text", "")

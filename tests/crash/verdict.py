"""What the outside saw and what the store says, held against each other after a run with kills."""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy import Engine, NullPool, RowMapping, create_engine, text
from sqlalchemy.exc import DBAPIError

from sandbox.discord import Message, SimulatedDiscord
from sandbox.provider import SimulatedProvider
from tests.stage import Stage

PROPERTY = "crash_verdict"
"""Under this name a test reports its verdict, so that the run can sum them up."""

ENDS = ("succeeded", "failed", "cancelled", "expired")
OPEN = "due_at IS NOT NULL AND NOT (state = 'unconfirmed' AND coalesce(told, '') = state)"
"""What is still to be done: all that is due, but unconfirmed ones that were told."""

Figures = tuple[int, int, int | None]
"""Generations, seconds, micro-dollars (None: unknown) of an entry."""


@dataclass(kw_only=True)
class Verdict:
    """The figures of a run; `differences` name each promise that was broken."""

    kills: int = 0
    most_open: int = 0
    accepted: int = 0
    submissions: int = 0
    videos: int = 0
    notices: int = 0
    charges: int = 0
    releases: int = 0
    differences: list[str] = field(default_factory=list)

    def plus(self, other: "Verdict") -> "Verdict":
        """Both runs together."""
        summed = {name: getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__}
        return Verdict(**summed | {"most_open": max(self.most_open, other.most_open)})

    def table(self) -> str:
        """One line of names, one of figures."""
        figures = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "differences"}
        figures["differences"] = len(self.differences)
        widths = {name: max(len(name), len(str(value))) for name, value in figures.items()}
        head = "  ".join(name.rjust(width) for name, width in widths.items())
        return head + "\n" + "  ".join(str(figures[name]).rjust(width) for name, width in widths.items())


def is_quiet(stage: Stage) -> bool:
    """Whether nothing is left to be done."""
    try:
        return not rows_of(stage, OPEN)
    except DBAPIError:
        return False


def rows_of(stage: Stage, condition: str) -> Sequence[RowMapping]:
    """The generations for which something holds."""
    with _engine(stage).connect() as connection:
        return connection.execute(text(f"SELECT * FROM generations WHERE {condition}")).mappings().all()  # noqa: S608 - ours


def prompt_of(row: RowMapping) -> str:
    """What was asked for; every request has a prompt of its own, but for one that is submitted again."""
    return str(json.loads(row["request"])["prompt"])


def examine(stage: Stage, kills: int, most_open: int = 0) -> Verdict:
    """Hold every promise against what happened; the bot is quiet or ended."""
    with _engine(stage).connect() as connection:
        rows = connection.execute(text("SELECT * FROM generations")).mappings().all()
        entries = connection.execute(text("SELECT * FROM ledger")).mappings().all()
        decided = (
            connection.execute(text("SELECT generation_id FROM audit WHERE before = 'unconfirmed'")).scalars().all()
        )
    verdict = Verdict(kills=kills, most_open=most_open, accepted=len(rows))
    ledger: dict[str, dict[tuple[str, str], list[Figures]]] = defaultdict(lambda: defaultdict(list))
    for entry in entries:
        figures = (entry["generations"], entry["seconds"], entry["micros"])
        ledger[entry["generation_id"]][entry["kind"], entry["releases"]].append(figures)
    messages = _messages(stage.discord)
    for row in rows:
        _examine_notices(row, verdict, messages, was_unconfirmed=row["id"] in decided)
        _examine_ledger(row, verdict, ledger[row["id"]])
    _examine_submissions(rows, verdict, _submissions(stage.provider))
    return verdict


def _engine(stage: Stage) -> Engine:
    """Reads the stage's database, SQLite or PostgreSQL; it keeps no connection."""
    configured = stage.sections.get("database", {}).get("url")
    if configured is None:
        return create_engine(f"sqlite:///file:{stage.database}?mode=ro&uri=true", poolclass=NullPool)
    return create_engine(str(configured).replace("postgresql:", "postgresql+psycopg:", 1), poolclass=NullPool)


def _expect(row: RowMapping, verdict: Verdict, what: str, found: object, expected: object) -> None:
    if found != expected:
        verdict.differences.append(f"{row['id']} ({prompt_of(row)}, {row['state']}): {what} {found}, not {expected}")


def _examine_notices(row: RowMapping, verdict: Verdict, messages: list[Message], *, was_unconfirmed: bool) -> None:
    """That each end was told once, with its video where there is one, and that there is one card."""
    expect = partial(_expect, row, verdict)
    state = row["state"]
    expect("state is quiet", state if state in ENDS or state == "unconfirmed" else None, state)
    expect("told", row["told"], state)
    videos = [
        item for message in messages for item in message.attachments if item.filename == f"showreel-{row['id']}-1.mp4"
    ]
    expect("videos", len(videos), int(state == "succeeded"))
    for told in (*ENDS, "unconfirmed"):
        notices = [message for message in messages if f"-# {row['id']} · {told}" in message.content]
        expect(f"notices of {told}", len(notices), int(told == state or (told == "unconfirmed" and was_unconfirmed)))
        verdict.notices += len(notices) if told != "succeeded" else 0
    cards = [message for message in messages if any(_footer(embed) == row["id"] for embed in message.embeds)]
    expect("cards", len(cards), 1)
    verdict.videos += len(videos)


def _examine_ledger(row: RowMapping, verdict: Verdict, entries: Mapping[tuple[str, str], list[Figures]]) -> None:
    """That the one hold was closed by one release of the same figures, and a success charged what it is settled at."""
    holds, releases, charges = (entries.get(key, []) for key in (("hold", ""), ("release", "hold"), ("charge", "")))
    expect = partial(_expect, row, verdict)
    expect("holds", len(holds), 1)
    expect("releases of the hold", releases, holds if row["state"] in ENDS else [])
    settled = (1, row["seconds"], row["micros"])
    expect("charges", charges, [settled] if row["state"] == "succeeded" else [])
    expect("refunds", entries.get(("release", "charge"), []), [])
    if row["state"] != "succeeded":
        expect("held", holds, [settled])
    verdict.charges += len(charges)
    verdict.releases += len(releases)


def _examine_submissions(rows: Sequence[RowMapping], verdict: Verdict, submissions: Counter[str]) -> None:
    """That no generation was submitted twice; those with the same prompt were submitted again knowingly."""
    asked = Counter(prompt_of(row) for row in rows)
    succeeded = Counter(prompt_of(row) for row in rows if row["state"] == "succeeded")
    for row in {prompt_of(row): row for row in rows}.values():
        prompt = prompt_of(row)
        taken = submissions[prompt]
        allowed = min(max(taken, succeeded[prompt]), asked[prompt])
        _expect(row, verdict, "submissions taken by the provider", taken, allowed)
    known = [row["task_id"] for row in rows if row["task_id"]]
    verdict.differences += [f"task {task} is held {times} times" for task, times in Counter(known).items() if times > 1]
    verdict.differences += [f"nobody asked for {prompt}" for prompt in submissions if prompt not in asked]
    verdict.submissions += submissions.total()


def _messages(discord: SimulatedDiscord) -> list[Message]:
    """All that the bot posted: in channels, threads and direct messages."""
    return [
        message
        for place in discord.world.places.values()
        for message in place.messages
        if message.author_id == discord.bot_user_id and not message.ephemeral
    ]


def _submissions(provider: SimulatedProvider) -> Counter[str]:
    """How many tasks the provider made, by prompt; every request has a prompt of its own."""
    return Counter(task.body.get("prompt", "") for task in provider.tasks.values())


def _footer(embed: dict[str, dict[str, str]]) -> str:
    return embed.get("footer", {}).get("text", "")

"""A moderator's report over the wire: embed, picture and file say what the provider saw, and say the same."""

import csv
import io
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from PIL import Image, ImageChops

from bot.reports.chart import FONTS, PARTS, Charts
from bot.reports.picture import Bar, Part, Picture, Shape
from sandbox.discord import InvalidCommand, Permission
from sandbox.provider import Status, Task
from sandbox.provider.offer import Unit, find
from tests.stage import Stage

MODELS = ("veo3.1-fast", "kling-3.0-video", "seedance-2.0-fast")
SECONDS = {"veo3.1-fast": 8, "kling-3.0-video": 5, "seedance-2.0-fast": 10}
PICTURE_WIDTH = 700


def _states(stage: Stage) -> Counter[str]:
    """How many generations are in which state."""
    with sqlite3.connect(f"file:{stage.database}?mode=ro", uri=True) as connection:
        return Counter(dict(connection.execute("SELECT state, COUNT(*) FROM generations GROUP BY state").fetchall()))


async def _ask(stage: Stage, member: Any, model: str, prompt: str) -> Any:
    options = {"prompt": prompt, "model": model, "duration": SECONDS[model]}
    return await member.run("video text", channel=stage.channel, options=options)


async def _answered(stage: Stage, member: Any, command: str, /, **options: Any) -> Any:
    """The private answer, once it is no longer awaited."""
    result = await member.run(command, channel=stage.channel, options=options)
    assert result.ephemeral
    await stage.until(lambda: not result.message.loading, within=60)
    return result.message


async def _limits_set(stage: Stage, mia: Any, patrons: Any, bob: Any) -> None:
    """Two videos a day for everybody, four for patrons, one for bob."""
    day = {"measure": "generations", "window": "day"}
    for amount, whom in ((2, {}), (4, {"role": patrons}), (1, {"member": bob})):
        said = await _answered(stage, mia, "mod limits set", **day, amount=amount, **whom)
        assert said.content.startswith("From now on:")


async def _six_members(stage: Stage, patrons: Any, bob: Any) -> dict[str, Any]:
    """Every one of them asks as often as their limit allows, and once more in vain; each fourth video fails.

    Who asked for what, by the prompt.
    """
    others = [stage.guild.add_member(name) for name in ("cleo", "dora", "emil")]
    fay = stage.guild.add_member("fay", roles=[patrons])
    asked: dict[str, Any] = {}
    for member in (stage.ada, bob, *others, fay):
        allowed = {bob.id: 1, fay.id: 4}.get(member.id, 2)
        for number in range(len(asked) + 1, len(asked) + 1 + allowed):
            prompt = f"[fail] video {number}" if number % 4 == 0 else f"video {number}"
            assert not (await _ask(stage, member, MODELS[number % 3], prompt)).ephemeral
            asked[prompt] = member
        assert (await _ask(stage, member, MODELS[0], "one too many")).ephemeral
    return asked


def _fields(message: Any) -> dict[str, str]:
    (embed,) = message.embeds
    return {field["name"]: field["value"] for field in embed["fields"]}


def _rows(message: Any) -> list[dict[str, str]]:
    (file,) = [one for one in message.attachments if one.filename.endswith(".csv")]
    return list(csv.DictReader(io.StringIO(file.data.decode("utf-8-sig"), newline="")))


@dataclass(frozen=True, slots=True)
class Bill:
    """What the provider made of somebody's requests, and what it takes for that by its published prices."""

    requested: int
    made: int
    dollars: Decimal
    unpriced: int

    @property
    def spend(self) -> str:
        return f"${self.dollars:,.2f}"


def _bill(tasks: Iterable[Task]) -> Bill:
    """The dearest end of each published price, for each second ordered, as no other length is stated of what was made.

    What tokens will cost nobody can tell.
    """
    tasks = list(tasks)
    made = [task for task in tasks if task.status is Status.COMPLETED]
    by_second = [(task, model.price) for task in made if (model := find(task.body["model"]))]
    known = [(task, price) for task, price in by_second if price.unit is Unit.SECOND]
    dollars = sum((Decimal(price.high) * task.body["duration"] for task, price in known), Decimal(0))
    return Bill(len(tasks), len(made), dollars, len(made) - len(known))


def _bills(stage: Stage, asked: Mapping[str, Any]) -> dict[int, Bill]:
    """The bill of each member, by their id."""
    tasks: dict[int, list[Task]] = {member.id: [] for member in asked.values()}
    for task in stage.provider.tasks.values():
        tasks[asked[task.body["prompt"]].id].append(task)
    return {member_id: _bill(theirs) for member_id, theirs in tasks.items()}


def _pictured(message: Any, asked: Mapping[str, Any], bills: Mapping[int, Bill], all_of_it: Bill) -> Picture:
    """What the picture has to show by the provider's own figures; only equals are in the order of the embed."""
    names = {member.id: member.name.capitalize() for member in asked.values()}  # as the simulated Discord shows them
    order = [int(found) for found in re.findall(r"<@(\d+)>", _fields(message)["Member"])]
    ordered = sorted(order, key=lambda member_id: (-bills[member_id].requested, -bills[member_id].dollars))
    (day,) = {row["accepted_at"][:10] for row in _rows(message)}
    share = f"{100 * all_of_it.made / all_of_it.requested:.0f} % made"
    spend = f"{all_of_it.spend} + {all_of_it.unpriced} unpriced"
    return Picture(
        width=PICTURE_WIDTH,
        shape=Shape.BARS,
        title="Videos by member",
        lines=(f"{day} (UTC)", f"{all_of_it.requested} asked for · {share} · {spend}"),
        unit="videos asked for",
        parts=tuple(Part(name=name, colour=colour) for _figure, name, colour in PARTS[:2]),
        bars=tuple(_bar(names[member_id], bills[member_id]) for member_id in ordered),
        empty="",
        fonts=FONTS,
    )


def _bar(name: str, bill: Bill) -> Bar:
    more = " + ?" if bill.unpriced else ""
    figures = f"{bill.requested} · {bill.spend}{more}"
    return Bar(label=name, instead="", amounts=(bill.made, bill.requested - bill.made), figures=figures)


async def _assert_picture(message: Any, wanted: Picture) -> None:
    """The picture that stands there is the one that is drawn of what the provider saw, to the pixel."""
    (file,) = [one for one in message.attachments if one.filename == "chart.png"]
    assert message.embeds[0]["image"]["url"] == "attachment://chart.png"
    drawn = await Charts().draw(wanted)
    with Image.open(io.BytesIO(file.data)) as picture, Image.open(io.BytesIO(drawn)) as expected:
        assert (picture.format, picture.width) == ("PNG", PICTURE_WIDTH)
        assert picture.size == expected.size
        assert ImageChops.difference(picture.convert("RGB"), expected.convert("RGB")).getbbox() is None


def _succeeded(bodies: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [body for body in bodies if "[fail]" not in body["prompt"]]


async def test_a_report_says_what_the_provider_saw(stage: Stage) -> None:
    await stage.start()
    mia = stage.guild.add_member("mia", roles=[stage.guild.add_role("mods", Permission.MANAGE_GUILD)])
    patrons = stage.guild.add_role("patrons", Permission(0))
    bob = stage.guild.add_member("bob")
    await _limits_set(stage, mia, patrons, bob)
    asked = await _six_members(stage, patrons, bob)
    members = list(dict.fromkeys(asked.values()))
    await stage.until(lambda: set(_states(stage)) == {"succeeded", "failed"}, within=60)

    seen = [submission.body for submission in stage.provider.submissions]
    made = _succeeded(seen)
    assert len(seen) == 13
    assert len(made) == 10
    assert _states(stage) == {"succeeded": 10, "failed": 3}

    message = await _answered(stage, mia, "mod report", period="today", by="member")
    said, rows = _fields(message), _rows(message)
    bills, bill = _bills(stage, asked), _bill(stage.provider.tasks.values())
    assert (bill.requested, bill.made) == (len(seen), len(made))
    await _assert_picture(message, _pictured(message, asked, bills, bill))
    assert said["Asked for"] == str(len(seen)) == str(len(rows))
    assert said["Success rate"] == "77 %"
    assert said["Seconds of video"] == str(sum(body["duration"] for body in made))
    assert sum(int(row["seconds"]) for row in rows) == sum(body["duration"] for body in made)
    assert Counter(row["outcome"] for row in rows) == {"succeeded": len(made), "failed": len(seen) - len(made)}
    assert Counter(row["model"] for row in rows) == Counter(body["model"] for body in seen)
    assert said["Spend"] == bill.spend
    assert said["Of unknown price"] == str(bill.unpriced)
    assert sum(Decimal(row["price"] or 0) for row in rows) == bill.dollars
    assert sum(row["outcome"] == "succeeded" and not row["price"] for row in rows) == bill.unpriced
    assert 0 < bill.unpriced < bill.made
    assert {row["member_id"] for row in rows} == {str(member.id) for member in members}
    assert said["Member"].splitlines()[0].startswith(f"1. <@{members[-1].id}> · 4 asked for")
    assert len(said["Member"].splitlines()) == len(members)
    for member_id, theirs in bills.items():
        spend = f"{theirs.spend} + {theirs.unpriced} unpriced" if theirs.unpriced else theirs.spend
        (line,) = [line for line in said["Member"].splitlines() if f"<@{member_id}>" in line]
        assert line.endswith(f" · {spend}")

    by_model = _fields(await _answered(stage, mia, "mod report", period="today", by="model"))["Model"]
    for model, count in Counter(body["model"] for body in seen).items():
        assert f"{model} · {count} asked for" in by_model

    own = await _answered(stage, members[-1], "usage")
    assert _fields(own)["Your last 30 days here"].startswith("4 asked for · ")
    with pytest.raises(
        InvalidCommand
    ):  # a client doesn't offer it; that the bot refuses it too is tested with the cogs
        await stage.ada.run("mod report", channel=stage.channel)

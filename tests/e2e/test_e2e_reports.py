"""A moderator's report over the wire: embed, picture and file say what the provider saw, and say the same."""

import csv
import io
import sqlite3
from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest
from PIL import Image

from sandbox.discord import InvalidCommand, Permission
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


async def _six_members(stage: Stage, patrons: Any, bob: Any) -> list[Any]:
    """Every one of them asks as often as their limit allows, and once more in vain; each fourth video fails."""
    others = [stage.guild.add_member(name) for name in ("cleo", "dora", "emil")]
    fay = stage.guild.add_member("fay", roles=[patrons])
    members = [stage.ada, bob, *others, fay]
    number = 0
    for member in members:
        allowed = {bob.id: 1, fay.id: 4}.get(member.id, 2)
        for _attempt in range(allowed):
            number += 1
            word = "[fail] " if number % 4 == 0 else ""
            assert not (await _ask(stage, member, MODELS[number % 3], f"{word}video {number}")).ephemeral
        assert (await _ask(stage, member, MODELS[0], "one too many")).ephemeral
    return members


def _fields(message: Any) -> dict[str, str]:
    (embed,) = message.embeds
    return {field["name"]: field["value"] for field in embed["fields"]}


def _rows(message: Any) -> list[dict[str, str]]:
    (file,) = [one for one in message.attachments if one.filename.endswith(".csv")]
    return list(csv.DictReader(io.StringIO(file.data.decode("utf-8-sig"), newline="")))


def _assert_picture(message: Any) -> None:
    (file,) = [one for one in message.attachments if one.filename == "chart.png"]
    assert message.embeds[0]["image"]["url"] == "attachment://chart.png"
    with Image.open(io.BytesIO(file.data)) as picture:
        picture.load()
        assert (picture.format, picture.width) == ("PNG", PICTURE_WIDTH)


def _succeeded(bodies: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [body for body in bodies if "[fail]" not in body["prompt"]]


async def test_a_report_says_what_the_provider_saw(stage: Stage) -> None:
    await stage.start()
    mia = stage.guild.add_member("mia", roles=[stage.guild.add_role("mods", Permission.MANAGE_GUILD)])
    patrons = stage.guild.add_role("patrons", Permission(0))
    bob = stage.guild.add_member("bob")
    await _limits_set(stage, mia, patrons, bob)
    members = await _six_members(stage, patrons, bob)
    await stage.until(lambda: set(_states(stage)) == {"succeeded", "failed"}, within=60)

    seen = [submission.body for submission in stage.provider.submissions]
    made = _succeeded(seen)
    assert len(seen) == 13
    assert len(made) == 10
    assert _states(stage) == {"succeeded": 10, "failed": 3}

    message = await _answered(stage, mia, "mod report", period="today", by="member")
    said, rows = _fields(message), _rows(message)
    _assert_picture(message)
    assert said["Asked for"] == str(len(seen)) == str(len(rows))
    assert said["Success rate"] == "77 %"
    assert said["Seconds of video"] == str(sum(body["duration"] for body in made))
    assert sum(int(row["seconds"]) for row in rows) == sum(body["duration"] for body in made)
    assert Counter(row["outcome"] for row in rows) == {"succeeded": len(made), "failed": len(seen) - len(made)}
    assert Counter(row["model"] for row in rows) == Counter(body["model"] for body in seen)
    assert said["Spend"] == f"${sum(float(row['price'] or 0) for row in rows):,.2f}"
    assert said["Of unknown price"] == str(sum(row["outcome"] == "succeeded" and not row["price"] for row in rows))
    assert {row["member_id"] for row in rows} == {str(member.id) for member in members}
    assert said["Member"].splitlines()[0].startswith(f"1. <@{members[-1].id}> · 4 asked for")
    assert len(said["Member"].splitlines()) == len(members)

    by_model = _fields(await _answered(stage, mia, "mod report", period="today", by="model"))["Model"]
    for model, count in Counter(body["model"] for body in seen).items():
        assert f"{model} · {count} asked for" in by_model

    own = await _answered(stage, members[-1], "usage")
    assert _fields(own)["Your last 30 days here"].startswith("4 asked for · ")
    with pytest.raises(
        InvalidCommand
    ):  # a client doesn't offer it; that the bot refuses it too is tested with the cogs
        await stage.ada.run("mod report", channel=stage.channel)

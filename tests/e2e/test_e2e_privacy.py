"""A member has what is theirs erased; figures stay, and nothing of theirs is left in the database file."""

import sqlite3
from typing import Any

from sandbox.discord import Upload
from tests.cogs.samples import image
from tests.stage import Stage

PROMPT = "a lighthouse named zanzibar"
NAME = "ada-of-the-lighthouse"
FILE = "quokka_on_holiday.png"


def _rows(stage: Stage, query: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(f"file:{stage.database}?mode=ro", uri=True) as connection:
        return connection.execute(query).fetchall()


def _everything(stage: Stage) -> str:
    """All that all columns of all tables hold."""
    tables = [name for (name,) in _rows(stage, "SELECT name FROM sqlite_master WHERE type = 'table'")]
    return "\n".join(repr(_rows(stage, f"SELECT * FROM {table}")) for table in tables)  # noqa: S608 - its own names


def _files(stage: Stage) -> bytes:
    """The database's files as they lie on the disk."""
    return b"".join(path.read_bytes() for path in sorted(stage.database.parent.glob("showreel.db*")))


def _sums(stage: Stage) -> list[tuple[Any, ...]]:
    query = "SELECT kind, count(*), sum(generations), sum(seconds), sum(micros) FROM ledger GROUP BY kind ORDER BY kind"
    return _rows(stage, query)


def _traces(text: str) -> list[str]:
    marks = (PROMPT, "zanzibar", "quokka", NAME, "/attachments/", "/ephemeral-attachments/", "http://", "https://")
    return [mark for mark in marks if mark in text]


async def _made(stage: Stage) -> Any:
    ada = stage.guild.add_member(NAME)
    picture = Upload(FILE, image(640, 360).data)
    await ada.run("video image", channel=stage.channel, options={"image": picture, "prompt": PROMPT})
    await stage.until(stage.videos, within=30)
    await stage.until(lambda: _rows(stage, "SELECT told FROM generations") == [("succeeded",)])
    return ada


async def _erased(stage: Stage, ada: Any) -> Any:
    asked = await ada.run("privacy delete", channel=stage.channel)
    assert asked.ephemeral
    (button,) = [one for one in asked.message.all_components() if "custom_id" in one]
    result = await ada.press(asked.message, button["custom_id"])
    assert result.error is None
    await stage.until(lambda: asked.message.embeds[0]["title"] == "Erased")
    return asked.message


async def test_what_a_member_made_is_erased_and_the_figures_stay(stage: Stage) -> None:
    await stage.start()
    ada = await _made(stage)
    before, ledger = _everything(stage), _sums(stage)
    assert _traces(before) != []
    shown = await ada.run("privacy show", channel=stage.channel)
    assert shown.ephemeral
    fields = {field["name"]: field["value"] for field in shown.message.embeds[0]["fields"]}
    assert "1 request for a video in all." in fields["Your videos"]
    assert "Each is erased 90 days after its end" in fields["Your videos"]
    await _erased(stage, ada)
    assert _traces(_everything(stage)) == []
    assert _sums(stage) == ledger


def _card(stage: Stage) -> Any:
    (card,) = [message for message in stage.channel.messages if message.embeds and not message.ephemeral]
    return card


async def test_prompt_and_files_go_from_the_card_and_the_thread_as_well_and_the_video_stays(stage: Stage) -> None:
    await stage.start()
    ada = await _made(stage)
    (thread,) = stage.discord.threads
    assert (thread.name, [file.filename for file in _card(stage).attachments]) == (PROMPT, [FILE])
    await _erased(stage, ada)
    await stage.until(lambda: thread.archived)
    card = _card(stage)
    assert card.embeds[0]["description"] == "Prompt and files were erased."
    assert (card.attachments, thread.name) == ([], "Image to video")
    assert PROMPT not in repr(card.embeds)
    assert len(stage.videos()) == 1
    await stage.until(lambda: _rows(stage, "SELECT due_at, lease_until FROM generations") == [(None, None)])


async def test_a_card_that_is_gone_meanwhile_is_left_alone(stage: Stage) -> None:
    await stage.start()
    ada = await _made(stage)
    _card(stage).delete()
    await _erased(stage, ada)
    await stage.until(lambda: _rows(stage, "SELECT due_at, lease_until FROM generations") == [(None, None)])
    assert "card_not_edited" in stage.log


async def test_nothing_of_it_is_left_in_the_file_once_the_bot_has_ended(stage: Stage) -> None:
    await stage.start()
    ada = await _made(stage)
    await _erased(stage, ada)
    assert await stage.end() == 0
    with sqlite3.connect(stage.database) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    left = _files(stage)
    assert [mark for mark in (PROMPT, "quokka", NAME) if mark.encode() in left] == []


async def test_somebody_elses_button_erases_nothing(stage: Stage) -> None:
    await stage.start()
    ada = await _made(stage)
    bob = stage.guild.add_member("bob")
    asked = await ada.run("privacy delete", channel=stage.channel)
    (button,) = [one for one in asked.message.all_components() if "custom_id" in one]
    refused = await bob.press(asked.message, button["custom_id"])
    assert refused.ephemeral
    assert refused.message.content == "Only the one whose data it is can erase it. Use /privacy delete for yours."
    assert PROMPT in _everything(stage)


async def test_the_button_works_after_a_restart(stage: Stage) -> None:
    await stage.start()
    ada = await _made(stage)
    asked = await ada.run("privacy delete", channel=stage.channel)
    (button,) = [one for one in asked.message.all_components() if "custom_id" in one]
    assert await stage.end() == 0
    await stage.start()
    await ada.press(asked.message, button["custom_id"])
    await stage.until(lambda: asked.message.embeds[0]["title"] == "Erased")
    assert _traces(_everything(stage)) == []

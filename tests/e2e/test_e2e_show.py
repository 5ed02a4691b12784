"""A ladder with no rung left: what could be told nowhere is kept, and handed over by /show."""

import sqlite3
from typing import Any

from tests.leftovers import files_in
from tests.stage import Stage

PROMPT = "[slow] a lighthouse"


def _row(stage: Stage) -> tuple[Any, ...]:
    with sqlite3.connect(f"file:{stage.database}?mode=ro", uri=True) as connection:
        row = connection.execute("SELECT id, told, told_message_id FROM generations").fetchone()
    return tuple(row)


async def _told_nowhere(stage: Stage) -> str:
    """A generation whose places went away while it was made, and whose requester takes no direct messages."""
    await stage.start()
    await stage.ada.run("video text", channel=stage.channel, options={"prompt": PROMPT})
    await stage.until(lambda: stage.provider.submissions and stage.discord.threads)
    stage.ada.close_dms()
    stage.channel.delete()
    await stage.until(lambda: "generation_told" in stage.log, within=30)
    generation_id, told, message_id = _row(stage)
    assert (told, message_id) == ("succeeded", None)
    return str(generation_id)


async def _handed_over(stage: Stage, generation_id: str) -> Any:
    """What /show answers with in another channel, after the card."""
    lobby = stage.guild.add_text_channel("lobby")
    result = await stage.ada.run("show", channel=lobby, options={"generation": generation_id})
    assert result.ephemeral
    await stage.until(lambda: result.followups, within=30)
    assert "could not be delivered anywhere" in result.message.embeds[0]["fields"][0]["value"]
    (message,) = result.followups
    assert message.ephemeral
    return message


async def test_a_video_that_could_be_told_nowhere_is_handed_over_by_show(stage: Stage) -> None:
    generation_id = await _told_nowhere(stage)
    message = await _handed_over(stage, generation_id)
    (attachment,) = message.attachments
    assert attachment.filename.endswith(".mp4")
    assert attachment.data[4:8] == b"ftyp"
    assert len(stage.provider.submissions) == 1
    spool = stage.database.parent / "spool"
    await stage.until(lambda: not files_in(spool))


async def test_it_is_kept_over_a_restart(stage: Stage) -> None:
    generation_id = await _told_nowhere(stage)
    assert await stage.end() == 0
    await stage.start()
    assert (await _handed_over(stage, generation_id)).attachments

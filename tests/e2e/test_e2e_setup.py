"""/setup with the bot as a process: what it names, saves, refuses, and that it outlives a restart."""

import sqlite3
from typing import Any

from sandbox.discord import Permission
from tests.stage import Stage

GO = "showreel:setup:go"
ALLOWED = "showreel:setup:allowed"
LIMITS = "showreel:setup:set-limits"
ZONE = "showreel:setup:time-zone"


def _moderator(stage: Stage) -> Any:
    return stage.guild.add_member("mia", roles=[stage.guild.add_role("managers", Permission.MANAGE_GUILD)])


async def _opened(stage: Stage, mia: Any) -> Any:
    result = await mia.run("setup", channel=stage.channel)
    assert result.ephemeral
    return result.message


def _said(message: Any) -> str:
    return str(message.embeds[0]["description"])


def _rows(stage: Stage, query: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(f"file:{stage.database}?mode=ro", uri=True) as connection:
        return connection.execute(query).fetchall()


async def test_a_channel_is_chosen_and_the_missing_permission_is_named(stage: Stage) -> None:
    await stage.start()
    lacking = stage.guild.add_text_channel("lacking")
    stage.guild.deny(lacking, Permission.ATTACH_FILES)
    mia = _moderator(stage)
    view = await _opened(stage, mia)
    await mia.press(view, GO, values=["channels"])
    await mia.press(view, ALLOWED, values=[lacking])
    assert f"<#{lacking.id}>: I lack Attach Files" in _said(view)
    elsewhere = await stage.ada.run("video text", channel=stage.channel, options={"prompt": "a cat"})
    assert elsewhere.ephemeral
    assert elsewhere.message.content == f"Videos are made in <#{lacking.id}>."


async def test_limits_of_the_form_hold_for_the_next_command(stage: Stage) -> None:
    await stage.start()
    mia = _moderator(stage)
    view = await _opened(stage, mia)
    await mia.press(view, GO, values=["limits"])
    opened = await mia.press(view, LIMITS)
    await mia.submit(opened, {"per-day": "1", "at-once": "", "dollars": ""})
    assert "1 video a day for each member" in _said(view)
    first = await stage.ada.run("video text", channel=stage.channel, options={"prompt": "a cat"})
    second = await stage.ada.run("video text", channel=stage.channel, options={"prompt": "a cat"})
    assert not first.ephemeral
    assert second.ephemeral
    assert "1 video a day for each member" in second.message.content


async def test_a_forged_press_by_a_member_without_the_right_is_refused(stage: Stage) -> None:
    await stage.start()
    mia = _moderator(stage)
    view = await _opened(stage, mia)
    await mia.press(view, GO, values=["channels"])
    forged = await stage.ada.press(view, ALLOWED, values=[stage.channel])
    assert forged.ephemeral
    assert forged.message is not view
    assert forged.message.content == "Only the moderators of this server can do that, and only here."
    assert _rows(stage, "SELECT * FROM generation_channels") == []
    assert _rows(stage, "SELECT * FROM audit") == []


async def test_the_view_works_on_after_a_restart(stage: Stage) -> None:
    await stage.start()
    mia = _moderator(stage)
    view = await _opened(stage, mia)
    await mia.press(view, GO, values=["zone"])
    opened = await mia.press(view, ZONE)
    assert await stage.end() == 0
    await stage.start()
    sent = await mia.submit(opened, {"zone": "Europe/Berlin"})
    assert sent.error is None
    assert "Europe/Berlin" in _said(view)
    await mia.press(view, GO, values=["channels"])
    await mia.press(view, ALLOWED, values=[stage.channel])
    assert _rows(stage, "SELECT channel_id FROM generation_channels") == [(stage.channel.id,)]
    assert _rows(stage, "SELECT time_zone FROM guilds") == [("Europe/Berlin",)]

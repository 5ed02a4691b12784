"""/mod log."""

import re
from collections.abc import Sequence

import discord
import pytest

from bot.chat import log_lines
from bot.domain.moderating import Action, LogLine, Refusal
from tests.chat.stage import now
from tests.cogs.conftest import Scene
from tests.cogs.moderating import moderator, said


def lines_of(told: str) -> list[str]:
    """The lines of the log, without when they were written."""
    return [re.sub(r"^<t:\d+:f> ", "", line) for line in told.splitlines()[1:] if line.startswith("<t:")]


async def test_the_log_says_who_did_what_to_whom_and_why_newest_first(scene: Scene) -> None:
    mia = moderator(scene)
    await said(scene, mia, "mod block", member=scene.ada, reason="too *loud*")
    await said(scene, mia, "mod limits set", measure="concurrent", amount=1)
    await said(scene, mia, "mod limits set", measure="concurrent", amount=2)
    second, first, block = lines_of(await said(scene, mia, "mod log"))
    assert block.startswith(f"<@{mia.id}> blocked a member · <@{scene.ada.id}> · nothing → without end")
    assert r"too \*loud\*" in block
    assert first.startswith(f"<@{mia.id}> set a limit")
    assert second.endswith("1 video at a time → 2 videos at a time")


async def test_the_log_is_narrowed_by_who_did_it_what_and_to_whom(scene: Scene) -> None:
    mia, max_ = moderator(scene), moderator(scene, "max")
    await said(scene, mia, "mod block", member=scene.ada)
    await said(scene, max_, "mod unblock", member=scene.ada)
    await said(scene, max_, "mod pause")

    async def found(**options: object) -> Sequence[str]:
        told = lines_of(await said(scene, mia, "mod log", **options))
        return [re.sub(r" · .*", "", re.sub(r"^<@\d+> ", "", line)) for line in told]

    assert await found(moderator=mia) == ["blocked a member"]
    assert await found(member=scene.ada) == ["unblocked a member", "blocked a member"]
    assert await found(action="pause") == ["paused new videos"]
    assert await found(moderator=max_, member=scene.ada) == ["unblocked a member"]


async def test_an_empty_log_says_so(scene: Scene) -> None:
    mia = moderator(scene)
    assert await said(scene, mia, "mod log") == "Log\nNothing like that was done here."
    assert await said(scene, mia, "mod log", moderator=scene.ada) == "Log\nNothing like that was done here."


async def test_older_lines_are_reached_by_their_number(scene: Scene) -> None:
    mia = moderator(scene)
    for number in range(23):
        await said(scene, mia, "mod filter add", text=f"word{number}")
    seen: list[str] = []
    told = await said(scene, mia, "mod log")
    for _page in range(2):
        seen += re.findall(r"word\d+", told)
        (before,) = re.findall(r"Older lines come with before: (\d+)", told)
        told = await said(scene, mia, "mod log", before=int(before))
    seen += re.findall(r"word\d+", told)
    assert "Older lines" not in told
    assert seen == [f"word{number}" for number in reversed(range(23))]


async def test_refused_prompts_are_shown_to_moderators(scene: Scene) -> None:
    mia = moderator(scene)
    assert await said(scene, mia, "mod log", refused=True) == "Refused prompts\nNo prompt was refused here."
    await said(scene, mia, "mod filter add", text="cabbage")
    await scene.run("video text", prompt="a *cabbage*\nin the sun " + "x" * 400)
    told = await said(scene, mia, "mod log", refused=True)
    title, line, prompt = told.splitlines()
    assert title == "Refused prompts"
    assert re.sub(r"<t:\d+:f>", "<t>", line) == f"<t> · <@{scene.ada.id}> · <#{scene.channel.id}> · `cabbage`"
    assert prompt.startswith(r"a \*cabbage\* in the sun xxx")
    assert prompt.endswith("…")


@pytest.mark.parametrize("length", [1, 400], ids=["short", "long"])
async def test_older_refused_prompts_are_reached_by_their_number(scene: Scene, length: int) -> None:
    mia = moderator(scene)
    for number in range(13):
        prompt = f"no{number} " + "*" * length
        refusal = Refusal(
            at=now(), guild_id=scene.guild.id, channel_id=1, user_id=scene.ada.id, rule="_*" * 100, prompt=prompt
        )
        await scene.stage.store.guilds.refuse(refusal)
    seen: list[str] = []
    before: dict[str, int] = {}
    while True:
        told = await said(scene, mia, "mod log", refused=True, **before)
        seen += re.findall(r"no(\d+)", told)
        older = re.findall(r"Older lines come with before: (\d+)", told)
        if not older:
            break
        before = {"before": int(older[0])}
    assert seen == [str(number) for number in reversed(range(13))]


async def test_another_servers_log_is_not_shown(scene: Scene) -> None:
    mia = moderator(scene)
    await said(scene, mia, "mod pause")
    other = scene.env.create_guild("Elsewhere")
    channel = other.create_text_channel("videos")
    role = other.create_role("managers", permissions=discord.Permissions(manage_guild=True))
    eve = other.add_member(scene.env.create_user("eve"), roles=[role])
    result = await eve.slash(channel, "mod log")
    assert result.response is not None
    assert result.response.embeds[0].description == "Nothing like that was done here."


@pytest.mark.parametrize("action", Action)
def test_every_action_has_its_words(action: Action) -> None:
    line = log_lines.line(LogLine(id=1, at=now(), action=action, guild_id=1))
    assert line.split(" ", maxsplit=1)[1] == f"The bot {log_lines.ACTIONS[action]}"

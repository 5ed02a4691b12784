"""What moderators do, over the wire, and that nobody else does it, whatever their client shows."""

import re
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.discord import InvalidCommand, Permission
from sandbox.discord.channels import Place
from sandbox.discord.interactions import InteractionKind, Result
from sandbox.discord.members import Member, User
from tests.stage import Stage

GUARDED = {
    "mod": "Only the moderators of this server can do that, and only here.",
    "setup": "Only the moderators of this server can do that, and only here.",
    "owner": "Only the owner of this bot can do that.",
}
NOT_HERE = "This bot doesn't make videos here."
ABOVE = {1, 2}


def _moderator(stage: Stage) -> Member:
    mia: Member = stage.guild.add_member("mia", roles=[stage.guild.add_role("managers", Permission.MANAGE_GUILD)])
    return mia


async def _said(stage: Stage, who: Member, command: str, channel: Any = None, **options: Any) -> str:
    """What somebody is told privately, once nothing of it is still being thought about."""
    result = await who.run(command, channel=channel or stage.channel, options=options)
    assert result.ephemeral
    await stage.until(lambda: result.message is not None and not result.message.loading)
    return _text(result)


def _text(result: Result) -> str:
    assert result.message is not None
    told = [result.message.content]
    for embed in result.message.embeds:
        told += [embed.get("description", "")]
        told += [f"{field['name']}: {field['value']}" for field in embed.get("fields", ())]
    return "\n".join(part for part in told if part)


def _rows(stage: Stage, query: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(f"file:{stage.database}?mode=ro", uri=True) as connection:
        return connection.execute(query).fetchall()


async def _finished(stage: Stage) -> str:
    """A video of ada's; its id."""
    await stage.ada.run("video text", channel=stage.channel, options={"prompt": "a cat"})
    await stage.until(stage.videos)
    await stage.until(lambda: _rows(stage, "SELECT id FROM generations WHERE told = 'succeeded'"))
    ((generation_id,),) = _rows(stage, "SELECT id FROM generations")
    return str(generation_id)


async def test_a_blocked_member_is_refused_until_unblocked(stage: Stage) -> None:
    await stage.start()
    mia = _moderator(stage)
    with pytest.raises(InvalidCommand, match="may not use"):
        await stage.ada.run("mod block", channel=stage.channel, options={"member": mia})
    await _said(stage, mia, "mod block", member=stage.ada, duration="2h", reason="spam")
    refusal = await _said(stage, stage.ada, "video text", prompt="a cat")
    assert re.fullmatch(r"You can't make videos here\. That ends <t:\d+:R>\. Reason: spam", refusal)
    assert f"<@{stage.ada.id}>" in await _said(stage, mia, "mod blocked")
    choices = await mia.autocomplete("mod unblock", focused="listed", channel=stage.channel)
    assert [choice["value"] for choice in choices] == [str(stage.ada.id)]
    stage.guild.remove_member(stage.ada)
    assert "again" in await _said(stage, mia, "mod unblock", listed=choices[0]["value"], reason="sorry")
    stage.guild.add_member(stage.ada)
    assert not (await stage.ada.run("video text", channel=stage.channel, options={"prompt": "a cat"})).ephemeral
    assert _rows(stage, "SELECT action, why FROM audit ORDER BY id") == [("block", "spam"), ("unblock", "sorry")]


async def test_a_word_rule_refuses_without_a_charge_and_moderators_can_read_what(stage: Stage) -> None:
    await stage.start()
    mia = _moderator(stage)
    await _said(stage, mia, "mod filter add", text="cabbage")
    refusal = await _said(stage, stage.ada, "video text", prompt="a Cabbage in the sun")
    assert refusal == "Your prompt has words that are not allowed here. Nothing was counted; try other words."
    log = await _said(stage, mia, "mod log", refused=True)
    assert f"<@{stage.ada.id}> · <#{stage.channel.id}> · `cabbage`\na Cabbage in the sun" in log
    assert _rows(stage, "SELECT * FROM ledger") == []
    assert stage.provider.submissions == []


async def test_videos_are_made_only_in_the_channels_on_the_list(stage: Stage) -> None:
    await stage.start()
    mia, category = _moderator(stage), stage.guild.add_category("making")
    inside = stage.guild.add_text_channel("films", category=category)
    result = await mia.run("mod channels allow", channel=stage.channel, options={"channel": category})
    assert result.ephemeral
    assert await _said(stage, stage.ada, "video text", prompt="a cat") == f"Videos are made in <#{category.id}>."
    assert not (await stage.ada.run("video text", channel=inside, options={"prompt": "a cat"})).ephemeral


async def test_a_paused_server_takes_nothing_new_until_it_is_resumed(stage: Stage) -> None:
    await stage.start()
    mia = _moderator(stage)
    await _said(stage, mia, "mod pause", reason="a raid")
    assert "No new videos are taken here" in await _said(stage, stage.ada, "video text", prompt="a cat")
    await _said(stage, mia, "mod resume")
    await _finished(stage)


async def test_what_a_finished_video_took_is_given_back_and_usage_shows_it(stage: Stage) -> None:
    await stage.start()
    mia = _moderator(stage)
    generation_id = await _finished(stage)
    assert "1 used, 49 left" in await _said(stage, stage.ada, "usage")
    told = await _said(stage, mia, "mod release", generation=generation_id, reason="it was broken")
    assert told == f"What {generation_id} took was given back; it no longer counts."
    assert "0 used, 50 left" in await _said(stage, stage.ada, "usage")
    assert (await _said(stage, mia, "mod release", generation=generation_id, reason="again")).startswith(
        "There is nothing to give back"
    )


async def test_an_unclear_video_is_released_by_a_moderator(stage: Stage) -> None:
    await stage.start()
    mia = _moderator(stage)
    await stage.ada.run("video text", channel=stage.channel, options={"prompt": "[cut] a cat"})
    await stage.until(lambda: stage.discord.threads and stage.discord.threads[0].messages)
    ((generation_id,),) = _rows(stage, "SELECT id FROM generations")
    refused = await _said(stage, mia, "mod cancel", generation=generation_id, reason="stuck")
    assert "Release it with /mod release." in refused
    told = await _said(stage, mia, "mod release", generation=generation_id, reason="nobody knows")
    assert told == f"{generation_id} is given up; it no longer counts."
    assert _rows(stage, "SELECT kind FROM ledger ORDER BY id") == [("hold",), ("release",)]


async def test_a_moderator_cancels_what_waits_and_its_requester_is_told(stage: Stage) -> None:
    await stage.start()
    mia = _moderator(stage)
    await stage.ada.run("video text", channel=stage.channel, options={"prompt": "[busy] a cat"})
    await stage.until(lambda: '"was": "submitting", "state": "accepted"' in stage.log)
    ((generation_id,),) = _rows(stage, "SELECT id FROM generations")
    told = await _said(stage, mia, "mod cancel", generation=generation_id, reason="not here")
    assert told == f"{generation_id} is cancelled and counts for nothing."
    assert _rows(stage, "SELECT state, reason FROM generations") == [("cancelled", "by_moderator")]
    await stage.until(lambda: any(_is_told(message) for message in stage.discord.threads[0].messages))
    assert _rows(stage, "SELECT action, why FROM audit") == [("cancel", "not here")]


def _is_told(message: Any) -> bool:
    return "A moderator cancelled it." in str([message.content, message.embeds])


async def test_those_with_the_moderator_role_may_use_buttons_and_commands(stage: Stage) -> None:
    await stage.start()
    helpers = stage.guild.add_role("helpers")
    bob, bea = stage.guild.add_member("bob"), stage.guild.add_member("bea", roles=[helpers])
    with sqlite3.connect(stage.database) as connection:
        row = (stage.guild.id, helpers.id)
        connection.execute("INSERT INTO guilds (guild_id, moderator_role_id) VALUES (?, ?)", row)
    await stage.ada.run("video text", channel=stage.channel, options={"prompt": "[cut] a cat"})
    await stage.until(lambda: stage.discord.threads and stage.discord.threads[0].messages)
    notice = stage.discord.threads[0].messages[0]
    (custom_id,) = [
        str(button["custom_id"])
        for row in notice.components
        for button in row["components"]
        if "give-up" in button["custom_id"]
    ]
    assert "Only the one who asked" in _text(await bob.press(notice, custom_id))
    await bea.press(notice, custom_id)
    assert _rows(stage, "SELECT state FROM generations") == [("failed",)]
    (blocked,) = [command for command in _guarded(stage) if _name(*command) == "mod blocked"]
    assert _text(await _forged(stage, bea.user, stage.channel, *blocked)) == "Nobody is blocked here."


def _guarded(stage: Stage) -> list[tuple[Any, list[Any]]]:
    """Every command, as it is registered, that is for moderators or the owner, with the path to it."""
    roots = [command for command in stage.discord.commands if command["name"] in GUARDED]
    return [(root, path) for root in roots for path in _paths(root)]


def _paths(node: Any) -> Iterator[list[Any]]:
    below = [option for option in node.get("options") or () if option["type"] in ABOVE]
    if not below:
        yield []
    for option in below:
        for path in _paths(option):
            yield [option, *path]


def _name(root: Any, path: list[Any]) -> str:
    return " ".join([root["name"], *(step["name"] for step in path)])


async def _forged(
    stage: Stage, who: User, place: Place, root: Any, path: list[Any], typing: str | None = None
) -> Result:
    """A command, or typing in one of its options, that no client of Discord would have sent."""
    options: list[Any] = [] if typing is None else [{"name": typing, "type": 3, "value": "", "focused": True}]
    for step in reversed(path):
        options = [{"name": step["name"], "type": step["type"], "options": options}]
    data = {"id": root["id"], "name": root["name"], "type": 1, "options": options}
    kind = InteractionKind.COMMAND if typing is None else InteractionKind.AUTOCOMPLETE
    world = stage.discord.world
    interaction = world.interactions.open(kind, who, place, data, command=_name(root, path))
    return await world.acting._answer(interaction, 5.0)


def _completed(path: list[Any]) -> list[str]:
    return [option["name"] for option in path[-1].get("options", ()) if option.get("autocomplete")] if path else []


@pytest.mark.parametrize("kind", ["a member", "a moderator of another server"])
async def test_every_command_is_refused_to(stage: Stage, kind: str) -> None:
    await stage.start()
    intruder = stage.guild.add_member("eve")
    if kind == "a moderator of another server":
        other = stage.discord.add_guild("Elsewhere")
        other.add_member(intruder, roles=[other.add_role("managers", Permission.ADMINISTRATOR)])
    commands = _guarded(stage)
    assert {root["name"] for root, _path in commands} == set(GUARDED)
    typed = 0
    for root, path in commands:
        result = await _forged(stage, intruder.user, stage.channel, root, path)
        assert (result.ephemeral, _text(result)) == (True, GUARDED[root["name"]]), _name(root, path)
        for option in _completed(path):
            suggestions = await _forged(stage, intruder.user, stage.channel, root, path, option)
            assert suggestions.error is None, (_name(root, path), option)
            assert suggestions.interaction.choices == [], (_name(root, path), option)
            typed += 1
    assert typed >= 6
    assert _rows(stage, "SELECT * FROM audit") == []


async def test_the_owners_commands_are_refused_to_moderators(stage: Stage) -> None:
    await stage.start()
    mia = _moderator(stage)
    for root, path in _guarded(stage):
        if root["name"] == "owner":
            result = await _forged(stage, mia.user, stage.channel, root, path)
            assert (result.ephemeral, _text(result)) == (True, GUARDED["owner"]), _name(root, path)


@pytest.mark.parametrize("user_install", [False, True])
async def test_in_direct_messages_none_of_them_exists(stage: Stage, *, user_install: bool) -> None:
    await stage.start(discord={"user_install": user_install})
    mia, owner = _moderator(stage), stage.discord.owner
    for root, path in _guarded(stage):
        assert (root["contexts"], root["integration_types"]) == ([0], [0])
        with pytest.raises(InvalidCommand, match="cannot be used here"):
            await mia.run(_name(root, path))
        for who in (mia.user, owner):
            result = await _forged(stage, who, stage.discord.world.direct_channel(who), root, path)
            told = GUARDED[root["name"]] if user_install and (who is not owner or root["name"] != "owner") else NOT_HERE
            assert (_text(result), result.ephemeral) == (told, True), _name(root, path)
    assert _rows(stage, "SELECT * FROM audit") == []

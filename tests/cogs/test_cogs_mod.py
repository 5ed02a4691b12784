"""/mod: blocks, pauses, and who may use any of it."""

import discord
import pytest
from simcord import SetupError

from bot.domain.generation import Reason, State
from bot.domain.guild import GuildSettings
from bot.domain.moderating import Action, Deed
from tests.chat.stage import now
from tests.cogs.conftest import Scene
from tests.cogs.moderating import audit, let_use_mod, moderator, said, suggested, text_of

ONLY_MODERATORS = "Only the moderators of this server can do that, and only here."


async def set_moderator_role(scene: Scene, role_id: int) -> GuildSettings:
    """What /setup does."""
    deed = Deed(at=now(), action=Action.CHANGE_SETTINGS, guild_id=scene.guild.id, actor_id=1)
    return await scene.stage.store.guilds.change_settings({"moderator_role_id": role_id}, deed)


async def test_a_blocked_member_is_told_why_and_until_when(scene: Scene) -> None:
    mia = moderator(scene)
    told = await said(scene, mia, "mod block", member=scene.ada, duration="2h", reason="too *loud*")
    assert told.startswith(f"<@{scene.ada.id}> can't make videos here any more. That ends <t:")
    assert told.endswith(r"Reason: too \*loud\*")
    refusal = await said(scene, scene.ada, "video text", prompt="a cat")
    assert refusal.startswith("You can't make videos here. That ends <t:")
    assert refusal.endswith(r"Reason: too \*loud\*")
    assert await scene.stored() == []


async def test_a_block_without_a_duration_has_no_end(scene: Scene) -> None:
    mia = moderator(scene)
    assert await said(scene, mia, "mod block", member=scene.ada) == (
        f"<@{scene.ada.id}> can't make videos here any more."
    )
    assert "without end" in await said(scene, mia, "mod blocked")


async def test_an_unblocked_member_makes_videos_again(scene: Scene) -> None:
    mia = moderator(scene)
    await said(scene, mia, "mod block", member=scene.ada)
    assert await said(scene, mia, "mod unblock", member=scene.ada) == (f"<@{scene.ada.id}> can make videos here again.")
    assert not (await scene.run("video text", prompt="a cat")).ephemeral
    assert await said(scene, mia, "mod unblock", member=scene.ada) == (
        "That isn't set here, so there is nothing to take away."
    )


async def test_somebody_who_left_is_unblocked_from_the_list(scene: Scene) -> None:
    mia = moderator(scene)
    await said(scene, mia, "mod block", member=scene.ada, reason="spam")
    scene.guild.remove_member(scene.ada)
    shown = await suggested(scene, mia, "mod unblock", "listed")
    assert shown == {f"{scene.ada.id} · without end · spam": str(scene.ada.id)}
    assert await suggested(scene, mia, "mod unblock", "listed", "SPAM") == shown
    assert await suggested(scene, mia, "mod unblock", "listed", "nobody") == {}
    assert "can make videos" in await said(scene, mia, "mod unblock", listed=str(scene.ada.id))
    assert await said(scene, mia, "mod blocked") == "Blocked\nNobody is blocked here."


async def test_unblocking_needs_one_name(scene: Scene) -> None:
    mia = moderator(scene)
    just_one = "Fill in just one of these: member, listed."
    assert await said(scene, mia, "mod unblock") == just_one
    assert await said(scene, mia, "mod unblock", member=scene.ada, listed="1") == just_one
    for typed in ("ada", "9" * 20, str(2**63), f"<@{2**63}>", "1", "٣" * 18):
        assert (await said(scene, mia, "mod unblock", listed=typed)).startswith("That isn't set here"), typed


@pytest.mark.parametrize("duration", ["soon", "1.5h", "3 fortnights", "h", "7", "1h1h", "٣h"])
async def test_a_duration_that_cannot_be_read_blocks_nobody(scene: Scene, duration: str) -> None:
    mia = moderator(scene)
    told = await said(scene, mia, "mod block", member=scene.ada, duration=duration)
    assert told == f"“{duration}” is no length of time. Write it as 30m, 2h, 7d or 4w."
    assert await audit(scene) == []


async def test_a_duration_beyond_all_bounds_blocks_nobody(scene: Scene) -> None:
    mia = moderator(scene)
    for duration in ("0m", "999999w"):
        assert "at most 3650 days" in await said(scene, mia, "mod block", member=scene.ada, duration=duration)
    assert await audit(scene) == []


async def test_durations_are_suggested(scene: Scene) -> None:
    mia = moderator(scene)
    assert next(iter((await suggested(scene, mia, "mod block", "duration")).values())) == "30m"
    assert await suggested(scene, mia, "mod block", "duration", "3") == {
        "3 minutes": "3m",
        "3 hours": "3h",
        "3 days": "3d",
        "3 weeks": "3w",
    }


async def test_nobody_blocks_themselves(scene: Scene) -> None:
    mia = moderator(scene)
    assert await said(scene, mia, "mod block", member=mia) == "You can't do that to yourself. Ask another moderator."


async def test_all_of_a_flood_of_blocks_are_seen_page_by_page(scene: Scene) -> None:
    mia = moderator(scene)
    for number in range(40):
        somebody = scene.guild.add_member(scene.env.create_user(f"m{number}"))
        await said(scene, mia, "mod block", member=somebody, reason="*" * 400)
    told = await said(scene, mia, "mod blocked")
    assert told.startswith("Blocked · 40\n")
    pages = [await said(scene, mia, "mod blocked", page=page) for page in range(1, 8)]
    assert pages[0] == told
    assert pages[-1].endswith("Page 7, the last one.")
    assert sum(page.count("<@") for page in pages) == 40
    assert len(await suggested(scene, mia, "mod unblock", "listed")) == 25


async def test_a_pause_holds_until_it_is_ended(scene: Scene) -> None:
    mia = moderator(scene)
    assert (await said(scene, mia, "mod pause", reason="a raid")).endswith("/mod resume ends that.")
    assert await said(scene, scene.ada, "video text", prompt="a cat") == (
        "No new videos are taken here for now, by the wish of the moderators. Those under way go on."
    )
    assert await said(scene, mia, "mod resume") == "New videos are taken here."
    assert not (await scene.run("video text", prompt="a cat")).ephemeral
    assert [(line.action, line.why) for line in await audit(scene)] == [("resume", None), ("pause", "a raid")]


async def test_a_finished_video_is_given_back_once(scene: Scene) -> None:
    mia = moderator(scene)
    await scene.run("video text", prompt="a cat")
    (made,) = await scene.stored()
    await scene.stage.finish(made)
    assert await scene.stage.used(scene.ada.id, scene.guild.id) == 1
    told = await said(scene, mia, "mod release", generation=made.id, reason="it was broken")
    assert told == f"What {made.id} took was given back; it no longer counts."
    assert await scene.stage.used(scene.ada.id, scene.guild.id) == 0
    again = await said(scene, mia, "mod release", generation=made.id, reason="it was broken")
    assert again.startswith("There is nothing to give back")
    (line,) = await audit(scene)
    assert (line.action, line.why, line.generation_id) == ("refund", "it was broken", made.id)


async def test_what_is_under_way_is_asked_to_stop(scene: Scene) -> None:
    mia = moderator(scene)
    await scene.run("video text", prompt="a cat")
    (made,) = await scene.stored()
    told = await said(scene, mia, "mod cancel", generation=made.id, reason="not here")
    assert told == f"I have asked for {made.id} to be stopped; its card will tell."
    (stored,) = await scene.stored()
    assert stored.cancel_requested is Reason.BY_MODERATOR
    await scene.stage.end(made.id, State.CANCELLED, Reason.BY_MODERATOR)
    ended = await said(scene, mia, "mod cancel", generation=made.id, reason="not here")
    assert ended == "That one has already ended."


async def test_a_video_of_another_server_is_unknown_here(scene: Scene) -> None:
    await scene.run("video text", prompt="a cat")
    (made,) = await scene.stored()
    other = scene.env.create_guild("Elsewhere")
    channel = other.create_text_channel("videos")
    role = other.create_role("managers", permissions=discord.Permissions(manage_guild=True))
    eve = other.add_member(scene.env.create_user("eve"), roles=[role])
    for command in ("mod cancel", "mod release"):
        told = text_of(await eve.slash(channel, command, generation=made.id, reason="spite"))
        assert told == f"There is no video “{made.id}” on this server. Its id is at the foot of its card."
    assert (await scene.stored())[0].cancel_requested is None


async def test_a_member_is_not_shown_the_commands(scene: Scene) -> None:
    with pytest.raises(SetupError, match="not visible"):
        await said(scene, scene.ada, "mod blocked")


async def test_what_discord_lets_somebody_use_is_still_refused(scene: Scene) -> None:
    role = scene.guild.create_role("helpers")
    bea = scene.guild.add_member(scene.env.create_user("bea"), roles=[role])
    await let_use_mod(scene, role)
    assert await said(scene, bea, "mod block", member=scene.ada) == ONLY_MODERATORS
    assert await suggested(scene, bea, "mod block", "duration") == {}
    assert await audit(scene) == []


async def test_those_with_the_moderator_role_are_moderators(scene: Scene) -> None:
    role = scene.guild.create_role("helpers")
    bea = scene.guild.add_member(scene.env.create_user("bea"), roles=[role])
    await let_use_mod(scene, role)
    await set_moderator_role(scene, role.id)
    assert "can't make videos" in await said(scene, bea, "mod block", member=scene.ada)
    assert await suggested(scene, bea, "mod block", "duration") != {}
    assert (await audit(scene))[0].actor_id == bea.id


async def test_the_role_of_everyone_makes_nobody_a_moderator(scene: Scene) -> None:
    role = scene.guild.create_role("helpers")
    bea = scene.guild.add_member(scene.env.create_user("bea"), roles=[role])
    await let_use_mod(scene, role)
    await set_moderator_role(scene, scene.guild.id)
    assert await said(scene, bea, "mod blocked") == ONLY_MODERATORS


async def test_an_administrator_is_a_moderator(scene: Scene) -> None:
    role = scene.guild.create_role("admins", permissions=discord.Permissions(administrator=True))
    root = scene.guild.add_member(scene.env.create_user("root"), roles=[role])
    assert await said(scene, root, "mod blocked") == "Blocked\nNobody is blocked here."


async def test_a_store_that_fails_while_rights_are_looked_up_is_answered(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_guild_id: int) -> GuildSettings:
        raise ZeroDivisionError

    role = scene.guild.create_role("helpers")
    bea = scene.guild.add_member(scene.env.create_user("bea"), roles=[role])
    await let_use_mod(scene, role)
    monkeypatch.setattr(scene.stage.store.guilds, "settings", broken)
    assert (await said(scene, bea, "mod blocked")).startswith("Something went wrong here, reference ")

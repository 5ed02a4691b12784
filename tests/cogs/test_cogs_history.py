"""/history and /show."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.chat import handover as posting
from bot.domain.change import Change
from bot.domain.errors import BadFile, FileFault
from bot.domain.generation import Generation, MessageRef, Reason, State
from bot.domain.request import MediaKind
from bot.media.rules import MediaRules
from bot.work.showing import PAGE
from sandbox.discord import Result
from sandbox.discord.members import Member
from tests.chat.samples import WILD
from tests.chat.stage import Setting, Stage, now
from tests.chat.town import Town, connecting
from tests.cogs.conftest import Scene
from tests.contracts.discord_openapi.check import violations
from tests.media.footage import Footage
from tests.work.scripted import ScriptedApi, serving

FOLLOWUPS = "/webhooks/{webhook_id}/{webhook_token}"
FETCHING = "I am fetching it for you now"


async def changed(stage: Stage, generation: Generation, **facts: Any) -> Generation:
    """The same with other facts, as a step would write them."""
    store = stage.store.generations
    await store.release_leases()
    held = await store.claim_one(generation.id, generation.state, now() + timedelta(days=1), timedelta(minutes=1))
    assert held is not None
    return await store.save(Change(before=held, after=held.evolve(**facts)))


async def succeeded(stage: Stage, generation: Generation, **facts: Any) -> Generation:
    """The same, finished and told somewhere unless `facts` say otherwise."""
    await stage.finish(generation)
    after = await stage.store.generations.get(generation.id)
    assert after is not None
    return await changed(stage, after, **{"told": State.SUCCEEDED, "due_at": None, **facts})


async def history(scene: Scene, **options: Any) -> dict[str, Any]:
    """The one embed of /history, checked against Discord's bounds."""
    result = await scene.run("history", **options)
    assert result.response is not None
    assert (result.ephemeral, len(result.response.embeds)) == (True, 1)
    embed = result.response.embeds[0].to_dict()
    assert violations("POST", "/channels/1/messages", {"embeds": [embed]}) == []
    return dict(embed)


async def test_without_any_video_the_history_says_how_to_begin(scene: Scene) -> None:
    assert (await history(scene))["description"] == "You have not made a video here yet. Begin with /video text."
    assert (await history(scene, state="finished"))["description"] == "None of your videos here is like that."
    assert (await history(scene, page=2))["description"].startswith("There is nothing on this page.")


async def test_the_history_says_what_was_asked_for_when_and_how_it_went(scene: Scene) -> None:
    await scene.run("video text", prompt="a **cat**\n in a hat")
    (made,) = await scene.stored()
    (field,) = (await history(scene))["fields"]
    when = int(made.accepted_at.timestamp())
    assert field["name"] == "Text to video · veo3.1-fast"
    assert field["value"].splitlines() == [
        f"<t:{when}:f> · `{made.id}`",
        r"a \*\*cat\*\* in a hat",
        "**Waiting to be handed over**",
    ]


async def test_the_history_leads_to_the_message_that_told_of_the_end(scene: Scene) -> None:
    await scene.run("video text", prompt="a cat")
    (made,) = await scene.stored()
    told_as = MessageRef(channel_id=scene.channel.id, message_id=77)
    await succeeded(scene.stage, made, told_as=told_as)
    (field,) = (await history(scene))["fields"]
    place = f"https://discord.com/channels/{scene.guild.id}/{scene.channel.id}/77"
    assert field["value"].splitlines()[-1] == f"**Done** · [message]({place})"


async def test_the_history_leads_to_a_direct_message_where_that_told_of_the_end(scene: Scene) -> None:
    await scene.run("video text", prompt="a cat")
    (made,) = await scene.stored()
    await succeeded(scene.stage, made, told_as=MessageRef(channel_id=66, message_id=77))
    (field,) = (await history(scene))["fields"]
    assert "(https://discord.com/channels/@me/66/77)" in field["value"]


async def test_the_history_says_what_was_delivered_nowhere(scene: Scene) -> None:
    await scene.run("video text", prompt="a cat")
    (made,) = await scene.stored()
    await succeeded(scene.stage, made)
    (field,) = (await history(scene))["fields"]
    assert field["value"].endswith("**Done** · delivered nowhere: /show hands it to you")


async def test_the_history_says_why_nothing_was_made(scene: Scene) -> None:
    await scene.run("video text", prompt="a cat")
    (made,) = await scene.stored()
    await scene.stage.end(made.id, State.FAILED, Reason.POLICY)
    (field,) = (await history(scene))["fields"]
    assert "**Failed** · The video service's content rules don't allow this." in field["value"]


@pytest.mark.parametrize("group", ["all", "under_way", "finished", "not_made"])
async def test_the_history_is_narrowed_by_its_option(scene: Scene, group: str) -> None:
    ids = {}
    for name in ("finished", "not_made", "under_way"):
        await scene.run("video text", prompt=f"a cat, {name}")
        made = (await scene.stored())[0]
        ids[name] = made.id
        if name == "finished":
            await succeeded(scene.stage, made)
        elif name == "not_made":
            await scene.stage.end(made.id, State.CANCELLED, Reason.BY_REQUESTER)
    embed = await history(scene, state=group)
    found = [re.findall(r"`(\w+)`", field["value"])[0] for field in embed["fields"]]
    assert found == ([ids[group]] if group != "all" else [ids["under_way"], ids["not_made"], ids["finished"]])


@pytest.mark.parametrize("setting", [Setting(limits=())], indirect=True, ids=["no limits"])
async def test_older_pages_are_reached_by_number_and_a_full_one_fits(scene: Scene) -> None:
    detail = BadFile(WILD * 60, MediaKind.IMAGE, FileFault.WRONG_FORMAT, WILD * 60, "PNG, JPEG").to_detail()
    for number in range(PAGE + 1):
        await scene.run("video text", prompt=f"{number} {WILD * 20}")
        made = (await scene.stored())[0]
        await scene.stage.end(made.id, State.FAILED, Reason.BAD_INPUT)
        after = (await scene.stored())[0]
        await changed(
            scene.stage, after, detail=detail, told=State.FAILED, told_as=MessageRef(channel_id=1, message_id=2)
        )
    first, second = await history(scene), await history(scene, page=2)
    assert len(first["fields"]) == PAGE
    assert first["footer"]["text"] == "Page 1. Older ones are on page 2."
    assert len(second["fields"]) == 1
    assert second["footer"]["text"] == "Page 2, the last one."
    assert "\n0 " in second["fields"][0]["value"]


async def test_the_history_of_others_is_not_ones_own(scene: Scene) -> None:
    bea = scene.guild.add_member(scene.env.create_user("bea"))
    await bea.slash(scene.channel, "video text", prompt="a dog")
    assert "fields" not in await history(scene)


async def test_all_of_ones_own_are_suggested_to_be_shown(scene: Scene) -> None:
    for prompt in ("a cat", "a dog"):
        await scene.run("video text", prompt=prompt)
    waiting, done = await scene.stored()
    await succeeded(scene.stage, done)
    assert await scene.typed("show", "generation", "") == [waiting.id, done.id]
    assert await scene.typed("show", "generation", "cat") == [done.id]


@pytest.fixture
async def videos(tmp_path: Path) -> AsyncIterator[ScriptedApi]:
    """Where the provider keeps its videos."""
    clip = Footage().shoot(tmp_path / "clip.mp4").read_bytes()
    async with serving(clip) as api:
        yield api


@pytest.fixture
async def open_stage(town: Town, videos: ScriptedApi, migrated: Path, tmp_path: Path) -> AsyncIterator[Stage]:
    """The bot, connected to the town, with its folder for files."""
    setting = Setting(
        api_url=town.discord.api_url,
        gateway_url=town.discord.gateway_url,
        result_origins=(videos.origin,),
        rules=MediaRules(result_most=64 * 1_048_576),
    )
    async with connecting(town, setting, migrated, tmp_path) as stage:
        await stage.media.open()
        yield stage
        await stage.media.close()


async def asked(stage: Stage, town: Town) -> Generation:
    """A video that ada asked for."""
    stage.woken.clear()
    await town.ada.run("video text", channel=town.channel, options={"prompt": "a cat"})
    return await stage.latest(town.ada.id, town.guild.id)


async def told_in_channel(stage: Stage, town: Town, *results: str) -> Generation:
    """A finished video of ada's, told by the message that is the card as well."""
    made = await asked(stage, town)
    return await succeeded(stage, made, results=results, told_as=made.card)


async def shown(town: Town, reference: str, by: Member | None = None, **options: Any) -> Result:
    """The private answer to /show, once it is there."""
    by = by or town.ada
    result = await by.run("show", channel=town.channel, options={"generation": reference, **options})
    assert (result.deferred, result.ephemeral) == (True, True)
    await town.discord.wait_for(lambda: result.message is not None and not result.message.loading, timeout=10)
    return result


async def handed(town: Town, result: Result) -> Any:
    """What was handed over after the card."""
    await town.discord.wait_for(lambda: result.followups, timeout=90)
    message = result.followups[0]
    assert message.ephemeral
    return message


def state_line(result: Result) -> str:
    """What the shown card says of its state."""
    assert result.message is not None
    return str(result.message.embeds[0]["fields"][0]["value"])


def link_to(town: Town, message: MessageRef) -> str:
    return f"https://discord.com/channels/{town.guild.id}/{message.channel_id}/{message.message_id}"


async def test_a_video_whose_message_stands_is_shown_with_the_way_to_it(
    open_stage: Stage, town: Town, videos: ScriptedApi
) -> None:
    made = await told_in_channel(open_stage, town, f"{videos.origin}/clip.mp4")
    assert made.told_as is not None
    result = await shown(town, made.id)
    assert state_line(result) == (
        f"The video is in [this message]({link_to(town, made.told_as)})."
        " If it doesn't open for you, use /show with “again”."
    )
    assert result.followups == []
    assert videos.asked == []


async def test_a_success_without_a_usable_video_is_shown_with_that_and_nothing_to_open(
    open_stage: Stage, town: Town, videos: ScriptedApi
) -> None:
    made = await told_in_channel(open_stage, town, f"{videos.origin}/clip.mp4")
    made = await changed(open_stage, made, reason=Reason.NO_OUTPUT)
    assert state_line(await shown(town, made.id)) == "The video service finished without a video."


async def test_a_generation_under_way_is_shown_with_the_way_to_its_card(open_stage: Stage, town: Town) -> None:
    made = await asked(open_stage, town)
    assert made.card is not None
    result = await shown(town, made.id, again=True)
    assert result.message is not None
    embed = result.message.embeds[0]
    assert embed["fields"][-1]["value"] == f"[Go to its message]({link_to(town, made.card)})"
    assert embed["footer"]["text"] == made.id
    assert result.followups == []


async def test_a_video_that_is_still_to_be_told_is_said_to_be_fetched(open_stage: Stage, town: Town) -> None:
    made = await asked(open_stage, town)
    await open_stage.finish(made)
    assert made.card is not None
    result = await shown(town, made.id)
    assert state_line(result) == (
        f"The video is being fetched, and comes where [its card]({link_to(town, made.card)}) is."
    )


async def test_a_video_that_was_delivered_nowhere_is_handed_over(
    open_stage: Stage, town: Town, videos: ScriptedApi
) -> None:
    made = await succeeded(open_stage, await asked(open_stage, town), results=(f"{videos.origin}/clip.mp4",))
    result = await shown(town, made.id)
    assert state_line(result).startswith(f"The video could not be delivered anywhere. {FETCHING}")
    message = await handed(town, result)
    assert message.content == "Here you are."
    (attachment,) = message.attachments
    assert attachment.data == videos.clip


async def test_a_video_whose_message_is_gone_is_handed_over(open_stage: Stage, town: Town, videos: ScriptedApi) -> None:
    made = await told_in_channel(open_stage, town, f"{videos.origin}/clip.mp4")
    town.channel.messages[0].delete()
    result = await shown(town, made.id)
    assert state_line(result).startswith(f"The message with it is gone. {FETCHING}")
    assert (await handed(town, result)).attachments


@pytest.mark.parametrize("status", [403, 503])
async def test_a_video_whose_message_can_t_be_looked_for_now_is_shown_with_the_way_to_it(
    open_stage: Stage, town: Town, videos: ScriptedApi, status: int
) -> None:
    made = await told_in_channel(open_stage, town, f"{videos.origin}/clip.mp4")
    town.discord.fail_next("GET", "/channels/{channel_id}/messages/{message_id}", status)
    assert state_line(await shown(town, made.id)).startswith("The video is in [this message]")


async def test_a_video_is_handed_over_again_by_wish(open_stage: Stage, town: Town, videos: ScriptedApi) -> None:
    made = await told_in_channel(open_stage, town, f"{videos.origin}/clip.mp4", f"{videos.origin}/clip.mp4")
    result = await shown(town, made.id, again=True)
    assert re.match(r"The video is in \[this message\]\(\S+\)\. I am fetching", state_line(result))
    message = await handed(town, result)
    assert message.content == "Here you are."
    assert len(message.attachments) == 2


async def test_what_the_provider_has_no_more_is_said_plainly(
    open_stage: Stage, town: Town, videos: ScriptedApi
) -> None:
    made = await told_in_channel(open_stage, town, f"{videos.origin}/gone.mp4")
    message = await handed(town, await shown(town, made.id, again=True))
    assert message.content == ("The video service doesn't have this video any more: it keeps them for a limited time.")


async def test_a_finished_one_without_any_result_is_not_met_with_silence(open_stage: Stage, town: Town) -> None:
    made = await told_in_channel(open_stage, town)
    message = await handed(town, await shown(town, made.id, again=True))
    assert message.content.startswith("The video service doesn't have this video any more")


async def test_what_is_gone_is_said_beside_what_is_not(open_stage: Stage, town: Town, videos: ScriptedApi) -> None:
    made = await told_in_channel(open_stage, town, f"{videos.origin}/gone.mp4", f"{videos.origin}/clip.mp4")
    message = await handed(town, await shown(town, made.id, again=True))
    assert message.attachments
    assert message.content == (
        "Here you are.\nThe video service doesn't have all of it any more: it keeps videos for a limited time."
    )


async def test_what_can_t_be_fetched_now_is_a_link(open_stage: Stage, town: Town, videos: ScriptedApi) -> None:
    videos.clip_failures = 1
    made = await told_in_channel(open_stage, town, f"{videos.origin}/clip.mp4")
    message = await handed(town, await shown(town, made.id, again=True))
    assert message.content == (
        "This could not be fetched as a file, so here is a link.\n"
        "The video service doesn't say how long its links work: save what you want to keep soon.\n"
        f"<{videos.origin}/clip.mp4>"
    )


async def test_what_is_no_video_is_said_without_its_address(open_stage: Stage, town: Town, videos: ScriptedApi) -> None:
    videos.clip = b"<html>no</html>"
    made = await told_in_channel(open_stage, town, f"{videos.origin}/clip.mp4")
    message = await handed(town, await shown(town, made.id, again=True))
    assert "it is no usable video" in message.content
    assert videos.origin not in message.content


async def test_a_video_over_the_limit_of_the_interaction_is_made_smaller_and_says_so(
    open_stage: Stage, town: Town, videos: ScriptedApi, tmp_path: Path
) -> None:
    source = Footage(sides=(1280, 720), seconds=2, bits=60_000_000).shoot(tmp_path / "large.mp4")
    videos.clip = source.read_bytes()
    assert len(videos.clip) > town.guild.upload_limit
    made = await told_in_channel(open_stage, town, f"{videos.origin}/clip.mp4")
    message = await handed(town, await shown(town, made.id, again=True))
    assert message.content == "Here you are.\nIt was too large for this server, so it was made smaller to fit."
    assert message.attachments[0].size <= town.guild.upload_limit


async def test_files_that_turn_out_too_large_become_links(open_stage: Stage, town: Town, videos: ScriptedApi) -> None:
    made = await told_in_channel(open_stage, town, f"{videos.origin}/clip.mp4")
    town.discord.fail_next("POST", FOLLOWUPS, "slow")
    town.discord.fail_next("POST", FOLLOWUPS, 413)
    message = await handed(town, await shown(town, made.id, again=True))
    assert message.attachments == []
    assert message.content.startswith("It is too large for this server, so here is a link.")


async def test_files_that_take_too_long_become_links(
    open_stage: Stage, town: Town, videos: ScriptedApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting, "POST_WITHIN", timedelta(0))
    made = await told_in_channel(open_stage, town, f"{videos.origin}/clip.mp4")
    message = await handed(town, await shown(town, made.id, again=True))
    assert message.attachments == []
    assert f"<{videos.origin}/clip.mp4>" in message.content


async def test_somebody_elses_video_is_not_shown(open_stage: Stage, town: Town, videos: ScriptedApi) -> None:
    made = await told_in_channel(open_stage, town, f"{videos.origin}/clip.mp4")
    result = await shown(town, made.id, by=town.guild.add_member("bea"), again=True)
    assert result.message is not None
    assert result.message.content.startswith(f"You have no video called “{made.id}”.")
    assert result.message.embeds == []
    assert videos.asked == []


async def test_ones_own_is_shown_in_another_guild_too(open_stage: Stage, town: Town) -> None:
    made = await told_in_channel(open_stage, town)
    other = town.discord.add_guild("Patrons")
    channel = other.add_text_channel("anywhere")
    ada = other.add_member(town.ada.user)
    result = await ada.run("show", channel=channel, options={"generation": made.id})
    await town.discord.wait_for(lambda: result.message is not None and not result.message.loading, timeout=10)
    assert state_line(result).startswith("The video is in [this message]")

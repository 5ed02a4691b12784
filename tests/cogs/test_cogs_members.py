"""/models, /usage and /cancel."""

import asyncio
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.catalog import Catalog
from bot.domain.generation import Reason, State
from bot.domain.limits import Limit, Measure, Scope, Window
from bot.domain.request import Operation
from bot.providers.lemondata.bundled import bundled_catalog
from tests.chat.stage import PER_DAY, Setting, Stage, now
from tests.chat.town import Town
from tests.cogs.conftest import Scene
from tests.contracts.discord_openapi.check import violations

BUNDLED = bundled_catalog()
MANY = Setting(
    limits=(
        PER_DAY,
        Limit(scope=Scope.MEMBER, measure=Measure.CONCURRENT, amount=2, is_default=True),
        Limit(scope=Scope.MEMBER, measure=Measure.COOLDOWN, amount=60),
        Limit(scope=Scope.GUILD, measure=Measure.SECONDS, amount=600, window=Window.WEEK),
        Limit(scope=Scope.BOT, measure=Measure.MICROS, amount=5_000_000, window=Window.MONTH),
    )
)


async def answer(scene: Scene, command: str, **options: Any) -> dict[str, Any]:
    """The one embed of a private answer, checked against Discord's bounds."""
    result = await scene.run(command, **options)
    assert result.response is not None
    assert (result.ephemeral, len(result.response.embeds)) == (True, 1)
    embed = result.response.embeds[0].to_dict()
    assert violations("POST", "/channels/1/messages", {"embeds": [embed]}) == []
    return dict(embed)


HERE = replace(PER_DAY, is_default=False)
"""The same as a guild would set it."""


def said_of(embed: dict[str, Any]) -> list[tuple[str, str]]:
    """The allowances of an embed, without the instants in them; what the member made comes after them."""
    return [(field["name"], re.sub(r"<t:\d+:R>", "<t>", field["value"])) for field in embed["fields"][:-1]]


async def test_models_are_listed_by_what_they_can_do(scene: Scene) -> None:
    embed = await answer(scene, "models")
    assert embed["description"].startswith("The default is veo3.1-fast.")
    by_name = {field["name"]: field["value"] for field in embed["fields"]}
    assert by_name["Motion control"] == "kling-3.0-motion-control"
    assert by_name["Audio to video"] == "No model can do this at present."
    assert by_name["Text to video"].endswith(" and 31 more")
    assert len(by_name) == len(Operation)


@pytest.mark.parametrize("operation", Operation)
async def test_models_for_one_operation_are_all_listed(scene: Scene, operation: Operation) -> None:
    embed = await answer(scene, "models", operation=operation.value)
    able = BUNDLED.able(operation)
    lines = embed["description"].splitlines()
    assert len(lines) == max(len(able), 1)
    assert all(model.id in line for model, line in zip(able, lines, strict=False))


async def test_a_model_is_listed_with_what_is_known_of_it(scene: Scene) -> None:
    embed = await answer(scene, "models", operation="text-to-video")
    (line,) = [line for line in embed["description"].splitlines() if "viduq3-turbo" in line]
    assert "4, 5, 6, 8, 10, 12, 15 s · 540p, 720p, 1080p" in line


FLOOD = Catalog.of(
    [
        type(model)(**{**{name: getattr(model, name) for name in model.__dataclass_fields__}, "id": f"{model.id}-{n}"})
        for n in range(20)
        for model in BUNDLED.models.values()
    ]
)


@pytest.mark.parametrize("setting", [Setting(catalog=FLOOD)], indirect=True, ids=["flood"])
async def test_a_flood_of_models_is_counted_where_it_is_not_listed(scene: Scene) -> None:
    await answer(scene, "models")
    embed = await answer(scene, "models", operation="text-to-video")
    listed = embed["description"].splitlines()
    more = re.fullmatch(r"and (\d+) more", listed[-1])
    assert more is not None
    assert len(listed) - 1 + int(more[1]) == len(FLOOD.able(Operation.TEXT))


@pytest.mark.parametrize("setting", [Setting(catalog=Catalog.of([]))], indirect=True, ids=["no models"])
async def test_without_any_model_the_list_says_so(scene: Scene) -> None:
    embed = await answer(scene, "models")
    assert embed["description"].startswith("The default is none.")
    assert (await answer(scene, "models", operation="text-to-video"))["description"] == (
        "No model can do this at present."
    )


@pytest.mark.parametrize("setting", [MANY], indirect=True, ids=["many limits"])
async def test_usage_is_shown_with_what_is_left_and_when_it_starts_over(scene: Scene) -> None:
    await scene.run("video text", prompt="a cat", duration=8)
    embed = await answer(scene, "usage")
    assert said_of(embed) == [
        ("10 videos a day for each member", "1 used, 9 left · starts over <t>\nFrom: the bot's configuration"),
        ("2 videos at a time for each member", "1 used, 1 left\nFrom: the bot's configuration"),
        ("60 seconds between videos for each member", "You can ask for the next one <t>.\nFrom: this server"),
        ("600 seconds of video a week for this server", "8 used, 592 left · starts over <t>\nFrom: this server"),
        ("$5.00 a month for the whole bot", "something is left · starts over <t>\nFrom: the bot's owner"),
    ]


OF_ALL = Limit(scope=Scope.BOT, measure=Measure.GENERATIONS, amount=3, window=Window.DAY)


@pytest.mark.parametrize("setting", [Setting(limits=(OF_ALL,))], indirect=True, ids=["of the whole bot"])
async def test_usage_says_nothing_of_what_is_used_elsewhere(scene: Scene) -> None:
    elsewhere = scene.env.create_guild("elsewhere")
    channel = elsewhere.create_text_channel("videos")
    bea = elsewhere.add_member(scene.env.create_user("bea"))
    for said in ("something", "something", "something", "nothing"):
        (shown,) = said_of(await answer(scene, "usage"))
        assert shown == ("3 videos a day for the whole bot", f"{said} is left · starts over <t>\nFrom: the bot's owner")
        await bea.slash(channel, "video text", prompt="a dog")


@pytest.mark.parametrize("setting", [MANY], indirect=True, ids=["many limits"])
async def test_before_the_first_video_there_is_nothing_to_wait_for(scene: Scene) -> None:
    said = dict(said_of(await answer(scene, "usage")))
    assert said["60 seconds between videos for each member"] == "Nothing to wait for now.\nFrom: this server"


async def test_usage_shows_the_limit_of_the_most_generous_role_and_the_personal_one(scene: Scene) -> None:
    roles = [scene.guild.create_role(name) for name in ("regular", "patron")]
    for role, amount in zip(roles, (20, 30), strict=True):
        await scene.put(replace(HERE, scope=Scope.ROLE, scope_id=role.id, amount=amount))
    bea = scene.guild.add_member(scene.env.create_user("bea"), roles=roles)
    hers = replace(scene, ada=bea)
    source = f"From: your role <@&{roles[1].id}>"
    assert said_of(await answer(hers, "usage")) == [
        ("30 videos a day for your role", f"0 used, 30 left · starts over <t>\n{source}")
    ]
    await scene.put(replace(HERE, scope_id=bea.id, amount=3))
    assert said_of(await answer(hers, "usage")) == [
        ("3 videos a day for you", "0 used, 3 left · starts over <t>\nFrom: set for you")
    ]
    assert said_of(await answer(scene, "usage"))[0][0] == "10 videos a day for each member"


async def test_a_role_s_limit_lets_its_members_ask_for_more(scene: Scene) -> None:
    role = scene.guild.create_role("patron")
    await scene.put(replace(HERE, amount=1))
    await scene.put(replace(HERE, scope=Scope.ROLE, scope_id=role.id, amount=2))
    hers = replace(scene, ada=scene.guild.add_member(scene.env.create_user("bea"), roles=[role]))
    for each, most in ((scene, 1), (hers, 2)):
        for _ in range(most + 1):
            result = await each.run("video text", prompt="a cat")
        assert result.ephemeral
        assert len(await each.stored()) == most


FLOODED = Setting(
    limits=tuple(
        Limit(scope=scope, measure=measure, amount=10**12, window=window, is_default=is_default)
        for scope in (Scope.GUILD, Scope.BOT, Scope.MEMBER)
        for measure in (Measure.GENERATIONS, Measure.SECONDS, Measure.MICROS)
        for window in Window
        for is_default in (True, False)
    )
)


@pytest.mark.parametrize("setting", [FLOODED], indirect=True, ids=["flood"])
async def test_a_flood_of_limits_is_shown_as_far_as_discord_shows_it(scene: Scene) -> None:
    said = said_of(await answer(scene, "usage"))
    assert len(said) == 24  # and one field for what the member made
    assert all("for each member" in name for name, _ in said[:12])


@pytest.mark.parametrize("setting", [Setting(limits=())], indirect=True, ids=["no limits"])
async def test_usage_without_limits_says_so(scene: Scene) -> None:
    assert (await answer(scene, "usage"))["description"] == "There are no limits here."


async def test_usage_of_others_is_not_ones_own(scene: Scene) -> None:
    bea = scene.guild.add_member(scene.env.create_user("bea"))
    await bea.slash(scene.channel, "video text", prompt="a dog")
    embed = await answer(scene, "usage")
    assert embed["fields"][0]["value"].startswith("0 used, 10 left")


async def said_on_cancel(stage: Stage, town: Town, reference: str) -> str:
    """The private answer to /cancel."""
    result = await town.ada.run("cancel", channel=town.channel, options={"generation": reference})
    assert (result.deferred, result.ephemeral) == (True, True)
    assert result.message is not None
    assert stage.bot.is_ready()
    await town.discord.wait_for(lambda: result.message is not None and not result.message.loading, timeout=4)
    assert result.followups == []
    return result.message.content


async def asked(stage: Stage, town: Town) -> str:
    """A video that ada asked for; its id."""
    await town.ada.run("video text", channel=town.channel, options={"prompt": "a cat"})
    return (await stage.latest(town.ada.id, town.guild.id)).id


async def cancelled_by_the_worker(stage: Stage, generation_id: str) -> None:
    """What the worker does with a wish to cancel what is accepted."""
    async with asyncio.timeout(3):
        await stage.woken.wait()
    await stage.end(generation_id, State.CANCELLED, Reason.BY_REQUESTER)


async def test_a_video_that_waits_is_cancelled(connected: Stage, town: Town) -> None:
    reference = await asked(connected, town)
    connected.woken.clear()
    worker = asyncio.create_task(cancelled_by_the_worker(connected, reference))
    assert await said_on_cancel(connected, town, reference) == "Cancelled. It was not counted against your limits."
    await worker
    assert await connected.used(town.ada.id, town.guild.id) == 0


async def test_a_video_whose_end_is_still_open_is_said_to_be_asked_for(connected: Stage, town: Town) -> None:
    reference = await asked(connected, town)
    said = await said_on_cancel(connected, town, reference)
    assert said.startswith("I have asked for it to be stopped")
    stored = await connected.store.generations.get(reference)
    assert stored is not None
    assert stored.cancel_requested is Reason.BY_REQUESTER
    assert stored.due_at is not None
    assert stored.due_at <= now() + timedelta(seconds=1)


async def test_a_video_that_has_ended_cannot_be_cancelled(connected: Stage, town: Town) -> None:
    reference = await asked(connected, town)
    await connected.finish((await connected.all_of(town.ada.id, town.guild.id))[0])
    assert await said_on_cancel(connected, town, reference) == "That one has already ended."


async def test_somebody_elses_video_cannot_be_cancelled(connected: Stage, town: Town) -> None:
    bea = town.guild.add_member("bea")
    await bea.run("video text", channel=town.channel, options={"prompt": "a dog"})
    theirs = await connected.latest(bea.id, town.guild.id)
    assert (await said_on_cancel(connected, town, theirs.id)).startswith(f"You have no video called “{theirs.id}”.")
    stored = await connected.store.generations.get(theirs.id)
    assert stored is not None
    assert stored.cancel_requested is None


async def test_nonsense_cannot_be_cancelled(connected: Stage, town: Town) -> None:
    said = await said_on_cancel(connected, town, "*" * 5000)
    assert said.startswith("You have no video called")
    assert len(said) < 400

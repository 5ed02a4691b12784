"""/owner: status, pause and resume, limits of the whole bot; and nobody else."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from bot.chat import status_page
from bot.domain.generation import State
from bot.domain.moderating import Action, Deed
from bot.domain.overview import Overview, Spend, Waiting
from bot.work.ownership import Status
from sandbox.discord import Permission, Result
from tests.chat.samples import NOW
from tests.chat.stage import Stage
from tests.chat.town import Town
from tests.contracts.discord_openapi.check import violations

Run = Callable[..., Any]


@pytest.fixture
def run(connected: Stage, town: Town) -> Run:
    """The owner runs a command in the channel; returns what it says privately."""

    async def running(command: str, **options: Any) -> str:
        assert connected.bot.is_ready()
        result: Result = await town.discord.owner.run(f"owner {command}", channel=town.channel, options=options)
        assert result.error is None
        await town.discord.wait_for(lambda: result.message is not None and not result.message.loading, timeout=5)
        assert result.ephemeral
        return said(result)

    return running


def said(result: Result) -> str:
    """All that an answer says."""
    assert result.message is not None
    parts = [result.message.content]
    for embed in result.message.embeds:
        fields = [f"{field['name']}: {field['value']}" for field in embed.get("fields", ())]
        parts += [embed["title"], embed.get("description", ""), *fields, embed.get("footer", {}).get("text", "")]
    return "\n".join(part for part in parts if part)


async def ask(town: Town) -> Result:
    result = await town.ada.run("video text", channel=town.channel, options={"prompt": "a cat"})
    assert result.message is not None
    return result


async def test_the_status_of_an_idle_bot(run: Run) -> None:
    text = await run("status")
    assert "New videos: are taken" in text
    assert "Video service: answers" in text
    assert "Under way: nothing" in text
    assert "Running for longest: nothing" in text
    assert "Spent today: $0.00 for 0 videos" in text
    assert "Open for more than a day: nothing" in text


async def test_the_status_counts_what_is_under_way(run: Run, town: Town) -> None:
    await ask(town)
    assert "Under way: Waiting to be handed over: 1" in await run("status")


async def test_a_pause_turns_new_videos_down_everywhere_until_it_ends(run: Run, town: Town) -> None:
    assert (await run("pause", reason="upkeep")).startswith("No new videos are taken in any server (paused <t:")
    refused = await ask(town)
    assert refused.ephemeral
    assert "are paused since <t:" in await run("status")
    assert (await run("resume")).startswith("New videos are taken again")
    assert not (await ask(town)).ephemeral


async def test_limits_of_the_whole_bot_are_set_hold_and_are_cleared(run: Run, town: Town) -> None:
    assert "There are none." in await run("limits show")
    assert await run("limits set", measure="generations", amount=1, window="day") == (
        "From now on, in all servers together: 1 video a day."
    )
    assert not (await ask(town)).ephemeral
    refused = await ask(town)
    assert refused.ephemeral
    assert await run("limits set", measure="generations", amount=2, window="day") == (
        "From now on, in all servers together: 2 videos a day. Before: 1 video."
    )
    assert not (await ask(town)).ephemeral
    assert await run("limits set", measure="micros", amount=12.5, window="month") == (
        "From now on, in all servers together: $12.50 a month."
    )
    text = await run("limits show")
    assert "**2 videos a day** · the bot's owner" in text
    assert "**$12.50 a month** · the bot's owner" in text
    assert await run("limits clear", measure="micros", window="month") == "Taken away: $12.50 a month."
    assert await run("limits clear", measure="micros", window="month") == (
        "That isn't set here, so there is nothing to take away."
    )


async def test_a_limit_that_makes_no_sense_is_refused(run: Run) -> None:
    assert (await run("limits set", measure="generations", amount=1)).startswith("Say for how long")
    assert (await run("limits set", measure="concurrent", amount=1, window="day")).startswith("That limit counts at")
    assert (await run("limits set", measure="concurrent", amount=1.5)).startswith("“1.5” is not a figure")


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("status", {}),
        ("pause", {}),
        ("resume", {}),
        ("log", {}),
        ("attach", {"generation": "x", "task_id": "y"}),
        ("limits show", {}),
        ("limits set", {"measure": "generations", "amount": 0, "window": "day"}),
        ("limits clear", {"measure": "generations", "window": "day"}),
    ],
)
async def test_an_administrator_who_is_not_the_owner_may_do_none_of_it(
    connected: Stage, town: Town, command: str, options: dict[str, Any]
) -> None:
    root = town.guild.add_member("root", roles=[town.guild.add_role("root", Permission.ADMINISTRATOR)])
    result = await root.run(f"owner {command}", channel=town.channel, options=options)
    assert result.ephemeral
    assert said(result) == "Only the owner of this bot can do that."
    assert (await connected.store.guilds.settings(0)).paused_at is None


async def test_attaching_to_what_there_is_not_is_told_as_such(run: Run) -> None:
    assert (
        await run("attach", generation="nothing", task_id="task")
        == "There is no video “nothing”. Its id is at the foot of its card."
    )


async def test_the_log_says_what_was_set_for_the_whole_bot_by_whom_and_why(run: Run, town: Town) -> None:
    assert await run("log") == "Log of the whole bot\nNothing like that was done."
    await run("pause", reason="the *bill*")
    await run("resume")
    await run("limits set", measure="generations", amount=2, window="day")
    title, limit, resumed, paused = (await run("log")).splitlines()
    owner = town.discord.owner
    assert title == "Log of the whole bot"
    assert re.sub(r"<t:\d+:\w>", "<t>", limit) == f"<t> <@{owner.id}> set a limit · nothing → 2 videos a day"
    assert f"<@{owner.id}> resumed new videos" in resumed
    assert f"<@{owner.id}> paused new videos" in paused
    assert r"“the \*bill\*”" in paused
    assert (await run("log", action="pause")).splitlines()[1:] == [paused]
    assert (await run("log", owner=owner)).splitlines()[1:] == [limit, resumed, paused]
    assert await run("log", owner=town.ada) == "Log of the whole bot\nNothing like that was done."


async def test_the_log_of_the_whole_bot_has_nothing_of_a_server(run: Run, connected: Stage, town: Town) -> None:
    deed = Deed(at=NOW, action=Action.PAUSE, guild_id=town.guild.id, actor_id=town.discord.owner.id)
    await connected.store.guilds.change_settings({"paused_at": NOW}, deed)
    assert await run("log") == "Log of the whole bot\nNothing like that was done."


async def test_older_lines_of_the_whole_bot_are_reached_by_their_number(run: Run) -> None:
    for amount in range(1, 13):
        await run("limits set", measure="concurrent", amount=amount)
    *newest, footer = (await run("log")).splitlines()[1:]
    (before,) = re.findall(r"Older lines come with before: (\d+)", footer)
    oldest = (await run("log", before=int(before))).splitlines()[1:]
    assert (len(newest), len(oldest)) == (10, 2)
    assert oldest[-1].endswith("nothing → 1 video at a time")


def busy() -> Status:
    """A status with the most of everything."""
    holds = tuple(
        Waiting(generation_id="a" * 12, guild_id=10**19, state=State.ACCEPTED, since=NOW - timedelta(days=2))
        for _ in range(20)
    )
    overview = Overview(
        queue=dict.fromkeys([state for state in State if not state.is_end], 1_000_000),
        oldest_running=Waiting(generation_id="b" * 12, guild_id=None, state=State.RUNNING, since=NOW),
        day_start=NOW,
        spend=Spend(micros=12_345_678, known=3, unknown=2),
        old_holds=holds,
        old_hold_count=500,
    )
    return Status(
        at=NOW,
        overview=overview,
        paused_at=NOW,
        door_closed_by="**402** " * 100,
        door_closed_at=NOW,
        away_since=NOW,
    )


def test_the_fullest_status_fits_and_says_it_all() -> None:
    embed = status_page.embed(busy()).to_dict()
    assert violations("POST", "/channels/1/messages", {"embeds": [embed]}) == []
    fields = {field["name"]: field["value"] for field in embed["fields"]}
    assert "/owner resume" in fields["New videos"]
    assert "takes nothing from us since" in fields["Video service"]
    assert "gives no usable answer since" in fields["Video service"]
    assert "In the making: 1000000" in fields["Under way"]
    assert fields["Running for longest"].endswith("directly")
    assert fields["Spent today"] == "$12.35 for 3 videos, and 2 of unknown price"
    assert fields["Open for more than a day"].endswith("and 492 more")

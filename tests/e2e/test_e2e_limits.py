"""Commands that arrive at the same instant count against the same limit: the last unit is taken once."""

import asyncio
import sqlite3
from typing import Any

from sandbox.discord import Permission
from tests.stage import Stage

MANY, ALLOWED = 25, 3


async def _all_at_once(stage: Stage, members: list[Any]) -> list[Any]:
    """What each is answered of those who ask at the same instant."""
    asking = [
        member.run("video text", channel=stage.channel, options={"prompt": f"video {number}"})
        for number, member in enumerate(members)
    ]
    return await asyncio.gather(*asking)


async def _assert_three_of_them(stage: Stage, results: list[Any], limit: str) -> None:
    """Three public cards, all others turned down privately by the limit's name, and nothing more was handed over."""
    cards = [result for result in results if not result.ephemeral]
    refusals = [result.message.content for result in results if result.ephemeral]
    assert (len(cards), len(refusals)) == (ALLOWED, MANY - ALLOWED)
    assert [refusal for refusal in refusals if f"{limit}. Left: 0 videos. It starts over <t:" not in refusal] == []
    await stage.until(lambda: len(stage.videos()) == ALLOWED, within=60)
    assert len(stage.provider.submissions) == ALLOWED
    with sqlite3.connect(f"file:{stage.database}?mode=ro", uri=True) as connection:
        entries = dict(connection.execute("SELECT kind, COUNT(*) FROM ledger GROUP BY kind").fetchall())
    assert entries == dict.fromkeys(("hold", "release", "charge"), ALLOWED)


async def test_of_25_commands_of_a_member_at_once_a_limit_of_3_lets_exactly_3_through(stage: Stage) -> None:
    await stage.start(limits={"generations_per_day": ALLOWED, "concurrent": MANY})
    results = await _all_at_once(stage, [stage.ada] * MANY)
    await _assert_three_of_them(stage, results, "3 videos a day for each member")


async def test_of_25_members_at_once_a_limit_of_3_for_the_server_lets_exactly_3_through(stage: Stage) -> None:
    await stage.start()
    mia = stage.guild.add_member("mia", roles=[stage.guild.add_role("mods", Permission.MANAGE_GUILD)])
    options = {"measure": "generations", "window": "day", "amount": ALLOWED, "for_server": True}
    await mia.run("mod limits set", channel=stage.channel, options=options)
    results = await _all_at_once(stage, [stage.guild.add_member(f"member-{number}") for number in range(MANY)])
    await _assert_three_of_them(stage, results, "3 videos a day for this server")
    assert len({result.interaction.user.id for result in results}) == MANY

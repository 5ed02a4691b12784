"""/mod limits."""

import re
from typing import Any

import pytest

from bot.domain.errors import FigureUnreadable, Rejection
from bot.domain.limits import Limit, Measure, Scope, Window
from cogs.mod_limits import MEASURES, WINDOWS, key_of, limit_of, whole
from tests.chat.stage import Setting
from tests.cogs.conftest import Scene
from tests.cogs.moderating import audit, moderator, said, suggested

PER_DAY: dict[str, Any] = {"measure": "generations", "window": "day"}


async def here(scene: Scene) -> list[Limit]:
    """What is set in the guild."""
    return await scene.stage.store.guilds.limits(scene.guild.id)


async def test_a_limit_for_every_member_takes_the_place_of_the_configurations(scene: Scene) -> None:
    mia = moderator(scene)
    assert await said(scene, mia, "mod limits show") == (
        "Limits · 1\n**10 videos a day** for each member · the bot's configuration"
    )
    assert await said(scene, mia, "mod limits set", amount=3, **PER_DAY, reason="a fair share") == (
        "From now on: 3 videos a day for each member."
    )
    assert await said(scene, mia, "mod limits show") == "Limits · 1\n**3 videos a day** for each member · set here"
    assert await said(scene, mia, "mod limits set", amount=0, **PER_DAY) == (
        "From now on: 0 videos a day for each member. Before: 3 videos."
    )
    refusal = await said(scene, scene.ada, "video text", prompt="a cat")
    assert refusal.startswith("That is more than is allowed here: 0 videos a day for each member.")
    assert [(line.action, line.why) for line in await audit(scene)] == [
        ("set_limit", None),
        ("set_limit", "a fair share"),
    ]


async def test_limits_are_set_for_a_role_a_member_and_the_server(scene: Scene) -> None:
    mia = moderator(scene)
    role = scene.guild.create_role("patrons")
    told = [
        await said(scene, mia, "mod limits set", amount=20, **PER_DAY, role=role),
        await said(scene, mia, "mod limits set", amount=30, **PER_DAY, member=scene.ada),
        await said(scene, mia, "mod limits set", amount=40, **PER_DAY, for_server=True),
        await said(scene, mia, "mod limits set", amount=50, **PER_DAY, role=scene.guild.default_role),
    ]
    assert told == [
        f"From now on: 20 videos a day for each with <@&{role.id}>.",
        f"From now on: 30 videos a day for <@{scene.ada.id}>.",
        "From now on: 40 videos a day for this server.",
        "From now on: 50 videos a day for each member.",
    ]
    assert {(limit.scope, limit.scope_id, limit.amount) for limit in await here(scene)} == {
        (Scope.ROLE, role.id, 20),
        (Scope.MEMBER, scene.ada.id, 30),
        (Scope.GUILD, 0, 40),
        (Scope.MEMBER, 0, 50),
    }


@pytest.mark.parametrize("chosen", [("role", "member"), ("member", "for_server"), ("role", "for_server")])
async def test_a_limit_is_for_one_of_them(scene: Scene, chosen: tuple[str, str]) -> None:
    mia = moderator(scene)
    everything = {"role": scene.guild.create_role("patrons"), "member": scene.ada, "for_server": True}
    told = await said(scene, mia, "mod limits set", amount=1, **PER_DAY, **{name: everything[name] for name in chosen})
    assert told == "Fill in just one of these: role, member, for_server."
    assert await here(scene) == []


async def test_dollars_are_kept_to_the_micro(scene: Scene) -> None:
    mia = moderator(scene)
    told = await said(scene, mia, "mod limits set", measure="micros", amount=12.345678, window="month", for_server=True)
    assert told == "From now on: $12.35 a month for this server."
    assert [limit.amount for limit in await here(scene)] == [12_345_678]


@pytest.mark.parametrize(
    ("measure", "amount", "stored"),
    [
        (Measure.MICROS, 0.1, 100_000),
        (Measure.MICROS, 0.29, 290_000),
        (Measure.MICROS, 1e6, 10**12),
        (Measure.GENERATIONS, 3.0, 3),
        (Measure.SECONDS, 1e15, 10**15),
    ],
)
def test_an_amount_is_stored_exactly(measure: Measure, amount: float, stored: int) -> None:
    assert whole(measure, amount) == stored


@pytest.mark.parametrize(
    ("measure", "amount"),
    [(Measure.GENERATIONS, 2.5), (Measure.MICROS, 1e-7), (Measure.CONCURRENT, 0.1), (Measure.MICROS, float("inf"))],
)
def test_what_cannot_be_counted_is_no_amount(measure: Measure, amount: float) -> None:
    with pytest.raises(Rejection) as rejected:
        whole(measure, amount)
    assert isinstance(rejected.value.problem, FigureUnreadable)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"measure": "generations", "amount": 1}, "Say for how long that limit counts"),
        ({"measure": "concurrent", "amount": 1, "window": "day"}, "That limit counts at every moment"),
        ({"measure": "micros", "amount": 1_000_001, "window": "day"}, "That is more than a limit can be."),
        ({"measure": "generations", "amount": 1.5, "window": "day"}, "“1.5” is not a figure"),
    ],
)
async def test_an_unfit_limit_is_refused(scene: Scene, options: dict[str, Any], told: str) -> None:
    mia = moderator(scene)
    assert (await said(scene, mia, "mod limits set", **options)).startswith(told)
    assert await here(scene) == []


async def test_what_is_in_force_for_a_member_is_shown_with_what_is_left(scene: Scene) -> None:
    mia = moderator(scene)
    role = scene.guild.create_role("patrons")
    bea = scene.guild.add_member(scene.env.create_user("bea"), roles=[role])
    await said(scene, mia, "mod limits set", amount=20, **PER_DAY, role=role)
    await said(scene, mia, "mod limits set", measure="cooldown", amount=60)
    await bea.slash(scene.channel, "video text", prompt="a cat")
    told = re.sub(r"<t:\d+:R>", "<t>", await said(scene, mia, "mod limits show", member=bea))
    assert told.splitlines() == [
        "Limits · 2",
        f"**20 videos a day** for each with <@&{role.id}> · set here",
        "1 used, 19 left · starts over <t>",
        "**60 seconds between videos** for each member · set here",
        "next one <t>",
        f"<@{bea.id}>",
    ]
    adas = await said(scene, mia, "mod limits show", member=scene.ada)
    assert "**10 videos a day** for each member · the bot's configuration\n0 used, 10 left" in adas
    assert "nothing to wait for" in adas


OF_ALL = Limit(scope=Scope.BOT, measure=Measure.MICROS, amount=9_000_000, window=Window.MONTH)


@pytest.mark.parametrize("setting", [Setting(limits=(OF_ALL,))], indirect=True, ids=["of the whole bot"])
async def test_moderators_are_told_nothing_of_what_is_used_elsewhere(scene: Scene) -> None:
    elsewhere = scene.env.create_guild("elsewhere")
    bea = elsewhere.add_member(scene.env.create_user("bea"))
    await bea.slash(elsewhere.create_text_channel("videos"), "video text", prompt="a dog", duration=8)
    told = await said(scene, moderator(scene), "mod limits show", member=scene.ada)
    assert "something is left · starts over" in told
    assert "used" not in told
    assert "$7.80" not in told


async def test_somebody_who_left_is_shown_without_roles(scene: Scene) -> None:
    mia = moderator(scene)
    scene.guild.remove_member(scene.ada)
    told = await said(scene, mia, "mod limits show", member=scene.ada.user)
    assert told.endswith(f"<@{scene.ada.id}> · not a member any more, so without roles")


async def test_a_limit_is_cleared_from_the_list(scene: Scene) -> None:
    mia = moderator(scene)
    role = scene.guild.create_role("patrons")
    await said(scene, mia, "mod limits set", amount=20, **PER_DAY, role=role)
    await said(scene, mia, "mod limits set", measure="concurrent", amount=1, member=scene.ada)
    assert await suggested(scene, mia, "mod limits clear", "limit") == {
        f"1 video at a time for {scene.ada.id}": f"member:{scene.ada.id}:concurrent:",
        "20 videos a day for @patrons": f"role:{role.id}:generations:day",
    }
    (key,) = (await suggested(scene, mia, "mod limits clear", "limit", "PATRON")).values()
    told = await said(scene, mia, "mod limits clear", limit=key, reason="no more patrons")
    assert told == f"Taken away: 20 videos a day for each with <@&{role.id}>."
    assert (await said(scene, mia, "mod limits clear", limit=key)).startswith("That isn't set here")
    assert [limit.scope for limit in await here(scene)] == [Scope.MEMBER]


@pytest.mark.parametrize(
    "typed",
    [
        "nonsense",
        "member:x:generations:day",
        "a:b:c",
        "member:1:generations:year",
        "::::",
        f"member:{2**63}:generations:day",
        "member:-1:generations:day",
        f"member:{'9' * 80}:generations:",
    ],
)
async def test_what_names_no_limit_clears_none(scene: Scene, typed: str) -> None:
    mia = moderator(scene)
    assert (await said(scene, mia, "mod limits clear", limit=typed)).startswith("That isn't set here")


async def test_the_bots_own_limits_are_not_for_moderators_to_clear(scene: Scene) -> None:
    mia = moderator(scene)
    assert (await said(scene, mia, "mod limits clear", limit="bot:0:micros:day")).startswith("That isn't set here")


@pytest.mark.parametrize("window", [None, *Window])
@pytest.mark.parametrize("measure", Measure)
def test_a_key_names_its_limit(measure: Measure, window: Window | None) -> None:
    limit = Limit(scope=Scope.ROLE, scope_id=2**63 - 1, measure=measure, window=window, amount=0)
    assert limit_of(key_of(limit)) == limit
    assert len(key_of(limit)) <= 100


def test_every_measure_and_window_can_be_chosen() -> None:
    assert (set(MEASURES), set(WINDOWS)) == (set(Measure), set(Window))

"""/mod filter, /mod channels and /mod models."""

import re

import pytest

from bot.chat.lists import IDS, code, fitting, id_of, listing, told
from bot.domain.errors import NotListed, Rejection
from bot.domain.moderating import Action, Deed
from bot.domain.word_rules import RuleKind
from tests.chat.stage import now
from tests.cogs.conftest import Scene
from tests.cogs.moderating import audit, moderator, said, suggested

GONE = "That isn't set here, so there is nothing to take away."
LIKE = "\N{MODIFIER LETTER GRAVE ACCENT}"
THERE = "That is on the list already."


async def test_a_word_is_turned_down_without_a_charge_until_it_is_taken_away(scene: Scene) -> None:
    mia = moderator(scene)
    assert await said(scene, mia, "mod filter add", text="cabbage") == (
        "Prompts with `cabbage` are turned down from now on."
    )
    assert await said(scene, mia, "mod filter add", text="cabbage") == THERE
    assert (await said(scene, scene.ada, "video text", prompt="a CABBAGE")).startswith("Your prompt has words")
    assert await scene.stored() == []
    (number,) = (await suggested(scene, mia, "mod filter remove", "rule")).values()
    assert await said(scene, mia, "mod filter remove", rule=number) == "`cabbage` is off the list."
    assert await said(scene, mia, "mod filter remove", rule=number) == GONE
    assert not (await scene.run("video text", prompt="a cabbage")).ephemeral


async def test_rules_are_listed_privately_as_they_are(scene: Scene) -> None:
    mia = moderator(scene)
    await said(scene, mia, "mod filter add", text="**bold**")
    await said(scene, mia, "mod filter add", text="a`b|[c](d)", kind="pattern")
    assert await said(scene, mia, "mod filter list") == (
        f"Word rules · 2\nword · `**bold**`\npattern · `a{LIKE}b|[c](d)`"
    )
    assert list(await suggested(scene, mia, "mod filter remove", "rule", "pattern")) == ["pattern: a`b|[c](d)"]


async def test_a_pattern_that_is_none_is_refused(scene: Scene) -> None:
    mia = moderator(scene)
    assert (await said(scene, mia, "mod filter add", text="(a", kind="pattern")).startswith("That is not a pattern")
    assert await said(scene, mia, "mod filter list") == "Word rules\nThere are no word rules here."


@pytest.mark.parametrize("typed", ["cabbage", "-1", "٣", "9" * 19, "9" * 30, "1; DROP TABLE", "0"])
async def test_what_names_no_entry_takes_none_away(scene: Scene, typed: str) -> None:
    mia = moderator(scene)
    await said(scene, mia, "mod filter add", text="cabbage")
    assert await said(scene, mia, "mod filter remove", rule=typed) == GONE
    assert await said(scene, mia, "mod channels remove", channel=typed) == GONE
    assert await said(scene, mia, "mod models remove", model=typed) == GONE


async def test_with_a_channel_on_the_list_videos_are_made_nowhere_else(scene: Scene) -> None:
    mia = moderator(scene)
    other = scene.guild.create_text_channel("lobby")
    assert await said(scene, mia, "mod channels list") == "Channels\nVideos are made everywhere."
    allowed = await said(scene, mia, "mod channels allow", channel=other)
    assert allowed == f"Videos are made in <#{other.id}>, and nowhere that isn't on the list."
    assert await said(scene, mia, "mod channels allow", channel=other) == THERE
    assert await said(scene, scene.ada, "video text", prompt="a cat") == f"Videos are made in <#{other.id}>."
    assert not (await scene.ada.slash(other, "video text", prompt="a cat")).ephemeral
    assert await said(scene, mia, "mod channels list") == f"Channels · 1\n<#{other.id}>"


async def test_a_category_stands_for_the_channels_in_it(scene: Scene) -> None:
    mia = moderator(scene)
    category = scene.guild.create_category("making")
    inside = scene.guild.create_text_channel("films", category=category)
    await said(scene, mia, "mod channels allow", channel=category)
    assert not (await scene.ada.slash(inside, "video text", prompt="a cat")).ephemeral
    assert (await scene.run("video text", prompt="a cat")).ephemeral


async def test_a_channel_is_taken_from_the_list(scene: Scene) -> None:
    mia = moderator(scene)
    await said(scene, mia, "mod channels allow", channel=scene.channel)
    assert await suggested(scene, mia, "mod channels remove", "channel") == {"#videos": str(scene.channel.id)}
    told = await said(scene, mia, "mod channels remove", channel=f"<#{scene.channel.id}>", reason="moved")
    assert told == f"<#{scene.channel.id}> is off the list. It is empty: videos are made everywhere."
    latest = (await audit(scene))[0]
    assert (latest.action, latest.why) == ("remove_channel", "moved")


async def test_a_channel_that_is_gone_can_be_taken_from_the_list(scene: Scene) -> None:
    mia = moderator(scene)
    await said(scene, mia, "mod channels allow", channel=scene.channel)
    other = scene.guild.create_text_channel("lobby")
    known = scene.stage.bot.get_channel(scene.channel.id)
    await known.delete()  # type: ignore[union-attr]  # a text channel
    choices = await mia.autocomplete(other, "mod channels remove", "channel", "")
    assert choices == [{"name": f"a channel that is gone: {scene.channel.id}", "value": str(scene.channel.id)}]


@pytest.mark.parametrize("typed", [str(2**63), f"<#{2**63}>", "9" * 25])
async def test_what_can_be_no_id_names_no_channel(scene: Scene, typed: str) -> None:
    assert await said(scene, moderator(scene), "mod channels remove", channel=typed) == GONE


@pytest.mark.parametrize("typed", [f"{2**63}:veo3.1-fast", f"{'9' * 30}:veo3.1-fast", f"{2**63 - 1}:veo3.1-fast"])
async def test_what_can_be_no_role_names_no_model(scene: Scene, typed: str) -> None:
    mia = moderator(scene)
    await said(scene, mia, "mod models allow", model="veo3.1-fast")
    assert await said(scene, mia, "mod models remove", model=typed) == GONE


async def test_models_are_allowed_by_role(scene: Scene) -> None:
    mia = moderator(scene)
    role = scene.guild.create_role("patrons")
    bea = scene.guild.add_member(scene.env.create_user("bea"), roles=[role])
    assert await said(scene, mia, "mod models list") == "Models\nEveryone may use all models."
    assert await said(scene, mia, "mod models allow", model="veo3.1-fast") == (
        "`veo3.1-fast` may be used by everyone; models on no list by nobody."
    )
    told = await said(scene, mia, "mod models allow", model="sora-2", role=role)
    assert told == f"`sora-2` may be used by <@&{role.id}>; models on no list by nobody."
    assert await said(scene, mia, "mod models allow", model="sora-2", role=role) == THERE
    refusal = await said(scene, scene.ada, "video text", prompt="a cat", model="sora-2")
    assert refusal == "You can't use sora-2 here. You can use veo3.1-fast."
    assert not (await bea.slash(scene.channel, "video text", prompt="a cat", model="sora-2")).ephemeral
    listed = await said(scene, mia, "mod models list")
    assert set(listed.splitlines()[1:]) == {"everyone: `veo3.1-fast`", f"<@&{role.id}>: `sora-2`"}


async def test_a_model_is_taken_from_the_list(scene: Scene) -> None:
    mia = moderator(scene)
    role = scene.guild.create_role("patrons")
    await said(scene, mia, "mod models allow", model="veo3.1-fast")
    await said(scene, mia, "mod models allow", model="sora-2", role=role)
    choices = await suggested(scene, mia, "mod models remove", "model")
    assert choices == {
        "veo3.1-fast · everyone": f"{scene.guild.id}:veo3.1-fast",
        "sora-2 · @patrons": f"{role.id}:sora-2",
    }
    assert await said(scene, mia, "mod models remove", model=choices["sora-2 · @patrons"]) == (
        f"`sora-2` is off the list of <@&{role.id}>."
    )
    assert await said(scene, mia, "mod models remove", model="veo3.1-fast") == (
        "`veo3.1-fast` is off the list of everyone. No list is left: everyone may use all models."
    )


async def test_models_are_suggested_from_the_catalog(scene: Scene) -> None:
    mia = moderator(scene)
    assert "veo3.1-fast" in await suggested(scene, mia, "mod models allow", "model", "veo3.1-f")
    assert (await said(scene, mia, "mod models allow", model="nonsense")).startswith("There is no model called")


async def test_all_rules_of_a_full_list_are_seen_page_by_page(scene: Scene) -> None:
    mia = moderator(scene)
    texts = [f"word{number:03}" + "x" * 190 for number in range(40)]
    deed = Deed(at=now(), action=Action.ADD_RULE, guild_id=scene.guild.id, actor_id=mia.id)
    for text in texts:
        await scene.stage.store.guilds.add_rule(RuleKind.WORD, text, deed)
    seen: list[str] = []
    page = 1
    while page:
        told = await said(scene, mia, "mod filter list", page=page)
        assert told.startswith("Word rules · 40\n")
        seen += re.findall(r"`(.+)`", told)
        (page,) = map(int, re.findall(r"More comes with page: (\d+)$", told) or [0])
    assert seen == texts
    assert told.endswith("Page 3, the last one.")
    assert await said(scene, mia, "mod filter list", page=1_000) == told


def test_a_list_is_cut_into_pages_of_whole_lines() -> None:
    lines = [f"{number:02}" + "x" * 98 for number in range(60)]
    first, last = (listing("Title", lines, "Nothing.", page) for page in (1, 2))
    assert [first.title, last.title] == ["Title · 60"] * 2
    assert f"{first.description}\n{last.description}".splitlines() == lines
    assert len(first.description or "") <= 4096
    assert first.footer.text == "Page 1 of 2. More comes with page: 2"
    assert last.footer.text == "Page 2, the last one."
    assert listing("Title", lines, "Nothing.", 3).to_dict() == last.to_dict()


def test_a_list_of_one_page_or_none_says_nothing_of_pages() -> None:
    assert listing("Title", ["x"], "Nothing.", 9).footer.text is None
    assert listing("Title", ["x"], "Nothing.", 9).description == "x"
    assert listing("Title", [], "Nothing.", 9).description == "Nothing."


def test_texts_from_people_stay_on_one_line_and_format_nothing() -> None:
    assert told("a\n# b *c*") == r"a # b \*c\*"
    assert len(told("x" * 1000)) == 300
    assert code("a\n`b`") == f"`a {LIKE}b{LIKE}`"


def test_an_id_is_a_number_that_a_database_takes() -> None:
    assert [id_of(text) for text in ("0", " 42 ", str(IDS - 1))] == [0, 42, IDS - 1]
    for text in ("", "-1", "+1", "1_0", "x", "٣", str(IDS), "9" * 5_000):
        with pytest.raises(Rejection) as rejected:
            id_of(text)
        assert rejected.value.problem == NotListed(), text


def test_lines_that_fit_are_kept_whole_and_one_is_always_kept() -> None:
    assert fitting(["x" * 100] * 40) == ["x" * 100] * 40
    assert fitting(["x" * 2047, "x" * 2048]) == ["x" * 2047, "x" * 2048]
    assert fitting(["x" * 2048, "x" * 2048]) == ["x" * 2048]
    assert fitting(["x" * 9_999, "y"]) == ["x" * 9_999]
    assert fitting([]) == []

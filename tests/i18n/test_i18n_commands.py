"""Commands and answers in a member's own language, over the wire."""

from typing import Any

import pytest

from bot.work.protocols import Notice
from sandbox.discord import Permission
from sandbox.discord.members import Member
from tests.chat.stage import Stage
from tests.chat.town import Town
from tests.i18n.conftest import Speaking

GLOBAL = "/applications/{application_id}/commands"


@pytest.fixture(autouse=True)
def german(translate: Speaking) -> None:
    """Before the bot logs in, so that its commands are registered in German too."""
    translate(
        "de",
        {
            "Make a video from words": "Ein Video aus Worten",
            "their style": "ihr Stil",
            "Text to video": "Text zu Video",
            "There is no model called “{model}”.": "Ein Modell „{model}“ gibt es nicht.",
            "This bot doesn't make videos here.": "Hier macht dieser Bot keine Videos.",
            "Your usage": "Dein Verbrauch",
        },
    )


@pytest.fixture
def bert(town: Town) -> Member:
    return town.guild.add_member("bert", locale="de")


def test_descriptions_and_choices_are_registered_in_every_language(german: None, stage: Stage, town: Town) -> None:
    (request,) = town.discord.requests_to("PUT", GLOBAL)
    (video,) = [command for command in request.body if command["name"] == "video"]
    subcommands: dict[str, dict[str, Any]] = {option["name"]: option for option in video["options"]}
    assert subcommands["text"]["description_localizations"] == {"de": "Ein Video aus Worten"}
    (role,) = [option for option in subcommands["reference"]["options"] if option["name"] == "role"]
    assert [choice.get("name_localizations") or {} for choice in role["choices"]] == [{}, {"de": "ihr Stil"}]


async def test_a_refusal_is_in_the_members_language(connected: Stage, town: Town, bert: Member) -> None:
    options = {"prompt": "a cat", "model": "zzz"}
    german = await bert.run("video text", channel=town.channel, options=options)
    english = await town.ada.run("video text", channel=town.channel, options=options)
    assert german.message is not None
    assert german.message.content.startswith("Ein Modell „zzz“ gibt es nicht.")
    assert english.message is not None
    assert english.message.content.startswith("There is no model called “zzz”.")


async def test_a_card_is_in_its_requesters_language_for_all_its_life(
    connected: Stage, town: Town, bert: Member
) -> None:
    result = await bert.run("video text", channel=town.channel, options={"prompt": "eine Katze"})
    assert result.message is not None
    assert result.message.embeds[0]["title"] == "Text zu Video · veo3.1-fast"
    made = await connected.latest(bert.id, town.guild.id)
    assert made.origin.locale == "de"
    await connected.delivery.show(made, None, made.accepted_at)
    assert result.message.edits == 1
    assert result.message.embeds[0]["title"] == "Text zu Video · veo3.1-fast"


async def test_a_card_that_a_moderator_brings_about_is_in_its_requesters_language(
    connected: Stage, town: Town, bert: Member
) -> None:
    await bert.run("video text", channel=town.channel, options={"prompt": "eine Katze"})
    undecided = await connected.lose(await connected.latest(bert.id, town.guild.id))
    await connected.delivery.tell(undecided, Notice())
    notice = town.channel.messages[-1]
    mia = town.guild.add_member("mia", roles=[town.guild.add_role("mods", Permission.MANAGE_GUILD)])
    result = await mia.press(notice, f"showreel:submit-again:{undecided.id}")
    assert result.message is not None
    assert (result.ephemeral, result.message.embeds[0]["title"]) == (False, "Text zu Video · veo3.1-fast")


async def test_an_answer_after_a_deferral_and_an_embed_are_in_the_members_language(
    connected: Stage, town: Town, bert: Member
) -> None:
    usage = await bert.run("usage", channel=town.channel)
    await town.discord.wait_for(lambda: usage.message is not None and not usage.message.loading, timeout=5)
    assert usage.message is not None
    assert usage.message.embeds[0]["title"] == "Dein Verbrauch"

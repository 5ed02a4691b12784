"""Who sees and may use the commands, and from where."""

from typing import Any

import discord
import pytest
from simcord import SetupError

from bot.chat.client import Served
from tests.chat.stage import Setting
from tests.cogs.conftest import Scene

GUILD = 99 << 22
NOT_HERE = "This bot doesn't make videos here."


@pytest.fixture
def elsewhere() -> int:
    """The id of a guild that isn't served."""
    return GUILD + (1 << 22)


async def test_in_direct_messages_there_is_only_what_concerns_oneself(scene: Scene) -> None:
    assert set(scene.ada.user.available_commands()) == {"privacy show", "privacy delete"}
    with pytest.raises(SetupError, match="not visible"):
        await scene.ada.user.slash("video text", prompt="a cat")


@pytest.mark.parametrize("setting", [Setting(served=Served(user_install=True))], indirect=True, ids=["personal"])
async def test_as_a_personal_app_it_works_in_direct_messages(scene: Scene) -> None:
    result = await scene.ada.user.slash("video text", prompt="a cat")
    (stored,) = await scene.stage.all_of(scene.ada.id, None)
    assert result.response is not None
    assert not result.ephemeral
    assert stored.origin.guild_id is None
    assert stored.origin.in_thread
    assert stored.card is not None
    assert stored.card.channel_id == stored.origin.channel_id == scene.ada.user.dm_channel.id


@pytest.mark.parametrize("setting", [Setting(served=Served(user_install=True))], indirect=True, ids=["personal"])
async def test_as_a_personal_app_usage_is_counted_apart_from_guilds(scene: Scene) -> None:
    await scene.ada.user.slash("video text", prompt="a cat")
    assert await scene.stage.used(scene.ada.id, None) == 1
    assert await scene.stage.used(scene.ada.id, scene.guild.id) == 0


@pytest.mark.parametrize(
    "setting", [Setting(served=Served(guild_ids=(GUILD,)), guild_id=GUILD)], indirect=True, ids=["one guild"]
)
async def test_a_served_guild_has_the_commands_and_another_has_not(scene: Scene, elsewhere: int) -> None:
    other = scene.env.create_guild("Elsewhere", id=elsewhere)
    channel = other.create_text_channel("videos")
    bea = other.add_member(scene.env.create_user("bea"))
    assert "video text" in scene.ada.available_commands(scene.channel)
    assert bea.available_commands(channel) == ()
    assert set(bea.user.available_commands()) == {"privacy show", "privacy delete"}


async def test_a_guild_that_is_not_served_is_refused_privately_whatever_the_client_shows(scene: Scene) -> None:
    scene.stage.bot.served = Served(guild_ids=(GUILD,))
    for command, options in (("video text", {"prompt": "a cat"}), ("models", {}), ("usage", {}), ("privacy show", {})):
        result = await scene.run(command, **options)
        assert result.response is not None
        assert (result.ephemeral, result.response.content) == (True, NOT_HERE)
    assert await scene.stored() == []


async def test_a_guild_that_is_not_served_gets_no_suggestions(scene: Scene) -> None:
    scene.stage.bot.served = Served(guild_ids=(GUILD,))
    result = await scene.ada.autocomplete(scene.channel, "video text", "model", "")
    assert result == []


@pytest.mark.parametrize("setting", [Setting(served=Served(user_install=True))], indirect=True, ids=["personal"])
async def test_as_a_personal_app_it_is_of_no_use_in_a_guild_that_never_invited_it(scene: Scene) -> None:
    def brought_along(event: str, payload: Any) -> None:
        if event == "INTERACTION_CREATE":
            payload["authorizing_integration_owners"] = {"1": payload["member"]["user"]["id"]}

    scene.env.backend.subscribers.insert(0, brought_along)
    result = await scene.run("video text", prompt="a cat")
    assert result.response is not None
    assert (result.ephemeral, result.response.content) == (True, NOT_HERE)
    assert await scene.stored() == []


async def test_a_member_who_may_use_no_commands_sees_none(scene: Scene) -> None:
    denied = discord.PermissionOverwrite(use_application_commands=False)
    quiet = scene.guild.create_text_channel("quiet", overwrites={scene.guild.default_role: denied})
    assert scene.ada.available_commands(quiet) == ()
    with pytest.raises(SetupError, match="not visible"):
        await scene.ada.slash(quiet, "video text", prompt="a cat")


async def test_the_card_is_there_for_everybody_and_a_refusal_for_nobody_else(scene: Scene) -> None:
    bea = scene.guild.add_member(scene.env.create_user("bea"))
    await scene.run("video text", prompt="a cat")
    await scene.run("video text", prompt="a cat", model="nonsense")
    await scene.run("models")
    await scene.run("usage")
    (card,) = scene.channel.history(viewer=bea)
    assert card.embeds[0].title == "Text to video · veo3.1-fast"


async def test_the_bot_needs_no_permission_in_the_channel_to_answer(scene: Scene) -> None:
    nothing = discord.PermissionOverwrite(send_messages=False, embed_links=False, create_public_threads=False)
    assert scene.stage.bot.user is not None
    quiet = scene.guild.create_text_channel("quiet", overwrites={scene.stage.bot.user: nothing})
    result = await scene.ada.slash(quiet, "video text", prompt="a cat")
    assert result.response is not None
    assert (await scene.stored())[0].card is not None

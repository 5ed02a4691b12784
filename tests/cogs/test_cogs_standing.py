"""What Discord states about who asks, and from where."""

import discord
import pytest
from simcord.actors import MemberActor
from simcord.builders import ChannelHandle

from bot.chat import intake
from bot.chat.client import Served
from bot.domain.guild import Standing
from tests.chat.stage import Setting
from tests.cogs.conftest import Scene


async def standing_of(scene: Scene, channel: ChannelHandle, member: MemberActor | None = None) -> Standing:
    """The standing of a member who uses a command in a channel."""
    seen: list[Standing] = []

    async def look(interaction: discord.Interaction) -> None:
        seen.append(intake.standing(interaction))

    scene.stage.bot.add_listener(look, "on_interaction")
    await (member or scene.ada).slash(channel, "usage")
    scene.stage.bot.remove_listener(look, "on_interaction")
    (standing,) = seen
    return standing


def known(scene: Scene, channel: ChannelHandle) -> discord.TextChannel:
    """A channel as the bot knows it."""
    found = scene.stage.bot.get_channel(channel.id)
    assert isinstance(found, discord.TextChannel)
    return found


async def test_a_member_stands_with_name_and_roles(scene: Scene) -> None:
    role = scene.guild.create_role("patron")
    scene.guild.create_role("of others")
    bea = scene.guild.add_member(scene.env.create_user("bea", global_name="Bea L."), roles=[role])
    standing = await standing_of(scene, scene.channel, bea)
    assert standing.name == "Bea L."
    assert standing.role_ids == {role.id, scene.guild.id}
    assert standing.channel_ids == {scene.channel.id}
    assert not standing.is_age_restricted


async def test_a_nickname_stays_in_its_guild(scene: Scene) -> None:
    for name, nickname in (("Bea L.", "the boss"), (None, "bea of Film Club")):
        user = scene.env.create_user("bea", global_name=name)
        member = scene.guild.add_member(user, nick=nickname)
        assert (await standing_of(scene, scene.channel, member)).name == (name or "bea")


async def test_a_channel_stands_with_its_category(scene: Scene) -> None:
    category = scene.guild.create_category("making")
    channel = scene.guild.create_text_channel("films", category=category)
    assert (await standing_of(scene, channel)).channel_ids == {channel.id, category.id}


async def test_a_thread_stands_with_the_channel_and_the_category_above_it(scene: Scene) -> None:
    category = scene.guild.create_category("making")
    channel = scene.guild.create_text_channel("films", category=category)
    thread = await known(scene, channel).create_thread(name="one", type=discord.ChannelType.public_thread)
    (handle,) = channel.threads
    assert (await standing_of(scene, handle)).channel_ids == {thread.id, channel.id, category.id}


async def test_a_thread_is_age_restricted_as_its_channel_is(scene: Scene) -> None:
    channel = known(scene, scene.channel)
    await channel.create_thread(name="one", type=discord.ChannelType.public_thread)
    (thread,) = scene.channel.threads
    assert not (await standing_of(scene, thread)).is_age_restricted
    channel.nsfw = True  # as an update of the channel would leave it; SimCord has no such field
    assert (await standing_of(scene, scene.channel)).is_age_restricted
    assert (await standing_of(scene, thread)).is_age_restricted


@pytest.mark.parametrize("setting", [Setting(served=Served(user_install=True))], indirect=True, ids=["personal"])
async def test_in_direct_messages_nobody_has_roles(scene: Scene) -> None:
    user = scene.env.create_user("carla")
    seen: list[Standing] = []

    async def look(interaction: discord.Interaction) -> None:
        seen.append(intake.standing(interaction))

    scene.stage.bot.add_listener(look, "on_interaction")
    await user.slash("usage")
    assert seen == [Standing(name="carla")]

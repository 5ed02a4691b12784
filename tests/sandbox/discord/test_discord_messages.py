"""Messages: files, nonces, mentions, limits, direct messages, and what is refused."""

from __future__ import annotations

import io
from typing import Any

import discord
import pytest

from sandbox.discord import Permission, SimulatedDiscord
from sandbox.discord.channels import Channel
from sandbox.discord.guilds import Guild
from sandbox.discord.members import Member
from tests.sandbox.discord.scripted import Rest, ScriptedBot


def _texts(bot: ScriptedBot, channel: Channel) -> discord.TextChannel:
    found = bot.get_channel(channel.id)
    assert isinstance(found, discord.TextChannel)
    return found


def _button(**fields: Any) -> dict[str, Any]:
    return {"type": 2, "style": 1, "label": "x", "custom_id": "a", **fields}


def _row(*buttons: dict[str, Any]) -> dict[str, Any]:
    return {"type": 1, "components": list(buttons)}


async def _post(rest: Rest, channel: Channel, **body: Any) -> dict[str, Any]:
    status, message = await rest("POST", f"/channels/{channel.id}/messages", body)
    assert status == 200, message
    assert isinstance(message, dict)
    return message


async def test_a_card_keeps_its_old_attachment_when_one_is_added(
    bot: ScriptedBot, channel: Channel, rest: Rest, png: bytes
) -> None:
    card = await _texts(bot, channel).send("card", file=discord.File(io.BytesIO(png), "in.png"))
    await card.edit(attachments=[*card.attachments, discord.File(io.BytesIO(b"video"), "out.mp4", description="d")])
    stored = channel.messages[0]
    assert [(file.filename, file.data) for file in stored.attachments] == [("in.png", png), ("out.mp4", b"video")]
    assert [file.content_type for file in stored.attachments] == ["image/png", "video/mp4"]
    assert stored.attachments[1].description == "d"
    assert stored.history[0].attachments == ("in.png",)
    await card.edit(content="bare", attachments=[])
    assert (stored.attachments, stored.edits, stored.content) == ([], 2, "bare")
    assert (await rest.get_file(card.attachments[0].url))[0] == 404


async def test_an_embed_shows_an_attachment_in_the_place_of_the_list(
    bot: ScriptedBot, channel: Channel, png: bytes
) -> None:
    embed = discord.Embed(title="t").set_image(url="attachment://a.png")
    message = await _texts(bot, channel).send(embed=embed, file=discord.File(io.BytesIO(png), "a.png"))
    assert message.attachments == []
    assert message.embeds[0].image.url is not None
    assert "/cdn/attachments/" in message.embeds[0].image.url
    assert channel.messages[0].attachments[0].filename == "a.png"
    plain = await message.edit(embeds=[])
    assert [file.filename for file in plain.attachments] == ["a.png"]


async def test_a_link_expires_and_reading_the_message_again_renews_it(
    simulated: SimulatedDiscord, bot: ScriptedBot, channel: Channel, rest: Rest, png: bytes
) -> None:
    message = await _texts(bot, channel).send(file=discord.File(io.BytesIO(png), "a.png"))
    url = message.attachments[0].url
    assert await rest.get_file(url) == (200, png)
    assert await rest.get_file(message.attachments[0].proxy_url) == (200, png)
    assert (await rest.get_file(url.split("?")[0]))[0] == 404
    assert (await rest.get_file(url.replace("?ex=", "?ex=f")))[0] == 404
    simulated.advance(24 * 3600)
    assert (await rest.get_file(url))[0] == 404
    fresh = await _texts(bot, channel).fetch_message(message.id)
    assert await rest.get_file(fresh.attachments[0].url) == (200, png)


async def test_one_nonce_is_one_message(simulated: SimulatedDiscord, bot: ScriptedBot, channel: Channel) -> None:
    first = await _texts(bot, channel).send("done", nonce="job-7")
    again = await _texts(bot, channel).send("done", nonce="job-7")
    assert (first.id, first.nonce) == (again.id, "job-7")
    assert len(channel.messages) == 1
    simulated.advance(181)
    assert (await _texts(bot, channel).send("done", nonce="job-7")).id != first.id


async def test_a_nonce_that_is_not_enforced_or_used_elsewhere_counts_for_nothing(
    guild: Guild, channel: Channel, rest: Rest
) -> None:
    await _post(rest, channel, content="a", nonce="n")
    await _post(rest, channel, content="a", nonce="n")
    other = guild.add_text_channel("other")
    await _post(rest, other, content="a", nonce="n", enforce_nonce=True)
    assert (len(channel.messages), len(other.messages)) == (2, 1)


async def test_a_deleted_message_is_not_made_again_by_its_nonce(bot: ScriptedBot, channel: Channel) -> None:
    message = await _texts(bot, channel).send("done", nonce="job-7")
    await message.delete()
    with pytest.raises(discord.NotFound) as caught:
        await _texts(bot, channel).send("done", nonce="job-7")
    assert caught.value.code == 10008
    assert channel.messages == []


@pytest.mark.parametrize(
    ("allowed", "users", "roles"),
    [
        (None, ["ada", "bob"], ["loud"]),
        ({"parse": []}, [], []),
        ({"parse": ["users"]}, ["ada", "bob"], []),
        ({"parse": [], "users": ["bob"]}, ["bob"], []),
        ({"parse": ["roles"]}, [], ["loud"]),
    ],
)
async def test_mentions_follow_the_text_and_what_is_allowed(
    guild: Guild, channel: Channel, rest: Rest, allowed: dict[str, Any] | None, users: list[str], roles: list[str]
) -> None:
    members = {name: guild.add_member(name) for name in ("ada", "bob")}
    loud, quiet = guild.add_role("loud", mentionable=True), guild.add_role("quiet")
    if allowed and "users" in allowed:
        allowed = {**allowed, "users": [str(members[name].id) for name in allowed["users"]]}
    text = f"<@{members['ada'].id}> <@!{members['bob'].id}> <@&{loud.id}> <@&{quiet.id}> <@1> @everyone"
    message = await _post(rest, channel, content=text, **({} if allowed is None else {"allowed_mentions": allowed}))
    assert channel.messages[0].mentions == [members[name].id for name in users]
    assert [user["username"] for user in message["mentions"]] == users
    assert message["mention_roles"] == [str(loud.id) for _ in roles]
    assert message["mention_everyone"] is False


async def test_everyone_is_mentioned_only_with_the_permission(guild: Guild, channel: Channel, rest: Rest) -> None:
    guild.allow(channel, Permission.MENTION_EVERYONE)
    assert (await _post(rest, channel, content="@everyone"))["mention_everyone"] is True
    quiet = await _post(rest, channel, content="@everyone", allowed_mentions={"parse": []})
    assert quiet["mention_everyone"] is False


async def test_a_reply_mentions_whom_it_answers_unless_told_otherwise(
    ada: Member, channel: Channel, rest: Rest
) -> None:
    asked = ada.send(channel, "hello?")
    reference = {"message_id": str(asked.id)}
    answer = await _post(rest, channel, content="yes", message_reference=reference)
    assert answer["message_reference"]["message_id"] == str(asked.id)
    assert channel.messages[1].mentions == [ada.id]
    assert channel.messages[1].reference is not None
    await _post(rest, channel, content="yes", message_reference=reference, allowed_mentions={"parse": []})
    assert channel.messages[2].mentions == []


async def test_an_edit_parses_its_text_afresh(ada: Member, channel: Channel, rest: Rest) -> None:
    message = await _post(rest, channel, content="soon", embeds=[{"title": "card"}])
    path = f"/channels/{channel.id}/messages/{message['id']}"
    status, edited = await rest("PATCH", path, {"content": f"<@{ada.id}>"})
    assert status == 200
    assert [user["id"] for user in edited["mentions"]] == [str(ada.id)]
    assert edited["edited_timestamp"] is not None
    stored = channel.messages[0]
    assert (stored.edits, stored.history[0].content, stored.embeds) == (1, "soon", [{"title": "card"}])


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"content": "x" * 2001}, "content"),
        ({"embeds": [{"title": "x" * 257}]}, "embeds.0.title"),
        ({"embeds": [{"description": "x" * 4097}]}, "embeds.0.description"),
        ({"embeds": [{"fields": [{"name": "n", "value": "v"}] * 26}]}, "embeds.0.fields"),
        ({"embeds": [{"fields": [{"name": "x" * 257, "value": "v"}]}]}, "embeds.0.fields.0.name"),
        ({"embeds": [{"fields": [{"name": "n", "value": "x" * 1025}]}]}, "embeds.0.fields.0.value"),
        ({"embeds": [{"footer": {"text": "x" * 2049}}]}, "embeds.0.footer.text"),
        ({"embeds": [{"description": "x" * 3001}] * 2}, "embeds"),
        ({"embeds": [{"title": "t"}] * 11}, "embeds"),
        ({"content": "x", "nonce": "n" * 26}, "nonce"),
        ({"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}}, "allowed_mentions"),
        ({"content": "x", "message_reference": {"message_id": "1"}}, "message_reference"),
        ({"content": "x", "components": [_row()]}, "components.0.components"),
        ({"content": "x", "components": [_row(_button())] * 6}, "components"),
        ({"content": "x", "components": [_row(_button(custom_id=None))]}, "components.0.components.0.custom_id"),
        ({"content": "x", "components": [_row(_button(style=5, url="u"))]}, "components.0.components.0.custom_id"),
        ({"content": "x", "components": [_row(_button(custom_id="a" * 101))]}, "components.custom_id"),
        ({"content": "x", "components": [_row(_button(), _button())]}, "components.custom_id"),
        ({"content": "x", "flags": 1 << 15}, "content"),
        ({"embeds": ["x"]}, "_body"),
    ],
)
async def test_a_message_over_the_limits_is_refused(
    channel: Channel, rest: Rest, body: dict[str, Any], where: str
) -> None:
    status, answer = await rest("POST", f"/channels/{channel.id}/messages", body)
    assert (status, answer["code"]) == (400, 50035)
    node = answer["errors"]
    for part in where.split("."):
        node = node[part]
    assert node["_errors"][0]["message"]
    assert channel.messages == []


async def test_a_files_size_is_limited_by_the_guilds_tier(
    simulated: SimulatedDiscord, channel: Channel, rest: Rest
) -> None:
    boosted = simulated.add_guild("boosted", premium_tier=2).add_text_channel("videos")
    files = {"files[0]": ("a.mp4", bytes(10 * 1024 * 1024 + 1))}
    status, body = await rest("POST", f"/channels/{channel.id}/messages", {}, files=files)
    assert (status, body["code"]) == (413, 40005)
    status, message = await rest("POST", f"/channels/{boosted.id}/messages", {}, files=files)
    assert status == 200
    assert len((await rest.get_file(message["attachments"][0]["url"]))[1]) == message["attachments"][0]["size"]


async def test_messages_are_listed_newest_first_around_a_point(channel: Channel, rest: Rest) -> None:
    ids = [(await _post(rest, channel, content=str(number)))["id"] for number in range(6)]

    async def listed(query: str) -> list[str]:
        status, messages = await rest("GET", f"/channels/{channel.id}/messages?{query}")
        assert status == 200
        return [message["content"] for message in messages]

    assert await listed("limit=2") == ["5", "4"]
    assert await listed(f"limit=2&before={ids[3]}") == ["2", "1"]
    assert await listed(f"limit=2&after={ids[3]}") == ["5", "4"]
    assert await listed(f"limit=2&after={ids[0]}") == ["2", "1"]
    assert await listed(f"limit=3&around={ids[3]}") == ["4", "3", "2"]
    assert (await rest("GET", f"/channels/{channel.id}/messages?limit=101"))[0] == 400


async def test_the_bot_edits_only_its_own_and_deletes_others_with_the_permission(
    guild: Guild, ada: Member, channel: Channel, rest: Rest
) -> None:
    path = f"/channels/{channel.id}/messages/{ada.send(channel, 'hello').id}"
    status, seen = await rest("GET", path)
    assert (status, seen["content"]) == (200, "")
    assert (await rest("PATCH", path, {"content": "x"}))[1]["code"] == 50005
    assert (await rest("DELETE", path))[1]["code"] == 50013
    guild.allow(channel, Permission.MANAGE_MESSAGES)
    assert await rest("DELETE", path) == (204, None)
    assert (await rest("GET", path))[1]["code"] == 10008


async def test_the_last_message_of_a_channel_is_named_without_the_history_and_after_it_is_deleted(
    guild: Guild, ada: Member, channel: Channel, rest: Rest
) -> None:
    guild.deny(channel, Permission.READ_MESSAGE_HISTORY)
    said = ada.send(channel, "hello")
    path = f"/channels/{channel.id}"
    assert await rest("GET", f"{path}/messages") == (200, [])
    assert (await rest("GET", f"{path}/messages/{said.id}"))[1]["code"] == 50013
    channel.remove_message(said)
    assert (await rest("GET", path))[1]["last_message_id"] == str(said.id)


async def test_a_direct_message_arrives_unless_the_member_accepts_none(
    simulated: SimulatedDiscord, bot: ScriptedBot, ada: Member
) -> None:
    user = await bot.fetch_user(ada.id)
    await user.send("your video")
    assert [message.content for message in ada.direct_messages] == ["your video"]
    ada.close_dms()
    with pytest.raises(discord.Forbidden) as caught:
        await user.send("another")
    assert caught.value.code == 50007
    stranger = simulated.add_user("stranger")
    with pytest.raises(discord.Forbidden) as caught:
        await (await bot.fetch_user(stranger.id)).send("hello")
    assert caught.value.code == 50278


@pytest.mark.parametrize(
    ("denied", "body", "files"),
    [
        (Permission.SEND_MESSAGES, {"content": "x"}, False),
        (Permission.EMBED_LINKS, {"embeds": [{"title": "x"}]}, False),
        (Permission.ATTACH_FILES, {"content": "x"}, True),
    ],
)
async def test_what_the_bot_lacks_the_permission_for_is_50013(
    guild: Guild, channel: Channel, rest: Rest, denied: Permission, body: dict[str, Any], *, files: bool
) -> None:
    path = f"/channels/{channel.id}/messages"
    parts = {"files[0]": ("a.txt", b"x")} if files else None
    assert (await rest("POST", path, body, files=parts))[0] == 200
    guild.deny(channel, denied)
    status, answer = await rest("POST", path, body, files=parts)
    assert (status, answer["code"]) == (403, 50013)


async def test_a_hidden_channel_is_50001_and_a_deleted_one_10003(
    bot: ScriptedBot, guild: Guild, channel: Channel, rest: Rest
) -> None:
    guild.deny(channel, Permission.VIEW_CHANNEL)
    with pytest.raises(discord.Forbidden) as hidden:
        await bot.fetch_channel(channel.id)
    assert hidden.value.code == 50001
    guild.allow(channel, Permission.VIEW_CHANNEL)
    assert (await bot.fetch_channel(channel.id)).id == channel.id
    guild.remove_bot()
    assert (await rest("GET", f"/channels/{channel.id}"))[1]["code"] == 50001
    assert (await rest("GET", f"/guilds/{guild.id}"))[1]["code"] == 10004
    channel.delete()
    assert (await rest("GET", f"/channels/{channel.id}"))[1]["code"] == 10003


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/channels/1", 404, 10003),
        ("/channels/one", 400, 50035),
        ("/users/1", 404, 10013),
        ("/guilds/1", 404, 10004),
        ("/nowhere", 404, 0),
    ],
)
async def test_what_does_not_exist_has_a_code(rest: Rest, path: str, status: int, code: int) -> None:
    answered, body = await rest("GET", path)
    assert (answered, body["code"]) == (status, code)


async def test_an_empty_message_is_50006(channel: Channel, rest: Rest) -> None:
    assert (await rest("POST", f"/channels/{channel.id}/messages", {"content": " "}))[1]["code"] == 50006
    message = await _post(rest, channel, content="x")
    path = f"/channels/{channel.id}/messages/{message['id']}"
    assert (await rest("PATCH", path, {"content": ""}))[1]["code"] == 50006
    assert channel.messages[0].content == "x"


async def test_the_bot_looks_up_guilds_members_and_roles(bot: ScriptedBot, guild: Guild, ada: Member) -> None:
    fetched = await bot.fetch_guild(guild.id)
    assert fetched.approximate_member_count == 3
    assert (await fetched.fetch_member(ada.id)).name == "ada"
    assert [role.name for role in await fetched.fetch_roles()] == ["@everyone", "showreel"]
    assert [one.name async for one in bot.fetch_guilds()] == ["Film Club"]
    guild.remove_member(ada)
    with pytest.raises(discord.NotFound) as caught:
        await fetched.fetch_member(ada.id)
    assert caught.value.code == 10007


async def test_the_bot_can_leave_a_guild(bot: ScriptedBot, guild: Guild) -> None:
    await bot.guilds[0].leave()
    assert not guild.has_bot

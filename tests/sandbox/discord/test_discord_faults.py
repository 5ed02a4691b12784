"""Laid faults, the record of requests, the narration, and the routes for people with only a shell."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import discord
import pytest

from sandbox.discord import SimulatedDiscord
from sandbox.discord.channels import Channel
from sandbox.discord.members import Member
from tests.sandbox.discord.scripted import Rest, ScriptedBot

_MESSAGES = "/channels/{channel_id}/messages"


def _texts(bot: ScriptedBot, channel: Channel) -> discord.TextChannel:
    found = bot.get_channel(channel.id)
    assert isinstance(found, discord.TextChannel)
    return found


async def test_a_502_is_retried_by_discord_py_with_the_same_nonce(
    simulated: SimulatedDiscord, bot: ScriptedBot, channel: Channel
) -> None:
    simulated.fail_next(method="POST", route=_MESSAGES, status=502)
    await _texts(bot, channel).send("done")
    tries = simulated.requests_to("POST", _MESSAGES)
    assert [request.status for request in tries] == [502, 200]
    assert tries[0].body["nonce"] == tries[1].body["nonce"]
    assert len(channel.messages) == 1


async def test_a_429_is_waited_out(simulated: SimulatedDiscord, bot: ScriptedBot, channel: Channel) -> None:
    simulated.fail_next("POST", _MESSAGES, 429, retry_after=0.01)
    await _texts(bot, channel).send("done")
    assert [request.status for request in simulated.requests_to("POST", _MESSAGES)] == [429, 200]


async def test_a_global_429_says_so_as_discord_does(simulated: SimulatedDiscord) -> None:
    simulated.fail_next("GET", "/users/@me", "global-429", retry_after=0.5)
    simulated.fail_next("GET", "/users/@me", 429, retry_after=1)
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{simulated.api_url}/users/@me") as whole:
            assert (await whole.json())["global"] is True
        async with session.get(f"{simulated.api_url}/users/@me") as one:
            assert (await one.json())["global"] is False
    assert (whole.headers["X-RateLimit-Global"], whole.headers["X-RateLimit-Scope"]) == ("true", "global")
    assert whole.headers["Retry-After"] == "1"
    assert ("X-RateLimit-Global" in one.headers, one.headers["X-RateLimit-Scope"]) == (False, "user")


@pytest.mark.parametrize(("where", "written"), [("cut-before", 0), ("cut-after", 1)])
async def test_a_cut_loses_the_request_or_only_the_answer(
    simulated: SimulatedDiscord, bot: ScriptedBot, channel: Channel, where: Any, written: int
) -> None:
    simulated.fail_next("POST", _MESSAGES, where)
    with pytest.raises((aiohttp.ServerDisconnectedError, ConnectionResetError)):
        await _texts(bot, channel).send("done", nonce="job-7")
    assert len(channel.messages) == written
    assert simulated.requests[-1].status == 0
    await _texts(bot, channel).send("done", nonce="job-7")
    assert len(channel.messages) == 1


async def test_a_page_is_no_answer_of_discord_s(simulated: SimulatedDiscord) -> None:
    simulated.fail_next("GET", "/users/@me", "page")
    async with aiohttp.ClientSession() as session, session.get(f"{simulated.api_url}/users/@me") as answer:
        assert (answer.status, answer.content_type) == (403, "text/html")


@pytest.mark.parametrize(("outcome", "kind"), [("page-after", "text/html"), ("torn-after", "application/json")])
async def test_a_success_can_come_spoilt(
    simulated: SimulatedDiscord, channel: Channel, outcome: Any, kind: str
) -> None:
    simulated.fail_next("POST", _MESSAGES, outcome)
    url = f"{simulated.api_url}/channels/{channel.id}/messages"
    headers = {"Authorization": f"Bot {simulated.token}"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, json={"content": "done"}, headers=headers) as answer,
    ):
        assert (answer.status, answer.content_type) == (200, kind)
        with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
            json.loads(await answer.text())
    assert len(channel.messages) == 1


async def test_a_slow_answer_comes_in_the_end(simulated: SimulatedDiscord, rest: Rest) -> None:
    simulated.fail_next("GET", "/users/@me", "slow", times=2, delay=0.01)
    assert len(simulated.faults) == 2
    assert (await rest("GET", "/users/@me"))[0] == 200
    simulated.faults.clear()
    assert len(simulated.faults) == 0


async def test_requests_are_recorded_with_their_files(
    simulated: SimulatedDiscord, channel: Channel, rest: Rest
) -> None:
    path = f"/channels/{channel.id}/messages"
    await rest("POST", path + "?x=1", {"content": "hello"}, files={"files[0]": ("a.mp4", b"12345")})
    recorded = simulated.requests[-1]
    assert (recorded.method, recorded.path, recorded.route, recorded.query) == ("POST", path, _MESSAGES, {"x": "1"})
    assert (recorded.body, recorded.status) == ({"content": "hello"}, 200)
    assert recorded.authorization == "Bot sandbox-token"
    file = recorded.files[0]
    assert (file.field, file.filename, file.size) == ("files[0]", "a.mp4", 5)


async def test_a_broken_body_is_50109(channel: Channel, rest: Rest) -> None:
    assert (await rest("POST", f"/channels/{channel.id}/messages", [1]))[1]["code"] == 50109


async def test_what_happens_is_told_as_it_happens(
    simulated: SimulatedDiscord, bot: ScriptedBot, ada: Member, channel: Channel
) -> None:
    told: list[tuple[str, dict[str, Any]]] = []
    simulated.on_event = lambda kind, facts: told.append((kind, facts))
    await ada.run("video text", channel=channel, options={"prompt": "a cat"})
    assert [kind for kind, _ in told] == ["command_invoked", "message_posted", "interaction_answered"]
    assert told[0][1]["command"] == "video text"
    assert told[1][1]["content"] == "ok"


async def test_waiting_in_vain_is_a_time_out(simulated: SimulatedDiscord) -> None:
    with pytest.raises(TimeoutError):
        await simulated.wait_for(lambda: simulated.threads[0], timeout=0.01)


async def test_time_never_goes_back(simulated: SimulatedDiscord) -> None:
    with pytest.raises(ValueError, match="never goes back"):
        simulated.advance(-1)


async def test_a_command_can_be_run_over_http(
    simulated: SimulatedDiscord, bot: ScriptedBot, ada: Member, channel: Channel, png: bytes
) -> None:
    seen: list[bytes] = []

    class Again(discord.ui.View):
        @discord.ui.button(label="Again", custom_id="again")
        async def again(self, interaction: discord.Interaction, _button: discord.ui.Button[Again]) -> None:
            await interaction.response.edit_message(content="again", view=None)

    async def script(
        interaction: discord.Interaction[ScriptedBot], *, image: discord.Attachment, strength: float, **_more: object
    ) -> None:
        seen.append(await image.read())
        await interaction.response.send_message(f"strength {strength}", view=Again())

    bot.script = script
    form = aiohttp.FormData({"member": "ada", "channel": "videos", "command": "video image", "strength": "0.25"})
    form.add_field("image", png, filename="cat.png", content_type="image/png")
    root = simulated.url + "/sandbox"
    async with aiohttp.ClientSession() as session:
        async with session.post(root + "/run", data=form) as response:
            answered = await response.json()
        assert (seen, answered["message"]["content"]) == ([png], "strength 0.25")
        pressed = {"member": "ada", "channel": "videos", "message": answered["message"]["id"], "custom_id": "again"}
        async with session.post(root + "/press", json=pressed) as response:
            assert (await response.json())["message"]["content"] == "again"
        async with session.post(root + "/run", json={**pressed, "command": "nothing"}) as response:
            assert (response.status, await response.json()) == (400, {"error": "there is no command /nothing here"})
        async with session.get(root + "/state") as response:
            state = await response.json()
        assert state["guilds"][0]["channels"][0]["messages"][0]["edits"] == 1
        async with session.get(root + "/requests") as response:
            assert json.loads(await response.text())[0]["path"] == "/users/@me"
        async with session.get(root + "/help") as response:
            assert "POST /sandbox/run" in await response.text()

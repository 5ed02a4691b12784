"""The connection to Discord fails in every way it can, and commands and deliveries go on."""

from typing import Any

import pytest

from tests.stage import Stage

LOGIN = "/users/@me"
SLOW_PACE = 0.3
"""So that a generation takes a second or two, and the connection fails under it."""


async def _asks(stage: Stage) -> Any:
    result = await stage.ada.run("video text", channel=stage.channel, options={"prompt": "a cat", "duration": 4})
    assert result.error is None
    return result


async def _goes_on(stage: Stage, videos: int) -> None:
    """A further command is answered, and everything asked for so far is delivered once."""
    await _asks(stage)
    await stage.until(lambda: len(stage.videos()) >= videos + 1)
    assert len(stage.videos()) == videos + 1 == len(stage.provider.submissions)


async def test_a_first_connection_that_is_refused_is_tried_again(stage: Stage) -> None:
    stage.discord.fail_next("WS", "/gateway", 503)
    await stage.start()
    await _goes_on(stage, 0)
    assert stage.discord.gateway.identified == 1


async def test_a_gateway_that_discord_can_t_name_is_asked_for_again(stage: Stage) -> None:
    stage.discord.fail_next("GET", "/gateway/bot", 503)
    await stage.start()
    assert "gateway_unknown" in stage.log
    await _goes_on(stage, 0)


async def test_the_same_without_a_configured_gateway(stage: Stage) -> None:
    stage.discord.fail_next("GET", "/gateway/bot", 503)
    await stage.start(discord={"gateway_url": ""})
    await _goes_on(stage, 0)


async def test_discord_being_away_at_login_is_one_sentence_and_code_1(stage: Stage) -> None:
    stage.discord.fail_next("GET", LOGIN, 503)
    await stage.launch()
    assert await stage.gone() == 1
    assert stage.log.strip().splitlines()[-1] == f"Discord could not be reached at {stage.discord.api_url}."
    assert "Traceback" not in stage.log


@pytest.mark.parametrize("trouble", ["reconnect", "invalid", "resumable", "dropped", "dropped and refused"])
async def test_a_connection_that_fails_while_a_generation_runs_costs_nothing(stage: Stage, trouble: str) -> None:
    stage.provider.pace = SLOW_PACE
    await stage.start()
    await _asks(stage)
    gateway = stage.discord.gateway
    began = gateway.identified + gateway.resumed
    match trouble:
        case "reconnect":
            gateway.ask_to_reconnect()
        case "invalid":
            gateway.invalidate()
        case "resumable":
            gateway.invalidate(resumable=True)
        case _:
            if trouble == "dropped and refused":
                stage.discord.fail_next("WS", "/gateway", 503)
            await gateway.drop()
    await stage.until(lambda: gateway.identified + gateway.resumed > began and gateway.connected)
    await _goes_on(stage, 1)

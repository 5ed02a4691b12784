"""The running bot asks a moderation endpoint about each prompt before anything is handed over."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from tests.stage import Stage

KEY = "sk-moderation-0123456789"


class Endpoint:
    """An OpenAI-compatible endpoint on loopback that flags what has "blood" in it."""

    def __init__(self) -> None:
        self.origin = ""
        self.asked: list[tuple[str, str]] = []
        self.is_broken = False

    async def serve(self, request: web.Request) -> web.Response:
        body: dict[str, Any] = await request.json()
        self.asked.append((request.headers["Authorization"], body["input"]))
        if self.is_broken:
            return web.Response(status=503)
        flagged = "blood" in body["input"]
        return web.json_response({"results": [{"flagged": flagged, "categories": {"violence": flagged}}]})


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    served = Endpoint()
    application = web.Application()
    application.router.add_post("/v1/moderations", served.serve)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    served.origin = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    yield served
    await runner.cleanup()


async def ask(stage: Stage, prompt: str) -> None:
    result = await stage.ada.run("video text", channel=stage.channel, options={"prompt": prompt})
    assert result.error is None


def notices(stage: Stage, word: str) -> list[str]:
    return [
        message.content for thread in stage.discord.threads for message in thread.messages if word in message.content
    ]


async def test_a_flagged_prompt_is_refused_uncharged_and_never_handed_over(stage: Stage, endpoint: Endpoint) -> None:
    await stage.start(moderation={"endpoint": endpoint.origin, "api_key": KEY})
    await ask(stage, "a pool of blood")
    await stage.until(lambda: notices(stage, "not allowed here"))
    await ask(stage, "a quiet harbour")
    await stage.until(stage.videos)
    assert len(stage.provider.submissions) == 1
    assert endpoint.asked == [(f"Bearer {KEY}", "a pool of blood"), (f"Bearer {KEY}", "a quiet harbour")]
    assert KEY not in stage.log
    assert "blood" not in stage.log


async def test_an_endpoint_that_is_down_stops_nothing_where_it_may_fail_open(stage: Stage, endpoint: Endpoint) -> None:
    endpoint.is_broken = True
    await stage.start(moderation={"endpoint": endpoint.origin, "api_key": KEY, "fail_open": True})
    await ask(stage, "a quiet harbour")
    await stage.until(stage.videos)
    assert "moderation_not_asked" in stage.log

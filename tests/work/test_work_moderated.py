"""Screening: a prompt that an endpoint speaks against, or can't be asked about, never leaves for the provider."""

import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from bot.domain.generation import Generation, Reason, State
from bot.domain.request import InputRole, Operation, Options
from bot.moderation.endpoint import ModerationEndpoint
from sandbox.provider import Outcome
from tests.work.conftest import FileHost, OpenStage
from tests.work.stage import CHANNEL, CHARGED, GUILD, MEMBER, RELEASED, Stage

FINE: dict[str, Any] = {"flagged": False, "categories": {}}
BAD: dict[str, Any] = {"flagged": True, "categories": {"violence": True, "hate": True, "sexual": False}}


@dataclass(slots=True)
class Moderators:
    """A moderation endpoint that says what a test planned, else that all is fine; a number is a status."""

    base: str = ""
    asked: list[str] = field(default_factory=list)
    planned: deque[dict[str, Any] | int] = field(default_factory=deque)

    async def serve(self, request: web.Request) -> web.Response:
        self.asked.append((await request.json())["input"])
        said = self.planned.popleft() if self.planned else FINE
        if isinstance(said, int):
            return web.Response(status=said)
        return web.Response(body=json.dumps({"results": [said]}).encode())


@pytest.fixture
async def moderators() -> AsyncIterator[Moderators]:
    moderators = Moderators()
    application = web.Application()
    application.router.add_post("/v1/moderations", moderators.serve)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    moderators.base = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    yield moderators
    await runner.cleanup()


OpenModerated = Callable[..., Awaitable[Stage]]


@pytest.fixture
async def open_moderated(open_stage: OpenStage, moderators: Moderators) -> AsyncIterator[OpenModerated]:
    async with AsyncExitStack() as stack:

        async def make(*, fails_open: bool = False, **wishes: Any) -> Stage:
            endpoint = ModerationEndpoint(moderators.base, "sk-mod", None, timedelta(seconds=5), fails_open)
            stack.push_async_callback(endpoint.close)
            return await open_stage(endpoint=endpoint, **wishes)

        yield make


@pytest.fixture
async def moderated(open_moderated: OpenModerated) -> Stage:
    return await open_moderated()


async def failed(stage: Stage, generation: Generation) -> Generation:
    """It failed, was told once, gave its hold back, and the provider never saw it."""
    ended = await stage.follow(generation)
    assert ended.state is State.FAILED
    assert stage.delivery.states_told(ended) == [State.FAILED]
    assert await stage.settled(ended) == RELEASED
    assert stage.attempts() == 0
    return ended


async def test_a_prompt_that_is_fine_is_submitted_after_it_was_asked_about_once(
    moderated: Stage, moderators: Moderators
) -> None:
    ended = await moderated.follow(await moderated.ask(prompt="a quiet harbour"))
    assert ended.state is State.SUCCEEDED
    assert await moderated.settled(ended) == CHARGED
    assert moderators.asked == ["a quiet harbour"]


async def test_a_prompt_that_is_spoken_against_is_told_recorded_and_never_submitted(
    moderated: Stage, moderators: Moderators
) -> None:
    moderators.planned.append(BAD)
    ended = await failed(moderated, await moderated.ask(prompt="a fight"))
    assert (ended.reason, ended.detail) == (Reason.MODERATED, None)
    (refused,) = await moderated.store.guilds.refusals(GUILD, 10)
    assert (refused.user_id, refused.channel_id, refused.prompt) == (MEMBER, CHANNEL, "a fight")
    assert refused.rule == "violence, hate"


async def test_a_negative_prompt_is_asked_about_as_well(moderated: Stage, moderators: Moderators) -> None:
    moderators.planned.append(BAD)
    await failed(moderated, await moderated.ask(prompt="a field", options=Options(negative_prompt="a fight")))
    assert moderators.asked == ["a field\na fight"]
    (refused,) = await moderated.store.guilds.refusals(GUILD, 10)
    assert refused.prompt == "a field\na fight"


async def test_a_negative_prompt_alone_is_asked_about(
    moderated: Stage, moderators: Moderators, host: FileHost, picture: bytes
) -> None:
    inputs = [host.attach(picture, f"{role}.png", role) for role in (InputRole.START, InputRole.END)]
    options = Options(negative_prompt="a fight")
    await moderated.follow(await moderated.ask(Operation.FRAMES, *inputs, prompt=None, options=options))
    assert moderators.asked == ["a fight"]


async def test_a_no_without_categories_is_a_no(moderated: Stage, moderators: Moderators) -> None:
    moderators.planned.append({"flagged": True})
    assert (await failed(moderated, await moderated.ask())).reason is Reason.MODERATED
    (refused,) = await moderated.store.guilds.refusals(GUILD, 10)
    assert refused.rule == "moderation"


async def test_a_prompt_that_can_t_be_checked_is_tried_a_few_times_and_never_submitted(
    moderated: Stage, moderators: Moderators
) -> None:
    moderators.planned.extend([500] * 99)
    begun = moderated.clock.now()
    ended = await failed(moderated, await moderated.ask())
    assert ended.reason is Reason.UNMODERATED
    assert len(moderators.asked) == moderated.policy.submit_attempts
    assert ended.state_at - begun > moderated.policy.submit_pause * 2
    assert await moderated.store.guilds.refusals(GUILD, 10) == []


async def test_an_endpoint_that_comes_back_lets_the_prompt_through(moderated: Stage, moderators: Moderators) -> None:
    moderators.planned.extend([503, 429])
    ended = await moderated.follow(await moderated.ask())
    assert (ended.state, ended.attempt) == (State.SUCCEEDED, 3)


async def test_failing_open_lets_a_prompt_through_that_could_not_be_checked(
    open_moderated: OpenModerated, moderators: Moderators
) -> None:
    stage = await open_moderated(fails_open=True)
    moderators.planned.extend([500] * 9)
    assert (await stage.follow(await stage.ask())).state is State.SUCCEEDED
    assert len(moderators.asked) == 1


async def test_without_a_prompt_nobody_is_asked(
    moderated: Stage, moderators: Moderators, host: FileHost, picture: bytes
) -> None:
    inputs = [host.attach(picture, f"{role}.png", role) for role in (InputRole.START, InputRole.END)]
    ended = await moderated.follow(await moderated.ask(Operation.FRAMES, *inputs, prompt=None))
    assert ended.state is State.SUCCEEDED
    assert moderators.asked == []


async def test_the_prompt_is_asked_about_before_any_file_is_fetched(
    moderated: Stage, moderators: Moderators, host: FileHost, picture: bytes
) -> None:
    moderators.planned.append(BAD)
    await failed(moderated, await moderated.ask(Operation.IMAGE, host.attach(picture, "tower.png")))
    assert host.asked == []
    ended = await moderated.follow(await moderated.ask(Operation.IMAGE, host.attach(picture, "tower.png")))
    assert ended.state is State.SUCCEEDED
    assert len(moderators.asked) == 2


@pytest.mark.parametrize("operation", [Operation.TEXT, Operation.IMAGE])
async def test_what_has_passed_is_not_asked_about_again(
    moderated: Stage, moderators: Moderators, host: FileHost, picture: bytes, operation: Operation
) -> None:
    moderated.simulated.plan(Outcome.BUSY)
    inputs = [host.attach(picture, "tower.png")] if operation is Operation.IMAGE else []
    ended = await moderated.follow(await moderated.ask(operation, *inputs))
    assert (ended.state, ended.attempt) == (State.SUCCEEDED, 2)
    assert len(moderators.asked) == 1


async def test_one_that_is_cancelled_is_not_asked_about(moderated: Stage, moderators: Moderators) -> None:
    generation = await moderated.ask()
    await moderated.store.generations.request_cancel(generation.id, Reason.BY_REQUESTER, moderated.clock.now())
    assert (await moderated.follow(generation)).state is State.CANCELLED
    assert moderators.asked == []

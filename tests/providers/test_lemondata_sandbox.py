"""The client against the simulated provider, which was written from the same documents without it."""

import asyncio
import io
from collections.abc import AsyncIterator

import av
import pytest

from bot.domain.catalog import PriceUnit
from bot.domain.generation import Reason
from bot.domain.request import Operation, Request
from bot.providers.base import Phase, Submission, TaskRef, TaskStatus
from bot.providers.errors import Busy, ProviderError, Refused, Unsure
from bot.providers.lemondata.client import LemonDataProvider
from sandbox.provider import Era, Outcome, SimulatedProvider
from tests.providers.conftest import Connect


@pytest.fixture(scope="module")
def clip() -> bytes:
    """The smallest clip: one dark picture."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=1)
        stream.width, stream.height, stream.pix_fmt = 16, 16, "yuv420p"
        container.mux(stream.encode(av.VideoFrame(16, 16, "yuv420p")))
        container.mux(stream.encode())
    return file.getvalue()


@pytest.fixture
async def simulated(clip: bytes) -> AsyncIterator[SimulatedProvider]:
    async with SimulatedProvider(pace=0.0, clip=clip) as simulated:
        yield simulated


@pytest.fixture
async def provider(simulated: SimulatedProvider, connect: Connect) -> LemonDataProvider:
    return connect(simulated.url, "sk-sandbox", timeout=5.0)


def submission(model: str = "veo3.1-fast") -> Submission:
    request = Request(operation=Operation.TEXT, model=model, prompt="a quiet harbour")
    return Submission(request=request, input_urls=(), user="member-7f3a")


async def finish(provider: LemonDataProvider, status: TaskStatus) -> TaskStatus:
    """Poll until the task ends."""
    assert status.task is not None
    task = status.task
    for _ in range(200):
        if not status.phase.is_under_way:
            return status
        await asyncio.sleep(0.01)
        try:
            status = await provider.poll(task)
        except (Busy, Unsure):
            continue
    raise AssertionError("it never ended")


@pytest.mark.parametrize("era", Era)
async def test_a_video_is_made_in_every_era(
    simulated: SimulatedProvider, provider: LemonDataProvider, era: Era
) -> None:
    simulated.era = era
    status = await finish(provider, await provider.submit(submission()))
    assert status.phase is Phase.DONE
    assert len(status.results) == (2 if era is Era.VIDEOS_LIST else 1)
    assert all(url.startswith(f"{provider.result_origin}/") for url in status.results)
    assert (status.billing_transaction_id is None) == (era in {Era.LEGACY, Era.MINIMAL})


@pytest.mark.parametrize(
    ("outcome", "kind", "reason"),
    [
        (Outcome.BUSY, Busy, None),
        (Outcome.BUSY_DATE, Busy, None),
        (Outcome.REFUSED, Refused, Reason.REFUSED),
        (Outcome.CUT, Unsure, None),
        (Outcome.CUT_BEFORE, Unsure, None),
        (Outcome.GARBAGE, Unsure, None),
        (Outcome.GATEWAY, Unsure, None),
        (Outcome.UNAVAILABLE, Refused, Reason.UNAVAILABLE),
        (Outcome.SERVER_ERROR, Unsure, None),
        (Outcome.NO_ID, Unsure, None),
        (Outcome.BROKE, Refused, Reason.DOOR_CLOSED),
        (Outcome.FORBIDDEN_MODEL, Refused, Reason.REFUSED),
        (Outcome.ERROR_OBJECT, Refused, Reason.REFUSED),
    ],
)
async def test_a_submission_that_went_wrong_is_sorted(
    simulated: SimulatedProvider,
    provider: LemonDataProvider,
    outcome: Outcome,
    kind: type[ProviderError],
    reason: Reason | None,
) -> None:
    simulated.plan(outcome)
    with pytest.raises(kind) as caught:
        await provider.submit(submission())
    assert getattr(caught.value, "reason", None) is reason
    assert getattr(caught.value, "closes_door", False) == (outcome is Outcome.BROKE)
    assert len(simulated.submissions) == 1


@pytest.mark.parametrize(
    ("outcome", "phase", "reason"),
    [
        (Outcome.OK, Phase.DONE, None),
        (Outcome.POLICY, Phase.FAILED, Reason.POLICY),
        (Outcome.FAIL, Phase.FAILED, Reason.PROVIDER_FAILED),
        (Outcome.EXPIRED, Phase.EXPIRED, Reason.EXPIRED),
        (Outcome.CANCELLED, Phase.CANCELLED, Reason.BY_PROVIDER),
        (Outcome.NO_OUTPUT, Phase.FAILED, Reason.NO_OUTPUT),
        (Outcome.POLL_URL_ONLY, Phase.DONE, None),
        (Outcome.FOREIGN_POLL_URL, Phase.DONE, None),
        (Outcome.POLL_FLAKY, Phase.DONE, None),
    ],
)
async def test_a_task_ends_as_it_was_meant_to(
    simulated: SimulatedProvider, provider: LemonDataProvider, outcome: Outcome, phase: Phase, reason: Reason | None
) -> None:
    simulated.plan(outcome)
    status = await finish(provider, await provider.submit(submission()))
    assert (status.phase, status.reason) == (phase, reason)
    assert not simulated.leaks


async def test_a_lost_task_is_told_as_unknown(simulated: SimulatedProvider, provider: LemonDataProvider) -> None:
    simulated.plan(Outcome.LOST)
    status = await provider.submit(submission())
    assert status.task is not None
    with pytest.raises(Refused) as caught:
        await provider.poll(status.task)
    assert caught.value.is_unknown_task


async def test_a_silent_create_call_is_unsure(simulated: SimulatedProvider, connect: Connect) -> None:
    simulated.plan(Outcome.TIMEOUT)
    with pytest.raises(Unsure):
        await connect(simulated.url, "sk-sandbox", timeout=0.2).submit(submission())


async def test_a_task_that_can_t_be_stopped_is_refused(
    simulated: SimulatedProvider, provider: LemonDataProvider
) -> None:
    simulated.plan(Outcome.STUCK)
    status = await provider.submit(submission())
    assert status.task is not None
    with pytest.raises(Refused):
        await provider.cancel(status.task)


async def test_a_queued_task_can_be_stopped(simulated: SimulatedProvider, provider: LemonDataProvider) -> None:
    simulated.pace = 100.0
    status = await provider.submit(submission("seedance-2.0"))
    assert status.task is not None
    assert (await provider.cancel(status.task)).phase is Phase.CANCELLED


@pytest.mark.parametrize("era", [Era.CURRENT, Era.LEGACY])
async def test_models_and_prices_are_read_in_both_shapes(
    simulated: SimulatedProvider, provider: LemonDataProvider, era: Era
) -> None:
    simulated.era = era
    models = {model.id: model for model in await provider.models()}
    assert Operation.REFERENCE in models["veo3.1-fast"].capabilities
    assert all(model.is_live for model in models.values())
    prices = await provider.prices()
    assert prices["hailuo-2.3-standard"].unit is PriceUnit.REQUEST
    assert prices["hailuo-2.3-standard"].least == 280_000


@pytest.mark.parametrize("era", [Era.CURRENT, Era.LEGACY])
async def test_the_key_is_checked(simulated: SimulatedProvider, connect: Connect, era: Era) -> None:
    simulated.era = era
    await connect(simulated.url, "sk-sandbox").check_key()


async def test_a_wrong_key_is_told(simulated: SimulatedProvider, connect: Connect) -> None:
    wrong = connect(simulated.url, "sk-wrong")
    with pytest.raises(Refused) as caught:
        await wrong.check_key()
    assert caught.value.closes_door
    with pytest.raises(Refused):
        await wrong.poll(TaskRef(task_id="ldtask_1"))

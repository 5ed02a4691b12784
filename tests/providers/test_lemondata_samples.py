"""Every sample exchange of the provider contract, over real HTTP."""

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.domain.catalog import Model
from bot.domain.request import Operation, Options, Request
from bot.providers.base import Submission, TaskRef, TaskStatus
from bot.providers.errors import Busy, ProviderError, Refused
from bot.providers.lemondata.client import LemonDataProvider
from tests.providers.conftest import KEY, Api

SAMPLES = sorted(Path(__file__).with_name("samples").glob("*.json"))
TASK = TaskRef(task_id="ldtask_0123456789abcdef0123456789abcdef")


def read(path: Path) -> dict[str, Any]:
    sample: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return sample


def submission_of(facts: Mapping[str, Any]) -> Submission:
    options = Options(duration=facts["duration"], aspect_ratio=facts["aspect_ratio"], sound=facts["sound"])
    operation = Operation(facts["operation"])
    request = Request(operation=operation, model=facts["model"], prompt=facts["prompt"], options=options)
    return Submission(request=request, input_urls=(), user=facts["user"])


async def call(provider: LemonDataProvider, request: list[str], submission: Submission) -> Any:
    match request:
        case ["POST", _]:
            return await provider.submit(submission)
        case ["DELETE", _]:
            return await provider.cancel(TASK)
        case ["GET", "/v1/models"]:
            return await provider.models()
        case _:
            return await provider.poll(TASK)


def seen_in(result: Any) -> dict[str, Any]:
    """The result in the words of the samples, facts that were not given left out."""
    if isinstance(result, TaskStatus):
        task = None if result.task is None else {"task_id": result.task.task_id, "poll_url": result.task.poll_url}
        facts = {name: getattr(result, name) for name in ("progress", "reason", "detail", "billing_transaction_id")}
        if result.results:
            facts["results"] = list(result.results)
        given = {name: value for name, value in facts.items() if value is not None}
        return {"status": {"phase": result.phase.value, "task": task, **given}}
    return {"models": [seen_model(model) for model in result]}


def seen_model(model: Model) -> dict[str, Any]:
    price = model.price and [model.price.unit.value, model.price.least, model.price.most]
    operations = [operation.value for operation in model.capabilities]
    return {"id": model.id, "series": model.series, "operations": operations, "price": price}


def seen_error(error: ProviderError) -> dict[str, Any]:
    facts: dict[str, Any] = {"kind": type(error).__name__, "status": error.status, "code": error.code}
    if isinstance(error, Refused):
        facts |= {"reason": error.reason.value}
        facts |= {"closes_door": True} if error.closes_door else {}
        facts |= {"is_unknown_task": True} if error.is_unknown_task else {}
    if isinstance(error, Busy) and error.retry_after is not None:
        facts |= {"retry_after": error.retry_after / timedelta(seconds=1)}
    return facts


def test_all_sample_exchanges_are_here() -> None:
    assert len(SAMPLES) == 28


@pytest.mark.parametrize("path", SAMPLES[:1], ids=lambda path: path.stem)
async def test_a_request_is_sent_as_in_the_sample(path: Path, api: Api, provider: LemonDataProvider) -> None:
    sample = read(path)
    api.answer({"id": "task_1", "status": "pending"})
    await provider.submit(submission_of(sample["submission"]))
    assert [api.seen[0].method, api.seen[0].path] == sample["request"]
    assert api.seen[0].body == sample["expected"]["body"]


@pytest.mark.parametrize("path", SAMPLES[1:], ids=lambda path: path.stem)
async def test_a_sample_answer_is_understood(
    path: Path, api: Api, provider: LemonDataProvider, submission: Submission
) -> None:
    sample = read(path)
    api.answer(sample["body"], sample["status"], sample["headers"])
    expected = sample["expected"]
    if "error" in expected:
        message = expected["error"].pop("message", None)
        with pytest.raises(ProviderError) as caught:
            await call(provider, sample["request"], submission)
        assert seen_error(caught.value) == expected["error"]
        assert message is None or caught.value.message == message
    else:
        assert seen_in(await call(provider, sample["request"], submission)) == expected
    assert [api.seen[0].method, api.seen[0].path.partition("?")[0]] == sample["request"]
    assert api.seen[0].headers["Authorization"] == f"Bearer {KEY}"

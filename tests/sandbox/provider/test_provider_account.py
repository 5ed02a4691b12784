"""Keys, cancelling, the journal and the admin routes."""

from typing import Any

import pytest

from sandbox.provider import Era, Outcome, SimulatedProvider
from tests.sandbox.provider.account import Account

SEEDANCE = {"model": "seedance-2.0", "operation": "text-to-video"}


@pytest.mark.parametrize("header", ["", "Bearer sk-other", "Bearer mt-sandbox", "sk-sandbox"])
async def test_a_wrong_key_is_refused_on_inference_routes_only(account: Account, header: str) -> None:
    account.client.headers["Authorization"] = header
    assert (await account.create()).json()["error"]["code"] == "invalid_api_key"
    for method, path in (("GET", "tasks/x"), ("DELETE", "tasks/x"), ("GET", "videos/generations/x")):
        assert (await account.client.request(method, f"/v1/{path}")).status_code == 401
    for path in ("/v1/models", "/v1/models/veo3.1", "/v1/models/veo3.1/pricing", "/v1/pricing", "/health"):
        assert (await account.client.get(path)).status_code == 200


async def test_an_unknown_task_is_not_found(account: Account) -> None:
    response = await account.client.get("/v1/tasks/ldtask_none")
    assert response.status_code == 404
    assert response.json()["error"]["code"] == "async_task_not_found"


async def test_a_queued_seedance_task_can_be_cancelled(account: Account) -> None:
    account.provider.pace = 10
    task = await account.accepted(**SEEDANCE)
    response = await account.client.delete(f"/v1/tasks/{task.id}")
    later = (await account.client.get(f"/v1/tasks/{task.id}")).json()
    assert response.status_code == 200
    assert response.json() == later
    assert (later["status"], later["cancelled"], later["cancellation_status"]) == ("failed", True, "cancelled")


async def test_a_started_task_cannot_be_cancelled(account: Account) -> None:
    task = await account.accepted(**SEEDANCE)
    await account.ended(task)
    response = await account.client.delete(f"/v1/tasks/{task.id}")
    assert response.status_code == 409
    assert response.json()["error"]["code"] == "task_not_cancellable"


async def test_tasks_of_other_models_are_never_cancelled(account: Account) -> None:
    task = await account.accepted()
    response = await account.client.delete(f"/v1/tasks/{task.id}")
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "unsupported_task_cancel"
    assert (await account.client.delete("/v1/tasks/none")).status_code == 404


async def test_the_journal_keeps_what_arrived(account: Account) -> None:
    task = await account.accepted("a fox", user="discord:1")
    await account.ended(task)
    submission = account.provider.submissions[0]
    assert submission.body == {"model": "veo3.1-fast", "prompt": "a fox", "user": "discord:1"} == task.body
    assert submission.headers["Authorization"] == "Bearer sk-sandbox"
    assert (submission.task_id, submission.status) == (task.id, 200)
    assert submission.at <= account.provider.polls[0].at
    assert {poll.task_id for poll in account.provider.polls} == {task.id}
    assert account.provider.requests == 1 + len(account.provider.polls)


async def test_events_tell_the_story(account: Account) -> None:
    told: list[tuple[str, dict[str, Any]]] = []
    account.provider.on_event = lambda kind, facts: told.append((kind, facts))
    task = await account.accepted()
    await account.ended(task)
    assert [kind for kind, _ in told] == ["submission", "finished"]
    assert told[0][1]["task_id"] == task.id
    assert told[1][1]["videos"] == [len(task.videos[0])]


async def test_everything_on_one_account_takes_its_time_at_full_pace(account: Account) -> None:
    account.provider.pace = 1
    task = await account.accepted()
    assert 4 <= task.takes <= 8
    assert task.queued_for == task.takes / 4


async def test_help_explains_every_outcome(account: Account) -> None:
    answer = (await account.client.get("/sandbox/help")).json()
    assert answer["outcomes"].keys() == {outcome.value for outcome in Outcome}


async def test_the_admin_routes_plan_and_change(account: Account) -> None:
    await account.client.post("/sandbox/plan", json={"outcome": "unavailable", "times": 2})
    await account.client.put("/sandbox/era", json={"era": "legacy"})
    await account.client.put("/sandbox/pace", json={"pace": 0.5})
    assert [(await account.create()).status_code for _ in range(3)] == [503, 503, 200]
    assert account.provider.era is Era.LEGACY
    assert account.provider.pace == 0.5


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "plan", {"outcome": "nonsense"}),
        ("POST", "plan", {"outcome": "ok", "times": 0}),
        ("PUT", "era", {"era": "future"}),
        ("PUT", "pace", {"pace": "fast"}),
        ("PUT", "pace", []),
    ],
)
async def test_the_admin_routes_refuse_nonsense(account: Account, method: str, path: str, body: Any) -> None:
    assert (await account.client.request(method, f"/sandbox/{path}", json=body)).status_code == 400


async def test_the_admin_routes_show_no_key_and_shorten_what_is_long(account: Account) -> None:
    task = await account.accepted("fox " * 200)
    await account.ended(task)
    submissions = await account.client.get("/sandbox/submissions")
    tasks = (await account.client.get("/sandbox/tasks")).json()["data"]
    assert "sk-sandbox" not in submissions.text
    assert "(800 characters)" in submissions.json()["data"][0]["body"]["prompt"]
    assert tasks[0]["id"] == task.id
    assert (await account.client.get(tasks[0]["videos"][0])).content == task.videos[0]


async def test_a_file_that_was_never_made_is_not_found(account: Account) -> None:
    assert (await account.client.get("/files/none/0.mp4")).status_code == 404


async def test_a_body_over_the_limit_is_too_large(account: Account) -> None:
    response = await account.client.post(
        "/v1/videos/generations", content=bytes(64 * 2**20 + 1), headers={"Content-Type": "application/json"}
    )
    assert response.status_code == account.provider.submissions[0].status == 413


async def test_stopping_leaves_running_tasks_where_they_stand() -> None:
    async with SimulatedProvider(pace=100) as provider:
        assert provider.url == f"{provider.origin}/v1"
    await SimulatedProvider().stop()

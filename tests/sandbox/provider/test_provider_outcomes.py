"""Every outcome, asked for by a prompt or planned."""

import asyncio
from email.utils import parsedate_to_datetime

import httpx
import pytest

from sandbox.provider import Outcome
from tests.sandbox.provider.account import Account


@pytest.mark.parametrize(
    ("outcome", "status", "code"),
    [
        (Outcome.REFUSED, 400, "invalid_request_error"),
        (Outcome.BROKE, 402, "insufficient_balance"),
        (Outcome.FORBIDDEN_MODEL, 403, "model_not_allowed"),
        (Outcome.BUSY, 429, "rate_limit_exceeded"),
        (Outcome.BUSY_DATE, 429, "rate_limit_exceeded"),
        (Outcome.UNAVAILABLE, 503, "model_unavailable"),
        (Outcome.SERVER_ERROR, 500, None),
        (Outcome.ERROR_OBJECT, 200, None),
    ],
)
async def test_a_refusal_has_the_apis_envelope_and_makes_no_task(
    account: Account, outcome: Outcome, status: int, code: str | None
) -> None:
    response = await account.create(f"a fox [{outcome.value}]")
    answer = response.json()
    assert response.status_code == status
    assert answer["error"].get("code") == code
    assert "status" not in answer
    assert not account.provider.tasks
    assert account.provider.submissions[0].status == status
    assert account.provider.submissions[0].task_id is None


@pytest.mark.parametrize(("outcome", "status"), [(Outcome.GARBAGE, 200), (Outcome.GATEWAY, 502)])
async def test_a_page_comes_instead_of_json(account: Account, outcome: Outcome, status: int) -> None:
    response = await account.create(f"a fox [{outcome.value}]")
    assert response.status_code == status
    assert response.headers["Content-Type"].startswith("text/html")
    assert not account.provider.tasks


async def test_a_busy_prompt_is_accepted_the_second_time(account: Account) -> None:
    first, second = await account.create("[busy] fox"), await account.create("[busy] fox")
    assert first.headers["Retry-After"] == "1"
    assert second.status_code == 200
    assert (await account.create("[busy] cat")).status_code == 429


async def test_a_busy_date_can_be_read_as_a_date(account: Account) -> None:
    response = await account.create("[busy-date]")
    assert parsedate_to_datetime(response.headers["Retry-After"]).tzinfo is not None


async def test_a_plan_wins_over_the_prompt_for_as_often_as_it_says(account: Account) -> None:
    account.provider.plan(Outcome.UNAVAILABLE, times=2)
    statuses = [(await account.create("[broke]")).status_code for _ in range(3)]
    assert statuses == [503, 503, 402]


async def test_words_in_brackets_that_mean_nothing_are_left_alone(account: Account) -> None:
    assert (await account.create("a [red] fox")).status_code == 200


async def test_cut_makes_the_video_but_answers_nothing(account: Account) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        await account.create("[cut]")
    submission = account.provider.submissions[0]
    assert submission.status is None
    assert submission.task_id is not None
    assert (await account.ended(account.provider.tasks[submission.task_id]))["status"] == "completed"


async def test_cut_before_makes_nothing(account: Account) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        await account.create("[cut_before]")
    assert account.provider.submissions[0].status is None
    assert not account.provider.tasks


async def test_a_withheld_answer_lets_the_client_run_out_of_patience(account: Account) -> None:
    with pytest.raises(httpx.ReadTimeout):
        await account.client.post("/v1/videos/generations", json={"prompt": "[timeout]"}, timeout=0.1)
    assert account.provider.submissions[0].status is None
    assert not account.provider.tasks


@pytest.mark.parametrize(
    ("outcome", "status", "error"),
    [
        (Outcome.POLICY, "failed", "Content policy violation"),
        (
            Outcome.FAIL,
            "failed",
            {"code": "upstream_error", "message": "The provider could not finish this video."},
        ),
        (Outcome.EXPIRED, "expired", "Task expired before it could be finished"),
        (Outcome.CANCELLED, "failed", "Task cancelled before execution"),
        (Outcome.NO_OUTPUT, "completed", None),
    ],
)
async def test_a_task_ends_without_a_video(
    account: Account, outcome: Outcome, status: str, error: str | dict[str, str] | None
) -> None:
    answer = await account.ended(await account.accepted(f"a fox [{outcome.value}]"))
    assert (answer["status"], answer.get("error")) == (status, error)
    assert answer.get("cancelled", False) is (outcome is Outcome.CANCELLED)
    assert not {"video_url", "video", "videos", "content"} & answer.keys()


async def test_slow_takes_twenty_times_as_long(account: Account) -> None:
    usual, slow = await account.accepted(), await account.accepted("[slow]")
    assert slow.takes > 10 * usual.takes
    await account.ended(slow)
    assert asyncio.get_running_loop().time() >= slow.accepted_at + slow.takes


async def test_lost_is_found_on_neither_path(account: Account) -> None:
    task = await account.accepted("[lost]")
    for path in ("tasks", "videos/generations"):
        response = await account.client.get(f"/v1/{path}/{task.id}")
        assert response.status_code == 404
        assert response.json()["error"]["code"] == "async_task_not_found"


async def test_no_id_leaves_nothing_to_ask_after(account: Account) -> None:
    response = await account.create("[no_id]")
    assert response.json().keys() == {"status", "model", "created"}
    assert "X-Task-ID" not in response.headers
    assert len(account.provider.tasks) == 1


async def test_poll_url_only_can_be_followed(account: Account) -> None:
    answer = (await account.create("[poll_url_only]")).json()
    assert not {"id", "task_id"} & answer.keys()
    assert (await account.client.get(answer["poll_url"])).status_code == 200


async def test_a_key_sent_to_the_foreign_origin_is_noticed(account: Account) -> None:
    answer = (await account.create("[foreign_poll_url]")).json()
    assert answer["poll_url"].startswith("http://localhost:")
    async with httpx.AsyncClient(trust_env=False) as stranger:
        assert (await stranger.get(answer["poll_url"])).status_code == 200
    await account.client.get(f"/v1/tasks/{answer['id']}")
    assert not account.provider.leaks
    await account.client.get(answer["poll_url"])
    assert [leak.task_id for leak in account.provider.leaks] == [answer["id"]]


async def test_not_video_serves_a_page(account: Account) -> None:
    answer = await account.ended(await account.accepted("[not_video]"))
    response = await account.client.get(answer["video_url"])
    assert response.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("announced", [True, False])
async def test_huge_sends_more_than_a_video_has(account: Account, *, announced: bool) -> None:
    account.provider.huge(3_000_000, announced=announced)
    task = await account.accepted("[huge]")
    response = await account.client.get((await account.ended(task))["video_url"])
    assert len(response.content) == 3_000_000
    assert response.content.startswith(task.videos[0])
    assert ("Content-Length" in response.headers) is announced


async def test_a_client_may_leave_a_huge_file(account: Account) -> None:
    answer = await account.ended(await account.accepted("[huge]"))
    async with account.client.stream("GET", answer["video_url"]) as response:
        assert response.headers["Content-Length"] == str(64 * 2**20)
        await anext(response.aiter_bytes())


async def test_flaky_polls_go_wrong_in_four_ways_and_then_finish(account: Account) -> None:
    task = await account.accepted("[poll_flaky]")
    path = f"/v1/tasks/{task.id}"
    assert (await account.client.get(path)).status_code == 500
    assert "<html>" in (await account.client.get(path)).text
    assert (await account.client.get(path)).status_code == 429
    with pytest.raises(httpx.RemoteProtocolError):
        await account.client.get(path)
    assert (await account.ended(task))["status"] == "completed"

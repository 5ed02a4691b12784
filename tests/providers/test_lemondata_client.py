"""The client against an API on loopback: addresses, the key, odd answers, and what is on offer."""

import gzip
import re

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from yarl import URL

from bot.domain.catalog import Price, PriceUnit
from bot.domain.generation import Reason
from bot.providers.base import Phase, Provider, Submission, TaskRef
from bot.providers.errors import Busy, Refused, Unsure
from bot.providers.lemondata import client as client_module
from bot.providers.lemondata.address import Base
from bot.providers.lemondata.client import LemonDataProvider
from tests.providers.conftest import KEY, Api, Connect

PENDING = {"id": "task_1", "status": "pending"}
UNKNOWN = {"error": {"message": "gone", "type": "invalid_request_error", "code": "async_task_not_found"}}
NO_ROUTE = {"error": {"message": "Not found", "type": "not_found_error"}}


def test_the_client_is_a_provider(provider: LemonDataProvider) -> None:
    seen: Provider = provider
    assert seen.name == "tokenlab"


@pytest.mark.parametrize("ending", ["", "/", "/v1", "/v1/", "/v1//"])
async def test_a_base_url_goes_with_and_without_its_ending(api: Api, connect: Connect, ending: str) -> None:
    api.answer(PENDING)
    await connect(api.base + ending).poll(TaskRef(task_id="task_1"))
    assert api.seen[0].path == "/v1/tasks/task_1"


async def test_a_base_url_may_have_a_path_of_its_own(api: Api, connect: Connect) -> None:
    api.answer(PENDING)
    await connect(f"{api.base}/gateway/v1").poll(TaskRef(task_id="task_1"))
    assert api.seen[0].path == "/gateway/v1/tasks/task_1"


@pytest.mark.parametrize(
    "base",
    [
        "",
        "api.tokenlab.sh",
        "ftp://host/v1",
        "https://",
        "https://user:pw@host/v1",
        "https://host/v1?x=1",
        "https://h:x",
    ],
)
def test_a_base_url_that_is_none_is_refused_at_once(base: str) -> None:
    with pytest.raises(ValueError, match="base_url"):
        LemonDataProvider("tokenlab", base, KEY)


@pytest.mark.parametrize("key", ["sk-a b", "sk-a\nX-Evil: 1", "sk-ключ"])
def test_a_key_that_fits_no_header_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(ValueError, match="key") as caught:
        LemonDataProvider("tokenlab", "https://api.example", key)
    assert key not in str(caught.value)


@pytest.mark.parametrize(
    ("base", "origin"),
    [
        ("https://API.tokenlab.sh/v1", "https://api.tokenlab.sh:443"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]/v1", "http://[::1]:80"),
    ],
)
def test_the_origin_always_has_its_port(base: str, origin: str) -> None:
    assert Base.of(base).origin == origin


async def test_every_call_says_who_is_calling(api: Api, provider: LemonDataProvider) -> None:
    api.answer(PENDING)
    await provider.poll(TaskRef(task_id="task_1"))
    headers = api.seen[0].headers
    assert re.fullmatch(r"Showreel/\S+ \(\+self-hosted Discord bot\)", headers["User-Agent"])
    assert headers["Authorization"] == f"Bearer {KEY}"


async def test_a_poll_url_on_our_origin_is_followed_exactly(api: Api, provider: LemonDataProvider) -> None:
    api.answer(PENDING)
    await provider.poll(TaskRef(task_id="task_1", poll_url=f"{api.base}/v1/elsewhere/task_1?view=full"))
    assert api.seen[0].path == "/v1/elsewhere/task_1?view=full"


@pytest.mark.parametrize(
    "poll_url",
    [
        "https://evil.example/v1/tasks/task_1",
        "//evil.example/v1/tasks/task_1",
        "/\\evil.example/v1/tasks/task_1",
        "http://127.0.0.1:9/v1/tasks/task_1",
        "http://127.0.0.1@evil.example/",
        "http://[broken",
    ],
)
async def test_a_foreign_poll_url_is_ignored(api: Api, provider: LemonDataProvider, poll_url: str) -> None:
    api.answer(PENDING)
    await provider.poll(TaskRef(task_id="task_1", poll_url=poll_url))
    assert api.seen[0].path == "/v1/tasks/task_1"


async def test_user_and_password_before_our_own_host_make_a_poll_url_foreign(
    api: Api, provider: LemonDataProvider
) -> None:
    api.answer(PENDING)
    await provider.poll(TaskRef(task_id="task_1", poll_url=api.base.replace("//", "//user:pw@") + "/v1/other"))
    assert api.seen[0].path == "/v1/tasks/task_1"


async def test_a_foreign_poll_url_is_not_handed_on(
    api: Api, provider: LemonDataProvider, submission: Submission
) -> None:
    api.answer(PENDING | {"poll_url": "https://foreign.example/v1/tasks/task_9"})
    with structlog.testing.capture_logs() as lines:
        status = await provider.submit(submission)
        await provider.submit(submission)
    assert status.task == TaskRef(task_id="task_1")
    assert [line["event"] for line in lines] == ["foreign_poll_url"]


@given(poll_url=st.text(max_size=60) | st.from_regex(r"(https?:)?[/\\]{0,3}[a-z@:.\[\]%\t]{0,12}[/\\?#]?.{0,8}"))
def test_no_poll_url_leads_the_key_to_another_origin(poll_url: str) -> None:
    base = Base.of("https://api.example/v1")
    address = URL(base.task(TaskRef(task_id="task_1", poll_url=poll_url)))
    assert (address.scheme, address.host, address.port, address.user) == ("https", "api.example", 443, None)


@given(task_id=st.text(min_size=1, max_size=30).filter(lambda text: text not in {".", ".."}))
def test_an_id_stays_one_segment_of_the_path(task_id: str) -> None:
    path = URL(Base.of("https://api.example").canonical(task_id)).raw_path
    assert path.startswith("/v1/tasks/")
    assert "/" not in path.removeprefix("/v1/tasks/")


@pytest.mark.parametrize("task_id", ["", ".", "..", "x" * 513])
async def test_an_id_that_fits_no_path_is_an_unknown_task(provider: LemonDataProvider, task_id: str) -> None:
    with pytest.raises(Refused) as caught:
        await provider.poll(TaskRef(task_id=task_id))
    assert caught.value.is_unknown_task


async def test_an_unknown_address_is_tried_once_more_at_the_oldest_one(api: Api, provider: LemonDataProvider) -> None:
    api.answer(NO_ROUTE, 404)
    api.answer({"task_id": "video_1", "status": "processing"})
    status = await provider.poll(TaskRef(task_id="video_1"))
    assert status.phase is Phase.RUNNING
    assert [seen.path for seen in api.seen] == ["/v1/tasks/video_1", "/v1/videos/generations/video_1"]


async def test_a_task_unknown_at_both_addresses_is_lost(api: Api, provider: LemonDataProvider) -> None:
    api.answer(UNKNOWN, 404)
    with pytest.raises(Refused) as caught:
        await provider.poll(TaskRef(task_id="task_1"))
    assert caught.value.is_unknown_task
    assert caught.value.reason is Reason.TASK_LOST
    assert len(api.seen) == 2


@pytest.mark.parametrize("pages", [("<html>", "<html>"), (NO_ROUTE, "<html>"), ("<html>", NO_ROUTE)])
async def test_a_task_is_lost_only_where_the_api_itself_says_so(
    api: Api, provider: LemonDataProvider, pages: tuple[object, object]
) -> None:
    for page in pages:
        api.answer(page, 404)
    with pytest.raises(Refused if NO_ROUTE in pages else Unsure):
        await provider.poll(TaskRef(task_id="task_1"))
    assert len(api.seen) == 2


async def test_a_busy_second_address_does_not_lose_the_task(api: Api, provider: LemonDataProvider) -> None:
    api.answer(NO_ROUTE, 404)
    api.answer("<html>", 502)
    with pytest.raises(Unsure):
        await provider.poll(TaskRef(task_id="task_1"))


async def test_redirects_are_not_followed(api: Api, provider: LemonDataProvider) -> None:
    api.answer("", 302, {"Location": "/v1/elsewhere"})
    with pytest.raises(Unsure):
        await provider.poll(TaskRef(task_id="task_1"))
    assert len(api.seen) == 1


@pytest.mark.parametrize("body", ["", "<html>", "[1]", "null", "{", "{}", '{"hello": 1}', "[" * 100_000, "9" * 5000])
async def test_garbage_leaves_a_poll_and_a_submission_unsure(
    api: Api, provider: LemonDataProvider, submission: Submission, body: str
) -> None:
    api.answer(body)
    with pytest.raises(Unsure):
        await provider.poll(TaskRef(task_id="task_1"))
    with pytest.raises(Unsure):
        await provider.submit(submission)


async def test_an_answer_is_read_only_up_to_its_bound(api: Api, provider: LemonDataProvider) -> None:
    bomb = gzip.compress(b'{"status":"' + b" " * (8 * client_module.LARGEST_ANSWER) + b'"}')
    api.answer(bomb, headers={"Content-Encoding": "gzip"})
    with pytest.raises(Unsure):
        await provider.poll(TaskRef(task_id="task_1"))


async def test_a_compressed_answer_is_read(api: Api, provider: LemonDataProvider) -> None:
    api.answer(gzip.compress(b'{"status":"running"}'), headers={"Content-Encoding": "gzip"})
    assert (await provider.poll(TaskRef(task_id="task_1"))).phase is Phase.RUNNING


async def test_a_create_answer_with_a_poll_url_only_names_its_task(
    api: Api, provider: LemonDataProvider, submission: Submission
) -> None:
    api.answer({"status": "pending", "poll_url": "/v1/tasks/ldtask_9"})
    assert (await provider.submit(submission)).task == TaskRef(task_id="ldtask_9", poll_url="/v1/tasks/ldtask_9")


async def test_a_create_answer_may_name_its_task_in_a_header_only(
    api: Api, provider: LemonDataProvider, submission: Submission
) -> None:
    api.answer({"status": "pending"}, headers={"X-Task-ID": "ldtask_9"})
    assert (await provider.submit(submission)).task == TaskRef(task_id="ldtask_9")


@pytest.mark.parametrize("body", [{"status": "pending"}, {"status": "completed", "video_url": "https://a.example/v"}])
async def test_a_create_answer_that_names_no_task_is_unsure(
    api: Api, provider: LemonDataProvider, submission: Submission, body: dict[str, str]
) -> None:
    api.answer(body)
    with pytest.raises(Unsure):
        await provider.submit(submission)


@pytest.mark.parametrize(
    "body",
    [{"error": {"message": "no", "type": "upstream_error"}}, {"error": "no"}, {"status": "failed", "error": "no"}],
)
async def test_an_error_without_a_task_in_a_create_answer_is_a_refusal(
    api: Api, provider: LemonDataProvider, submission: Submission, body: dict[str, object]
) -> None:
    api.answer(body, headers={"X-Task-ID": "ldtask_9"})
    with pytest.raises(Refused) as caught:
        await provider.submit(submission)
    assert caught.value.reason is Reason.REFUSED


async def test_a_create_answer_may_be_an_end_already(
    api: Api, provider: LemonDataProvider, submission: Submission
) -> None:
    api.answer({"id": "task_1", "status": "completed", "video_url": "https://a.example/v.mp4"}, 201)
    status = await provider.submit(submission)
    assert (status.phase, status.results) == (Phase.DONE, ("https://a.example/v.mp4",))


async def test_a_task_is_cancelled_at_its_canonical_address(api: Api, provider: LemonDataProvider) -> None:
    api.answer({"id": "task_1", "status": "failed", "cancelled": True})
    status = await provider.cancel(TaskRef(task_id="task_1", poll_url="/v1/other/task_1"))
    assert status.phase is Phase.CANCELLED
    assert (api.seen[0].method, api.seen[0].path) == ("DELETE", "/v1/tasks/task_1")


@pytest.mark.parametrize(("body", "status"), [(UNKNOWN, 404), (UNKNOWN, 400), (NO_ROUTE, 404), (PENDING, 200)])
async def test_a_working_key_passes_its_check(
    api: Api, provider: LemonDataProvider, body: dict[str, object], status: int
) -> None:
    api.answer(body, status)
    await provider.check_key()
    assert api.seen[0].path == "/v1/tasks/showreel-key-check"


async def test_a_foreign_task_proves_the_key_too(api: Api, provider: LemonDataProvider) -> None:
    api.answer({"error": {"message": "not yours", "code": "task_not_owned", "type": "permission_error"}}, 403)
    await provider.check_key()


@pytest.mark.parametrize(
    ("status", "kind"), [(401, "invalid_api_key"), (402, "quota_exceeded"), (403, "permission_error")]
)
async def test_a_key_that_is_turned_down_closes_the_door(
    api: Api, provider: LemonDataProvider, status: int, kind: str
) -> None:
    api.answer({"error": {"message": "no", "type": kind}}, status)
    with pytest.raises(Refused) as caught:
        await provider.check_key()
    assert caught.value.closes_door


async def test_a_key_check_notices_an_address_without_the_api(api: Api, provider: LemonDataProvider) -> None:
    api.answer("<html>no such page</html>", 404)
    with pytest.raises(Unsure, match="base_url"):
        await provider.check_key()


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_key_check_notices_an_api_that_has_moved(api: Api, provider: LemonDataProvider, status: int) -> None:
    api.answer("moved", status, {"Location": "https://elsewhere.example/v1"})
    with pytest.raises(Refused, match="at another address"):
        await provider.check_key()


async def test_a_key_check_can_be_asked_to_come_back(api: Api, provider: LemonDataProvider) -> None:
    api.answer({"error": {"message": "later", "type": "rate_limit_error"}}, 429, {"Retry-After": "3"})
    with pytest.raises(Busy) as caught:
        await provider.check_key()
    assert caught.value.retry_after is not None


@pytest.mark.parametrize("body", [{"data": []}, {"data": [{"no": "id"}]}, {"object": "list"}, "<html>"])
async def test_a_list_without_models_is_unsure(api: Api, provider: LemonDataProvider, body: object) -> None:
    api.answer(body)
    with pytest.raises(Unsure):
        await provider.models()


async def test_prices_are_asked_of_the_public_list(api: Api, provider: LemonDataProvider) -> None:
    api.answer({"object": "pricing", "data": [{"model": "hailuo-2.3", "lock_price_per_request": "0.28"}]})
    assert await provider.prices() == {"hailuo-2.3": Price(unit=PriceUnit.REQUEST, least=280_000, most=280_000)}
    assert api.seen[0].path == "/v1/pricing"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(header=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30))
async def test_no_retry_after_header_breaks_a_poll(api: Api, provider: LemonDataProvider, header: str) -> None:
    api.answers.clear()
    api.answer("slow down", 429, {"Retry-After": header})
    with pytest.raises(Busy):
        await provider.poll(TaskRef(task_id="task_1"))

"""The shape of every era's answers."""

from typing import Any

from sandbox.provider import Era
from tests.sandbox.provider.account import Account, play


async def _both(account: Account, era: Era) -> tuple[dict[str, Any], dict[str, Any]]:
    account.provider.era = era
    created: dict[str, Any] = (await account.create()).json()
    task = list(account.provider.tasks.values())[-1]
    return created, await account.ended(task)


async def _file_at(account: Account, url: str) -> bytes:
    return (await account.client.get(url)).content


async def test_current_has_both_ids_and_a_relative_poll_url(account: Account) -> None:
    created, ended = await _both(account, Era.CURRENT)
    assert created.keys() == {"id", "task_id", "poll_url", "status", "model", "created"}
    assert created["id"] == created["task_id"]
    assert created["poll_url"] == f"/v1/tasks/{created['id']}"
    assert (await account.client.get(created["poll_url"])).json() == ended
    assert ended["video_url"].startswith(account.provider.origin)
    assert ended["progress"] == 100
    assert "billing_transaction_id" in ended


async def test_legacy_has_task_id_alone_and_is_polled_where_it_was_created(account: Account) -> None:
    created, ended = await _both(account, Era.LEGACY)
    assert created.keys() == {"task_id", "status", "model", "created_at"}
    assert ended.keys() == {"task_id", "status", "model", "created_at", "completed_at", "progress", "video_url"}
    assert (await account.client.get(f"/v1/tasks/{created['task_id']}")).status_code == 404


async def test_minimal_says_as_little_as_it_may(account: Account) -> None:
    created, ended = await _both(account, Era.MINIMAL)
    assert created.keys() == {"id", "status", "model"}
    assert ended.keys() == {"status", "video_url", "error"}
    assert ended["error"] is None


async def test_video_object_tells_the_real_length_and_size(account: Account) -> None:
    _, ended = await _both(account, Era.VIDEO_OBJECT)
    video = ended["video"]
    film = play(await _file_at(account, video["url"]))
    assert "video_url" not in ended
    assert (video["width"], video["height"]) == film.frames[0].size
    assert video["duration"] == len(film.frames) / 12


async def test_videos_list_has_two_different_films(account: Account) -> None:
    _, ended = await _both(account, Era.VIDEOS_LIST)
    one, other = [await _file_at(account, video["url"]) for video in ended["videos"]]
    assert one != other
    assert next(iter(account.provider.tasks.values())).videos == [one, other]


async def test_content_hides_the_result_one_level_down(account: Account) -> None:
    _, ended = await _both(account, Era.CONTENT)
    assert ended["content"]["video_url"].endswith(".mp4")
    assert "video_url" not in ended


async def test_aliases_use_other_words(account: Account) -> None:
    created, ended = await _both(account, Era.ALIASES)
    assert created["status"] == "queued"
    assert ended["status"] == "succeeded"


async def test_create_completed_answers_with_the_result(account: Account) -> None:
    created, _ = await _both(account, Era.CREATE_COMPLETED)
    assert created["status"] == "completed"
    assert play(await _file_at(account, created["video_url"])).frames


async def test_create_completed_does_not_wait_for_a_stuck_task(account: Account) -> None:
    account.provider.era = Era.CREATE_COMPLETED
    assert (await account.create("[stuck]")).json()["status"] == "processing"


async def test_progress_is_told_while_it_runs(account: Account) -> None:
    task = await account.accepted("[stuck]")
    seen: dict[str, Any] = {"status": "pending"}
    while seen["status"] == "pending":
        assert "progress" not in seen
        seen = (await account.client.get(f"/v1/tasks/{task.id}")).json()
    assert 0 < seen["progress"] < 100

"""The JSON of tasks, as each era of the API wrote it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any
from uuid import uuid4

from sandbox.provider.script import Outcome
from sandbox.provider.tasks import Status, Task


class Era(StrEnum):
    """Which documents the provider follows; all differ in the shape of answers, two in their models API too."""

    CURRENT = "current"
    """id, task_id, poll_url, created, updated; the result in video_url."""

    LEGACY = "legacy"
    """task_id, created_at, completed_at, no poll_url; no /v1/tasks at all; the older models and pricing API."""

    MINIMAL = "minimal"
    """The least that the schema and real traffic know: id, status, model; polls with status, video_url, error null."""

    VIDEO_OBJECT = "video_object"
    """As current, with the result in the object `video`."""

    VIDEOS_LIST = "videos_list"
    """As current, with two results in `videos`."""

    CONTENT = "content"
    """As current, with the result in content.video_url."""

    ALIASES = "aliases"
    """As current, with the words queued, running, succeeded and cancelled."""

    CREATE_COMPLETED = "create_completed"
    """As current, but a create call answers completed at once."""


def new_task_id(era: Era) -> str:
    """Make an id in the form of the era."""
    match era:
        case Era.LEGACY:
            return f"video_{uuid4().hex[:16]}"
        case Era.MINIMAL:
            return f"task_{uuid4().hex}"
        case _:
            return f"ldtask_{uuid4().hex}"


def results_of(era: Era) -> int:
    """Say how many videos a task makes."""
    return 2 if era is Era.VIDEOS_LIST else 1


def poll_path(task: Task) -> str:
    """Name the path at which a task is polled."""
    return f"/v1/tasks/{task.id}"


def created(task: Task, era: Era, origin: str, foreign_origin: str) -> dict[str, Any]:
    """Answer a create call; its outcome may take the id or the poll_url away, or send the poller elsewhere."""
    answer = _identity(task, era) | _state(task, era, origin)
    match task.outcome:
        case Outcome.NO_ID:
            return _without(answer, "id", "task_id", "poll_url")
        case Outcome.POLL_URL_ONLY:
            return _without(answer, "id", "task_id") | {"poll_url": poll_path(task)}
        case Outcome.FOREIGN_POLL_URL:
            return answer | {"poll_url": f"{foreign_origin}{poll_path(task)}"}
        case _:
            return answer


def polled(task: Task, era: Era, origin: str, now: float) -> dict[str, Any]:
    """Answer a poll at a time of the loop's clock."""
    state = _state(task, era, origin)
    match era:
        case Era.MINIMAL:
            return state | {"error": task.error}
        case Era.LEGACY:
            ended = {"completed_at": task.updated} if task.status is Status.COMPLETED else {}
            return _identity(task, era) | state | _progress(task, now) | ended
        case _:
            return _identity(task, era) | state | _progress(task, now) | {"updated": task.updated}


_ALIASES = {
    Status.PENDING: "queued",
    Status.PROCESSING: "running",
    Status.COMPLETED: "succeeded",
}


def headers(task: Task, era: Era) -> dict[str, str]:
    """Give the headers of an answer about a task; the older eras had none."""
    if era in {Era.LEGACY, Era.MINIMAL}:
        return {}
    settled = {"X-Billing-Transaction-ID": task.transaction} if task.status is Status.COMPLETED else {}
    return {"X-Task-ID": task.id} | settled


def _identity(task: Task, era: Era) -> dict[str, Any]:
    model = task.order.model.id
    match era:
        case Era.MINIMAL:
            return {"id": task.id, "model": model}
        case Era.LEGACY:
            return {"task_id": task.id, "model": model, "created_at": task.created}
        case _:
            names = {"id": task.id, "task_id": task.id, "poll_url": poll_path(task)}
            return names | {"model": model, "created": task.created}


def _state(task: Task, era: Era, origin: str) -> dict[str, Any]:
    state: dict[str, Any] = {"status": _word(task.status, era)}
    if task.status is Status.CANCELLED:
        state |= {"cancelled": True, "cancellation_status": "cancelled"}
    if task.error is not None:
        state["error"] = task.error
    if task.status is Status.COMPLETED:
        state |= _result(task, era, origin)
        if era not in {Era.LEGACY, Era.MINIMAL}:
            state["billing_transaction_id"] = task.transaction
    return state


def _progress(task: Task, now: float) -> dict[str, Any]:
    shown = task.status in {Status.PROCESSING, Status.COMPLETED}
    return {"progress": task.progress(now)} if shown else {}


def _word(status: Status, era: Era) -> str:
    if era is Era.ALIASES:
        return _ALIASES.get(status, status.value)
    return Status.FAILED.value if status is Status.CANCELLED else status.value


def _result(task: Task, era: Era, origin: str) -> dict[str, Any]:
    videos = [
        {
            "url": f"{origin}/files/{task.id}/{number}.mp4",
            "duration": clip.duration,
            "width": clip.width,
            "height": clip.height,
        }
        for number, clip in enumerate(task.clips)
    ]
    if not videos:
        return {}
    match era:
        case Era.VIDEO_OBJECT:
            return {"video": videos[0]}
        case Era.VIDEOS_LIST:
            return {"videos": videos}
        case Era.CONTENT:
            return {"content": {"video_url": videos[0]["url"], "file_url": None}}
        case _:
            return {"video_url": videos[0]["url"]}


def _without(answer: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name not in names}

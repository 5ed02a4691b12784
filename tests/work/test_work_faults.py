"""Faults of the outside that no other page of tests is about."""

from collections import deque

from bot.domain.generation import State
from tests.work.conftest import OpenStage
from tests.work.scripted import TASK, ScriptedApi
from tests.work.stage import CHARGED

PRIVATE = "http://10.11.12.13/clip.mp4"


async def test_a_result_at_a_private_address_is_neither_asked_for_nor_handed_on(
    open_stage: OpenStage, api: ScriptedApi
) -> None:
    api.polls = deque([(200, {"id": TASK, "status": "completed", "video_url": PRIVATE})])
    stage = await open_stage(api=api)
    ended = await stage.follow(await stage.ask())
    ((_, notice),) = stage.delivery.told
    assert (notice.files, notice.unfetched, notice.unusable) == ((), (), 1)
    assert ended.state is State.SUCCEEDED
    assert await stage.settled(ended) == CHARGED
    assert stage.delivery.calls["tell"] == 1


async def test_of_several_results_those_that_can_be_had_come_as_files(open_stage: OpenStage, api: ScriptedApi) -> None:
    videos = [{"url": f"{api.origin}/clip.mp4"}, {"url": PRIVATE}]
    api.polls = deque([(200, {"id": TASK, "status": "completed", "videos": videos})])
    stage = await open_stage(api=api)
    await stage.follow(await stage.ask())
    ((_, notice),) = stage.delivery.told
    assert (len(notice.files), notice.unfetched, notice.unusable) == (1, (), 1)

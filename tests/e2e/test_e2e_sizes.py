"""Finished videos of any size: as they are, made smaller, or as a link; never silence."""

from pathlib import Path

from tests.media.footage import Footage, play
from tests.stage import Stage

LIMIT = 10 * 1_048_576


async def test_a_video_over_the_limit_is_made_smaller_and_says_so(stage: Stage, tmp_path: Path) -> None:
    source = Footage(sides=(1280, 720), seconds=2, bits=60_000_000).shoot(tmp_path / "source.mp4")
    assert source.stat().st_size > LIMIT
    stage.provider.always_result_in(source.read_bytes())
    await stage.start()
    await stage.ada.run("video text", channel=stage.channel, options={"prompt": "grain"})
    await stage.until(stage.videos, within=60)
    assert "it was made smaller to fit" in stage.discord.threads[0].messages[0].content
    (attachment,) = stage.videos()
    assert attachment.size <= LIMIT
    small = tmp_path / "small.mp4"
    small.write_bytes(attachment.data)
    seen = play(small)
    assert abs(seen.seconds - 2) < 0.2
    assert seen.sound_seconds > 1
    assert abs(seen.ratio - 16 / 9) < 0.01


async def test_a_video_that_is_larger_than_is_fetched_is_told_as_a_link(stage: Stage) -> None:
    await stage.start(media={"result_max": 10})
    stage.provider.huge(LIMIT + 1_000_000)
    await stage.ada.run("video text", channel=stage.channel, options={"prompt": "[huge] a cat"})
    await stage.until(lambda: stage.discord.threads and stage.discord.threads[0].messages, within=60)
    (message,) = stage.discord.threads[0].messages
    assert not message.attachments
    assert f"<{stage.provider.origin}/files/" in message.content

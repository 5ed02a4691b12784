"""An account at the simulated provider, as the tests use it: plain HTTP calls, nothing of the bot."""

import asyncio
import io
from dataclasses import dataclass
from typing import Any

import av
import httpx
from PIL import Image

from sandbox.provider import SimulatedProvider, Task

RUNNING = {"pending", "processing", "queued", "running"}


@dataclass(frozen=True, slots=True)
class Account:
    """A provider and a client that has its key."""

    provider: SimulatedProvider
    client: httpx.AsyncClient

    async def create(self, prompt: str = "a fox in the snow", **body: Any) -> httpx.Response:
        """Submit; text-to-video on a quick model unless the body says otherwise."""
        return await self.client.post("/v1/videos/generations", json={"model": "veo3.1-fast", "prompt": prompt} | body)

    async def accepted(self, prompt: str = "a fox in the snow", **body: Any) -> Task:
        """Submit what must be accepted."""
        response = await self.create(prompt, **body)
        assert response.status_code == 200, response.text
        task_id = self.provider.submissions[-1].task_id
        assert task_id is not None
        return self.provider.tasks[task_id]

    async def ended(self, task: Task) -> dict[str, Any]:
        """Poll until the task has ended; give the last answer."""
        while True:
            response = await self.client.get(f"/v1/videos/generations/{task.id}")
            answer: dict[str, Any] = response.json()
            if answer["status"] not in RUNNING:
                return answer
            await asyncio.sleep(0.01)

    async def made(self, prompt: str = "a fox in the snow", **body: Any) -> "Film":
        """Submit, wait, and play the result that the answer's video_url leads to."""
        answer = await self.ended(await self.accepted(prompt, **body))
        assert answer["status"] == "completed", answer
        response = await self.client.get(answer["video_url"])
        assert response.headers["Content-Type"] == "video/mp4"
        return play(response.content)


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """What a player finds in a file."""

    content: bytes
    frames: list[Image.Image]
    codecs: set[str]
    pixel_format: str | None
    comment: str
    seconds: float

    def colour(self, *, at: float, place: tuple[float, float] = (0.5, 0.5)) -> tuple[int, int, int]:
        """Look at one place of the frame at a part (0 to 1) of the film."""
        frame = self.frames[min(int(at * len(self.frames)), len(self.frames) - 1)]
        pixel = frame.getpixel((int(place[0] * frame.width), int(place[1] * frame.height)))
        assert isinstance(pixel, tuple)
        return pixel[0], pixel[1], pixel[2]


def play(content: bytes) -> Film:
    """Decode every frame of a file."""
    with av.open(io.BytesIO(content), "r") as container:
        frames = [frame.to_image() for frame in container.decode(video=0)]  # type: ignore[no-untyped-call]  # av 18
        return Film(
            content=content,
            frames=frames,
            codecs={stream.codec_context.name for stream in container.streams},
            pixel_format=container.streams.video[0].codec_context.pix_fmt,
            comment=container.metadata["comment"],
            seconds=(container.duration or 0) / av.time_base,
        )


def is_near(colour: tuple[int, int, int], wanted: tuple[int, int, int]) -> bool:
    """Tell whether two colours look alike after H.264."""
    return all(abs(one - other) < 45 for one, other in zip(colour, wanted, strict=True))

"""Every operation results in a film that plays and shows what was sent."""

import base64

import pytest

from sandbox.provider import Era, SimulatedProvider
from tests.sandbox.provider.account import Account, is_near, play
from tests.sandbox.provider.conftest import FileHost

RED = (255, 0, 0)
BLUE = (0, 0, 255)


async def test_text_becomes_a_moving_h264_film_that_streams(account: Account) -> None:
    film = await account.made(duration=4, aspect_ratio="9:16", output_audio=False)
    assert film.codecs == {"h264"}
    assert film.pixel_format == "yuv420p"
    assert film.frames[0].size == (180, 320)
    assert film.seconds == pytest.approx(3, abs=0.1)
    assert film.content.index(b"moov") < film.content.index(b"mdat")
    assert film.frames[0].tobytes() != film.frames[-1].tobytes()


async def test_each_file_differs_and_names_its_task(account: Account) -> None:
    one, other = await account.made(), await account.made()
    assert one.content != other.content
    assert one.comment.split("/")[0] == account.provider.submissions[0].task_id


async def test_sound_is_made_when_asked_for_or_when_the_model_always_does(account: Account) -> None:
    assert "aac" in (await account.made(output_audio=True)).codecs
    assert "aac" in (await account.made()).codecs
    assert "aac" not in (await account.made(model="kling-3.0-video")).codecs


async def test_the_picture_that_was_sent_is_seen(account: Account, host: FileHost, red: bytes) -> None:
    film = await account.made(operation="image-to-video", image_url=host.put("red.png", red))
    assert is_near(film.colour(at=0.1), RED)
    assert is_near(film.colour(at=0.9), RED)
    assert account.provider.tasks[film.comment.split("/")[0]].inputs == {"image_url": [red]}


async def test_a_picture_in_a_data_url_is_decoded(account: Account, red: bytes) -> None:
    film = await account.made(image="data:image/png;base64," + base64.b64encode(red).decode())
    assert is_near(film.colour(at=0.5), RED)


async def test_two_pictures_dissolve_into_each_other(account: Account, host: FileHost, red: bytes, blue: bytes) -> None:
    film = await account.made(
        operation="start-end-to-video",
        start_image=host.put("red.png", red),
        end_image=host.put("blue.png", blue),
    )
    assert is_near(film.colour(at=0), RED)
    assert is_near(film.colour(at=0.5), (127, 0, 127))
    assert is_near(film.colour(at=1), BLUE)


async def test_references_stand_side_by_side(account: Account, host: FileHost, red: bytes, blue: bytes) -> None:
    references = [host.put("red.png", red), host.put("blue.png", blue)]
    film = await account.made(operation="reference-to-video", reference_images=references)
    assert is_near(film.colour(at=0.5, place=(0.25, 0.5)), RED)
    assert is_near(film.colour(at=0.5, place=(0.75, 0.5)), BLUE)


async def test_a_clip_is_shown_again_with_a_mark(account: Account, host: FileHost, red: bytes) -> None:
    clip = await account.made(image_url=host.put("red.png", red))
    film = await account.made(model="topaz-video-upscale", video_url=host.put("clip.mp4", clip.content))
    assert is_near(film.colour(at=0.5), RED)
    assert not is_near(film.colour(at=0.5, place=(0.005, 0.5)), RED)


async def test_an_extension_goes_on_after_the_earlier_film(account: Account, host: FileHost, red: bytes) -> None:
    earlier = await account.made(image_url=host.put("red.png", red))
    task_id = earlier.comment.split("/")[0]
    film = await account.made(
        model="seedance-2.0", operation="video-extension", task_id=task_id, extend_times="1", duration=4
    )
    assert film.seconds == pytest.approx(6, abs=0.1)
    assert is_near(film.colour(at=0.2, place=(0.005, 0.5)), RED)
    assert is_near(film.colour(at=0.9), RED)
    assert not is_near(film.colour(at=0.9, place=(0.005, 0.5)), RED)


async def test_a_picture_moves_over_the_clip(account: Account, host: FileHost, red: bytes, blue: bytes) -> None:
    clip = await account.made(image_url=host.put("blue.png", blue))
    film = await account.made(
        model="kling-3.0-motion-control",
        operation="motion-control",
        image_url=host.put("red.png", red),
        video_url=host.put("clip.mp4", clip.content),
    )
    assert is_near(film.colour(at=0, place=(0.2, 0.5)), RED)
    assert is_near(film.colour(at=0.5, place=(0.2, 0.2)), BLUE)


async def test_sound_becomes_a_film_that_lasts_as_long(account: Account, host: FileHost, sound: bytes) -> None:
    film = await account.made(model="lumen-nova-1", audio_url=host.put("tone.wav", sound))
    assert film.codecs == {"h264", "aac"}
    assert film.seconds == pytest.approx(1, abs=0.15)


async def test_a_given_clip_replaces_rendering(account: Account) -> None:
    clip = await account.made()
    async with SimulatedProvider(pace=0, era=Era.CREATE_COMPLETED, clip=clip.content) as provider:
        quick = Account(provider, account.client)
        answer = (await account.client.post(f"{provider.url}/videos/generations", json={"prompt": "a"})).json()
        assert play((await quick.client.get(answer["video_url"])).content).content == clip.content


@pytest.mark.parametrize(
    ("sent", "reason"),
    [(None, "HTTP 404"), (b"<html></html>", "not a readable image"), (b"\x89PNG\r\n\x1a\n", "not a readable image")],
)
async def test_an_input_that_is_no_picture_fails_the_task(
    account: Account, host: FileHost, sent: bytes | None, reason: str
) -> None:
    url = f"{host.origin}/none" if sent is None else host.put("file", sent)
    answer = await account.ended(await account.accepted(image_url=url))
    assert answer["status"] == "failed"
    assert answer["error"]["param"] == "image_url"
    assert reason in answer["error"]["message"]


async def test_a_picture_is_no_clip_and_a_clip_is_no_sound(account: Account, host: FileHost, red: bytes) -> None:
    clip = host.put("clip.mp4", (await account.made()).content)
    picture = await account.ended(
        await account.accepted(model="topaz-video-upscale", video_url=host.put("red.png", red))
    )
    film = await account.ended(await account.accepted(model="lumen-nova-1", audio_url=clip))
    assert picture["error"]["param"] == "video_url"
    assert film["error"]["param"] == "audio_url"

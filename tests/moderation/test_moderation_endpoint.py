"""What a moderation endpoint says of a prompt, and what becomes of a prompt when it says nothing usable."""

import asyncio
import gzip
import json
import logging
import socket
import traceback
from typing import Any

import pytest
import structlog

from bot.moderation.endpoint import LARGEST_ANSWER, MOST_CATEGORIES, ModerationUnavailableError, Verdict
from tests.moderation.conftest import KEY, Asked, Connect, OpenSocket

PROMPT = "a quiet harbour"
UNASKED = Verdict(allowed=True, asked=False)


def said(body: bytes, head: str = "200 OK") -> bytes:
    """An answer as it goes over the wire."""
    return f"HTTP/1.1 {head}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


FINE = json.dumps({"results": [{"flagged": False, "categories": {}}]}).encode()
UNUSABLE = {
    "server error": said(b"{}", "500 Oops"),
    "bad gateway with a page": said(b"<html>bad gateway</html>", "502 Bad Gateway"),
    "too many questions": said(b"{}", "429 Too Many Requests"),
    "not found": said(b'{"error":{"message":"no such model"}}', "404 Not Found"),
    "bad request": said(b"{}", "400 Bad Request"),
    "made, not answered": said(FINE, "201 Created"),
    "moved": said(FINE, "307 Temporary Redirect\r\nLocation: /v1/elsewhere"),
    "a page": said(b"<html>welcome</html>"),
    "nothing": said(b""),
    "not text": said(b"\xff\xfe\x00"),
    "no object": said(b"[]"),
    "no results": said(b'{"results":[]}'),
    "results that are none": said(b'{"results":["fine"]}'),
    "no flag": said(b'{"results":[{"categories":{}}]}'),
    "a flag that is a word": said(b'{"results":[{"flagged":"false"}]}'),
    "a flag that is a number": said(b'{"results":[{"flagged":0}]}'),
    "one result of two is none": said(b'{"results":[{"flagged":false},{}]}'),
    "deep nesting": said(b"[" * 50_000),
    "compressed unasked": said(gzip.compress(FINE), "200 OK\r\nContent-Encoding: gzip"),
    "too long": said(FINE + b" " * LARGEST_ANSWER),
    "endless": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + (b"4000\r\n" + b" " * 0x4000 + b"\r\n") * 20,
    "cut": said(FINE)[:-5],
    "cut in the head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "cut at once": b"",
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "the key repeated": said(f"no {KEY}".encode(), f"500 {KEY}"),
}


async def answering(open_socket: OpenSocket, answer: bytes, arrived: list[bytes] | None = None) -> str:
    """An endpoint that reads a question and writes these bytes; its base URL."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if arrived is not None:
            arrived.append(head)
        writer.write(answer)
        await writer.drain()

    return await open_socket(serve)


async def failure(connect: Connect, base: str, within: float = 5) -> ModerationUnavailableError:
    with pytest.raises(ModerationUnavailableError) as caught:
        await connect(base, within=within).check(PROMPT)
    return caught.value


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def test_a_prompt_is_asked_about_in_openais_form(service: Asked, connect: Connect) -> None:
    service.says({"flagged": False, "categories": {"violence": False}})
    assert await connect(service.base, model="omni-moderation-latest").check(PROMPT) == Verdict(allowed=True)
    assert service.paths == ["POST /v1/moderations"]
    assert service.keys == [f"Bearer {KEY}"]
    assert service.bodies == [{"input": PROMPT, "model": "omni-moderation-latest"}]


async def test_without_a_model_or_a_key_none_is_named(service: Asked, connect: Connect) -> None:
    service.says({"flagged": False})
    await connect(f" {service.base}/ ", key="").check(PROMPT)
    assert service.paths == ["POST /v1/moderations"]
    assert service.keys == [None]
    assert service.bodies == [{"input": PROMPT}]


async def test_a_flagged_prompt_is_not_allowed_and_its_categories_are_named(service: Asked, connect: Connect) -> None:
    service.says({"flagged": True, "categories": {"hate": False, "sexual/minors": True, "illicit": None, "a-b": True}})
    verdict = await connect(service.base, fails_open=True).check(PROMPT)
    assert verdict == Verdict(allowed=False, categories=("sexual/minors", "a-b"))


async def test_one_flagged_result_of_several_is_enough(service: Asked, connect: Connect) -> None:
    service.says({"flagged": False, "categories": {"hate": True}}, {"flagged": True, "categories": {"violence": True}})
    assert await connect(service.base).check(PROMPT) == Verdict(allowed=False, categories=("violence",))


@pytest.mark.parametrize("categories", [None, [], "violence", {"violence": "yes"}, {"": True}, {"<b>\n": True}])
async def test_categories_that_are_none_are_left_out(service: Asked, connect: Connect, categories: Any) -> None:
    service.says({"flagged": True, "categories": categories})
    assert await connect(service.base).check(PROMPT) == Verdict(allowed=False)


async def test_only_so_many_categories_are_kept(service: Asked, connect: Connect) -> None:
    service.says({"flagged": True, "categories": {f"c{number}": True for number in range(1000)}})
    assert len((await connect(service.base).check(PROMPT)).categories) == MOST_CATEGORIES


@pytest.mark.parametrize("text", ["", " \n"])
async def test_a_prompt_without_text_is_allowed_unasked(service: Asked, connect: Connect, text: str) -> None:
    assert await connect(service.base).check(text) == UNASKED
    assert service.paths == []


async def test_a_prompt_with_half_of_a_character_can_be_asked_about(service: Asked, connect: Connect) -> None:
    service.says({"flagged": False})
    await connect(service.base).check("a \ud800 漢 cat")
    assert service.bodies == [{"input": "a ? 漢 cat"}]


@pytest.mark.parametrize("answer", UNUSABLE.values(), ids=UNUSABLE.keys())
async def test_an_unusable_answer_is_no_answer_and_asked_for_once(
    connect: Connect, open_socket: OpenSocket, answer: bytes
) -> None:
    arrived: list[bytes] = []
    await failure(connect, await answering(open_socket, answer, arrived))
    assert len(arrived) == 1


@pytest.mark.parametrize("answer", UNUSABLE.values(), ids=UNUSABLE.keys())
async def test_with_an_unusable_answer_failing_open_allows_unasked_with_a_warning(
    connect: Connect, open_socket: OpenSocket, answer: bytes
) -> None:
    base = await answering(open_socket, answer)
    with structlog.testing.capture_logs() as lines:
        assert await connect(base, fails_open=True).check(PROMPT) == UNASKED
    assert [(line["event"], line["log_level"]) for line in lines] == [("moderation_not_asked", "warning")]


async def test_an_endpoint_that_is_not_there_gives_no_answer(connect: Connect) -> None:
    base = f"http://127.0.0.1:{free_port()}/v1"
    assert (await failure(connect, base)).status is None
    assert await connect(base, fails_open=True).check(PROMPT) == UNASKED


async def test_a_host_without_an_address_gives_no_answer(connect: Connect) -> None:
    assert (await failure(connect, "http://no-such-host.invalid")).status is None
    assert await connect("http://no-such-host.invalid", fails_open=True).check(PROMPT) == UNASKED


async def test_a_failed_tls_handshake_gives_no_answer(connect: Connect, open_socket: OpenSocket) -> None:
    async def speak_plainly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(said(b"{}", "400 Bad Request"))
        await writer.drain()

    base = (await open_socket(speak_plainly)).replace("http://", "https://")
    await failure(connect, base)
    assert await connect(base, fails_open=True).check(PROMPT) == UNASKED


@pytest.mark.parametrize("start", [b"", said(FINE)[:-5]], ids=["silent", "stuck in the middle"])
async def test_an_endpoint_that_is_too_slow_gives_no_answer(
    connect: Connect, open_socket: OpenSocket, start: bytes
) -> None:
    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        while await reader.read(1000):
            pass

    base = await open_socket(hold)
    assert "Timeout" in str(await failure(connect, base, within=0.2))
    assert await connect(base, fails_open=True, within=0.2).check(PROMPT) == UNASKED


async def test_an_endpoint_that_trickles_runs_out_of_time(connect: Connect, open_socket: OpenSocket) -> None:
    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"1\r\n \r\n")
            await writer.drain()
            await asyncio.sleep(0.01)

    assert "TimeoutError" in str(await failure(connect, await open_socket(trickle), within=0.3))


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("fails_open", [True, False])
async def test_a_refused_key_is_an_error_in_the_log(
    service: Asked,
    connect: Connect,
    status: int,
    fails_open: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    service.status = status
    endpoint = connect(service.base, fails_open=fails_open)
    with structlog.testing.capture_logs() as lines:
        if fails_open:
            assert await endpoint.check(PROMPT) == UNASKED
        else:
            with pytest.raises(ModerationUnavailableError) as caught:
                await endpoint.check(PROMPT)
            assert caught.value.is_refusal
    assert lines[0] == {"event": "moderation_key_refused", "status": status, "log_level": "error"}


async def test_a_redirect_is_not_followed(service: Asked, connect: Connect) -> None:
    service.status, service.headers = 307, {"Location": f"{service.base}/moderations"}
    assert (await failure(connect, service.base)).status == 307
    assert len(service.paths) == 1


@pytest.mark.parametrize("answer", [*UNUSABLE.values(), said(b"{}", "401 No")], ids=[*UNUSABLE.keys(), "refused"])
@pytest.mark.parametrize("fails_open", [True, False])
async def test_neither_key_nor_prompt_is_in_any_log_or_error(
    connect: Connect,
    open_socket: OpenSocket,
    caplog: pytest.LogCaptureFixture,
    answer: bytes,
    fails_open: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    caplog.set_level(logging.DEBUG)
    endpoint = connect(await answering(open_socket, answer), fails_open=fails_open)
    told = repr(endpoint)
    with structlog.testing.capture_logs() as lines:
        try:
            await endpoint.check(PROMPT)
        except ModerationUnavailableError as error:
            told += "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))
    told += repr(lines) + caplog.text
    assert KEY not in told
    assert PROMPT not in told


async def test_a_cancelled_question_is_cancelled(connect: Connect, open_socket: OpenSocket) -> None:
    arrived = asyncio.Event()

    async def hold(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        arrived.set()
        while await reader.read(1000):
            pass

    task = asyncio.create_task(connect(await open_socket(hold), fails_open=True).check(PROMPT))
    await arrived.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize(
    "base",
    ["", "api.openai.com/v1", "ftp://host/v1", "https://", "https://me@host/v1", "https://host/v1?a=b", "http://[::1"],
)
def test_an_address_that_can_t_be_right_is_turned_down_at_once(connect: Connect, base: str) -> None:
    with pytest.raises(ValueError, match="moderation endpoint"):
        connect(base)


@pytest.mark.parametrize("key", ["sk a", "sk-\n1", "sk-ключ"])
def test_a_key_that_can_t_be_right_is_turned_down_without_being_said(connect: Connect, key: str) -> None:
    with pytest.raises(ValueError, match="characters that no key has") as caught:
        connect("https://api.openai.com/v1", key=key)
    assert key not in "".join(traceback.format_exception(caught.value))

"""What is known after a call that got no whole answer, with real sockets."""

import asyncio
import socket
import struct
from contextlib import ExitStack

import pytest

from bot.providers.base import Submission, TaskRef
from bot.providers.errors import ProviderError, Unreachable, Unsure
from tests.providers.conftest import KEY, Connect, OpenSocket

TASK = TaskRef(task_id="task_1")
BODY = b'{"id":"task_1","status":"queued"}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """One request from a connection, with its body."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-l")), 0
    )
    return head + await reader.readexactly(length)


async def failure(connect: Connect, base: str, submission: Submission | None = None) -> ProviderError:
    """How a submission, or else a poll, fails within half a second."""
    provider = connect(base, timeout=0.5)
    with pytest.raises(ProviderError) as caught:
        await (provider.submit(submission) if submission else provider.poll(TASK))
    return caught.value


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def test_a_refused_connection_means_that_nothing_was_sent(connect: Connect, submission: Submission) -> None:
    assert isinstance(await failure(connect, f"http://127.0.0.1:{free_port()}", submission), Unreachable)


async def test_a_host_without_an_address_means_that_nothing_was_sent(connect: Connect, submission: Submission) -> None:
    assert isinstance(await failure(connect, "http://no-such-host.invalid", submission), Unreachable)


async def test_a_connection_that_is_never_made_means_that_nothing_was_sent(
    connect: Connect, submission: Submission
) -> None:
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):
            filler = stack.enter_context(socket.socket())
            filler.settimeout(0)
            filler.connect_ex(listener.getsockname())
        error = await failure(connect, f"http://127.0.0.1:{listener.getsockname()[1]}", submission)
    assert isinstance(error, Unreachable)


async def test_a_failed_tls_handshake_means_that_nothing_was_sent(
    connect: Connect, open_socket: OpenSocket, submission: Submission
) -> None:
    async def speak_plainly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()

    base = (await open_socket(speak_plainly)).replace("http://", "https://")
    assert isinstance(await failure(connect, base, submission), Unreachable)


async def test_waiting_too_long_for_a_free_connection_means_that_nothing_was_sent(
    connect: Connect, open_socket: OpenSocket, submission: Submission
) -> None:
    arrived = []

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arrived.append(await read_request(reader))
        await reader.read()

    provider = connect(await open_socket(hold), timeout=0.4, connections=1)
    errors = await asyncio.gather(*[provider.submit(submission) for _ in range(2)], return_exceptions=True)
    assert sorted(type(error).__name__ for error in errors) == ["Unreachable", "Unsure"]
    assert len(arrived) == 1


async def test_a_submission_that_is_cut_before_any_answer_is_unsure_and_sent_once(
    connect: Connect, open_socket: OpenSocket, submission: Submission
) -> None:
    arrived = []

    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arrived.append(await read_request(reader))

    assert isinstance(await failure(connect, await open_socket(cut), submission), Unsure)
    assert len(arrived) == 1


async def test_a_submission_that_is_reset_is_unsure_and_sent_once(
    connect: Connect, open_socket: OpenSocket, submission: Submission
) -> None:
    arrived = []

    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arrived.append(await read_request(reader))
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.transport.abort()

    assert isinstance(await failure(connect, await open_socket(reset), submission), Unsure)
    assert len(arrived) == 1


async def test_a_connection_that_closes_at_once_leaves_a_submission_unsure(
    connect: Connect, open_socket: OpenSocket, submission: Submission
) -> None:
    async def close(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    assert isinstance(await failure(connect, await open_socket(close), submission), Unsure)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(ANSWER[:-5], id="a body that is cut"),
        pytest.param(ANSWER.replace(b"200 OK", b"201 Created")[:-1], id="a body one byte short"),
        pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n\r\n", id="another protocol"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope", id="not gzip"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", id="an empty body"),
        pytest.param(b"HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n", id="moved"),
    ],
)
async def test_an_unusable_answer_leaves_a_submission_unsure_and_sent_once(
    connect: Connect, open_socket: OpenSocket, submission: Submission, answer: bytes
) -> None:
    arrived = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arrived.append(await read_request(reader))
        writer.write(answer)
        await writer.drain()

    assert isinstance(await failure(connect, await open_socket(serve), submission), Unsure)
    assert len(arrived) == 1


async def test_a_silent_provider_leaves_a_submission_unsure(
    connect: Connect, open_socket: OpenSocket, submission: Submission
) -> None:
    async def hold(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    assert isinstance(await failure(connect, await open_socket(hold), submission), Unsure)


async def test_an_answer_that_drips_is_given_up_in_the_end(connect: Connect, open_socket: OpenSocket) -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.05)

    started = asyncio.get_running_loop().time()
    assert isinstance(await failure(connect, await open_socket(drip)), Unsure)
    assert asyncio.get_running_loop().time() - started < 3


async def test_a_submission_never_travels_on_a_kept_connection(
    connect: Connect, open_socket: OpenSocket, submission: Submission
) -> None:
    connections: list[list[bytes]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        methods: list[bytes] = []
        connections.append(methods)
        while True:
            methods.append((await read_request(reader)).partition(b" ")[0])
            writer.write(ANSWER)
            await writer.drain()

    provider = connect(await open_socket(serve))
    for _ in range(2):
        await provider.poll(TASK)
        await provider.submit(submission)
    assert sorted(connections) == [[b"GET", b"GET"], [b"POST"], [b"POST"]]


async def test_a_poll_on_a_kept_connection_that_died_is_asked_again(connect: Connect, open_socket: OpenSocket) -> None:
    arrived = []

    async def answer_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arrived.append(await read_request(reader))
        writer.write(ANSWER)
        await writer.drain()
        arrived.append(await read_request(reader))

    provider = connect(await open_socket(answer_once))
    await provider.poll(TASK)
    await provider.poll(TASK)
    assert len(arrived) == 3


async def test_no_failure_shows_the_key(connect: Connect, open_socket: OpenSocket, submission: Submission) -> None:
    async def repeat_all(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await read_request(reader)
        writer.write(b"HTTP/1.1 502 Bad\r\nContent-Length: %d\r\n\r\n" % len(request) + request)
        await writer.drain()

    async def speak_nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await read_request(reader))
        await writer.drain()

    bases = [await open_socket(repeat_all), await open_socket(speak_nonsense), f"http://127.0.0.1:{free_port()}"]
    for base in bases:
        for wanted in (submission, None):
            error: BaseException | None = await failure(connect, base, wanted)
            while error is not None:
                assert KEY not in f"{error} {error!r} {vars(error)}"
                error = error.__cause__ or error.__context__

"""Files come over HTTP within bounds, and from nowhere that they shouldn't."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from aiohttp import web

from bot.media.files import MediaDelayedError, MediaRefusedError
from bot.media.rules import MIB, MediaRules
from bot.media.transfer import MOST_TRANSFERS, Fetcher, GoneError, Order, TooLargeError, _next_hop

if TYPE_CHECKING:
    from tests.media.conftest import Site

Ordering = Callable[..., Order]


@pytest.fixture
def order(tmp_path: Path, site: "Site") -> Ordering:
    """Make an order, with the site trusted unless said otherwise."""

    def make(url: str, *, most: int = MIB, trusted: frozenset[str] | None = None) -> Order:
        trusted = frozenset({site.origin}) if trusted is None else trusted
        return Order(url=url, part=tmp_path / "part", most=most, trusted=trusted)

    return make


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    fetcher = Fetcher(MediaRules())
    await fetcher.open()
    yield fetcher
    await fetcher.close()


async def endless(request: web.Request) -> web.StreamResponse:
    """Chunks without an end and without an announced length."""
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(bytes(64 * 1024))


async def cut(request: web.Request) -> web.StreamResponse:
    """Fewer bytes than announced, then nothing."""
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(bytes(500))
    assert request.transport is not None
    request.transport.close()
    return response


async def slow(request: web.Request) -> web.StreamResponse:
    """Part of an answer, then a long wait."""
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(bytes(500))
    await asyncio.sleep(3)
    return response


async def test_a_trusted_origin_may_be_at_a_private_address(site: "Site", fetcher: Fetcher, order: Ordering) -> None:
    content = bytes(range(256)) * 9000
    wanted = order(site.serve(content), most=3 * MIB)
    assert await fetcher.fetch(wanted) == len(content)
    assert wanted.part.read_bytes() == content


@pytest.mark.parametrize(
    "origin",
    ["http://127.0.0.1", "http://localhost", "http://127.1", "http://0x7f.1", "http://2130706433", "http://0177.0.0.1"],
)
async def test_the_own_machine_is_refused_in_any_spelling(
    site: "Site", fetcher: Fetcher, order: Ordering, origin: str
) -> None:
    site.serve(b"secret")
    with pytest.raises(MediaRefusedError):
        await fetcher.fetch(order(f"{origin}:{site.server.port}/file", trusted=frozenset()))
    assert not site.requests


@pytest.mark.parametrize(
    "url",
    [
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[fe80::1%25lo]/",
        "http://10.1.2.3/",
        "http://0.0.0.0/",
        "http://169.254.169.254/latest/meta-data/",
        "http://100.100.100.200/",
        "https://192.168.0.1/",
        "ftp://example.com/file",
        "file:///etc/passwd",
        "data:video/mp4;base64,AAAA",
        "http:///file",
        "http://user:password@example.com/",
        "http://user@example.com/",
        "http://[::1/",
        f"http://{'a' * 64}.example/",
        "//example.com/",
        "",
    ],
)
async def test_what_is_not_at_a_public_http_address_is_refused(fetcher: Fetcher, order: Ordering, url: str) -> None:
    with pytest.raises(MediaRefusedError):
        await fetcher.fetch(order(url))


async def test_another_port_of_a_trusted_host_is_not_trusted(site: "Site", fetcher: Fetcher, order: Ordering) -> None:
    site.serve(b"secret")
    with pytest.raises(MediaRefusedError):
        await fetcher.fetch(order(f"{site.origin}/file", trusted=frozenset({"http://127.0.0.1:1"})))
    assert not site.requests


async def test_redirects_are_followed(site: "Site", fetcher: Fetcher, order: Ordering) -> None:
    site.redirect("/second", "first")
    site.redirect("/third?x=1", "second")
    site.redirect(site.serve(b"content"), "third")
    assert await fetcher.fetch(order(f"{site.origin}/first")) == len(b"content")


async def test_a_fourth_redirect_is_refused(site: "Site", fetcher: Fetcher, order: Ordering) -> None:
    url = site.redirect("/moved")
    with pytest.raises(MediaRefusedError):
        await fetcher.fetch(order(url))
    assert len(site.requests) == 4


@pytest.mark.parametrize(
    "target", ["http://localhost:{port}/file", "http://10.0.0.1/", "file:///etc/passwd", "http://a:b@127.0.0.1:{port}/"]
)
async def test_a_redirect_from_a_trusted_origin_to_a_private_address_is_refused(
    site: "Site", fetcher: Fetcher, order: Ordering, target: str
) -> None:
    site.serve(b"secret")
    with pytest.raises(MediaRefusedError):
        await fetcher.fetch(order(site.redirect(target.format(port=site.server.port))))
    assert len(site.requests) == 1


def test_a_redirect_from_https_to_http_is_refused() -> None:
    response = httpx.Response(302, headers={"Location": "http://example.com/file"})
    with pytest.raises(MediaRefusedError):
        _next_hop(httpx.URL("https://example.com/"), response)
    assert _next_hop(httpx.URL("http://example.com/"), response).path == "/file"


async def test_neither_cookies_nor_credentials_are_sent(site: "Site", fetcher: Fetcher, order: Ordering) -> None:
    async def baking(_: web.Request) -> web.StreamResponse:
        response = web.Response(status=302, headers={"Location": "/file"})
        response.set_cookie("taste", "sweet")
        return response

    site.serve(b"content")
    await fetcher.fetch(order(site.handle(baking, "baker")))
    headers = site.requests[-1].headers
    assert not {"Cookie", "Authorization", "Referer"} & set(headers)
    assert (headers["Accept-Encoding"], headers["User-Agent"][:8]) == ("identity", "Showreel")


async def test_a_file_of_the_most_bytes_is_fetched(site: "Site", fetcher: Fetcher, order: Ordering) -> None:
    assert await fetcher.fetch(order(site.serve(bytes(1000)), most=1000)) == 1000


async def test_an_announced_size_over_the_most_is_refused_before_fetching(
    site: "Site", fetcher: Fetcher, order: Ordering
) -> None:
    wanted = order(site.serve(bytes(1001)), most=1000)
    with pytest.raises(TooLargeError) as caught:
        await fetcher.fetch(wanted)
    assert caught.value.size == 1001
    assert not wanted.part.exists()


async def test_an_endless_file_is_cut_at_the_most(site: "Site", fetcher: Fetcher, order: Ordering) -> None:
    wanted = order(site.handle(endless), most=3 * MIB)
    with pytest.raises(TooLargeError):
        await fetcher.fetch(wanted)
    assert wanted.part.stat().st_size <= 3 * MIB


async def test_a_transfer_that_is_cut_is_a_delay(site: "Site", fetcher: Fetcher, order: Ordering) -> None:
    with pytest.raises(MediaDelayedError):
        await fetcher.fetch(order(site.handle(cut)))


async def test_a_server_that_can_not_be_reached_is_a_delay(fetcher: Fetcher, order: Ordering) -> None:
    with pytest.raises(MediaDelayedError):
        await fetcher.fetch(order("http://127.0.0.1:1/file", trusted=frozenset({"http://127.0.0.1:1"})))


@pytest.mark.parametrize("status", [204, 304, 408, 429, 500, 503])
async def test_an_answer_that_may_change_is_a_delay(
    site: "Site", fetcher: Fetcher, order: Ordering, status: int
) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status)

    with pytest.raises(MediaDelayedError) as caught:
        await fetcher.fetch(order(site.handle(answer)))
    assert not isinstance(caught.value, GoneError)


@pytest.mark.parametrize("status", [401, 403, 404, 410])
async def test_an_answer_that_denies_the_file_says_gone(
    site: "Site", fetcher: Fetcher, order: Ordering, status: int
) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status)

    with pytest.raises(GoneError):
        await fetcher.fetch(order(site.handle(answer)))


async def test_a_slow_server_runs_out_of_time(site: "Site", order: Ordering) -> None:
    fetcher = Fetcher(MediaRules(fetch_timeout=timedelta(seconds=0.2)))
    await fetcher.open()
    with pytest.raises(MediaDelayedError):
        await fetcher.fetch(order(site.handle(slow)))
    await fetcher.close()


async def test_a_full_disk_is_a_delay(site: "Site", order: Ordering) -> None:
    fetcher = Fetcher(MediaRules(free_least=2**60))
    await fetcher.open()
    with pytest.raises(MediaDelayedError):
        await fetcher.fetch(order(site.serve(bytes(1000))))
    await fetcher.close()


async def test_only_so_many_transfers_run_at_once(
    site: "Site", fetcher: Fetcher, order: Ordering, tmp_path: Path
) -> None:
    running: list[int] = [0]
    all_there = asyncio.Event()

    async def counted(_: web.Request) -> web.StreamResponse:
        running[0] += 1
        if running[0] == MOST_TRANSFERS:
            all_there.set()
        await all_there.wait()
        await asyncio.sleep(0.05)
        assert running[0] <= MOST_TRANSFERS
        running[0] -= 1
        return web.Response(body=b"content")

    wanted = order(site.handle(counted))
    orders = [replace(wanted, part=tmp_path / f"{number}") for number in range(MOST_TRANSFERS * 2)]
    assert await asyncio.gather(*(fetcher.fetch(each) for each in orders)) == [7] * len(orders)

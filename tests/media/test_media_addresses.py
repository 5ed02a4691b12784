"""Sockets are opened to public addresses only."""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_network

import aiohttp
import httpx
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.media.addresses import NotPublicError, is_public, origin_of, public_socket

PRIVATE_V4 = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "168.63.129.16/32",
]
"""The registry of special IPv4 addresses (IANA) as it stands, multicast, and one host service of a cloud."""

NOT_UNICAST_V6 = ["::/8", "100::/8", "200::/7", "400::/6", "800::/5", "1000::/4", "4000::/2", "8000::/1"]
SPECIAL_V6 = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8"]


def addresses_in(networks: list[str]) -> st.SearchStrategy[IPv4Address | IPv6Address]:
    return st.sampled_from(networks).flatmap(lambda network: st.ip_addresses(network=network))


private_v4 = addresses_in(PRIVATE_V4)
private_v6 = addresses_in(NOT_UNICAST_V6 + SPECIAL_V6)


def try_socket(address: IPv4Address | IPv6Address | str) -> None:
    family = socket.AF_INET6 if ":" in str(address) else socket.AF_INET
    with pytest.raises(NotPublicError):
        public_socket((family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (str(address), 80)))


@given(private_v4)
def test_no_socket_is_opened_to_a_special_ipv4_address(address: IPv4Address) -> None:
    try_socket(address)


@given(private_v6)
def test_no_socket_is_opened_outside_ipv6_global_unicast(address: IPv6Address) -> None:
    assume(not any(address in ip_network(network) for network in ("::ffff:0:0/96", "64:ff9b::/96")))
    try_socket(address)


@given(private_v4, st.sampled_from(["::ffff:0:0", "64:ff9b::", "::"]))
def test_a_private_address_inside_an_ipv6_address_is_still_private(address: IPv4Address, prefix: str) -> None:
    try_socket(IPv6Address(int(IPv6Address(prefix)) + int(address)))


@given(st.ip_addresses(v=4))
def test_6to4_addresses_are_never_public(address: IPv4Address) -> None:
    assert not is_public(IPv6Address((0x2002 << 112) + (int(address) << 80) + 1))


@pytest.mark.parametrize("spelling", ["2130706433", "0x7f.1", "0177.0.0.1", "127.1", "fe80::1%eth0", "x"])
def test_odd_spellings_are_not_public(spelling: str) -> None:
    try_socket(spelling)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "162.159.135.233", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
)
def test_ordinary_addresses_are_public(address: str) -> None:
    assert is_public(IPv6Address(address) if ":" in address else IPv4Address(address))


def test_a_socket_is_opened_to_a_public_address() -> None:
    with public_socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", ("1.1.1.1", 80))) as opened:
        assert opened.family == socket.AF_INET


class PrivateResolver(AbstractResolver):
    """Finds only private addresses for any name."""

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:  # noqa: ARG002 - asked for by aiohttp
        facts = {"hostname": host, "port": port, "proto": 0, "flags": socket.AI_NUMERICHOST}
        found = (("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6), ("10.0.0.1", socket.AF_INET))
        return [ResolveResult(host=address, family=version, **facts) for address, version in found]  # type: ignore[typeddict-item]

    async def close(self) -> None:
        pass


async def test_a_name_that_points_to_private_addresses_is_not_connected_to() -> None:
    connector = aiohttp.TCPConnector(resolver=PrivateResolver(), socket_factory=public_socket)
    async with aiohttp.ClientSession(connector=connector) as session:
        with pytest.raises(aiohttp.ClientConnectorError) as caught:
            await session.get("http://public.example/")
    assert isinstance(caught.value.os_error, NotPublicError)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://API.example/v1/x?y", "https://api.example:443"),
        ("http://api.example:8080", "http://api.example:8080"),
        ("http://api.example:80/", "http://api.example:80"),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, origin: str) -> None:
    assert origin_of(httpx.URL(url)) == origin

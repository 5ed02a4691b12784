"""Which addresses may be asked for files: only public ones, so that no URL reaches into the operator's network.

The check sits where sockets are made. There it sees the very address that is connected to, whether it came from DNS
(so that a name can't point elsewhere between check and use) or stood in the URL, in whatever spelling.
"""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

import httpx

_DEFAULT_PORTS = {"http": 80, "https": 443}
_IPV6_UNICAST = ip_network("2000::/3")
_NAT64 = ip_network("64:ff9b::/96")
_NEVER = tuple(
    ip_network(network)
    for network in (
        "100.64.0.0/10",  # carriers' own networks (RFC 6598)
        "168.63.129.16/32",  # Azure's host services, on a public address but inside every virtual machine
        "192.0.0.0/24",  # protocol assignments (RFC 6890), of which older ipaddress modules know only a part
        "192.88.99.0/24",  # 6to4 relays (RFC 7526)
        "2001::/23",  # protocol assignments, Teredo among them (RFC 2928)
        "2002::/16",  # 6to4 (RFC 3056): carries any IPv4 address
        "3fff::/20",  # documentation (RFC 9637)
    )
)


class NotPublicError(OSError):
    """The address is not a public one; the text is always the same, so that several count as one."""

    def __init__(self) -> None:
        super().__init__("not a public address")


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is one of the public internet; one that carries an IPv4 address is judged by that."""
    if isinstance(address, IPv4Address):
        return _is_plainly_public(address)
    if address.ipv4_mapped is not None:
        return _is_plainly_public(address.ipv4_mapped)
    if address in _NAT64:
        return _is_plainly_public(IPv4Address(address.packed[-4:]))
    return address in _IPV6_UNICAST and _is_plainly_public(address)


def public_socket(addr_info: tuple[Any, Any, Any, str, tuple[Any, ...]]) -> socket.socket:
    """A socket for the address that is about to be connected to; NotPublicError where it isn't public.

    The argument is as `socket.getaddrinfo` gives it.
    """
    family, kind, protocol, _, address = addr_info
    try:
        parsed = ip_address(address[0])
    except ValueError as error:
        raise NotPublicError from error
    if not is_public(parsed):
        raise NotPublicError
    return socket.socket(family, kind, protocol)


def origin_of(url: httpx.URL) -> str:
    """The origin of a URL as "scheme://host:port", with the port always written."""
    port = url.port or _DEFAULT_PORTS.get(url.scheme, 0)
    return f"{url.scheme}://{url.raw_host.decode('ascii').lower()}:{port}"


def _is_plainly_public(address: IPv4Address | IPv6Address) -> bool:
    if any(address in network for network in _NEVER):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)

"""Where a request comes from: the address of who sends it, and whether it came encrypted. Nowhere else is asked."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, TypeAlias

from starlette.datastructures import Headers

Network: TypeAlias = IPv4Network | IPv6Network
Scope: TypeAlias = Any

MOST_HOPS = 20
"""Proxies in a row that are looked at: the header is as long as a caller likes."""


class Peers:
    """Tells requests' peers. Of `X-Forwarded-For` and `X-Forwarded-Proto` only what these proxies wrote is believed.

    A caller may send the header too, and every proxy adds to its end whom it was asked by. So it is read from the end,
    and the first address that is none of our proxies is the peer; what stands before it is anybody's word.
    """

    def __init__(self, proxies: Iterable[Network] = ()) -> None:
        self._proxies = tuple(proxies)

    def address(self, scope: Scope) -> str:
        """The address in its plain spelling; empty when the server does not know one, as behind a Unix socket."""
        peer = _client(scope)
        if not self._proxies or not self._is_proxy(peer):
            return peer
        for hop in reversed(_forwarded(Headers(scope=scope))[-MOST_HOPS:]):
            if not (address := _plain(hop)):
                break
            peer = address
            if not self._is_proxy(peer):
                break
        return peer

    def is_secure(self, scope: Scope) -> bool:
        """Whether the caller's own connection is encrypted."""
        if scope.get("scheme") in ("https", "wss"):
            return True
        told = Headers(scope=scope).getlist("x-forwarded-proto") if self._is_proxy(_client(scope)) else []
        return bool(told) and told[-1].rpartition(",")[2].strip().lower() in ("https", "wss")

    def _is_proxy(self, address: str) -> bool:
        return bool(self._proxies and address) and any(ip_address(address) in network for network in self._proxies)


def neighbourhood(address: str) -> str:
    """What limits count an address as: of IPv6 everybody has 2^64, so those of one network are one.

    >>> neighbourhood("192.0.2.7"), neighbourhood("2001:db8::7:1"), neighbourhood("")
    ('192.0.2.7', '2001:db8::/64', '')
    """
    return str(ip_network(f"{address}/64", strict=False)) if ":" in address else address


def _client(scope: Scope) -> str:
    client = scope.get("client")
    return _neighbour(client[0]) if client else ""


@lru_cache(256)
def _neighbour(host: str) -> str:
    """What the server tells of a connection, whose spelling no caller chooses."""
    return _plain(host)


def _forwarded(headers: Headers) -> list[str]:
    return [hop.strip() for line in headers.getlist("x-forwarded-for") for hop in line.split(",")]


def _plain(text: str) -> str:
    """One spelling for one address, empty for what is none; proxies write ports and brackets, too.

    >>> _plain("::ffff:192.0.2.7"), _plain("[2001:DB8::7]:443"), _plain("192.0.2.7:80"), _plain("unknown")
    ('192.0.2.7', '2001:db8::7', '192.0.2.7', '')
    """
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address: IPv4Address | IPv6Address = ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)

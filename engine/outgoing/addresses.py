"""Which addresses requests may be made to: public ones, and private ones that the settings allow; never our own."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

from engine.outgoing.failures import blocked, no_answer

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

# Whatever is allowed: where clouds hand out credentials, "this host", and what is no single machine.
_NEVER: tuple[Network, ...] = tuple(
    ip_network(network)
    for network in (
        *("0.0.0.0/8", "169.254.0.0/16", "100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32"),
        *("224.0.0.0/4", "240.0.0.0/4"),
        *("::/128", "fe80::/10", "fd00:ec2::254/128", "fd20:ce::254/128", "64:ff9b:1::/48", "ff00::/8"),
    )
)
_TRANSLATED = IPv6Network("64:ff9b::/96")
_PUBLIC = IPv6Network("2000::/3")


@dataclass(frozen=True, slots=True)
class Reach:
    """`private` are the networks that are allowed though they are not public; `own_port` is where we listen ourselves,
    None in a process that does not."""

    private: tuple[Network, ...] = ()
    own_port: int | None = None

    async def resolve(self, host: str, port: int) -> list[str]:
        """The addresses of a host, all of them allowed. Connect to these: asked again, the name may lead elsewhere."""
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            if error.errno == socket.EAI_AGAIN:
                raise no_answer(host) from error
            raise blocked(host) from error
        except UnicodeError as error:
            raise blocked(host) from error
        addresses = list(dict.fromkeys(str(info[4][0]) for info in found))
        # A name with one address inside is not called at the others either: it is a trick, or a mistake.
        if not all(self.allows(address, port) for address in addresses):
            raise blocked(host)
        return addresses

    def allows(self, address: str, port: int) -> bool:
        """Whether this address may be connected to.

        >>> Reach().allows("93.184.216.34", 443), Reach().allows("127.0.0.1", 80), Reach().allows("::ffff:10.0.0.1", 80)
        (True, False, False)
        >>> Reach((ip_network("127.0.0.0/8"),), own_port=3000).allows("127.0.0.1", 3000)
        False
        """
        reached = _innermost(ip_address(address))
        if any(reached in network for network in _NEVER):
            return False
        if not _is_public(reached) and not any(reached in network for network in self.private):
            return False
        return port != self.own_port or not _is_ours(reached)


PUBLIC = Reach()
"""Nothing that is private."""


def _innermost(address: Address) -> Address:
    """The IPv4 address that some IPv6 addresses are another way to write, or lead to."""
    if isinstance(address, IPv4Address):
        return address
    if address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else address)


def _is_public(address: Address) -> bool:
    return address.is_global and (isinstance(address, IPv4Address) or address in _PUBLIC)


def _is_ours(address: Address) -> bool:
    """Whether this machine has the address: one of another cannot be bound to."""
    family = socket.AF_INET if isinstance(address, IPv4Address) else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(address), 0))
    except OSError:
        return False
    return True

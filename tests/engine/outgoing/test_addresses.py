"""Only public addresses are called, and private ones that are allowed; some never."""

from ipaddress import ip_network

import pytest

from engine.outgoing.addresses import Reach
from engine.outgoing.failures import CallFailed

EVERYTHING = (ip_network("0.0.0.0/0"), ip_network("::/0"))

PRIVATE = (
    *("127.0.0.1", "127.8.9.1", "10.1.2.3", "172.16.0.1", "172.31.255.1", "192.168.1.1", "100.64.0.1", "198.18.0.1"),
    *("192.0.2.1", "::1", "fc00::1", "fd12:3456::1", "fec0::1", "2001:db8::1", "::127.0.0.1", "4000::1"),
)
NEVER = (
    *("0.0.0.0", "0.1.2.3", "169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "192.0.0.192"),
    *("224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "fe80::1", "fe80::1%lo", "ff02::1", "fd00:ec2::254"),
    *("fd20:ce::254", "::ffff:169.254.169.254", "64:ff9b::169.254.169.254", "64:ff9b:1::1"),
)


@pytest.mark.parametrize("address", ["93.184.216.34", "1.1.1.1", "2606:4700::1111", "64:ff9b::1.1.1.1"])
def test_public_addresses_may_be_called(address):
    assert Reach().allows(address, 443)


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_may_not(address):
    assert not Reach().allows(address, 443)


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_can_be_allowed(address):
    assert Reach(EVERYTHING).allows(address, 443)


@pytest.mark.parametrize("address", NEVER)
def test_some_addresses_cannot_be_allowed(address):
    """Where clouds hand out credentials, and what is no single other machine."""
    assert not Reach(EVERYTHING).allows(address, 443)


@pytest.mark.parametrize(
    "address", ["::ffff:10.0.0.1", "64:ff9b::10.0.0.1", "2002:a00:1::1", "2001:0:1:1::f5ff:fffe"], ids=str
)
def test_what_leads_to_a_private_address_is_one(address):
    """IPv4 addresses inside of others: mapped, translated, 6to4, Teredo."""
    assert not Reach().allows(address, 443)


def test_our_own_port_is_never_called():
    """Not on any address of this machine; elsewhere the number means nothing."""
    reach = Reach(EVERYTHING, own_port=3000)

    assert not reach.allows("127.0.0.1", 3000)
    assert not reach.allows("127.9.9.9", 3000)
    assert not reach.allows("::ffff:127.0.0.1", 3000)
    assert reach.allows("127.0.0.1", 3001)
    assert reach.allows("203.0.113.9", 3000)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "::1"])
async def test_names_and_numbers_for_this_machine_are_blocked(host):
    """However it is spelt: what counts is what comes of it."""
    with pytest.raises(CallFailed, match="BLOCKED_ADDRESS"):
        await Reach().resolve(host, 80)


@pytest.mark.parametrize("host", ["a." * 200, "no such host", "x" * 70])
async def test_a_name_that_leads_nowhere_is_told_like_one_that_leads_inside(host):
    """Which names there are inside is nobody's business."""
    with pytest.raises(CallFailed, match="BLOCKED_ADDRESS"):
        await Reach(EVERYTHING).resolve(host, 80)


async def test_an_allowed_name_becomes_its_addresses():
    assert "127.0.0.1" in await Reach(EVERYTHING).resolve("localhost", 80)

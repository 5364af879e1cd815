"""Whose address counts: the connection's own, and what trusted proxies say of theirs (attack A14)."""

from ipaddress import ip_network

import pytest

from api.peer import Peers

PROXIES = Peers([ip_network("10.0.0.0/8"), ip_network("2001:db8:1::/48")])


def scope(client, *forwarded, proto=(), scheme="http"):
    headers = [(b"x-forwarded-for", line.encode()) for line in forwarded]
    headers += [(b"x-forwarded-proto", line.encode()) for line in proto]
    return {"type": "http", "client": (client, 4711) if client else None, "headers": headers, "scheme": scheme}


@pytest.mark.parametrize(
    ("client", "forwarded", "peer"),
    [
        ("192.0.2.7", [], "192.0.2.7"),
        ("192.0.2.7", ["198.51.100.1"], "192.0.2.7"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["192.0.2.7"], "192.0.2.7"),
        ("10.0.0.1", ["192.0.2.7:4711"], "192.0.2.7"),
        ("10.0.0.1", ["198.51.100.1, 192.0.2.7"], "192.0.2.7"),
        ("10.0.0.1", ["198.51.100.1", "192.0.2.7"], "192.0.2.7"),
        ("10.0.0.1", ["198.51.100.1, 192.0.2.7, 10.0.0.2"], "192.0.2.7"),
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("10.0.0.1", ["192.0.2.7, unknown"], "10.0.0.1"),
        ("10.0.0.1", ["192.0.2.7, "], "10.0.0.1"),
        ("10.0.0.1", ["2001:DB8::7"], "2001:db8::7"),
        ("10.0.0.1", ["[2001:db8::7]:443"], "2001:db8::7"),
        ("::ffff:10.0.0.1", ["192.0.2.7"], "192.0.2.7"),
        ("2001:db8:1::1", ["192.0.2.7"], "192.0.2.7"),
        ("::ffff:192.0.2.7", [], "192.0.2.7"),
        ("", ["192.0.2.7"], ""),
    ],
)
def test_the_peer_is_the_first_that_no_proxy_of_ours_is(client, forwarded, peer):
    assert peer == PROXIES.address(scope(client, *forwarded))


def test_without_proxies_nobody_says_who_they_are():
    assert "127.0.0.1" == Peers().address(scope("127.0.0.1", "192.0.2.7"))


def test_a_long_header_is_looked_at_to_a_bound():
    """A row of proxies without an end is somebody's invention."""
    assert "10.0.0.9" == PROXIES.address(scope("10.0.0.1", ", ".join(["192.0.2.7", *["10.0.0.9"] * 50])))


@pytest.mark.parametrize(
    ("given", "secure"),
    [
        (scope("192.0.2.7"), False),
        (scope("192.0.2.7", scheme="https"), True),
        (scope("192.0.2.7", scheme="wss"), True),
        (scope("192.0.2.7", proto=["https"]), False),
        (scope("10.0.0.1", proto=["https"]), True),
        (scope("10.0.0.1", proto=["https, http"]), False),
        (scope("10.0.0.1"), False),
    ],
)
def test_whether_the_caller_came_encrypted_is_a_proxys_word_too(given, secure):
    assert secure is PROXIES.is_secure(given)

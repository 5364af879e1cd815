"""A call ends in time, reads no more than it may, and goes nowhere that was not checked."""

import asyncio
import base64
import gzip
import hashlib
import hmac
import logging
import socket
import zlib
from dataclasses import replace

import httpx
import pytest

from engine.data.unit import unit_of_work
from engine.database import close_database, open_database
from engine.outgoing.addresses import Reach
from engine.outgoing.calls import MAX_BODY, Call, Caller
from engine.outgoing.failures import CallFailed
from engine.outgoing.secrets import Secret, Secrets
from engine.outgoing.transport import CheckedTransport
from tests.other_service import LOOPBACK, other_service, reply


def to(url: str, **members) -> Call:
    return replace(Call("GET", httpx.URL(url), key="12:node"), **members)


async def test_a_call_brings_what_was_answered(caller, other):
    other.answers["/a"] = reply(201, b"hello", content_type="text/plain; charset=latin-1", x_more="yes")
    answered = await caller.call(to(other.url("/a")))

    assert (201, b"hello", "latin-1") == (answered.status, answered.body, answered.charset)
    assert "yes" == answered.headers["x-more"]


async def test_a_call_shows_its_key_and_nothing_of_the_process(caller, other, monkeypatch):
    """No proxy, no netrc: the environment is whoever's."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    await caller.call(to(other.url("/a"), method="POST", content=b"{}"))
    [heard] = other.heard

    assert ("12:node", "12:node") == (heard.headers["idempotency-key"], heard.headers["webhook-id"])
    assert "1700000000" == heard.headers["webhook-timestamp"]
    assert "identity" == heard.headers["accept-encoding"]
    assert {"authorization", "cookie", "webhook-signature"}.isdisjoint(heard.headers)


async def test_a_call_is_signed_as_standard_webhooks_says(caller, other):
    """Over key, time and body, with the bytes behind `whsec_`."""
    await caller.call(to(other.url(), method="POST", content=b'{"a":1}', signed_by="hook"))
    [heard] = other.heard
    signature = hmac.digest(b"secret", b'12:node.1700000000.{"a":1}', hashlib.sha256)

    assert f"v1,{base64.b64encode(signature).decode()}" == heard.headers["webhook-signature"]


async def test_a_secret_is_shown_in_a_header_and_does_not_come_back(caller, other):
    """A service that repeats what it was sent repeats no secret."""
    other.answers["/a"] = reply(200, b"you said whsec_c2VjcmV0", x_said="whsec_c2VjcmV0")
    answered = await caller.call(to(other.url("/a"), secrets={"X-Api-Key": "hook"}))

    assert "whsec_c2VjcmV0" == other.heard[0].headers["x-api-key"]
    assert (b"you said [secret]", "[secret]") == (answered.body, answered.headers["x-said"])


@pytest.mark.parametrize("using", [{"secrets": {"X-Api-Key": "hook"}}, {"signed_by": "hook"}, {"signed_by": "none"}])
async def test_a_secret_goes_to_its_own_hosts_alone(other, using):
    """Whether there is no such secret or it is for others is one answer, before anything is sent."""
    secrets = Secrets({"hook": Secret("value", frozenset({"api.example.com"}))})
    caller = Caller(CheckedTransport(Reach((LOOPBACK,))), secrets)

    with pytest.raises(CallFailed, match="no secret"):
        await caller.call(to(other.url(), **using))
    assert [] == other.heard


async def test_a_secret_does_not_follow_a_redirect(caller, other):
    """The other name is the same machine here, which does not make it a host that the secret is for."""
    other.answers["/a"] = reply(307, location=other.url("/b", host="localhost"))

    with pytest.raises(CallFailed, match="no secret"):
        await caller.call(to(other.url("/a"), secrets={"X-Api-Key": "hook"}))
    assert ["/a"] == [heard.target for heard in other.heard]


async def test_redirects_are_followed(caller, other):
    other.answers["/a"] = reply(302, location="/b")
    other.answers["/b"] = reply(200, b"there")

    assert b"there" == (await caller.call(to(other.url("/a")))).body


async def test_each_hop_is_checked(caller, other):
    """A host that may be called cannot send us to one that may not."""
    other.answers["/a"] = reply(302, location=other.url("/b", host="127.0.0.2"))

    with pytest.raises(CallFailed, match=r"BLOCKED_ADDRESS: '127\.0\.0\.2'"):
        await caller.call(to(other.url("/a")))
    assert ["/a"] == [heard.target for heard in other.heard]


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/", "http://a:99999/"]
)
async def test_a_redirect_leads_to_no_other_protocol(caller, other, location):
    other.answers["/a"] = reply(302, location=location)

    with pytest.raises(CallFailed, match="Only http and https"):
        await caller.call(to(other.url("/a")))


async def test_a_redirect_loop_ends(caller, other):
    other.answers["/a"] = reply(302, location="/a")

    with pytest.raises(CallFailed, match="redirects more than 5 times"):
        await caller.call(to(other.url("/a")))
    assert 6 == len(other.heard)


async def test_what_was_encrypted_stays_so():
    """A redirect from https to http is not followed."""

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(302, headers={"location": "http://example.com/b"})

    caller = Caller(httpx.MockTransport(answer), Secrets())

    with pytest.raises(CallFailed, match="not encrypted"):
        await caller.call(to("https://example.com/a"))


async def trickle(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)


async def silence(writer: asyncio.StreamWriter) -> None:
    await writer.drain()
    await asyncio.Event().wait()


@pytest.mark.parametrize("slow", [trickle, silence])
async def test_a_slow_answer_ends_in_time(caller, other, slow):
    """The time is of the whole: a byte now and then wins nothing, and who is silent is not waited for."""
    other.answers["/a"] = slow

    with pytest.raises(CallFailed, match="NO_ANSWER") as failed:
        await caller.call(to(other.url("/a"), seconds=0.3))
    assert failed.value.transient


async def reset(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


@pytest.mark.parametrize(
    "answer",
    [reset, b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", b"HTTP/1.1 200 OK\r\n"],
    ids=["reset", "nothing", "nonsense", "short", "half"],
)
async def test_a_broken_answer_may_come_whole_another_time(caller, other, answer):
    other.answers["/a"] = answer

    with pytest.raises(CallFailed, match="NO_ANSWER") as failed:
        await caller.call(to(other.url("/a")))
    assert failed.value.transient


async def test_a_closed_port_is_told_like_a_silent_one(caller, other):
    """Workflows are no scanner of ports: what it was is in the log alone."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = free.getsockname()[1]
    other.answers["/"] = silence

    with pytest.raises(CallFailed) as refused:
        await caller.call(to(f"http://127.0.0.1:{closed}/", seconds=0.3))
    with pytest.raises(CallFailed) as silent:
        await caller.call(to(other.url(), seconds=0.3))
    assert str(refused.value) == str(silent.value)


async def test_the_log_says_why_and_not_where_to(caller, other, caplog):
    """A query may hold what is nobody's business."""
    caplog.set_level(logging.INFO)
    other.answers["/a"] = reset

    with pytest.raises(CallFailed):
        await caller.call(to(other.url("/a?key=private")))
    assert "RemoteProtocolError" in caplog.text or "ReadError" in caplog.text
    assert "private" not in [record.getMessage() for record in caplog.records if record.name.startswith("bangpath")][-1]


async def test_no_more_is_read_than_may_be(caller, other):
    """A gigabyte is left where it is."""
    sent = []

    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        for number in range(1000):
            writer.write(b"x" * 1_000_000)
            await writer.drain()
            sent.append(number)

    other.answers["/a"] = endless

    with pytest.raises(CallFailed, match="larger than 256 KiB") as failed:
        await caller.call(to(other.url("/a")))
    assert not failed.value.transient
    assert 50 > len(sent), "megabytes: what fits between the two on their way"


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
async def test_what_unpacks_to_too_much_is_not_unpacked(caller, other, encoding, pack):
    """A bomb: fifty kilobytes that become fifty megabytes."""
    other.answers["/a"] = reply(200, pack(b"\0" * 50_000_000), content_encoding=encoding)

    with pytest.raises(CallFailed, match="larger than 256 KiB"):
        await caller.call(to(other.url("/a")))


async def test_what_comes_packed_though_nobody_asked_is_unpacked(caller, other):
    other.answers["/a"] = reply(200, gzip.compress(b"a" * MAX_BODY), content_encoding="gzip")

    assert b"a" * MAX_BODY == (await caller.call(to(other.url("/a")))).body


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip"])
async def test_other_packing_is_not_understood(caller, other, encoding):
    other.answers["/a"] = reply(200, b"abc", content_encoding=encoding)

    with pytest.raises(CallFailed, match="packs its answer"):
        await caller.call(to(other.url("/a")))


async def test_our_own_address_is_not_called():
    """Though its network is allowed: our rights are not to be had that way."""
    async with other_service() as other:
        caller = Caller(CheckedTransport(Reach((LOOPBACK,), own_port=other.port)), Secrets())

        with pytest.raises(CallFailed, match="BLOCKED_ADDRESS"):
            await caller.call(to(other.url()))
        assert [] == other.heard


async def test_the_address_that_was_checked_is_the_one_connected_to(other):
    """A name that leads elsewhere when it is asked for again gains nothing: it is not asked for again."""

    class Once(Reach):
        asked = 0

        async def resolve(self, host: str, port: int) -> list[str]:
            Once.asked += 1
            return ["127.0.0.1"]

    caller = Caller(CheckedTransport(Once()), Secrets())
    await caller.call(to(other.url("/a", host="rebound.invalid")))

    assert 1 == Once.asked
    assert f"rebound.invalid:{other.port}" == other.heard[0].headers["host"]
    await caller.close()


async def test_another_address_of_the_host_is_tried(other):
    """The first may be one that this machine has no way to."""

    class Two(Reach):
        async def resolve(self, host: str, port: int) -> list[str]:
            return ["127.0.0.3", "127.0.0.1"]

    caller = Caller(CheckedTransport(Two()), Secrets())

    assert 204 == (await caller.call(to(other.url()))).status
    await caller.close()


async def test_cookies_end_with_the_call(caller, other):
    """Two workflows share nothing."""
    other.answers["/a"] = reply(200, set_cookie="session=1")
    await caller.call(to(other.url("/a")))
    await caller.call(to(other.url("/a")))

    assert "cookie" not in other.heard[1].headers


async def test_no_transaction_waits_for_the_network(caller, other, make_database):
    """Inside a unit a call is a mistake of ours."""
    await open_database(await make_database("tests.shop"), ["tests.shop"])

    with pytest.raises(AssertionError, match="network"):
        async with unit_of_work():
            await caller.call(to(other.url()))
    assert [] == other.heard
    await close_database()

"""A host has so many places and no more; who does not get one in time is told, and can ask when there is one."""

import asyncio

import httpx
import pytest

from engine.outgoing.addresses import Reach
from engine.outgoing.calls import Call, Caller
from engine.outgoing.hosts import HostBusy, Hosts
from engine.outgoing.secrets import NO_SECRETS
from engine.outgoing.transport import CheckedTransport
from tests.other_service import LOOPBACK, reply


@pytest.fixture
def hosts() -> Hosts:
    return Hosts(at_once=2, patience=0.05)


async def test_a_place_more_than_there_are_is_refused(hosts):
    async with hosts.place("a"), hosts.place("a"):
        with pytest.raises(HostBusy):
            async with hosts.place("a"):
                pass


async def test_hosts_have_places_of_their_own(hosts):
    async with hosts.place("a"), hosts.place("a"), hosts.place("b"):
        pass


async def test_a_place_is_had_again_whatever_came_of_it(hosts):
    for _ in range(5):
        with pytest.raises(ConnectionResetError):
            async with hosts.place("a"):
                raise ConnectionResetError

    async with hosts.place("a"), hosts.place("a"):
        pass


async def test_who_was_refused_learns_when_there_is_room(hosts):
    async with hosts.place("a"), hosts.place("a"):
        with pytest.raises(HostBusy) as refused:
            async with hosts.place("a"):
                pass
        before = refused.value.is_free()

    assert not before
    assert refused.value.is_free()


async def test_a_turn_that_comes_soon_is_waited_for():
    hosts = Hosts(at_once=1, patience=20)
    order = []

    async def call(name):
        async with hosts.place("a"):
            order.append(name)
            await asyncio.sleep(0)

    await asyncio.gather(call(1), call(2), call(3))

    assert [1, 2, 3] == order


async def test_nothing_is_kept_of_hosts_that_nobody_calls(hosts):
    for number in range(100):
        async with hosts.place(str(number)):
            pass

    assert 0 == len(hosts._places)


async def test_a_call_that_is_urgent_takes_no_place(other):
    """Of those for whom nobody waits a hanging host holds as many as it has places, and the next is not sent."""
    may_answer = asyncio.Event()

    async def hang(writer):
        await may_answer.wait()
        writer.write(reply(204))

    other.answers["/a"] = hang
    caller = Caller(CheckedTransport(Reach((LOOPBACK,))), NO_SECRETS, hosts=Hosts(at_once=1, patience=0.05))
    call = Call("GET", httpx.URL(other.url("/a")), key="1:a")
    first = asyncio.create_task(caller.call(call))
    while not other.heard:
        await asyncio.sleep(0.001)
    with pytest.raises(HostBusy):
        await caller.call(call)
    urgent = asyncio.create_task(caller.call(Call("GET", httpx.URL(other.url("/b")), key="1:b", urgent=True)))
    answered = await urgent
    may_answer.set()
    await first
    await caller.close()

    assert 204 == answered.status
    assert ["/a", "/b"] == [heard.target for heard in other.heard]

"""Executions followed over a socket of the whole service: what is told, and when it stops (attacks C11, H11)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest

from api.app import Service
from engine.identity.roles import ROOT
from engine.observe import ExecutionChanged, about_workflow
from engine.system.models import Execution, Role, Status, User
from tests.api.sockets import SECONDS, Peer, open_socket, serve

READ = {"executions": {"read": {}}}
CHANGED = "subscription ($id: ID!) { executionChanged(id: $id) { id key status jobs { nodeKey status } } }"
FOLLOW = "subscription ($key: String!) { workflowExecutions(key: $key) { id key status } }"
NOTE = {"key": "note", "type": "create", "config": {"collection": "notes", "values": {"text": "Hello"}}}


@pytest.fixture
def changed() -> dict[str, Any]:
    return {"socket_check": 0.1}


@pytest.fixture
async def url(service: Service) -> AsyncIterator[str]:
    async with serve(service.asgi) as url:
        yield url


@pytest.fixture
async def peer(url: str, token: str) -> AsyncIterator[Peer]:
    """A socket of root's."""
    async with open_socket(url) as peer:
        await peer.begin(token)
        yield peer


@pytest.fixture
async def workflow(service: Service) -> int:
    """The version of a workflow that takes a note."""
    document = {
        "key": "greet",
        "title": "Greet",
        "type": "action",
        "enabled": True,
        "nodes": [NOTE],
        "config": {"collection": "posts"},
    }
    return (await service.engine.versions.create(document)).id


@pytest.fixture
async def execute(service: Service, workflow: int, token: str) -> Callable[..., Any]:
    """Runs the workflow, and answers the execution's key; the worker takes it up when it can."""

    async def execute(data: dict[str, Any] | None = None) -> int:
        actor = await service.engine.accounts.actor(token)
        return await service.engine.by_hand.execute(workflow, data or {}, actor, "request-1")

    return execute


async def until(met: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while not met():
            await asyncio.sleep(0.01)


async def follow(peer: Peer, service: Service, id: str = "1") -> None:
    """Follow the workflow, and return when it is followed."""
    await peer.subscribe(id, FOLLOW, key="greet")
    await until(lambda: about_workflow("greet") in service.engine.stream.topics)


def told(message: dict[str, Any], field: str = "workflowExecutions") -> dict[str, Any]:
    assert "next" == message["type"], message
    value: dict[str, Any] = message["payload"]["data"][field]
    return value


def refused(message: dict[str, Any]) -> str:
    assert "error" == message["type"], message
    code: str = message["payload"][0]["extensions"]["code"]
    return code


# --- what is told


async def test_an_execution_is_followed_to_its_end(service, peer, execute):
    """Given one that nobody takes up yet; how many of the statuses between are seen depends on who is faster."""
    await service.engine.worker.stop()
    execution = await execute()
    await peer.subscribe("1", CHANGED, id=execution)
    first = told(await peer.receive(), "executionChanged")
    service.engine.worker.start()
    messages = [await peer.receive()]
    while messages[-1]["type"] != "complete":
        messages.append(await peer.receive())

    assert {"id": str(execution), "key": "greet", "status": "queued", "jobs": []} == first
    last = told(messages[-2], "executionChanged")
    assert ("succeeded", [{"nodeKey": "note", "status": "succeeded"}]) == (last["status"], last["jobs"])
    assert {"id": "1", "type": "complete"} == messages[-1]
    assert set() == service.engine.stream.topics


async def test_executions_of_a_workflow_are_told_as_they_come(service, peer, client, token, workflow):
    await follow(peer, service)
    response = await client.post(
        "/api/posts:create?triggerWorkflows=greet,post-created",
        json={"title": "Hello"},
        headers={"Authorization": f"Bearer {token}"},
    )
    meta, *_ = response.json()["meta"]["workflows"]
    messages = [told(await peer.receive())]
    while messages[-1]["status"] != "succeeded":
        messages.append(told(await peer.receive()))

    assert {(str(meta["executionId"]), "greet")} == {(message["id"], message["key"]) for message in messages}
    statuses = [message["status"] for message in messages]
    assert statuses == [status for status in ("queued", "running", "succeeded") if status in statuses]


async def test_a_refused_write_tells_nothing(service, peer, client, token, execute):
    await follow(peer, service)
    await client.post(
        "/api/posts:create?triggerWorkflows=greet",
        json={"title": None},
        headers={"Authorization": f"Bearer {token}"},
    )
    execution = await execute()

    assert str(execution) == told(await peer.receive())["id"]


async def test_an_unknown_execution_is_an_error(peer):
    await peer.subscribe("1", CHANGED, id=4711)

    assert "NOT_FOUND" == refused(await peer.receive())


async def test_after_complete_nothing_is_told(service, peer, execute):
    await follow(peer, service)
    await peer.send(type="complete", id="1")
    await until(lambda: not service.engine.stream.topics)
    await execute()
    await peer.send(type="ping")

    assert {"type": "pong"} == await peer.receive()


async def test_a_socket_that_goes_leaves_nothing(service, url, token):
    async with open_socket(url) as peer:
        await peer.begin(token)
        await follow(peer, service)

    await until(lambda: not service.engine.stream.topics)


# --- when it stops


@pytest.fixture
async def reader(url: str, token: str) -> AsyncIterator[Peer]:
    """A socket of root's in a role that reads executions alone."""
    role = await Role.create(name="reader", grants=READ, workflows=[])
    await (await User.get(username=ROOT)).roles.add(role)
    async with open_socket(url) as peer:
        await peer.begin(token, **{"X-Role": "reader"})
        yield peer


async def test_a_grant_that_is_taken_away_ends_it(service, reader, execute):
    await follow(reader, service)
    await Role.filter(name="reader").update(grants={})
    service.engine.accounts.forget()
    await execute()

    assert "NO_PERMISSION" == refused(await reader.receive())
    assert set() == service.engine.stream.topics


async def test_a_role_that_is_taken_away_ends_the_socket(service, reader):
    await follow(reader, service)
    await (await User.get(username=ROOT)).roles.remove(await Role.get(name="reader"))

    assert (4401, "ROLE_NOT_FOUND_FOR_USER") == await reader.closed()
    await until(lambda: not service.engine.stream.topics)


async def test_another_default_role_gives_a_socket_no_other(service, peer, execute):
    """Who asked in the default role follows in that one; the new one could not read executions."""
    await User.filter(username=ROOT).update(default_role="member")
    await follow(peer, service)
    await execute()

    assert "greet" == told(await peer.receive())["key"]


async def test_a_token_that_expires_ends_the_socket(service, peer):
    await follow(peer, service)
    later = service.engine.accounts.tokens.now() + timedelta(days=2)
    service.engine.accounts.tokens.now = lambda: later

    assert (4401, "EXPIRED_TOKEN") == await peer.closed()


async def test_a_token_that_is_signed_out_ends_the_socket(service, peer, client, token):
    await follow(peer, service)
    await client.post("/api/auth:signOut", headers={"Authorization": f"Bearer {token}"})

    assert (4401, "BLOCKED_TOKEN") == await peer.closed()


class TestTokenAtDelivery:
    """With hours between two looks at the token, what is told is what stops it."""

    @pytest.fixture
    def changed(self) -> dict[str, Any]:
        return {"socket_check": 600}

    async def test_nothing_is_told_to_a_token_that_is_signed_out(self, service, peer, client, token, execute):
        await follow(peer, service)
        execution = await execute()
        await client.post("/api/auth:signOut", headers={"Authorization": f"Bearer {token}"})
        event = ExecutionChanged(execution, "greet", (await Execution.get(id=execution)).status)
        service.engine.stream.deliver(event)
        message = await peer.receive()
        while message["type"] == "next":
            message = await peer.receive()

        assert "BLOCKED_TOKEN" == refused(message)

    async def test_nothing_more_can_be_asked(self, peer, client, token):
        await client.post("/api/auth:signOut", headers={"Authorization": f"Bearer {token}"})
        await peer.subscribe("1", FOLLOW, key="greet")

        assert (4401, "BLOCKED_TOKEN") == await peer.closed()


async def test_a_hundred_subscriptions_are_enough_for_a_socket(service, peer):
    for number in range(101):
        await peer.subscribe(str(number), FOLLOW, key=f"greet-{number}")

    assert (4429, "Too many subscriptions: a socket has 100 at most") == await peer.closed()
    await until(lambda: not service.engine.stream.topics)


# --- who does not read


class TestSlowReaders:
    """Given an execution of a megabyte, and somebody who is told of it again and again, and does not read."""

    @pytest.fixture
    def changed(self) -> dict[str, Any]:
        return {"socket_check": 600}

    @pytest.fixture
    async def silent(self, service: Service, url: str, token: str, execute: Callable[..., Any]) -> AsyncIterator[Peer]:
        large = 'subscription { workflowExecutions(key: "greet") { id context } }'
        execution = await execute({"text": "x" * 2**20})
        await until_ended(execution)
        async with open_socket(url, max_size=None, max_queue=1, close_timeout=0.1) as peer:
            await peer.begin(token)
            await peer.subscribe("1", large)
            await until(lambda: about_workflow("greet") in service.engine.stream.topics)
            # So many that no buffer of the network takes them all.
            for _ in range(60):
                service.engine.stream.deliver(ExecutionChanged(execution, "greet", Status.SUCCEEDED))
                await asyncio.sleep(0.001)
            for _ in range(101):
                service.engine.stream.deliver(ExecutionChanged(execution, "greet", Status.SUCCEEDED))
            yield peer

    async def test_their_subscription_ends_and_the_socket_stays(self, service, silent):
        messages = [await silent.receive()]
        while messages[-1]["type"] == "next":
            messages.append(await silent.receive())
        await silent.send(type="ping")

        assert "TOO_SLOW" == refused(messages[-1])
        assert len(messages) <= 161
        assert {"type": "pong"} == await silent.receive()
        assert set() == service.engine.stream.topics

    async def test_they_do_not_delay_the_others(self, silent, url, token, execute):
        async with open_socket(url) as peer:
            await peer.begin(token)
            await peer.subscribe("1", CHANGED, id=await execute())
            messages = [await peer.receive()]
            while messages[-1]["type"] == "next":
                messages.append(await peer.receive())

        assert "complete" == messages[-1]["type"]


async def until_ended(execution: int) -> None:
    async with asyncio.timeout(SECONDS):
        while not (await Execution.get(id=execution)).status.terminal:
            await asyncio.sleep(0.01)


async def test_who_does_not_read_does_not_delay_the_end_of_the_server(service, token, execute):
    execution = await execute({"text": "x" * 2**20})
    await until_ended(execution)
    async with serve(service.asgi) as url:
        opened = open_socket(url, max_size=None, max_queue=1, close_timeout=0.1)
        peer = await opened.__aenter__()
        await peer.begin(token)
        await peer.subscribe("1", 'subscription { workflowExecutions(key: "greet") { context } }')
        await until(lambda: about_workflow("greet") in service.engine.stream.topics)
        for _ in range(60):
            service.engine.stream.deliver(ExecutionChanged(execution, "greet", Status.SUCCEEDED))
        await asyncio.sleep(0)

    await until(lambda: not service.engine.stream.topics)
    await opened.__aexit__(None, None, None)

"""Sync workflows run for so many requests at once: one more is refused whole, and a slow workflow leaves room."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from engine.system.models import Execution, Status
from schema.sample.models import Note, Post
from tests.other_service import LOOPBACK, OtherService, other_service
from tests.until import until


@pytest.fixture
def changed() -> dict[str, Any]:
    """Two requests at once, and one of each workflow."""
    return {"private_networks": (LOOPBACK,), "sync_requests": 2, "sync_wait": 0}


@pytest.fixture
async def other() -> AsyncIterator[OtherService]:
    """It answers when it is let: until then, who calls it hangs."""
    may_answer = asyncio.Event()

    async def hang(writer):
        await may_answer.wait()

    async with other_service() as other:
        other.answers["/slow"] = hang
        yield other
        may_answer.set()


@pytest.fixture
async def slow(save, other: OtherService) -> None:
    """A sync workflow that hangs as long as the other service does."""
    call = {"key": "call", "type": "request", "config": {"url": other.url("/slow"), "timeout": 60}}
    await save("slow", sync=True, nodes=[call])


@pytest.fixture
async def quick(save) -> None:
    note = {"key": "note", "type": "create", "config": {"collection": "notes", "values": {"text": "quick"}}}
    await save("quick", sync=True, nodes=[note])


async def stored():
    return await Post.all().count(), await Execution.all().count()


async def test_one_request_too_many_writes_nothing(door, slow):
    await door.create("posts", {"title": "a"}, triggers=["slow"])
    before = await stored()
    refused = await door.create("posts", {"title": "b"}, triggers=["slow"])

    assert ["RATE_LIMITED"] == refused.codes
    assert before == await stored()


async def test_a_slow_workflow_leaves_room_for_others(door, slow, quick):
    await door.create("posts", {"title": "a"}, triggers=["slow"])
    answer = await door.create("posts", {"title": "b"}, triggers=["quick"])

    assert [] == answer.errors
    assert 1 == await until(lambda: Note.filter(text="quick").count())


async def test_who_names_no_sync_workflow_is_not_held_up(door, slow):
    await door.create("posts", {"title": "a"}, triggers=["slow"])

    assert [] == (await door.create("posts", {"title": "b"})).errors


async def test_a_workflow_that_only_computes_takes_no_room(door, slow, save):
    await save("hello", sync=True, nodes=[{"key": "m", "type": "response_message", "config": {"message": "Hello."}}])
    await door.create("posts", {"title": "a"}, triggers=["slow"])
    answers = [await door.create("posts", {"title": "b"}, triggers=["hello"]) for _ in range(3)]

    assert [["Hello."]] * 3 == [answer.messages for answer in answers]


async def test_room_is_had_again(door, quick):
    for count in (1, 2, 3):
        answer = await door.create("posts", {"title": "a"}, triggers=["quick"])
        await until(lambda count=count: ended("quick", count))

        assert [] == answer.errors


async def test_rest_says_when_to_try_again(client, token, slow):
    headers = {"Authorization": f"Bearer {token}"}
    path = "/api/posts:create?triggerWorkflows=slow"
    await client.post(path, json={"title": "a"}, headers=headers)
    refused = await client.post(path, json={"title": "b"}, headers=headers)

    assert (429, "1") == (refused.status_code, refused.headers["retry-after"])


async def test_what_a_node_leads_to_is_queued_where_there_is_no_room(door, save, other):
    """Nobody waits for a sync workflow that follows what another one writes: it runs when the worker comes to it."""
    call = {"key": "call", "type": "request", "config": {"url": other.url("/slow"), "timeout": 60}}
    tag = {"key": "tag", "type": "create", "config": {"collection": "tags", "values": {"name": "b"}}}
    await save("follows", "tags", type="collection", sync=True, config={"actions": ["create"]}, nodes=[call])
    await save("writes", nodes=[tag])
    await door.create("tags", {"name": "a"})
    answer = await door.create("posts", {"title": "a"}, triggers=["writes"])
    await until(lambda: ended("writes", 1))

    assert [] == answer.errors
    assert 2 == await Execution.filter(key="follows").count()


async def ended(key, count):
    return await Execution.filter(key=key, status=Status.SUCCEEDED).count() == count

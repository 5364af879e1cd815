"""A write starts a workflow that calls another service: once, after the commit, with a key that others can know."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from engine.system.models import Execution, Installation, Job, Status
from tests.other_service import LOOPBACK, OtherService, other_service, reply
from tests.until import until


@pytest.fixture
def changed() -> dict[str, Any]:
    return {"private_networks": (LOOPBACK,)}


@pytest.fixture
async def other() -> AsyncIterator[OtherService]:
    async with other_service() as other:
        yield other


def call(url: str, **config: Any) -> dict[str, Any]:
    return {"key": "call", "type": "request", "config": {"url": url, "method": "POST", **config}}


async def test_another_service_is_called(door, save, other):
    """With the record, and a key that no other installation has."""
    await save("tell", nodes=[call(other.url("/hook"), json={"title": "{{$context.data.title}}"})])
    answer = await door.create("posts", {"title": "Hello"}, triggers=["tell"])
    execution = int(answer.workflows[0]["executionId"])
    await until(lambda: Execution.exists(id=execution, status=Status.SUCCEEDED))

    assert [("/hook", b'{"title": "Hello"}')] == [(heard.target, heard.body) for heard in other.heard]
    name = (await Installation.get()).name
    assert f"{name}:{execution}:call" == other.heard[0].headers["idempotency-key"]


async def test_a_sync_workflow_may_call_too(door, save, other):
    """The write is committed by then, and the caller learns what came of it."""
    other.answers["/hook"] = reply(200, b'{"id": 7}', content_type="application/json")
    tell = {"key": "tell", "type": "response_message", "config": {"message": "It is {{$jobs.call.body.id}}."}}
    await save("tell", sync=True, nodes=[call(other.url("/hook")), tell])
    answer = await door.create("posts", {"title": "Hello"}, triggers=["tell"])

    assert ("succeeded", ["It is 7."]) == (answer.workflows[0]["status"], answer.messages)


async def test_a_refusal_elsewhere_is_an_error_here(door, save, other):
    """The record stays, and the history has what was answered."""
    other.answers["/hook"] = reply(422, b"no title")
    await save("tell", sync=True, nodes=[call(other.url("/hook"))])
    answer = await door.create("posts", {"title": "Hello"}, triggers=["tell"])
    job = await Job.get(node_key="call")

    assert (200, "error") == (answer.status, answer.workflows[0]["status"])
    assert "The answer was 422: no title" == job.error


async def test_nothing_is_called_for_a_refused_write(door, save, other):
    await save("tell", sync=True, nodes=[call(other.url("/hook"))])
    await door.create("posts", {"titel": "Hello"}, triggers=["tell"])

    assert [] == other.heard


async def test_an_atomic_workflow_that_calls_cannot_be_saved(door, other):
    document = {"key": "tell", "title": "tell", "type": "action", "sync": True, "config": {"collection": "posts"}}
    values = {**document, "options": {"atomic": True}, "nodes": [call(other.url())]}
    answer = await door.workflow("create", values=values)

    assert ["WORKFLOW_INVALID"] == answer.codes
    assert ["nodes", 0, "type"] == answer.errors[0]["path"]

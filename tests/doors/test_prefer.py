"""How long an answer waits for what the write started: `Prefer: wait=5`, and without it what the settings say."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from tests.doors.door import Door
from tests.other_service import LOOPBACK, OtherService, other_service

NOTE = {"key": "note", "type": "create", "config": {"collection": "notes", "values": {"text": "a"}}}
SAY = {"key": "say", "type": "response_message", "config": {"message": "done"}}


@pytest.fixture
def changed() -> dict[str, Any]:
    return {"private_networks": (LOOPBACK,), "sync_wait": 0.2}


@pytest.fixture
async def busy() -> AsyncIterator[OtherService]:
    """Another service that says nothing until the test is over."""
    over = asyncio.Event()

    async def wait(writer: asyncio.StreamWriter) -> None:
        await over.wait()

    async with other_service() as other:
        other.answers["/"] = wait
        yield other
        over.set()


@asynccontextmanager
async def heard(door: Door, preference: str) -> AsyncIterator[list[str]]:
    """Prefers something in the requests of a block; has the `Preference-Applied` of the answers afterwards."""
    applied: list[str] = []

    async def note(response: httpx.Response) -> None:
        applied.extend(response.headers.get_list("preference-applied"))

    door.client.headers["Prefer"] = preference
    door.client.event_hooks = {"response": [note]}
    yield applied


def call(other: OtherService) -> dict[str, Any]:
    return {"key": "call", "type": "request", "config": {"url": other.url()}}


async def test_async_workflows_are_waited_for_when_asked(door, save):
    """The answer tells how they ended, and which preference was heard."""
    await save("a", nodes=[NOTE, SAY])
    async with heard(door, "wait=30") as applied:
        answer = await door.create("posts", {"title": "a"}, triggers=["a"])

    assert [("a", "succeeded"), ("post-audit", "succeeded")] == statuses(answer)
    assert (["wait=30"], ["done"]) == (applied, answer.messages)


async def test_nobody_waits_longer_than_asked(door, save, busy):
    """What has not ended says so; the record is stored."""
    await save("a", nodes=[call(busy)])
    async with heard(door, "wait=1"):
        answer = await door.create("posts", {"title": "a"}, triggers=["a"])

    assert (200, ("a", "running")) == (answer.status, statuses(answer)[0])


async def test_a_longer_wait_than_the_settings_say_can_be_asked_for(door, save, busy):
    """For sync workflows too, and a shorter one."""
    await save("a", sync=True, nodes=[call(busy)])
    async with heard(door, "wait=0") as applied:
        answer = await door.create("posts", {"title": "a"}, triggers=["a"])

    assert (["wait=0"], ("a", "running")) == (applied, statuses(answer)[0])


async def test_without_a_preference_the_settings_bound_the_wait(door, save, busy):
    """The workflow goes on in the background."""
    await save("a", sync=True, nodes=[call(busy)])
    async with asyncio.timeout(20):
        answer = await door.create("posts", {"title": "a"}, triggers=["a"])

    assert (200, ("a", "running")) == (answer.status, statuses(answer)[0])


@pytest.mark.parametrize(
    ("preference", "applied"),
    [
        ("wait=600", ["wait=60"]),
        ("respond-async, wait=0; foo", ["wait=0"]),
        ('WAIT = "0"', ["wait=0"]),
        ("wait=0, wait=5", ["wait=0"]),
        ("wait=soon", []),
        ("wait=-1", []),
        ("return=minimal", []),
    ],
)
async def test_which_preference_is_heard_is_told(door, preference, applied):
    """At most a minute; what cannot be read is ignored, as RFC 7240 lets us."""
    async with heard(door, preference) as told:
        answer = await door.create("tags", {"name": "a"})

    assert (200, applied) == (answer.status, told)


async def test_a_read_waits_for_nothing(door):
    async with heard(door, "wait=5") as applied:
        await door.page("posts")

    assert [] == applied


async def test_executing_by_hand_waits_too(door, save):
    row = await save("a", nodes=[NOTE])
    async with heard(door, "wait=30"):
        answer = await door.workflow("execute", key=row.id, data={"a": 1})

    assert "succeeded" == answer.data["status"]


def statuses(answer: Any) -> list[tuple[str, str]]:
    return [(each["key"], each["status"]) for each in answer.workflows]

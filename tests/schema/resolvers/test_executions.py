"""What readers of executions are told of them, and of what they are told nothing."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from engine.actions import Action, GetRecord
from engine.errors import Code, Refusal, refuse
from engine.observe import ExecutionChanged, Stream, about_workflow
from engine.system.models import Status
from schema.resolvers import executions


class Rows:
    """Reads executions by key from a dictionary of statuses, as far as it is not to refuse."""

    def __init__(self, **statuses: str) -> None:
        self.statuses = statuses
        self.refusal: Refusal | None = None
        self.meanwhile: Callable[[], None] = lambda: None

    async def __call__(self, action: Action) -> Any:
        if self.refusal:
            raise self.refusal
        if not isinstance(action, GetRecord):
            return len(self.statuses)
        if str(action.key) not in self.statuses:
            raise refuse(Code.NOT_FOUND, "There is no such execution.")
        record = {"id": action.key, "status": self.statuses[str(action.key)]}
        self.meanwhile()
        return record


def changed(status: str, key: int = 7) -> ExecutionChanged:
    return ExecutionChanged(key, "greet", Status(status))


async def test_an_execution_is_told_as_it_is_and_as_it_becomes():
    stream, rows = Stream(), Rows(**{"7": "queued"})
    told = []
    async for record in executions.changes(stream, rows, "7"):
        told.append(record["status"])
        following = {"queued": "running", "running": "succeeded"}.get(rows.statuses["7"])
        if following:
            rows.statuses["7"] = following
            stream.publish(changed(following))

    assert ["queued", "running", "succeeded"] == told
    assert set() == stream.topics


async def test_an_execution_that_has_ended_is_told_once():
    rows = Rows(**{"7": "failed"})

    assert ["failed"] == [record["status"] async for record in executions.changes(Stream(), rows, "7")]


async def test_a_change_before_anybody_listened_is_not_missed():
    """It happens between the first reading, which looks whether there is such an execution, and the second."""
    rows = Rows(**{"7": "running"})
    rows.meanwhile = lambda: rows.statuses.update({"7": "succeeded"})

    assert ["succeeded"] == [record["status"] async for record in executions.changes(Stream(), rows, "7")]


async def test_news_that_changes_nothing_is_not_told():
    stream, rows = Stream(), Rows(**{"7": "running"})
    records = executions.changes(stream, rows, "7")
    await anext(records)
    following = asyncio.create_task(anext(records))
    stream.publish(changed("running"))
    for _ in range(3):
        await asyncio.sleep(0)
    early = following.done()
    rows.statuses["7"] = "succeeded"
    stream.publish(changed("succeeded"))

    assert not early
    assert "succeeded" == (await following)["status"]
    await records.aclose()


@pytest.mark.parametrize("code", [Code.NOT_FOUND, Code.NO_PERMISSION, Code.BLOCKED_TOKEN])
async def test_an_execution_that_may_not_be_read_any_more_ends_it(code):
    stream, rows = Stream(), Rows(**{"7": "running"})
    records = executions.changes(stream, rows, "7")
    await anext(records)
    rows.refusal = refuse(code, "no")
    stream.publish(changed("succeeded"))

    with pytest.raises(Refusal) as refused:
        await anext(records)
    assert code == refused.value.code
    assert set() == stream.topics


async def following(stream: Stream, rows: Rows) -> tuple[Any, "asyncio.Task[Any]"]:
    """The executions of a workflow, with somebody who waits for the first."""
    records = executions.of_workflow(stream, rows, "greet")
    first = asyncio.ensure_future(anext(records))
    while about_workflow("greet") not in stream.topics:
        await asyncio.sleep(0)
    return records, first


async def test_executions_of_a_workflow_are_told_with_each_status():
    stream, rows = Stream(), Rows()
    records, first = await following(stream, rows)
    rows.statuses["7"] = "queued"
    stream.publish(changed("queued"))
    told = [(await first)["status"]]
    rows.statuses["7"] = "running"
    stream.publish(changed("running"))
    told.append((await anext(records))["status"])

    assert ["queued", "running"] == told
    await records.aclose()
    assert set() == stream.topics


async def test_a_status_that_has_passed_is_not_told_and_the_last_one_once():
    stream, rows = Stream(), Rows(**{"7": "succeeded", "8": "queued"})
    records, first = await following(stream, rows)
    for event in (changed("running"), changed("succeeded"), changed("queued", 8)):
        stream.publish(event)
    told = [await first, await anext(records)]

    assert [(7, "succeeded"), (8, "queued")] == [(record["id"], record["status"]) for record in told]
    await records.aclose()


async def test_executions_that_are_hidden_are_passed_over():
    stream, rows = Stream(), Rows(**{"8": "queued"})
    records, first = await following(stream, rows)
    stream.publish(changed("queued", 7))
    stream.publish(changed("queued", 8))

    assert 8 == (await first)["id"]
    await records.aclose()


async def test_who_may_not_read_executions_is_refused_at_once():
    rows = Rows()
    rows.refusal = refuse(Code.NO_PERMISSION, "no")

    with pytest.raises(Refusal):
        await anext(executions.of_workflow(Stream(), rows, "greet"))

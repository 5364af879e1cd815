"""Executions as they change: each is read anew when there is news of it, with the rights its reader has by then."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, TypeAlias

from engine.actions import Action, CountRecords, GetRecord
from engine.errors import Code, Refusal
from engine.observe import Stream, about_execution, about_workflow
from engine.outcomes import Record
from engine.system.models import Status

EXECUTIONS = "executions"

Read: TypeAlias = Callable[[Action], Awaitable[Any]]
"""Answers an action that reads, having asked who asks, and what they may do, anew."""


async def changes(stream: Stream, read: Read, key: Any) -> AsyncGenerator[Record, None]:
    """An execution as it is, and again after each change of its status, to its end."""
    record: Record = await read(GetRecord(collection=EXECUTIONS, key=key))
    status: Status | None = None
    with stream.read(about_execution(int(record["id"]))) as reader:
        while status is None or not status.terminal:
            if status is not None:
                await reader.take()
            # The first time too: it may have changed while nobody listened yet.
            record = await read(GetRecord(collection=EXECUTIONS, key=key))
            if record["status"] != status:
                status = Status(record["status"])
                yield record


async def of_workflow(stream: Stream, read: Read, workflow: str) -> AsyncGenerator[Record, None]:
    """Every execution of the workflow with this key, when it is inserted and when its status changes.

    A key that nothing has is waited for like any other: whether there is such a workflow is not told by executions.
    """
    with stream.read(about_workflow(workflow)) as reader:
        await read(CountRecords(collection=EXECUTIONS, filter={"key": workflow}))
        while True:
            for event in await reader.take():
                record = await _found(read, event.execution)
                # Where it has changed again, news of that is on its way: each status is told once, the last always.
                if record is not None and record["status"] == event.status:
                    yield record


async def _found(read: Read, key: int) -> Record | None:
    try:
        record: Record = await read(GetRecord(collection=EXECUTIONS, key=key))
    except Refusal as refusal:
        if refusal.code is Code.NOT_FOUND:
            return None
        raise
    return record

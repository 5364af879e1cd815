"""The root of subscriptions: executions, followed as they happen."""

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from typing import Any

import strawberry
from strawberry import Info

from schema.loaders import Request
from schema.resolvers import executions
from schema.types.collections import CollectionTypes
from schema.types.declare import Member, bare, declare_object

Asked = Info[Request, None]


def make_subscription(types: Iterable[CollectionTypes]) -> type[Any]:
    """The type `Subscription`, which tells of records of the collection `executions`."""
    execution = next(made.record for made in types if made.collection.name == executions.EXECUTIONS)
    members = [
        Member(
            "executionChanged",
            execution,
            "An execution as it is, and again after each change of its status; completes with the last.",
            resolver=_execution_changed,
            streamed=True,
        ),
        Member(
            "workflowExecutions",
            execution,
            "The executions of a workflow from now on: each when it is inserted, and when its status changes.",
            resolver=_workflow_executions,
            streamed=True,
        ),
    ]
    return declare_object(bare("Subscription"), members)


async def _execution_changed(info: Asked, id: strawberry.ID) -> AsyncGenerator[Any, None]:
    request = info.context
    async with aclosing(executions.changes(request.context.engine.stream, request.read_anew, id)) as records:
        async for record in records:
            yield record


async def _workflow_executions(info: Asked, key: str) -> AsyncGenerator[Any, None]:
    request = info.context
    async with aclosing(executions.of_workflow(request.context.engine.stream, request.read_anew, key)) as records:
        async for record in records:
            yield record

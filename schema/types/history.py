"""The types of history: what ran on a record, and what one request has caused."""

from collections.abc import Callable
from typing import Annotated, Any

import strawberry
from strawberry import UNSET, Info

from engine.actions import ListRecords
from engine.data.collections import Collection
from engine.outcomes import Record
from schema.loaders import Request
from schema.resolvers import history
from schema.types.declare import Member, bare, declare_object, list_of

PAGE_SIZE = 20
MOST = 200

Asked = Info[Request, None]


@strawberry.type(description="A record that an execution wrote.")
class WrittenRecord:
    collection: str
    key: strawberry.ID
    path: str = strawberry.field(description="The place of the node that wrote it.")


def request_query(execution: type[Any]) -> Member:
    """The field of `Query` that asks what a request has caused; `execution` is the type of one."""
    caused = bare("CausedExecution")
    declare_object(
        caused,
        [
            Member("records", list[WrittenRecord], "What its nodes wrote."),
            Member("executions", list_of(caused), "What was started by that."),
            Member("execution", execution, resolver=_itself),
        ],
        "An execution, with what came of it.",
    )
    found = declare_object(
        bare("RequestHistory"),
        [
            Member("id", strawberry.ID),
            Member("truncated", bool, "Whether there was more than is told."),
            Member("executions", list_of(caused), "Those of the write itself."),
        ],
        "What a request has caused.",
    )
    return Member("request", found | None, "What a request has caused, by its `X-Request-Id`.", resolver=_request)


def executions_of(collection: Collection, execution: type[Any]) -> Member:
    """The field of a record's type that tells what ran on it."""
    described = "What ran on it, from the last on."
    return Member("executions", list_of(execution) | None, described, resolver=_executions(collection))


def _executions(collection: Collection) -> Callable[..., Any]:
    async def executions(
        root: Any,
        info: Asked,
        page_size: Annotated[int | None, strawberry.argument(description="20 when absent, 200 at most.")] = UNSET,
        before: Annotated[
            strawberry.ID | None, strawberry.argument(description="The last one of the page before.")
        ] = UNSET,
    ) -> Any:
        record: Record = root
        action = ListRecords(
            collection=history.EXECUTIONS,
            filter={"id": {"$lt": before}} if before else None,
            sort=("-id",),
            page_size=max(1, min(page_size or PAGE_SIZE, MOST)),
            paginate=False,
        )
        key = record[collection.key.name]
        return (await history.of_record(info.context.context, collection.name, key, action)).records

    return executions


async def _request(info: Asked, id: strawberry.ID) -> Any:
    return await history.of_request(info.context.context, id)


def _itself(root: Any) -> Any:
    return root

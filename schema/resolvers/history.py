"""What ran on a record, and what one request has caused; it takes the right to read executions."""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from engine.actions import ListRecords
from engine.data.collections import Collection, Collections
from engine.data.plans import parse_key
from engine.data.values import render
from engine.errors import Code, raise_for, refuse
from engine.outcomes import Page, Record
from schema.context import Context
from schema.permissions import Verb, require
from schema.resolvers.records import resolve

EXECUTIONS = "executions"
JOBS = "jobs"

MOST_EXECUTIONS = 200
MOST_JOBS = 1000


def has_history(collection: Collection) -> bool:
    """Whether the executions of its records are found beside their relations. One of that name goes before."""
    return not collection.system and EXECUTIONS not in {*collection.fields, *collection.relations}


async def of_record(context: Context, collection: str, key: Any, action: ListRecords) -> Page:
    """The executions that were handed this record, as far as the action asks for. The record may have ended since."""
    for needed in (collection, EXECUTIONS):
        require(context.actor, needed, Verb.READ)
    parsed, faults = parse_key(context.engine.collections[collection], key)
    raise_for(faults)
    mine: dict[str, Any] = {"collection": collection, "recordKey": str(render(parsed))}
    narrowed = {"$and": [action.filter, mine]} if action.filter else mine
    found: Page = await resolve(context, replace(action, collection=EXECUTIONS, owner=None, filter=narrowed))
    return found


async def of_request(context: Context, key: str) -> Record:
    """What the request with this `X-Request-Id` has caused: `{id, truncated, executions}`.

    Each execution has its `jobs`, the `records` that these wrote, and the `executions` that were started by that.
    """
    require(context.actor, EXECUTIONS, Verb.READ)
    executions = await _list(context, EXECUTIONS, {"requestId": key}, MOST_EXECUTIONS)
    if not executions:
        raise refuse(Code.NOT_FOUND, f"No execution was caused by a request '{key}'.")
    numbers = [execution["id"] for execution in executions[:MOST_EXECUTIONS]]
    jobs = await _list(context, JOBS, {"executionId": {"$in": numbers}}, MOST_JOBS)
    truncated = len(executions) > MOST_EXECUTIONS or len(jobs) > MOST_JOBS
    told = {execution["id"]: {**execution, "jobs": [], "records": [], "executions": []} for execution in executions}
    for job in jobs[:MOST_JOBS]:
        execution = told[job["executionId"]]
        execution["jobs"].append(job)
        execution["records"] += _written(job, context.engine.collections)
    return {"id": key, "truncated": truncated, "executions": _nested(told, numbers)}


async def _list(context: Context, collection: str, wanted: Mapping[str, Any], most: int) -> list[Record]:
    """The first of these, and one more where there are."""
    action = ListRecords(collection=collection, filter=wanted, sort=("id",), page_size=most + 1, paginate=False)
    page: Page = await resolve(context, action)
    return page.records


def _nested(told: Mapping[Any, Record], numbers: list[Any]) -> list[Record]:
    """Each below the one that caused it. Those of the write itself have no cause, or none that is here."""
    roots: list[Record] = []
    for number in numbers:
        cause = told.get(told[number]["cause"])
        (cause["executions"] if cause else roots).append(told[number])
    return roots


def _written(job: Record, collections: Collections) -> Iterator[Record]:
    """The records that a job wrote: `{collection, key, path}`. Nodes that write have values in what they were given."""
    given, result = job["input"], job["result"]
    if not isinstance(given, Mapping) or "values" not in given or not isinstance(result, Mapping):
        return
    if (collection := collections.get(str(given.get("collection")))) is None:
        return
    keys = result.get("keys") if "count" in result and "keys" in result else [result.get(collection.key.name)]
    for key in keys if isinstance(keys, list) else ():
        if key is not None:
            yield {"collection": collection.name, "key": str(key), "path": job["path"]}

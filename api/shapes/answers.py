"""What `data` holds → the schema of the whole answer, with what else the answer says."""

from api.shapes import records
from api.shapes.components import Components, Schema, Shape, closed, nullable
from engine.outcomes import SkipReason
from engine.system.models import Status

PLANNED = "planned"


def data(of: Shape) -> Shape:
    """An answer that is nothing but data."""
    return lambda components, resource: closed({"data": of(components, resource)}, "data")


def page_of(one: Shape) -> Shape:
    """Several of these, and with `paginate` of how many they are the part."""

    def answer(components: Components, resource: str) -> Schema:
        found = {"type": "array", "items": one(components, resource)}
        return closed({"data": found, "meta": components.ref("Page.meta", _page_meta)}, "data")

    return answer


page = page_of(records.record)
"""Records, and with `paginate` of how many they are the part."""


def written(of: Shape) -> Shape:
    """The data of a write, and what became of workflows where any were named or started."""

    def answer(components: Components, resource: str) -> Schema:
        messages = {"type": "array", "items": components.ref("Message", _message)}
        meta = components.ref("Written.meta", lambda: _written_meta(components))
        return closed({"data": of(components, resource), "meta": meta, "messages": messages}, "data")

    return answer


def listed(of: Shape) -> Shape:
    """Several of these."""
    return lambda components, resource: {"type": "array", "items": of(components, resource)}


def one_or_many(components: Components, resource: str) -> Schema:
    """A record, or several where several were created."""
    one = records.record(components, resource)
    return {"anyOf": [one, {"type": "array", "items": one}]}


def number(components: Components, resource: str) -> Schema:
    """How many."""
    return {"type": "integer", "minimum": 0}


def of(other: str, shape: Shape) -> Shape:
    """The shape, of another resource than the one that is asked."""
    return lambda components, _: shape(components, other)


def _page_meta() -> Schema:
    number = {"type": "integer", "minimum": 0}
    counted = dict.fromkeys(("count", "page", "pageSize", "totalPage"), number)
    return closed(counted, *counted, description="Absent with paginate=false.")


def _written_meta(components: Components) -> Schema:
    started = components.ref("TriggeredWorkflow", lambda: _started(components))
    skipped = components.ref("SkippedTrigger", _skipped)
    return closed(
        {"workflows": {"type": "array", "items": started}, "skipped": {"type": "array", "items": skipped}},
        "workflows",
        "skipped",
        description="There when the write named workflows, or started some.",
    )


def _started(components: Components) -> Schema:
    members: Schema = {
        "key": {"type": "string"},
        "association": nullable({"type": "string"}),
        "sync": {"type": "boolean"},
        "executionId": {"type": ["integer", "string", "null"], "description": "null in a dry run"},
        "status": {"type": "string", "enum": [*(status.value for status in Status), PLANNED]},
        "output": {},
        "messages": {"type": "array", "items": components.ref("Message", _message)},
    }
    return closed(members, *members, description="An execution that the write started.")


def _skipped() -> Schema:
    members: Schema = {
        "key": {"type": "string"},
        "association": nullable({"type": "string"}),
        "reason": {"type": "string", "enum": [reason.value for reason in SkipReason]},
    }
    return closed(members, *members, description="A workflow that was named and did not run.")


def _message() -> Schema:
    return closed({"message": {"type": "string"}}, "message", description="Something a workflow said to the caller.")

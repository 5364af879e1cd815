"""What mutations of records answer."""

from typing import Any

import strawberry

from engine.outcomes import Written
from schema.types.declare import Member, declare_object, list_of
from schema.types.outcomes import Message, SkippedTrigger, TriggeredWorkflow, messages, skipped, triggered

_ABOUT = (
    Member("workflows", list[TriggeredWorkflow], "The executions this write started, in order."),
    Member("skipped", list[SkippedTrigger], "Workflows that were named and did not run."),
    Member("messages", list[Message], "What the workflows that were waited for said."),
)


@strawberry.type(description="The end of records.")
class DestroyPayload:
    count: int = strawberry.field(description="How many records ended.")
    workflows: list[TriggeredWorkflow] = strawberry.field(description=_ABOUT[0].description)
    skipped: list[SkippedTrigger] = strawberry.field(description=_ABOUT[1].description)
    messages: list[Message] = strawberry.field(description=_ABOUT[2].description)


@strawberry.type(description="The end of something no workflow follows.")
class CountPayload:
    count: int


@strawberry.type(description="What hangs on a record by one relation.")
class LinkPayload:
    keys: list[strawberry.ID] = strawberry.field(description="The keys of the records that are linked now.")


def make_payload(cls: type[Any], record: type[Any], *, followed: bool) -> type[Any]:
    """The answer of a write of one record, with what it started where workflows follow such writes."""
    about = _ABOUT if followed else ()
    return declare_object(cls, (Member("record", record, "The record as stored."), *about))


def make_list_payload(cls: type[Any], record: type[Any]) -> type[Any]:
    """The answer of a write of several records."""
    records = Member("records", list_of(record), "The records as stored.")
    return declare_object(cls, (records, *_ABOUT))


def written_one(written: Written) -> dict[str, Any]:
    return {"record": written.records[0], **_about(written)}


def written_many(written: Written) -> dict[str, Any]:
    return {"records": written.records, **_about(written)}


def destroyed(written: Written) -> dict[str, Any]:
    return {"count": written.count, **_about(written)}


def _about(written: Written) -> dict[str, Any]:
    return {"workflows": triggered(written), "skipped": skipped(written), "messages": messages(written.messages)}

"""What a write says about the workflows it was to start, and how a caller names them."""

import strawberry

from engine import outcomes
from engine.actions import WorkflowRef
from engine.outcomes import Written
from engine.workflow.references import reference
from schema.types.declare import plain
from schema.types.enums import SkipReasonEnum, TriggeredStatus
from schema.types.scalars import JSON


@strawberry.input(description="A workflow to run after the write, and the related record to hand it.")
class WorkflowTriggerInput:
    key: str = strawberry.field(description="The workflow's key.")
    association: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The path to the record to hand over, one-to-one relations joined by dots: `category.banner`. "
        "Without it the workflow gets the record itself.",
    )


@strawberry.type(description="Something a workflow said to the caller.")
class Message:
    message: str


@strawberry.type(description="One execution that the write started.")
class TriggeredWorkflow:
    key: str
    association: str | None
    sync: bool
    execution_id: strawberry.ID | None = strawberry.field(description="Null in a dry run, which keeps none.")
    status: TriggeredStatus
    output: JSON | None
    messages: list[Message]


@strawberry.type(description="A workflow that was named and did not run.")
class SkippedTrigger:
    key: str
    association: str | None
    reason: SkipReasonEnum


def references(triggers: list[WorkflowTriggerInput] | None) -> tuple[WorkflowRef, ...]:
    """The references of a `triggerWorkflows` argument that was given, null or absent."""
    return tuple(reference(trigger.key, plain(trigger).get("association")) for trigger in triggers or ())


def messages(texts: tuple[str, ...]) -> list[Message]:
    return [Message(message=text) for text in texts]


def triggered(written: Written) -> list[TriggeredWorkflow]:
    return [_triggered(workflow) for workflow in written.workflows]


def skipped(written: Written) -> list[SkippedTrigger]:
    return [
        SkippedTrigger(key=trigger.key, association=trigger.association, reason=trigger.reason.value)
        for trigger in written.skipped
    ]


def _triggered(workflow: outcomes.TriggeredWorkflow) -> TriggeredWorkflow:
    return TriggeredWorkflow(
        key=workflow.key,
        association=workflow.association,
        sync=workflow.sync,
        execution_id=None if workflow.execution_id is None else strawberry.ID(str(workflow.execution_id)),
        status=workflow.status,
        output=workflow.output,
        messages=messages(workflow.messages),
    )

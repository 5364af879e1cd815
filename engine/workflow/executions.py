"""Executions that exist already: ended before their time, and run again."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from engine.actions import Actor
from engine.data.unit import unit_of_work
from engine.data.values import json_text, render
from engine.errors import Code, Complaint, raise_for, refuse
from engine.queue.base import Queue
from engine.system.models import Execution, Job, Workflow
from engine.workflow.causes import Lineage
from engine.workflow.definition import Definition, Step
from engine.workflow.events import Pending
from engine.workflow.executed import Executed
from engine.workflow.journal import Journal, Unreadable
from engine.workflow.patience import Patience
from engine.workflow.versions import Versions


class Version(StrEnum):
    """By which version an execution is run again: the one that it had, or the one that its key has now."""

    ORIGINAL = "original"
    CURRENT = "current"


@dataclass(frozen=True, slots=True)
class Executions:
    """Cancels and re-runs. Whoever runs an execution that is cancelled finds out when it wants to write."""

    journal: Journal
    versions: Versions
    queue: Queue
    patience: Patience
    executed: Executed

    async def cancel(self, execution: int, actor: Actor) -> None:
        """End an execution that has not ended: nothing more of it is written, the node at work included."""
        async with unit_of_work():
            row = await _find(execution)
            if not await self.journal.cancel(execution, f"Cancelled by {actor.username}."):
                raise refuse(Code.EXECUTION_STATE, f"Execution {execution} has ended as '{row.status.value}' already.")

    async def rerun(
        self, executions: Sequence[int], version: Version, node: str | None, actor: Actor, request_id: str
    ) -> list[int]:
        """New executions for ended ones, with what those were started with; answers their keys.

        They are queued, whatever their workflows are: nobody waits for them, so that they have their attempts. With
        a `node` they begin there, and what came before is taken as it was.
        """
        async with unit_of_work():
            rows = [await _find(execution) for execution in executions]
            raise_for(_forbidden(rows, actor))
            raise_for(_unended(rows))
            made = [await self._rerun(row, version, node, request_id) for row in rows]
            self.executed.count(definition.id for definition, _ in made)
            await self.queue.put([execution for _, execution in made])
        return [execution for _, execution in made]

    async def wait(self, executions: Sequence[int], seconds: float) -> None:
        """Until all have ended, or so long."""
        await self.patience.for_executions(executions, seconds)

    async def _rerun(
        self, row: Execution, version: Version, node: str | None, request_id: str
    ) -> tuple[Definition, int]:
        definition = await self._definition(row, version)
        _refuse_more(row, definition)
        kept = await _before(row, definition, node) if node is not None else []
        pending = _pending(row, definition, request_id)
        await self.journal.line_up([pending])
        made = await self.journal.insert(pending, lease=None)
        # The same person's as the first, but no write of theirs: this one is told apart by what it repeats.
        await Execution.filter(id=made.id).update(sync=False, rerun_of=row.id)
        await Job.bulk_create(_copy(job, made.id) for job in kept)
        return definition, made.id

    async def _definition(self, row: Execution, version: Version) -> Definition:
        try:
            if version is Version.ORIGINAL:
                return self.journal.definition(row)
        except Unreadable as error:
            message = f"The workflow of execution {row.id} does not fit the models any more: {error}"
            raise refuse(Code.WORKFLOW_INVALID, message) from error
        current = await Workflow.get_or_none(current_key=row.key).only("id")
        if current is None:
            raise refuse(Code.BAD_VALUE, f"The workflow '{row.key}' has no version any more.", "version")
        return await self.versions.definition(current.id)


async def _find(execution: int) -> Execution:
    row = await Execution.get_or_none(id=execution)
    if row is None:
        raise refuse(Code.NOT_FOUND, f"'executions' has no record '{execution}'.")
    return row


def _refuse_more(row: Execution, definition: Definition) -> None:
    """What a workflow was handed for the service's own use is nothing for one that acts for its caller."""
    if definition.options.as_caller and row.document["options"].get("runAs") != "caller":
        message = f"Execution {row.id} was handed what a workflow sees as 'system', and this version runs as 'caller'."
        raise refuse(Code.BAD_VALUE, message, "version")


def _forbidden(rows: Iterable[Execution], actor: Actor) -> list[Complaint]:
    """Those of workflows that the actor's role may not start. Which ones these are is not for all to know."""
    return [
        Complaint(Code.TRIGGER_FORBIDDEN, f"Your role may not trigger the workflow of execution {row.id}.")
        for row in rows
        if actor.workflows is not None and row.key not in actor.workflows
    ]


def _unended(rows: Iterable[Execution]) -> list[Complaint]:
    return [
        Complaint(Code.EXECUTION_STATE, f"Execution {row.id} has not ended: it is '{row.status.value}'.")
        for row in rows
        if not row.status.terminal
    ]


async def _before(row: Execution, definition: Definition, node: str) -> list[Job]:
    """What ran before a node, which must be in the workflow, outside of loops, and have had its turn."""
    if node not in {step.key for step in definition.walk()}:
        raise refuse(Code.BAD_VALUE, f"The workflow has no node '{node}'.", "fromNode")
    if (loop := next((loop for loop in _loops(definition) if node in loop.inside), None)) is not None:
        raise refuse(Code.BAD_VALUE, f"'{node}' is inside of a loop: begin with '{loop.step.key}'.", "fromNode")
    first = await Job.filter(execution_id=row.id, node_key=node).order_by("id").first()
    if first is None:
        raise refuse(Code.BAD_VALUE, f"Execution {row.id} did not come to '{node}'.", "fromNode")
    return await Job.filter(execution_id=row.id, id__lt=first.id).order_by("id")


@dataclass(frozen=True, slots=True)
class _Loop:
    step: Step
    inside: frozenset[str]


def _loops(definition: Definition) -> Iterator[_Loop]:
    """The loops, outer ones first."""
    for step in definition.walk():
        if step.loops:
            yield _Loop(step, frozenset(inside.key for inside in step.walk()) - {step.key})


def _pending(row: Execution, definition: Definition, request_id: str) -> Pending:
    event = uuid.uuid4().hex
    told = {"id": event, "at": render(datetime.now(UTC))}
    return Pending(
        definition=definition,
        once=f"{event}:{definition.id}:{row.association or ''}:{row.record_key or ''}",
        context={**row.context, "event": told, "request": {"id": request_id}},
        collection=row.collection,
        record_key=row.record_key,
        association=row.association,
        user=row.user_id,
        role=row.role_name,
        request_id=request_id,
        manual=row.manual,
        # It is caused by hand, but what it writes leads on as it did the first time.
        lineage=Lineage(tuple(row.chain), row.id, event),
    )


def _copy(job: Job, execution: int) -> Job:
    names = ("node_key", "path", "status", "error", "branch", "round", "leave", "stops", "attempt")
    times = ("started_at", "finished_at")
    copy = Job(execution_id=execution, **{name: getattr(job, name) for name in (*names, *times)})
    copy.input, copy.result = json_text(job.input), json_text(job.result)
    return copy

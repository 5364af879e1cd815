"""Runs ⇄ rows of executions and jobs. Every change of a started execution is guarded by the lease of who runs it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tortoise.expressions import F

from engine.data.collections import Collections
from engine.data.unit import unit_of_work
from engine.data.values import json_text
from engine.observe import ExecutionChanged, Publish, unheard
from engine.system.models import Execution, Job, Status, Workflow
from engine.workflow.definition import Definition
from engine.workflow.documents import read_definition
from engine.workflow.events import Pending
from engine.workflow.processor import Recorded, Run

LEASE = timedelta(seconds=10)


class LostLease(Exception):
    """Another process has taken the execution over: whatever this one was about to write must not be."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One node run on its way into the journal."""

    recorded: Recorded
    input: Any
    started_at: datetime


@dataclass(slots=True)
class Journal:
    """Reads and writes executions and jobs. `lease` is how long a claim holds without being extended."""

    collections: Collections
    lease: timedelta = LEASE
    publish: Publish = unheard
    _definitions: dict[int, Definition] = field(default_factory=dict)

    async def insert(self, pending: Pending, lease: str | None) -> Execution:
        """A new execution, inside the unit of what caused it; with a `lease` it is this process's to run, at once."""
        now = datetime.now(UTC)
        definition = pending.definition
        taken: dict[str, Any] = {"status": Status.QUEUED}
        if lease is not None:
            until = now + self.lease
            taken = {
                "status": Status.RUNNING,
                "lease": lease,
                "leased_until": until,
                "attempt": 1,
                "started_at": now,
            }
        row = await Execution.create(
            once=pending.once,
            key=definition.key,
            workflow_id=definition.id,
            version=definition.version,
            document=dict(definition.document),
            sync=definition.sync,
            manual=pending.manual,
            collection=pending.collection,
            record_key=pending.record_key,
            association=pending.association,
            context=pending.context,
            user_id=pending.user,
            role_name=pending.role,
            request_id=pending.request_id,
            **taken,
        )
        self.publish(ExecutionChanged(row.id, row.key, row.status))
        return row

    async def count(self, workflows: Iterable[int]) -> None:
        """Count new executions on their versions. Last in a unit, as everybody waits for these rows, and in order:
        two writes that name the same workflows the other way round would wait for each other."""
        for workflow, executions in sorted(Counter(workflows).items()):
            await Workflow.filter(id=workflow).update(executed=F("executed") + executions)

    async def load(self, execution: int, lease: str) -> Run:
        """An execution that was claimed, with what was recorded of it so far."""
        row = await Execution.get_or_none(id=execution, lease=lease)
        if row is None:
            raise LostLease
        jobs = await Job.filter(execution_id=execution).order_by("id")
        recorded = {
            job.path: Recorded(job.path, job.node_key, job.status, job.result, job.branch, job.stops, job.error)
            for job in jobs
        }
        return Run(execution, lease, self._definition(row), row.context, recorded, list(row.messages))

    async def write(self, run: Run, entries: Sequence[Entry]) -> None:
        """Record node runs, inside the caller's unit; raises `LostLease` when the execution is not ours any more."""
        held = Execution.filter(id=run.execution, lease=run.lease)
        if not await held.update(messages=run.messages, leased_until=datetime.now(UTC) + self.lease):
            raise LostLease
        now = datetime.now(UTC)
        await Job.bulk_create(_job(run.execution, entry, now) for entry in entries)

    async def finish(self, run: Run, status: Status, error: str | None, entries: Sequence[Entry]) -> None:
        """Record the last node runs, and the end. A terminal status never changes: the lease goes with it."""
        assert status.terminal, "an execution ends in a terminal status"
        async with unit_of_work():
            if entries:
                await self.write(run, entries)
            ended = await Execution.filter(id=run.execution, lease=run.lease).update(
                status=status,
                error=error,
                messages=run.messages,
                lease=None,
                leased_until=None,
                finished_at=datetime.now(UTC),
            )
            if not ended:
                raise LostLease
            self.publish(ExecutionChanged(run.execution, run.definition.key, status))

    async def give_up(self, execution: int, lease: str, error: str) -> None:
        """End an execution that cannot be carried on."""
        ended = await Execution.filter(id=execution, lease=lease).update(
            status=Status.ERROR, error=error, lease=None, leased_until=None, finished_at=datetime.now(UTC)
        )
        if ended:
            row = await Execution.get(id=execution).only("key")
            self.publish(ExecutionChanged(execution, row.key, Status.ERROR))

    def _definition(self, row: Execution) -> Definition:
        """The version an execution belongs to, from its own copy.

        A version that has run does not change any more, but a write may have read it just before it was changed.
        """
        document = {**row.document, "key": row.key}
        known = self._definitions.get(row.workflow_id)
        if known is None or known.document != document:
            known, faults = read_definition(document, self.collections, id=row.workflow_id, version=row.version)
            if known is None:
                raise Unreadable("; ".join(fault.message for fault in faults))
            self._definitions[row.workflow_id] = known
        return known


class Unreadable(Exception):
    """The execution's workflow does not fit the collections any more: the models have changed since it was started."""


def _job(execution: int, entry: Entry, now: datetime) -> Job:
    recorded = entry.recorded
    job = Job(
        execution_id=execution,
        node_key=recorded.node_key,
        path=recorded.path,
        status=recorded.status,
        branch=recorded.branch,
        stops=recorded.stops,
        error=recorded.error,
        started_at=entry.started_at,
        finished_at=now,
    )
    job.input, job.result = json_text(entry.input), json_text(recorded.result)
    return job

"""Starts what a write causes: atomic and computing workflows before the commit, sync ones after it, the rest queued."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from engine.data.availability import refusal_of
from engine.data.unit import after_commit
from engine.errors import Code, Complaint, Refusal, refuse
from engine.outcomes import SkippedTrigger, TriggeredWorkflow
from engine.queue.base import Claim, Inserted, Queue
from engine.system.models import Execution, Status
from engine.workflow.caps import capped_context
from engine.workflow.events import Pending, Planned
from engine.workflow.executed import Executed
from engine.workflow.jobs import Entry
from engine.workflow.journal import Journal
from engine.workflow.patience import Patience
from engine.workflow.processor import Run
from engine.workflow.runner import Result, Runner, runs_inside
from engine.workflow.worker import Worker

log = logging.getLogger("bangpath.workflow")

SYNC_WAIT = 10.0
"""Seconds that a request waits for its sync workflows, unless a setting says otherwise."""
RETRY_SECONDS = 1


class Started(Struct):
    """What a write has started, in order. `runs` are the sync ones, `running` is there when they have begun.

    `has_run` says that an atomic one has, so that records may be others than the write has left them.
    """

    workflows: list[TriggeredWorkflow] = field(default_factory=list)
    runs: list[tuple[Claim, Run]] = field(default_factory=list)
    running: asyncio.Task[None] | None = None
    skipped: tuple[SkippedTrigger, ...] = ()
    has_run: bool = False


class Dispatcher:
    """Inserts executions in the unit of the write, and waits for the sync ones afterwards."""

    def __init__(
        self,
        journal: Journal,
        runner: Runner,
        worker: Worker,
        queue: Queue,
        patience: Patience,
        executed: Executed,
        sync_wait: float = SYNC_WAIT,
    ) -> None:
        self._journal = journal
        self._runner = runner
        self._worker = worker
        self._queue = queue
        self._patience = patience
        self._executed = executed
        self._sync_wait = sync_wait

    async def admit(self, planned: Planned) -> Started:
        """Like `start`, for requests: refused `RATE_LIMITED` where their sync executions would be too many."""
        if not self._has_room(planned):
            message = f"Too many requests wait for their sync workflows: try again in {RETRY_SECONDS} second."
            raise refuse(Code.RATE_LIMITED, message, retryAfter=RETRY_SECONDS)
        return await self.start(planned)

    async def start(self, planned: Planned) -> Started:
        """Insert the executions, inside the unit of the write. Where there are too many sync ones, these are queued.

        Atomic workflows run before the others are inserted; one that does not succeed is a refusal
        `WORKFLOW_REJECTED`, with which the unit is undone.
        """
        if not planned.pending:
            return Started(skipped=planned.skipped)
        has_room = self._has_room(planned)
        cut = (replace(pending, context=capped_context(pending.context)) for pending in planned.pending)
        planned = replace(planned, pending=tuple(cut))
        finished: dict[str, tuple[Run, Result, list[Entry]]] = {}
        for pending in planned.pending:
            if pending.definition.options.atomic and pending.cut is None:
                finished[pending.once] = await self._atomic(pending)
        started = Started(skipped=planned.skipped, has_run=bool(finished))
        rows: list[Inserted] = []
        await self._journal.line_up(planned.pending)
        for pending in planned.pending:
            if pending.once not in finished and pending.cut is None and runs_inside(pending.definition):
                run = _run(pending, execution=0)
                finished[pending.once] = (run, *await self._runner.run_inside(run))
            if done := finished.get(pending.once):
                await self._insert_ended(pending, *done, started)
            else:
                rows.append(await self._insert(pending, started, ours=pending.definition.sync and has_room))
        self._executed.count(pending.definition.id for pending in planned.pending)
        queued = [row for row in rows if row.status is Status.QUEUED]
        await self._queue.put([row.id for row in queued], rows=queued)
        if started.runs:
            # By the commit itself: they are leased to this process, and their caller may be gone the moment after.
            after_commit(lambda: self._begin(started))
        return started

    async def follow(self, run: Run, planned: Planned) -> None:
        """Start what a node's write leads to, inside the unit of that node. Nobody waits for the sync ones."""
        started = await self.start(planned)
        if not run.execution:
            run.following += [each.execution_id for each in started.workflows if each.execution_id is not None]

    async def settle(self, started: Started, wait: float | None = None) -> tuple[TriggeredWorkflow, ...]:
        """Wait after the commit, for the sync workflows or `wait` seconds for all, and tell how each stands then.

        When the database has gone meanwhile, how each stood at the commit: an error would say that nothing is stored.
        """
        try:
            return await self._ended(started, wait)
        except Exception as error:
            if refusal_of(error) is None:
                raise
            log.warning("the write is stored, what became of its workflows cannot be read: %s", error)
            return tuple(started.workflows)

    async def _ended(self, started: Started, wait: float | None) -> tuple[TriggeredWorkflow, ...]:
        if wait is not None:
            await self._patience.for_executions([each.execution_id for each in started.workflows], wait)
            return await self.look(started.workflows, every=True)
        if started.running is None:
            return tuple(started.workflows)
        await self._patience.for_task(started.running, self._sync_wait)
        ended = {run.execution: (run.ended, run.messages) for _, run in started.runs if run.ended}
        if len(ended) < len(started.runs):
            return await self.look(started.workflows)
        return _settled(started.workflows, ended)

    async def look(
        self, workflows: Sequence[TriggeredWorkflow], *, every: bool = False
    ) -> tuple[TriggeredWorkflow, ...]:
        """How these stand now; of the async ones too if `every` one is meant."""
        asked = [each.execution_id for each in workflows if each.sync or every]
        rows = await Execution.filter(id__in=asked).only("id", "status", "messages")
        return _settled(workflows, {row.id: (row.status, row.messages) for row in rows})

    def _has_room(self, planned: Planned) -> bool:
        keys = {pending.definition.key for pending in planned.pending if _runs_after(pending)}
        return not keys or self._worker.has_room(keys)

    def _begin(self, started: Started) -> None:
        keys = {run.definition.key for _, run in started.runs}
        started.running = self._worker.run_in_order(started.runs, keys)

    async def _atomic(self, pending: Pending) -> tuple[Run, Result, list[Entry]]:
        run = _run(pending, execution=0)
        result, entries = await self._runner.run_inside(run)
        if result.status is not Status.SUCCEEDED:
            raise _rejected(pending, result, entries)
        return run, result, entries

    async def _insert(self, pending: Pending, started: Started, *, ours: bool) -> Inserted:
        """`ours`: this process runs it when the unit is committed."""
        lease = uuid.uuid4().hex if ours and pending.cut is None else None
        row = await self._journal.insert(pending, lease)
        if lease is not None:
            started.runs.append((Claim(row.id, lease), _run(pending, row.id, lease)))
        started.workflows.append(_told(pending, row))
        return row

    async def _insert_ended(
        self, pending: Pending, run: Run, result: Result, entries: list[Entry], started: Started
    ) -> None:
        row = await self._journal.insert_ended(pending, run, result.status, result.error, entries)
        if run.following:
            await Execution.filter(id__in=run.following).update(cause=row.id)
        started.workflows.append(replace(_told(pending, row), messages=result.messages))


def _told(pending: Pending, row: Inserted) -> TriggeredWorkflow:
    definition = pending.definition
    return TriggeredWorkflow(definition.key, pending.association, definition.sync, row.id, row.status.value)


def _runs_after(pending: Pending) -> bool:
    """Whether this is run by this process when the write is committed."""
    definition = pending.definition
    return definition.sync and pending.cut is None and not definition.options.atomic and not runs_inside(definition)


def _run(pending: Pending, execution: int, lease: str = "") -> Run:
    return Run(execution, lease, pending.definition, pending.context, awaited=True, lineage=pending.lineage)


def _settled(
    workflows: Sequence[TriggeredWorkflow], known: Mapping[int, tuple[Status, Sequence[str]]]
) -> tuple[TriggeredWorkflow, ...]:
    """What was told, with the status and the messages that are known by now of some executions."""
    told: list[TriggeredWorkflow] = []
    for each in workflows:
        if each.execution_id is not None and (found := known.get(each.execution_id)):
            status, messages = found
            each = replace(each, status=status.value, messages=tuple(messages))
        told.append(each)
    return tuple(told)


def _rejected(pending: Pending, result: Result, entries: Sequence[Entry]) -> Refusal:
    last = entries[-1].recorded if entries else None
    details = {
        "workflow": pending.definition.key,
        "association": pending.association,
        "node": last.path if last else None,
        "status": result.status.value,
        "error": result.error,
        "messages": list(result.messages),
    }
    said = " ".join(result.messages) or result.error or "It ended as failed."
    message = f"Workflow '{pending.definition.key}' did not let this happen, nothing was written: {said}"
    return Refusal([Complaint(Code.WORKFLOW_REJECTED, message, (), details)])

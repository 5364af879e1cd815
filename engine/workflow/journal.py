"""Runs ⇄ rows of executions. Every change of a started execution is guarded by the lease of who runs it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from tortoise.exceptions import DBConnectionError
from tortoise.expressions import F

from engine.data.collections import Collections
from engine.data.statements import Insert, Select, Update
from engine.data.unit import unit_of_work
from engine.observe import ExecutionChanged, Publish, unheard
from engine.queue.base import Claim, Inserted
from engine.system.models import UNENDED, Execution, Job, Status
from engine.workflow import lanes
from engine.workflow.causes import Lineage
from engine.workflow.definition import Definition
from engine.workflow.documents import read_definition
from engine.workflow.events import Pending
from engine.workflow.jobs import Entry, close_jobs, jobs_of, recorded_in, write_jobs
from engine.workflow.processor import Run

LEASE = timedelta(seconds=10)
_INSERT = Insert(Execution)
_CLAIMED = Select(Execution, "id")
_WRITE = Update(Execution, ("messages", "leased_until"), where=("id", "lease"))
_END = Update(Execution, ("status", "error", "messages", "lease", "leased_until", "finished_at"), where=("id", "lease"))
Ended: TypeAlias = Callable[[int, str, Status], Awaitable[None]]
"""Told the number of an execution, the key of its workflow, and how it has ended."""


class LostLease(Exception):
    """Another process has taken the execution over: whatever this one was about to write must not be."""


Offer: TypeAlias = Callable[[Sequence[int]], Awaitable[None]]
"""Puts executions into the queue, in the unit that is open."""


async def _unoffered(executions: Sequence[int]) -> None:
    """For who has no queue: those that wait for their turn are found by a sweep."""


async def _unfollowed(execution: int, key: str, status: Status) -> None:
    """For who ends executions that nothing follows."""


@dataclass(slots=True)
class Journal:
    """Reads and writes executions and jobs. `lease` is how long a claim holds without being extended.

    `ended` is called in the unit in which an execution ends, other than by being cancelled, `offer` for the one that
    has waited for it.
    """

    collections: Collections
    lease: timedelta = LEASE
    publish: Publish = unheard
    ended: Ended = _unfollowed
    offer: Offer = _unoffered
    _definitions: dict[int, Definition] = field(default_factory=dict)

    async def insert(self, pending: Pending, lease: str | None) -> Inserted:
        """A new execution, inside the unit of what caused it; with a `lease` it is this process's to run, at once."""
        now = datetime.now(UTC)
        if pending.cut is not None:
            return await self._insert(pending, Status.SKIPPED, error=pending.cut, finished_at=now)
        if lease is not None:
            return await self._insert(
                pending,
                Status.RUNNING,
                lease=lease,
                leased_until=now + self.lease,
                attempt=1,
                started_at=now,
            )
        lane = lanes.lane_of(pending)
        behind = lane is not None and await lanes.is_taken(lane)
        return await self._insert(pending, Status.WAITING if behind else Status.QUEUED)

    async def insert_ended(
        self, pending: Pending, run: Run, status: Status, error: str | None, entries: Sequence[Entry]
    ) -> Inserted:
        """An execution that was carried out in the unit of what caused it, with what is recorded of it."""
        now = datetime.now(UTC)
        row = await self._insert(
            pending,
            status,
            error=error,
            messages=run.messages,
            attempt=1,
            started_at=run.started_at,
            finished_at=now,
        )
        run.execution = row.id
        if entries:
            await write_jobs(run, entries, now)
        if run.open:
            await close_jobs(row.id, status)
        await self.ended(row.id, row.key, status)
        return row

    async def _insert(self, pending: Pending, status: Status, **state: Any) -> Inserted:
        definition = pending.definition
        columns = {
            "once": pending.once,
            "key": definition.key,
            "workflow_id": definition.id,
            "version": definition.version,
            "document": dict(definition.document),
            "sync": definition.sync,
            "manual": pending.manual,
            "collection": pending.collection,
            "record_key": pending.record_key,
            "association": pending.association,
            "context": pending.context,
            "user_id": pending.user,
            "role_name": pending.role,
            "request_id": pending.request_id,
            "cause": pending.lineage.cause,
            "chain": list(pending.lineage.chain),
            "origin": pending.lineage.origin,
            "lane": lanes.lane_of(pending),
            "slots": definition.options.concurrency,
            "created_at": datetime.now(UTC),
            "status": status,
            **state,
        }
        row = Inserted(await _INSERT.say(columns), definition.key, status, definition.options.concurrency)
        self.publish(ExecutionChanged(row.id, row.key, status))
        return row

    async def line_up(self, pendings: Iterable[Pending]) -> None:
        """Before inserts: keep others from queueing up in the same places, or leaving them, until the commit."""
        await lanes.hold(pendings)

    async def load(self, claims: Sequence[Claim]) -> dict[int, Run | Unreadable]:
        """Executions that were claimed, with what was recorded of them so far; those with another lease are missing."""
        held = {claim.execution: claim for claim in claims}
        found: dict[int, Run | Unreadable] = {}
        definitions: dict[int, Definition] = {}
        rows = [row for row in await _CLAIMED.say(list(held)) if row.lease == held[row.id].lease]
        for row in rows:
            try:
                definitions[row.id] = self.definition(row)
            except Unreadable as error:
                found[row.id] = error
        jobs = await jobs_of({each: known for each, known in definitions.items() if held[each].begun})
        readable = (row for row in rows if row.id in definitions)
        return found | {row.id: _run(row, definitions[row.id], jobs.get(row.id, ())) for row in readable}

    async def write(self, run: Run, entries: Sequence[Entry]) -> None:
        """Record node runs, inside the caller's unit; raises `LostLease` when the execution is not ours any more."""
        now = datetime.now(UTC)
        written = {"messages": run.messages, "leased_until": now + self.lease}
        if not await _WRITE.say(written, id=run.execution, lease=run.lease):
            raise LostLease
        await write_jobs(run, entries, now)

    async def suspend(self, run: Run, until: datetime, entries: Sequence[Entry]) -> None:
        """Record node runs, and that the execution rests: nobody holds it, from then on anybody may."""
        async with unit_of_work():
            await self.write(run, entries)
            # That it is taken up again is no sign of a process that died.
            await Execution.filter(id=run.execution, lease=run.lease).update(
                status=Status.WAITING, resume_at=until, lease=None, leased_until=None, attempt=F("attempt") - 1
            )
            self.publish(ExecutionChanged(run.execution, run.definition.key, Status.WAITING))

    def unit_of_end(self, run: Run, status: Status, entries: Sequence[Entry]) -> AbstractAsyncContextManager[None]:
        """The unit in which a run ends; none where one statement is all there is to say."""
        is_alone = status is Status.SUCCEEDED and not entries and not run.open and not run.definition.options.in_order
        return self._alone(run) if is_alone else unit_of_work()

    @asynccontextmanager
    async def _alone(self, run: Run) -> AsyncIterator[None]:
        """For one statement, which has done what it should if it was not answered but the row has ended so.

        If that cannot be told now, whoever gives the execution back, or takes it up, sees by its lease that it has
        ended.
        """
        try:
            yield
        except DBConnectionError:
            if not await Execution.filter(id=run.execution, status=Status.SUCCEEDED, lease__isnull=True).exists():
                raise
            self.publish(ExecutionChanged(run.execution, run.definition.key, Status.SUCCEEDED))

    async def finish(self, run: Run, status: Status, error: str | None, entries: Sequence[Entry]) -> None:
        """Record the last node runs, and the end, inside the caller's `unit_of_end`.

        A terminal status never changes: the lease goes with it, and who has lost that raises `LostLease`.
        """
        assert status.terminal, "an execution ends in a terminal status"
        now = datetime.now(UTC)
        end = {
            "status": status,
            "error": error,
            "messages": run.messages,
            "lease": None,
            "leased_until": None,
            "finished_at": now,
        }
        if not await _END.say(end, id=run.execution, lease=run.lease):
            raise LostLease
        await write_jobs(run, entries, now)
        if run.open:
            await close_jobs(run.execution, status)
        if run.definition.options.in_order:
            await self._let_next(run.execution)
        await self.ended(run.execution, run.definition.key, status)
        self.publish(ExecutionChanged(run.execution, run.definition.key, status))

    async def give_up(self, execution: int, lease: str, error: str) -> None:
        """End an execution that cannot be carried on."""
        async with unit_of_work():
            ended = await Execution.filter(id=execution, lease=lease).update(
                status=Status.ERROR, error=error, lease=None, leased_until=None, finished_at=datetime.now(UTC)
            )
            if ended:
                key = await self._closed(execution, Status.ERROR)
                await self.ended(execution, key, Status.ERROR)

    async def cancel(self, execution: int, why: str) -> bool:
        """End an execution, whoever has it; False when it has ended already."""
        async with unit_of_work():
            ended = await Execution.filter(id=execution, status__in=UNENDED).update(
                status=Status.CANCELLED,
                error=why,
                lease=None,
                leased_until=None,
                resume_at=None,
                finished_at=datetime.now(UTC),
            )
            if ended:
                await self._closed(execution, Status.CANCELLED)
        return ended > 0

    async def _closed(self, execution: int, status: Status) -> str:
        """Bring everything around an execution in order that somebody else has ended; answers its workflow's key."""
        await close_jobs(execution, status)
        row = await Execution.get(id=execution).only("key")
        self.publish(ExecutionChanged(execution, row.key, status))
        await self._let_next(execution)
        return row.key

    async def _let_next(self, ended: int) -> None:
        """Let the next one go, where an execution was the first of those that run one after the other."""
        next_one = await lanes.first_behind(ended)
        if next_one is None:
            return
        waits = Execution.filter(id=next_one.id, status=Status.WAITING, resume_at__isnull=True)
        if await waits.update(status=Status.QUEUED):
            await self.offer([next_one.id])
            self.publish(ExecutionChanged(next_one.id, next_one.key, Status.QUEUED))

    def definition(self, row: Execution) -> Definition:
        """The version an execution belongs to, from its own copy; raises `Unreadable`.

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


def _run(row: Execution, definition: Definition, jobs: Sequence[Job]) -> Run:
    assert row.lease is not None, "it was claimed"
    return Run(
        row.id,
        row.lease,
        definition,
        row.context,
        {job.path: recorded_in(job) for job in jobs},
        list(row.messages),
        {job.path for job in jobs if not job.status.terminal},
        row.sync,
        row.started_at or datetime.now(UTC),
        Lineage(tuple(row.chain), row.cause, row.origin or ""),
    )

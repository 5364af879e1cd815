"""Runs ⇄ rows of executions and jobs. Every change of a started execution is guarded by the lease of who runs it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from tortoise.expressions import F, Q

from engine.data.collections import Collections
from engine.data.unit import before_commit, take_turns, unit_of_work
from engine.data.values import json_text
from engine.observe import ExecutionChanged, Publish, unheard
from engine.system.models import Execution, Job, Status, Workflow
from engine.workflow.causes import Lineage
from engine.workflow.definition import Definition
from engine.workflow.documents import read_definition
from engine.workflow.events import Pending
from engine.workflow.nodes.base import Leave
from engine.workflow.processor import Recorded, Run

LEASE = timedelta(seconds=10)
Ended: TypeAlias = Callable[[int, str, Status], Awaitable[None]]
"""Told the number of an execution, the key of its workflow, and how it has ended."""
UNENDED = tuple(status for status in Status if not status.terminal)


class LostLease(Exception):
    """Another process has taken the execution over: whatever this one was about to write must not be."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One node run on its way into the journal. `until` is what it waits for, if it waits."""

    recorded: Recorded
    input: Any
    started_at: datetime
    until: datetime | None = None


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

    async def insert(self, pending: Pending, lease: str | None) -> Execution:
        """A new execution, inside the unit of what caused it; with a `lease` it is this process's to run, at once."""
        now = datetime.now(UTC)
        definition = pending.definition
        lane = lane_of(pending)
        behind = lane is not None and await Execution.exists(lane=lane, status__in=UNENDED)
        taken: dict[str, Any] = {"status": Status.WAITING if behind else Status.QUEUED}
        if pending.cut is not None:
            taken = {"status": Status.SKIPPED, "error": pending.cut, "finished_at": now}
        elif lease is not None:
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
            cause=pending.lineage.cause,
            chain=list(pending.lineage.chain),
            origin=pending.lineage.origin,
            lane=lane,
            slots=definition.options.concurrency,
            **taken,
        )
        self.publish(ExecutionChanged(row.id, row.key, row.status))
        return row

    async def line_up(self, pendings: Iterable[Pending]) -> None:
        """Before inserts: keep others from queueing up in the same places, or leaving them, until the commit.

        In order, since two writes that want the same places would wait for each other.
        """
        for lane in sorted({lane for pending in pendings if (lane := lane_of(pending))}):
            await take_turns(f"lane {lane}")

    def count(self, workflows: Iterable[int]) -> None:
        """Count new executions on their versions. Last in the unit, as everybody waits for these rows, and all that it
        starts in one order: two writes that start the same workflows the other way round would wait for each other."""
        for workflow in workflows:
            before_commit(_count, workflow)

    async def load(self, execution: int, lease: str) -> Run:
        """An execution that was claimed, with what was recorded of it so far."""
        row = await Execution.get_or_none(id=execution, lease=lease)
        if row is None:
            raise LostLease
        definition = self.definition(row)
        past = await _past_rounds(execution) if any(step.loops for step in definition.walk()) else []
        jobs = await Job.filter(*(~each for each in past), execution_id=execution).order_by("id")
        return Run(
            execution,
            lease,
            definition,
            row.context,
            {job.path: _recorded(job) for job in jobs},
            list(row.messages),
            {job.path for job in jobs if not job.status.terminal},
            row.sync,
            row.started_at or datetime.now(UTC),
            Lineage(tuple(row.chain), row.cause, row.origin or ""),
        )

    async def write(self, run: Run, entries: Sequence[Entry]) -> None:
        """Record node runs, inside the caller's unit; raises `LostLease` when the execution is not ours any more."""
        now = datetime.now(UTC)
        held = Execution.filter(id=run.execution, lease=run.lease)
        if not await held.update(messages=run.messages, leased_until=now + self.lease):
            raise LostLease
        latest = _latest(entries)
        for entry in latest:
            if entry.recorded.path in run.open:
                job = Job.filter(execution_id=run.execution, path=entry.recorded.path)
                await job.update(**_columns(entry, now))
        new = [entry for entry in latest if entry.recorded.path not in run.open]
        await Job.bulk_create(_job(run.execution, entry, now) for entry in new)
        for entry in latest:
            run.open.discard(entry.recorded.path)
            if not entry.recorded.status.terminal:
                run.open.add(entry.recorded.path)

    async def suspend(self, run: Run, until: datetime, entries: Sequence[Entry]) -> None:
        """Record node runs, and that the execution rests: nobody holds it, from then on anybody may."""
        async with unit_of_work():
            await self.write(run, entries)
            # That it is taken up again is no sign of a process that died.
            await Execution.filter(id=run.execution, lease=run.lease).update(
                status=Status.WAITING, resume_at=until, lease=None, leased_until=None, attempt=F("attempt") - 1
            )
            self.publish(ExecutionChanged(run.execution, run.definition.key, Status.WAITING))

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
            if run.open:
                await _close(run.execution, status)
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
        await _close(execution, status)
        row = await Execution.get(id=execution).only("key")
        self.publish(ExecutionChanged(execution, row.key, status))
        await self._let_next(execution)
        return row.key

    async def _let_next(self, ended: int) -> None:
        """Let the next one go, where an execution was the first of those that run one after the other."""
        row = await Execution.get(id=ended).only("lane")
        if row.lane is None:
            return
        # Somebody may be queueing up behind this one just now.
        await take_turns(f"lane {row.lane}")
        next_one = await Execution.filter(lane=row.lane, status__in=UNENDED).order_by("id").first().only("id", "key")
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


async def _past_rounds(execution: int) -> list[Q]:
    """The jobs that a run needs to know no more: of loops only the round counts that they are in, or were in last."""
    current: list[tuple[str, int]] = []
    loops = Job.filter(execution_id=execution, round__isnull=False).order_by("id")
    for path, round in await loops.values_list("path", "round"):
        if not any(path.startswith(f"{loop}/") and not path.startswith(f"{loop}/{last}/") for loop, last in current):
            current.append((path, round))
    return [Q(path__startswith=f"{loop}/") & ~Q(path__startswith=f"{loop}/{last}/") for loop, last in current]


async def _close(execution: int, status: Status) -> None:
    """Nothing of an execution that has ended goes on: neither its loops nor what it waited for."""
    jobs = Job.filter(execution_id=execution, status__in=UNENDED)
    await jobs.update(status=status, finished_at=datetime.now(UTC))


def _latest(entries: Sequence[Entry]) -> list[Entry]:
    """The entries by place, in the order in which they began: a loop that has gone round and ended is one."""
    found: dict[str, Entry] = {}
    for entry in entries:
        path = entry.recorded.path
        found[path] = replace(entry, started_at=found[path].started_at) if path in found else entry
    return list(found.values())


def _recorded(job: Job) -> Recorded:
    return Recorded(
        job.path,
        job.node_key,
        job.status,
        job.result,
        job.branch,
        job.stops,
        job.error,
        job.attempt,
        job.round,
        Leave(job.leave) if job.leave else None,
    )


def _job(execution: int, entry: Entry, now: datetime) -> Job:
    recorded = entry.recorded
    columns = _columns(entry, now)
    texts = {name: columns.pop(name) for name in ("input", "result")}
    job = Job(
        execution_id=execution,
        node_key=recorded.node_key,
        path=recorded.path,
        started_at=entry.started_at,
        **columns,
    )
    job.input, job.result = texts["input"], texts["result"]
    return job


def lane_of(pending: Pending) -> str | None:
    """What executions have in common that run one after the other; None for those that do not."""
    if not pending.definition.options.in_order or pending.record_key is None or pending.cut is not None:
        return None
    return f"{pending.definition.key}:{pending.collection}:{pending.record_key}"


async def _count(workflows: Iterable[int]) -> None:
    for workflow, executions in sorted(Counter(workflows).items()):
        await Workflow.filter(id=workflow).update(executed=F("executed") + executions)


def _columns(entry: Entry, now: datetime) -> dict[str, Any]:
    """What changes of a job that is written again."""
    recorded = entry.recorded
    return {
        "status": recorded.status,
        "input": json_text(entry.input),
        "result": json_text(recorded.result),
        "branch": recorded.branch,
        "round": recorded.round,
        "leave": recorded.leave.value if recorded.leave else None,
        "stops": recorded.stops,
        "error": recorded.error,
        "attempt": recorded.attempt,
        "finished_at": now if recorded.status.terminal else None,
    }

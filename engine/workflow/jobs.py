"""The rows of jobs: what is recorded of an execution's node runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from tortoise.expressions import Q

from engine.data.statements import Insert, Select
from engine.data.values import json_text
from engine.system.models import UNENDED, Job, Status
from engine.workflow.definition import Definition
from engine.workflow.nodes.base import Leave
from engine.workflow.processor import Recorded, Run

_INSERT = Insert(Job)
_OF_EXECUTIONS = Select(Job, "execution_id")


class Entry(Struct, frozen=True):
    """One node run on its way into the journal. `until` is what it waits for, if it waits."""

    recorded: Recorded
    input: Any
    started_at: datetime
    until: datetime | None = None


async def jobs_of(definitions: Mapping[int, Definition]) -> dict[int, list[Job]]:
    """The jobs that runs need to know, by execution, in the order in which they began."""
    looping = [each for each, definition in definitions.items() if any(step.loops for step in definition.walk())]
    straight = [each for each in definitions if each not in looping]
    found: dict[int, list[Job]] = {each: [] for each in definitions}
    for job in await _OF_EXECUTIONS.say(straight):
        found[job.execution_id].append(job)
    for each in looping:
        past = await _past_rounds(each)
        found[each] = await Job.filter(*(~rounds for rounds in past), execution_id=each).order_by("id")
    return found


def recorded_in(job: Job) -> Recorded:
    """What a row tells a run."""
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


async def write_jobs(run: Run, entries: Sequence[Entry], now: datetime) -> None:
    """Record node runs, inside the caller's unit: anew, or in the row of a place that is still open."""
    latest = _latest(entries)
    for entry in latest:
        if entry.recorded.path in run.open:
            job = Job.filter(execution_id=run.execution, path=entry.recorded.path)
            await job.update(**_columns(entry, now))
    new = [_job(run.execution, entry, now) for entry in latest if entry.recorded.path not in run.open]
    await _INSERT.say_all(new)
    for entry in latest:
        run.open.discard(entry.recorded.path)
        if not entry.recorded.status.terminal:
            run.open.add(entry.recorded.path)


async def close_jobs(execution: int, status: Status) -> None:
    """Nothing of an execution that has ended goes on: neither its loops nor what it waited for."""
    jobs = Job.filter(execution_id=execution, status__in=UNENDED)
    await jobs.update(status=status, finished_at=datetime.now(UTC))


async def _past_rounds(execution: int) -> list[Q]:
    """The jobs that a run needs to know no more: of loops only the round counts that they are in, or were in last."""
    current: list[tuple[str, int]] = []
    loops = Job.filter(execution_id=execution, round__isnull=False).order_by("id")
    for path, round in await loops.values_list("path", "round"):
        if not any(path.startswith(f"{loop}/") and not path.startswith(f"{loop}/{last}/") for loop, last in current):
            current.append((path, round))
    return [Q(path__startswith=f"{loop}/") & ~Q(path__startswith=f"{loop}/{last}/") for loop, last in current]


def _latest(entries: Sequence[Entry]) -> list[Entry]:
    """The entries by place, in the order in which they began: a loop that has gone round and ended is one."""
    found: dict[str, Entry] = {}
    for entry in entries:
        path = entry.recorded.path
        found[path] = replace(entry, started_at=found[path].started_at) if path in found else entry
    return list(found.values())


def _job(execution: int, entry: Entry, now: datetime) -> dict[str, Any]:
    """The columns of a job that is new."""
    recorded = entry.recorded
    named = {"node_key": recorded.node_key, "path": recorded.path, "started_at": entry.started_at}
    return {"execution_id": execution, **named, **_columns(entry, now)}


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

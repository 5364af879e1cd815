"""Moves a run from one decision to the next: which node comes after what was recorded; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, assert_never

from engine.system.models import Status
from engine.workflow.definition import Definition, Step
from engine.workflow.nodes.base import Done, Enter, Failed, Outcome, Stop


@dataclass(frozen=True, slots=True)
class Recorded:
    """What is kept of a node that ran. `branch`: the one it entered; `stops`: the run ended with it, in its status."""

    path: str
    node_key: str
    status: Status
    result: Any = None
    branch: str | None = None
    stops: bool = False
    error: str | None = None


@dataclass(frozen=True, slots=True)
class End:
    """The run is over, in this terminal status."""

    status: Status
    error: str | None = None


Next: TypeAlias = Step | End


@dataclass(slots=True)
class Run:
    """One execution as it is carried out: what it knows, what was recorded, and what the caller shall be told."""

    execution: int
    lease: str
    definition: Definition
    context: Mapping[str, Any]
    recorded: dict[str, Recorded] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)

    @property
    def results(self) -> dict[str, Any]:
        """What each node that ran has answered, by its key."""
        return {recorded.node_key: recorded.result for recorded in self.recorded.values()}


def next_step(run: Run) -> Next:
    """The node whose turn it is, or the end. The same answer again after a crash: it follows from what was recorded."""
    return _next_of(run.definition.steps, run.recorded) or End(Status.SUCCEEDED)


def record(step: Step, outcome: Outcome) -> Recorded:
    """What to keep of an outcome."""
    match outcome:
        case Done(result=result):
            return Recorded(step.path, step.key, Status.SUCCEEDED, result)
        case Enter(branch=branch, result=result):
            return Recorded(step.path, step.key, Status.SUCCEEDED, result, branch=branch)
        case Stop(status=status, result=result):
            return Recorded(step.path, step.key, status, result, stops=True)
        case Failed(error=error):
            return Recorded(step.path, step.key, Status.ERROR, stops=True, error=error)
        case _:
            assert_never(outcome)


def _next_of(steps: Sequence[Step], recorded: Mapping[str, Recorded]) -> Next | None:
    for step in steps:
        done = recorded.get(step.path)
        if done is None:
            return step
        if done.stops:
            return End(done.status, f"Node '{step.path}': {done.error}" if done.error else None)
        if done.branch is not None and (inside := _next_of(step.branches.get(done.branch, ()), recorded)):
            return inside
    return None

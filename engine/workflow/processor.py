"""Moves a run from one decision to the next: which node comes after what was recorded; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias, assert_never

from msgspec import Struct, field

from engine.system.models import Status
from engine.workflow.causes import Cause, Lineage
from engine.workflow.definition import Definition, Step
from engine.workflow.nodes.base import Done, Enter, Failed, Leave, LeaveRound, Left, Outcome, Stop, Waiting


class Recorded(Struct, frozen=True):
    """What is kept of a node that ran.

    `branch`: the one it entered; `round`: the one that a loop is in, or was in last; `leave`: how the round around it
    ended with it; `stops`: the run ended with it, in its status. A node that waits, for another attempt if it has an
    `error`, and a loop that goes round are in a status that is not terminal.
    """

    path: str
    node_key: str
    status: Status
    result: Any = None
    branch: str | None = None
    stops: bool = False
    error: str | None = None
    attempt: int = 1
    round: int | None = None
    leave: Leave | None = None


class Turn(Struct, frozen=True):
    """The node whose turn it is. `path` is its place, with the rounds of the loops around it (`loop/3/note`).

    `left` is how it stands when it is asked to go on, None when it is to begin.
    """

    step: Step
    path: str
    attempt: int = 1
    left: Left | None = None


class End(Struct, frozen=True):
    """The run is over, in this terminal status."""

    status: Status
    error: str | None = None


Next: TypeAlias = Turn | End


INSIDE_SECONDS = 10.0
"""How long a run may take inside of the transaction of a write: what that has locked others wait for."""


class Run(Struct):
    """One execution as it is carried out: what it knows, what was recorded, and what the caller shall be told.

    Of a loop only the round that it is in is kept, so that a long one costs no more than a short one. `open` are the
    places that are in the journal already and are to be written again. `awaited`: somebody waits for the end, so
    there are no second attempts. `following` are the executions that its nodes have caused before it had a number.
    `ended` is how it has ended, as soon as that is committed.
    """

    execution: int
    lease: str
    definition: Definition
    context: Mapping[str, Any]
    recorded: dict[str, Recorded] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    open: set[str] = field(default_factory=set)
    awaited: bool = False
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    lineage: Lineage = field(default_factory=Lineage)
    following: list[int] = field(default_factory=list)
    ended: Status | None = None

    @property
    def inside(self) -> bool:
        """Whether it runs in the transaction of what has caused it, and has no row yet."""
        return not self.execution

    @property
    def cause(self) -> Cause:
        """That of what its nodes write."""
        return Cause(
            self.context.get("user"),
            self.context.get("roleName"),
            self.context.get("request", {}).get("id"),
            "update",
            (*self.lineage.chain, self.definition.key),
            self.lineage.origin,
            self.execution or None,
        )

    @property
    def results(self) -> dict[str, Any]:
        """What each node that ran has answered, by its key."""
        return {recorded.node_key: recorded.result for recorded in self.recorded.values()}

    @property
    def timeout(self) -> float | None:
        """The seconds that it has, waiting included; None for as many as it takes."""
        own = self.definition.options.timeout
        if not self.inside:
            return own
        return INSIDE_SECONDS if own is None else min(own, INSIDE_SECONDS)

    @property
    def deadline(self) -> datetime | None:
        """When its time is up; None for never."""
        return None if self.timeout is None else self.started_at + timedelta(seconds=self.timeout)

    def scopes(self, path: str) -> dict[str, Any]:
        """What the loops around a place have to say of their rounds, by their keys."""
        around = [self.recorded[outer] for outer in _around(path) if outer in self.recorded]
        return {loop.node_key: loop.result for loop in around if loop.status is Status.RUNNING}

    def keep(self, recorded: Recorded) -> None:
        """Take what a node did into account. A loop that begins a round forgets the one before."""
        self.recorded[recorded.path] = recorded
        if recorded.status is Status.RUNNING:
            while (last := next(reversed(self.recorded))) != recorded.path:
                del self.recorded[last]


def next_step(run: Run) -> Next:
    """The node whose turn it is, or the end. The same answer again after a crash: it follows from what was recorded."""
    after = _next_of(run.definition.steps, run.recorded, "")
    assert not isinstance(after, Leave), "a round is left only inside a loop, which was checked when it was saved"
    return after or End(Status.SUCCEEDED)


def record(turn: Turn, outcome: Outcome) -> Recorded:
    """What to keep of an outcome."""
    path, key, attempt = turn.path, turn.step.key, turn.attempt
    match outcome:
        case Done(result=result):
            last = turn.left.round if turn.left else None
            return Recorded(path, key, Status.SUCCEEDED, result, attempt=attempt, round=last)
        case Enter(branch=branch, result=result, round=None):
            return Recorded(path, key, Status.SUCCEEDED, result, branch=branch, attempt=attempt)
        case Enter(branch=branch, result=result, round=number):
            return Recorded(path, key, Status.RUNNING, result, branch=branch, attempt=attempt, round=number)
        case LeaveRound(leave=leave):
            return Recorded(path, key, Status.SUCCEEDED, attempt=attempt, leave=leave)
        case Stop(status=status, result=result, error=error):
            return Recorded(path, key, status, result, stops=True, error=error, attempt=attempt)
        case Waiting(result=result, error=error):
            return Recorded(path, key, Status.WAITING, result, error=error, attempt=attempt)
        case Failed(error=error):
            return Recorded(path, key, Status.ERROR, stops=True, error=error, attempt=attempt)
        case _:
            assert_never(outcome)


def _next_of(steps: Sequence[Step], recorded: Mapping[str, Recorded], prefix: str) -> Next | Leave | None:
    """What is next in a list of nodes; None when it is done, or how the round was left that it belongs to."""
    for step in steps:
        path = f"{prefix}{step.key}"
        done = recorded.get(path)
        if done is None:
            return Turn(step, path)
        if done.stops:
            return End(done.status, f"Node '{path}': {done.error}" if done.error else None)
        if done.status is Status.WAITING:
            return (
                Turn(step, path, done.attempt + 1) if done.error else Turn(step, path, done.attempt, Left(done.result))
            )
        if done.leave:
            return done.leave
        if after := _inside(step, path, done, recorded):
            return after
    return None


def _inside(step: Step, path: str, done: Recorded, recorded: Mapping[str, Recorded]) -> Next | Leave | None:
    """What is next in the branch that a node has entered; a loop is asked whenever a round is over."""
    if done.branch is None:
        return None
    inside = step.branches.get(done.branch, ())
    if done.round is None:
        return _next_of(inside, recorded, f"{path}/{done.branch}/")
    after = _next_of(inside, recorded, f"{path}/{done.round}/")
    if isinstance(after, Turn | End):
        return after
    return Turn(step, path, done.attempt, Left(done.result, done.round, broken=after is Leave.BREAK))


def _around(path: str) -> list[str]:
    """The places of the nodes around a place, outermost first.

    >>> _around("each/3/long/then/note")
    ['each', 'each/3/long']
    """
    names = path.split("/")
    return ["/".join(names[:end]) for end in range(1, len(names) - 1, 2)]

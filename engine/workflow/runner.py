"""Carries one run out, node by node: what a node does to the database is committed with the record of it."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias, assert_never

from msgspec import Struct
from msgspec.structs import replace

from engine.data.availability import refusal_of
from engine.data.store import Change
from engine.data.unit import unit_of_work
from engine.errors import Code, Complaint, Refusal, refuse
from engine.outgoing.hosts import HostBusy
from engine.system.installation import installation_name
from engine.system.models import Status
from engine.workflow.callers import Allow
from engine.workflow.caps import capped, capped_text
from engine.workflow.causes import Cause
from engine.workflow.definition import Definition, Step
from engine.workflow.jobs import Entry
from engine.workflow.journal import Journal, LostLease
from engine.workflow.nodes.base import Done, Effect, Failed, Node, Outcome, Stop, Waiting
from engine.workflow.processor import End, Next, Recorded, Run, Turn, next_step, record
from engine.workflow.scope import Scope

log = logging.getLogger("bangpath.workflow")

UNSAVED = 100
"""Nodes that may wait in memory to be recorded."""
LONGEST_PAUSE = 3600.0


Follow: TypeAlias = Callable[[Run, Sequence[Change]], Awaitable[None]]


async def _nobody(cause: Cause) -> Allow:
    """For who runs nothing that acts for its caller."""
    raise refuse(Code.NO_PERMISSION, f"Nobody has said what the role '{cause.role}' may do.")


class Result(Struct, frozen=True):
    """How an execution has ended, or that it rests until `resume_at`."""

    status: Status
    messages: tuple[str, ...] = ()
    error: str | None = None
    resume_at: datetime | None = None


class Undone(Exception):
    """Leaves the unit of a node that did not succeed, so that nothing it wrote is kept."""

    def __init__(self, entry: Entry) -> None:
        super().__init__(entry.recorded.error)
        self.entry = entry


class Runner:
    """Runs executions with one instance of each kind of node. `follow` starts what changes of records lead to, in the
    unit of the node that made them; `allow` is what a caller may do."""

    def __init__(
        self,
        nodes: Mapping[str, Node[Any]],
        journal: Journal,
        follow: Follow,
        allow: Callable[[Cause], Awaitable[Allow]] = _nobody,
    ) -> None:
        self._nodes = nodes
        self._journal = journal
        self._follow = follow
        self._allow = allow
        self._installation = ""

    async def start(self) -> None:
        """To be called before anything runs."""
        self._installation = await installation_name()

    async def run(self, run: Run) -> Result:
        """Carry the run on from what was recorded, to its end or until it rests; raises `LostLease` where it is
        another's by now, and `HostBusy` where it has come to a call whose turn is not soon.

        Nodes that write nothing wait in memory, and are recorded with the next that does or with the end: after a
        crash they are run again, which changes nothing. The end behind a node that writes is recorded with that.
        """
        unsaved: list[Entry] = []
        while True:
            turn = _next(run)
            if isinstance(turn, End):
                async with self._journal.unit_of_end(run, turn.status, unsaved):
                    await self._journal.finish(run, turn.status, turn.error, unsaved)
                return _ended(run, turn)
            match turn.step.effect:
                case Effect.WRITE:
                    entry, end = await self._write(run, turn, unsaved)
                    if end:
                        return _ended(run, end)
                case Effect.OUTSIDE:
                    entry = await self._reach_out(run, turn, unsaved)
                case Effect.NONE | Effect.READ:
                    entry = await self._compute(run, turn, unsaved)
                case _:
                    assert_never(turn.step.effect)
            if entry.until:
                until = min(entry.until, run.deadline or entry.until)
                await self._journal.suspend(run, until, unsaved)
                return Result(Status.WAITING, tuple(run.messages), resume_at=until)

    async def run_inside(self, run: Run) -> tuple[Result, list[Entry]]:
        """Carry a run out inside the unit of work that is open, and answer what is to be recorded at its end."""
        entries: list[Entry] = []
        while isinstance(turn := _next(run), Turn):
            entries.append(await self._step(run, turn))
            await asyncio.sleep(0)
        return Result(turn.status, tuple(run.messages), turn.error), entries

    async def _write(self, run: Run, turn: Turn, unsaved: list[Entry]) -> tuple[Entry, End | None]:
        """What the node did, and the end where nothing is left to do."""
        try:
            async with unit_of_work():
                entry = await self._step(run, turn)
                if entry.recorded.status is not Status.SUCCEEDED:
                    raise Undone(entry)
                end = self._end_behind(run)
                if end:
                    await self._journal.finish(run, end.status, end.error, [*unsaved, entry])
                else:
                    await self._journal.write(run, [*unsaved, entry])
        except Undone as undone:
            unsaved.append(undone.entry)
            return undone.entry, None
        unsaved.clear()
        return entry, end

    def _end_behind(self, run: Run) -> End | None:
        """The end, where the unit of the last effect may record it as well.

        Not of one of those that run one after the other: it lets the next one go, and waits for their lane when it
        may hold those of what follows its effect.
        """
        behind = _next(run)
        return behind if isinstance(behind, End) and not run.definition.options.in_order else None

    async def _reach_out(self, run: Run, turn: Turn, unsaved: list[Entry]) -> Entry:
        """Outside of any unit, between two: what it is made of is recorded before, so that a repetition is the same."""
        await self._save(run, unsaved)
        entry = await self._step(run, turn)
        unsaved.append(entry)
        if entry.recorded.status is Status.SUCCEEDED:
            await self._save(run, unsaved)
        return entry

    async def _compute(self, run: Run, turn: Turn, unsaved: list[Entry]) -> Entry:
        entry = await self._step(run, turn)
        unsaved.append(entry)
        if len(unsaved) >= UNSAVED:
            await self._save(run, unsaved)
        # A loop of nodes that only compute would keep everybody else from running.
        await asyncio.sleep(0)
        return entry

    async def _save(self, run: Run, unsaved: list[Entry]) -> None:
        if unsaved:
            async with unit_of_work():
                await self._journal.write(run, unsaved)
            unsaved.clear()

    async def _step(self, run: Run, turn: Turn) -> Entry:
        started = datetime.now(UTC)
        # Other services may be called by several installations, each of which numbers its own executions.
        stable_key = f"{self._installation}:{run.execution}:{turn.path}"
        scope = Scope(run.context, run.results, started, stable_key, run.scopes(turn.path), run.awaited)
        shown, outcome = await self._outcome(run, turn, scope)
        if isinstance(outcome, Failed) and not run.awaited and (pause := pause_after(outcome, turn)) is not None:
            outcome = Waiting(datetime.now(UTC) + timedelta(seconds=pause), error=outcome.error)
        recorded = _cut(record(turn, outcome))
        run.keep(recorded)
        if message := getattr(outcome, "message", None):
            run.messages.append(capped_text(message))
        return Entry(recorded, capped(shown), started, outcome.until if isinstance(outcome, Waiting) else None)

    async def _outcome(self, run: Run, turn: Turn, scope: Scope) -> tuple[Any, Outcome]:
        """What the node was given, as the history shows it, and what it answers, in the time that it has."""
        step, node = turn.step, self._nodes[turn.step.kind]
        shown: Any = None
        left = None if run.deadline is None else (run.deadline - scope.now).total_seconds()
        seconds = min((each for each in (step.timeout, left) if each is not None), default=None)
        time = asyncio.timeout(seconds)
        try:
            async with time:
                shown = node.input(step.config, scope)
                if run.definition.options.as_caller and step.effect in (Effect.READ, Effect.WRITE):
                    scope = replace(scope, allow=await self._allow(run.cause))
                if turn.left:
                    return shown, await node.resume(step.config, scope, turn.left)
                outcome = await node.run(step.config, scope)
                if isinstance(outcome, Done) and outcome.changes:
                    await self._follow(run, outcome.changes)
                return shown, outcome
        except Refusal as refusal:
            if run.inside and _may_pass(refusal):
                raise
            return shown, _refused(refusal)
        except (LostLease, HostBusy):
            raise
        except Exception as error:
            if isinstance(error, TimeoutError) and time.expired():
                return shown, _late(run, step)
            if away := refusal_of(error):
                # The transaction of a write is lost with it. That is for its caller, and no decision of the workflow.
                if run.inside:
                    raise away from error
                return shown, _refused(away)
            # A broken node ends its own execution only; what it was is in the log, not in the history others read.
            log.exception(
                "node '%s' of workflow '%s' failed, execution %s", turn.path, run.definition.key, run.execution
            )
            return shown, Failed(
                "The node failed in a way nobody foresaw; the log has it with this execution's number."
            )


def pause_after(failed: Failed, turn: Turn) -> float | None:
    """Seconds until a node is attempted again; None when it is not.

    They double with each attempt. By chance they are shorter by up to a half: those that failed together shall not
    come back together.
    """
    if not failed.transient or turn.attempt >= turn.step.retry.attempts:
        return None
    pause = min(turn.step.retry.seconds * 2.0 ** (turn.attempt - 1), LONGEST_PAUSE)
    told = min(failed.wait or 0.0, LONGEST_PAUSE)
    return max(pause * random.uniform(0.5, 1), told)  # noqa: S311 - nothing is kept secret by it


def runs_inside(definition: Definition) -> bool:
    """Whether a sync workflow can be carried out before the commit, which saves a second one: it only computes.

    Not in loops, which may take a while: nobody else writes meanwhile.
    """
    return definition.sync and all(step.effect is Effect.NONE and not step.loops for step in definition.walk())


def _cut(recorded: Recorded) -> Recorded:
    """What is kept is what later nodes see, so that they see the same after a crash."""
    error = capped_text(recorded.error) if recorded.error else recorded.error
    return replace(recorded, result=capped(recorded.result), error=error)


def _ended(run: Run, end: End) -> Result:
    """When that is committed."""
    run.ended = end.status
    return Result(end.status, tuple(run.messages), end.error)


def _next(run: Run) -> Next:
    turn = next_step(run)
    if isinstance(turn, Turn) and run.deadline and run.deadline <= datetime.now(UTC):
        return End(Status.TIMED_OUT, _overdue(run))
    return turn


def _late(run: Run, step: Step) -> Outcome:
    """What comes of a node that is not done in time, its own or that of the whole run."""
    if run.deadline and run.deadline <= datetime.now(UTC):
        return Stop(Status.TIMED_OUT, error=_overdue(run))
    return Failed(f"It took longer than {step.timeout:g} s.", transient=True)


def _refused(refusal: Refusal) -> Failed:
    return Failed("; ".join(map(_told, refusal.complaints)), transient=_may_pass(refusal))


def _told(complaint: Complaint) -> str:
    """What a caller may not do is no mistake of the workflow, and told apart from those."""
    denied = complaint.code is Code.NO_PERMISSION
    return f"{complaint.code}: {complaint.message}" if denied else complaint.message


def _may_pass(refusal: Refusal) -> bool:
    return any(complaint.code is Code.UNAVAILABLE for complaint in refusal.complaints)


def _overdue(run: Run) -> str:
    return f"It took longer than {run.timeout:g} s in all."

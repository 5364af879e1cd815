"""Carries one run out, node by node: what a node does to the database is committed with the record of it."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from engine.data.unit import unit_of_work
from engine.errors import Refusal
from engine.system.models import Status
from engine.workflow.definition import Definition, Step
from engine.workflow.journal import Entry, Journal, LostLease
from engine.workflow.nodes.base import Effect, Failed, Node, Outcome
from engine.workflow.processor import End, Run, next_step, record
from engine.workflow.scope import Scope

log = logging.getLogger("bangpath.workflow")


@dataclass(frozen=True, slots=True)
class Result:
    """How an execution ended, or stood when its caller stopped waiting."""

    status: Status
    messages: tuple[str, ...] = ()
    error: str | None = None


class Undone(Exception):
    """Leaves the unit of a node that failed, so that nothing it wrote is kept."""

    def __init__(self, entry: Entry) -> None:
        super().__init__(entry.recorded.error)
        self.entry = entry


class Runner:
    """Runs executions with one instance of each kind of node."""

    def __init__(self, nodes: Mapping[str, Node[Any]], journal: Journal) -> None:
        self._nodes = nodes
        self._journal = journal

    async def run(self, run: Run) -> Result:
        """Carry the run on from what was recorded to its end; raises `LostLease` where another process has it.

        Nodes that write nothing wait in memory, and are recorded with the next that does or with the end: after a
        crash they are run again, which changes nothing.
        """
        waiting: list[Entry] = []
        while True:
            match next_step(run):
                case End(status=status, error=error):
                    await self._journal.finish(run, status, error, waiting)
                    return Result(status, tuple(run.messages), error)
                case Step(effect=Effect.WRITE) as step:
                    await self._write(run, step, waiting)
                    waiting.clear()
                case Step(effect=Effect.OUTSIDE) as step:
                    await self._reach_out(run, step, waiting)
                    waiting.clear()
                case Step() as step:
                    waiting.append(await self._step(run, step))

    async def run_inside(self, run: Run) -> tuple[Result, list[Entry]]:
        """Carry a run out inside the unit of work that is open, and answer what is to be recorded at its end."""
        entries: list[Entry] = []
        while isinstance(step := next_step(run), Step):
            entries.append(await self._step(run, step))
        return Result(step.status, tuple(run.messages), step.error), entries

    async def _write(self, run: Run, step: Step, waiting: list[Entry]) -> None:
        try:
            async with unit_of_work():
                entry = await self._step(run, step)
                if entry.recorded.status is Status.ERROR:
                    raise Undone(entry)
                await self._journal.write(run, [*waiting, entry])
        except Undone as undone:
            async with unit_of_work():
                await self._journal.write(run, [*waiting, undone.entry])

    async def _reach_out(self, run: Run, step: Step, waiting: list[Entry]) -> None:
        """Outside of any unit, between two: what it is made of is recorded before, so that a repetition is the same."""
        if waiting:
            async with unit_of_work():
                await self._journal.write(run, waiting)
        entry = await self._step(run, step)
        async with unit_of_work():
            await self._journal.write(run, [entry])

    async def _step(self, run: Run, step: Step) -> Entry:
        started = datetime.now(UTC)
        node = self._nodes[step.kind]
        scope = Scope(run.context, run.results, started, f"{run.execution}:{step.path}")
        shown: Any = None
        outcome: Outcome
        try:
            shown = node.input(step.config, scope)
            outcome = await node.run(step.config, scope)
        except Refusal as refusal:
            outcome = Failed("; ".join(complaint.message for complaint in refusal.complaints))
        except LostLease:
            raise
        except Exception:
            # A broken node ends its own execution only; what it was is in the log, not in the history others read.
            log.exception(
                "node '%s' of workflow '%s' failed, execution %s", step.path, run.definition.key, run.execution
            )
            outcome = Failed("The node failed in a way nobody foresaw; the log has it with this execution's number.")
        recorded = record(step, outcome)
        run.recorded[step.path] = recorded
        if message := getattr(outcome, "message", None):
            run.messages.append(message)
        return Entry(recorded, shown, started)


def runs_inside(definition: Definition) -> bool:
    """Whether a sync workflow can be carried out before the commit, which saves a second one: it only computes."""
    return definition.sync and all(step.effect is Effect.NONE for step in definition.walk())

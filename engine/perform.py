"""The order of a write: checked whole, written with what it starts in one transaction, then the sync workflows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, assert_never

from msgspec import Struct
from msgspec.structs import replace

from engine.actions import (
    Actor,
    CreateRecords,
    DestroyRecords,
    FindOrCreate,
    GetRecord,
    LinkRecords,
    Repetition,
    Terms,
    UpdateRecords,
    WorkflowRef,
)
from engine.data.drafts import AnyWrite, Draft, draft
from engine.data.records import Records
from engine.data.store import ActionName, Change
from engine.data.unit import unit_of_work
from engine.errors import refuse_all
from engine.idempotency import Kept, Repetitions, Taken, from_json, to_json
from engine.outcomes import PLANNED, Record, SkippedTrigger, SkipReason, TriggeredWorkflow, Written
from engine.rates import Rate
from engine.workflow.catalog import Catalog
from engine.workflow.causes import Cause
from engine.workflow.dispatcher import Dispatcher, Started
from engine.workflow.events import Events
from engine.workflow.references import Checked, Reader, check


@dataclass(frozen=True, slots=True)
class Performer:
    """Carries out the writes of the two doors.

    `rows` counts the records that each user writes; `lenient` is how references to unknown workflows are taken.
    """

    records: Records
    catalog: Catalog
    events: Events
    dispatcher: Dispatcher
    repetitions: Repetitions
    rows: Rate
    lenient: bool

    async def perform(self, action: AnyWrite | FindOrCreate, actor: Actor, request_id: str, terms: Terms) -> Written:
        """Write, and start what the write names and what follows it globally.

        Raises one `Refusal` with all complaints; then nothing was written and nothing started.
        """
        if action.dry_run:
            return (await self._do(action, actor, request_id)).as_planned()
        if terms.repetition is not None:
            return await self._once(terms.repetition, partial(self._do, action, actor, request_id), terms.wait)
        done = await self._do(action, actor, request_id)
        return done.written(await self.dispatcher.settle(done.started, terms.wait))

    async def link(self, action: LinkRecords, actor: Actor, request_id: str, terms: Terms) -> list[Any]:
        """Change which records hang on another; answers the keys of those that do.

        Only workflows follow it that follow every change: a record whose column names another one now has changed.
        """
        started = Started()

        async def link() -> list[Any]:
            nonlocal started
            self.rows.take(str(actor.key), len(action.keys or (None,)))
            async with _unit(action.dry_run):
                keys, changes = await self.records.link(action)
                planned = await self.events.follow(changes, Cause.by(actor, request_id, "update"))
                started = await self.dispatcher.admit(planned)
                return keys

        linked: list[Any] = await self.repetitions.once(None if action.dry_run else terms.repetition, link)
        if not action.dry_run:
            await self.dispatcher.settle(started, terms.wait)
        return linked

    async def _once(self, repetition: Repetition, do: Callable[[], Awaitable[_Done]], wait: float | None) -> Written:
        """Write unless it was written; the answer is kept with the write, and again when its workflows have ended."""
        if kept := await self.repetitions.find(repetition):
            return await self._again(kept)
        try:
            async with unit_of_work():
                await self.repetitions.claim(repetition)
                done = await do()
                runs = [run.execution for _, run in done.started.runs]
                await self.repetitions.keep(repetition, to_json(done.written(tuple(done.started.workflows))), runs)
        except Taken:
            return await self._again(await self.repetitions.found(repetition))
        written = done.written(await self.dispatcher.settle(done.started, wait))
        if runs or wait is not None:
            await self.repetitions.settle(repetition, to_json(written))
        return written

    async def _again(self, kept: Kept) -> Written:
        written = from_json(kept.answer)
        return written if kept.settled else replace(written, workflows=await self.dispatcher.look(written.workflows))

    def _do(self, action: AnyWrite | FindOrCreate, actor: Actor, request_id: str) -> Coroutine[Any, Any, _Done]:
        if isinstance(action, FindOrCreate):
            return self._decide(action, actor, request_id)
        return self._write(action, actor, request_id)

    async def _decide(self, action: FindOrCreate, actor: Actor, request_id: str) -> _Done:
        """Nothing comes between the look whether the record is there and what is done for it."""
        async with _unit(action.dry_run):
            decided = await self.records.decide(action)
            if not isinstance(decided, GetRecord):
                return await self._write(decided, actor, request_id)
            checked = self._check(decided, action.workflows)
            refuse_all([*decided.complaints, *checked.complaints])
            # Nothing was written, so nothing follows.
            reason = SkipReason.NOT_CHANGED
            unchanged = (SkippedTrigger(each.ref.key, each.association, reason) for each in checked.triggers)
            started = Started(skipped=(*checked.skipped, *unchanged))
            return _Done([await self.records.get(decided)], 1, started)

    async def _write(self, action: AnyWrite, actor: Actor, request_id: str) -> _Done:
        drafted = draft(action, self.records.collections)
        checked = self._check(action, action.workflows)
        if complaints := [*drafted.complaints, *checked.complaints]:
            refuse_all([*complaints, *await self.records.conflicts(drafted)])
        named = drafted.count
        self.rows.take(str(actor.key), named)
        cause = Cause.by(actor, request_id, _name(action))
        async with _unit(action.dry_run):
            changes, started = await self._store(drafted, checked, cause)
            # What hangs on the named ones, or was found by a filter, is known by now; too much of it is undone.
            self.rows.take(str(actor.key), max(0, len(changes) - named))
            # Atomic workflows have run by now, and may have written to any record.
            records = await self._answer(drafted, changes, again=started.has_run)
        return _Done(records, sum(not change.nested for change in changes), started)

    def _check(self, action: AnyWrite | GetRecord, workflows: Sequence[WorkflowRef]) -> Checked:
        reader = Reader(action.may_trigger, action.may_read)
        collections = action.seen(self.records.collections)
        # A relation that may be written is one that is known.
        known = (
            collections if isinstance(action, GetRecord) else action.written(self.records.collections, _name(action))
        )
        start = known[action.collection]
        return check(workflows, start, collections, self.catalog, reader, lenient=self.lenient)

    async def _store(self, drafted: Draft, checked: Checked, cause: Cause) -> tuple[Sequence[Change], Started]:
        """What ends is handed to workflows as it was, so these are planned, and atomic ones run, before the end."""
        seen = drafted.action.seen(self.records.collections)
        if isinstance(drafted.action, DestroyRecords):
            changes = await self.records.find_for(drafted)
            planned = await self.events.plan(changes, checked, cause, seen)
            await self.records.end(drafted, changes)
        else:
            changes = await self.records.store(drafted, cause.user_key)
            planned = await self.events.plan(changes, checked, cause, seen)
        return changes, await self.dispatcher.admit(planned)

    async def _answer(self, drafted: Draft, changes: Sequence[Change], *, again: bool) -> list[Record]:
        if isinstance(drafted.action, DestroyRecords):
            return []
        return await self.records.answer(drafted, changes, again=again)


class _Done(Struct, frozen=True):
    """What a write did, and what it started."""

    records: list[Record]
    count: int
    started: Started

    def written(self, workflows: tuple[TriggeredWorkflow, ...]) -> Written:
        return Written(self.records, self.count, workflows, self.started.skipped)

    def as_planned(self) -> Written:
        """What a dry run tells: its executions were undone with the rest, so they have no number."""
        return self.written(tuple(replace(each, execution_id=None, status=PLANNED) for each in self.started.workflows))


class _Tried(Exception):
    """Leaves the unit of a dry run, so that nothing is kept."""


@asynccontextmanager
async def _dry_run() -> AsyncIterator[None]:
    """A unit of work that is undone at its end: all of it was only to be tried."""
    with suppress(_Tried):
        async with unit_of_work():
            yield
            raise _Tried


def _unit(dry_run: bool) -> AbstractAsyncContextManager[None]:
    return _dry_run() if dry_run else unit_of_work()


def _name(action: AnyWrite) -> ActionName:
    match action:
        case CreateRecords():
            return "create"
        case UpdateRecords():
            return "update"
        case DestroyRecords():
            return "destroy"
        case _:
            assert_never(action)

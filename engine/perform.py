"""The order of a write: checked whole, written with what it starts in one transaction, then the sync workflows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from engine.actions import Actor, CreateRecords, DestroyRecords, UpdateRecords
from engine.data.drafts import AnyWrite, Draft, draft
from engine.data.records import Records
from engine.data.store import ActionName, Change
from engine.data.unit import unit_of_work
from engine.errors import refuse_all
from engine.outcomes import Record, Written
from engine.workflow.catalog import Catalog
from engine.workflow.dispatcher import Dispatcher, Started
from engine.workflow.events import Cause, Events
from engine.workflow.references import Checked, Reader, check


@dataclass(frozen=True, slots=True)
class Performer:
    """Carries out the writes of the two doors. `lenient` is how references to unknown workflows are taken."""

    records: Records
    catalog: Catalog
    events: Events
    dispatcher: Dispatcher
    lenient: bool

    async def perform(self, action: AnyWrite, actor: Actor, request_id: str) -> Written:
        """Write, and start what the write names and what follows it globally.

        Raises one `Refusal` with all complaints; then nothing was written and nothing started.
        """
        drafted = draft(action, self.records.collections)
        checked = self._check(drafted)
        refuse_all([*drafted.complaints, *checked.complaints])
        cause = Cause(actor, request_id, _name(action))
        async with unit_of_work():
            changes, started = await self._write(drafted, checked, cause)
            records = await self._answer(drafted, changes)
        workflows = await self.dispatcher.settle(started)
        count = sum(not change.nested for change in changes)
        return Written(records, count, workflows, started.skipped)

    def _check(self, drafted: Draft) -> Checked:
        action = drafted.action
        reader = Reader(action.may_trigger, action.may_read)
        return check(
            action.workflows, drafted.collection, self.records.collections, self.catalog, reader, lenient=self.lenient
        )

    async def _write(self, drafted: Draft, checked: Checked, cause: Cause) -> tuple[Sequence[Change], Started]:
        """What ends is handed to workflows as it was, so these are planned, and atomic ones run, before the end."""
        if isinstance(drafted.action, DestroyRecords):
            changes = await self.records.find_for(drafted)
            planned = await self.events.plan(changes, checked, cause)
            await self.records.end(drafted, changes)
        else:
            changes = await self.records.store(drafted, cause.actor.key)
            planned = await self.events.plan(changes, checked, cause)
        return changes, await self.dispatcher.start(planned)

    async def _answer(self, drafted: Draft, changes: Sequence[Change]) -> list[Record]:
        return [] if isinstance(drafted.action, DestroyRecords) else await self.records.answer(drafted, changes)


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

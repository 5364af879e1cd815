"""Runs a workflow without a write: somebody hands it a record, or any object."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from engine.actions import PLAIN, Actor, GetRecord, Terms
from engine.data.collections import Collections
from engine.data.plans import parse_key
from engine.data.snapshots import snapshot
from engine.data.unit import unit_of_work
from engine.data.values import parse_json, render
from engine.errors import Code, raise_for, refuse
from engine.idempotency import Repetitions
from engine.workflow.callers import Callers
from engine.workflow.causes import Cause
from engine.workflow.definition import Definition
from engine.workflow.dispatcher import Dispatcher, Started
from engine.workflow.events import Pending, Planned, context_of
from engine.workflow.versions import Versions


@dataclass(frozen=True, slots=True)
class ByHand:
    """Starts executions that are marked as manual; the version may be disabled, so that it can be tried."""

    versions: Versions
    collections: Collections
    dispatcher: Dispatcher
    repetitions: Repetitions
    callers: Callers

    async def execute(self, workflow: int, data: Any, actor: Actor, request_id: str, terms: Terms = PLAIN) -> int:
        """Run a version on `data`, the key of a record of its collection or an object; answers the execution's key.

        A sync one has ended by then, unless it takes longer than a write would wait.
        """
        started = Started()

        async def start() -> int:
            nonlocal started
            started = await self._start(workflow, data, actor, request_id)
            [told] = started.workflows
            assert told.execution_id is not None, "this is no dry run"
            return told.execution_id

        execution: int = await self.repetitions.once(terms.repetition, start)
        await self.dispatcher.settle(started, terms.wait)
        return execution

    async def _start(self, workflow: int, data: Any, actor: Actor, request_id: str) -> Started:
        definition = await self.versions.definition(workflow)
        async with unit_of_work():
            key, handed = await self._data(definition, data, actor)
            pending = _pending(definition, key, handed, actor, request_id)
            return await self.dispatcher.admit(Planned((pending,), ()))

    async def _data(self, definition: Definition, data: Any, actor: Actor) -> tuple[str | None, Any]:
        if isinstance(data, Mapping):
            try:
                return None, parse_json(dict(data))
            except ValueError as error:
                raise refuse(Code.BAD_VALUE, f"'data' {error}.", "data") from None
        if data is None or isinstance(data, list | bool):
            raise refuse(Code.BAD_VALUE, "'data' is the key of a record, or an object to hand over as it is.", "data")
        collection = self.collections[definition.collection]
        key, faults = parse_key(collection, data, ("data",))
        raise_for(faults)
        seen = None
        if definition.options.as_caller:
            asked = self.callers.allow_for(actor)(GetRecord(collection=collection.name))
            seen = asked.seen(self.collections)
        found = await snapshot(self.collections, collection, [key], definition.config.appends, seen)
        if key not in found:
            raise refuse(Code.NOT_FOUND, f"'{collection.name}' has no record '{data}'.", "data")
        return str(render(key)), found[key]


def _pending(definition: Definition, key: str | None, data: Any, actor: Actor, request_id: str) -> Pending:
    event = uuid.uuid4().hex
    cause = Cause.by(actor, request_id, "update")
    context = context_of(cause, event, datetime.now(UTC), definition.collection)
    return Pending(
        definition=definition,
        once=f"{event}:{definition.id}::{key or ''}",
        context={**context, "data": data},
        collection=definition.collection,
        record_key=key,
        association=None,
        user=actor.key,
        role=actor.role,
        request_id=request_id,
        manual=True,
    )

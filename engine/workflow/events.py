"""What a write did → which workflows it starts, each with the record it is handed; reads, writes nothing."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from engine.data.collections import Collection, Collections, Relation
from engine.data.reading import Stored
from engine.data.snapshots import matching, reach, snapshot
from engine.data.store import Change, stored
from engine.data.values import render
from engine.errors import Code, Complaint, Refusal
from engine.outcomes import SkippedTrigger, SkipReason
from engine.system.models import Execution, Status
from engine.workflow.callers import Callers
from engine.workflow.catalog import Catalog
from engine.workflow.causes import BOUNDS, Bounds, Cause, Lineage, cut
from engine.workflow.definition import Definition
from engine.workflow.references import Checked


class Event(Struct, frozen=True):
    """One record that was written, as what follows refers to it."""

    change: Change
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


class Pending(Struct, frozen=True):
    """An execution that is about to be inserted. `once` is unique: one per event, version, association and record.

    `cut` says why it is not to run, where it is not: it is inserted all the same, so that somebody sees it.
    """

    definition: Definition
    once: str
    context: dict[str, Any]
    collection: str | None
    record_key: str | None
    association: str | None
    user: int | None
    role: str | None
    request_id: str | None
    manual: bool = False
    lineage: Lineage = field(default_factory=Lineage)
    cut: str | None = None


class Planned(Struct, frozen=True):
    """What a write starts, in order, and the named triggers that it does not."""

    pending: tuple[Pending, ...]
    skipped: tuple[SkippedTrigger, ...]


NOTHING_PLANNED = Planned((), ())


class Events:
    """Matches the changes of one write with workflows: those named in their order, then the global ones by key, then
    those that follow whatever changes."""

    def __init__(self, collections: Collections, catalog: Catalog, callers: Callers, bounds: Bounds = BOUNDS) -> None:
        self._callers = callers
        self._bounds = bounds
        self._collections = collections
        self._catalog = catalog

    async def plan(self, changes: Sequence[Change], checked: Checked, cause: Cause, seen: Collections) -> Planned:
        """To be called inside the unit of the write: after a create or update, before a destroy.

        `seen` are the collections as the caller may read them, who hands over no record that is hidden from them.
        """
        # What was only linked was not written by the caller.
        written = [change for change in changes if not change.linked]
        followers = self._catalog.globals({change.collection.name for change in written})
        if not checked.triggers and not followers:
            return replace(await self.follow(changes, cause), skipped=checked.skipped)
        plan = _Plan(self._collections, self._callers, cause, _by_record(written), stored(changes))
        events = [Event(change) for change in written]
        asked = [event for event in events if not event.change.nested]
        for trigger in checked.triggers:
            path = self._relations(asked, trigger.ref.path)
            await plan.add(trigger.definition, asked, path, trigger.association, named=True, reader=seen)
        for definition in followers:
            followed = [event for event in events if _follows(definition, event.change)]
            await plan.add(definition, followed, (), None, named=False)
        following = await self.follow(changes, cause)
        return Planned((*plan.pending, *following.pending), (*checked.skipped, *dict.fromkeys(plan.skipped)))

    async def follow(self, changes: Sequence[Change], cause: Cause) -> Planned:
        """What follows changes of whatever kind, made by whomever. To be called at the same point as `plan`."""
        followers = self._catalog.followers({change.collection.name for change in changes})
        if not followers:
            return NOTHING_PLANNED
        plan = _Plan(self._collections, self._callers, cause, _by_record(changes), stored(changes))
        # A record that was written twice in one write is one event for each time.
        events = [Event(change) for change in changes]
        for definition in followers:
            followed = [event for event in events if _follows(definition, event.change)]
            await plan.add(definition, followed, (), None, named=False)
        return Planned(tuple(await within(plan.pending, cause, self._bounds)), ())

    def _relations(self, events: Sequence[Event], path: Iterable[str]) -> tuple[Relation, ...]:
        return tuple(_walk(self._collections, events[0].change.collection, path)) if events else ()


class _Plan(Struct):
    """What was found so far. A workflow is handed a record once per request, by the first who names it."""

    collections: Collections
    callers: Callers
    cause: Cause
    changes: dict[tuple[str, Any], Change]
    stored: Stored
    pending: list[Pending] = field(default_factory=list)
    skipped: list[SkippedTrigger] = field(default_factory=list)
    started: set[tuple[int, str, Any]] = field(default_factory=set)

    async def add(
        self,
        definition: Definition,
        events: Sequence[Event],
        path: Sequence[Relation],
        association: str | None,
        *,
        named: bool,
        reader: Collections | None = None,
    ) -> None:
        if not events:
            return
        collection = self.collections[definition.collection]
        targets = await self._targets(definition, events, path, reader)
        wanted = {key for key in targets.values() if key is not None}
        met = await self._meeting(definition, collection, wanted)
        seen = await self._seen(definition) if met else None
        appends = definition.config.appends
        data = await snapshot(self.collections, collection, met, appends, seen, self.stored) if met else {}
        for event in events:
            key = targets[event.change.key]
            reason = self._reason(definition, collection, key, met)
            if reason is None:
                handed = self._handed(collection, key, data.get(key), seen)
                self._start(definition, event, collection, key, association, handed)
            elif named:
                self.skipped.append(SkippedTrigger(definition.key, association, reason))

    async def _seen(self, definition: Definition) -> Collections | None:
        """The collections as a workflow may see them that acts for its caller; None for one that sees everything."""
        if not definition.options.as_caller:
            return None
        return await self.callers.seen(self.cause, definition.collection)

    def _handed(
        self, collection: Collection, key: Any, data: dict[str, Any] | None, seen: Collections | None
    ) -> dict[str, Any]:
        """The record as a workflow sees it, and what has become of it. Of a hidden one it is told the key alone."""
        change = self.changes.get((collection.name, key))
        previous, changed = (change.previous, list(change.changed)) if change else (None, [])
        if data is None:
            return {"data": {collection.key.name: render(key)}, "previous": None, "changed": []}
        if seen is not None:
            view = seen[collection.name]
            changed = [name for name in changed if name in view.fields]
            # Whether they could see the record as it was before a workflow changed it, nobody can say any more.
            if previous is not None:
                unknown = view.rows is not None and self.cause.chain
                previous = None if unknown else {name: previous[name] for name in previous if name in view.fields}
        return {"data": data, "previous": previous, "changed": changed}

    async def _targets(
        self, definition: Definition, events: Sequence[Event], path: Sequence[Relation], reader: Collections | None
    ) -> dict[Any, Any]:
        keys = [event.change.key for event in events]
        if not path:
            return {key: key for key in keys}
        reached, hidden = await reach(self.collections, events[0].change.collection, keys, path, reader)
        if hidden is not None:
            trigger = f"{definition.key}!{'.'.join(relation.name for relation in path)}"
            message = f"Trigger '{trigger}': your role may not read this record of '{hidden.target}'."
            raise Refusal([Complaint(Code.TRIGGER_FORBIDDEN, message, ("triggerWorkflows",), {"trigger": trigger})])
        return reached

    async def _meeting(self, definition: Definition, collection: Collection, keys: set[Any]) -> set[Any]:
        if not definition.config.condition or not keys:
            return keys
        return await matching(self.collections, collection, keys, definition.config.condition)

    def _reason(self, definition: Definition, collection: Collection, key: Any, met: set[Any]) -> SkipReason | None:
        if key is None:
            return SkipReason.NULL_TARGET
        if not self._changed(definition, collection, key):
            return SkipReason.NOT_CHANGED
        return None if key in met else SkipReason.CONDITION_NOT_MET

    def _changed(self, definition: Definition, collection: Collection, key: Any) -> bool:
        """Whether an update changed a field the workflow looks at. A related record may not have changed at all."""
        change = self.changes.get((collection.name, key))
        action = change.action if change else self.cause.action
        if action != "update" or not definition.config.changed:
            return True
        return change is not None and not definition.config.changed.isdisjoint(change.changed)

    def _start(
        self,
        definition: Definition,
        event: Event,
        collection: Collection,
        key: Any,
        association: str | None,
        handed: dict[str, Any],
    ) -> None:
        mark = (definition.id, collection.name, key)
        if mark in self.started:
            return
        # The same workflow may be handed two records by two paths; that these are one record does not make it two.
        self.started.add(mark)
        wire = str(render(key))
        change = self.changes.get((collection.name, key))
        context = {
            **context_of(self.cause, event.id, event.at, collection.name),
            **handed,
            "action": change.action if change else self.cause.action,
            "association": association,
        }
        self.pending.append(
            Pending(
                definition=definition,
                once=f"{event.id}:{definition.id}:{association or ''}:{wire}",
                context=context,
                collection=collection.name,
                record_key=wire,
                association=association,
                user=self.cause.user_key,
                role=self.cause.role,
                request_id=self.cause.request_id,
                lineage=Lineage(self.cause.chain, self.cause.execution, self.cause.origin or event.id),
            )
        )


def context_of(cause: Cause, event: str, at: datetime, collection: str) -> dict[str, Any]:
    """What every workflow sees as `$context`, whatever started it; the rest is filled in where that is known."""
    return {
        "data": None,
        "previous": None,
        "changed": [],
        "action": None,
        "collection": collection,
        "association": None,
        "user": cause.user,
        "roleName": cause.role,
        "event": {"id": event, "at": render(at)},
        "request": {"id": cause.request_id},
    }


async def within(pendings: Sequence[Pending], cause: Cause, bounds: Bounds) -> list[Pending]:
    """These with those marked that the limits of following do not allow."""
    if not cause.chain:
        return list(pendings)
    origin = {"origin": cause.origin}
    following = await Execution.filter(**origin).exclude(status=Status.SKIPPED).count() if pendings else 0
    return [
        replace(pending, cut=cut(pending.definition, cause.chain, following + index, bounds))
        for index, pending in enumerate(pendings)
    ]


def _by_record(changes: Sequence[Change]) -> dict[tuple[str, Any], Change]:
    return {(change.collection.name, change.key): change for change in changes}


def _follows(definition: Definition, change: Change) -> bool:
    return definition.collection == change.collection.name and change.action in definition.config.actions


def _walk(collections: Collections, start: Collection, path: Iterable[str]) -> Iterator[Relation]:
    for name in path:
        relation = start.relations[name]
        start = collections[relation.target]
        yield relation

"""Which records an action is about, as the database tells."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import Struct
from tortoise.expressions import Q

from engine.actions import CountRecords, DestroyRecords, GetRecord, ListRecords
from engine.data.collections import Collection, Collections
from engine.data.drafts import Draft
from engine.data.filters import EVERYTHING, compile_filter
from engine.data.owners import Related, not_found, related_of
from engine.data.store import ActionName
from engine.data.values import render
from engine.errors import Code, Complaint, Refusal, refuse, refuse_all

MAX_WRITTEN = 1000
"""Records that one write by filter may change or end."""


class Wanted(Struct, frozen=True):
    """The records that an action is about: those that a Q finds, of those that hang on an owner where there is one."""

    collection: Collection
    wanted: Q
    related: Related | None
    complaints: tuple[Complaint, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether all records are wanted, as far as there are any for whom the collection was narrowed."""
        return self.wanted is EVERYTHING and self.related is None

    @property
    def is_single(self) -> bool:
        return self.related is not None and self.related.is_single

    def check(self, complaints: Iterable[Complaint] = ()) -> None:
        """Refuse with everything that is wrong."""
        refuse_all([*self.complaints, *complaints])

    async def find(self) -> Any:
        """The query that finds them; refuses for an owner that is not there."""
        found = self.collection.records(self.wanted)
        if self.related is None:
            return found
        await self.related.row()
        return found.filter(self.related.filter())


def wanted_by(action: ListRecords | CountRecords | GetRecord, collections: Collections) -> Wanted:
    """The records that a read is about."""
    seen = action.seen(collections)
    collection = seen[action.collection]
    related, misplaced = related_of(collections, action)
    wanted, faults = compile_filter(seen, collection, action.filter or {}, action.may_read, action.zone)
    return Wanted(collection, wanted, related, (*action.complaints, *misplaced, *faults))


async def rows_of(draft: Draft, collections: Collections) -> list[Any]:
    """The records that an update or a destroy means."""
    verb: ActionName = "destroy" if isinstance(draft.action, DestroyRecords) else "update"
    writable = draft.action.written(collections, verb)[draft.collection.name]
    wanted = Wanted(writable, draft.wanted, draft.related)
    # Held, as on SQLite everything is: what is told as `previous` is what was there, and two take turns.
    found = (await wanted.find()).order_by(draft.collection.key.attribute).select_for_update()
    if not draft.keys:
        rows = await found.limit(MAX_WRITTEN + 1)
        if len(rows) > MAX_WRITTEN:
            raise refuse(Code.BAD_FILTER, f"The filter finds more than {MAX_WRITTEN} records: narrow it.", "filter")
        if not rows and draft.related and draft.related.is_single:
            raise not_found(draft.collection, None)
        return list(rows)
    rows = await found.filter(pk__in=list(draft.keys))
    for key in draft.keys:
        if key not in {row.pk for row in rows}:
            seen = draft.action.seen(collections)[draft.collection.name]
            readable = await Wanted(seen, draft.wanted, draft.related).find()
            if writable.rows and await readable.filter(pk=key).exists():
                raise not_allowed(seen, verb)
            raise not_found(draft.collection, render(key))
    return list(rows)


def not_allowed(collection: Collection, verb: ActionName) -> Refusal:
    return refuse(Code.NO_PERMISSION, f"Your role may not {verb} such a record of '{collection.name}'.")

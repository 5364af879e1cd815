"""Carries out the actions on records: every read and every write of either door, and of nodes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from engine.actions import (
    Action,
    CountRecords,
    CreateRecords,
    DestroyRecords,
    FindOrCreate,
    FirstOrCreateRecord,
    GetRecord,
    LinkRecords,
    ListRecords,
    LoadRelated,
    Selection,
    UpdateRecords,
)
from engine.data.collections import Collection, Collections
from engine.data.conflicts import conflicts
from engine.data.drafts import Draft, draft
from engine.data.links import read_links, relink
from engine.data.lookups import change, creation, lookup, reading
from engine.data.owners import Related, not_found, related_of
from engine.data.plans import Plan, is_filled, parse_key
from engine.data.reading import NOTHING_STORED, Shape
from engine.data.shape import shape_of
from engine.data.sorting import in_order, read_sort
from engine.data.store import Change, Store, stored
from engine.data.unit import take_turns, unit_of_work
from engine.data.values import render
from engine.data.wanted import Wanted, not_allowed, rows_of, wanted_by
from engine.errors import Code, Complaint, refuse, refuse_all
from engine.outcomes import Page, Record


class Records:
    """Every collection's records. All methods raise one `Refusal` with everything that is wrong.

    An action without rights has the service's own power.
    """

    def __init__(self, collections: Collections) -> None:
        self.collections = collections

    async def page(self, action: ListRecords) -> Page:
        """The page of records that the action asks for."""
        seen = action.seen(self.collections)
        collection = seen[action.collection]
        wanted = wanted_by(action, self.collections)
        shape, unknown = shape_of(seen, collection, action.selection, action.readable)
        order, unsorted = read_sort(collection, action.sort)
        wanted.check([*unknown, *unsorted])
        offset, limit = (action.page - 1) * action.page_size, action.page_size
        if wanted.is_whole:
            records = await shape.read_page(order, offset, limit)
            count_all = shape.count
        else:
            found = await wanted.find()
            records = await shape.find(in_order(found, collection, order).offset(offset).limit(limit))
            count_all = found.count
        if not action.paginate:
            count = 0
        elif len(records) < limit and (records or not offset):
            # The last page tells how many there are; the others have to be counted, which takes longer the more it is.
            count = offset + len(records)
        else:
            count = await count_all()
        return Page(records, count, action.page, action.page_size)

    async def count(self, action: CountRecords) -> int:
        """How many records the filter finds."""
        wanted = wanted_by(action, self.collections)
        wanted.check()
        found = await wanted.find()
        return int(await found.count())

    async def get(self, action: GetRecord) -> Record:
        """The record with the key, or the first that the filter finds; raises `NOT_FOUND` without one."""
        seen = action.seen(self.collections)
        collection = seen[action.collection]
        shape, unknown = shape_of(seen, collection, action.selection, action.readable)
        wanted = wanted_by(action, self.collections)
        key, wrong = (None, []) if action.key is None else parse_key(collection, action.key)
        if action.key is None and not action.filter and not wanted.is_single:
            wrong = [Complaint(Code.REQUIRED, "Say which record: by its key, or by a filter.", ("filterByTk",))]
        wanted.check([*unknown, *wrong])
        if key is not None and wanted.is_whole:
            records = [record for _, record in await shape.read_by(collection.key.attribute, [key])]
        else:
            found = await wanted.find()
            found = found if key is None else found.filter(pk=key)
            records = await shape.find(found.order_by(collection.key.attribute).limit(1))
        if not records:
            raise not_found(collection, action.key)
        return records[0]

    async def load_related(self, action: LoadRelated) -> dict[Any, Any]:
        """What hangs on each of these records by one relation: a record or None, or a list; by the records' keys."""
        seen = action.seen(self.collections)
        collection = seen[action.collection]
        relation = collection.relations[action.relation]
        if not action.may_read(relation.target):
            raise refuse(Code.NO_PERMISSION, f"Your role may not read '{relation.target}'.")
        shape, _ = shape_of(seen, seen[relation.target], Selection())
        selection = Shape(collection, (collection.key,), {relation: shape})
        keys = [parse_key(collection, key)[0] for key in action.keys]
        records = await selection.read_by(collection.key.attribute, keys)
        found = {render(key): record[relation.name] for key, record in records}
        missing: Any = [] if relation.kind.to_many else None
        return {key: found.get(key, missing) for key in action.keys}

    async def create(
        self, action: CreateRecords, acting_user: int | None = None
    ) -> tuple[list[Record], Sequence[Change]]:
        """Store new records and answer them as stored, with all that has changed."""
        return await self._write(action, acting_user)

    async def update(self, action: UpdateRecords) -> tuple[list[Record], Sequence[Change]]:
        """Give the records that the action names new values and answer them as stored, with all that has changed."""
        return await self._write(action)

    async def destroy(self, action: DestroyRecords) -> int:
        """End the records that the action names; answers how many there were."""
        drafted = draft(action, self.collections)
        refuse_all(drafted.complaints)
        async with unit_of_work():
            changes = await self.find_for(drafted)
            await self.end(drafted, changes)
        return len(changes)

    async def store(self, draft: Draft, acting_user: int | None) -> list[Change]:
        """Write what a draft of a create or update plans; the changes, each record's own before its nested ones'.

        To be called inside a unit of work, which a refusal undoes.
        """
        store = Store(self.collections, draft.action, acting_user)
        match draft:
            case Draft(action=CreateRecords(), related=None):
                await store.create(draft.plans)
            case Draft(action=CreateRecords(), related=Related() as related):
                await self._create_on(store, draft.action, related, draft.plans)
            case _:
                await store.update(draft.plans[0], await rows_of(draft, self.collections))
        await self._refuse_outside(draft.action, store.changes)
        return store.changes

    async def conflicts(self, draft: Draft) -> list[Complaint]:
        """What the database would refuse of a draft, to be told with what is wrong with it in itself."""
        if isinstance(draft.action, UpdateRecords) and not draft.keys:
            return []
        return await conflicts(draft.action, self.collections, draft.plans, draft.keys)

    async def decide(self, action: FindOrCreate) -> CreateRecords | UpdateRecords | GetRecord:
        """What the action turns out to be, by whether the record is there.

        To be called inside the unit of work in which that is then done.
        """
        collection = action.seen(self.collections)[action.collection]
        wanted, complaints = lookup(collection, action)
        related, misplaced = related_of(self.collections, action)
        if wanted is None or misplaced:
            return creation(action, complaints)
        await take_turns(f"the records of {action.collection}")
        found = await Wanted(collection, wanted, related).find()
        row = await found.order_by(collection.key.attribute).first()
        if row is None:
            return creation(action, [])
        return reading(action, row.pk) if isinstance(action, FirstOrCreateRecord) else change(action, row.pk)

    async def link(self, action: LinkRecords) -> tuple[list[Any], Sequence[Change]]:
        """Change which records hang on another; answers the keys of those that do, and the records that changed.

        To be called inside a unit.
        """
        related, misplaced = related_of(self.collections, action)
        assert related is not None, "a link is of a record that hangs on another"
        links, faults = read_links(self.collections, related, action)
        refuse_all([*action.complaints, *misplaced, *faults])
        await self._refuse_owner(action, related)
        row = await related.row(held=True)
        relinked = relink(related, action.mode, links, await related.keys())
        store = Store(self.collections, action)
        await store.relink(row, self.collections[related.owner.name], related.relation, relinked)
        await self._refuse_outside(action, store.changes)
        return [render(key) for key in await related.keys()], store.changes

    async def find_for(self, draft: Draft) -> list[Change]:
        """The records that a destroy is about, as they are now."""
        return [Change.ending(draft.collection, row) for row in await rows_of(draft, self.collections)]

    async def end(self, draft: Draft, changes: Sequence[Change]) -> None:
        """End records; refuses to take others along that refer to them."""
        await Store(self.collections, draft.action).destroy(draft.collection, [change.key for change in changes])

    async def answer(self, draft: Draft, changes: Sequence[Change], *, again: bool = False) -> list[Record]:
        """The records a create or update was about, in its order, in the shape that was asked for.

        New ones are read `again` only where somebody may have changed them since they were stored.
        """
        keys = [change.key for change in changes if not change.nested]
        found = await draft.shape.read(keys, NOTHING_STORED if again else stored(changes))
        # Of what is written and cannot be read nothing is told but which record it is.
        return [found.get(key) or {draft.collection.key.name: render(key)} for key in keys]

    async def _create_on(self, store: Store, action: Action, related: Related, plans: Sequence[Plan]) -> None:
        row = await related.row()
        if related.is_reverse_one and await related.keys():
            raise related.taken()
        if is_filled(related.relation):
            await store.create_on(row, related.relation, plans)
            return
        await self._refuse_owner(action, related)
        await store.create_on(row, related.relation, plans)
        await self._refuse_owner(action, related)

    async def _refuse_owner(self, action: Action, related: Related) -> None:
        """Refuse to change what an owner is linked to that may be read, and not be changed."""
        writable = action.written(self.collections, "update")[related.owner.name]
        seen = action.seen(self.collections)[related.owner.name]
        if writable.rows and not await writable.among([related.key]) and await seen.among([related.key]):
            raise not_allowed(related.owner, "update")

    async def _refuse_outside(self, action: Action, changes: Sequence[Change]) -> None:
        """Refuse records that, as they are stored now, the role may not write; of those only linked it was asked."""
        changes = [each for each in changes if not each.linked]
        verbs: tuple[Literal["create", "update"], ...] = ("create", "update")
        for verb in verbs:
            for name, view in self._limited(action, verb, changes):
                keys = {each.key for each in changes if each.action == verb and each.collection.name == name}
                if keys - await view.among(keys):
                    raise not_allowed(view, verb)

    def _limited(
        self, action: Action, verb: Literal["create", "update"], changes: Sequence[Change]
    ) -> Iterator[tuple[str, Collection]]:
        written = action.written(self.collections, verb)
        for name in dict.fromkeys(each.collection.name for each in changes if each.action == verb):
            if written[name].rows:
                yield name, written[name]

    async def _write(
        self, action: CreateRecords | UpdateRecords, acting_user: int | None = None
    ) -> tuple[list[Record], Sequence[Change]]:
        drafted = draft(action, self.collections)
        refuse_all(drafted.complaints)
        async with unit_of_work():
            changes = await self.store(drafted, acting_user)
            return await self.answer(drafted, changes), changes

"""A write → what it would store, with everything that is wrong with it; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from msgspec import Struct
from msgspec.structs import replace
from tortoise.expressions import Q

from engine.actions import Action, CreateRecords, DestroyRecords, UpdateRecords, WriteValues
from engine.data.collections import Collection, Collections
from engine.data.filters import NOTHING, compile_filter, did_you_mean
from engine.data.owners import Related, related_of
from engine.data.planner import plan_all
from engine.data.plans import MAX_DEPTH, MAX_RECORDS, Plan, is_filled, parse_key
from engine.data.reading import Shape
from engine.data.shape import shape_of
from engine.errors import Code, Complaint

AnyWrite: TypeAlias = CreateRecords | UpdateRecords | DestroyRecords


class Draft(Struct, frozen=True):
    """A write that was checked as far as that is possible without the database.

    `plans` are what shall be stored: one per new record, or a single one for all that are updated. `keys` and
    `wanted` say which records are meant, for an update or a destroy. The `collection` has all that is hidden from the
    role; what is answered has the `shape`, in which it is not.
    """

    action: AnyWrite
    collection: Collection
    related: Related | None
    shape: Shape
    plans: tuple[Plan, ...]
    keys: tuple[Any, ...]
    wanted: Q
    complaints: tuple[Complaint, ...]

    @property
    def count(self) -> int:
        """How many records the write names, one at least: how many a filter finds is not known yet."""
        return len(self.keys) or len(self.plans) or 1


def draft(action: AnyWrite, collections: Collections) -> Draft:
    """Check a write without looking at the database; the complaints include those of the door."""
    collection, seen = collections[action.collection], action.seen(collections)
    related, misplaced = related_of(collections, action)
    shape, unknown = shape_of(seen, seen[collection.name], action.selection, action.readable)
    if not action.may_read(collection.name):
        # Who may write but not read is told which record it was, and nothing of what it says.
        shape = Shape(seen[collection.name], (collection.key,), {})
    complaints = [*action.complaints, *misplaced, *unknown]
    if isinstance(action, WriteValues):
        complaints += check_names(action, collections)
    plans = tuple(_plans(action, collections, related, complaints))
    keys, wanted = _which(action, collections, complaints)
    return Draft(action, collection, related, shape, plans, keys, wanted, tuple(complaints))


def taken(action: WriteValues, values: Any) -> Any:
    """The values of a record as far as the caller's lists let them through."""
    if not isinstance(values, Mapping):
        return values
    allowed = values.keys() if action.whitelist is None else action.whitelist
    return {name: value for name, value in values.items() if name in allowed and name not in action.blacklist}


def check_names(action: WriteValues, collections: Collections) -> Iterable[Complaint]:
    """What is no field in the lists that say which values are taken, and no relation in those that say where to."""
    if not (action.whitelist or action.blacklist or action.update_associations):
        return
    written = action.written(collections, "update" if isinstance(action, UpdateRecords) else "create")
    collection = written[action.collection]
    known = [*(field.name for field in collection.readable), *collection.relations]
    for parameter, names in (("whitelist", action.whitelist or ()), ("blacklist", action.blacklist)):
        for index, name in enumerate(names):
            if name not in known:
                message = f"'{name}' is not a field of '{collection.name}'.{did_you_mean(name, known)}"
                yield Complaint(Code.UNKNOWN_FIELD, message, (parameter, index))
    for index, path in enumerate(action.update_associations):
        here, hops = collection, path.split(".")
        if len(hops) > MAX_DEPTH:
            message = f"Records may nest {MAX_DEPTH} deep, so no path is longer."
            yield Complaint(Code.BAD_VALUE, message, ("updateAssociationValues", index))
            continue
        for name in hops:
            if name not in here.relations:
                message = f"'{name}' is not a relation of '{here.name}'.{did_you_mean(name, here.relations)}"
                yield Complaint(Code.UNKNOWN_FIELD, message, ("updateAssociationValues", index))
                break
            here = written[here.relations[name].target]


def _plans(
    action: AnyWrite, collections: Collections, related: Related | None, complaints: list[Complaint]
) -> Iterable[Plan]:
    if isinstance(action, DestroyRecords):
        return ()
    creating = isinstance(action, CreateRecords)
    listed = action.values if isinstance(action, CreateRecords) else (action.values,)
    if creating and related:
        complaints += _check_place(action, collections, related, len(listed))
    came = related.relation.reverse_column if creating and related and is_filled(related.relation) else None
    many = isinstance(action, CreateRecords) and action.many
    given = [taken(action, values) for values in listed[: MAX_RECORDS + 1]]
    plans, faults = plan_all(
        collections, collections[action.collection], given, action, creating=creating, many=many, came=came
    )
    complaints += faults
    return plans


def may_relink(action: Action, collections: Collections, related: Related) -> bool:
    """Whether the role may change what the owner is linked to."""
    owner = action.written(collections, "update")[related.owner.name]
    relation = owner.relations.get(related.relation.name)
    return action.may_update(owner.name) and relation is not None and relation.writable


def _check_place(action: AnyWrite, collections: Collections, related: Related, count: int) -> Iterable[Complaint]:
    """Whether so many new records can hang on the owner, and the role may write where that is kept."""
    if related.is_single and count > 1:
        message = f"'{related.relation.name}' leads to one record of '{related.target.name}': give one, no list."
        yield Complaint(Code.BAD_VALUE, message)
    if not is_filled(related.relation) and not may_relink(action, collections, related):
        message = f"Your role may not update '{related.owner.name}', so not hang a new record on one."
        yield Complaint(Code.NO_PERMISSION, message)


def _which(action: AnyWrite, collections: Collections, complaints: list[Complaint]) -> tuple[tuple[Any, ...], Q]:
    """The keys and the filter that say which records are meant."""
    if isinstance(action, CreateRecords):
        return (), Q()
    collection = collections[action.collection]
    keys = []
    for index, given in enumerate(action.keys):
        key, faults = parse_key(collection, given)
        keys.append(key)
        complaints += faults if len(action.keys) == 1 else _at(faults, index)
    if action.filter and not action.may_read(collection.name):
        # What a write by filter finds would tell what its records say.
        message = f"Your role may not read '{collection.name}', so not find its records by a filter: give their keys."
        complaints.append(Complaint(Code.NO_PERMISSION, message, ("filter",)))
        return tuple(dict.fromkeys(keys)), NOTHING
    seen = action.seen(collections)
    wanted, faults = compile_filter(seen, seen[collection.name], action.filter or {}, action.may_read, action.zone)
    complaints += faults
    return tuple(dict.fromkeys(keys)), wanted


def _at(complaints: Iterable[Complaint], index: int) -> list[Complaint]:
    return [replace(complaint, path=(*complaint.path, index)) for complaint in complaints]

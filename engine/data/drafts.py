"""A write → what it would store, with everything that is wrong with it; pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from tortoise.expressions import Q

from engine.actions import CreateRecords, DestroyRecords, UpdateRecords
from engine.data.collections import Collection, Collections
from engine.data.filters import compile_filter
from engine.data.plans import Plan, parse_key, plan_values
from engine.data.shape import Shape, shape_of
from engine.errors import Complaint

AnyWrite: TypeAlias = CreateRecords | UpdateRecords | DestroyRecords


@dataclass(frozen=True, slots=True)
class Draft:
    """A write that was checked as far as that is possible without the database.

    `plans` are what shall be stored: one per new record, or a single one for all that are updated. `keys` and
    `wanted` say which records are meant, for an update or a destroy.
    """

    action: AnyWrite
    collection: Collection
    shape: Shape
    plans: tuple[Plan, ...]
    keys: tuple[Any, ...]
    wanted: Q
    complaints: tuple[Complaint, ...]


def draft(action: AnyWrite, collections: Collections) -> Draft:
    """Check a write without looking at the database; the complaints include those of the door."""
    collection = collections[action.collection]
    shape, unknown = shape_of(collections, collection, action.selection, action.may_read)
    complaints = [*action.complaints, *unknown]
    plans = tuple(_plans(action, collections, complaints))
    keys, wanted = _which(action, collections, complaints)
    return Draft(action, collection, shape, plans, keys, wanted, tuple(complaints))


def _plans(action: AnyWrite, collections: Collections, complaints: list[Complaint]) -> Iterable[Plan]:
    if isinstance(action, DestroyRecords):
        return
    creating = isinstance(action, CreateRecords)
    listed = action.values if isinstance(action, CreateRecords) else (action.values,)
    for index, values in enumerate(listed):
        path = (index,) if isinstance(action, CreateRecords) and action.many else ()
        collection = collections[action.collection]
        plan, faults = plan_values(collections, collection, values, action, creating=creating, path=path)
        complaints += faults
        yield plan


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
    wanted, faults = compile_filter(collections, collection, action.filter or {}, action.may_read)
    complaints += faults
    return tuple(dict.fromkeys(keys)), wanted


def _at(complaints: Iterable[Complaint], index: int) -> list[Complaint]:
    return [replace(complaint, path=(*complaint.path, index)) for complaint in complaints]

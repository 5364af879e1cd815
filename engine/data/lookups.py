"""firstOrCreate and updateOrCreate: which record their values look up, and which action they turn out to be; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace
from tortoise.expressions import Q

from engine.actions import CreateRecords, FindOrCreate, GetRecord, UpdateRecords
from engine.data import values
from engine.data.collections import Collection, FieldKind
from engine.data.drafts import taken
from engine.data.filters import did_you_mean
from engine.errors import Code, Complaint

_INCOMPARABLE = (FieldKind.JSON, FieldKind.BINARY)


def lookup(collection: Collection, action: FindOrCreate) -> tuple[Q | None, list[Complaint]]:
    """What finds the record, and everything that is wrong with the filter keys.

    None where nothing can be looked up: either the filter keys are wrong, or a value, which is told by whoever plans
    to store it.
    """
    if not action.filter_keys:
        message = "Say by which fields a record is looked up: filterKeys=name,name."
        return None, [Complaint(Code.REQUIRED, message, ("filterKeys",))]
    given = taken(action, action.values)
    if not isinstance(given, Mapping):
        return None, []
    wanted: list[Q] = []
    complaints: list[Complaint] = []
    for index, name in enumerate(action.filter_keys):
        if fault := _fault(collection, name, given):
            complaints.append(Complaint(fault[0], fault[1], ("filterKeys", index)))
            continue
        column = collection.fields[name]
        try:
            found = None if given[name] is None else values.parse(column, given[name])
        except ValueError:
            return None, complaints
        wanted.append(Q(**{f"{column.attribute}__isnull": True} if found is None else {column.attribute: found}))
    return None if complaints else Q(*wanted), complaints


def creation(action: FindOrCreate, complaints: list[Complaint]) -> CreateRecords:
    """The action of a record that is not there, or that cannot be looked up because of these complaints."""
    told = replace(action, complaints=(*action.complaints, *complaints))
    return CreateRecords(values=(action.values,), **_shared(told))


def change(action: FindOrCreate, key: Any) -> UpdateRecords:
    """The action of a record that is there. The values that found it are its own already."""
    found_by = {*action.filter_keys}
    others = {name: value for name, value in action.values.items() if name not in found_by}
    return UpdateRecords(values=others, keys=(key,), **_shared(action))


def reading(action: FindOrCreate, key: Any) -> GetRecord:
    """The action of a record that is there and stays as it is."""
    return GetRecord(
        collection=action.collection,
        owner=action.owner,
        complaints=action.complaints,
        rights=action.rights,
        key=values.render(key),
        selection=action.selection,
    )


def _fault(collection: Collection, name: str, given: Mapping[str, Any]) -> tuple[Code, str] | None:
    column = collection.fields.get(name)
    if column is None or column.secret:
        known = [known.name for known in collection.readable]
        return Code.UNKNOWN_FIELD, f"'{name}' is not a field of '{collection.name}'.{did_you_mean(name, known)}"
    if column.kind in _INCOMPARABLE:
        return Code.BAD_VALUE, f"'{name}' holds {column.kind} values, by which nothing is looked up."
    if name not in given:
        return Code.REQUIRED, f"'{name}' is a filter key, so the values must have it."
    return None


def _shared(action: FindOrCreate) -> dict[str, Any]:
    """What a write of values has, whichever it is."""
    return {
        "collection": action.collection,
        "owner": action.owner,
        "complaints": action.complaints,
        "rights": action.rights,
        "workflows": action.workflows,
        "selection": action.selection,
        "dry_run": action.dry_run,
        "update_associations": action.update_associations,
        "whitelist": action.whitelist,
        "blacklist": action.blacklist,
    }

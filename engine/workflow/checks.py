"""Checks what a document says about records, as far as it can be known before the workflow runs."""

from collections.abc import Mapping, Sequence, Set
from typing import Any

from engine.actions import CreateRecords, Selection
from engine.data.collections import Collection, Collections
from engine.data.filters import check_filter, did_you_mean
from engine.data.operators import OPERATORS, Takes
from engine.data.planner import plan_values
from engine.data.shape import shape_of
from engine.errors import Code
from engine.workflow.complaints import Complaints
from engine.workflow.scope import Known
from engine.workflow.templates import Fault, Path, Variable, find


def check_templates(given: Any, known: Known, complaints: Complaints) -> frozenset[Path]:
    """Complain about every template that names nothing; answers the places where templates stand."""
    places = set()
    for path, parts in find(given):
        places.add(path)
        for part in parts:
            if isinstance(part, Fault):
                complaints.add(part.message, *path)
            elif isinstance(part, Variable) and (fault := known.fault(part.root, part.names)):
                complaints.add(fault, *path)
    return frozenset(places)


def check_values(
    collection: Collection, given: Mapping[str, Any], known: Known, complaints: Complaints, *, creating: bool
) -> None:
    """Check the values of a record. What a template brings is checked when it is there."""
    later = check_templates(given, known, complaints)
    action = CreateRecords(collection=collection.name, values=(given,))
    _, found = plan_values(known.collections, collection, given, action, creating=creating)
    complaints.take(
        complaint
        for complaint in found
        if not (complaint.path in later and complaint.code in (Code.BAD_VALUE, Code.BAD_KEY))
    )


def check_conditions(collection: Collection, given: Mapping[str, Any], known: Known, complaints: Complaints) -> None:
    """Check a filter. What a template brings is checked when it is there, and is never more than a literal."""
    later = check_templates(given, known, complaints)
    for complaint in check_filter(known.collections, collection, _without_templates(given)):
        place = complaint.path[1:]
        if not _is_later(place, later):
            complaints.add(complaint.message, *place)


def check_appends(
    collections: Collections, collection: Collection, appends: Sequence[str], complaints: Complaints
) -> None:
    """Check the relations that are to be loaded with a record."""
    for index, path in enumerate(appends):
        _, found = shape_of(collections, collection, Selection(appends=(path,)))
        for complaint in found:
            complaints.add(complaint.message, index)


def check_sort(collection: Collection, sort: Sequence[str], complaints: Complaints) -> None:
    """Check the fields that records are to be sorted by."""
    known = [field.name for field in collection.readable]
    for index, name in enumerate(sort):
        if (bare := name.removeprefix("-")) not in known:
            message = f"'{bare}' is not a field of '{collection.name}' to sort by.{did_you_mean(bare, known)}"
            complaints.add(message, index)


def _is_later(place: Path, later: Set[Path]) -> bool:
    """Whether what is complained of is a value that a template brings, or a pair that lacks what templates bring."""
    operator = OPERATORS.get(str(place[-1])) if place else None
    if operator is None:
        return False
    paired = operator.takes in (Takes.PAIR, Takes.PERIODS)
    return place in later or place[:-1] in later or (paired and any(path[:-1] == place for path in later))


def _without_templates(given: Any) -> Any:
    """A filter without the templates that are items of a list of values, whose complaints would not say which."""
    if isinstance(given, Mapping):
        return {name: _without_templates(member) for name, member in given.items()}
    if isinstance(given, list | tuple):
        return [_without_templates(item) for item in given if not isinstance(item, str) or "{{" not in item]
    return given

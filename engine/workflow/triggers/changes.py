"""What the triggers that follow changes of records have in common: when they run, and how that is read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.data.collections import Collection, Collections
from engine.data.filters import check_filter, did_you_mean
from engine.workflow.checks import check_appends
from engine.workflow.complaints import Complaints
from engine.workflow.members import Members
from engine.workflow.templates import find

ACTIONS = ("create", "update", "destroy")


@dataclass(frozen=True, slots=True)
class ChangeConfig:
    """When the workflow runs, and with what: a record of `collection` with its `appends`.

    `actions` are what it follows without being named; `changed` counts on update alone.
    """

    collection: str
    actions: frozenset[str] = frozenset()
    appends: tuple[str, ...] = ()
    condition: Mapping[str, Any] | None = field(default=None, hash=False)
    changed: frozenset[str] = frozenset()


def read_changes(members: Members, collections: Collections, *, required: str | None) -> ChangeConfig | None:
    """These members of a config. `required` is the sentence for one that names no action, None where it need not."""
    complaints = members.complaints
    collection = members.collection(collections)
    actions = _actions(members, required)
    appends, changed = members.names("appends"), members.names("changed")
    condition = members.object("condition") or None
    if collection is None:
        return None
    check_appends(collections, collection, appends, complaints.at("appends"))
    if condition is not None:
        _check_condition(collections, collection, condition, complaints.at("condition"))
    _check_changed(collection, changed, complaints.at("changed"))
    return ChangeConfig(collection.name, actions, appends, condition, frozenset(changed))


def _actions(members: Members, required: str | None) -> frozenset[str]:
    named = members.names("actions")
    for index, name in enumerate(named):
        if name not in ACTIONS:
            message = f"'{name}' is not one of {', '.join(ACTIONS)}.{did_you_mean(name, ACTIONS)}"
            members.complaints.add(message, "actions", index)
    if required and not named:
        members.complaints.add(required, "actions")
    return frozenset(named)


def _check_condition(
    collections: Collections, collection: Collection, condition: Mapping[str, Any], complaints: Complaints
) -> None:
    templates = [path for path, _ in find(condition)]
    for path in templates:
        complaints.add(
            "There are no variables yet when the trigger's condition is asked: use a 'condition' node.", *path
        )
    if not templates:
        for complaint in check_filter(collections, collection, condition):
            complaints.add(complaint.message, *complaint.path[1:])


def _check_changed(collection: Collection, changed: tuple[str, ...], complaints: Complaints) -> None:
    known = [column.name for column in collection.readable]
    for index, name in enumerate(changed):
        if name not in known:
            message = f"'{name}' is not a column of '{collection.name}'.{did_you_mean(name, known)}"
            complaints.add(message, index)

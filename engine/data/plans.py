"""The values of a write → a plan of what to store, with everything that is wrong with them; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from engine.actions import Action
from engine.data import values
from engine.data.collections import Collection, Collections, Field, Relation
from engine.data.filters import did_you_mean
from engine.errors import Code, Complaint

MAX_DEPTH = 5
MAX_RECORDS = 1000

Path: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """An existing record to link, by its key."""

    key: Any
    path: Path


@dataclass(frozen=True, slots=True)
class Plan:
    """One record to store: `columns` by attribute, and what is linked or stored with it.

    `to_one` holds relations whose key is a column of this record; `to_other` those whose key is elsewhere: one
    record, or all that shall hang on it. `key` is given where the values had one: the record is linked if it
    exists and stored if not.
    """

    collection: Collection
    columns: Mapping[str, Any]
    to_one: tuple[tuple[Relation, Plan | Link | None], ...]
    to_other: tuple[tuple[Relation, tuple[Plan | Link, ...]], ...]
    path: Path
    key: Any = None


def plan_values(
    collections: Collections, collection: Collection, given: Any, action: Action, *, creating: bool, path: Path = ()
) -> tuple[Plan, list[Complaint]]:
    """The plan of one record's values and all complaints about them; a plan with complaints is not to be used."""
    planner = _Planner(collections, action)
    return planner.plan(collection, given, creating=creating, path=path), planner.complaints


def parse_key(collection: Collection, given: Any, path: Path = ("filterByTk",)) -> tuple[Any, list[Complaint]]:
    """The Python value of a key that came as text or JSON."""
    try:
        if given is None:
            raise ValueError("must not be null")
        return values.parse(collection.key, given), []
    except ValueError as error:
        return None, [Complaint(Code.BAD_KEY, f"The key of '{collection.name}' {error}.", path)]


@dataclass(slots=True)
class _Planner:
    collections: Collections
    action: Action
    complaints: list[Complaint] = field(default_factory=list)
    planned: int = 0

    def plan(self, collection: Collection, given: Any, *, creating: bool, path: Path, came: str | None = None) -> Plan:
        """`came` names the relation through which the parent fills this record's own column, if it does."""
        empty = Plan(collection, {}, (), (), path)
        self.planned += 1
        if self.planned > MAX_RECORDS:
            return self._bad(empty, f"One write may store {MAX_RECORDS} records.", path, once=True)
        if len([step for step in path if isinstance(step, str)]) > MAX_DEPTH:
            return self._bad(empty, f"Records may nest {MAX_DEPTH} deep.", path)
        if not isinstance(given, Mapping):
            return self._bad(empty, f"A record of '{collection.name}' is an object of field names and values.", path)
        columns: dict[str, Any] = {}
        to_one: list[tuple[Relation, Plan | Link | None]] = []
        to_other: list[tuple[Relation, tuple[Plan | Link, ...]]] = []
        for name, value in given.items():
            place = (*path, name)
            if column := collection.fields.get(name):
                self._column(columns, column, value, given, place)
            elif relation := collection.relations.get(name):
                self._relation(to_one, to_other, relation, value, place)
            else:
                known = [*collection.fields, *collection.relations]
                message = f"'{name}' is not a field of '{collection.name}'.{did_you_mean(name, known)}"
                self.complaints.append(Complaint(Code.UNKNOWN_FIELD, message, place))
        if creating:
            self._require(collection, columns, {relation.column for relation, _ in to_one} | {came}, given, path)
        return Plan(collection, columns, tuple(to_one), tuple(to_other), path)

    def _column(self, columns: dict[str, Any], column: Field, value: Any, given: Any, path: Path) -> None:
        if not column.writable:
            message = f"'{column.name}' is filled by the service and cannot be written."
            self.complaints.append(Complaint(Code.FIELD_NOT_WRITABLE, message, path))
        elif column.relation and column.relation in given:
            message = f"'{column.name}' and '{column.relation}' say the same thing: give one of them."
            self.complaints.append(Complaint(Code.BAD_VALUE, message, path))
        elif value is None:
            if not column.null:
                self.complaints.append(Complaint(Code.REQUIRED, f"'{column.name}' must not be null.", path))
            columns[column.attribute] = None
        else:
            try:
                columns[column.attribute] = values.parse(column, value)
            except ValueError as error:
                self.complaints.append(Complaint(Code.BAD_VALUE, f"'{column.name}' {error}.", path))

    def _require(
        self, collection: Collection, columns: Mapping[str, Any], filled: set[str | None], given: Any, path: Path
    ) -> None:
        if collection.acting_user:
            filled = filled | {collection.acting_user.column}
        for column in collection.fields.values():
            if column.required and column.attribute not in filled | columns.keys() and column.name not in given:
                self.complaints.append(Complaint(Code.REQUIRED, f"'{column.name}' is required.", (*path, column.name)))

    def _relation(
        self,
        to_one: list[tuple[Relation, Plan | Link | None]],
        to_other: list[tuple[Relation, tuple[Plan | Link, ...]]],
        relation: Relation,
        value: Any,
        path: Path,
    ) -> None:
        if relation.kind.to_many:
            if not isinstance(value, list | tuple):
                self._bad(None, f"'{relation.name}' leads to many {relation.target}: give a list.", path)
            else:
                items = [self._related(relation, item, (*path, index)) for index, item in enumerate(value)]
                to_other.append((relation, tuple(item for item in items if item)))
        elif isinstance(value, list | tuple):
            self._bad(None, f"'{relation.name}' leads to one record of '{relation.target}': give one, not a list.", path)
        elif value is None:
            if not relation.null:
                self.complaints.append(Complaint(Code.REQUIRED, f"'{relation.name}' must not be null.", path))
            elif relation.column:
                to_one.append((relation, None))
            else:
                to_other.append((relation, ()))
        elif item := self._related(relation, value, path):
            if relation.column:
                to_one.append((relation, item))
            else:
                to_other.append((relation, (item,)))

    def _related(self, relation: Relation, value: Any, path: Path) -> Plan | Link | None:
        """A key alone links; an object without one is stored; an object with one is linked if it exists."""
        target = self.collections[relation.target]
        if not isinstance(value, Mapping):
            return self._link(target, value, path)
        if value.keys() == {target.key.name}:
            return self._link(target, value[target.key.name], (*path, target.key.name))
        if target.system:
            for name in value.keys() - {target.key.name}:
                message = f"'{target.name}' cannot be written through another record."
                self.complaints.append(Complaint(Code.FIELD_NOT_WRITABLE, message, (*path, name)))
            return None
        if not self.action.may_create(target.name):
            message = f"Your role may not create '{target.name}'."
            self.complaints.append(Complaint(Code.NO_PERMISSION, message, path))
            return None
        came = None if relation.column or relation.kind.to_many and not _has_column(relation) else _column_of(relation)
        if value.get(target.key.name) is None:
            return self.plan(target, value, creating=True, path=path, came=came)
        return self._keyed(target, value, came, path)

    def _keyed(self, target: Collection, value: Mapping[str, Any], came: str | None, path: Path) -> Plan | Link | None:
        link = self._link(target, value[target.key.name], (*path, target.key.name))
        if not target.key.writable or link is None:
            return link
        plan = self.plan(target, value, creating=True, path=path, came=came)
        return Plan(plan.collection, plan.columns, plan.to_one, plan.to_other, plan.path, key=link.key)

    def _link(self, target: Collection, value: Any, path: Path) -> Link | None:
        if not self.action.may_read(target.name):
            message = f"Your role may not read '{target.name}', so not link to it."
            self.complaints.append(Complaint(Code.NO_PERMISSION, message, path))
            return None
        key, complaints = parse_key(target, value, path)
        self.complaints += complaints
        return None if complaints else Link(key, path)

    def _bad(self, answer: Any, message: str, path: Path, *, once: bool = False) -> Any:
        if not once or all(complaint.message != message for complaint in self.complaints):
            self.complaints.append(Complaint(Code.BAD_VALUE, message, path))
        return answer


def _has_column(relation: Relation) -> bool:
    """Whether the other side has the key column (reverse sides of foreign keys), not a table between the two."""
    return hasattr(relation.field, "relation_field")


def _column_of(relation: Relation) -> str:
    return relation.reverse_column

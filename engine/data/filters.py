"""A filter value → Tortoise's Q, the same for both doors; pure."""

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo
from typing import Any, TypeAlias

from tortoise.expressions import Q, Subquery

from engine.data.collections import Collection, Collections, Field, Relation
from engine.data.operators import MAX_ITEMS, OPERATORS, Takes, read, where
from engine.data.relations import RelationKind
from engine.data.values import parse_boolean
from engine.errors import Code, Complaint

# Together they keep every filter within what SQLite parses: a stack of 100 for nesting, 1,000 terms in a row and
# 32,766 values in a statement.
MAX_DEPTH = 8
MAX_HOPS = 4
MAX_VALUES = 500

MayRead: TypeAlias = Callable[[str], bool]
"""Whether the caller may read a collection that a relation leads to."""

# An empty Q is not all: Tortoise leaves it out of an OR.
EVERYTHING = Q(pk__not_in=[])
NOTHING = Q(pk__in=[])

_PRESENCE = ("$exists", "$notExists")


def compile_filter(
    collections: Collections,
    collection: Collection,
    given: Any,
    may_read: MayRead = lambda _: True,
    zone: tzinfo = UTC,
) -> tuple[Q, list[Complaint]]:
    """The Q of a filter, and everything that is wrong with it. A Q with complaints finds nothing.

    `zone` is where days begin, for the operators that take some.
    """
    compiler = _Compiler(collections, may_read, zone)
    compiled = compiler.compile(_Place(collection), given)
    return (NOTHING if compiler.complaints else compiled), compiler.complaints


def check_filter(collections: Collections, collection: Collection, given: Any) -> list[Complaint]:
    """Everything that is wrong with a filter."""
    return compile_filter(collections, collection, given)[1]


def finds_all(given: Any) -> bool:
    """Whether a filter narrows nothing by its form alone, so that a write by it would be about every record.

    >>> finds_all(None), finds_all({"$or": [{}, {"id": 1}]}), finds_all({"$not": {"$not": {}}}), finds_all({"id": 1})
    (True, True, True, False)
    """
    if not isinstance(given, Mapping):
        return given is None
    return all(_is_idle(name, condition, found=True) for name, condition in given.items())


def _finds_nothing(given: Any) -> bool:
    return isinstance(given, Mapping) and any(_is_idle(name, value, found=False) for name, value in given.items())


def _is_idle(name: Any, condition: Any, *, found: bool) -> bool:
    """Whether one member of a filter finds all records, or with `found` false none, whatever they are."""
    check = finds_all if found else _finds_nothing
    if name == "$not":
        return _finds_nothing(condition) if found else finds_all(condition)
    if name not in ("$and", "$or") or not isinstance(condition, list | tuple):
        return False
    return (all if (name == "$and") is found else any)(check(part) for part in condition)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A sentence to put behind "unknown", or nothing.

    >>> did_you_mean("titel", ["title", "content"])
    " Did you mean 'title'?"
    """
    close = difflib.get_close_matches(name, list(known), n=1)
    return f" Did you mean '{close[0]}'?" if close else ""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in a filter the walk stands. `negated` is pushed down to the comparisons, so `$not` is the complement."""

    collection: Collection
    path: tuple[str | int, ...] = ("filter",)
    negated: bool = False
    depth: int = 0
    hops: int = 0

    def at(self, *steps: str | int) -> "_Place":
        return replace(self, path=(*self.path, *steps))

    def inside(self, *steps: str | int, negated: bool) -> "_Place":
        return replace(self.at(*steps), negated=negated, depth=self.depth + 1)

    def over(self, target: Collection) -> "_Place":
        return replace(self, collection=target, negated=False, depth=self.depth + 1, hops=self.hops + 1)


@dataclass(slots=True)
class _Compiler:
    """Walks one filter and counts the values it compares with."""

    collections: Collections
    may_read: MayRead
    zone: tzinfo
    complaints: list[Complaint] = field(default_factory=list)
    compared: int = 0

    def compile(self, place: _Place, given: Any) -> Q:
        if not isinstance(given, Mapping):
            return self._bad("A filter is an object of field names and conditions.", place)
        if place.depth > MAX_DEPTH:
            return self._bad(f"A filter may nest {MAX_DEPTH} deep.", place)
        parts = [self._member(place, str(name), condition) for name, condition in given.items()]
        return self._join(parts, any_of=place.negated)

    def _member(self, place: _Place, name: str, condition: Any) -> Q:
        if name in ("$and", "$or"):
            return self._several(place.at(name), name, condition)
        if name == "$not":
            return self.compile(place.inside(name, negated=not place.negated), condition)
        head, dot, rest = name.partition(".")
        if dot:
            condition = {rest: condition}
        collection = place.collection
        if (found := collection.fields.get(head)) and not found.secret and found.comparable:
            return self._column(place.at(name), found, condition)
        if relation := collection.relations.get(head):
            return self._related(place.at(name), relation, condition)
        known = [known.name for known in collection.comparable] + list(collection.relations)
        message = f"'{head}' is not a field of '{collection.name}' that can be filtered.{did_you_mean(head, known)}"
        return self._bad(message, place.at(name), Code.UNKNOWN_FIELD)

    def _several(self, place: _Place, name: str, given: Any) -> Q:
        if not isinstance(given, list | tuple) or not given:
            return self._bad(f"{name} takes a list of filters.", place)
        if len(given) > MAX_ITEMS:
            return self._bad(f"{name} takes at most {MAX_ITEMS} filters.", place)
        parts = [self.compile(place.inside(index, negated=place.negated), part) for index, part in enumerate(given)]
        return self._join(parts, any_of=(name == "$or") is not place.negated)

    def _join(self, parts: list[Q], *, any_of: bool) -> Q:
        if not parts:
            return NOTHING if any_of else EVERYTHING
        return Q(*parts, join_type=Q.OR if any_of else Q.AND)

    def _column(self, place: _Place, column: Field, condition: Any) -> Q:
        if condition is None:
            return where(f"{column.attribute}__isnull", not place.negated)
        if isinstance(condition, list | tuple):
            condition = {"$in": condition}
        elif not isinstance(condition, Mapping):
            condition = {"$eq": condition}
        if not condition:
            return self._bad(f"'{column.name}' has no condition.", place)
        parts = [self._compare(place.at(str(name)), column, str(name), value) for name, value in condition.items()]
        return self._join(parts, any_of=place.negated)

    def _compare(self, place: _Place, column: Field, name: str, value: Any) -> Q:
        operator = OPERATORS.get(name)
        if operator is None:
            return self._bad(f"'{name}' is not an operator.{did_you_mean(name, OPERATORS)}", place)
        wants = operator.negative is not place.negated
        if value is None and name in ("$eq", "$ne"):
            return where(f"{column.attribute}__isnull", not wants)
        if column.kind not in operator.kinds:
            return self._bad(f"{name} does not fit '{column.name}', which holds {column.kind} values.", place)
        try:
            found = read(operator, column, value, self.zone)
        except ValueError as error:
            return self._bad(f"The value of {name} for '{column.name}' {error}.", place)
        self.compared += len(found) if isinstance(found, list) else 1
        if self.compared > MAX_VALUES:
            return self._bad(f"A filter may compare with {MAX_VALUES} values.", _Place(place.collection), once=True)
        plain = operator.base(column.attribute, column.kind, found)
        if wants is not (operator.takes is Takes.FLAG and found is False):
            return Q(~plain, where(f"{column.attribute}__isnull", True), join_type=Q.OR)
        return plain

    def _related(self, place: _Place, relation: Relation, condition: Any) -> Q:
        target = self.collections[relation.target]
        if not self.may_read(target.name):
            message = f"Your role may not read '{target.name}', so not filter by it."
            return self._bad(message, place, Code.NO_PERMISSION)
        if place.hops == MAX_HOPS:
            return self._bad(f"A filter may follow {MAX_HOPS} relations in a row.", place)
        if condition is None:
            return _having(place.collection, relation, target, EVERYTHING, negated=not place.negated)
        if not isinstance(condition, Mapping):
            return self._bad(f"'{relation.name}' is a relation: it takes a filter of '{target.name}', or null.", place)
        parts = [self._present(place.at(name), relation, condition[name]) for name in _PRESENCE if name in condition]
        rest = {name: value for name, value in condition.items() if name not in _PRESENCE}
        if keyless := [name for name, value in rest.items() if _is_keyless(target.key, str(name), value)]:
            # A record has a key, so this asks for none.
            rest = {name: value for name, value in rest.items() if name not in keyless}
            parts.append(_having(place.collection, relation, target, EVERYTHING, negated=not place.negated))
        if rest or not parts:
            wanted = self.compile(place.over(target), rest)
            parts.append(_having(place.collection, relation, target, wanted, negated=place.negated))
        return self._join(parts, any_of=place.negated)

    def _present(self, place: _Place, relation: Relation, flag: Any) -> Q:
        """Whether there is a related record at all."""
        try:
            wanted = parse_boolean(flag) is (place.path[-1] == "$exists")
        except ValueError as error:
            return self._bad(f"The value of {place.path[-1]} for '{relation.name}' {error}.", place)
        target = self.collections[relation.target]
        return _having(place.collection, relation, target, EVERYTHING, negated=wanted is place.negated)

    def _bad(self, message: str, place: _Place, code: Code = Code.BAD_FILTER, *, once: bool = False) -> Q:
        if not once or all(complaint.message != message for complaint in self.complaints):
            self.complaints.append(Complaint(code, message, place.path))
        return NOTHING


def _is_keyless(key: Field, name: str, condition: Any) -> bool:
    """Whether a member of a related record's filter is that its key has no value."""
    head, dot, operator = name.partition(".")
    if dot or condition is None:
        condition = {operator if dot else "$eq": condition}
    match [head, *condition.items()] if isinstance(condition, Mapping) else []:
        case [key.name, ("$eq", None)]:
            return True
        case [key.name, ("$exists" | "$notEmpty", False | "false") | ("$notExists" | "$empty", True | "true")]:
            return True
    return False


def _having(collection: Collection, relation: Relation, target: Collection, wanted: Q, *, negated: bool) -> Q:
    """The records that have, or have not, a related record as wanted: no join, so no record twice."""
    targets = target.records(wanted)
    if relation.column:
        found = where(f"{relation.column}__in", Subquery(targets.values(target.key.attribute)))
        return Q(~found, where(f"{relation.column}__isnull", True), join_type=Q.OR) if negated else found
    if relation.kind is RelationKind.MANY_TO_MANY:
        wanted_keys = Subquery(targets.values(target.key.attribute))
        owners = collection.model.filter(where(f"{relation.attribute}__{target.key.attribute}__in", wanted_keys))
        keys = owners.values(collection.key.attribute)
    else:
        # A NULL among the keys would make "not in" hold for nobody.
        hanging = targets.filter(where(f"{relation.reverse_column}__isnull", False))
        keys = hanging.values(relation.reverse_column)
    found = where(f"{collection.key.attribute}__in", Subquery(keys))
    return ~found if negated else found

"""A filter value → Tortoise's Q, the same for both doors; pure."""

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, TypeAlias

from tortoise.expressions import Q, Subquery

from engine.data import values
from engine.data.collections import Collection, Collections, Field, FieldKind, Relation
from engine.data.relations import RelationKind
from engine.errors import Code, Complaint

# Together they keep every filter within what SQLite parses: a stack of 100 for nesting, 1,000 terms in a row and
# 32,766 values in a statement.
MAX_DEPTH = 8
MAX_HOPS = 4
MAX_ITEMS = 200
MAX_VALUES = 500
MAX_TEXT = 1000

MayRead: TypeAlias = Callable[[str], bool]
"""Whether the caller may read a collection that a relation leads to."""

_ORDERED = frozenset(FieldKind) - {FieldKind.JSON, FieldKind.BINARY, FieldKind.BOOLEAN}
_EQUATABLE = frozenset(FieldKind) - {FieldKind.JSON, FieldKind.BINARY}
_STRINGS = frozenset({FieldKind.STRING})


@dataclass(frozen=True, slots=True)
class Operator:
    """One comparison: the kinds of column it fits, whether it takes a list, and the Q of its plain form.

    `base` never holds for NULL. `negative` operators hold exactly where their base does not, NULLs included.
    `partial` ones look for text that need not be a valid value of the column.
    """

    kinds: frozenset[FieldKind]
    base: Callable[[str, FieldKind, Any], Q]
    many: bool = False
    negative: bool = False
    partial: bool = False


def _where(lookup: str, value: Any) -> Q:
    given: dict[str, Any] = {lookup: value}
    return Q(**given)


def _equal(name: str, kind: FieldKind, value: Any) -> Q:
    if kind is FieldKind.DATETIME:
        return Q(_where(f"{name}__gte", value), _where(f"{name}__lte", _end(value)))
    return _where(name, value)


def _one_of(name: str, kind: FieldKind, listed: Sequence[Any]) -> Q:
    if kind is FieldKind.DATETIME and listed:
        return Q(*(_equal(name, kind, value) for value in listed), join_type=Q.OR)
    return _where(f"{name}__in", list(listed))


def _greater(name: str, kind: FieldKind, value: Any) -> Q:
    return _where(f"{name}__gt", _end(value) if kind is FieldKind.DATETIME else value)


def _at_most(name: str, kind: FieldKind, value: Any) -> Q:
    return _where(f"{name}__lte", _end(value) if kind is FieldKind.DATETIME else value)


def _end(value: datetime) -> datetime:
    """The end of its millisecond: columns the database fills have microseconds, callers see and send milliseconds."""
    return value.replace(microsecond=value.microsecond // 1000 * 1000 + 999)


def _lookup(suffix: str) -> Callable[[str, FieldKind, Any], Q]:
    return lambda name, _, value: _where(f"{name}__{suffix}", value)


# An empty Q is not all: Tortoise leaves it out of an OR.
EVERYTHING = Q(pk__not_in=[])
NOTHING = Q(pk__in=[])

OPERATORS: Mapping[str, Operator] = MappingProxyType(
    {
        "$eq": Operator(_EQUATABLE, _equal),
        "$ne": Operator(_EQUATABLE, _equal, negative=True),
        "$in": Operator(_EQUATABLE, _one_of, many=True),
        "$notIn": Operator(_EQUATABLE, _one_of, many=True, negative=True),
        "$gt": Operator(_ORDERED, _greater),
        "$gte": Operator(_ORDERED, _lookup("gte")),
        "$lt": Operator(_ORDERED, _lookup("lt")),
        "$lte": Operator(_ORDERED, _at_most),
        "$includes": Operator(_STRINGS, _lookup("icontains"), partial=True),
        "$notIncludes": Operator(_STRINGS, _lookup("icontains"), negative=True, partial=True),
    }
)


def compile_filter(
    collections: Collections, collection: Collection, given: Any, may_read: MayRead = lambda _: True
) -> tuple[Q, list[Complaint]]:
    """The Q of a filter, and everything that is wrong with it. A Q with complaints finds nothing."""
    compiler = _Compiler(collections, may_read)
    compiled = compiler.compile(_Place(collection), given)
    return (NOTHING if compiler.complaints else compiled), compiler.complaints


def check_filter(collections: Collections, collection: Collection, given: Any) -> list[Complaint]:
    """Everything that is wrong with a filter."""
    return compile_filter(collections, collection, given)[1]


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
        if (found := collection.fields.get(head)) and not found.secret:
            return self._column(place.at(name), found, condition)
        if relation := collection.relations.get(head):
            return self._related(place.at(name), relation, condition)
        known = [known.name for known in collection.readable] + list(collection.relations)
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
            return _where(f"{column.attribute}__isnull", not place.negated)
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
            return _where(f"{column.attribute}__isnull", not wants)
        if column.kind not in operator.kinds:
            return self._bad(f"{name} does not fit '{column.name}', which holds {column.kind} values.", place)
        try:
            parsed = self._parse(column, operator, value)
        except ValueError as error:
            return self._bad(f"The value of {name} for '{column.name}' {error}.", place)
        if self.compared > MAX_VALUES:
            return self._bad(f"A filter may compare with {MAX_VALUES} values.", _Place(place.collection), once=True)
        plain = operator.base(column.attribute, column.kind, parsed)
        if not wants:
            return plain
        return Q(~plain, _where(f"{column.attribute}__isnull", True), join_type=Q.OR)

    def _parse(self, column: Field, operator: Operator, value: Any) -> Any:
        if not operator.many:
            return self._parse_one(column, operator, value)
        if not isinstance(value, list | tuple):
            raise ValueError("must be a list")
        if len(value) > MAX_ITEMS:
            raise ValueError(f"must have at most {MAX_ITEMS} items")
        return [self._parse_one(column, operator, item) for item in value]

    def _parse_one(self, column: Field, operator: Operator, value: Any) -> Any:
        self.compared += 1
        if value is None:
            raise ValueError("must not be null")
        if not operator.partial:
            return values.parse(column, value)
        if len(text := values.parse_text(value)) > MAX_TEXT:
            raise ValueError(f"must have at most {MAX_TEXT} characters")
        return text

    def _related(self, place: _Place, relation: Relation, condition: Any) -> Q:
        target = self.collections[relation.target]
        if not self.may_read(target.name):
            message = f"Your role may not read '{target.name}', so not filter by it."
            return self._bad(message, place, Code.NO_PERMISSION)
        if place.hops == MAX_HOPS:
            return self._bad(f"A filter may follow {MAX_HOPS} relations in a row.", place)
        if condition is None:
            return _having(place.collection, relation, target, EVERYTHING, negated=not place.negated)
        wanted = self.compile(place.over(target), condition)
        return _having(place.collection, relation, target, wanted, negated=place.negated)

    def _bad(self, message: str, place: _Place, code: Code = Code.BAD_FILTER, *, once: bool = False) -> Q:
        if not once or all(complaint.message != message for complaint in self.complaints):
            self.complaints.append(Complaint(code, message, place.path))
        return NOTHING


def _having(collection: Collection, relation: Relation, target: Collection, wanted: Q, *, negated: bool) -> Q:
    """The records that have, or have not, a related record as wanted: no join, so no record twice."""
    targets = target.model.filter(wanted)
    if relation.column:
        found = _where(f"{relation.column}__in", Subquery(targets.values(target.key.attribute)))
        return Q(~found, _where(f"{relation.column}__isnull", True), join_type=Q.OR) if negated else found
    if relation.kind is RelationKind.MANY_TO_MANY:
        wanted_keys = Subquery(targets.values(target.key.attribute))
        owners = collection.model.filter(_where(f"{relation.attribute}__{target.key.attribute}__in", wanted_keys))
        keys = owners.values(collection.key.attribute)
    else:
        # A NULL among the keys would make "not in" hold for nobody.
        hanging = targets.filter(_where(f"{relation.reverse_column}__isnull", False))
        keys = hanging.values(relation.reverse_column)
    found = _where(f"{collection.key.attribute}__in", Subquery(keys))
    return ~found if negated else found

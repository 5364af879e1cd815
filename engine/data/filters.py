"""A filter value → Tortoise's Q, the same for both doors; pure."""

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, TypeAlias

from tortoise.expressions import Q, Subquery

from engine.actions import Values
from engine.data import values
from engine.data.collections import Collection, Collections, Field, FieldKind, Relation
from engine.errors import Code, Complaint

MAX_DEPTH = 10
MAX_ITEMS = 200

MayRead: TypeAlias = Callable[[str], bool]
"""Whether the caller may read a collection that a relation leads to."""

_ORDERED = frozenset(FieldKind) - {FieldKind.JSON, FieldKind.BINARY, FieldKind.BOOLEAN}
_EQUATABLE = frozenset(FieldKind) - {FieldKind.JSON, FieldKind.BINARY}
_STRINGS = frozenset({FieldKind.STRING})


@dataclass(frozen=True, slots=True)
class Operator:
    """One comparison: the kinds of column it fits, whether it takes a list, and the Q of its plain form.

    `base` never holds for NULL. `negative` operators hold exactly where their base does not, NULLs included.
    """

    kinds: frozenset[FieldKind]
    base: Callable[[str, FieldKind, Any], Q]
    many: bool = False
    negative: bool = False


def _equal(name: str, kind: FieldKind, value: Any) -> Q:
    if kind is FieldKind.DATETIME:
        return Q(**{f"{name}__gte": value, f"{name}__lt": _next(value)})
    return Q(**{name: value})


def _one_of(name: str, kind: FieldKind, listed: Sequence[Any]) -> Q:
    if kind is FieldKind.DATETIME:
        return Q(*(_equal(name, kind, value) for value in listed), join_type=Q.OR) if listed else NOTHING
    return Q(**{f"{name}__in": list(listed)})


def _greater(name: str, kind: FieldKind, value: Any) -> Q:
    return Q(**{f"{name}__gte": _next(value)}) if kind is FieldKind.DATETIME else Q(**{f"{name}__gt": value})


def _at_most(name: str, kind: FieldKind, value: Any) -> Q:
    return Q(**{f"{name}__lt": _next(value)}) if kind is FieldKind.DATETIME else Q(**{f"{name}__lte": value})


def _next(value: datetime) -> datetime:
    """The millisecond after: columns the database fills have microseconds, callers see and send milliseconds."""
    return value + timedelta(milliseconds=1)


def _lookup(suffix: str) -> Callable[[str, FieldKind, Any], Q]:
    return lambda name, _, value: Q(**{f"{name}__{suffix}": value})


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
        "$includes": Operator(_STRINGS, _lookup("icontains")),
        "$notIncludes": Operator(_STRINGS, _lookup("icontains"), negative=True),
    }
)


def compile_filter(
    collections: Collections, collection: Collection, given: Any, may_read: MayRead = lambda _: True
) -> tuple[Q, list[Complaint]]:
    """The Q of a filter, and everything that is wrong with it. A Q with complaints finds nothing."""
    compiler = _Compiler(collections, may_read)
    compiled = compiler.compile(collection, given, negated=False, path=("filter",))
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


@dataclass(slots=True)
class _Compiler:
    """Walks one filter. `negated` is pushed down to the comparisons, so that `$not` is the complement."""

    collections: Collections
    may_read: MayRead
    complaints: list[Complaint] = field(default_factory=list)

    def compile(self, collection: Collection, given: Any, *, negated: bool, path: tuple[str | int, ...]) -> Q:
        if not isinstance(given, Mapping):
            return self._bad("A filter is an object of field names and conditions.", path)
        if len(path) > 3 * MAX_DEPTH:
            return self._bad(f"A filter may nest {MAX_DEPTH} deep.", path)
        parts = [
            self._member(collection, name, condition, negated, (*path, name)) for name, condition in given.items()
        ]
        return self._join(parts, any_of=negated)

    def _member(self, collection: Collection, name: Any, condition: Any, negated: bool, path: tuple[Any, ...]) -> Q:
        if name in ("$and", "$or"):
            return self._several(collection, name, condition, negated, path)
        if name == "$not":
            return self.compile(collection, condition, negated=not negated, path=path)
        head, _, rest = str(name).partition(".")
        if rest:
            condition = {rest: condition}
        if (found := collection.fields.get(head)) and not found.secret:
            return self._column(found, condition, negated, path)
        if relation := collection.relations.get(head):
            return self._related(collection, relation, condition, negated, path)
        known = [known.name for known in collection.readable] + list(collection.relations)
        self.complaints.append(
            Complaint(
                Code.UNKNOWN_FIELD,
                f"'{head}' is not a field of '{collection.name}' that can be filtered.{did_you_mean(head, known)}",
                path,
            )
        )
        return NOTHING

    def _several(self, collection: Collection, name: str, given: Any, negated: bool, path: tuple[Any, ...]) -> Q:
        if not isinstance(given, list | tuple) or not given:
            return self._bad(f"{name} takes a list of filters.", path)
        if len(given) > MAX_ITEMS:
            return self._bad(f"{name} takes at most {MAX_ITEMS} filters.", path)
        parts = [
            self.compile(collection, part, negated=negated, path=(*path, index)) for index, part in enumerate(given)
        ]
        return self._join(parts, any_of=(name == "$or") is not negated)

    def _join(self, parts: list[Q], *, any_of: bool) -> Q:
        if not parts:
            return NOTHING if any_of else Q()
        return Q(*parts, join_type=Q.OR if any_of else Q.AND)

    def _column(self, column: Field, condition: Any, negated: bool, path: tuple[Any, ...]) -> Q:
        if condition is None:
            return Q(**{f"{column.attribute}__isnull": not negated})
        if isinstance(condition, list | tuple):
            condition = {"$in": condition}
        elif not isinstance(condition, Mapping):
            condition = {"$eq": condition}
        if not condition:
            return self._bad(f"'{column.name}' has no condition.", path)
        parts = [self._compare(column, name, value, negated, (*path, name)) for name, value in condition.items()]
        return self._join(parts, any_of=negated)

    def _compare(self, column: Field, name: Any, value: Any, negated: bool, path: tuple[Any, ...]) -> Q:
        operator = OPERATORS.get(name)
        if operator is None:
            return self._bad(f"'{name}' is not an operator.{did_you_mean(str(name), OPERATORS)}", path)
        wants = operator.negative is not negated
        if value is None and name in ("$eq", "$ne"):
            return Q(**{f"{column.attribute}__isnull": not wants})
        if column.kind not in operator.kinds:
            return self._bad(f"{name} does not fit '{column.name}', which holds {column.kind} values.", path)
        try:
            parsed = self._parse(column, operator, value)
        except ValueError as error:
            return self._bad(f"The value of {name} for '{column.name}' {error}.", path)
        plain = operator.base(column.attribute, column.kind, parsed)
        if not wants:
            return plain
        return Q(~plain, Q(**{f"{column.attribute}__isnull": True}), join_type=Q.OR)

    def _parse(self, column: Field, operator: Operator, value: Any) -> Any:
        if not operator.many:
            return self._parse_one(column, value)
        if not isinstance(value, list | tuple):
            raise ValueError("must be a list")
        if len(value) > MAX_ITEMS:
            raise ValueError(f"must have at most {MAX_ITEMS} items")
        return [self._parse_one(column, item) for item in value]

    def _parse_one(self, column: Field, value: Any) -> Any:
        if value is None:
            raise ValueError("must not be null")
        return values.parse(column, value)

    def _related(
        self, collection: Collection, relation: Relation, condition: Any, negated: bool, path: tuple[Any, ...]
    ) -> Q:
        target = self.collections[relation.target]
        if not self.may_read(target.name):
            self.complaints.append(
                Complaint(Code.NO_PERMISSION, f"Your role may not read '{target.name}', so not filter by it.", path)
            )
            return NOTHING
        if condition is None:
            found = self._having(collection, relation, target, Q())
            return found if negated else ~found
        found = self._having(
            collection, relation, target, self.compile(target, condition, negated=False, path=path)
        )
        return ~found if negated else found

    def _having(self, collection: Collection, relation: Relation, target: Collection, wanted: Q) -> Q:
        """The records that have at least one related record as wanted: no join, so no row twice and no NULL."""
        targets = target.model.filter(wanted).values(target.key.attribute)
        owners = collection.model.filter(**{f"{relation.attribute}__{target.key.attribute}__in": Subquery(targets)})
        return Q(**{f"{collection.key.attribute}__in": Subquery(owners.values(collection.key.attribute))})

    def _bad(self, message: str, path: tuple[str | int, ...]) -> Q:
        self.complaints.append(Complaint(Code.BAD_FILTER, message, path))
        return NOTHING



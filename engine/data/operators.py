"""The operators of filters: which columns each fits, what it takes, and the Q of its plain form."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from enum import Enum
from types import MappingProxyType
from typing import Any, TypeAlias, assert_never

from pypika_tortoise.context import SqlContext
from pypika_tortoise.enums import Dialects
from pypika_tortoise.terms import ValueWrapper
from tortoise.expressions import Q

from engine.data import values
from engine.data.collections import Field, FieldKind
from engine.data.periods import MOMENT, Span, between, days_of, moments_of

MAX_ITEMS = 200
MAX_TEXT = 1000


class Takes(Enum):
    """What stands behind an operator."""

    VALUE = "a value of the column"
    VALUES = "a list of values"
    PAIR = "a list of two values"
    TEXTS = "a text to look for, or a list of them"
    FLAG = "true or false"
    PERIOD = "a period"
    PERIODS = "a list of two periods, or one that is a range"


Base: TypeAlias = Callable[[str, FieldKind, Any], Q]


@dataclass(frozen=True, slots=True)
class Operator:
    """One comparison. `base` makes its Q of a column's attribute and a value that was read, and never holds for NULL.

    `negative` operators hold exactly where their base does not, NULLs included.
    """

    takes: Takes
    kinds: frozenset[FieldKind]
    base: Base
    negative: bool = False


class Bytewise(ValueWrapper):
    """A text that compares by code points, whatever collation the database has: as SQLite and Python do."""

    def get_sql(self, ctx: SqlContext) -> str:
        collation = ' COLLATE "C"' if ctx.dialect is Dialects.POSTGRESQL else ""
        return f"{super().get_sql(ctx)}{collation}"


# As the database has them: the texts of JSON, and one that need not be among a column's choices.
_EMPTY: Mapping[FieldKind, tuple[Any, ...]] = {
    FieldKind.STRING: (Bytewise(""),),
    FieldKind.JSON: ('""', "[]", "{}"),
}


def where(lookup: str, value: Any) -> Q:
    """The Q of one of Tortoise's lookups."""
    given: dict[str, Any] = {lookup: value}
    return Q(**given)


def read(operator: Operator, column: Field, given: Any, zone: tzinfo) -> Any:
    """What the operator's base takes, of a JSON value; days begin in `zone`.

    Raises `ValueError` with a sentence that can follow the field's name.
    """
    match operator.takes:
        case Takes.VALUE:
            return values.parse(column, _present(given))
        case Takes.VALUES:
            return [values.parse(column, _present(item)) for item in _list(given)]
        case Takes.PAIR:
            return [values.parse(column, _present(item)) for item in _pair(given)]
        case Takes.TEXTS:
            return [_text(item) for item in (_list(given) if isinstance(given, list | tuple) else [given])]
        case Takes.FLAG:
            return values.parse_boolean(given)
        case Takes.PERIOD:
            return _span(column.kind, given, zone)
        case Takes.PERIODS:
            if not isinstance(given, list | tuple):
                return _span(column.kind, given, zone)
            first, last = (_span(column.kind, item, zone) for item in _pair(given))
            return between(first, last)
        case _:
            assert_never(operator.takes)


def _present(value: Any) -> Any:
    if value is None:
        raise ValueError("must not be null")
    return value


def _list(given: Any) -> list[Any]:
    if not isinstance(given, list | tuple):
        raise ValueError("must be a list")
    if len(given) > MAX_ITEMS:
        raise ValueError(f"must have at most {MAX_ITEMS} items")
    return list(given)


def _pair(given: Any) -> list[Any]:
    if not isinstance(given, list | tuple) or len(given) != 2:
        raise ValueError("must be a list of two, the first and the last")
    return list(given)


def _text(given: Any) -> str:
    """A part of a text, which need not be a valid value of the column."""
    if len(text := values.parse_text(_present(given))) > MAX_TEXT:
        raise ValueError(f"must have at most {MAX_TEXT} characters")
    return text


def _span(kind: FieldKind, given: Any, zone: tzinfo) -> Span:
    return days_of(given, zone) if kind is FieldKind.DATE else moments_of(given, zone)


def _equal(name: str, kind: FieldKind, value: Any) -> Q:
    return _on(name, kind, _millisecond(value)) if kind is FieldKind.DATETIME else where(name, value)


def _one_of(name: str, kind: FieldKind, listed: list[Any]) -> Q:
    if kind is FieldKind.DATETIME and listed:
        return Q(*(_equal(name, kind, value) for value in listed), join_type=Q.OR)
    return where(f"{name}__in", listed)


def _greater(name: str, kind: FieldKind, value: Any) -> Q:
    return where(f"{name}__gt", _last(kind, value))


def _at_least(name: str, kind: FieldKind, value: Any) -> Q:
    return where(f"{name}__gte", _comparable(kind, value))


def _less(name: str, kind: FieldKind, value: Any) -> Q:
    return where(f"{name}__lt", _comparable(kind, value))


def _at_most(name: str, kind: FieldKind, value: Any) -> Q:
    return where(f"{name}__lte", _last(kind, value))


def _within(name: str, kind: FieldKind, pair: list[Any]) -> Q:
    return Q(_at_least(name, kind, pair[0]), _at_most(name, kind, pair[1]))


def _comparable(kind: FieldKind, value: Any) -> Any:
    if kind is not FieldKind.STRING:
        return value
    return Bytewise(str(value.value) if isinstance(value, Enum) else value)


def _last(kind: FieldKind, value: Any) -> Any:
    return _millisecond(value).last if kind is FieldKind.DATETIME else _comparable(kind, value)


def _millisecond(value: datetime) -> Span:
    """Columns the database fills have microseconds, callers see and send milliseconds."""
    begin = value.astimezone(UTC).replace(microsecond=value.microsecond // 1000 * 1000)
    return Span(begin, begin + 999 * MOMENT)


def _any(lookup: str) -> Base:
    """One of several texts is found. None of an empty list is."""

    def base(name: str, kind: FieldKind, texts: list[str]) -> Q:
        found = [where(f"{name}__{lookup}", text) for text in texts]
        return Q(*found, join_type=Q.OR) if found else where(f"{name}__in", [])

    return base


def _there(name: str, kind: FieldKind, flag: bool) -> Q:
    return where(f"{name}__isnull", False)


def _filled(name: str, kind: FieldKind, flag: bool) -> Q:
    return Q(_there(name, kind, flag), *(~where(name, value) for value in _EMPTY.get(kind, ())))


def _true(name: str, kind: FieldKind, flag: bool) -> Q:
    return where(name, True)


def _on(name: str, kind: FieldKind, span: Span) -> Q:
    return Q(where(f"{name}__gte", span.first), where(f"{name}__lte", span.last))


def _before(name: str, kind: FieldKind, span: Span) -> Q:
    return where(f"{name}__lt", span.first)


def _after(name: str, kind: FieldKind, span: Span) -> Q:
    return where(f"{name}__gt", span.last)


_ALL = frozenset(FieldKind)
_EQUATABLE = _ALL - {FieldKind.JSON, FieldKind.BINARY}
_ORDERED = _EQUATABLE - {FieldKind.BOOLEAN}
_STRINGS = frozenset({FieldKind.STRING})
_BOOLEANS = frozenset({FieldKind.BOOLEAN})
_DATES = frozenset({FieldKind.DATE, FieldKind.DATETIME})

OPERATORS: Mapping[str, Operator] = MappingProxyType(
    {
        "$eq": Operator(Takes.VALUE, _EQUATABLE, _equal),
        "$ne": Operator(Takes.VALUE, _EQUATABLE, _equal, negative=True),
        "$in": Operator(Takes.VALUES, _EQUATABLE, _one_of),
        "$notIn": Operator(Takes.VALUES, _EQUATABLE, _one_of, negative=True),
        "$gt": Operator(Takes.VALUE, _ORDERED, _greater),
        "$gte": Operator(Takes.VALUE, _ORDERED, _at_least),
        "$lt": Operator(Takes.VALUE, _ORDERED, _less),
        "$lte": Operator(Takes.VALUE, _ORDERED, _at_most),
        "$between": Operator(Takes.PAIR, _ORDERED, _within),
        "$empty": Operator(Takes.FLAG, _ALL, _filled, negative=True),
        "$notEmpty": Operator(Takes.FLAG, _ALL, _filled),
        "$exists": Operator(Takes.FLAG, _ALL, _there),
        "$notExists": Operator(Takes.FLAG, _ALL, _there, negative=True),
        "$includes": Operator(Takes.TEXTS, _STRINGS, _any("icontains")),
        "$notIncludes": Operator(Takes.TEXTS, _STRINGS, _any("icontains"), negative=True),
        "$startsWith": Operator(Takes.TEXTS, _STRINGS, _any("istartswith")),
        "$notStartsWith": Operator(Takes.TEXTS, _STRINGS, _any("istartswith"), negative=True),
        "$endWith": Operator(Takes.TEXTS, _STRINGS, _any("iendswith")),
        "$notEndWith": Operator(Takes.TEXTS, _STRINGS, _any("iendswith"), negative=True),
        "$isTruly": Operator(Takes.FLAG, _BOOLEANS, _true),
        "$isFalsy": Operator(Takes.FLAG, _BOOLEANS, _true, negative=True),
        "$dateOn": Operator(Takes.PERIOD, _DATES, _on),
        "$dateNotOn": Operator(Takes.PERIOD, _DATES, _on, negative=True),
        "$dateBefore": Operator(Takes.PERIOD, _DATES, _before),
        "$dateNotBefore": Operator(Takes.PERIOD, _DATES, _before, negative=True),
        "$dateAfter": Operator(Takes.PERIOD, _DATES, _after),
        "$dateNotAfter": Operator(Takes.PERIOD, _DATES, _after, negative=True),
        "$dateBetween": Operator(Takes.PERIODS, _DATES, _on),
    }
)

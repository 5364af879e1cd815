"""The filter inputs: REST's filters with types, operators without `$`."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, assert_never

from engine.data.collections import Collection, Field, FieldKind
from engine.data.operators import OPERATORS, Takes
from schema.types.declare import Member, bare, declare_input, list_of
from schema.types.enums import Enums
from schema.types.names import TypeNames
from schema.types.scalars import DatePeriod, is_key, scalar_of

# Comparisons by size or part of a text say nothing about a value that is one of a few.
_OF_ENUMS = ("$eq", "$ne", "$in", "$notIn", "$exists", "$notExists")

_NAMES = {
    FieldKind.STRING: "String",
    FieldKind.INTEGER: "Int",
    FieldKind.BIGINT: "BigInt",
    FieldKind.FLOAT: "Float",
    FieldKind.DECIMAL: "Decimal",
    FieldKind.BOOLEAN: "Boolean",
    FieldKind.DATETIME: "DateTime",
    FieldKind.DATE: "Date",
    FieldKind.TIME: "Time",
    FieldKind.DURATION: "Duration",
    FieldKind.UUID: "UUID",
    FieldKind.JSON: "JSON",
    FieldKind.BINARY: "Binary",
}


@dataclass(slots=True)
class Comparisons:
    """The inputs that hold operators, one per type of value: `StringFilter`, `IDFilter`, `ExecutionStatusFilter`."""

    names: TypeNames
    enums: Enums
    made: dict[str, type[Any]] = field(default_factory=dict)

    def of(self, collection: Collection, column: Field) -> type[Any]:
        """The comparisons of a column."""
        operators = [name for name, operator in OPERATORS.items() if column.kind in operator.kinds]
        if enum := self.enums.of(collection, column):
            name, value = enum.__name__, enum
            operators = [name for name in operators if name in _OF_ENUMS]
        else:
            name, value = _kind_name(column), scalar_of(column)
        title = f"{name}Filter"
        if title not in self.made:
            cls = bare(self.names.claim(title, f"comparisons of {name}"))
            self.made[title] = declare_input(cls, (_comparison(name, value) for name in operators))
        return self.made[title]


def declare_filter(
    cls: type[Any], collection: Collection, filters: dict[str, type[Any]], comparisons: Comparisons
) -> None:
    """Make `cls` the filter of a collection; `filters` has those of all collections by name."""
    # Columns cannot be called `and`, `or` or `not`: Python keeps these names from models.
    members = [
        Member("and", list_of(cls), "All of these hold.", "and_", "$and"),
        Member("or", list_of(cls), "One of these holds.", "or_", "$or"),
        Member("not", cls, "This does not hold.", "not_", "$not"),
        *(
            Member(column.name, comparisons.of(collection, column), column.description)
            for column in collection.readable
        ),
        *(Member(relation.name, filters[relation.target]) for relation in collection.relations.values()),
        *_presences(collection),
    ]
    declare_input(cls, members, f"Which {collection.name} are meant: those for which every member holds.")


def _presences(collection: Collection) -> Iterator[Member]:
    """`categoryExists` asks what REST asks by `category.$exists`: the filter behind `category` is one of categories."""
    taken = {column.name for column in collection.readable} | set(collection.relations)
    for name in collection.relations:
        if (presence := f"{name}Exists") not in taken:
            yield Member(presence, bool, f"Whether there is any in `{name}`.", wire=f"{name}.$exists")


def _comparison(operator: str, value: Any) -> Member:
    name = operator.removeprefix("$")
    # `in` is a word of Python's own.
    return Member(name, _type(OPERATORS[operator].takes, value), None, f"{name}_", operator)


def _type(takes: Takes, value: Any) -> Any:
    match takes:
        case Takes.VALUE | Takes.TEXTS:
            return value
        case Takes.VALUES | Takes.PAIR:
            return list_of(value)
        case Takes.FLAG:
            return bool
        case Takes.PERIOD:
            return DatePeriod
        case Takes.PERIODS:
            return list_of(DatePeriod)
        case _:
            assert_never(takes)


def _kind_name(column: Field) -> str:
    if not is_key(column):
        return _NAMES[column.kind]
    # Keys that are text can also be compared as text.
    return "TextID" if column.kind is FieldKind.STRING else "ID"

"""The filter inputs: REST's filters with types, operators without `$`."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from engine.data.collections import Collection, Field, FieldKind
from engine.data.filters import OPERATORS
from schema.types.declare import Member, bare, declare_input, list_of
from schema.types.enums import Enums
from schema.types.names import TypeNames
from schema.types.scalars import is_key, scalar_of

# Comparisons by size or part of a text say nothing about a value that is one of a few.
_OF_ENUMS = ("$eq", "$ne", "$in", "$notIn")

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

    def of(self, collection: Collection, column: Field) -> type[Any] | None:
        """The comparisons of a column, None for a kind that cannot be compared."""
        operators = [name for name, operator in OPERATORS.items() if column.kind in operator.kinds]
        if enum := self.enums.of(collection, column):
            name, value = enum.__name__, enum
            operators = [name for name in operators if name in _OF_ENUMS]
        else:
            name, value = _kind_name(column), scalar_of(column)
        if not operators:
            return None
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
        *_columns(collection, comparisons),
        *(Member(relation.name, filters[relation.target]) for relation in collection.relations.values()),
    ]
    declare_input(cls, members, f"Which {collection.name} are meant: those for which every member holds.")


def _columns(collection: Collection, comparisons: Comparisons) -> Iterator[Member]:
    for column in collection.readable:
        if made := comparisons.of(collection, column):
            yield Member(column.name, made, column.description)


def _comparison(operator: str, value: Any) -> Member:
    name = operator.removeprefix("$")
    # `in` is a word of Python's own.
    return Member(name, list_of(value) if OPERATORS[operator].many else value, None, f"{name}_", operator)


def _kind_name(column: Field) -> str:
    if not is_key(column):
        return _NAMES[column.kind]
    # Keys that are text can also be compared as text.
    return "TextID" if column.kind is FieldKind.STRING else "ID"

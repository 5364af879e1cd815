"""The collections that are served: name → model, fields and relations, as values."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tortoise.expressions import Q
from tortoise.fields.base import Field as Column
from tortoise.fields.relational import BackwardFKRelation, RelationalField
from tortoise.models import Model

from engine.data.relations import RelationKind


class FieldKind(StrEnum):
    """What a column holds, as a caller is told it."""

    STRING = "string"
    INTEGER = "integer"
    BIGINT = "bigint"
    FLOAT = "float"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATETIME = "datetime"
    DATE = "date"
    TIME = "time"
    DURATION = "duration"
    UUID = "uuid"
    JSON = "json"
    BINARY = "binary"


@dataclass(frozen=True, slots=True)
class Field:
    """One column. `name` is the name on the wire, `attribute` the one in the model.

    `required` means that a new record cannot do without; `writable` is false for what the service fills itself, and for
    what a role may not write; `secret` columns never leave. `relation` names the relation whose key this column holds,
    if any. `comparable` is false where a role is shown its values in part: no filter and no sort may tell of the rest.
    """

    name: str
    attribute: str
    kind: FieldKind
    null: bool
    required: bool
    writable: bool
    secret: bool
    key: bool
    unique: bool
    column: Column[Any]
    choices: type[enum.Enum] | None
    relation: str | None
    description: str | None
    comparable: bool = True


@dataclass(frozen=True, slots=True)
class Relation:
    """One relation. `column` is the model's attribute that holds the key, None when the other side has it.

    `writable` is false where a role may not change what is linked.
    """

    name: str
    attribute: str
    kind: RelationKind
    target: str
    column: str | None
    null: bool
    unique: bool
    field: RelationalField[Any]
    description: str | None
    writable: bool = True

    @property
    def reverse_column(self) -> str:
        """The attribute of the other side's model that holds our key (relations without a column of their own)."""
        assert isinstance(self.field, BackwardFKRelation)
        return self.field.relation_field


@dataclass(frozen=True, slots=True)
class Referrer:
    """A foreign key that points at a collection, by the attribute that holds the key, with what an end would do."""

    model: type[Model]
    attribute: str
    on_delete: str


@dataclass(frozen=True, slots=True)
class Collection:
    """One table as the doors know it. `system` marks the service's own tables, which `*` in a grant leaves out.

    `rows` makes what finds those of its rows that there are for a role; None is every row.
    """

    name: str
    model: type[Model]
    key: Field
    fields: Mapping[str, Field]
    relations: Mapping[str, Relation]
    acting_user: Relation | None
    referrers: tuple[Referrer, ...]
    system: bool
    description: str | None
    rows: Callable[[], Q] | None = None
    readable: tuple[Field, ...] = field(init=False, repr=False, compare=False)
    unique: frozenset[str] = field(init=False, repr=False, compare=False)
    """The attributes of the columns in which no value is there twice."""
    json: frozenset[str] = field(init=False, repr=False, compare=False)
    """The attributes of the columns that hold JSON."""
    defaults: Mapping[str, Any] = field(init=False, repr=False, compare=False)
    """What new records have in columns that nothing is given for, where it is always the same, by attribute."""

    def __post_init__(self) -> None:
        every = self.fields.values()
        json = frozenset(each.attribute for each in every if each.kind is FieldKind.JSON)
        # A model that makes its instances itself is told what was given, and no more.
        defaulting = every if self.model.__init__ is Model.__init__ else ()
        defaults = {each.attribute: each.column.default for each in defaulting if _has_constant_default(each)}
        object.__setattr__(self, "readable", tuple(each for each in every if not each.secret))
        object.__setattr__(self, "unique", frozenset(each.attribute for each in every if each.unique))
        object.__setattr__(self, "json", json)
        object.__setattr__(self, "defaults", defaults)

    @property
    def type_name(self) -> str:
        return self.model.__name__

    @property
    def comparable(self) -> tuple[Field, ...]:
        """The columns that filters and sorts may ask for."""
        return tuple(field for field in self.readable if field.comparable)

    def records(self, *wanted: Q, **conditions: Any) -> Any:
        """The query of the rows that are as wanted, of those that there are for whom this was narrowed."""
        return self.model.filter(*wanted, *([self.rows()] if self.rows else ()), **conditions)

    async def among(self, keys: Iterable[Any]) -> set[Any]:
        """Which of these are keys of such rows."""
        found = self.records(pk__in=list(keys))
        return set(await found.values_list(self.key.attribute, flat=True))


def _has_constant_default(field: Field) -> bool:
    column = field.column
    if field.key or column.has_db_default():
        return False
    # Tortoise sets a default as it is, and converts what is given.
    if type(column).to_python_value is not Column.to_python_value:
        return False
    if column.default is None:
        return column.null
    return isinstance(column.default, bool | int | float | str) and isinstance(column.default, column.field_type)


class Collections(Mapping[str, Collection]):
    """Every collection by its name on the wire, which is the table's name.

    `narrowings` are for whoever narrows them: what was made of them for a role, by its name. `shapes` are for whoever
    reads them: what was asked of them before.
    """

    def __init__(self, members: Iterable[Collection]) -> None:
        self._members = {member.name: member for member in members}
        self.narrowings: dict[str, Any] = {}
        self.shapes: dict[Any, Any] = {}

    def __getitem__(self, name: str) -> Collection:
        return self._members[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

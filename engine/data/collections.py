"""The collections that are served: name → model, fields and relations, read from Tortoise's metadata at start."""

from __future__ import annotations

import enum
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tortoise import fields as columns
from tortoise.expressions import Q
from tortoise.fields.base import Field as Column
from tortoise.fields.data import CharEnumFieldInstance, IntEnumFieldInstance
from tortoise.fields.relational import BackwardFKRelation, ForeignKeyFieldInstance, RelationalField
from tortoise.models import Model

from engine.data.declarations import is_secret, refuse_collisions, refuse_unusable, secret_columns, wire_name
from engine.data.relations import RelationKind, classify
from engine.errors import StartError

log = logging.getLogger(__name__)


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


# Subclasses before their bases, as in `relations`.
_KINDS: tuple[tuple[type[Any], FieldKind], ...] = (
    (columns.BooleanField, FieldKind.BOOLEAN),
    (columns.BigIntField, FieldKind.BIGINT),
    (columns.IntField, FieldKind.INTEGER),
    (columns.SmallIntField, FieldKind.INTEGER),
    (columns.FloatField, FieldKind.FLOAT),
    (columns.DecimalField, FieldKind.DECIMAL),
    (columns.DatetimeField, FieldKind.DATETIME),
    (columns.DateField, FieldKind.DATE),
    (columns.TimeField, FieldKind.TIME),
    (columns.TimeDeltaField, FieldKind.DURATION),
    (columns.UUIDField, FieldKind.UUID),
    (columns.JSONField, FieldKind.JSON),
    (columns.BinaryField, FieldKind.BINARY),
    (columns.CharField, FieldKind.STRING),
    (columns.TextField, FieldKind.STRING),
)


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

    @property
    def type_name(self) -> str:
        return self.model.__name__

    @property
    def readable(self) -> tuple[Field, ...]:
        return tuple(field for field in self.fields.values() if not field.secret)

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


class Collections(Mapping[str, Collection]):
    """Every collection by its name on the wire, which is the table's name.

    `narrowings` are for whoever narrows them: what was made of them for a role, by its name.
    """

    def __init__(self, members: Iterable[Collection]) -> None:
        self._members = {member.name: member for member in members}
        self.narrowings: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Collection:
        return self._members[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)


def read_collections(data: Iterable[type[Model]], system: Iterable[type[Model]]) -> Collections:
    """Read the metadata of initialised models; `system` are those of the service's own tables that are served.

    Raises `StartError` where two names collide, and for what cannot be served. Relations to models that are in neither
    are left out, and so are those whose key is in a secret column.
    """
    data, system = list(data), list(system)
    models = [*data, *system]
    names: dict[str, type[Model]] = {}
    for model in models:
        table = model._meta.db_table
        if table in names:
            raise StartError(
                f"Models {names[table].__name__} and {model.__name__} both use the table '{table}': rename one of them."
            )
        names[table] = model
    return Collections(_read(model, models, model in system) for model in models)


def _read(model: type[Model], models: list[type[Model]], system: bool) -> Collection:
    meta = model._meta
    refuse_collisions(model)
    secret = secret_columns(model)
    relations = {
        relation.name: relation
        for attribute, field in meta.fields_map.items()
        if isinstance(field, RelationalField) and field.related_model in models and not is_secret(model, field)
        for relation in [_relation(model, attribute, field)]
    }
    fields = {
        field.name: field
        for attribute, column in meta.fields_map.items()
        if not isinstance(column, RelationalField) and attribute != "pk"
        for field in [_field(model, attribute, column, attribute in secret)]
    }
    for field in fields.values():
        if field.secret and field.required and not system:
            raise StartError(
                f"{model.__name__}.{field.attribute} is secret, so no caller can give it, but a record needs it: "
                "give it a default or null=True."
            )
    by_attribute = {field.attribute: field for field in fields.values()}
    return Collection(
        name=meta.db_table,
        model=model,
        key=by_attribute[meta.pk_attr],
        fields=fields,
        relations=relations,
        acting_user=_acting_user(model, relations),
        referrers=tuple(_referrers(model, models)),
        system=system,
        description=_first_line(model.__doc__),
    )


def _acting_user(model: type[Model], relations: Mapping[str, Relation]) -> Relation | None:
    named = getattr(getattr(model, "Bangpath", None), "acting_user", None)
    if named is None:
        return None
    for relation in relations.values():
        if relation.attribute == named and relation.column:
            return relation
    raise StartError(
        f"{model.__name__}.Bangpath.acting_user names '{named}', which is no foreign key to a collection: correct it."
    )


def _field(model: type[Model], attribute: str, column: Column[Any], secret: bool) -> Field:
    held = getattr(column, "reference", None)
    automatic = getattr(column, "auto_now", False) or getattr(column, "auto_now_add", False)
    optional = column.null or column.generated or automatic or column.default is not None or column.has_db_default()
    choices = column.enum_type if isinstance(column, CharEnumFieldInstance | IntEnumFieldInstance) else None
    return Field(
        name=wire_name(attribute),
        attribute=attribute,
        kind=_kind(model, attribute, column),
        null=column.null,
        required=not optional,
        writable=not (column.generated or automatic),
        secret=secret,
        key=attribute == model._meta.pk_attr,
        unique=column.unique or column.pk,
        column=column,
        choices=choices,
        relation=wire_name(held.model_field_name) if held else None,
        description=column.description,
    )


def _kind(model: type[Model], attribute: str, column: Column[Any]) -> FieldKind:
    for base, kind in _KINDS:
        if isinstance(column, base):
            return kind
    raise StartError(
        f"{model.__name__}.{attribute} is a {type(column).__name__}, which is not served: use another field type."
    )


def _relation(model: type[Model], attribute: str, field: RelationalField[Any]) -> Relation:
    kind = classify(field)
    refuse_unusable(model, attribute, field)
    unique = kind is RelationKind.MANY_TO_ONE and bool(field.unique)
    if unique:
        log.warning(
            "%s.%s is a ForeignKeyField(unique=True), which Tortoise gives no UNIQUE in the database; it counts as "
            "many-to-one. Declare a OneToOneField instead.",
            model.__name__,
            attribute,
        )
    return Relation(
        name=wire_name(attribute),
        attribute=attribute,
        kind=kind,
        target=field.related_model._meta.db_table,
        column=field.source_field if isinstance(field, ForeignKeyFieldInstance) else None,
        null=bool(field.null) or kind.to_many,
        unique=unique,
        field=field,
        description=field.description,
    )


def _referrers(model: type[Model], models: list[type[Model]]) -> Iterator[Referrer]:
    for other in models:
        for field in other._meta.fields_map.values():
            if isinstance(field, ForeignKeyFieldInstance) and field.related_model is model:
                assert field.source_field is not None, "Tortoise names the column when it is initialised"
                yield Referrer(other, field.source_field, str(field.on_delete))


def _first_line(text: str | None) -> str | None:
    return text.strip().splitlines()[0] if text and text.strip() else None

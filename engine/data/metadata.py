"""Tortoise's metadata of the models → the collections that are served; read once, at start."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tortoise import fields as columns
from tortoise.fields.base import Field as Column
from tortoise.fields.data import CharEnumFieldInstance, IntEnumFieldInstance
from tortoise.fields.relational import ForeignKeyFieldInstance, RelationalField
from tortoise.models import Model

from engine.data.collections import Collection, Collections, Field, FieldKind, Referrer, Relation
from engine.data.declarations import is_secret, refuse_collisions, refuse_unusable, secret_columns, wire_name
from engine.data.relations import RelationKind, classify
from engine.errors import StartError

log = logging.getLogger(__name__)

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

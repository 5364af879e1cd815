"""What a model says of itself to this service (`class Bangpath`), and what of a model cannot be served."""

import re
from typing import Any

from tortoise.fields.relational import BackwardFKRelation, ForeignKeyFieldInstance, RelationalField
from tortoise.models import Model

from engine.errors import StartError


def wire_name(attribute: str) -> str:
    """The name on the wire of a model's attribute.

    >>> wire_name("created_at"), wire_name("author_id"), wire_name("title")
    ('createdAt', 'authorId', 'title')
    """
    return re.sub(r"(?<=[^_])_+([a-zA-Z0-9])", lambda found: found.group(1).upper(), attribute)


def secret_columns(model: type[Model]) -> frozenset[str]:
    """The attributes of the columns that never leave."""
    secret = frozenset(getattr(getattr(model, "Bangpath", None), "secret", ()))
    meta = model._meta
    columns = {name for name, field in meta.fields_map.items() if not isinstance(field, RelationalField)}
    for name in sorted(secret):
        if name not in columns or name == meta.pk_attr:
            what = "the primary key" if name == meta.pk_attr else "not a column"
            raise StartError(f"{model.__name__}.Bangpath.secret names '{name}', which is {what}: correct it.")
    return secret


def is_secret(model: type[Model], field: RelationalField[Any]) -> bool:
    """Whether the key by which the relation is known is in a secret column, on either side."""
    if isinstance(field, ForeignKeyFieldInstance):
        return field.source_field in secret_columns(model)
    return isinstance(field, BackwardFKRelation) and field.relation_field in secret_columns(field.related_model)


def refuse_unusable(model: type[Model], attribute: str, field: RelationalField[Any]) -> None:
    """Raise `StartError` for a relation that cannot be written or read as the others are."""
    if not isinstance(field, ForeignKeyFieldInstance):
        return
    named, target = f"{model.__name__}.{attribute}", field.related_model
    if isinstance(model._meta.fields_map[str(field.source_field)], RelationalField):
        raise StartError(
            f"{named} leads to {target.__name__}, whose primary key is a one-to-one relation; Tortoise makes no column "
            f"for such a key: give {target.__name__} a primary key of its own."
        )
    if field.to_field != target._meta.pk_attr:
        raise StartError(
            f"{named} uses to_field='{field.to_field}', but records are linked by their primary key: leave it out."
        )


def refuse_collisions(model: type[Model]) -> None:
    """Raise `StartError` where two attributes have one name on the wire."""
    seen: dict[str, str] = {}
    for attribute in model._meta.fields_map:
        if attribute == "pk":
            continue
        if (other := seen.setdefault(wire_name(attribute), attribute)) != attribute:
            raise StartError(
                f"{model.__name__}.{other} and .{attribute} are both '{wire_name(attribute)}' outside: "
                "rename one of them."
            )

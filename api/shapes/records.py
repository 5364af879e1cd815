"""A collection → the schemas of its records: as they are answered, created, changed and nested."""

from api.shapes import columns
from api.shapes.components import Components, Schema, closed, nullable
from api.shapes.system import NEW, NEW_VALUES
from engine.data.collections import Collection, Field, FieldKind, Relation


def record(components: Components, resource: str) -> Schema:
    """A record as it leaves. Nothing is required: `fields` and `except` decide what is there, `appends` adds."""
    collection = components.collections[resource]
    return components.ref_of(collection, "", lambda: _record(components, collection))


def new(components: Components, resource: str) -> Schema:
    """The values of one new record."""
    collection = components.collections[resource]
    return components.ref_of(collection, "create", lambda: NEW.get(resource, _new)(components, resource))


def one_or_many_new(components: Components, resource: str) -> Schema:
    """The values of a new record, or of several."""
    one = new(components, resource)
    return {"anyOf": [one, {"type": "array", "items": one}]}


def changes(components: Components, resource: str) -> Schema:
    """New values for records that are there."""
    collection = components.collections[resource]
    return components.ref_of(collection, "update", lambda: NEW_VALUES.get(resource, _changes)(components, resource))


def key(components: Components, resource: str) -> Schema:
    """What names a record."""
    return columns.key_of(components.collections[resource].key)


def keys(components: Components, resource: str) -> Schema:
    """Keys of records to link or unlink: a list, one alone, or a list in `values`."""
    one = key(components, resource)
    several = {"type": "array", "items": one}
    return {"anyOf": [several, one, closed({"values": several})]}


def _record(components: Components, collection: Collection) -> Schema:
    shown = {field.name: columns.answered(field) for field in collection.readable}
    related = {
        relation.name: _described(relation, _related(components, relation))
        for relation in _seen(components, collection)
    }
    return closed({**shown, **related}, **_about(collection))


def _related(components: Components, relation: Relation) -> Schema:
    target = record(components, relation.target)
    return {"type": "array", "items": target} if relation.kind.to_many else nullable(target)


def _new(components: Components, resource: str) -> Schema:
    collection = components.collections[resource]
    written = [field for field in collection.readable if field.writable]
    required = [field for field in written if field.required and not _is_filled(collection, field)]
    return closed(
        {**_columns(written), **_relations(components, collection)},
        *(field.name for field in required if not field.relation),
        **_either(required),
        description=f"A new record of {collection.name}.",
        examples=[{field.name: columns.example(field) for field in required or _texts(written)[:1]}],
    )


def _changes(components: Components, resource: str) -> Schema:
    collection = components.collections[resource]
    written = [field for field in collection.readable if field.writable and not field.key]
    return closed(
        {**_columns(written), **_relations(components, collection)},
        description=f"New values for records of {collection.name}.",
    )


def _nested(components: Components, collection: Collection) -> Schema:
    """A record in another one's values. With a key it is linked, so nothing is required."""
    written = [field for field in collection.readable if field.writable or field.key]
    return closed(
        {**_columns(written), **_relations(components, collection)},
        description=f"A record of {collection.name} to link, when it has a key, or else to create.",
    )


def _relations(components: Components, collection: Collection) -> dict[str, Schema]:
    return {
        relation.name: _described(relation, _linked(components, relation)) for relation in _seen(components, collection)
    }


def _linked(components: Components, relation: Relation) -> Schema:
    """One record or several, each by its key alone or by an object."""
    target = components.collections[relation.target]
    by_key = key(components, relation.target)
    if target.system:
        # What the service itself has is linked, and never written through another record.
        whole = components.ref_of(
            target, "link", lambda: closed({target.key.name: by_key}, target.key.name, description="A record to link.")
        )
    else:
        whole = components.ref_of(target, "nested", lambda: _nested(components, target))
    either: Schema = {"anyOf": [whole, by_key]}
    if relation.kind.to_many:
        return {"type": "array", "items": either}
    return {"anyOf": [*either["anyOf"], {"type": "null"}]} if relation.null else either


def _columns(fields: list[Field]) -> dict[str, Schema]:
    return {field.name: columns.taken(field) for field in fields}


def _texts(fields: list[Field]) -> list[Field]:
    return [field for field in fields if field.kind is FieldKind.STRING]


def _is_filled(collection: Collection, field: Field) -> bool:
    return collection.acting_user is not None and collection.acting_user.column == field.attribute


def _either(required: list[Field]) -> Schema:
    """For each key of another record that cannot be done without: the key itself, or the relation."""
    pairs = [[field.name, field.relation] for field in required if field.relation]
    return {"allOf": [{"oneOf": [{"required": [name]} for name in pair]} for pair in pairs]} if pairs else {}


def _seen(components: Components, collection: Collection) -> list[Relation]:
    return [relation for relation in collection.relations.values() if components.sees(relation.target)]


def _described(relation: Relation, schema: Schema) -> Schema:
    return {**schema, "description": relation.description} if relation.description else schema


def _about(collection: Collection) -> Schema:
    return {"description": collection.description} if collection.description else {}

"""A collection → the schema of filters over it: its columns with the operators that fit them, its relations."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import assert_never

from api.shapes.columns import KINDS
from api.shapes.components import Components, Schema, closed
from engine.data.collections import Collection, FieldKind
from engine.data.operators import MAX_ITEMS, MAX_TEXT, OPERATORS, Operator, Takes

_FLAG: Schema = {"type": "boolean"}
_TEXT: Schema = {"type": "string", "maxLength": MAX_TEXT}
# A day, a month, a quarter, a year, or an instant.
_PERIOD: Schema = {"type": "string", "examples": ["2026-05-03", "2026-05", "2026Q2", "2026"]}

_RELATED: Mapping[str, Schema] = MappingProxyType({"$exists": _FLAG, "$notExists": _FLAG})


def filter_of(components: Components, resource: str) -> Schema:
    """A filter over a collection."""
    collection = components.collections[resource]
    return components.ref_of(collection, "filter", lambda: _filter(components, collection))


def _filter(components: Components, collection: Collection) -> Schema:
    mine = filter_of(components, collection.name)
    several: Schema = {"type": "array", "items": mine, "minItems": 1, "maxItems": MAX_ITEMS}
    columns = {field.name: _condition(components, field.kind) for field in collection.readable}
    relations = {
        relation.name: {"anyOf": [_over(components, relation.target), {"type": "null"}]}
        for relation in collection.relations.values()
        if components.sees(relation.target)
    }
    return closed(
        {"$and": several, "$or": several, "$not": mine, **columns, **relations},
        patternProperties={r"^[^.$]+\.": {"description": "A path: category.title.$includes"}},
        description=f"Which records of {collection.name}. Every member has to hold.",
    )


def _over(components: Components, target: str) -> Schema:
    """A filter over what a relation leads to, which may also ask whether there is anything."""
    return {"anyOf": [filter_of(components, target), closed(dict(_RELATED))]}


def _condition(components: Components, kind: FieldKind) -> Schema:
    return components.ref(f"Filter.{kind}", lambda: _made(kind))


def _made(kind: FieldKind) -> Schema:
    """What a column has to be: a value, one of several, null, or whatever the operators say together."""
    operators = {name: _operand(operator, kind) for name, operator in OPERATORS.items() if kind in operator.kinds}
    asked = closed(operators, minProperties=1)
    null: Schema = {"type": "null"}
    if kind not in OPERATORS["$eq"].kinds:
        return {"anyOf": [asked, null]}
    value = KINDS[kind]
    return {"anyOf": [asked, value, {"type": "array", "items": value, "maxItems": MAX_ITEMS}, null]}


def _operand(operator: Operator, kind: FieldKind) -> Schema:
    value = KINDS[kind]
    match operator.takes:
        case Takes.VALUE:
            return value
        case Takes.VALUES:
            return {"type": "array", "items": value, "maxItems": MAX_ITEMS}
        case Takes.PAIR:
            return {"type": "array", "items": value, "minItems": 2, "maxItems": 2}
        case Takes.TEXTS:
            return {"anyOf": [_TEXT, {"type": "array", "items": _TEXT, "maxItems": MAX_ITEMS}]}
        case Takes.FLAG:
            return _FLAG
        case Takes.PERIOD:
            return _PERIOD
        case Takes.PERIODS:
            return {"anyOf": [_PERIOD, {"type": "array", "items": _PERIOD, "minItems": 2, "maxItems": 2}]}
        case _:
            assert_never(operator.takes)

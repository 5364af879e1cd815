"""A column → the JSON schemas of its values: as they are answered, and as they are taken."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tortoise.fields.data import SmallIntField
from tortoise.validators import MaxLengthValidator, MaxValueValidator, MinLengthValidator, MinValueValidator

from api.shapes.components import Schema, nullable
from engine.data.collections import Field, FieldKind
from engine.data.values import INTEGER_BITS, LONGEST, SAFE_INTEGER

_DAY = {"type": "string", "format": "date"}
_INSTANT = {"type": "string", "format": "date-time"}
_TEXT = {"type": "string"}
# Beyond what a double counts one by one, an integer is told as text.
_WIDE = {"type": ["integer", "string"], "pattern": r"^-?\d{1,19}$"}

KINDS: Mapping[FieldKind, Schema] = MappingProxyType(
    {
        FieldKind.STRING: _TEXT,
        FieldKind.INTEGER: {"type": "integer", "format": "int32"},
        FieldKind.BIGINT: _WIDE,
        FieldKind.FLOAT: {"type": "number", "format": "double"},
        FieldKind.DECIMAL: {"type": "string", "pattern": r"^-?\d+(\.\d+)?$", "examples": ["9.90"]},
        FieldKind.BOOLEAN: {"type": "boolean"},
        FieldKind.DATETIME: _INSTANT,
        FieldKind.DATE: _DAY,
        # Not the format `time`, which wants an offset.
        FieldKind.TIME: {"type": "string", "pattern": r"^\d\d:\d\d:\d\d(\.\d{1,6})?$", "examples": ["10:00:00"]},
        FieldKind.DURATION: {"type": "number", "description": "Seconds"},
        FieldKind.UUID: {"type": "string", "format": "uuid"},
        FieldKind.JSON: {},
        FieldKind.BINARY: {"type": "string", "contentEncoding": "base64"},
    }
)
"""By kind, the values that leave. None of them is null."""

_EXAMPLES: Mapping[FieldKind, Any] = MappingProxyType(
    {
        FieldKind.INTEGER: 1,
        FieldKind.BIGINT: 1,
        FieldKind.FLOAT: 1.5,
        FieldKind.DECIMAL: "9.90",
        FieldKind.BOOLEAN: True,
        FieldKind.DATETIME: "2026-05-03T10:00:00.000Z",
        FieldKind.DATE: "2026-05-03",
        FieldKind.TIME: "10:00:00",
        FieldKind.DURATION: 60,
        FieldKind.UUID: "0191e2a0-8d1c-7a41-b6f5-6f0e5a1c2d3e",
        FieldKind.JSON: {},
        FieldKind.BINARY: "IQ==",
    }
)

_BOUNDS: Mapping[type[Any], tuple[str, str]] = MappingProxyType(
    {
        MaxLengthValidator: ("maxLength", "max_length"),
        MinLengthValidator: ("minLength", "min_length"),
        MinValueValidator: ("minimum", "min_value"),
        MaxValueValidator: ("maximum", "max_value"),
    }
)


def answered(field: Field) -> Schema:
    """The values of a column in answers. Lengths and bounds are not said: rows may be older than they are."""
    return _described(field, _maybe_null(field, value_of(field)))


def taken(field: Field) -> Schema:
    """The values that a write may give a column, in the form to prefer.

    Numbers and booleans may also come as their text, which is not said: forms have nothing else, and no program
    should begin with it.
    """
    return _described(field, _maybe_null(field, {**value_of(field), **_limits(field)}))


def key_of(field: Field) -> Schema:
    """The values that name a record."""
    least: Schema = {"minLength": 1} if field.kind is FieldKind.STRING else {}
    return {**value_of(field), **_limits(field), **least}


def value_of(field: Field) -> Schema:
    """The values of a column but null."""
    if field.choices is None:
        return KINDS[field.kind]
    return {"type": KINDS[field.kind]["type"], "enum": [choice.value for choice in field.choices]}


def example(field: Field) -> Any:
    """A value that a write may give a column, to begin with."""
    if field.choices:
        return next(iter(field.choices)).value
    return field.name if field.kind is FieldKind.STRING else _EXAMPLES[field.kind]


def _maybe_null(field: Field, schema: Schema) -> Schema:
    return nullable(schema) if field.null else schema


def _described(field: Field, schema: Schema) -> Schema:
    return {**schema, "description": field.description} if field.description else schema


def _limits(field: Field) -> Schema:
    if field.choices:
        return {}
    return {**_range(field), **_validated(field)}


def _range(field: Field) -> Schema:
    match field.kind:
        case FieldKind.INTEGER:
            bits = 16 if isinstance(field.column, SmallIntField) else INTEGER_BITS[field.kind]
            return {"minimum": -(2 ** (bits - 1)), "maximum": 2 ** (bits - 1) - 1}
        case FieldKind.BIGINT:
            # A program that has more than these has them as text.
            return {"minimum": -SAFE_INTEGER, "maximum": SAFE_INTEGER}
        case FieldKind.DURATION:
            return {"minimum": -LONGEST.total_seconds(), "maximum": LONGEST.total_seconds()}
        case FieldKind.DECIMAL:
            places, digits = (int(getattr(field.column, name, 0)) for name in ("decimal_places", "max_digits"))
            return {"pattern": rf"^-?\d{{1,{max(digits - places, 1)}}}(\.\d{{1,{places}}})?$"}
        case _:
            return {}


def _validated(field: Field) -> Schema:
    """What the validators that Tortoise gives a column by itself say; others may refuse more."""
    bounds = [
        (validator, *_BOUNDS[type(validator)]) for validator in field.column.validators if type(validator) in _BOUNDS
    ]
    return {keyword: getattr(validator, attribute) for validator, keyword, attribute in bounds}

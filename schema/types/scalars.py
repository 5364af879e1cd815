"""The scalars of the schema: values as they are on the wire, in both directions."""

from typing import Any, NewType

import strawberry
from strawberry.types.scalar import ScalarDefinition

from engine.data.collections import Field, FieldKind

BigInt = NewType("BigInt", str)
Decimal = NewType("Decimal", str)
DateTime = NewType("DateTime", str)
Date = NewType("Date", str)
Time = NewType("Time", str)
UUID = NewType("UUID", str)
DatePeriod = NewType("DatePeriod", str)
JSON = NewType("JSON", object)


def _unchanged(value: Any) -> Any:
    return value


def _scalar(name: str, description: str, write: Any = _unchanged) -> ScalarDefinition:
    # Input is handed on as it came: the resolver both doors share parses it, so both tell the same BAD_VALUE.
    return strawberry.scalar(name=name, description=description, serialize=write, parse_value=_unchanged)


# Records carry wire values: Strawberry's own scalars, which write Python's datetimes and decimals, do not fit.
SCALARS: dict[object, ScalarDefinition] = {
    BigInt: _scalar("BigInt", "An integer of 64 bits, as text.", str),
    Decimal: _scalar("Decimal", "A decimal number, as text.", str),
    DateTime: _scalar("DateTime", "A moment, ISO 8601 in UTC with milliseconds: `2026-05-03T10:00:00.000Z`."),
    Date: _scalar("Date", "A day: `2026-05-03`."),
    Time: _scalar("Time", "A time of day: `10:00:00`."),
    UUID: _scalar("UUID", "A universally unique identifier."),
    DatePeriod: _scalar(
        "DatePeriod",
        "A day `2024-05-03`, month `2024-05`, quarter `2024Q2`, week `2024W18`, year `2024`, time, or range of these "
        "`[2024-05,2024-07)`, in the time zone of the header `X-Timezone`.",
    ),
    JSON: _scalar("JSON", "Any JSON value."),
}

_TYPES: dict[FieldKind, Any] = {
    FieldKind.STRING: str,
    FieldKind.INTEGER: int,
    FieldKind.BIGINT: BigInt,
    FieldKind.FLOAT: float,
    FieldKind.DECIMAL: Decimal,
    FieldKind.BOOLEAN: bool,
    FieldKind.DATETIME: DateTime,
    FieldKind.DATE: Date,
    FieldKind.TIME: Time,
    FieldKind.DURATION: float,
    FieldKind.UUID: UUID,
    FieldKind.JSON: JSON,
    FieldKind.BINARY: str,
}


def scalar_of(field: Field) -> Any:
    """The type of a column without choices. Keys, the record's own or another's, are always `ID`."""
    return strawberry.ID if is_key(field) else _TYPES[field.kind]


def is_key(field: Field) -> bool:
    """Whether the column holds a record's key."""
    return field.key or field.relation is not None

"""JSON values ⇄ the Python values of a column, for every kind of column."""

import base64
import binascii
import enum
import json
import math
import re
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from functools import cache, partial
from types import MappingProxyType
from typing import Any

from tortoise.exceptions import ValidationError
from tortoise.fields.base import Field as Column
from tortoise.fields.data import JSON_DUMPS, SmallIntField

from engine.data.collections import Field, FieldKind

SAFE_INTEGER = 2**53
INTEGER_BITS = {FieldKind.INTEGER: 32, FieldKind.BIGINT: 64}
# Kept as microseconds, and told as seconds without a loss only as far as a double counts those one by one.
_SAID_AS_IT_IS = (FieldKind.STRING, FieldKind.INTEGER, FieldKind.FLOAT, FieldKind.BOOLEAN)
LONGEST = timedelta(microseconds=SAFE_INTEGER)
NESTING = 100
"""So many brackets inside of each other are too many, in a value as in a request's body; orjson would write 250."""
_NO_JSON = f"must be JSON, with integers of at most 64 bits and nested less than {NESTING} deep"
_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_NUMBER = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,3})?")


def parse(field: Field, value: Any) -> Any:
    """The column's Python value for a JSON value that is not null.

    Numbers and booleans may also come as their text, since query strings and forms have nothing else.
    Raises `ValueError` with a sentence that can follow the field's name ("must be …").
    """
    parsed = _PARSERS[field.kind](value)
    if field.kind in INTEGER_BITS and not field.choices:
        _fit(field, parsed)
    if field.choices:
        return _choose(field.choices, parsed)
    for validator in field.column.validators:
        _validate(validator, parsed)
    if field.kind is FieldKind.DECIMAL:
        _fit_decimal(field, parsed)
    return parsed


def render(value: Any) -> Any:
    """The JSON value of a column's Python value: UTC with milliseconds, decimals and wide integers as text."""
    return _renderer(value.__class__)(value)


def reads(field: Field, *, native: bool) -> Callable[[Any], Any] | None:
    """What makes the JSON value of a column's value, not null, as the driver gives it; None where it is that already.

    `native` is whether Tortoise would take it as it is.
    """
    if native and field.kind in _SAID_AS_IT_IS and not field.choices:
        return None
    if field.kind is FieldKind.DATETIME:
        return partial(_read_datetime, field.column)
    if native:
        return render
    return lambda value: render(field.column.to_python_value(value))


def json_text(value: Any) -> str | None:
    """What to put on a row for a JSON column's value, after the row was made.

    Tortoise takes text for JSON that is already written, so a value that is a text itself could not be stored.
    """
    return None if value is None else json.dumps(value, ensure_ascii=False)


def _fit(field: Field, value: int) -> None:
    bits = 16 if isinstance(field.column, SmallIntField) else INTEGER_BITS[field.kind]
    if not -(2 ** (bits - 1)) <= value < 2 ** (bits - 1):
        raise ValueError(f"must be an integer of at most {bits} bits")


def _fit_decimal(field: Field, value: Decimal) -> None:
    places = int(getattr(field.column, "decimal_places", 0))
    digits = int(getattr(field.column, "max_digits", 0))
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int), "only finite decimals are parsed"
    if -exponent > places or len(value.as_tuple().digits) + exponent > digits - places:
        raise ValueError(f"must have at most {digits} digits, {places} of them behind the point")


def _choose(choices: type[enum.Enum], value: Any) -> enum.Enum:
    try:
        return choices(value)
    except ValueError:
        raise ValueError(f"must be one of {', '.join(str(choice.value) for choice in choices)}") from None


def _validate(validator: Callable[[Any], Any], value: Any) -> None:
    try:
        validator(value)
    except ValidationError as error:
        raise ValueError(f"is not valid: {error}") from None


def parse_text(value: Any) -> str:
    """Any text that a database can keep."""
    if not isinstance(value, str):
        raise ValueError("must be a string")
    refuse_unstorable(value)
    return value


def refuse_unstorable(value: str) -> None:
    """Raise `ValueError` for text that a database cannot keep."""
    if "\x00" in value:
        raise ValueError("must not contain the character U+0000")
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError("must not contain lone surrogates")


def _integer(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    raise ValueError("must be an integer")


def _float(value: Any) -> float:
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = float(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e308 and math.isfinite(value):
        return float(value)
    raise ValueError("must be a finite number")


def _decimal(value: Any) -> Decimal:
    try:
        # An integer of thousands of digits has no text.
        text = value if isinstance(value, str) else repr(value)
        if isinstance(value, str | int | float) and not isinstance(value, bool) and _NUMBER.fullmatch(text):
            return Decimal(text)
    except (ValueError, InvalidOperation):
        pass  # refused below, with all the rest
    raise ValueError("must be a decimal number, best as text")


def parse_boolean(value: Any) -> bool:
    """True or false, or their text."""
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return bool(value == "true")
    raise ValueError("must be true or false")


def _datetime(value: Any) -> datetime:
    try:
        parsed = datetime.fromisoformat(parse_text(value))
        parsed = parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("must be a time such as 2026-05-03T10:00:00.000Z") from None
    return parsed.replace(microsecond=parsed.microsecond // 1000 * 1000)


def _date(value: Any) -> date:
    try:
        return date.fromisoformat(parse_text(value))
    except ValueError:
        raise ValueError("must be a day such as 2026-05-03") from None


def _time(value: Any) -> time:
    try:
        parsed = time.fromisoformat(parse_text(value))
    except ValueError:
        raise ValueError("must be a time of day such as 10:00:00") from None
    if parsed.utcoffset():
        raise ValueError("must be a time of day in UTC: what another zone makes of it depends on the day")
    return parsed.replace(tzinfo=UTC)


def _duration(value: Any) -> timedelta:
    try:
        parsed = timedelta(seconds=_float(value))
    except (ValueError, OverflowError):
        raise ValueError("must be a number of seconds") from None
    if abs(parsed) > LONGEST:
        raise ValueError(f"must be at most {LONGEST.days} days, in seconds")
    return parsed


def _uuid(value: Any) -> uuid.UUID:
    try:
        return uuid.UUID(parse_text(value))
    except ValueError:
        raise ValueError("must be a uuid") from None


def parse_json(value: Any) -> Any:
    """Any JSON value that a database can keep, at every depth."""
    try:
        JSON_DUMPS(value)
    except (TypeError, ValueError, RecursionError):
        raise ValueError(_NO_JSON) from None
    _refuse_inside(value, 1)
    return value


def _refuse_inside(value: Any, depth: int) -> None:
    if depth == NESTING and isinstance(value, dict | list | tuple):
        raise ValueError(_NO_JSON)
    if isinstance(value, str):
        refuse_unstorable(value)
    elif isinstance(value, dict):
        for name, member in value.items():
            refuse_unstorable(name)
            _refuse_inside(member, depth + 1)
    elif isinstance(value, list | tuple):
        for item in value:
            _refuse_inside(item, depth + 1)
    elif isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise ValueError("must have integers of at most 64 bits with their sign")


def _binary(value: Any) -> bytes:
    try:
        return base64.b64decode(parse_text(value), validate=True)
    except (ValueError, binascii.Error):
        raise ValueError("must be base64 text") from None


_PARSERS: Mapping[FieldKind, Callable[[Any], Any]] = MappingProxyType(
    {
        FieldKind.STRING: parse_text,
        FieldKind.INTEGER: _integer,
        FieldKind.BIGINT: _integer,
        FieldKind.FLOAT: _float,
        FieldKind.DECIMAL: _decimal,
        FieldKind.BOOLEAN: parse_boolean,
        FieldKind.DATETIME: _datetime,
        FieldKind.DATE: _date,
        FieldKind.TIME: _time,
        FieldKind.DURATION: _duration,
        FieldKind.UUID: _uuid,
        FieldKind.JSON: parse_json,
        FieldKind.BINARY: _binary,
    }
)


def _render_datetime(value: datetime) -> str:
    aware = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return aware.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _read_datetime(column: Column[Any], value: Any) -> str:
    # SQLite keeps text. Python reads it much faster than Tortoise does, as long as it is spelt as Tortoise spells it.
    with suppress(ValueError):
        value = datetime.fromisoformat(value) if isinstance(value, str) else value
    in_utc = isinstance(value, datetime) and value.tzinfo is UTC
    return _render_datetime(value if in_utc else column.to_python_value(value))


@cache
def _renderer(kind: type) -> Callable[[Any], Any]:
    return next((write for known, write in _RENDERERS if issubclass(kind, known)), _as_it_is)


def _as_it_is(value: Any) -> Any:
    return value


# In this order: an enum may also be text, a boolean is an integer, a datetime is a date.
_RENDERERS: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (enum.Enum, lambda value: value.value),
    (bool, _as_it_is),
    (str, _as_it_is),
    (int, lambda value: value if abs(value) <= SAFE_INTEGER else str(value)),
    (datetime, _render_datetime),
    (date, date.isoformat),
    (time, lambda value: value.replace(tzinfo=None).isoformat()),
    (timedelta, timedelta.total_seconds),
    (Decimal, lambda value: format(value, "f")),
    (uuid.UUID, str),
    (bytes, lambda value: base64.b64encode(value).decode()),
)

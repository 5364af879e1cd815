"""JSON values ⇄ Python values, for every kind of column of two modules of models."""

import math
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tortoise import fields
from tortoise.models import Model

from engine.data import values
from engine.data.collections import Field, FieldKind
from engine.data.metadata import read_collections
from tests.shop import Grade, Size


class Column(Model):
    """One column of every kind, for reading alone."""

    id = fields.IntField(primary_key=True)
    string = fields.TextField()
    short = fields.CharField(3)
    integer = fields.IntField()
    small = fields.SmallIntField()
    bigint = fields.BigIntField()
    float = fields.FloatField()
    decimal = fields.DecimalField(max_digits=12, decimal_places=3)
    boolean = fields.BooleanField()
    datetime = fields.DatetimeField()
    date = fields.DateField()
    time = fields.TimeField()
    duration = fields.TimeDeltaField()
    uuid = fields.UUIDField()
    json: Any = fields.JSONField()
    binary = fields.BinaryField()
    size = fields.CharEnumField(Size)
    grade = fields.IntEnumField(Grade)

    class Meta:
        table = "columns"


COLUMNS = read_collections([Column], [])["columns"].fields

STORABLE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
PYTHON: dict[str, st.SearchStrategy[Any]] = {
    "string": STORABLE,
    "short": st.text("aé😀", max_size=3),
    "integer": st.integers(-(2**31), 2**31 - 1),
    "small": st.integers(-(2**15), 2**15 - 1),
    "bigint": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(-1e300, 1e300),
    "decimal": st.decimals(-999999999, 999999999, places=3),
    "boolean": st.booleans(),
    "datetime": st.datetimes(timezones=st.just(UTC)).map(lambda moment: _whole(moment)),
    "date": st.dates(),
    "time": st.times(timezones=st.just(UTC)),
    "duration": st.timedeltas(timedelta(days=-36500), timedelta(days=36500)).map(lambda span: _milliseconds(span)),
    "uuid": st.uuids(),
    "binary": st.binary(max_size=20),
    "size": st.sampled_from(Size),
    "grade": st.sampled_from(Grade),
}


def _whole(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _milliseconds(span: timedelta) -> timedelta:
    return timedelta(milliseconds=span // timedelta(milliseconds=1))


@given(st.data())
@pytest.mark.parametrize("name", sorted(PYTHON))
def test_what_is_shown_is_read_as_what_it_was(name: str, data: st.DataObject):
    value = data.draw(PYTHON[name])

    assert value == values.parse(COLUMNS[name], values.render(value))


@given(st.datetimes(timezones=st.timezones()))
def test_moments_are_shown_in_utc_with_milliseconds(moment: datetime):
    try:
        utc = moment.astimezone(UTC)
    except OverflowError:  # the ends of time in some zones
        return
    shown = values.render(moment)

    assert shown == f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03}Z".zfill(24)
    assert _whole(utc) == values.parse(COLUMNS["datetime"], shown)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (2**53, 2**53),
        (2**53 + 1, "9007199254740993"),
        (-(2**53) - 1, "-9007199254740993"),
        (Decimal("1.50"), "1.50"),
        (Decimal("1E+3"), "1000"),
        (Decimal("1E-3"), "0.001"),
        (True, True),
        (timedelta(minutes=1, milliseconds=5), 60.005),
        (time(10, 0, tzinfo=UTC), "10:00:00"),
        (b"\xff", "/w=="),
        (Grade.HIGH, 2),
        (Size.SMALL, "very small"),
        (None, None),
        ({"a": [1, None]}, {"a": [1, None]}),
    ],
)
def test_values_are_shown_as_json(value, shown):
    assert (shown, type(shown)) == (values.render(value), type(values.render(value)))


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("integer", "-7", -7),
        ("integer", "+007", 7),
        ("bigint", "9223372036854775807", 2**63 - 1),
        ("float", "1e3", 1000.0),
        ("float", 7, 7.0),
        ("decimal", 1.5, Decimal("1.5")),
        ("decimal", "1.5e3", Decimal("1500")),
        ("boolean", "true", True),
        ("boolean", "false", False),
        ("datetime", "2026-05-03T12:00:00.1239+02:00", datetime(2026, 5, 3, 10, 0, 0, 123000, UTC)),
        ("datetime", "2026-05-03", datetime(2026, 5, 3, tzinfo=UTC)),
        ("time", "10:00", time(10, tzinfo=UTC)),
        ("time", "10:00:00Z", time(10, tzinfo=UTC)),
        ("duration", "1.5", timedelta(seconds=1.5)),
        ("grade", "2", Grade.HIGH),
    ],
)
def test_query_strings_and_forms_say_as_much(name, text, value):
    assert value == values.parse(COLUMNS[name], text)


REFUSED = {
    "string": [1, True, [], {}, "\x00", "a\ud800"],
    "short": ["abcd"],
    "integer": [2**31, -(2**31) - 1, 1.0, True, "", "1.0", "0x10", "1_000", "٣", " 1", "1e3", "9" * 20, 10**4000],
    "small": [2**15, -(2**15) - 1],
    "bigint": [2**63, -(2**63) - 1, "9223372036854775808"],
    "float": [math.nan, math.inf, "nan", "inf", "1e999", 1e308, 10**400, True, "", "1" * 41, [], "0x1p3"],
    "decimal": ["NaN", "Infinity", "1e999", "1e-999", "0e999", "1.0001", "1234567890", math.nan, True, [], "1,5"],
    "boolean": [1, 0, "1", "yes", "True", [], {}],
    "datetime": [0, "now", "2026-13-01", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "2026-05-03T25:00Z"],
    "date": ["2026-02-30", 20260503, "2026-05-03T00:00:00"],
    "time": ["25:00", "10:00+02:00", 10],
    "duration": [1e300, "1e999", 2**53, -(2.0**60), math.nan, "PT1H", True],
    "uuid": ["x", 7, "b0a1b0a1-0000-0000-0000-00000000000g"],
    "json": [{"a": 2**64}, "\ud800", ["\ud800"]],
    "binary": ["a", "a===", "é", "a b=", 7],
    "size": ["SMALL", "medium", 1, []],
    "grade": [3, "HIGH", 10**400],
}  # fmt: skip


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, listed in REFUSED.items() for value in listed])
def test_what_a_column_cannot_hold_is_refused_with_the_end_of_a_sentence(name, value):
    with pytest.raises(ValueError, match=r"^(must|is not valid)"):
        values.parse(COLUMNS[name], value)


@pytest.mark.parametrize("name", ["integer", "bigint", "float", "decimal", "grade", "duration"])
def test_an_integer_without_a_text_is_refused_like_any_other(name):
    with pytest.raises(ValueError, match=r"^must"):
        values.parse(COLUMNS[name], 10**5000)


def nested(depth: int) -> Any:
    value: Any = "x"
    for number in range(depth):
        value = [value] if number % 2 else {"in": value}
    return value


@pytest.mark.parametrize("depth", [values.NESTING, 300, 100_000])
def test_json_nested_deeper_than_a_body_is_refused(depth):
    """GraphQL writes values into its documents, and workflows put one into another."""
    assert nested(values.NESTING - 1) == values.parse(COLUMNS["json"], nested(values.NESTING - 1))
    with pytest.raises(ValueError, match="nested less than 100 deep"):
        values.parse(COLUMNS["json"], nested(depth))


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(sorted(COLUMNS)), ANYTHING.filter(lambda value: value is not None))
def test_whatever_comes_is_read_or_refused(name: str, value: Any):
    column: Field = COLUMNS[name]
    try:
        parsed = values.parse(column, value)
    except ValueError:
        return

    if column.kind is not FieldKind.JSON:
        assert values.parse(column, values.render(parsed)) == parsed


DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(-1e300, 1e300) | STORABLE,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(STORABLE, inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(document=DOCUMENTS)
@example(document=5.435901484647593e16)
async def test_a_json_document_comes_back_from_the_database_as_it_went(shop, document):
    """Text too, even where it looks like another document; a large float may come back as the integer it is."""
    products = shop["products"]
    await products.model.all().delete()
    product = products.model(sku="a", price=1)
    product.extras = values.json_text(document)
    await product.save()

    assert same(document, (await products.model.get(sku="a")).extras)


def same(sent: object, kept: object) -> bool:
    """Whether two documents are one: JSON has one kind of number, so a float may have become the integer it is."""
    if isinstance(sent, float):
        return isinstance(kept, int | float) and not isinstance(kept, bool) and sent == float(kept)
    if isinstance(sent, list):
        return isinstance(kept, list) and len(sent) == len(kept) and all(map(same, sent, kept))
    if isinstance(sent, dict):
        return (
            isinstance(kept, dict) and sent.keys() == kept.keys() and all(same(sent[name], kept[name]) for name in sent)
        )
    return type(sent) is type(kept) and sent == kept


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_values_come_back_from_the_database_as_they_were_shown(shop, data):
    products = shop["products"]
    drawn = {
        "sku": data.draw(STORABLE),
        "price": data.draw(st.decimals(-99999999, 99999999, places=2)),
        "weight": data.draw(PYTHON["float"]),
        "stock": data.draw(PYTHON["bigint"]),
        "size": data.draw(PYTHON["size"]),
        "grade": data.draw(PYTHON["grade"]),
        "launched": data.draw(PYTHON["date"]),
        "opens": data.draw(PYTHON["time"]),
        "lasts": data.draw(PYTHON["duration"]),
        "batch": data.draw(PYTHON["uuid"]),
        "picture": data.draw(PYTHON["binary"]),
    }
    shown = {name: values.render(value) for name, value in drawn.items()}
    await products.model.all().delete()
    await products.model.create(**{name: values.parse(products.fields[name], value) for name, value in shown.items()})
    (stored,) = await products.model.all()

    assert shown == {name: values.render(getattr(stored, name)) for name in drawn}

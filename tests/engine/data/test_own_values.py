"""A filter made from a record's own value, as its reader is shown it, finds the record; its opposite does not."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.data.operators import OPERATORS
from engine.data.values import render
from tests.engine.data.conftest import find
from tests.kinds import Grade, Size, Thing

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12),
    "whole": st.integers(-(2**31), 2**31 - 1),
    "big": st.integers(-(2**63), 2**63 - 1),
    "ratio": st.floats(allow_nan=False, allow_infinity=False, width=32),
    "amount": st.decimals(-9_999_999, 9_999_999, places=2),
    "flag": st.booleans(),
    # Not the very ends: whether a zone's day holds these depends on the zone.
    "moment": st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)),
    "day": st.dates(date(1, 1, 1), date(9999, 12, 31)),
    "clock": st.times().map(lambda value: value.replace(tzinfo=UTC)),
    "span": st.integers(-(10**12), 10**12).map(lambda milliseconds: timedelta(milliseconds=milliseconds)),
    "mark": st.uuids(),
    "size": st.sampled_from(Size),
    "grade": st.sampled_from(Grade),
}

# What finds a record by its own value, and its opposite.
FINDING: list[tuple[str, str, Callable[[Any], Any]]] = [
    ("$eq", "$ne", lambda own: own),
    ("$in", "$notIn", lambda own: [own]),
    ("$gte", "$lt", lambda own: own),
    ("$lte", "$gt", lambda own: own),
    ("$exists", "$notExists", lambda own: True),
    ("$includes", "$notIncludes", lambda own: own),
    ("$startsWith", "$notStartsWith", lambda own: own.upper()),
    ("$endWith", "$notEndWith", lambda own: own[1:]),
    ("$dateOn", "$dateNotOn", lambda own: own),
    ("$dateOn", "$dateNotOn", lambda own: own[:10]),
    ("$dateNotBefore", "$dateBefore", lambda own: own[:7]),
    ("$dateNotAfter", "$dateAfter", lambda own: own[:4]),
]


@pytest.mark.parametrize("column", VALUES)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_a_value_finds_its_record_and_its_opposite_finds_others(kinds, column, data):
    """Among the records of all examples before it, and some without any value."""
    value = data.draw(VALUES[column])
    row, _ = await Thing.create(**{column: value}), await Thing.create()
    things = kinds["things"]
    everything = await find(kinds, things, {})

    for operator, opposite, made in FINDING:
        if things.fields[column].kind not in OPERATORS[operator].kinds:
            continue
        own = made(render(value))
        found = await find(kinds, things, {column: {operator: own}})
        others = await find(kinds, things, {column: {opposite: own}})
        rest = await find(kinds, things, {"$not": {column: {operator: own}}})

        assert row.pk in found, operator
        assert row.pk not in others, opposite
        assert everything == sorted([*found, *rest]), operator

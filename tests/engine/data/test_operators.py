"""What each operator finds in columns of each kind, as a table: the same on every database."""

from typing import Any

import pytest

from engine.data.collections import Collection, Collections, FieldKind
from engine.data.filters import compile_filter
from engine.data.operators import OPERATORS
from engine.data.periods import parse_zone
from engine.data.values import json_text, parse
from tests.engine.data.conftest import find
from tests.kinds import Thing

ALL = [1, 2, 3, 4, 5]
LAST = "ffffffff-ffff-ffff-ffff-ffffffffffff"

# The values of rows 1 to 4, as a caller gives them. Row 5 has none.
ROWS: dict[str, tuple[Any, Any, Any, Any]] = {
    "text": ("Straße", "100%", "a_B\\c", ""),
    "whole": (-3, 0, 7, 2147483647),
    "big": (str(-(2**63)), 0, str(2**53 + 1), str(2**63 - 1)),
    "ratio": (-0.5, 0.0, 1e10, 0.1),
    "amount": ("-1.10", "0.00", "10.00", "99999999.99"),
    "flag": (False, True, True, False),
    "moment": ("2024-02-29T23:59:59.999Z", "2024-03-31T00:30:00Z", "2024-12-31T23:00:00Z", "2025-01-01T00:00:00Z"),
    "day": ("2024-02-29", "2024-03-31", "2024-12-31", "2025-01-01"),
    "clock": ("00:00:00", "10:00:00", "10:00:00.250000", "23:59:59.999999"),
    "span": (-1.5, 0, 90061.001, 1e6),
    "mark": ("00000000-0000-0000-0000-000000000000", "0000000a-0000-0000-0000-000000000000", LAST, "c" * 32),
    "size": ("small", "large", "small", "large"),
    "grade": (1, 2, 1, 2),
    "extras": ([], {}, "", {"a": []}),
    "picture": ("", "eA==", "eA==", "eA=="),
}

# Operator, value, the keys of the rows that are found.
Case = tuple[str, Any, list[int]]


def presence(empty: list[int]) -> list[Case]:
    return [
        ("$exists", True, [1, 2, 3, 4]),
        ("$exists", False, [5]),
        ("$notExists", True, [5]),
        ("$notExists", "false", [1, 2, 3, 4]),
        ("$empty", True, empty),
        ("$empty", False, [key for key in ALL if key not in empty]),
        ("$notEmpty", "true", [key for key in ALL if key not in empty]),
        ("$notEmpty", False, empty),
    ]


def comparisons(column: str, order: list[int]) -> list[Case]:
    """What holds for whatever can be compared with its own values; `order` has the rows from least to most."""
    low, lower, higher, high = order
    value = {key: ROWS[column][key - 1] for key in order}
    return [
        ("$eq", value[lower], [lower]),
        ("$eq", None, [5]),
        ("$ne", value[lower], sorted({*ALL} - {lower})),
        ("$ne", None, [1, 2, 3, 4]),
        ("$in", [value[low], value[high]], sorted([low, high])),
        ("$in", [], []),
        ("$notIn", [value[low], value[high]], sorted([lower, higher, 5])),
        ("$notIn", [], ALL),
        ("$gt", value[lower], sorted([higher, high])),
        ("$gte", value[lower], sorted([lower, higher, high])),
        ("$lt", value[higher], sorted([low, lower])),
        ("$lte", value[higher], sorted([low, lower, higher])),
        ("$between", [value[lower], value[higher]], sorted([lower, higher])),
        ("$between", [value[higher], value[lower]], []),
    ]


def of_choices(least: Any, most: Any) -> list[Case]:
    return [
        ("$eq", least, [1, 3]),
        ("$ne", least, [2, 4, 5]),
        ("$in", [least], [1, 3]),
        ("$notIn", [least], [2, 4, 5]),
        ("$gt", min(least, most), [1, 3] if most < least else [2, 4]),
        ("$gte", min(least, most), [1, 2, 3, 4]),
        ("$lt", min(least, most), []),
        ("$lte", max(least, most), [1, 2, 3, 4]),
        ("$between", [least, least], [1, 3]),
    ]


TEXTS: list[Case] = [
    ("$includes", "STRASSE", [1]),
    ("$includes", "aß", [1]),
    ("$includes", "%", [2]),
    ("$includes", "_", [3]),
    ("$includes", "\\", [3]),
    ("$includes", "", [1, 2, 3, 4]),
    ("$includes", ["0", "b\\"], [2, 3]),
    ("$includes", [], []),
    ("$notIncludes", "%", [1, 3, 4, 5]),
    ("$notIncludes", ["0", "b\\"], [1, 4, 5]),
    ("$startsWith", "sTRAß", [1]),
    ("$startsWith", "1_", []),
    ("$startsWith", ["A_", "1"], [2, 3]),
    ("$notStartsWith", "s", [2, 3, 4, 5]),
    ("$endWith", "E", [1]),
    ("$endWith", "0%", [2]),
    ("$endWith", "%", [2]),
    ("$endWith", ["\\C", "%"], [2, 3]),
    ("$notEndWith", "%", [1, 3, 4, 5]),
]

DATES: list[Case] = [
    ("$dateOn", "2024-02-29", [1]),
    ("$dateOn", "2024-12", [3]),
    ("$dateOn", "2024Q1", [1, 2]),
    ("$dateOn", "2024W10", []),
    ("$dateOn", "2025W01", [3, 4]),
    ("$dateOn", "2024", [1, 2, 3]),
    ("$dateOn", "9999", []),
    ("$dateOn", "0001", []),
    ("$dateOn", "[2024-02-29,2024-03-31)", [1]),
    ("$dateOn", "(2024-02,2024]", [2, 3]),
    ("$dateNotOn", "2024", [4, 5]),
    ("$dateBefore", "2024Q2", [1, 2]),
    ("$dateBefore", "2024-03-31", [1]),
    ("$dateNotBefore", "2024-03-31", [2, 3, 4, 5]),
    ("$dateAfter", "2024-03", [3, 4]),
    ("$dateAfter", "2024", [4]),
    ("$dateNotAfter", "2024-03", [1, 2, 5]),
    ("$dateBetween", ["2024-03", "2024-12-31"], [2, 3]),
    ("$dateBetween", ["2024Q2", "2024"], [3]),
    ("$dateBetween", ["2025", "2024"], []),
    ("$dateBetween", "[2024-02-29,2024-12)", [1, 2]),
]

INSTANTS: list[Case] = [
    ("$dateOn", "2024-02-29T23:59:59.999Z", [1]),
    ("$dateOn", "2024-12-31T23:00", [3]),
    ("$dateOn", "2025-01-01 00:00:00+01:00", [3]),
    ("$dateOn", "2025-01-01+01:00", [3, 4]),
    ("$dateBefore", "2024-03-31T00:30:00.000Z", [1]),
    ("$dateAfter", "2024-03-31T00:30:00.000Z", [3, 4]),
    ("$dateBetween", ["2024-03-31T00:30:00Z", "2024-12-31T23:00:00Z"], [2, 3]),
    ("$dateBetween", "(2024-03-31T00:30:00Z,2024-12-31T23:00:00Z]", [3]),
]

FLAGS: list[Case] = [
    ("$eq", True, [2, 3]),
    ("$eq", "false", [1, 4]),
    ("$ne", True, [1, 4, 5]),
    ("$in", [True, False], [1, 2, 3, 4]),
    ("$notIn", [True], [1, 4, 5]),
    ("$isTruly", True, [2, 3]),
    ("$isTruly", False, [1, 4, 5]),
    ("$isFalsy", True, [1, 4, 5]),
    ("$isFalsy", False, [2, 3]),
]

CASES: dict[str, list[Case]] = {
    "text": [*presence([4, 5]), *comparisons("text", [4, 2, 1, 3]), *TEXTS],
    "whole": [*presence([5]), *comparisons("whole", [1, 2, 3, 4])],
    "big": [*presence([5]), *comparisons("big", [1, 2, 3, 4])],
    "ratio": [*presence([5]), *comparisons("ratio", [1, 2, 4, 3])],
    "amount": [*presence([5]), *comparisons("amount", [1, 2, 3, 4])],
    "flag": [*presence([5]), *FLAGS],
    "moment": [*presence([5]), *comparisons("moment", [1, 2, 3, 4]), *DATES, *INSTANTS],
    "day": [*presence([5]), *comparisons("day", [1, 2, 3, 4]), *DATES],
    "clock": [*presence([5]), *comparisons("clock", [1, 2, 3, 4])],
    "span": [*presence([5]), *comparisons("span", [1, 2, 3, 4])],
    "mark": [*presence([5]), *comparisons("mark", [1, 2, 4, 3])],
    "size": [*presence([5]), *of_choices("small", "large")],
    "grade": [*presence([5]), *of_choices(1, 2)],
    "extras": presence([1, 2, 3, 5]),
    "picture": presence([5]),
}

# In Berlin the last hour of 2024 in UTC is 2025, and 31 March 2024 has 23 hours.
IN_BERLIN: list[tuple[str, str, Any, list[int]]] = [
    ("moment", "$dateOn", "2024", [1, 2]),
    ("moment", "$dateOn", "2025-01-01", [3, 4]),
    ("moment", "$dateOn", "2024-03-01", [1]),
    ("moment", "$dateOn", "2024-03-31", [2]),
    ("moment", "$dateBefore", "2024-03-31T01:30", [1]),
    ("moment", "$dateNotBefore", "2024-03-31T01:30", [2, 3, 4, 5]),
    ("moment", "$dateOn", "2025-01-01T00:00:00", [3]),
    ("moment", "$dateOn", "2024-12-31+00:00", [3]),
    ("day", "$dateOn", "2024", [1, 2, 3]),
    ("day", "$dateOn", "2024-12-31T23:30:00Z", [4]),
    ("day", "$dateAfter", "2024-12-31T22:59:59Z", [4]),
]


@pytest.fixture
async def things(kinds: Collections) -> Collections:
    """The rows of the table."""
    fields = kinds["things"].fields
    for index in range(4):
        given = {name: parse(fields[name], column[index]) for name, column in ROWS.items() if name != "extras"}
        row = Thing(**given)
        row.extras = json_text(ROWS["extras"][index])
        await row.save()
    await Thing.create()
    return kinds


@pytest.mark.parametrize("column", CASES)
async def test_operators_find_what_the_table_says(things, column):
    expected = {(operator, str(value)): keys for operator, value, keys in CASES[column]}

    found = {
        (operator, str(value)): await find(things, things["things"], {column: {operator: value}})
        for operator, value, _ in CASES[column]
    }

    assert expected == found


@pytest.mark.parametrize("column", CASES)
async def test_not_finds_exactly_the_other_rows(things, column):
    others = {(operator, str(value)): sorted({*ALL} - {*keys}) for operator, value, keys in CASES[column]}

    found = {
        (operator, str(value)): await find(things, things["things"], {"$not": {column: {operator: value}}})
        for operator, value, _ in CASES[column]
    }

    assert others == found


async def test_days_begin_in_the_zone_of_the_caller(things):
    zone = parse_zone("Europe/Berlin")
    expected = {(column, operator, value): keys for column, operator, value, keys in IN_BERLIN}

    found = {
        (column, operator, value): await find(things, things["things"], {column: {operator: value}}, zone)
        for column, operator, value, _ in IN_BERLIN
    }

    assert expected == found


@pytest.mark.parametrize("relation", ["parent", "children", "twin", "other", "friends", "admirers"])
async def test_a_relation_of_any_kind_exists_or_not(things, relation):
    first, second, *_ = await Thing.all().order_by("id")
    await Thing.filter(id=first.pk).update(parent_id=second.pk, twin_id=second.pk)
    await first.friends.add(second)
    having = [1] if relation in ("parent", "twin", "friends") else [2]
    lacking = [key for key in ALL if key not in having]

    assert having == await find(things, things["things"], {relation: {"$exists": True}})
    assert having == await find(things, things["things"], {f"{relation}.$notExists": False})
    assert lacking == await find(things, things["things"], {relation: {"$notExists": True}})
    assert lacking == await find(things, things["things"], {"$not": {f"{relation}.$exists": "true"}})
    assert lacking == await find(things, things["things"], {relation: None})
    assert [lacking] * 5 == [
        await find(things, things["things"], given)
        for given in (
            {relation: {"id": None}},
            {f"{relation}.id": {"$eq": None}},
            {f"{relation}.id.$exists": "false"},
            {relation: {"id": {"$notExists": True}}},
            {"$not": {relation: {"id": {"$ne": None}}}},
        )
    ]
    assert having == await find(things, things["things"], {"$not": {relation: {"id": None}}})
    assert [] == await find(things, things["things"], {relation: {"id": None, "$not": {"id": 99}}})
    assert having == await find(things, things["things"], {relation: {"$exists": True, "id": {"$lt": 3}}})
    assert [] == await find(things, things["things"], {relation: {"$exists": False, "id": {"$lt": 3}}})


async def test_an_operator_is_refused_where_it_does_not_fit(kinds):
    """And fits wherever the table has it."""
    collection: Collection = kinds["things"]
    fitting = {(column, operator) for column, cases in CASES.items() for operator, *_ in cases}

    refused = {
        (column, name)
        for column in CASES
        for name in OPERATORS
        if any("does not fit" in complaint.message for complaint in _complaints(kinds, column, name))
    }

    kinds = {column: collection.fields[column].kind for column in CASES}
    assert set(FieldKind) == set(kinds.values())
    # Choices are texts and numbers: what fits these is not refused, it only is of no use.
    unused = {(column, name) for column in ("size",) for name, *_ in TEXTS}
    assert {(column, name) for column in CASES for name in OPERATORS} - fitting - unused == refused


def _complaints(collections: Collections, column: str, operator: str) -> Any:
    return compile_filter(collections, collections["things"], {column: {operator: "x"}})[1]


@pytest.mark.parametrize(
    ("operator", "column", "value"),
    [
        ("$between", "whole", [1]),
        ("$between", "whole", [1, 2, 3]),
        ("$between", "whole", 1),
        ("$between", "whole", [1, None]),
        ("$between", "whole", {"0": 1, "1": 2}),
        ("$exists", "whole", None),
        ("$exists", "whole", "yes"),
        ("$empty", "text", 1),
        ("$notEmpty", "text", ""),
        ("$isTruly", "flag", "1"),
        ("$isFalsy", "flag", []),
        ("$includes", "text", None),
        ("$includes", "text", [None]),
        ("$includes", "text", 1),
        ("$startsWith", "text", {"a": "b"}),
        ("$endWith", "text", "x" * 1001),
        ("$includes", "text", ["x"] * 201),
        ("$dateOn", "moment", None),
        ("$dateOn", "moment", 2024),
        ("$dateOn", "moment", ["2024", "2025"]),
        ("$dateOn", "moment", {"type": "today"}),
        ("$dateOn", "day", "today"),
        ("$dateBetween", "day", ["2024"]),
        ("$dateBetween", "day", ["2024", None]),
        ("$dateBetween", "day", ["2024", "2025", "[)", "+08:00"]),
        ("$dateAfter", "day", "2024-02-30"),
    ],
)
async def test_a_value_of_another_form_is_refused_at_its_place(kinds, operator, column, value):
    _, found = compile_filter(kinds, kinds["things"], {column: {operator: value}})

    assert [("BAD_FILTER", ("filter", column, operator))] == [(each.code.value, each.path) for each in found]


@pytest.mark.parametrize("value", [None, "yes", 1, [], {}])
async def test_whether_a_relation_exists_is_true_or_false(kinds, value):
    _, (found,) = compile_filter(kinds, kinds["things"], {"parent": {"$exists": value}})

    assert ("filter", "parent", "$exists") == found.path
    assert "The value of $exists for 'parent' must be true or false." == found.message

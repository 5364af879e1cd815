"""Whatever filter the grammar allows finds what it says, worked out in Python beside the database."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.data import filters, values
from engine.data.collections import Collection, Collections, FieldKind
from engine.data.operators import OPERATORS, Takes
from schema.sample.models import Banner, Category, Comment, Post, Tag
from tests.engine.data.conftest import find

Row: TypeAlias = dict[str, Any]

# The database is only read, so examples may share it.
reading = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

TEXTS = ["", "a", "A", "%", "_", "\\", "100%", "ÄÖ", "äö", "Straße", "a_b", "2026", None]


EPOCH = datetime(2024, 1, 31, 23, 59, 59, 999_000, UTC)
PERIODS = ["2024", "2024-03", "2024-02-17", "2024Q1", "2024Q2", "2024-04-08T23:59:59Z", "2023-12"]

COLUMNS = ["title", "content", "name", "url", "readCount", "createdAt", "id"]
KINDS = {"readCount": FieldKind.INTEGER, "id": FieldKind.INTEGER, "createdAt": FieldKind.DATETIME}


@pytest.fixture
async def rows(sample: Collections) -> dict[str, list[Row]]:
    """Every collection's records with their relations as lists of records, and NULLs wherever they may be."""
    banners = [await Banner.create(url=url) for url in ("b", None)]
    categories = [
        await Category.create(title=title, banner=banner)
        for title, banner in (("a", banners[0]), ("ÄÖ", banners[1]), ("%", None), ("free", None))
    ]
    tags = [await Tag.create(name=name) for name in ("a", "100%", "unused")]
    for number, title in enumerate(text for text in TEXTS if text is not None):
        post = await Post.create(
            title=title,
            content=TEXTS[-number % len(TEXTS)],
            read_count=number - 3,
            category=categories[number] if number < 3 else None,
        )
        await Post.filter(id=post.pk).update(created_at=EPOCH + number * timedelta(days=17, microseconds=1500))
        await post.tags.add(*tags[: number % 3])
    first, second, *_ = await Post.all().order_by("id")
    for text, on in (("a", first), (None, first), ("äö", second), ("a", None)):
        await Comment.create(content=text, post=on)
    return await graph(sample)


async def graph(collections: Collections) -> dict[str, list[Row]]:
    held: dict[tuple[str, Any], Row] = {}
    loaded = {name: await collection.model.all() for name, collection in collections.items()}
    for name, collection in collections.items():
        for row in loaded[name]:
            held[name, row.pk] = {field.name: getattr(row, field.attribute) for field in collection.fields.values()}
    for name, collection in collections.items():
        for row in loaded[name]:
            for relation in collection.relations.values():
                await row.fetch_related(relation.attribute)
                found = getattr(row, relation.attribute)
                listed = list(found) if relation.kind.to_many else [found] if found else []
                held[name, row.pk][relation.name] = [held[relation.target, other.pk] for other in listed]
    return {name: [held[name, row.pk] for row in loaded[name]] for name in collections}


def holds(collections: Collections, collection: Collection, condition: Mapping[str, Any], row: Row) -> bool:
    """Whether a record is as the filter says, worked out in Python."""
    return all(_member(collections, collection, name, value, row) for name, value in condition.items())


def _member(collections: Collections, collection: Collection, name: str, condition: Any, row: Row) -> bool:
    if name == "$and":
        return all(holds(collections, collection, part, row) for part in condition)
    if name == "$or":
        return any(holds(collections, collection, part, row) for part in condition)
    if name == "$not":
        return not holds(collections, collection, condition, row)
    if relation := collection.relations.get(name):
        target = collections[relation.target]
        if condition is None:
            return not row[name]
        if "$exists" in condition or "$notExists" in condition:
            return bool(row[name]) is (condition.get("$exists", not condition.get("$notExists")))
        if condition.get("id", ...) in KEYLESS:
            return not row[name] and condition.keys() == {"id"}
        return any(holds(collections, target, condition, other) for other in row[name])
    if not isinstance(condition, Mapping):
        condition = {"$in" if isinstance(condition, list) else "$eq": condition}
    return all(_compare(row[name], operator, value) for operator, value in condition.items())


KEYLESS = [None, {"$eq": None}, {"$exists": False}, {"$notEmpty": False}, {"$notExists": True}, {"$empty": True}]
"""Of the key of a related record: there is none."""

POSITIVES = {"$ne": "$eq", "$isFalsy": "$isTruly", "$empty": "$notEmpty"}


def _compare(held: Any, operator: str, value: Any) -> bool:
    if operator in POSITIVES:
        return not _compare(held, POSITIVES[operator], value)
    if operator.startswith(("$not", "$dateNot")) and operator != "$notEmpty":
        name = operator.replace("$not", "$").replace("$dateNot", "$date")
        return not _compare(held, name if "date" in name else "$" + name[1].lower() + name[2:], value)
    if operator in ("$exists", "$notEmpty"):
        return value is (held is not None and (operator == "$exists" or held != ""))
    if value is None or held is None:
        return operator == "$eq" and held is value
    if operator.startswith("$date"):
        return _dated(values.render(held), operator, value)
    if isinstance(held, datetime):
        held = held.replace(microsecond=held.microsecond // 1000 * 1000)
        value = [datetime.fromisoformat(v) for v in value] if isinstance(value, list) else datetime.fromisoformat(value)
    answers = {
        "$eq": lambda: held == value,
        "$in": lambda: held in value,
        "$gt": lambda: held > value,
        "$gte": lambda: held >= value,
        "$lt": lambda: held < value,
        "$lte": lambda: held <= value,
        "$between": lambda: value[0] <= held <= value[1],
        "$includes": lambda: any(text.upper() in held.upper() for text in _texts(value)),
        "$startsWith": lambda: any(held.upper().startswith(text.upper()) for text in _texts(value)),
        "$endWith": lambda: any(held.upper().endswith(text.upper()) for text in _texts(value)),
    }
    return answers[operator]()


def _texts(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def _dated(shown: str, operator: str, value: Any) -> bool:
    """Times as text begin with the day, month or year that they are in."""
    if operator == "$dateBetween":
        return not _dated(shown, "$dateBefore", value[0]) and not _dated(shown, "$dateAfter", value[1])
    if "Q" in value:
        shown = f"{shown[:4]}Q{(int(shown[5:7]) + 2) // 3}"
    if value.endswith("Z"):
        value = value.replace("Z", ".000Z")
    began = shown[: len(value)]
    return {"$dateOn": began == value, "$dateBefore": began < value, "$dateAfter": began > value}[operator]


@st.composite
def conditions(draw: st.DrawFn, collections: Collections, collection: Collection, moments: list[str]) -> Any:
    """Filters that pass, in every form the grammar has."""

    def condition(collection: Collection, depth: int, hops: int) -> dict[str, Any]:
        members = [name for name in COLUMNS if name in collection.fields]
        if depth < filters.MAX_DEPTH - 1:  # the test puts a `$not` around it
            members += ["$and", "$or", "$not"]
            members += [name for name in collection.relations if hops < filters.MAX_HOPS and name not in ("author",)]
        return {
            name: inside(collection, name, depth, hops)
            for name in draw(st.lists(st.sampled_from(members), max_size=2, unique=True))
        }

    def inside(collection: Collection, name: str, depth: int, hops: int) -> Any:
        if name == "$not":
            return condition(collection, depth + 1, hops)
        if name in ("$and", "$or"):
            return [condition(collection, depth + 1, hops) for _ in range(draw(st.integers(1, 2)))]
        if relation := collection.relations.get(name):
            if draw(st.integers(0, 4)) == 0:
                return draw(st.sampled_from([None, {"$exists": True}, {"$exists": False}, {"$notExists": True}]))
            return condition(collections[relation.target], depth + 1, hops + 1)
        return comparison(name)

    def comparison(name: str) -> Any:
        kind = KINDS.get(name, FieldKind.STRING)
        one: st.SearchStrategy[Any] = {
            FieldKind.STRING: st.sampled_from([text for text in TEXTS if text is not None]),
            FieldKind.INTEGER: st.integers(-4, 9),
            FieldKind.DATETIME: st.sampled_from(moments),
        }[kind]
        given = {
            Takes.VALUE: one,
            Takes.VALUES: st.lists(one, max_size=3),
            Takes.PAIR: st.lists(one, min_size=2, max_size=2),
            Takes.TEXTS: one | st.lists(one, max_size=3),
            Takes.FLAG: st.booleans(),
            Takes.PERIOD: st.sampled_from(PERIODS),
            Takes.PERIODS: st.lists(st.sampled_from(PERIODS), min_size=2, max_size=2),
        }
        fitting = [operator for operator in OPERATORS if kind in OPERATORS[operator].kinds]
        form = draw(st.sampled_from(["bare", "list", "null", "operators", "operators"]))
        if form == "bare":
            return draw(one)
        if form == "list":
            return draw(st.lists(one, max_size=3))
        if form == "null":
            return draw(st.sampled_from([None, {"$eq": None}, {"$ne": None}]))
        return {
            operator: draw(given[OPERATORS[operator].takes])
            for operator in draw(st.lists(st.sampled_from(fitting), min_size=1, max_size=2, unique=True))
        }

    return condition(collection, 0, 0)


@reading
@given(data=st.data())
async def test_a_filter_finds_what_it_says_and_its_not_finds_the_rest(sample, rows, data):
    collection = sample[data.draw(st.sampled_from(["posts", "categories", "comments", "tags"]))]
    moments = [values.render(row["createdAt"]) for row in rows["posts"]]
    condition = data.draw(conditions(sample, collection, moments))
    there = rows[collection.name]
    expected = [row["id"] for row in there if holds(sample, collection, condition, row)]

    assert expected == await find(sample, collection, condition)
    assert [row["id"] for row in there if row["id"] not in expected] == await find(
        sample, collection, {"$not": condition}
    )

"""What filters find in a database, against what they say; and what is refused before it comes to that."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.data import filters, operators, values
from engine.data.collections import Collection, Collections, FieldKind
from engine.data.filters import compile_filter
from engine.data.operators import OPERATORS, Takes
from engine.errors import Code
from schema.sample.models import Banner, Category, Comment, Post, Tag

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
        return any(holds(collections, target, condition, other) for other in row[name])
    if not isinstance(condition, Mapping):
        condition = {"$in" if isinstance(condition, list) else "$eq": condition}
    return all(_compare(row[name], operator, value) for operator, value in condition.items())


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


async def find(collections: Collections, collection: Collection, condition: Any) -> list[Any]:
    compiled, complaints = compile_filter(collections, collection, condition)

    assert [] == complaints

    found: Any = collection.model.filter(compiled).order_by(collection.key.attribute)
    return list(await found.values_list(collection.key.attribute, flat=True))


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


@pytest.mark.parametrize("name", ["sku", "price", "weight", "stock", "size", "grade", "launched", "opens", "lasts"])
async def test_a_record_is_found_by_its_own_values_and_not_by_their_negation(shop, name):
    """One column at a time, with the value as the caller was told it."""
    collection = shop["products"]
    shown = {
        "sku": "Ä'1\"",
        "price": "1234567.10",
        "weight": 0.1,
        "stock": "9223372036854775807",
        "size": "very small",
        "grade": 2,
        "launched": "2026-05-03",
        "opens": "10:00:00.250000",
        "lasts": 90061.001,
    }
    columns = {collection.fields[key].attribute: values.parse(collection.fields[key], shown[key]) for key in shown}
    await collection.model.create(**columns)

    assert ["Ä'1\""] == await find(shop, collection, {name: shown[name]})
    assert ["Ä'1\""] == await find(shop, collection, {name: {"$in": [shown[name]], "$gte": shown[name]}})
    assert [] == await find(shop, collection, {name: {"$ne": shown[name]}})
    assert [] == await find(shop, collection, {"$not": {name: [shown[name]]}})


@pytest.mark.parametrize("name", ["batch", "supplierless"])
async def test_uuid_keys_and_absent_relations_are_found(shop, name):
    collection = shop["shop_customers"]
    guest = await collection.model.create(name="guest")
    friend = await collection.model.create(name="friend", invited_by_id=guest.pk)
    wanted: dict[str, Any] = {
        "batch": {"id": str(friend.pk)},
        "supplierless": {"invitedBy": {"name": "guest"}, "address": None, "orders": None},
    }

    assert [friend.pk] == await find(shop, collection, wanted[name])


async def test_relations_reach_over_inherited_keys_and_renamed_columns(shop):
    customer = await shop["shop_customers"].model.create(name="c")
    await shop["shop_customers"].model.create(name="homeless")
    await shop["addresses"].model.create(customer_id=customer.pk, street="Elm")
    order = await shop["order"].model.create(customer_id=customer.pk)
    await shop["parcels"].model.create(number=7, order_id=order.pk)

    assert [customer.pk] == await find(shop, shop["addresses"], {"customer.name": "c", "street": "Elm"})
    assert [customer.pk] == await find(shop, shop["shop_customers"], {"address": {"street.$includes": "el"}})
    assert [7] == await find(shop, shop["parcels"], {"order.customer.address.street": "Elm"})
    assert [] == await find(shop, shop["addresses"], {"$not": {"street": {"$ne": "x"}}})


@pytest.mark.parametrize(
    ("given", "found"), [("%", ["100%"]), ("_", ["a_b"]), ("\\", ["c\\d"]), ("\\%", []), ("'", [])]
)
async def test_what_is_special_to_like_is_literal(sample, given, found):
    for name in ("100%", "a_b", "c\\d", "plain"):
        await Tag.create(name=name)
    compiled, _ = compile_filter(sample, sample["tags"], {"name": {"$includes": given}})

    assert found == await Tag.filter(compiled).values_list("name", flat=True)


async def test_a_time_stands_for_its_whole_millisecond(sample):
    """The database keeps microseconds that no caller ever sees."""
    moment = datetime(2026, 5, 3, 10, tzinfo=UTC)
    for microseconds in (0, 250_999, 251_000):
        post = await Post.create(title=str(microseconds))
        await Post.filter(id=post.pk).update(created_at=moment + timedelta(microseconds=microseconds))
    shown = "2026-05-03T10:00:00.250Z"

    async def titles(operator: str) -> Any:
        compiled, _ = compile_filter(sample, sample["posts"], {"createdAt": {operator: shown}})
        return await Post.filter(compiled).order_by("id").values_list("title", flat=True)

    assert ["250999"] == await titles("$eq")
    assert ["251000"] == await titles("$gt")
    assert ["0", "250999"] == await titles("$lte")


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59.999Z", "0001-01-01T00:00:00Z"])
@pytest.mark.parametrize("operator", ["$eq", "$gt", "$gte", "$lt", "$lte", "$ne"])
async def test_the_ends_of_time_can_be_compared_with(sample, moment, operator):
    assert [] == await find(sample, sample["posts"], {"createdAt": {operator: moment}})


def complaints(collections: Collections, name: str, given: Any) -> Iterator[tuple[Any, ...]]:
    for complaint in compile_filter(collections, collections[name], given)[1]:
        yield complaint.code, complaint.path


@pytest.mark.parametrize(
    "name",
    [
        "title) OR 1=1--",
        '"users"."id"',
        "pk",
        "title__startswith",
        "author__password_hash__startswith",
        "created_at",
        "read_count",
        "Title",
        "",
        ".title",
        "$where",
        "__class__",
        "$and.title",
    ],
)
async def test_what_is_no_field_is_unknown_whatever_it_looks_like(sample, name):
    """Names are looked up in the collection; none reaches Tortoise or the database."""
    assert [(Code.UNKNOWN_FIELD, ("filter", name))] == list(complaints(sample, "posts", {name: "x"}))


@pytest.mark.parametrize("condition", [{"$includes": "$2b$"}, None, "x", {"$nonsense": 1}, {"$gt": []}])
async def test_a_secret_column_is_told_from_an_unknown_one_by_nothing(sample, condition):
    secret = compile_filter(sample, sample["posts"], {"author": {"passwordHash": condition}})[1]
    unknown = compile_filter(sample, sample["posts"], {"author": {"passwordHush": condition}})[1]

    assert [(Code.UNKNOWN_FIELD, ("filter", "author", "passwordHash"))] == [(c.code, c.path) for c in secret]
    assert [c.message.replace("Hush", "Hash") for c in unknown] == [c.message for c in secret]


async def test_a_name_almost_right_is_suggested_unless_it_is_secret(sample):
    _, (close,) = compile_filter(sample, sample["posts"], {"titel": 1})
    _, (secret,) = compile_filter(sample, sample["users"], {"passwordHas": 1})

    assert close.message.endswith("Did you mean 'title'?")
    assert "Did you mean" not in secret.message


async def test_a_relation_to_what_may_not_be_read_is_refused_before_it_is_looked_into(sample):
    _, found = compile_filter(sample, sample["posts"], {"author": {"nonsense": 1}}, lambda name: name != "users")

    assert [(Code.NO_PERMISSION, ("filter", "author"))] == [(c.code, c.path) for c in found]


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ([], ()),
        ("title", ()),
        ({"$and": {}}, ("$and",)),
        ({"$or": []}, ("$or",)),
        ({"$or": [1]}, ("$or", 0)),
        ({"$not": None}, ("$not",)),
        ({"title": {}}, ("title",)),
        ({"title": {"eq": "x"}}, ("title", "eq")),
        ({"title": {"$nonsense": "x"}}, ("title", "$nonsense")),
        ({"title": {"$eq": ["x"]}}, ("title", "$eq")),
        ({"title": {"$in": "x"}}, ("title", "$in")),
        ({"title": [None]}, ("title", "$in")),
        ({"title": 1}, ("title", "$eq")),
        ({"title": {"$gt": None}}, ("title", "$gt")),
        ({"title.": "x"}, ("title.", "")),
        ({"title.$includes.x": "x"}, ("title.$includes.x", "$includes.x")),
        ({"title": {"$includes": "x" * (operators.MAX_TEXT + 1)}}, ("title", "$includes")),
        ({"title": {"$includes": "\x00"}}, ("title", "$includes")),
        ({"title": "\ud800"}, ("title", "$eq")),
        ({"readCount": "many"}, ("readCount", "$eq")),
        ({"readCount": 2**63}, ("readCount", "$eq")),
        ({"readCount": True}, ("readCount", "$eq")),
        ({"readCount": {"$includes": "1"}}, ("readCount", "$includes")),
        ({"createdAt": "yesterday"}, ("createdAt", "$eq")),
        ({"category": "x"}, ("category",)),
        ({"category": 1}, ("category",)),
        ({"category": []}, ("category",)),
        ({"tags": [1]}, ("tags",)),
        ({"readCount": list(range(operators.MAX_ITEMS + 1))}, ("readCount", "$in")),
        ({"$or": [{}] * (operators.MAX_ITEMS + 1)}, ("$or",)),
        ({"$or": [{"readCount": list(range(200))}] * 3}, ()),
    ],
)
async def test_a_filter_that_cannot_be_meant_is_refused_at_its_place(sample, given, path):
    assert (Code.BAD_FILTER, ("filter", *path)) in list(complaints(sample, "posts", given))


async def test_binary_and_json_columns_are_only_compared_with_null(shop):
    given = {"picture": "AAAA", "extras": {"$eq": {}}}

    assert [
        (Code.BAD_FILTER, ("filter", "picture", "$eq")),
        (Code.BAD_FILTER, ("filter", "extras", "$eq")),
    ] == list(complaints(shop, "products", given))
    assert [] == list(complaints(shop, "products", {"picture": None, "extras": {"$ne": None}}))


async def test_all_that_is_wrong_is_told_at_once(sample):
    given = {"titel": 1, "$or": [{"readCount": "x"}, {"category": {"title": {"$like": "%"}}}], "tags.nam": "a"}

    assert [
        (Code.UNKNOWN_FIELD, ("filter", "titel")),
        (Code.BAD_FILTER, ("filter", "$or", 0, "readCount", "$eq")),
        (Code.BAD_FILTER, ("filter", "$or", 1, "category", "title", "$like")),
        (Code.UNKNOWN_FIELD, ("filter", "tags.nam", "nam")),
    ] == list(complaints(sample, "posts", given))


async def test_a_filter_with_complaints_finds_nothing(sample):
    await Tag.create(name="a")
    compiled, found = compile_filter(sample, sample["tags"], {"$or": [{"name": "a"}, {"nonsense": 1}]})

    assert found
    assert 0 == await Tag.filter(compiled).count()


def nested(form: str, depth: int) -> Any:
    condition: Any = {"title": "x"}
    for _ in range(depth):
        condition = {form: condition if form == "$not" else [condition, {"title": "y"}]}
    return condition


@pytest.mark.parametrize("form", ["$not", "$and", "$or"])
async def test_a_filter_may_nest_as_deep_as_it_is_told_and_no_deeper(sample, form):
    allowed, refused = nested(form, filters.MAX_DEPTH), nested(form, filters.MAX_DEPTH + 1)

    assert [] == await find(sample, sample["posts"], allowed)
    assert [Code.BAD_FILTER] == [code for code, _ in complaints(sample, "posts", refused)][:1]


@pytest.mark.parametrize("form", ["$not", "$and"])
async def test_a_filter_of_ten_thousand_floors_is_refused_and_not_climbed(sample, form):
    assert {Code.BAD_FILTER} == {code for code, _ in complaints(sample, "posts", nested(form, 10_000))}


@pytest.mark.parametrize("way", [("tags", "posts"), ("comments", "post"), ("category", "post")])
async def test_relations_may_be_followed_as_far_as_it_is_told_and_no_further(sample, way):
    def path(hops: int) -> str:
        names = [way[number % 2] for number in range(hops)]
        return ".".join([*names, "id"])

    assert [] == await find(sample, sample["posts"], {path(filters.MAX_HOPS): 1})
    assert [Code.BAD_FILTER] == [code for code, _ in complaints(sample, "posts", {path(filters.MAX_HOPS + 1): 1})]


async def test_the_largest_filter_that_passes_is_one_the_database_takes(sample):
    flat = {"$or": [{"title": {"$ne": str(number)}} for number in range(operators.MAX_ITEMS)]}
    listed = {"createdAt": {"$notIn": ["2026-05-03T10:00:00Z"] * operators.MAX_ITEMS}}
    rest = [{"readCount": number} for number in range(filters.MAX_VALUES - 2 * operators.MAX_ITEMS)]

    assert [] == await find(sample, sample["posts"], {"$or": [flat, {"$not": listed}, *rest]})


HOSTILE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("x" * 5000),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["title", "readCount", "createdAt", "category", "tags", "$and", "$or", "$not", *OPERATORS])
            | st.text(max_size=4),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@reading
@given(hostile=HOSTILE)
async def test_whatever_comes_is_compiled_or_complained_about(sample, hostile):
    """And what is compiled can be run."""
    compiled, found = compile_filter(sample, sample["posts"], hostile)

    assert {complaint.code for complaint in found} <= {Code.BAD_FILTER, Code.UNKNOWN_FIELD}
    assert 0 == await Post.filter(compiled).count()

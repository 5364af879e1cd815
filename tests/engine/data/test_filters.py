"""What is special in filters, and what is refused before it comes to the database."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.data import filters, operators, values
from engine.data.collections import Collections
from engine.data.filters import compile_filter
from engine.data.operators import OPERATORS
from engine.errors import Code
from schema.sample.models import Post, Tag
from tests.engine.data.conftest import find

# The database is only read, so examples may share it.
reading = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
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

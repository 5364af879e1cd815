"""The values of a write: which become a plan, and what is wrong with the others."""

from typing import Any

import pytest

from engine.actions import CreateRecords, Rights
from engine.data import plans
from engine.data.collections import Collections
from engine.data.planner import plan_values
from engine.data.plans import Plan, parse_key
from engine.errors import Code

KEY = "b0a1b0a1-0000-0000-0000-000000000001"


def plan(collections: Collections, name: str, given: Any, creating: bool = True, rights: Rights | None = None) -> Any:
    action = CreateRecords(collection=name, values=(), rights=rights)
    planned, complaints = plan_values(collections, collections[name], given, action, creating=creating)
    return planned, [(complaint.code, complaint.path) for complaint in complaints]


def faults(*args: Any, **options: Any) -> Any:
    return plan(*args, **options)[1]


def links(planned: Plan) -> dict[str, Any]:
    return {relation.name: item for relation, item in planned.to_one}


async def test_columns_are_planned_by_attribute_and_parsed(sample):
    planned, complaints = plan(sample, "posts", {"title": "x", "readCount": "7", "content": None})

    assert [] == complaints
    assert {"title": "x", "read_count": 7, "content": None} == planned.columns


@pytest.mark.parametrize("given", [{"authorId": 5}, {"author": 5}, {"author": {"id": 5}}, {"authorId": "5"}])
async def test_a_foreign_key_column_is_a_link_as_the_relation_is(sample, given):
    planned, complaints = plan(sample, "posts", {"title": "x", **given})

    assert [] == complaints
    assert 5 == links(planned)["author"].key
    assert "author_id" not in planned.columns


@pytest.mark.parametrize("given", [{"authorId": 5}, {"author": 5}, {"author": {"id": 5}}])
async def test_a_link_to_what_may_not_be_read_is_refused_in_every_form(sample, given):
    complaints = faults(sample, "posts", {"title": "x", **given}, rights=Rights(read=frozenset({"posts"})))

    assert [(Code.NO_PERMISSION, (next(iter(given)),))] == [(code, path[:1]) for code, path in complaints]


async def test_null_takes_a_link_away_in_either_form(sample):
    by_column, _ = plan(sample, "posts", {"categoryId": None}, creating=False)
    by_relation, _ = plan(sample, "posts", {"category": None}, creating=False)

    assert {"category_id": None} == by_column.columns
    assert {"category": None} == links(by_relation)


async def test_a_key_links_an_object_stores_and_both_keeps_both(shop):
    given = {"customer": KEY, "products": ["a", {"sku": "b"}, {"sku": "c", "price": 1}]}
    planned, complaints = plan(shop, "order", given)
    ((_, items),) = planned.to_other

    assert [] == complaints
    assert ["a", "b", "c"] == [item.key for item in items]
    assert [False, False, True] == [item.new is not None for item in items]


async def test_a_nested_record_needs_no_key_of_the_record_it_is_nested_in(shop):
    """The address has its customer's key as its own, and the order must have a customer."""
    given = {"name": "x", "address": {"street": "Elm"}, "orders": [{"status": "paid"}]}

    assert [] == faults(shop, "shop_customers", given)


@pytest.mark.parametrize("name", ["customer", "customerId"])
async def test_a_nested_record_may_not_be_given_another_parent(shop, name):
    given = {"name": "x", "orders": [{name: KEY}]}

    assert [(Code.BAD_VALUE, ("orders", 0, name))] == faults(shop, "shop_customers", given)


SAMPLE = [
    ({}, [(Code.REQUIRED, ("title",))]),
    ({"title": None}, [(Code.REQUIRED, ("title",))]),
    ({"title": 1}, [(Code.BAD_VALUE, ("title",))]),
    ({"title": "x" * 256}, [(Code.BAD_VALUE, ("title",))]),
    ({"title": "\x00"}, [(Code.BAD_VALUE, ("title",))]),
    ({"title": "x", "titel": "y"}, [(Code.UNKNOWN_FIELD, ("titel",))]),
    ({"title": "x", "read_count": 1}, [(Code.UNKNOWN_FIELD, ("read_count",))]),
    ({"title": "x", "readCount": None}, [(Code.REQUIRED, ("readCount",))]),
    ({"title": "x", "readCount": 1.5}, [(Code.BAD_VALUE, ("readCount",))]),
    ({"title": "x", "readCount": 2**31}, [(Code.BAD_VALUE, ("readCount",))]),
    ({"title": "x", "id": 999}, [(Code.FIELD_NOT_WRITABLE, ("id",))]),
    ({"title": "x", "createdAt": "1999-01-01"}, [(Code.FIELD_NOT_WRITABLE, ("createdAt",))]),
    ({"title": "x", "updatedAt": None}, [(Code.FIELD_NOT_WRITABLE, ("updatedAt",))]),
    ({"title": "x", "category": [1]}, [(Code.BAD_VALUE, ("category",))]),
    ({"title": "x", "category": "one"}, [(Code.BAD_KEY, ("category",))]),
    ({"title": "x", "categoryId": "one"}, [(Code.BAD_KEY, ("categoryId",))]),
    ({"title": "x", "category": {"id": None}}, [(Code.BAD_KEY, ("category", "id"))]),
    ({"title": "x", "category": {}}, [(Code.REQUIRED, ("category", "title"))]),
    ({"title": "x", "category": {"title": 1, "x": 1}}, [
        (Code.BAD_VALUE, ("category", "title")),
        (Code.UNKNOWN_FIELD, ("category", "x")),
    ]),
    ({"title": "x", "category": 1, "categoryId": 1}, [(Code.BAD_VALUE, ("categoryId",))]),
    ({"title": "x", "categoryId": None, "category": 1}, [(Code.BAD_VALUE, ("categoryId",))]),
    ({"title": "x", "tags": 1}, [(Code.BAD_VALUE, ("tags",))]),
    ({"title": "x", "tags": None}, [(Code.BAD_VALUE, ("tags",))]),
    ({"title": "x", "tags": [None]}, [(Code.BAD_KEY, ("tags", 0))]),
    ({"title": "x", "tags": [[]]}, [(Code.BAD_KEY, ("tags", 0))]),
    ({"title": "x", "tags": [1, {}]}, [(Code.REQUIRED, ("tags", 1, "name"))]),
    ({"title": "x", "author": {"id": 2, "roles": ["admin"]}}, [
        (Code.FIELD_NOT_WRITABLE, ("author", "roles")),
    ]),
    ({"title": "x", "author": {"username": "eve"}}, [(Code.FIELD_NOT_WRITABLE, ("author", "username"))]),
    ([], [(Code.BAD_VALUE, ())]),
    ("title=x", [(Code.BAD_VALUE, ())]),
    (None, [(Code.BAD_VALUE, ())]),
]  # fmt: skip

SHOP = [
    ("products", {}, [(Code.REQUIRED, ("sku",)), (Code.REQUIRED, ("price",))]),
    ("products", {"sku": "a", "price": "1.999"}, [(Code.BAD_VALUE, ("price",))]),
    ("products", {"sku": "a", "price": 1, "size": "medium"}, [(Code.BAD_VALUE, ("size",))]),
    ("products", {"sku": "a", "price": 1, "grade": 3}, [(Code.BAD_VALUE, ("grade",))]),
    ("products", {"sku": "a", "price": 1, "extras": [2**64]}, [(Code.BAD_VALUE, ("extras",))]),
    ("parcels", {"number": 1}, [(Code.REQUIRED, ("orderId",))]),
    ("parcels", {"number": 1, "order": None}, [(Code.REQUIRED, ("order",))]),
    ("parcels", {"number": 1, "orderId": None}, [(Code.REQUIRED, ("orderId",))]),
    ("addresses", {"street": "x"}, [(Code.REQUIRED, ("customerId",))]),
    ("coupons", {"code": "x", "customer": 1}, [(Code.BAD_KEY, ("customer",))]),
]  # fmt: skip


@pytest.mark.parametrize(("given", "expected"), SAMPLE)
async def test_every_fault_is_told_once_with_its_place(sample, given, expected):
    assert expected == faults(sample, "posts", given)


@pytest.mark.parametrize(("name", "given", "expected"), SHOP)
async def test_every_fault_about_other_models_is_told_once_with_its_place(shop, name, given, expected):
    assert expected == faults(shop, name, given)


async def test_all_that_is_wrong_is_told_at_once(sample):
    given = {"id": 1, "readCount": "many", "category": {"title": None, "banner": {"url": 1}}, "tagz": []}

    assert [
        (Code.FIELD_NOT_WRITABLE, ("id",)),
        (Code.BAD_VALUE, ("readCount",)),
        (Code.REQUIRED, ("category", "title")),
        (Code.BAD_VALUE, ("category", "banner", "url")),
        (Code.UNKNOWN_FIELD, ("tagz",)),
        (Code.REQUIRED, ("title",)),
    ] == faults(sample, "posts", given)


async def test_an_unknown_field_comes_with_what_may_have_been_meant(sample):
    action = CreateRecords(collection="posts", values=())
    _, (complaint,) = plan_values(sample, sample["posts"], {"titel": "x"}, action, creating=False)

    assert complaint.message == "'titel' is not a field of 'posts'. Did you mean 'title'?"


async def test_a_secret_column_is_written_by_nobody_and_told_from_an_unknown_one_by_nothing(shop):
    action = CreateRecords(collection="products", values=())
    _, (secret,) = plan_values(shop, shop["products"], {"supplierCode": "x"}, action, creating=False)
    _, (unknown,) = plan_values(shop, shop["products"], {"supplierCore": "x"}, action, creating=False)

    assert (Code.UNKNOWN_FIELD, ("supplierCode",)) == (secret.code, secret.path)
    assert unknown.message.replace("Core", "Code") == secret.message


async def test_an_update_needs_nothing_and_requires_no_more(sample):
    assert [] == faults(sample, "posts", {"content": "x"}, creating=False)
    assert [(Code.REQUIRED, ("title",))] == faults(sample, "posts", {"title": None}, creating=False)


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("products", "sku", "b"),
        ("parcels", "number", 2),
        ("addresses", "customerId", KEY),
        ("addresses", "customer", KEY),
    ],
)
async def test_a_key_that_was_given_never_changes(shop, name, field, value):
    assert [(Code.FIELD_NOT_WRITABLE, (field,))] == faults(shop, name, {field: value}, creating=False)


async def test_what_may_not_be_created_is_not_created_by_nesting_either(sample):
    rights = Rights(read=frozenset({"categories"}))

    assert [(Code.NO_PERMISSION, ("category",))] == faults(
        sample, "posts", {"title": "x", "category": {"title": "y"}}, rights=rights
    )


def guests(depth: int) -> dict[str, Any]:
    """A customer who invited one who invited one, `depth` below the first."""
    values: dict[str, Any] = {"name": "x"}
    for _ in range(depth):
        values = {"name": "x", "invited": [values]}
    return values


async def test_records_may_nest_as_deep_as_it_is_told_and_no_deeper(shop):
    too_deep = ("invited", 0) * (plans.MAX_DEPTH + 1)

    assert [] == faults(shop, "shop_customers", guests(plans.MAX_DEPTH))
    assert [(Code.BAD_VALUE, too_deep)] == faults(shop, "shop_customers", guests(1000))


async def test_one_write_may_store_as_many_records_as_it_is_told_and_no_more(sample):
    def tagged(count: int) -> dict[str, Any]:
        return {"title": "x", "tags": [{"name": "y"}] * count}

    assert [] == faults(sample, "posts", tagged(plans.MAX_RECORDS - 1))
    assert [(Code.BAD_VALUE, ())] == faults(sample, "posts", tagged(plans.MAX_RECORDS + 5))


@pytest.mark.parametrize(("name", "text"), [("order", "7"), ("products", "a/b"), ("addresses", KEY)])
async def test_a_key_may_come_as_text(shop, name, text):
    key, complaints = parse_key(shop[name], text)

    assert [] == complaints
    assert text == str(key)


@pytest.mark.parametrize("given", ["abc", "", None, [], {}, 1.5, True, "1 OR 1=1", 2**63, "٣"])
async def test_a_key_of_the_wrong_type_is_refused(sample, given):
    assert [Code.BAD_KEY] == [complaint.code for complaint in parse_key(sample["posts"], given)[1]]


def test_no_more_is_told_than_somebody_can_read(sample):
    found = faults(sample, "posts", {f"titel{number}": 1 for number in range(5000)})

    assert plans.MAX_COMPLAINTS == len(found)


@pytest.mark.parametrize("items", [[1], [{"content": "x"}], ["x"]], ids=["links", "records", "mistakes"])
def test_a_list_is_not_looked_at_beyond_what_one_write_may_store(sample, items):
    found = faults(sample, "posts", {"title": "x", "comments": items * (plans.MAX_RECORDS + 1)})

    assert len(found) <= plans.MAX_COMPLAINTS
    assert found
